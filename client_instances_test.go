package jacinth_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// watched counts the watches of a registry, those that are over too.
type watched struct {
	jacinth.Registry
	begun, over atomic.Int32
}

func (w *watched) Watch(ctx context.Context, service string) iter.Seq2[[]jacinth.Instance, error] {
	return func(yield func([]jacinth.Instance, error) bool) {
		w.begun.Add(1)
		defer w.over.Add(1)
		w.Registry.Watch(ctx, service)(yield)
	}
}

func TestClient_wantsOneAddress(t *testing.T) {
	const url = "http://127.0.0.1:8000/api"
	for _, test := range []struct {
		client *jacinth.Client
		why    string
	}{
		{&jacinth.Client{}, "knows no address"},
		{&jacinth.Client{URL: "127.0.0.1:8000"}, "Client.URL is not"},
		{&jacinth.Client{URL: url, Service: "billing", Registry: new(board)}, "the one or the other"},
		{&jacinth.Client{URL: url, Service: "billing"}, "the one or the other"},
		{&jacinth.Client{URL: url, Registry: new(board)}, "the one or the other"},
		{&jacinth.Client{URL: url, Hosts: []string{"*"}}, "Client.Hosts is for"},
		{&jacinth.Client{Service: "billing"}, "Client.Registry is nil"},
		{&jacinth.Client{Registry: new(board)}, "Client.Service is empty"},
		{&jacinth.Client{Service: "billing", Registry: new(board), Hosts: []string{"10.0.0.7/8"}}, `"10.0.0.7/8"`},
	} {
		err := test.client.Notify(t.Context(), "say", nil)
		if !errors.Is(err, jacinth.ErrNotSent) || !strings.Contains(err.Error(), test.why) {
			t.Errorf("a call by a client with URL %q, Service %q = %v; want that it was not sent and %q",
				test.client.URL, test.client.Service, err, test.why)
		}
		test.client.Close()
	}
}

func TestClient_watchesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a := net.add(hostA)
		reg.set(a.instance)
		counting := &watched{Registry: reg}
		client := net.client(counting)
		client.Close() // nothing to close yet
		var calls sync.WaitGroup
		for range 20 {
			calls.Go(func() {
				if _, err := who(t, client); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		for range 20 { // for an hour it is called every few minutes
			time.Sleep(3 * time.Minute)
			if _, err := who(t, client); err != nil {
				t.Error(err)
			}
		}
		if n := counting.begun.Load(); n != 1 {
			t.Errorf("the client watched %d times, want once", n)
		}
		time.Sleep(11 * time.Minute)
		if counting.over.Load() != 1 {
			t.Error("the client watches on although it is not used")
		}
		// What it knew is not believed any more.
		b := net.add(hostB)
		a.state.Store(refusing)
		reg.set(b.instance)
		before := a.dials.Load()
		if host, err := who(t, client); host != hostB || a.dials.Load() > before {
			t.Errorf("after a rest who = %s, %v, and %d dials of the one that left; want the new instance", host, err, a.dials.Load()-before)
		}
		client.Close()
		synctest.Wait()
		if counting.begun.Load() != 2 || counting.over.Load() != 2 {
			t.Errorf("after Close %d of %d watches are over, want 2 of 2", counting.over.Load(), counting.begun.Load())
		}
		client.Close()
		if host, err := who(t, client); host != hostB {
			t.Errorf("after Close who = %s, %v; want that it watches again", host, err)
		}
	})
}

// TestClient_waitsForTheRegistry holds that the first call waits, and says what it waited for.
func TestClient_waitsForTheRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), &board{down: true}
		reg.set(net.add(hostA).instance)
		client := net.client(reg)
		began := time.Now()
		_, err := who(t, client)
		if !errors.Is(err, jacinth.ErrNotSent) || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errBoardDown) {
			t.Errorf("who = %v, want that it was not sent, in time, and why", err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("the call waited %v, want its 10 seconds", took)
		}
		time.AfterFunc(5*time.Second, func() { reg.setDown(false) })
		began = time.Now()
		if host, err := who(t, client); host != hostA || time.Since(began) != 5*time.Second {
			t.Errorf("who = %s, %v after %v; want an answer when the registry is there", host, err, time.Since(began))
		}
		// One whose client is closed meanwhile watches again.
		reg.setDown(true)
		client = net.client(reg)
		time.AfterFunc(time.Second, client.Close)
		time.AfterFunc(2*time.Second, func() { reg.setDown(false) })
		if host, err := who(t, client); host != hostA {
			t.Errorf("who = %s, %v; want an answer", host, err)
		}
	})
}

func TestClient_saysThatThereIsNoInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		other := net.add(hostA).instance
		other.Service = "orders"
		reg.set(other)
		client := net.client(reg)
		began := time.Now()
		_, err := who(t, client)
		if !errors.Is(err, jacinth.ErrNotSent) || !strings.Contains(err.Error(), "no instance of billing") || time.Since(began) > time.Second {
			t.Errorf("who = %v after %v; want that there is no instance, at once", err, time.Since(began))
		}
		reg.set(other, net.add(hostB).instance)
		synctest.Wait()
		if host, err := who(t, client); host != hostB {
			t.Errorf("who = %s, %v; want the instance that came", host, err)
		}
	})
}

// sloppy is a registry that yields more than it was asked for.
type sloppy struct{ *board }

func (s sloppy) Watch(ctx context.Context, _ string) iter.Seq2[[]jacinth.Instance, error] {
	return s.board.Watch(ctx, "*")
}

