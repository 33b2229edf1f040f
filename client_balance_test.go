package jacinth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// hosts of the machines of most tests.
const (
	hostA = "10.0.0.1"
	hostB = "10.0.0.2"
	hostC = "10.0.0.3"
)

func TestClient_spreadsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		machines := []*machine{net.add(hostA), net.add(hostB), net.add(hostC)}
		reg.set(machines[0].instance, machines[1].instance, machines[2].instance)
		client := net.client(reg)
		var calls sync.WaitGroup
		for range 150 {
			calls.Go(func() {
				var host string
				if err := client.Call(t.Context(), "slow", nil, &host); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		for _, m := range machines {
			// Of calls that all are under way at the same time each gets a third, and a bit for two that chose at once.
			if n := m.calls.Load(); n < 40 || n > 60 {
				t.Errorf("%s got %d of 150 calls", m.instance.ID, n)
			}
		}
	})
}

// TestClient_prefersWhoIsLessBusy gives one of three instances calls that take a second: it gets no others meanwhile,
// but for those that see it as one of two such.
func TestClient_prefersWhoIsLessBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a, b := net.add(hostA), net.add(hostB)
		reg.set(a.instance)
		client := net.client(reg)
		go func() { _ = client.Call(t.Context(), "slow", nil, nil) }()
		synctest.Wait()
		reg.set(a.instance, b.instance)
		synctest.Wait()
		if got := whoMany(t, client, 50); got[hostB] != 50 {
			t.Errorf("calls beside a busy instance went to %v, want all to the other", got)
		}
		time.Sleep(2 * time.Second)
	})
}

// TestClient_ejects holds what the client says of instances that fail.
func TestClient_ejects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a, b := net.add(hostA), net.add(hostB)
		a.state.Store(refusing)
		reg.set(a.instance, b.instance)
		client := net.client(reg)
		if got := whoMany(t, client, 60); got[hostB] != 60 || a.dials.Load() != 5 {
			t.Errorf("calls beside a dead instance went to %v, want all to the other; the dead one was tried %d times, want 5",
				got, a.dials.Load())
		}
		// It is tried after 30 seconds, 60 more, and so on, up to 300 and no more.
		tries := int32(5)
		for i := 1; i <= 12; i++ {
			pause := min(time.Duration(i)*30*time.Second, 300*time.Second)
			for left := pause - time.Second; left > 0; left -= 20 * time.Second { // so that the watch goes on
				time.Sleep(min(left, 20*time.Second))
				whoMany(t, client, 3)
			}
			if n := a.dials.Load(); n != tries {
				t.Fatalf("the dead one was tried %d times within %v of pause %d", n-tries, pause, i)
			}
			time.Sleep(1100 * time.Millisecond)
			if got := whoMany(t, client, 20); got[hostB] != 20 {
				t.Errorf("calls went to %v, want all to the other", got)
			}
			if tries++; a.dials.Load() != tries {
				t.Fatalf("the dead one was tried %d times after pause %d, want once", a.dials.Load()-tries+1, i)
			}
		}
		a.state.Store(serving)
		time.Sleep(150 * time.Second)
		whoMany(t, client, 1)
		time.Sleep(151 * time.Second)
		if got := whoMany(t, client, 100); got[hostA] < 25 || got[""] > 0 {
			t.Errorf("calls went to %v when it is back, want some to each", got)
		}
		// One that has answered for five minutes is out for 30 seconds again.
		for range 11 {
			time.Sleep(30 * time.Second)
			whoMany(t, client, 10)
		}
		a.state.Store(refusing)
		a.server.Close()
		a.pipe = newPipes()
		a.server = &http.Server{Handler: whoService(hostA)}
		go func() { _ = a.server.Serve(a.pipe) }()
		defer a.server.Close()
		whoMany(t, client, 60)
		a.state.Store(serving)
		time.Sleep(31 * time.Second)
		if got := whoMany(t, client, 50); got[hostA] < 5 {
			t.Errorf("calls went to %v 31 s after it failed again, want some to each", got)
		}
	})
}

