package jacinth_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// TestLookout_noticesCallsThatIgnoreTheirContext holds that a call is told of once, while it runs, and no other call is.
func TestLookout_noticesCallsThatIgnoreTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &records{}
		config := quiet("late")
		config.Logger = newLogger(log)
		svc := jacinth.New(config)
		sleep := func(_ context.Context, p struct {
			Millis int `json:"millis"`
		},
		) (jacinth.None, error) {
			time.Sleep(time.Duration(p.Millis) * time.Millisecond)
			return jacinth.None{}, nil
		}
		jacinth.Public(svc, "sleep", sleep, jacinth.Timeout(5*time.Second))
		jacinth.Public(svc, "endless", sleep, jacinth.Timeout(jacinth.Unlimited))
		var calling sync.WaitGroup
		dispatch := func(peer jacinth.Peer, body string) {
			calling.Go(func() { svc.Dispatch(context.Background(), peer, []byte(body), nil) })
		}
		for range 20 {
			dispatch(jacinth.Peer{}, `{"jsonrpc":"2.0","id":1,"method":"sleep","params":[4000]}`)
			dispatch(jacinth.Peer{}, `{"jsonrpc":"2.0","id":1,"method":"sleep","params":[5500]}`)
			dispatch(jacinth.Peer{}, `{"jsonrpc":"2.0","id":1,"method":"endless","params":[60000]}`)
		}
		time.Sleep(time.Minute)
		calling.Wait()
		const message = "a call runs on after its time: does its handler look at its context?"
		if got := log.count(message); got != 0 {
			t.Errorf("%d calls are told of, want none:\n%s", got, log.text())
		}
		log.take()

		dispatch(jacinth.Peer{}, `{"jsonrpc":"2.0","id":1,"method":"sleep","params":[30000]}`)
		dispatch(jacinth.Peer{}, `[{"jsonrpc":"2.0","id":1,"method":"sleep","params":[1]},{"jsonrpc":"2.0","id":2,"method":"sleep","params":[30000]}]`)
		dispatch(jacinth.Peer{Deadline: time.Now().Add(time.Millisecond)}, `{"jsonrpc":"2.0","id":1,"method":"sleep","params":[30000]}`)
		time.Sleep(29 * time.Second)
		if got := log.count(message); got != 3 {
			t.Errorf("%d calls are told of while they run, want 3, once each:\n%s", got, log.text())
		}
		for _, line := range log.take() {
			running, err := time.ParseDuration(line.attributes["running"])
			if err != nil || line.attributes["method"] != "sleep" || line.attributes["late"] == "" || running > 8*time.Second {
				t.Errorf("a line is %+v, want the method, and soon for how long it runs", line)
			}
		}
		calling.Wait()
		time.Sleep(time.Minute)
		log.take()

		for range 35 {
			dispatch(jacinth.Peer{}, `{"jsonrpc":"2.0","id":1,"method":"sleep","params":[15000]}`)
		}
		for _, want := range []int{10, 10, 10, 5, 0} { // at a time
			for start := time.Now(); log.count(message) == 0 && time.Since(start) < 14*time.Second && want > 0; {
				time.Sleep(100 * time.Millisecond)
				synctest.Wait() // all lines of a look
			}
			if got := log.count(message); got != want {
				t.Errorf("%d calls are told of at a time, want %d", got, want)
			}
			log.take()
		}
		calling.Wait()
	})
}

// TestLookout_looksAgain has one call at a time, with pauses: whoever comes when nobody looks is seen all the same.
func TestLookout_looksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &records{}
		config := quiet("late")
		config.Logger = newLogger(log)
		svc := jacinth.New(config)
		jacinth.Public(svc, "sleep", func(context.Context, jacinth.None) (jacinth.None, error) {
			time.Sleep(10 * time.Second)
			return jacinth.None{}, nil
		}, jacinth.Timeout(time.Second))
		for i := range 10 {
			svc.Dispatch(context.Background(), jacinth.Peer{}, []byte(call("sleep")), nil)
			if got := log.count("a call runs on after its time: does its handler look at its context?"); got != i+1 {
				t.Fatalf("after %d calls %d are told of", i+1, got)
			}
			time.Sleep(time.Duration(i) * 700 * time.Millisecond)
		}
	})
}
