package jacinth

import (
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// coalescedMost is how many calls go together at most.
const coalescedMost = 100

// coalescer sends calls that are made at the same time together, as a database commits a group of transactions with
// one write: while Client.Coalesce requests are under way, further calls wait, and whenever one request is answered
// those that wait go as one batch. There is no timer, so a lone call pays nothing.
type coalescer struct {
	mu       sync.Mutex
	inFlight int
	queue    list.List // of *waiter
	size     int       // bytes that a result lately had at most
}

// waiter is a call that goes with others.
type waiter struct {
	item
	token string
	done  chan struct{} // closed when item has its answer

	// Under coalescer.mu.
	place *list.Element // in the queue
	group *group        // that it went with; nil while it waits
	left  bool          // its caller has
}

// group is the calls that share a request. When all their callers have left, it is given up.
type group struct {
	ctx    context.Context
	cancel context.CancelFunc
	calls  []*waiter

	staying int // callers that wait for their answer; under coalescer.mu
}

// call sends one call, alone when there is room and with others when not.
func (q *coalescer) call(ctx context.Context, c *Client, out *outgoing, token string) (json.RawMessage, *setback) {
	q.mu.Lock()
	if q.inFlight < c.Coalesce {
		q.inFlight++
		q.mu.Unlock()
		defer q.handOn(c)
		raw, lost := c.single(ctx, out, token)
		q.weigh(len(raw))
		return raw, lost
	}
	w := &waiter{item: item{outgoing: out, ctx: ctx}, token: token, done: make(chan struct{})}
	w.place = q.queue.PushBack(w)
	q.mu.Unlock()
	select {
	case <-w.done:
		return w.raw, w.lost
	case <-ctx.Done():
		return q.leave(w)
	}
}

// leave lets a caller go whose time is up, and says how far its call had come.
func (q *coalescer) leave(w *waiter) (json.RawMessage, *setback) {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-w.done: // just in time
		return w.raw, w.lost
	default:
	}
	if w.group == nil {
		q.queue.Remove(w.place)
		return nil, &setback{err: fmt.Errorf("%w: %w", ErrNotSent, over(w.ctx))}
	}
	w.left = true
	if w.group.staying--; w.group.staying == 0 {
		w.group.cancel()
	}
	return nil, &setback{err: fmt.Errorf("%w: %w", ErrNoReply, over(w.ctx))}
}

// handOn gives the place of a request that is over to the calls that wait.
func (q *coalescer) handOn(c *Client) {
	if g := q.next(c); g != nil {
		go q.run(c, g)
	}
}

// run sends groups of calls until nobody waits.
func (q *coalescer) run(c *Client, g *group) {
	for g != nil {
		q.send(g.ctx, c, g.calls)
		g.cancel()
		g = q.next(c)
	}
}

// next takes the calls that go with the next request, or frees the place of the last one and returns nil.
func (q *coalescer) next(c *Client) *group {
	q.mu.Lock()
	defer q.mu.Unlock()
	most := q.most(c)
	var calls []*waiter
	for place := q.queue.Front(); place != nil && len(calls) < most; {
		w, _ := place.Value.(*waiter)
		place = place.Next()
		switch {
		case w.ctx.Err() != nil:
			continue // its caller is about to leave
		case len(calls) > 0 && w.token != calls[0].token:
			continue // nobody's call is made in another's name
		}
		q.queue.Remove(w.place)
		calls = append(calls, w)
	}
	if len(calls) == 0 {
		q.inFlight--
		return nil
	}
	g := &group{calls: calls, staying: len(calls)}
	g.ctx, g.cancel = together(calls)
	for _, w := range calls {
		w.group = g
	}
	return g
}

// most is how many calls may go together: as many as the service takes, and as will have room for their results in
// one reply with some to spare.
func (q *coalescer) most(c *Client) int {
	return max(min(c.learnt.most(coalescedMost), c.replyRoom()/2/max(q.size, 1)), 1)
}

// replyRoom is how many bytes a reply may have, as far as is known.
func (c *Client) replyRoom() int {
	room := min(c.maxResponse(), 8<<20)
	if known := c.learnt.reply.Load(); known > 0 {
		room = min(room, known)
	}
	return int(room)
}

// weigh notes the size of a result. Large ones are forgotten after a while, since they may have been exceptions.
func (q *coalescer) weigh(size int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.size = max(size, q.size-q.size/8)
}

// send sends calls in one request and wakes their callers.
func (q *coalescer) send(ctx context.Context, c *Client, calls []*waiter) {
	calls = slices.DeleteFunc(calls, func(w *waiter) bool { return w.ctx.Err() != nil }) // who leave by themselves
	switch len(calls) {
	case 0:
		return
	case 1:
		w := calls[0]
		w.raw, w.lost = c.single(ctx, w.outgoing, w.token)
		q.weigh(len(w.raw))
		q.settle(calls)
		return
	}
	items := make([]*item, len(calls))
	for i, w := range calls {
		items[i] = &w.item
	}
	c.sendAll(ctx, items, calls[0].token)
	var settled, apart []*waiter
	largest := 0
	for _, w := range calls {
		largest = max(largest, len(w.raw))
		tooLarge := w.lost != nil && errors.Is(w.lost.err, ResponseTooLarge)
		if tooLarge {
			largest = max(largest, c.replyRoom()/len(calls))
		}
		if w.lost != nil && w.lost.unread || tooLarge && w.harmless {
			apart = append(apart, w)
		} else {
			settled = append(settled, w)
		}
	}
	q.weigh(largest)
	q.settle(settled)
	q.sendApart(ctx, c, apart)
}

// settle wakes callers: their answers are there.
func (q *coalescer) settle(calls []*waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range calls {
		if !w.left {
			w.group.staying--
			close(w.done)
		}
	}
}

// sendApart sends calls that may have failed because of each other: those that the service refused to read, and those
// whose results had no room in one reply. Half of them go at a time, until each that fails does so by itself.
func (q *coalescer) sendApart(ctx context.Context, c *Client, calls []*waiter) {
	middle := (len(calls) + 1) / 2
	q.send(ctx, c, calls[:middle])
	q.send(ctx, c, calls[middle:])
}

// together returns the context of a request with several calls. It ends with the last of their deadlines, and has
// none of their values, lest a transport does for all what one of them is for; but if all calls belong to the same
// incoming request, that one is in it.
func together(calls []*waiter) (context.Context, context.CancelFunc) {
	request := RequestFrom(calls[0].ctx)
	var last time.Time
	bounded := true
	for _, w := range calls {
		if RequestFrom(w.ctx) != request {
			request = nil
		}
		deadline, ok := w.ctx.Deadline()
		bounded = bounded && ok
		if deadline.After(last) {
			last = deadline
		}
	}
	ctx := context.Background()
	switch {
	case len(calls) == 1:
		ctx = context.WithoutCancel(calls[0].ctx)
	case request != nil:
		ctx = context.WithValue(ctx, requestKey{}, request)
	}
	if !bounded {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, last)
}