// TestClient_probesOnce holds that one call alone finds out whether an instance is back, while others go elsewhere.
func TestClient_probesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a, b := net.add(hostA), net.add(hostB)
		a.state.Store(refusing)
		reg.set(a.instance, b.instance)
		client := net.client(reg)
		whoMany(t, client, 60)
		a.state.Store(hanging)
		time.Sleep(31 * time.Second)
		before := a.dials.Load()
		var calls sync.WaitGroup
		for range 30 {
			calls.Go(func() { _, _ = who(t, client, jacinth.ReadOnly()) })
			time.Sleep(300 * time.Millisecond)
		}
		calls.Wait()
		if n := a.dials.Load() - before; n != 1 {
			t.Errorf("%d of 30 calls within the 10 seconds of the first tried the instance, want 1", n)
		}
		// A call that its caller gives up finds out nothing, and the next one tries.
		time.Sleep(61 * time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		calls.Go(func() { _ = client.Call(ctx, "who", nil, nil) })
		synctest.Wait()
		cancel()
		calls.Wait()
		a.state.Store(serving)
		time.Sleep(time.Second)
		if got := whoMany(t, client, 50); got[hostA] < 5 {
			t.Errorf("after a try that was given up, calls went to %v, want some to each", got)
		}
	})
}

// TestClient_probesByFirstTriesOnly holds that a call that has failed is not used up for trying an instance that is out.
func TestClient_probesByFirstTriesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a := net.add(hostA)
		var ill atomic.Bool
		good := whoService(hostB)
		b := net.addHandler(hostB, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if ill.Swap(false) {
				time.Sleep(20 * time.Millisecond)
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			good.ServeHTTP(w, r)
		}))
		a.state.Store(refusing)
		var last time.Time
		net.came = func(host string) {
			if host == hostA {
				last = time.Now()
			}
		}
		reg.set(a.instance, b.instance)
		client := net.client(reg)
		whoMany(t, client, 60)
		time.Sleep(time.Until(last.Add(30*time.Second - 10*time.Millisecond)))
		ill.Store(true)
		before := a.dials.Load()
		if host, err := who(t, client, jacinth.ReadOnly()); host != hostB || a.dials.Load() > before {
			t.Errorf("who = %s, %v, with %d tries of the dead instance; want none", host, err, a.dials.Load()-before)
		}
		if whoMany(t, client, 1); a.dials.Load() != before+1 {
			t.Errorf("the next call tried the dead instance %d times, want once", a.dials.Load()-before)
		}
	})
}

// TestClient_ejectsNotTooMany goes from one of three dead instances to all of them.
func TestClient_ejectsNotTooMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a, b, c := net.add(hostA), net.add(hostB), net.add(hostC)
		reg.set(a.instance, b.instance, c.instance)
		client := net.client(reg)
		a.state.Store(refusing)
		b.state.Store(refusing)
		for range 100 {
			whoMany(t, client, 1)
			time.Sleep(100 * time.Millisecond)
		}
		// Two of three are more than half: they are tried every second instead of being out for 30.
		before := [2]int32{a.dials.Load(), b.dials.Load()}
		for range 100 {
			if host, err := who(t, client); host != hostC {
				t.Fatalf("who = %s, %v; want the live one", host, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		for i, m := range []*machine{a, b} {
			if n := m.dials.Load() - before[i]; n < 8 || n > 10 {
				t.Errorf("%s was tried %d times in 10 seconds, want about 9", m.instance.ID, n)
			}
		}
		b.state.Store(serving)
		for range 10 { // which of the two is tried first is open
			time.Sleep(300 * time.Millisecond)
			whoMany(t, client, 1)
		}
		if got := whoMany(t, client, 50); got[hostB] < 10 || got[""] > 0 {
			t.Errorf("calls went to %v, want some to the one that is back", got)
		}
		// Without any, all are tried, by every call.
		b.state.Store(refusing)
		c.state.Store(refusing)
		b.server.Close()
		c.server.Close()
		for range 30 {
			whoMany(t, client, 1)
			time.Sleep(time.Second)
		}
		before = [2]int32{a.dials.Load(), c.dials.Load()}
		for range 30 {
			whoMany(t, client, 1)
			time.Sleep(time.Second)
		}
		if n, m := a.dials.Load()-before[0], c.dials.Load()-before[1]; n < 20 || m < 20 {
			t.Errorf("of 30 calls with 3 tries %d came to one dead instance and %d to another, want each to be tried by nearly all", n, m)
		}
	})
}

