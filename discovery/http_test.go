package discovery_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
	"github.com/jacinth-rpc/jacinth/jacinthtest"
)

// server is a registry that can be killed and started anew, and be out of reach for one of its clients.
type server struct {
	t      *testing.T
	config discovery.RegistryConfig

	mu      sync.Mutex
	current *jacinth.Client // of the service that runs; nil when none does
}

func startServer(t *testing.T) *server {
	s := &server{t: t, config: openConfig}
	s.restart()
	return s
}

func (s *server) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current.Transport.(*http.Transport).CloseIdleConnections()
	s.current = nil
}

// restart begins with nothing, as a program does.
func (s *server) restart() {
	client := startService(s.t, s.config)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = client
}

// link is the way of one client to a server.
type link struct {
	server *server

	mu  sync.Mutex
	cut bool
}

func (l *link) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
}

var errCut = errors.New("the cable is cut")

func (l *link) RoundTrip(request *http.Request) (*http.Response, error) {
	l.mu.Lock()
	cut := l.cut
	l.mu.Unlock()
	l.server.mu.Lock()
	current := l.server.current
	l.server.mu.Unlock()
	if cut || current == nil {
		return nil, errCut
	}
	// A registry that is killed, or a cable that is cut, ends the calls that wait too.
	ctx, cancel := context.WithCancelCause(request.Context())
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(100 * time.Millisecond):
			}
			l.mu.Lock()
			cut := l.cut
			l.mu.Unlock()
			l.server.mu.Lock()
			gone := l.server.current != current
			l.server.mu.Unlock()
			if cut || gone {
				cancel(errCut)
				return
			}
		}
	}()
	response, err := current.Transport.RoundTrip(request.WithContext(ctx))
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return response, err
}

// connect returns a way to the server and a client that takes it.
func (s *server) connect() (*link, *jacinth.Client) {
	way := &link{server: s}
	return way, &jacinth.Client{URL: "http://service.test/api", Transport: way, NoRetry: true}
}

func TestHTTP_registryIsKilledAndStartedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := startServer(t)
		_, client := server.connect()
		services, users := newHTTP(t, client), newHTTP(t, client)
		watch := follow(t, users, "billing")
		leases := []jacinth.Lease{
			register(t, services, instance("billing", "a")), register(t, services, instance("billing", "b")),
			register(t, services, instance("billing", "c")),
		}
		pass(20 * time.Second)
		watch.wants(t, "at first", "billing/a billing/b billing/c")
		count := watch.count()

		server.kill()
		pass(10 * time.Second)
		if watch.count() != count || len(watch.errors()) != 1 {
			t.Errorf("while the registry is gone, %d sets and the errors %v were seen, want one error", watch.count()-count, watch.errors())
		}
		if err := leases[2].Ready(t.Context(), false); err == nil {
			t.Error("Ready did not fail while the registry is gone")
		}
		mentions(t, "the error", watch.errors()[0], "http://service.test")

		server.restart()
		pass(14 * time.Second)
		for _, set := range watch.sets[count:] {
			if len(set) != 3 {
				t.Errorf("a set was seen without some who live: %s", show(set))
			}
		}
		pass(6 * time.Second)
		watch.wants(t, "when all have registered again", "billing/a billing/b billing/c!")
		for _, lease := range leases {
			closeLease(t, lease)
		}
		pass(time.Second)
		watch.wants(t, "when all have left", "")
	})
}

// What a registry said before it was started anew holds no longer than until all who live had the time to say so.
func TestHTTP_whoDiedWithTheRegistryIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := startServer(t)
		_, client := server.connect()
		lost, dying := server.connect()
		watch := follow(t, newHTTP(t, client), "billing")
		alive := register(t, newHTTP(t, client), instance("billing", "a"))
		left := register(t, newHTTP(t, client), instance("billing", "b"))
		dead := register(t, newHTTP(t, dying), instance("billing", "c"))
		pass(20 * time.Second)
		server.kill()
		lost.set(true)
		pass(time.Second)
		server.restart()
		pass(10 * time.Second)
		watch.wants(t, "while the registry has only begun", "billing/a billing/b billing/c")
		closeLease(t, left)
		pass(3 * time.Second)
		watch.wants(t, "after one left meanwhile", "billing/a billing/c")
		pass(5 * time.Second)
		watch.wants(t, "when the registry knows everybody", "billing/a")
		closeLease(t, alive)
		_ = dead.Close(t.Context())
	})
}

