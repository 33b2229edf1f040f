package jacinth

import (
	"context"
	"sync"
	"sync/atomic"
)

// slots counts what runs at a time, up to a limit. The zero value lets nothing in.
type slots struct {
	limit int64
	used  atomic.Int64
}

// enter takes a slot, or none and false when all are taken.
func (s *slots) enter() bool { return s.take(1) }

func (s *slots) leave() { s.used.Add(-1) }

// take takes n slots at once, or none and false.
func (s *slots) take(n int64) bool {
	if s.used.Add(n) > s.limit {
		s.used.Add(-n)
		return false
	}
	return true
}

func (s *slots) give(n int64) { s.used.Add(-n) }

// gate counts the bodies being worked on and can be shut: nobody gets in after that, and one can wait until the last
// has left.
type gate struct {
	mu     sync.Mutex
	inside int
	empty  chan struct{} // not nil once the gate is shut; closed when nobody is inside any more
}

// enter counts one more, and reports false, counting nobody, if the gate is shut.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.empty != nil {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside--; g.inside == 0 && g.empty != nil {
		close(g.empty)
	}
}

// isShut reports whether enter would refuse.
func (g *gate) isShut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.empty != nil
}

// shut refuses everybody from now on.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.empty != nil {
		return
	}
	g.empty = make(chan struct{})
	if g.inside == 0 {
		close(g.empty)
	}
}

// wait returns when the gate is shut and nobody is inside, or when ctx ends, which it reports as its error.
func (g *gate) wait(ctx context.Context) error {
	select {
	case <-g.empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
