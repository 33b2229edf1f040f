package jacinth

import (
	"context"
	"sync"
	"time"
)

// bounded is a context with a deadline. The timer behind it is made when somebody asks for Done and not before, which
// for a call that goes with others nobody does.
type bounded struct {
	context.Context

	deadline time.Time // not later than the parent's

	mu     sync.Mutex
	timed  context.Context
	cancel context.CancelFunc
	ended  bool
}

// Deadline returns the deadline.
func (b *bounded) Deadline() (time.Time, bool) { return b.deadline, true }

// Done makes the timer when it is first asked for.
func (b *bounded) Done() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timed == nil {
		b.timed, b.cancel = context.WithDeadline(b.Context, b.deadline)
		if b.ended {
			b.cancel()
		}
	}
	return b.timed.Done()
}

// Err agrees with Done, and needs no timer to know that the deadline has passed.
func (b *bounded) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timed != nil {
		return b.timed.Err()
	}
	if err := b.Context.Err(); err != nil {
		return err
	}
	if !time.Now().Before(b.deadline) {
		return context.DeadlineExceeded
	}
	if b.ended {
		return context.Canceled
	}
	return nil
}

// Value comes from the parent, or from the timer once there is one, which is how the context package finds it without a
// goroutine.
func (b *bounded) Value(key any) any {
	b.mu.Lock()
	inner := b.timed
	b.mu.Unlock()
	if inner == nil {
		inner = b.Context
	}
	return inner.Value(key)
}

// end releases the timer.
func (b *bounded) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	if b.cancel != nil {
		b.cancel()
	}
}
