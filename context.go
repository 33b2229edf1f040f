package jacinth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

var errLate = errors.New("a middleware went on with a call that was over")

// callContext is the context of one call, with its request in the same allocation. It ends when its parent does
// (the caller hung up, the service stops), when the deadline passes, and when the call is over.
//
// Most handlers never wait on Done, so the timer behind it is made at the first use and not before.
type callContext struct {
	context.Context // what the binding gave

	request  Request
	deadline time.Time // zero: none but the parent's

	frame frame

	mu     sync.Mutex
	timed  context.Context
	cancel context.CancelFunc
	ended  bool

	users atomic.Int32 // of frame, in their function now; far below 0 once the frame is given back
}

// Format prints what c is and not what is in it: fmt would print the fields of the request, its token too, which it
// cannot know to be one because the field that holds them is not exported.
func (c *callContext) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, "the context of a call")
}

// Deadline returns the earlier of the call's own deadline and its parent's.
func (c *callContext) Deadline() (time.Time, bool) {
	deadline, ok := c.Context.Deadline()
	if c.deadline.IsZero() || ok && deadline.Before(c.deadline) {
		return deadline, ok
	}
	return c.deadline, true
}

// Done makes the timer behind the call when it is first asked for.
func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed == nil {
		if c.deadline.IsZero() {
			c.timed, c.cancel = context.WithCancel(c.Context)
		} else {
			c.timed, c.cancel = context.WithDeadline(c.Context, c.deadline)
		}
		if c.ended {
			c.cancel()
		}
	}
	return c.timed.Done()
}

// Err agrees with Done, and needs no timer to know that the deadline has passed.
func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed != nil {
		return c.timed.Err()
	}
	if err := c.Context.Err(); err != nil {
		return err
	}
	if !c.deadline.IsZero() && !time.Now().Before(c.deadline) {
		return context.DeadlineExceeded
	}
	if c.ended {
		return context.Canceled
	}
	return nil
}

// over is Err at a time that is known, for a call that has not begun.
func (c *callContext) over(now time.Time) error {
	if err := c.Context.Err(); err != nil {
		return err
	}
	if !c.deadline.IsZero() && !now.Before(c.deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// Value answers [RequestFrom]; everything else comes from the parent, or from the timer once there is one, which is
// how the context package finds it without a goroutine.
func (c *callContext) Value(key any) any {
	if _, ok := key.(requestKey); ok {
		return &c.request
	}
	c.mu.Lock()
	inner := c.timed
	c.mu.Unlock()
	if inner == nil {
		inner = c.Context
	}
	return inner.Value(key)
}

// end releases the timer and ends the context for whatever a handler left running.
func (c *callContext) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.cancel != nil {
		c.cancel()
	}
	c.request.id, c.request.params = nil, nil
}

// closed is added to callContext.users to keep everybody out.
const closed = math.MinInt32

// call runs the function of the method in the frame of the call.
func (c *callContext) call(ctx context.Context) (any, error) {
	defer c.users.Add(-1)
	if c.users.Add(1) <= 0 {
		return nil, errLate
	}
	return c.frame.call(ctx)
}

// giveBack lets the frame be used for other calls. A middleware may have given up on the function and left it to a
// goroutine of its own, as one that sets a time does: that one is refused if it has not begun, since it would read the
// params of another call, and keeps the frame to itself if it has.
func (c *callContext) giveBack() {
	if c.users.CompareAndSwap(0, closed) {
		c.frame.release()
	}
}
