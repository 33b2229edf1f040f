package jacinth_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
)

// longVariable in the environment has TestFleet take as long as its promises do: about a minute and a half.
const longVariable = "JACINTH_TEST_LONG"

// fleetChild is the value of childVariable for an instance of the fleet.
const fleetChild = "fleet"

// runFleetChild is the program of an instance: its registry is in the environment.
func runFleetChild() {
	svc := jacinth.New(jacinth.Config{
		Name: "fleet", Addr: "127.0.0.1:0", OpenRegistry: discovery.Open, DrainDelay: 250 * time.Millisecond,
		Logger: slog.New(slog.DiscardHandler),
	})
	jacinth.Public(svc, "work", func(context.Context, jacinth.None) (int, error) {
		time.Sleep(10 * time.Millisecond)
		return os.Getpid(), nil
	})
	jacinth.Main(svc)
}

// fleet is a service with three instances, each a process, a registry, and callers who never rest for long.
type fleet struct {
	t         *testing.T
	client    *jacinth.Client
	registry  *jacinth.Client
	address   string // of the registry
	instances [3]*program

	calls, failed atomic.Int64
	mu            sync.Mutex
	kills         []kill
	lost          []lostCall
	stop          chan struct{}
	callers       sync.WaitGroup
}

// kill is the end of an instance.
type kill struct {
	host          string
	before, after time.Time
}

// lostCall is a call that failed.
type lostCall struct {
	began, ended time.Time
	harmless     bool
	err          error
}

const fleetToken = "the token of the fleet's registry"

// serveRegistry runs the registry until the function that it returns is called.
func (f *fleet) serveRegistry() (stop func()) {
	f.t.Helper()
	config := jacinth.Config{
		Authorize: func(_ context.Context, req *jacinth.Request) error {
			if req.Token != fleetToken {
				return errors.New("another token")
			}
			return nil
		},
		Logger: slog.New(slog.DiscardHandler), DrainTimeout: time.Millisecond,
	}
	svc := discovery.NewRegistryService(discovery.RegistryConfig{
		Service: config, Admit: func(context.Context, jacinth.Instance) error { return nil },
	})
	listener, err := new(net.ListenConfig).Listen(f.t.Context(), "tcp", f.address)
	if err != nil {
		f.t.Fatal(err)
	}
	f.address = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- svc.Serve(ctx, listener) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			f.t.Error(err)
		}
	}
}

// startInstance starts instance i, and returns when the registry knows it.
func (f *fleet) startInstance(i int) {
	f.t.Helper()
	command := child(f.t)
	command.Env = append(command.Env, childVariable+"="+fleetChild,
		"JACINTH_REGISTRY=http://"+f.address+"/api", "JACINTH_REGISTRY_TOKEN="+fleetToken)
	f.instances[i] = start(f.t, command)
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	defer cancel()
	registry, err := discovery.NewHTTP(f.registry)
	if err != nil {
		f.t.Fatal(err)
	}
	for set, err := range registry.Watch(ctx, "fleet") {
		for _, instance := range set {
			if err == nil && instance.URL == f.instances[i].url {
				return
			}
		}
	}
	f.t.Fatalf("instance %d is not registered after 30 s", i)
}

// call calls the service again and again.
func (f *fleet) call(harmless bool) {
	var options []jacinth.CallOption
	if harmless {
		options = append(options, jacinth.Idempotent())
	}
	for {
		select {
		case <-f.stop:
			return
		case <-time.After(5 * time.Millisecond):
		}
		began := time.Now()
		err := f.client.Call(context.Background(), "work", nil, nil, options...)
		f.calls.Add(1)
		if err != nil {
			f.failed.Add(1)
			f.mu.Lock()
			f.lost = append(f.lost, lostCall{began, time.Now(), harmless, err})
			f.mu.Unlock()
		}
	}
}

