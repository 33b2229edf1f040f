package jacinth

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// uncounted is how long a reply may become, in bytes, before it takes room. One as short as this waits for its reader
// in the buffers that net/http has for each request, whatever is in them, and no longer in ours; while it is made,
// there are no more of them than calls at a time.
const uncounted = buffered

// replies bounds the bytes that replies hold from when they are made until they have been sent.
type replies struct {
	limit int64 // math.MaxInt64 for none: then nothing is counted
	brim  int64 // beyond this, nothing new is begun
	used  atomic.Int64
	write time.Duration // Limits.Write

	pressed atomic.Int64 // when press last looked, in nanoseconds of Unix time
	mu      sync.Mutex
	sending map[*delivery]struct{} // the long ones
}

func (r *replies) bind(limits *Limits) {
	r.limit = int64(limits.ReplyInFlight)
	r.brim = r.limit - r.limit/16 // the rest is for replies whose calls run already
	r.write = limits.Write
	r.sending = map[*delivery]struct{}{}
}

// areFull reports whether new calls must wait until others have read their replies.
func (r *replies) areFull() bool {
	if r.used.Load() <= r.brim {
		return false
	}
	r.press()
	return true
}

// take takes n bytes at once, or none and false. Unlike Slots.Take, it never counts more than there is, which others would
// take for a bound that is reached.
func (r *replies) take(n int64) bool {
	for {
		used := r.used.Load()
		switch {
		case r.limit == math.MaxInt64:
			return true
		case n > r.limit-used:
			return false
		case r.used.CompareAndSwap(used, used+n):
			return true
		}
	}
}

// give returns what take has taken.
func (r *replies) give(n int64) {
	if r.limit != math.MaxInt64 {
		r.used.Add(-n)
	}
}

// press gives up the replies that are read too slowly to be kept while others find no room.
func (r *replies) press() {
	const rest = time.Second / 10 // between two looks, however many calls are refused
	now := time.Now()
	last := r.pressed.Load()
	if now.UnixNano()-last < int64(rest) || !r.pressed.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for d := range r.sending {
		if d.isSlow(now) {
			go d.cut() // elsewhere, since HTTP/2 has a goroutine of the connection do it
		}
	}
}

// room is what one reply holds of all that there is. It is for one goroutine at a time.
type room struct {
	of   *replies
	held int64
}

// Hold takes as much more as makes size bytes in all.
func (r *room) Hold(size int) bool {
	more := int64(size) - r.held
	if more <= 0 {
		return true
	}
	if !r.of.take(more) {
		r.of.press()
		return false
	}
	r.held += more
	return true
}

// give gives back all that is held.
func (r *room) give() {
	if r.held > 0 {
		r.of.give(r.held)
	}
	r.held = 0
}
