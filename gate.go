package jacinth

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
)

// slots counts what runs at a time, up to a limit. The zero value lets nothing in.
type slots struct {
	limit int64 // math.MaxInt64 for none: then nothing is counted, since counting in one place slows all processors
	used  atomic.Int64
}

// enter takes a slot, or none and false when all are taken.
func (s *slots) enter() bool { return s.take(1) }

func (s *slots) leave() { s.give(1) }

// take takes n slots at once, or none and false.
func (s *slots) take(n int64) bool {
	if s.limit == math.MaxInt64 {
		return true
	}
	if s.used.Add(n) > s.limit {
		s.used.Add(-n)
		return false
	}
	return true
}

// give returns what take has taken.
func (s *slots) give(n int64) {
	if s.limit != math.MaxInt64 {
		s.used.Add(-n)
	}
}

// gate counts the bodies being worked on and can be shut: nobody gets in after that, and one can wait until the last
// has left.
type gate struct {
	inside   atomic.Int64 // far below 0 once the gate is shut
	shutting sync.Once
	emptied  sync.Once
	empty    chan struct{} // made when the gate is shut; closed when nobody is inside any more
}

// shutGate is added to gate.inside to keep everybody out.
const shutGate = math.MinInt64 / 2

// enter counts one more, and reports false, counting nobody, if the gate is shut.
func (g *gate) enter() bool {
	if g.inside.Add(1) > 0 {
		return true
	}
	g.leave()
	return false
}

func (g *gate) leave() {
	if g.inside.Add(-1) == shutGate {
		g.emptied.Do(func() { close(g.empty) }) // once, though one who is turned away passes here too
	}
}

// isShut reports whether enter would refuse.
func (g *gate) isShut() bool { return g.inside.Load() < 0 }

// shut refuses everybody from now on.
func (g *gate) shut() {
	g.shutting.Do(func() {
		g.empty = make(chan struct{})
		g.inside.Add(shutGate + 1) // inside itself, as leave looks whether it was the last
		g.leave()
	})
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
