package jacinth

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestGate shuts a gate that many go through, more than once, and counts for itself who is inside.
func TestGate(t *testing.T) {
	for range 200 {
		var g gate
		var inside atomic.Int64
		var visitors sync.WaitGroup
		for range 8 {
			visitors.Go(func() {
				for g.enter() {
					inside.Add(1)
					inside.Add(-1)
					g.leave()
				}
			})
		}
		if g.isShut() {
			t.Fatal("the gate is shut from the start")
		}
		visitors.Go(g.shut)
		g.shut()
		patient, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := g.wait(patient); err != nil || inside.Load() != 0 || !g.isShut() {
			t.Fatalf("wait = %v with %d inside, isShut = %v", err, inside.Load(), g.isShut())
		}
		for range 3 { // those who are turned away are not waited for again
			if g.enter() {
				t.Fatal("somebody got into a gate that is shut and empty")
			}
		}
		visitors.Wait()
	}
}

func TestGate_waitsForTheLast(t *testing.T) {
	var g gate
	for range 2 {
		if !g.enter() {
			t.Fatal("the gate lets nobody in")
		}
	}
	g.shut()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		if g.enter() {
			t.Error("somebody got into a gate that is shut")
		}
		if err := g.wait(over); !errors.Is(err, context.Canceled) {
			t.Errorf("wait = %v while somebody is inside, want that its context ended", err)
		}
		g.leave()
	}
	if err := g.wait(t.Context()); err != nil {
		t.Errorf("wait = %v, want nil", err)
	}
}
