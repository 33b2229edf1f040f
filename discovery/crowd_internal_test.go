package discovery

import (
	"testing"
	"time"
)

// TestCrowd_asksSeldomTogether lets many who may not wait ask as often as they are told to.
func TestCrowd_asksSeldomTogether(t *testing.T) {
	for _, test := range []struct {
		many  int
		pause time.Duration // in the end
	}{{1, crowdedAsk}, {500, crowdedAsk}, {2000, 4 * time.Second}, {5000, 10 * time.Second}, {30_000, crowdedMost}} {
		var c crowd
		now := time.Now()
		due := make([]time.Time, test.many)
		asked, last := 0, time.Duration(0)
		for range 10 * 60 * 2 { // ten minutes, twice a second
			now = now.Add(500 * time.Millisecond)
			for i := range due {
				if !now.Before(due[i]) {
					asked++
					last = c.turn(now)
					due[i] = now.Add(last)
				}
			}
		}
		if last < test.pause*9/10 || last > test.pause*11/10 {
			t.Errorf("of %d, each is told to wait %v, want about %v", test.many, last, test.pause)
		}
		if least := float64(test.many) / crowdedMost.Seconds(); float64(asked)/600 > max(600, least*1.1) {
			t.Errorf("%d ask %d times a second", test.many, asked/600)
		}
	}
}