func TestHTTP_registersAsSoonAsItCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := startServer(t)
		way, client := server.connect()
		registry := newHTTP(t, client)
		way.set(true)
		short, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := registry.Register(short, instance("billing", "a")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Register where nobody is = %v, want that the time is over", err)
		} else {
			mentions(t, "Register", err, "http://service.test", "the cable is cut")
		}
		begun := time.Now()
		go func() {
			time.Sleep(20 * time.Second)
			way.set(false)
		}()
		lease := register(t, registry, instance("billing", "a"))
		if took := time.Since(begun); took < 20*time.Second || took > 27*time.Second {
			t.Errorf("Register took %v, want little more than the 20 s for which the registry was out of reach", took)
		}
		closeLease(t, lease)
	})
}

func TestHTTP_outOfReachForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := startServer(t)
		_, client := server.connect()
		way, far := server.connect()
		watch := follow(t, newHTTP(t, client), "billing")
		lease := register(t, newHTTP(t, far), instance("billing", "a"))
		pass(time.Second)
		way.set(true)
		pass(10 * time.Second) // two beats
		watch.wants(t, "after two missed beats", "billing/a")
		pass(10 * time.Second)
		watch.wants(t, "after the TTL", "")
		way.set(false)
		pass(7 * time.Second)
		watch.wants(t, "when the way is open again", "billing/a")
		pass(2 * time.Minute)
		watch.wants(t, "two minutes later", "billing/a")
		closeLease(t, lease)
	})
}

// journal keeps what is logged.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

// wants fails the test unless each of the words was logged once since it was asked last.
func (j *journal) wants(t *testing.T, when string, words ...string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	text := j.text.String()
	j.text.Reset()
	if strings.Count(text, "\n") != len(words) {
		t.Errorf("%s: the log has %q, want %q, a line each", when, text, words)
	}
	for _, word := range words {
		if strings.Count(text, word) != 1 {
			t.Errorf("%s: the log has %q, want %q once", when, text, word)
		}
	}
}

// record has what is logged kept until the test ends.
func record(t *testing.T) *journal {
	before, kept := slog.Default(), &journal{}
	slog.SetDefault(slog.New(slog.NewTextHandler(kept, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return kept
}

// TestHTTP_saysThatNobodyHears holds that whoever runs a service learns that it is not announced any more, once.
func TestHTTP_saysThatNobodyHears(t *testing.T) {
	log := record(t)
	synctest.Test(t, func(t *testing.T) {
		server := startServer(t)
		way, client := server.connect()
		lease := register(t, newHTTP(t, client), instance("billing", "a"))
		pass(time.Minute)
		log.wants(t, "all is well")
		way.set(true)
		pass(time.Minute)
		log.wants(t, "out of reach", "does not hear")
		way.set(false)
		pass(time.Minute)
		log.wants(t, "in reach again", "hears of the instance again")
		closeLease(t, lease)
	})
}

// The figures of docs/guide/discovery.md for a crash are from here.
func TestHTTP_crashIsSeenWithinTheTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := startServer(t)
		_, client := server.connect()
		watch := follow(t, newHTTP(t, client), "billing")
		keeper := register(t, newHTTP(t, client), instance("billing", "keeper"))
		var took []time.Duration
		for i := range 25 {
			way, dying := server.connect()
			lease := register(t, newHTTP(t, dying), instance("billing", "a"))
			pass(20*time.Second + time.Duration(i)*200*time.Millisecond)
			way.set(true)
			crashed := time.Now()
			for len(watch.last()) > 1 {
				pass(50 * time.Millisecond)
				if time.Since(crashed) > time.Minute {
					t.Fatal("an instance that crashed a minute ago is still seen")
				}
			}
			took = append(took, time.Since(crashed))
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			_ = lease.Close(ended)
		}
		slices.Sort(took)
		t.Logf("from a crash to the moment in which a watcher knows: %v, %v in the middle, %v", took[0], took[len(took)/2], took[len(took)-1])
		if took[0] < 8*time.Second || took[len(took)-1] > 15*time.Second+200*time.Millisecond {
			t.Errorf("it takes %v to %v, want what is left of the 15 s since the last beat, which is 6 s old at most", took[0], took[len(took)-1])
		}
		closeLease(t, keeper)
	})
}

