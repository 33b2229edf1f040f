package jacinth

import (
	"context"
	"sync"
	"time"
)

// bounded is a context that ends with its parent, at a deadline, and when it is over. The timer behind it is made when
// somebody asks for Done and not before: most handlers never wait on it, and no call does that goes with others.
type bounded struct {
	context.Context // the parent

	deadline time.Time // zero: none but the parent's

	mu     sync.Mutex
	timed  context.Context
	cancel context.CancelFunc
	ended  bool
}

// Deadline returns the earlier of the context's own deadline and its parent's.
func (b *bounded) Deadline() (time.Time, bool) {
	deadline, ok := b.Context.Deadline()
	if b.deadline.IsZero() || ok && deadline.Before(b.deadline) {
		return deadline, ok
	}
	return b.deadline, true
}

// Done makes the timer when it is first asked for.
func (b *bounded) Done() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timed == nil {
		if b.deadline.IsZero() {
			b.timed, b.cancel = context.WithCancel(b.Context)
		} else {
			b.timed, b.cancel = context.WithDeadline(b.Context, b.deadline)
		}
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
	if !b.deadline.IsZero() && !time.Now().Before(b.deadline) {
		return context.DeadlineExceeded
	}
	if b.ended {
		return context.Canceled
	}
	return nil
}

// over is Err at a time that is known, while nobody has asked for Done.
func (b *bounded) over(now time.Time) error {
	if err := b.Context.Err(); err != nil {
		return err
	}
	if !b.deadline.IsZero() && !now.Before(b.deadline) {
		return context.DeadlineExceeded
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

// end releases the timer and ends the context for whatever still has it.
func (b *bounded) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	if b.cancel != nil {
		b.cancel()
	}
}
