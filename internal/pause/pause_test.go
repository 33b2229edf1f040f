package pause_test

import (
	"math"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/pause"
)

func TestJitter(t *testing.T) {
	shorter, longer := 0, 0
	for range 1000 {
		got := pause.Jitter(time.Second)
		if got < 800*time.Millisecond || got > 1200*time.Millisecond {
			t.Fatalf("Jitter of 1s = %v, want within a fifth", got)
		}
		if got < time.Second {
			shorter++
		} else {
			longer++
		}
	}
	if shorter < 300 || longer < 300 {
		t.Errorf("of 1000 pauses %d are shorter and %d longer, want about half each", shorter, longer)
	}
	if got := pause.Jitter(0); got != 0 {
		t.Errorf("Jitter of nothing = %v", got)
	}
}

func TestBackoff(t *testing.T) {
	for _, test := range []struct {
		name    string
		attempt int
		bound   time.Duration
	}{
		{"the first", 1, 50 * time.Millisecond},
		{"the second", 2, 100 * time.Millisecond},
		{"the fifth", 5, 800 * time.Millisecond},
		{"the sixth, at the most", 6, time.Second},
		{"very many", math.MaxInt, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			highest := time.Duration(0)
			for range 1000 {
				got := pause.Backoff(test.attempt, 50*time.Millisecond, time.Second)
				if got < 0 || got >= test.bound {
					t.Fatalf("Backoff(%d) = %v, want less than %v", test.attempt, got, test.bound)
				}
				highest = max(highest, got)
			}
			if highest < test.bound*3/4 {
				t.Errorf("the longest of 1000 pauses is %v, want up to %v", highest, test.bound)
			}
		})
	}
}
