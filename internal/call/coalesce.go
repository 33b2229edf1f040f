package call

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/lazyctx"
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
	Item
	token string
	done  chan struct{} // gets a value when Item has its answer
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

	stillWaiting int // callers that wait for their answer; under coalescer.mu
}

// call sends one call, alone when there is room and with others when not.
func (q *coalescer) call(ctx context.Context, e *Engine, out *Outgoing, token string) (json.RawMessage, *attemptError) {
	q.mu.Lock()
	if q.inFlight < e.config.Coalesce {
		q.inFlight++
		q.mu.Unlock()
		size := 0
		defer func() { q.handOn(e, size) }()
		raw, failed := e.single(ctx, out, token)
		size = len(raw)
		return raw, failed
	}
	w := q.newWaiter()
	w.Outgoing, w.ctx, w.token = out, ctx, token
	q.queue.push(w)
	q.mu.Unlock()
	if !w.wait() && !q.leave(w) {
		return nil, w.abandoned()
	}
	raw, failed := w.raw, w.failed
	*w = waiter{done: w.done, timer: w.timer}
	q.waiters.Put(w)
	return raw, failed
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
	if b, ok := w.ctx.(*lazyctx.Context); ok { // the timer at hand does for one that would have to be made
		ended, expired = b.Context.Done(), w.timer.C
		w.timer.Reset(time.Until(b.Until))
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
	} else if w.group.stillWaiting--; w.group.stillWaiting == 0 {
		w.group.cancel()
	}
	return false
}

// abandoned is the failure of a caller that has left, and says how far its call had come.
func (w *waiter) abandoned() *attemptError {
	if w.group == nil {
		return &attemptError{err: fmt.Errorf("%w: %w", ErrNotSent, why(w.ctx))}
	}
	return &attemptError{err: fmt.Errorf("%w: %w", ErrNoReply, why(w.ctx))}
}

// handOn gives the place of a request that is over, and brought a result of that size, to the calls that wait.
func (q *coalescer) handOn(e *Engine, size int) {
	q.mu.Lock()
	q.weigh(size)
	g := q.next(e)
	q.mu.Unlock()
	if g != nil {
		go q.run(e, g)
	}
}

// run sends groups of calls until nobody waits.
func (q *coalescer) run(e *Engine, g *group) {
	for g != nil {
		q.send(g.ctx, e, g.calls)
		g.cancel()
		runtime.Gosched() // those who have just been answered may call again, and then go with the next group
		q.mu.Lock()
		g = q.next(e)
		q.mu.Unlock()
	}
}

// next takes the calls that go with the next request, or frees the place of the last one and returns nil.
func (q *coalescer) next(e *Engine) *group {
	most := q.most(e)
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
	g := &group{calls: calls, stillWaiting: len(calls)}
	g.ctx, g.cancel = e.together(calls)
	for _, w := range calls {
		w.group = g
	}
	return g
}

// most is how many calls may go together: as many as the service takes, and as will have room for their results in
// one reply with some to spare.
func (q *coalescer) most(e *Engine) int {
	return max(min(e.mostCalls(), coalescedMost, e.replyRoom()/2/max(q.size, 1)), 1)
}

// replyRoom is how many bytes a reply may have, as far as is known.
func (e *Engine) replyRoom() int {
	room := min(e.maxResponse(), 8<<20)
	if known := e.limits.reply.Load(); known > 0 {
		room = min(room, known)
	}
	return int(room)
}

// weigh notes the size of a result. Large ones are forgotten after a while, since they may have been exceptions.
func (q *coalescer) weigh(size int) { q.size = max(size, q.size-q.size/8) }

// send sends calls in one request and wakes their callers.
func (q *coalescer) send(ctx context.Context, e *Engine, calls []*waiter) {
	if len(calls) == 1 {
		w := calls[0]
		w.raw, w.failed = e.single(ctx, w.Outgoing, w.token)
		q.settle(calls, len(w.raw))
		return
	}
	items := make([]*Item, len(calls))
	for i, w := range calls {
		items[i] = &w.Item
	}
	e.sendAll(ctx, items, calls[0].token)
	var unread, tooLarge []*waiter
	largest := 0
	settled := calls[:0]
	for _, w := range calls {
		switch {
		case w.failed == nil:
			largest = max(largest, len(w.raw))
		case w.failed.unread:
			unread = append(unread, w)
			continue
		case w.failed.code == responseTooLarge:
			largest = max(largest, e.replyRoom()/len(calls))
			if w.Harmless && !e.config.NoRetry {
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
		q.sendStaying(ctx, e, unread[:middle])
		q.sendStaying(ctx, e, unread[middle:])
	}
	for i := range tooLarge {
		q.sendStaying(ctx, e, tooLarge[i:i+1])
	}
}

// sendStaying sends those of calls whose callers have not left in the meantime.
func (q *coalescer) sendStaying(ctx context.Context, e *Engine, calls []*waiter) {
	calls = slices.DeleteFunc(calls, func(w *waiter) bool { return w.ctx.Err() != nil }) // who leave by themselves
	if len(calls) > 0 {
		q.send(ctx, e, calls)
	}
}

// settle wakes callers: their answers are there, the largest of that size.
func (q *coalescer) settle(calls []*waiter, largest int) {
	q.mu.Lock()
	q.weigh(largest)
	for _, w := range calls {
		if w.settled = !w.left; w.settled {
			w.group.stillWaiting--
		}
	}
	q.mu.Unlock()
	for _, w := range calls {
		if w.settled {
			w.done <- struct{}{}
		}
	}
}

// together returns the context of a request with several calls. It ends with the last of their deadlines, and has none of
// their values, lest a transport does for all what one of them is for; but if all calls are made for the same incoming
// request, that one is in it.
func (e *Engine) together(calls []*waiter) (context.Context, context.CancelFunc) {
	scope := e.config.Scope(calls[0].ctx)
	var last time.Time
	bounded := true
	for _, w := range calls {
		if scope != nil && e.config.Scope(w.ctx) != scope {
			scope = nil
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
	case scope != nil:
		ctx = e.config.WithScope(ctx, scope)
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
