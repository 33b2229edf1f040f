package jacinth

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	maxAttempts = 3
	backoffBase = 50 * time.Millisecond
	backoffCap  = time.Second

	// What the calls of a client may add to themselves by retries, so that a service in trouble is not finished off
	// by its callers. What is not used in ten seconds is lost.
	budgetShare = 0.2  // retries that a call earns
	budgetRate  = 10.0 // retries a second that are free
	budgetMost  = 10 * budgetRate
)

// setback is why a try of a call came to nothing. It is not changed once it is made: the calls of a batch share one.
type setback struct {
	err    error
	repeat repeat
	after  time.Duration // the service wants to be left alone for that long
	from   *peer         // the instance that it came from; nil without a registry, or if it came from none

	// unread says that the service refused to read the whole request, as JSON-RPC has it for a body that is no JSON
	// or no request: nothing in it was run, and what is wrong may be another call that went with this one.
	unread bool
}

// repeat says which calls may be sent again after a setback.
type repeat uint8

const (
	never      repeat = iota // answered, or bound to fail again
	ifHarmless               // it may have run
	always                   // it was not run
)

// mayRepeat reports whether the call may be sent again. A notification never is: nobody would learn that it was
// there twice.
func (s *setback) mayRepeat(out *outgoing) bool {
	return !out.notification && (s.repeat == always || s.repeat == ifHarmless && out.harmless)
}

// interrupted is the setback of a call whose context ended before it could be sent again.
func (s *setback) interrupted(over error) *setback {
	return &setback{err: fmt.Errorf("%w; then %w before it could be sent again", s.err, over)}
}

// isTransient reports whether a status says that it may be another one in a moment.
func isTransient(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// again waits until calls that had the setback lost may be sent again, and returns how many of them may be: none when
// the attempts, the time or the budget are used up. When the context ends meanwhile, the setback it returns says so.
func (c *Client) again(ctx context.Context, attempt, calls int, lost *setback) (granted int, why *setback) {
	if c.NoRetry || attempt >= maxAttempts || ctx.Err() != nil {
		return 0, lost
	}
	// On top of what the service asks for: callers who were all told the same must not all come back at once.
	pause := backoff(attempt)
	if lost.from == nil || !c.balancer.hasOther(lost.from) {
		pause += lost.after // which another instance knows nothing of
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= pause {
		return 0, lost
	}
	if granted = c.budget.spend(calls); granted == 0 {
		return 0, lost
	}
	select {
	case <-time.After(pause):
		return granted, lost
	case <-ctx.Done():
		return 0, lost.interrupted(over(ctx))
	}
}

// backoff is how long to wait after a failed attempt: anything up to a bound that doubles, so that callers who failed
// together do not come back together.
func backoff(attempt int) time.Duration {
	return rand.N(min(backoffBase<<(attempt-1), backoffCap))
}

// spread is a time that is up to a fifth shorter or longer, for what many do without knowing of each other.
func spread(pause time.Duration) time.Duration {
	return pause - pause/5 + rand.N(2*pause/5+1)
}

// budget bounds the retries of a client by a share of its calls and a rate. The zero value is ready, with those of
// one second.
type budget struct {
	mu     sync.Mutex
	tokens float64
	last   time.Time
}

// earn takes note of calls.
func (b *budget) earn(calls int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill()
	b.tokens = min(b.tokens+budgetShare*float64(calls), budgetMost)
}

// spend takes as many retries as there are, and as are wanted.
func (b *budget) spend(wanted int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill()
	granted := min(wanted, int(b.tokens))
	b.tokens -= float64(granted)
	return granted
}

func (b *budget) refill() {
	now := time.Now()
	if b.last.IsZero() {
		b.tokens = budgetRate
	} else {
		b.tokens = min(b.tokens+budgetRate*now.Sub(b.last).Seconds(), budgetMost)
	}
	b.last = now
}
