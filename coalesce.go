package jacinth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
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
	waiters sync.Pool // of *waiter, those of this client: a channel must not pass from one synctest bubble to another

	mu       sync.Mutex
	inFlight int
	queue    queue
	size     int // bytes that a result lately had at most
}

// waiter is a call that goes with others. It is used again, unless its caller left it behind.
type waiter struct {
	item
	token string
	done  chan struct{} // gets a value when item has its answer
	timer *time.Timer   // stopped; it has its caller leave

	// Under coalescer.mu.
	before, behind *waiter // in the queue
	group          *group  // that it went with; nil while it waits
	settled        bool    // done has its value, or is about to
	left           bool    // its caller has
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
		size := 0
		defer func() { q.handOn(c, size) }()
		raw, lost := c.single(ctx, out, token)
		size = len(raw)
		return raw, lost
	}
	w := q.newWaiter()
	w.outgoing, w.ctx, w.token = out, ctx, token
	q.queue.push(w)
	q.mu.Unlock()
	if !w.wait() && !q.leave(w) {
		return nil, w.gone()
	}
	raw, lost := w.raw, w.lost
	*w = waiter{done: w.done, timer: w.timer}
	q.waiters.Put(w)
	return raw, lost
}

func (q *coalescer) newWaiter() *waiter {
	if w, ok := q.waiters.Get().(*waiter); ok {
		return w
	}
	w := &waiter{done: make(chan struct{}, 1), timer: time.NewTimer(time.Hour)}
	w.timer.Stop()
	return w
}

// wait reports whether the answer is there; otherwise the time of the caller is up.
func (w *waiter) wait() bool {
	var ended <-chan struct{}
	var expired <-chan time.Time
	if b, ok := w.ctx.(*bounded); ok { // the timer at hand does for one that would have to be made
		ended, expired = b.Context.Done(), w.timer.C
		w.timer.Reset(time.Until(b.deadline))
		defer w.timer.Stop()
	} else {
		ended = w.ctx.Done()
	}
	select {
	case <-w.done:
		return true
	case <-ended:
	case <-expired:
	}
	return false
}

// leave lets a caller go whose time is up, or reports that its answer came just in time.
func (q *coalescer) leave(w *waiter) (answered bool) {
	q.mu.Lock()
	if w.settled {
		q.mu.Unlock()
		<-w.done
		return true
	}
	defer q.mu.Unlock()
	w.left = true
	if w.group == nil {
		q.queue.remove(w)
	} else if w.group.staying--; w.group.staying == 0 {
		w.group.cancel()
	}
	return false
}

// gone is the setback of a caller that has left, and says how far its call had come.
func (w *waiter) gone() *setback {
	if w.group == nil {
		return &setback{err: fmt.Errorf("%w: %w", ErrNotSent, over(w.ctx))}
	}
	return &setback{err: fmt.Errorf("%w: %w", ErrNoReply, over(w.ctx))}
}

// handOn gives the place of a request that is over, and brought a result of that size, to the calls that wait.
func (q *coalescer) handOn(c *Client, size int) {
	q.mu.Lock()
	q.weigh(size)
	g := q.next(c)
	q.mu.Unlock()
	if g != nil {
		go q.run(c, g)
	}
}

// run sends groups of calls until nobody waits.
func (q *coalescer) run(c *Client, g *group) {
	for g != nil {
		q.send(g.ctx, c, g.calls)
		g.cancel()
		runtime.Gosched() // those who have just been answered may call again, and then go with the next group
		q.mu.Lock()
		g = q.next(c)
		q.mu.Unlock()
	}
}

