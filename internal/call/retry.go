package call

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/pause"
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

// attemptError is why one attempt of a call failed. It is not changed once it is made: the calls of a batch share one.
type attemptError struct {
	err    error
	remote bool // err is what the service answered with, which the next two are of
	code   int
	data   json.RawMessage
	repeat repeat
	after  time.Duration // the service wants to be left alone for that long
	from   *peer         // the instance that it came from; nil without a registry, or if it came from none

	// unread says that the service refused to read the whole request, as JSON-RPC has it for a body that is no JSON
	// or no request: nothing in it was run, and what is wrong may be another call that went with this one.
	unread bool
}

// repeat says which calls may be sent again after a failure.
type repeat uint8

const (
	never      repeat = iota // answered, or bound to fail again
	ifHarmless               // it may have run
	always                   // it was not run
)

// mayRepeat reports whether the call may be sent again. A notification never is: nobody would learn that it was
// there twice.
func (f *attemptError) mayRepeat(out *Outgoing) bool {
	return !out.Notification && (f.repeat == always || f.repeat == ifHarmless && out.Harmless)
}

// interrupted is the failure of a call whose context ended before it could be sent again.
func (f *attemptError) interrupted(why error) *attemptError {
	return &attemptError{err: fmt.Errorf("%w; then %w before it could be sent again", f.err, why), remote: f.remote}
}

// isTransient reports whether a status says that it may be another one in a moment.
func isTransient(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// again waits until calls that failed so may be sent again, and returns how many of them may be: none when the attempts,
// the time or the budget are used up. When the context ends meanwhile, the failure that it returns says so.
func (e *Engine) again(ctx context.Context, attempt, calls int, failed *attemptError) (granted int, last *attemptError) {
	if e.config.NoRetry || attempt >= maxAttempts || ctx.Err() != nil {
		return 0, failed
	}
	// On top of what the service asks for: callers who were all told the same must not all come back at once.
	wait := pause.Backoff(attempt, backoffBase, backoffCap)
	if failed.from == nil || !e.balancer.hasOther(failed.from) {
		wait += failed.after // which another instance knows nothing of
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return 0, failed
	}
	if granted = e.budget.spend(calls); granted == 0 {
		return 0, failed
	}
	select {
	case <-time.After(wait):
		return granted, failed
	case <-ctx.Done():
		return 0, failed.interrupted(why(ctx))
	}
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
