package jacinth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync/atomic"

	"github.com/jacinth-rpc/jacinth/internal/lazyctx"
)

var errLate = errors.New("a middleware went on with a call that was over")

// callContext is the context of one call, with its request in the same allocation. It ends when its parent does
// (the caller hung up, the service stops), when the deadline passes, and when the call is over.
type callContext struct {
	lazyctx.Context // bounded by what the binding gave

	request Request
	frame   frame

	users   atomic.Int32 // of frame, in their function now; far below 0 once the frame is given back
	noticed bool         // to be late; of lookout
	began   int64        // in nanoseconds of Unix, before lookout can see it
	done    bool         // the room that the params took is given back
}

// Format prints what c is and not what is in it: fmt would print the fields of the request, its token too, which it
// cannot know to be one because the field that holds them is not exported.
func (c *callContext) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, "the context of a call")
}

// Value answers [RequestFrom]; everything else is as in any context.
func (c *callContext) Value(key any) any {
	if _, ok := key.(requestKey); ok {
		return &c.request
	}
	return c.Context.Value(key)
}

// end ends the context for whatever a handler left running, and lets go of the body.
func (c *callContext) end() {
	c.Context.End()
	c.settle()
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

// settle gives back the room that the params took, once: a frame that is given back is soon that of another call. It is
// given back in any case when the call is over, or a function that somebody left running would have it for ever.
func (c *callContext) settle() {
	if c.frame != nil && !c.done {
		c.done = true
		c.frame.settle()
	}
}

// giveBack lets the frame be used for other calls. A middleware may have given up on the function and left it to a
// goroutine of its own, as one that sets a time does: that one is refused if it has not begun, since it would read the
// params of another call, and keeps the frame to itself if it has.
func (c *callContext) giveBack() {
	c.settle()
	if c.users.CompareAndSwap(0, closed) {
		c.frame.release()
	}
}