// next takes the calls that go with the next request, or frees the place of the last one and returns nil.
func (q *coalescer) next(c *Client) *group {
	most := q.most(c)
	calls := make([]*waiter, 0, min(q.queue.size, most))
	for w := q.queue.first; w != nil && len(calls) < most; {
		current := w
		w = w.behind
		switch {
		case current.ctx.Err() != nil:
			continue // its caller is about to leave
		case len(calls) > 0 && current.token != calls[0].token:
			continue // nobody's call is made in another's name
		}
		q.queue.remove(current)
		calls = append(calls, current)
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
	return max(min(c.mostCalls(), coalescedMost, c.replyRoom()/2/max(q.size, 1)), 1)
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
func (q *coalescer) weigh(size int) { q.size = max(size, q.size-q.size/8) }

// send sends calls in one request and wakes their callers.
func (q *coalescer) send(ctx context.Context, c *Client, calls []*waiter) {
	if len(calls) == 1 {
		w := calls[0]
		w.raw, w.lost = c.single(ctx, w.outgoing, w.token)
		q.settle(calls, len(w.raw))
		return
	}
	items := make([]*item, len(calls))
	for i, w := range calls {
		items[i] = &w.item
	}
	c.sendAll(ctx, items, calls[0].token)
	var unread, tooLarge []*waiter
	largest := 0
	settled := calls[:0]
	for _, w := range calls {
		switch {
		case w.lost == nil:
			largest = max(largest, len(w.raw))
		case w.lost.unread:
			unread = append(unread, w)
			continue
		case errors.Is(w.lost.err, ResponseTooLarge):
			largest = max(largest, c.replyRoom()/len(calls))
			if w.harmless && !c.NoRetry {
				tooLarge = append(tooLarge, w)
				continue
			}
		}
		settled = append(settled, w)
	}
	q.settle(settled, largest)
	// Those that the service refused to read may have failed because of one of them: half of them go at a time, until
	// each that fails does so by itself. Those whose results had no room in one reply are run once more, by themselves.
	if middle := (len(unread) + 1) / 2; middle > 0 {
		q.sendStaying(ctx, c, unread[:middle])
		q.sendStaying(ctx, c, unread[middle:])
	}
	for i := range tooLarge {
		q.sendStaying(ctx, c, tooLarge[i:i+1])
	}
}

// sendStaying sends those of calls whose callers have not left in the meantime.
func (q *coalescer) sendStaying(ctx context.Context, c *Client, calls []*waiter) {
	calls = slices.DeleteFunc(calls, func(w *waiter) bool { return w.ctx.Err() != nil }) // who leave by themselves
	if len(calls) > 0 {
		q.send(ctx, c, calls)
	}
}

// settle wakes callers: their answers are there, the largest of that size.
func (q *coalescer) settle(calls []*waiter, largest int) {
	q.mu.Lock()
	q.weigh(largest)
	for _, w := range calls {
		if w.settled = !w.left; w.settled {
			w.group.staying--
		}
	}
	q.mu.Unlock()
	for _, w := range calls {
		if w.settled {
			w.done <- struct{}{}
		}
	}
}

// together returns the context of a request with several calls. It ends with the last of their deadlines, and has
// none of their values, lest a transport does for all what one of them is for; but if all calls belong to the same
// incoming request, that one is in it.
func together(calls []*waiter) (context.Context, context.CancelFunc) {
	request := RequestFrom(calls[0].ctx)
	var last time.Time
	bounded := true
	for _, w := range calls {
		if request != nil && RequestFrom(w.ctx) != request {
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

// queue is a list of waiters in the order of their calls.
type queue struct {
	first, last *waiter
	size        int
}

func (q *queue) push(w *waiter) {
	w.before = q.last
	if q.last == nil {
		q.first = w
	} else {
		q.last.behind = w
	}
	q.last = w
	q.size++
}

func (q *queue) remove(w *waiter) {
	if w.before == nil {
		q.first = w.behind
	} else {
		w.before.behind = w.behind
	}
	if w.behind == nil {
		q.last = w.before
	} else {
		w.behind.before = w.before
	}
	w.before, w.behind = nil, nil
	q.size--
}