func TestHTTP_refused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := scoped(map[string][]string{"orders": {"registry:read", "registry:write:orders"}})
		svc := discovery.NewRegistryService(config)
		client := jacinthtest.New(t, svc)
		client.Token = "orders"
		begun := time.Now()
		_, err := newHTTP(t, client).Register(t.Context(), instance("billing", "a"))
		if !errors.Is(err, jacinth.AccessDenied) || time.Since(begun) > time.Second {
			t.Errorf("Register after %v = %v, want AccessDenied at once", time.Since(begun), err)
		}
		mentions(t, "Register", err, "registry:write:billing")

		nobody := jacinthtest.New(t, svc)
		watch := follow(t, newHTTP(t, nobody), "billing")
		pass(time.Minute)
		if len(watch.errors()) != 1 || !errors.Is(watch.errors()[0], jacinth.AccessDenied) {
			t.Errorf("Watch without a token: %v, want one AccessDenied", watch.errors())
		}

		// A service that is no registry.
		other := jacinthtest.New(t, jacinth.New(jacinth.Config{Name: "other", Logger: silent}))
		if _, err := newHTTP(t, other).Register(t.Context(), instance("billing", "a")); !errors.Is(err, jacinth.MethodNotFound) {
			t.Errorf("Register with what is no registry = %v, want MethodNotFound", err)
		}
	})
}

// A lease that was replaced does not come back, whatever happens to the registry.
func TestHTTP_replacedForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := startServer(t)
		_, client := server.connect()
		way, far := server.connect()
		watch := follow(t, newHTTP(t, client), "billing")
		old := register(t, newHTTP(t, far), instance("billing", "a"))
		pass(time.Second)
		way.set(true) // the first does not hear that it was replaced
		moved := instance("billing", "a")
		moved.URL = "http://elsewhere.test/api"
		lease := register(t, newHTTP(t, client), moved)
		server.kill()
		way.set(false)
		server.restart() // and may be the first to register again
		pass(time.Minute)
		if set := watch.last(); len(set) != 1 || set[0].URL != moved.URL {
			t.Errorf("the set is %+v, want the successor alone", set)
		}
		if err := old.Ready(t.Context(), false); err == nil {
			t.Error("Ready of the lease that was replaced did not fail")
		}
		closeLease(t, old)
		pass(time.Second)
		if set := watch.last(); len(set) != 1 || !set[0].Ready {
			t.Errorf("the lease that was replaced took its successor along: %+v", set)
		}
		closeLease(t, lease)
	})
}

// An instance whose id does not change from one run to the next, and whose clock was put back between them, is the later
// one all the same.
func TestHTTP_aNewLeaseIsTheLaterOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := startService(t, openConfig)
		c := caller{t, client}
		c.must(c.register("billing", "a", 1<<52))
		lease := register(t, newHTTP(t, client), instance("billing", "a"))
		c.isOver("a beat of the run before", c.renew("billing", "a", 1<<52), 1<<52+1)
		pass(time.Minute)
		c.wants("a minute later", "billing/a")
		closeLease(t, lease)
		c.wants("after it left", "")
	})
}

