package call

import (
	"context"
	"testing"
)

// TestCoalescer_next_leavesWhoLeaves holds that a call whose caller is about to leave is not taken along: it stays in
// the queue, and its caller learns that it was not sent.
func TestCoalescer_next_leavesWhoLeaves(t *testing.T) {
	e := &Engine{config: Config{Coalesce: 1, Hooks: Hooks{Scope: func(context.Context) any { return nil }}}}
	q := &e.coalescer
	q.inFlight = 1
	abandoned, cancel := context.WithCancel(t.Context())
	cancel()
	var waiters []*waiter
	for _, ctx := range []context.Context{abandoned, t.Context(), abandoned} {
		w := q.newWaiter()
		w.Outgoing, w.ctx = &Outgoing{Name: "m"}, ctx
		q.queue.push(w)
		waiters = append(waiters, w)
	}
	g := q.next(e)
	defer g.cancel()
	if len(g.calls) != 1 || g.calls[0] != waiters[1] || q.queue.first != waiters[0] || q.queue.last != waiters[2] || q.queue.size != 2 {
		t.Errorf("%d calls were taken along and %d stay, want the second and the others", len(g.calls), q.queue.size)
	}
	for _, w := range []*waiter{waiters[0], waiters[2]} {
		if q.leave(w) || w.group != nil {
			t.Error("a caller who leaves is told that its call was sent")
		}
	}
	if q.queue != (queue{}) {
		t.Errorf("the queue is %+v when all have left", q.queue)
	}
}
