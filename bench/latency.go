package main

import (
	"math/bits"
	"time"
)

// latencies counts calls by how long they took, in classes that are 6 % wide: 16 of them for each power of two of
// nanoseconds. The zero value is empty. It is for one goroutine.
type latencies struct {
	Counts [40 * 16]uint32
	Calls  int
}

func (l *latencies) add(d time.Duration, calls int) {
	l.Counts[class(d)] += uint32(calls) //nolint:gosec // a handful
	l.Calls += calls
}

func (l *latencies) merge(other *latencies) {
	for i, n := range other.Counts {
		l.Counts[i] += n
	}
	l.Calls += other.Calls
}

func class(d time.Duration) int {
	n := uint64(max(d, 16))
	power := bits.Len64(n) - 5
	return min(power*16+int(n>>power)-16, 40*16-1) //nolint:gosec // n>>power is from 16 to 31
}

// quantile returns the time that a share of the calls did not pass, to the middle of a class.
func (l *latencies) quantile(share float64) time.Duration {
	left := int(share * float64(l.Calls))
	for i, n := range l.Counts {
		if left -= int(n); left < 0 {
			return time.Duration((float64(i%16) + 16.5) * float64(uint64(1)<<(i/16)))
		}
	}
	return 0
}
