// Package lazyctx has a context whose timer is made when somebody waits for it, and not before.
package lazyctx

import (
	"context"
	"sync"
	"time"
)

// Context ends with its parent, at a deadline, and with End. The timer behind it is made when somebody asks for Done: most
// handlers never wait on it, and neither does a call that goes with others. It must not be copied.
type Context struct {
	context.Context // the parent

	Until time.Time // the deadline; zero: none but the parent's. It is not changed once the context is used

	mu     sync.Mutex
	timed  context.Context
	cancel context.CancelFunc
	ended  bool
}

// Deadline returns the earlier of the context's own deadline and its parent's.
func (c *Context) Deadline() (time.Time, bool) {
	deadline, ok := c.Context.Deadline()
	if c.Until.IsZero() || ok && deadline.Before(c.Until) {
		return deadline, ok
	}
	return c.Until, true
}

// Done makes the timer when it is first asked for.
func (c *Context) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed == nil {
		if c.Until.IsZero() {
			c.timed, c.cancel = context.WithCancel(c.Context)
		} else {
			c.timed, c.cancel = context.WithDeadline(c.Context, c.Until)
		}
		if c.ended {
			c.cancel()
		}
	}
	return c.timed.Done()
}

// Err agrees with Done, and needs no timer to know that the deadline has passed.
func (c *Context) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed != nil {
		return c.timed.Err()
	}
	if err := c.Context.Err(); err != nil {
		return err
	}
	if !c.Until.IsZero() && !time.Now().Before(c.Until) {
		return context.DeadlineExceeded
	}
	if c.ended {
		return context.Canceled
	}
	return nil
}

// ErrAt is Err at a time that is known, for whoever asks before anybody has asked for Done.
func (c *Context) ErrAt(now time.Time) error {
	if err := c.Context.Err(); err != nil {
		return err
	}
	if !c.Until.IsZero() && !now.Before(c.Until) {
		return context.DeadlineExceeded
	}
	return nil
}

// Value comes from the parent, or from the timer once there is one, which is how the context package finds it without a
// goroutine.
func (c *Context) Value(key any) any {
	c.mu.Lock()
	inner := c.timed
	c.mu.Unlock()
	if inner == nil {
		inner = c.Context
	}
	return inner.Value(key)
}

// End releases the timer and ends the context for whatever still has it.
func (c *Context) End() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.cancel != nil {
		c.cancel()
	}
}
