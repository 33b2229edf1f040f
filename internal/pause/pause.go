// Package pause says how long to wait, in ways that keep many who wait from coming back together.
package pause

import (
	"math/rand/v2"
	"time"
)

// Jitter returns a time that is up to a fifth shorter or longer, for what many do without knowing of each other.
func Jitter(pause time.Duration) time.Duration {
	return pause - pause/5 + rand.N(2*pause/5+1)
}

// Backoff returns how long to wait after a failed attempt, of which the first is 1: anything from 0 to a bound that begins
// with base and doubles up to most ("full jitter"), so that callers who failed together do not come back together.
func Backoff(attempt int, base, most time.Duration) time.Duration {
	for ; attempt > 1 && base < most; attempt-- {
		base *= 2
	}
	return rand.N(min(base, most))
}
