package jacinth

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// coalescedMost is how many calls go together when the service has told no limit.
const coalescedMost = 100

// coalescer sends calls that are made at the same time together, as a database commits a group of transactions with
// one write: while Client.Coalesce requests are under way, further calls wait, and whenever one request is answered
// all that wait go as one batch. There is no timer, so a lone call pays nothing.
type coalescer struct {
	mu       sync.Mutex
	inFlight int
	queue    []*waiter
}

// waiter is a call that goes with others.
type waiter struct {
	item
	ctx  context.Context
	done chan struct{} // closed when item has its answer

	// Under coalescer.mu.
	group *group // the request it went with; nil while it waits
	left  bool   // the caller waits no more
}

// group is a request with several calls. When all their callers have left, it is given up.
type group struct {
	waiting int
	cancel  context.CancelFunc
}

// call sends one call, alone when there is room and with others when not.
func (q *coalescer) call(ctx context.Context, c *Client, out *outgoing) (json.RawMessage, verdictOfTry, error) {
	q.mu.Lock()
	if q.inFlight < c.Coalesce {
		q.inFlight++
		q.mu.Unlock()
		defer func() {
			if calls := q.next(c); calls != nil {
				go q.run(c, calls)
			}
		}()
		return c.single(ctx, out)
	}
	w := &waiter{item: item{outgoing: out}, ctx: ctx, done: make(chan struct{})}
	q.queue = append(q.queue, w)
	q.mu.Unlock()
	select {
	case <-w.done:
		return w.raw, w.again, w.err
	case <-ctx.Done():
		return nil, verdictOfTry{}, q.leave(w)
	}
}

// leave lets a caller go whose time is up, and says how far its call had come.
func (q *coalescer) leave(w *waiter) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	w.left = true
	if w.group == nil {
		return fmt.Errorf("%w: %w", ErrNotSent, w.ctx.Err())
	}
	if w.group.waiting--; w.group.waiting == 0 {
		w.group.cancel()
	}
	return fmt.Errorf("%w: %w", ErrNoReply, w.ctx.Err())
}

// next takes the calls that go with the next request, or frees the place of the last one and returns nil.
func (q *coalescer) next(c *Client) []*waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	most := coalescedMost
	if limit := c.learnt.items.Load(); limit > 0 {
		most = int(limit)
	}
	var calls []*waiter
	taken := 0
	for _, w := range q.queue {
		if len(calls) == most {
			break
		}
		taken++
		if !w.left {
			calls = append(calls, w)
		}
	}
	clear(q.queue[:taken])
	q.queue = q.queue[taken:]
	if len(q.queue) == 0 {
		q.queue = nil
	}
	if len(calls) == 0 {
		q.inFlight--
	}
	return calls
}

// run sends groups of calls until nobody waits.
func (q *coalescer) run(c *Client, calls []*waiter) {
	for calls != nil {
		q.send(c, calls)
		calls = q.next(c)
	}
}

// send sends calls in one request and wakes their callers.
func (q *coalescer) send(c *Client, calls []*waiter) {
	ctx, cancel := together(calls)
	defer cancel()
	q.mu.Lock()
	g := &group{cancel: cancel}
	items := make([]*item, 0, len(calls))
	for _, w := range calls {
		w.group = g
		items = append(items, &w.item)
		if !w.left {
			g.waiting++
		}
	}
	if g.waiting == 0 {
		cancel()
	}
	q.mu.Unlock()
	if len(calls) == 1 {
		w := calls[0]
		w.raw, w.again, w.err = c.single(ctx, w.outgoing)
	} else {
		_ = c.sendAll(ctx, items) // every item has its own error
	}
	for _, w := range calls {
		close(w.done)
	}
}

// together returns the context of a request with several calls. It ends with the last of their deadlines, and belongs
// to a trace only if all of them belong to the same request.
func together(calls []*waiter) (context.Context, context.CancelFunc) {
	first := RequestFrom(calls[0].ctx)
	ctx := context.WithoutCancel(calls[0].ctx)
	var last time.Time
	bounded := true
	for _, w := range calls {
		if RequestFrom(w.ctx) != first {
			ctx = context.Background()
		}
		deadline, ok := w.ctx.Deadline()
		bounded = bounded && ok
		if deadline.After(last) {
			last = deadline
		}
	}
	if !bounded {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, last)
}