func TestClient_callsOnlyItsService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a, b, c := net.add(hostA).instance, net.add(hostB).instance, net.add(hostC).instance
		b.Service, c.Service = "workers.images", "workers.mail"
		reg.set(a, b, c)
		client := net.client(sloppy{reg})
		if got := whoMany(t, client, 30); got[hostA] != 30 {
			t.Errorf("calls of billing went to %v", got)
		}
		client = net.client(reg)
		client.Service = "workers.*"
		if got := whoMany(t, client, 60); got[hostA] > 0 || got[hostB] < 10 || got[hostC] < 10 {
			t.Errorf("calls of workers.* went to %v, want some to each of them", got)
		}
	})
}

// TestClient_doubtsThatAllAreGone goes through what a registry that loses its memory yields.
func TestClient_doubtsThatAllAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a, b := net.add(hostA), net.add(hostB)
		reg.set(a.instance)
		client := net.client(reg)
		works := func(when, want string) {
			t.Helper()
			synctest.Wait()
			if host, err := who(t, client); host != want {
				t.Errorf("%s who = %s, %v; want %q", when, host, err, want)
			}
		}
		works("at first", hostA)
		reg.set()
		time.Sleep(9 * time.Second)
		works("9 s after the set is empty", hostA)
		reg.set() // again, which does not count anew
		time.Sleep(900 * time.Millisecond)
		works("9.9 s after the set is empty", hostA)
		time.Sleep(200 * time.Millisecond)
		works("10.1 s after the set is empty", "")
		reg.set(b.instance)
		works("when another one is there", hostB)
		reg.set()
		time.Sleep(9 * time.Second)
		reg.set(a.instance)
		time.Sleep(2 * time.Second)
		works("when it was empty for less than 10 s", hostA)
		reg.set()
		time.Sleep(5 * time.Second)
		reg.setDown(true)
		time.Sleep(time.Hour)
	})
}

func TestClient_keepsTheLastSetWithoutTheRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a := net.add(hostA)
		reg.set(a.instance)
		client := net.client(reg)
		whoMany(t, client, 1)
		reg.set()
		time.Sleep(5 * time.Second)
		reg.setDown(true) // before it was believed that all are gone
		for range 60 {
			time.Sleep(time.Minute)
			if host, err := who(t, client); host != hostA {
				t.Fatalf("while the registry is down who = %s, %v", host, err)
			}
		}
		reg.setDown(false)
		time.Sleep(11 * time.Second)
		if host, err := who(t, client); err == nil {
			t.Errorf("who = %s, want that there is no instance", host)
		}
	})
}

// briefRegistry is a registry whose watches end after their first set.
type briefRegistry struct{ *board }

func (r briefRegistry) Watch(ctx context.Context, service string) iter.Seq2[[]jacinth.Instance, error] {
	return func(yield func([]jacinth.Instance, error) bool) {
		for set, err := range r.board.Watch(ctx, service) {
			yield(set, err)
			return
		}
	}
}

func TestClient_watchesAgainWhenAWatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a, b := net.add(hostA), net.add(hostB)
		reg.set(a.instance)
		counting := &watched{Registry: briefRegistry{reg}}
		client := net.client(counting)
		whoMany(t, client, 1)
		reg.set(b.instance)
		time.Sleep(2 * time.Second)
		if host, err := who(t, client); host != hostB {
			t.Errorf("who = %s, %v; want the new instance", host, err)
		}
		time.Sleep(time.Minute)
		if n := counting.begun.Load(); n < 45 || n > 80 {
			t.Errorf("in a minute it watched %d times, want about one a second", n)
		}
	})
}

// TestClient_forgetsWhoWasRestarted holds that an instance with a new id is judged anew, and that of two that claim
// one address the newer counts.
func TestClient_forgetsWhoWasRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a, b := net.add(hostA), net.add(hostB)
		reg.set(a.instance, b.instance)
		client := net.client(reg)
		a.state.Store(refusing)
		whoMany(t, client, 60)
		a.state.Store(serving)
		again := a.instance
		again.ID, again.Since = "another", time.Now()
		reg.set(a.instance, again, b.instance)
		synctest.Wait()
		if got := whoMany(t, client, 60); got[hostA] < 10 {
			t.Errorf("after a restart calls went to %v, want some to each", got)
		}
		// Half of the calls and not two of three, by five times what chance does.
		if got := whoMany(t, net.client(reg), 1000); got[hostA] > 580 {
			t.Errorf("one of two instances that was registered twice got %d of 1000 calls", got[hostA])
		}
	})
}

// rapid tells a set of instances again and again, as fast as it is taken.
type rapid struct {
	readOnly
	set  jacinth.Instance
	told chan struct{} // closed at the end
}

func (r *rapid) Watch(ctx context.Context, _ string) iter.Seq2[[]jacinth.Instance, error] {
	return func(yield func([]jacinth.Instance, error) bool) {
		for range 20_000 {
			if !yield([]jacinth.Instance{r.set}, nil) {
				return
			}
		}
		close(r.told)
		<-ctx.Done()
	}
}

// TestClient_callsWhileThereIsNobody holds that a call finds either an instance or why there is none, also in the very
// moment in which the set changes.
func TestClient_callsWhileThereIsNobody(t *testing.T) {
	logTo(t, io.Discard)
	abroad := jacinth.Instance{ID: "abroad", Service: "billing", URL: "http://203.0.113.7/api"}
	registry := &rapid{set: abroad, told: make(chan struct{})}
	client := &jacinth.Client{Service: "billing", Registry: registry}
	defer client.Close()
	var callers sync.WaitGroup
	for range 2 {
		callers.Go(func() {
			for isOver := false; !isOver; {
				if err := client.Call(t.Context(), "charge", nil, nil); !errors.Is(err, jacinth.ErrNotSent) {
					t.Errorf("a call to nobody = %v, want that it was not sent", err)
				}
				select {
				case <-registry.told:
					isOver = true
				default:
				}
			}
		})
	}
	callers.Wait()
}
