package tokens

import (
	"math"
	"sync/atomic"
	"time"
)

// rate is how fast a bucket fills.
type rate struct {
	interval int64 // nanoseconds for one more; 0 is no limit
	depth    int64 // nanoseconds for all that it holds
}

func newRate(perSecond float64, burst int) rate {
	if perSecond <= 0 {
		return rate{}
	}
	if burst == 0 {
		burst = int(max(1, math.Ceil(perSecond)))
	}
	interval := max(int64(float64(time.Second)/perSecond), 1)
	const most = math.MaxInt64 / 4 // the clock and the bucket together stay within an int64
	return rate{interval: interval, depth: int64(min(float64(interval)*float64(burst), most))}
}

// bucket is a token bucket. All it keeps is when it is full again, on a clock of nanoseconds, so that one atomic
// number does; the zero value is full.
type bucket struct {
	full atomic.Int64
}

// take takes one out of the bucket, or nothing and returns how long it takes until there is one.
func (b *bucket) take(now int64, r rate) (wait time.Duration) {
	if r.interval == 0 {
		return 0
	}
	for {
		full := b.full.Load()
		next := max(full, now) + r.interval
		if wait := next - now - r.depth; wait > 0 {
			return time.Duration(wait)
		}
		if b.full.CompareAndSwap(full, next) {
			return 0
		}
	}
}

// wait returns how long it takes until there is one to take.
func (b *bucket) wait(now int64, r rate) time.Duration {
	return time.Duration(max(0, max(b.full.Load(), now)+r.interval-now-r.depth))
}