func TestClient_neverEjectsTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a := net.add(hostA)
		reg.set(a.instance)
		client := net.client(reg)
		client.NoRetry = true
		a.state.Store(refusing)
		if got := whoMany(t, client, 10); a.dials.Load() != 10 {
			t.Errorf("10 calls came to the only instance %d times, %v", a.dials.Load(), got)
		}
		a.state.Store(serving)
		if host, err := who(t, client); host != hostA {
			t.Errorf("who = %s, %v; want the only instance as soon as it is back", host, err)
		}
	})
}

// TestClient_countsAsFailing says after which answers an instance is left alone.
func TestClient_countsAsFailing(t *testing.T) {
	answer := func(status int, closing bool, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if closing {
				w.Header().Set("Connection", "close")
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	const denied = `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"m","data":{"processed":false}}}`
	cut := func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		timeout time.Duration
		want    bool
	}{
		{"a connection that is cut", cut, 0, true},
		{"no answer in time", hang, 100 * time.Millisecond, true},
		{"a 502 of a proxy", answer(502, false, "<html>nobody there</html>"), 0, true},
		{"a 500 of something else", answer(500, false, ""), 0, true},
		{"a service that stops", answer(503, true, denied), 0, true},
		{"a service that is busy", answer(503, false, denied), 0, false},
		{"an error of JSON-RPC by 500", answer(500, true, denied), 0, false},
		{"a 404", answer(404, false, "not here"), 0, false},
		{"an answer that is too large", answer(200, false, strings.Repeat(" ", 2000)), 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net, reg := newNetwork(t), new(board)
				a, b := net.addHandler(hostA, test.handler), net.add(hostB)
				reg.set(a.instance, b.instance)
				client := net.client(reg)
				client.NoRetry, client.MaxResponse, client.Timeout = true, 1000, test.timeout
				whoMany(t, client, 60)
				if got := a.calls.Load(); test.want != (got == 5) {
					t.Errorf("the instance got %d of 60 calls, counts as failing: want %v", got, test.want)
				}
			})
		})
	}
}

// TestClient_doesNotBlameInstancesForCallersWhoLeave cancels calls that would have been answered.
func TestClient_doesNotBlameInstancesForCallersWhoLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		quick := jacinth.New(quiet("billing"))
		jacinth.Public(quick, "slow", func(context.Context, jacinth.None) (string, error) { return "not at all", nil })
		a, b := net.add(hostA), net.addHandler(hostB, quick)
		reg.set(a.instance, b.instance)
		client := net.client(reg)
		for range 60 {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*time.Millisecond, cancel)
			_ = client.Call(ctx, "slow", nil, nil)
			cancel()
		}
		if n := a.calls.Load(); n < 15 {
			t.Errorf("%d of 60 calls went to the instance whose callers leave, want half", n)
		}
	})
}

// TestClient_blamesHangingInstancesForCoalescedCalls holds that calls which go together tell as much as single ones.
func TestClient_blamesHangingInstancesForCoalescedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a, b := net.add(hostA), net.add(hostB)
		a.state.Store(hanging)
		reg.set(a.instance, b.instance)
		client := net.client(reg)
		client.Coalesce, client.NoRetry, client.Timeout = 1, true, 100*time.Millisecond
		for range 30 {
			var calls sync.WaitGroup
			for range 5 {
				calls.Go(func() { _, _ = who(t, client) })
			}
			calls.Wait()
		}
		if n := a.dials.Load(); n != 5 {
			t.Errorf("the hanging instance was tried %d times, want 5", n)
		}
	})
}