// kill ends instance i without a warning and starts another one.
func (f *fleet) kill(i int) {
	p := f.instances[i]
	k := kill{host: strings.TrimSuffix(p.url, "/api"), before: time.Now()}
	_ = p.Process.Kill()
	_ = p.wait()
	k.after = time.Now()
	f.mu.Lock()
	f.kills = append(f.kills, k)
	f.mu.Unlock()
	f.startInstance(i)
}

// wasUnderWay reports whether a call was on an instance when that was killed. A connection that has just been cut may
// take one more call before its end is noticed.
func (f *fleet) wasUnderWay(c *lostCall) bool {
	for _, k := range f.kills {
		if strings.Contains(c.err.Error(), k.host) && c.ended.After(k.before) && c.began.Before(k.after.Add(100*time.Millisecond)) {
			return true
		}
	}
	return false
}

// phase does something while calls go on, and returns the calls that failed.
func (f *fleet) phase(name string, do func()) []lostCall {
	f.t.Helper()
	calls, began := f.calls.Load(), time.Now()
	f.mu.Lock()
	f.lost = nil
	f.mu.Unlock()
	do()
	f.mu.Lock()
	defer f.mu.Unlock()
	plain := 0
	for _, c := range f.lost {
		if !c.harmless {
			plain++
		}
	}
	n := f.calls.Load() - calls
	f.t.Logf("%s: %d calls in %v, %d plain and %d idempotent ones failed", name, n, time.Since(began).Round(time.Millisecond), plain, len(f.lost)-plain)
	if n == 0 {
		f.t.Errorf("%s: no calls", name)
	}
	return f.lost
}

// TestFleet runs three instances of a service as processes, behind a registry, and calls them without a pause: while
// they are restarted one after the other, while they are killed, and while the registry is away.
func TestFleet(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts processes")
	}
	restarts, kills, between, away := 6, 3, 500*time.Millisecond, time.Second
	if os.Getenv(longVariable) != "" {
		restarts, kills, between, away = 20, 15, 2*time.Second, 10*time.Second
	}
	f := &fleet{t: t, address: "127.0.0.1:0", stop: make(chan struct{})}
	stopRegistry := f.serveRegistry()
	transport := jacinth.NewTransport()
	f.registry = &jacinth.Client{URL: "http://" + f.address + "/api", Token: fleetToken, Transport: transport}
	registry, err := discovery.NewHTTP(f.registry)
	if err != nil {
		t.Fatal(err)
	}
	f.client = &jacinth.Client{Service: "fleet", Registry: registry, Transport: transport}
	defer func() {
		close(f.stop)
		f.callers.Wait()
		for _, p := range f.instances {
			if p != nil {
				_ = p.Process.Kill()
				_ = p.wait()
			}
		}
		f.client.Close()
		stopRegistry()
		transport.CloseIdleConnections()
	}()
	for i := range f.instances {
		f.startInstance(i)
	}
	for i := range 8 {
		f.callers.Go(func() { f.call(i%2 == 0) })
	}

	for _, c := range f.phase(fmt.Sprintf("%d restarts", restarts), func() {
		for i := range restarts {
			p := f.instances[i%3]
			if err := p.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := p.wait(); err != nil {
				t.Errorf("an instance ended with %v:\n%s", err, p.output)
			}
			f.startInstance(i % 3)
		}
	}) {
		t.Errorf("a call failed while instances were restarted: %v", c.err)
	}

	for _, c := range f.phase(fmt.Sprintf("%d kills", kills), func() {
		for range kills {
			next := time.After(between)
			f.kill(rand.IntN(3))
			<-next
		}
	}) {
		if c.harmless || !f.wasUnderWay(&c) {
			t.Errorf("a call (idempotent: %v) failed while instances were killed, after %v: %v", c.harmless, c.ended.Sub(c.began), c.err)
		}
	}

	for _, c := range f.phase(fmt.Sprintf("%v without the registry", away), func() {
		stopRegistry()
		time.Sleep(away)
		stopRegistry = f.serveRegistry()
	}) {
		t.Errorf("a call failed without the registry: %v", c.err)
	}
}
