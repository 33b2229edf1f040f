package jacinth

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	maxAttempts = 3
	backoffBase = 50 * time.Millisecond
	backoffCap  = time.Second

	// Of all calls of a client, retries included, so that a service in trouble is not finished off by its callers.
	budgetShare = 0.2  // retries a call earns
	budgetRate  = 10.0 // retries a second that are free
	budgetMost  = 100.0
)

// verdictOfTry says whether a call that failed may be tried again.
type verdictOfTry struct {
	again bool
	after time.Duration // the service asked to wait at least that long
}

// judge decides whether a failed try may be repeated: if the call provably was not run, or if running it twice does
// no harm and there was no answer.
func judge(err error, got posted, out *outgoing) verdictOfTry {
	v := verdictOfTry{after: got.retryAfter}
	if err == nil || out.notification || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return v
	}
	if remote, ok := errors.AsType[*Error](err); ok {
		v.again = remote.Code == Unavailable && remote.notProcessed()
		return v
	}
	switch {
	case errors.Is(err, ErrNotSent):
		v.again = true
	case !out.replay():
	case errors.Is(err, ErrNoReply):
		v.again = true
	case errors.Is(err, ErrBadReply):
		switch got.status {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			v.again = true
		}
		v.again = v.again || errors.Is(err, errCutOff)
	}
	return v
}

// errCutOff marks a reply that ended before its end.
var errCutOff = errors.New("it was cut off")

// notProcessed reports whether the service says that it ran nothing of the call.
func (e *Error) notProcessed() bool {
	var data detail
	return e.DecodeData(&data) == nil && data.Processed != nil && !*data.Processed
}

// retrying calls try until it does well, may not be repeated, or the attempts, the budget or the time are used up.
func (c *Client) retrying(ctx context.Context, try func() (verdictOfTry, error)) error {
	c.budget.earn()
	for attempt := 1; ; attempt++ {
		verdict, err := try()
		if err == nil || !verdict.again || c.NoRetry || attempt == maxAttempts || ctx.Err() != nil {
			return err
		}
		pause := max(backoff(attempt), verdict.after)
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= pause {
			return err
		}
		if !c.budget.spend() {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// backoff is how long to wait after a failed attempt: anything up to a bound that doubles, so that callers who failed
// together do not come back together.
func backoff(attempt int) time.Duration {
	return rand.N(min(backoffBase<<(attempt-1), backoffCap))
}

// budget bounds the retries of a client by a share of its calls and a rate. The zero value is ready, with ten.
type budget struct {
	mu     sync.Mutex
	tokens float64
	last   time.Time
}

func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill()
	b.tokens = min(b.tokens+budgetShare, budgetMost)
}

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill()
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
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
