package gate

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
		var g Gate
		var inside atomic.Int64
		var visitors sync.WaitGroup
		for range 8 {
			visitors.Go(func() {
				for g.Enter() {
					inside.Add(1)
					inside.Add(-1)
					g.Leave()
				}
			})
		}
		if g.IsShut() {
			t.Fatal("the gate is shut from the start")
		}
		visitors.Go(g.Shut)
		g.Shut()
		patient, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := g.Wait(patient); err != nil || inside.Load() != 0 || !g.IsShut() {
			t.Fatalf("wait = %v with %d inside, isShut = %v", err, inside.Load(), g.IsShut())
		}
		for range 3 { // those who are turned away are not waited for again
			if g.Enter() {
				t.Fatal("somebody got into a gate that is shut and empty")
			}
		}
		visitors.Wait()
	}
}

func TestGate_waitsForTheLast(t *testing.T) {
	var g Gate
	for range 2 {
		if !g.Enter() {
			t.Fatal("the gate lets nobody in")
		}
	}
	g.Shut()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		if g.Enter() {
			t.Error("somebody got into a gate that is shut")
		}
		if err := g.Wait(over); !errors.Is(err, context.Canceled) {
			t.Errorf("wait = %v while somebody is inside, want that its context ended", err)
		}
		g.Leave()
	}
	if err := g.Wait(t.Context()); err != nil {
		t.Errorf("wait = %v, want nil", err)
	}
}