// TestClient_retriesElsewhere holds that calls fail over: at once where nothing was run, and without waiting for what
// another instance asks for.
func TestClient_retriesElsewhere(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(*network) *machine
		options []jacinth.CallOption
		want    bool
	}{
		{"refused", func(n *network) *machine { m := n.add(hostA); m.state.Store(refusing); return m }, nil, true},
		{"stopping", func(n *network) *machine {
			return n.addHandler(hostA, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "9")
				w.WriteHeader(http.StatusServiceUnavailable)
				fmt.Fprint(w, `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"m","data":{"processed":false}}}`)
			}))
		}, nil, true},
		{"cut", func(n *network) *machine {
			return n.addHandler(hostA, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
		}, nil, false},
		{"cut, idempotent", func(n *network) *machine {
			return n.addHandler(hostA, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
		}, []jacinth.CallOption{jacinth.Idempotent()}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for range 20 {
					net, reg := newNetwork(t), new(board)
					a, b := test.prepare(net), net.add(hostB)
					reg.set(a.instance, b.instance)
					client := net.client(reg)
					began := time.Now()
					for range 4 { // fewer failures than put it out
						host, err := who(t, client, test.options...)
						if test.want && host != hostB || !test.want && err != nil && !errors.Is(err, jacinth.ErrNoReply) {
							t.Errorf("who = %s, %v; want the live one", host, err)
						}
					}
					if took := time.Since(began); took > 4*50*time.Millisecond {
						t.Errorf("the calls took %v, want no wait but the pause before a retry", took)
					}
					batch := client.Batch()
					first := batch.Call("who", nil, test.options...)
					second := batch.Call("who", nil, test.options...)
					err := batch.Send(t.Context())
					one, _ := first.Result()
					two, _ := second.Result()
					if test.want && (err != nil || string(one) != `"`+hostB+`"` || string(two) != string(one)) {
						t.Errorf("a batch = %s, %s, %v; want both from the live one", one, two, err)
					}
				}
			})
		})
	}
}

// TestClient_sendsABatchToOneInstance holds that batches, and calls that are coalesced, are not spread.
func TestClient_sendsABatchToOneInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		machines := []*machine{net.add(hostA), net.add(hostB), net.add(hostC)}
		reg.set(machines[0].instance, machines[1].instance, machines[2].instance)
		client := net.client(reg)
		seen := map[string]bool{}
		for range 30 {
			batch := client.Batch()
			one, two := batch.Call("who", nil), batch.Call("who", nil)
			if err := batch.Send(t.Context()); err != nil {
				t.Fatal(err)
			}
			first, _ := one.Result()
			second, _ := two.Result()
			if string(first) != string(second) {
				t.Fatalf("a batch was answered by %s and %s", first, second)
			}
			seen[string(first)] = true
		}
		if len(seen) != 3 {
			t.Errorf("30 batches went to %v, want to all three", seen)
		}
		before := machines[0].calls.Load() + machines[1].calls.Load() + machines[2].calls.Load()
		coalescing := net.client(reg)
		coalescing.Coalesce = 1
		var calls sync.WaitGroup
		for range 50 {
			calls.Go(func() {
				if _, err := who(t, coalescing); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		if n := machines[0].calls.Load() + machines[1].calls.Load() + machines[2].calls.Load() - before; n > 10 {
			t.Errorf("50 calls at the same time were sent in %d requests, want few", n)
		}
	})
}

func TestClient_prefersReadyInstances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a, b := net.add(hostA), net.add(hostB)
		a.instance.Ready = false
		reg.set(a.instance, b.instance)
		client := net.client(reg)
		if got := whoMany(t, client, 30); got[hostB] != 30 {
			t.Errorf("calls went to %v, want all to the one that is ready", got)
		}
		b.instance.Ready = false
		reg.set(a.instance, b.instance)
		synctest.Wait()
		if got := whoMany(t, client, 60); got[hostA] < 10 || got[hostB] < 10 {
			t.Errorf("without one that is ready calls went to %v, want some to each", got)
		}
		a.instance.Ready = true
		reg.set(a.instance, b.instance)
		synctest.Wait()
		if got := whoMany(t, client, 30); got[hostA] != 30 {
			t.Errorf("calls went to %v, want all to the one that became ready", got)
		}
	})
}
