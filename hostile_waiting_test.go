package jacinth_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/jacinth-rpc/jacinth"
)

// TestHostile_waitingTakesNoRoomOfWork holds that calls that wait, however many, keep no call from being run that works,
// and the other way round.
func TestHostile_waitingTakesNoRoomOfWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaiting(jacinth.Limits{InFlight: 1, Waiting: 3}, jacinth.Waits())
		w.start(t, 3)
		if got := callHTTP(w.Service, sumCall); got.status != http.StatusOK {
			t.Errorf("a call that works, beside three that wait, has status %d, want 200", got.status)
		}
		checkShed(t, "a fourth call that waits", callHTTP(w.Service, call("wait")))
		w.finish()
		for range 5 {
			if got := callHTTP(w.Service, call("wait")); got.status != http.StatusOK {
				t.Errorf("a call that waits, when the others have ended, has status %d, want 200", got.status)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWaiting(jacinth.Limits{InFlight: 1, Waiting: 1})
		jacinth.Public(w.Service, "news", sum, jacinth.Waits())
		w.start(t, 1)
		checkShed(t, "a second call that works", callHTTP(w.Service, sumCall))
		if got := callHTTP(w.Service, strings.Replace(sumCall, `"sum"`, `"news"`, 1)); got.status != http.StatusOK {
			t.Errorf("a call that waits, beside one that works, has status %d, want 200", got.status)
		}
		w.finish()
	})
}

func TestWaits_limits(t *testing.T) {
	for _, test := range []struct{ set, limit int }{{0, 1024}, {2, 2}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWaiting(jacinth.Limits{Waiting: test.set, InFlight: 1}, jacinth.Waits())
			w.start(t, test.limit)
			checkShed(t, fmt.Sprintf("call %d that waits", test.limit+1), callHTTP(w.Service, call("wait")))
			w.finish()
		})
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWaiting(jacinth.Limits{Waiting: jacinth.Unlimited, InFlight: 1}, jacinth.Waits())
		w.start(t, 1500)
		w.finish()
	})
	synctest.Test(t, func(t *testing.T) { // the method's own bound holds beside the others
		w := newWaiting(jacinth.Limits{}, jacinth.Waits(), jacinth.MaxInFlight(2))
		w.start(t, 2)
		checkShed(t, "a third call of a method that bounds itself", callHTTP(w.Service, call("wait")))
		w.finish()
	})
}

// TestHostile_waitingHoldsLittleOfTheBodies holds that calls that wait cannot hold the room for bodies, by bodies that are
// mostly space, for as long as they wait.
func TestHostile_waitingHoldsLittleOfTheBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := jacinth.Limits{BodyInFlight: 64 << 10, Waiting: 32} // which is 1 KiB for one
		w := newWaiting(limits, jacinth.Waits())
		padded := func(size int) string { return call("wait") + strings.Repeat(" ", size-len(call("wait"))) }
		got := callHTTP(w.Service, padded(1025))
		if r := mustReply(t, got.body); r.code() != int(jacinth.InvalidRequest) || !strings.Contains(string(got.body), `"limit":1024`) {
			t.Errorf("a call that waits with a body of 1025 bytes is answered with %s, want InvalidRequest and the limit 1024", clip(got.body))
		}
		if got := callHTTP(w.Service, "["+padded(600)+","+padded(600)+"]"); !strings.Contains(string(got.body), `"limit":1024`) {
			t.Errorf("a batch of 1200 bytes with calls that wait is answered with %s, want the limit 1024", clip(got.body))
		}
		var waiting sync.WaitGroup
		for range limits.Waiting {
			waiting.Go(func() {
				if got := callHTTP(w.Service, padded(1024)); got.status != http.StatusOK {
					t.Errorf("a call that waits within its share has status %d, want 200", got.status)
				}
			})
		}
		synctest.Wait()
		work := sumCall + strings.Repeat(" ", 30<<10)
		if got := callHTTP(w.Service, work); got.status != http.StatusOK {
			t.Errorf("a body of 30 KiB, of the 64 KiB in all, has status %d beside all that wait, want 200", got.status)
		}
		w.finish()
		waiting.Wait()
	})
	for name, limits := range map[string]jacinth.Limits{
		"no limit of bodies": {BodyInFlight: jacinth.Unlimited}, "no limit of calls": {Waiting: jacinth.Unlimited},
		"a limit too tight": {BodyInFlight: 1 << 20, Waiting: 1 << 20},
	} {
		w := newWaiting(limits, jacinth.Waits())
		close(w.release)
		if got := callHTTP(w.Service, call("wait")); got.status != http.StatusOK {
			t.Errorf("%s: a small call that waits has status %d, want 200", name, got.status)
		}
	}
}
