// Package gate counts what goes on at a time: with a limit (Slots), or until nobody is let in any more (Gate).
package gate

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
)

// Slots counts what runs at a time, up to a limit. The zero value lets nothing in.
type Slots struct {
	Limit int64 // math.MaxInt64 for none: then nothing is counted, since counting in one place slows all processors
	used  atomic.Int64
}

// Enter takes a slot, or none and false when all are taken.
func (s *Slots) Enter() bool { return s.Take(1) }

// Leave gives it back.
func (s *Slots) Leave() { s.Give(1) }

// Take takes n slots at once, or none and false.
func (s *Slots) Take(n int64) bool {
	if s.Limit == math.MaxInt64 {
		return true
	}
	if s.used.Add(n) > s.Limit {
		s.used.Add(-n)
		return false
	}
	return true
}

// Give returns what Take has taken.
func (s *Slots) Give(n int64) {
	if s.Limit != math.MaxInt64 {
		s.used.Add(-n)
	}
}

// Gate counts the bodies being worked on and can be shut: nobody gets in after that, and one can wait until the last
// has left.
type Gate struct {
	inside   atomic.Int64 // far below 0 once the gate is shut
	shutting sync.Once
	emptied  sync.Once
	empty    chan struct{} // made when the gate is shut; closed when nobody is inside any more
}

// shutGate is added to Gate.inside to keep everybody out.
const shutGate = math.MinInt64 / 2

// Enter counts one more, and reports false, counting nobody, if the gate is shut.
func (g *Gate) Enter() bool {
	if g.inside.Add(1) > 0 {
		return true
	}
	g.Leave()
	return false
}

// Leave counts one less.
func (g *Gate) Leave() {
	if g.inside.Add(-1) == shutGate {
		g.emptied.Do(func() { close(g.empty) }) // once, though one who is turned away passes here too
	}
}

// IsShut reports whether Enter would refuse.
func (g *Gate) IsShut() bool { return g.inside.Load() < 0 }

// Shut refuses everybody from now on.
func (g *Gate) Shut() {
	g.shutting.Do(func() {
		g.empty = make(chan struct{})
		g.inside.Add(shutGate + 1) // inside itself, as leave looks whether it was the last
		g.Leave()
	})
}

// Wait returns when the gate is shut and nobody is inside, or when ctx ends, which it reports as its error.
func (g *Gate) Wait(ctx context.Context) error {
	select {
	case <-g.empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