func TestHTTP_oneOfTwoIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := startServer(t), startServer(t)
		wayOne, clientOne := one.connect()
		wayTwo, clientTwo := two.connect()
		services := newHTTP(t, clientOne, clientTwo)
		userOne, readOne := one.connect()
		_, readTwo := two.connect()
		watch := follow(t, newHTTP(t, readOne, readTwo), "billing")

		wayTwo.set(true)
		a := register(t, services, instance("billing", "a")) // does not wait for the other
		pass(time.Second)
		watch.wants(t, "registered in one of two", "billing/a")

		// The network is split: the services reach the second registry only, the users both.
		wayOne.set(true)
		wayTwo.set(false)
		pass(time.Minute)
		watch.wants(t, "after the registry in which it was forgot it", "billing/a")

		// And the users the second one only, for a time in which the first keeps telling old tales.
		userOne.set(true)
		if err := a.Ready(t.Context(), false); err != nil {
			t.Errorf("Ready with one of two registries = %v", err)
		}
		pass(seen)
		watch.wants(t, "when one of them is out of reach", "billing/a!")
		if len(watch.errors()) != 0 {
			t.Errorf("one of two registries is in reach, and Watch yields %v", watch.errors())
		}
		wayOne.set(false)
		userOne.set(false)
		pass(30 * time.Second)
		watch.wants(t, "when all is well", "billing/a!")

		// What a registry said last holds for a TTL and no longer.
		userOne.set(true)
		pass(time.Second)
		closeLease(t, a)
		pass(10 * time.Second)
		watch.wants(t, "soon after it left, with one out of reach", "billing/a!")
		pass(10 * time.Second)
		watch.wants(t, "a TTL later", "")

		two.kill()
		pass(10 * time.Second)
		if len(watch.errors()) != 1 {
			t.Errorf("with both out of reach, Watch yields the errors %v, want one", watch.errors())
		}
	})
}

func TestHTTP_manyWatchersFallBackToAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &server{t: t, config: openConfig}
		server.config.MaxWatchers = 1
		server.restart()
		_, client := server.connect()
		var watches []*follower
		for range 5 {
			watches = append(watches, follow(t, newHTTP(t, client), "billing"))
		}
		pass(20 * time.Second)
		lease := register(t, newHTTP(t, client), instance("billing", "a"))
		pass(seen)
		for i, watch := range watches {
			watch.wants(t, fmt.Sprint("watcher ", i), "billing/a")
		}
		closeLease(t, lease)
	})
}

func TestService_stopsWithoutWaitingForWatchers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := discovery.NewRegistryService(openConfig)
		client := jacinthtest.New(t, svc)
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		listener := new(noListener)
		listener.closed = make(chan struct{})
		go func() { served <- svc.Serve(ctx, listener) }()
		answered := make(chan error, 1)
		var view said
		if err := client.Call(t.Context(), "registry.watch", map[string]any{"service": "a"}, &view); err != nil {
			t.Fatal(err)
		}
		go func() {
			params := map[string]any{"service": "a", "revision": view.Revision}
			answered <- client.Call(t.Context(), "registry.watch", params, nil, jacinth.Timeout(time.Minute))
		}()
		pass(time.Second)
		begun := time.Now()
		stop()
		if err := <-answered; err != nil {
			t.Errorf("the watcher was answered with %v", err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("the registry took %v to stop, because somebody waited for a change", took)
		}
	})
}

func TestOpen_tokenFromTheEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	svc := discovery.NewRegistryService(scoped(map[string][]string{
		"one": {"registry:read", "registry:write:billing"}, "two": {"registry:read", "registry:write:billing"},
	}))
	served := make(chan string, 1)
	server := newLoopback(t, svc, func(r *http.Request) { served <- r.Header.Get("X-Api-Token") })
	registry, err := discovery.Open(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(token string) {
		t.Helper()
		for _, err := range registry.Watch(t.Context(), "billing") {
			if err != nil {
				t.Error(err)
			}
			break
		}
		if got := <-served; got != token {
			t.Errorf("the token %q was sent, want %q", got, token)
		}
	}
	t.Setenv("JACINTH_REGISTRY_TOKEN", "one")
	expect("one")
	t.Setenv("JACINTH_REGISTRY_TOKEN_FILE", path)
	writeFile(t, path, "two\n")
	expect("two")
	writeFile(t, path, "one\n")
	expect("one")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for _, err := range registry.Watch(t.Context(), "billing") {
		mentions(t, "Watch", err, "JACINTH_REGISTRY_TOKEN_FILE")
		break
	}
}

func TestNewHTTP_saysWhatIsWrong(t *testing.T) {
	_, err := discovery.NewHTTP()
	mentions(t, "NewHTTP()", err, "at least one")
	_, err = discovery.NewHTTP(&jacinth.Client{URL: "127.0.0.1:8500"})
	mentions(t, "NewHTTP of no URL", err, "http://127.0.0.1:8500/api")
}
