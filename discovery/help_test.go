package discovery_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
	"github.com/jacinth-rpc/jacinth/jacinthtest"
)

// instance makes one of a service whose other fields follow from its ID.
func instance(service, id string) jacinth.Instance {
	return jacinth.Instance{ID: id, Service: service, URL: "http://" + id + ".test:8000/api", Version: "1", Ready: true}
}

// follower keeps what a Watch says.
type follower struct {
	mu   sync.Mutex
	sets [][]jacinth.Instance
	errs []error
	done chan struct{}
	stop context.CancelFunc
}

// follow watches a name until the test ends.
func follow(t *testing.T, registry jacinth.Registry, name string) *follower {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	f := &follower{done: make(chan struct{}), stop: stop}
	go func() {
		defer close(f.done)
		for set, err := range registry.Watch(ctx, name) {
			f.mu.Lock()
			if err != nil {
				f.errs = append(f.errs, err)
			} else {
				f.sets = append(f.sets, set)
			}
			f.mu.Unlock()
		}
	}()
	t.Cleanup(f.end)
	return f
}

// end stops watching and waits until that is so.
func (f *follower) end() {
	f.stop()
	<-f.done
}

// count is how many sets were seen.
func (f *follower) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sets)
}

// errors returns the errors that were seen.
func (f *follower) errors() []error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.errs
}

// last is the set that was seen last.
func (f *follower) last() []jacinth.Instance {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.sets) == 0 {
		return nil
	}
	return f.sets[len(f.sets)-1]
}

// show is a set in few words: service/id, with ! if it is not ready.
func show(set []jacinth.Instance) string {
	words := make([]string, len(set))
	for i, one := range set {
		words[i] = one.Service + "/" + one.ID
		if !one.Ready {
			words[i] += "!"
		}
	}
	return strings.Join(words, " ")
}

// wants fails the test unless the follower has seen want last.
func (f *follower) wants(t *testing.T, when, want string) {
	t.Helper()
	if got := show(f.last()); got != want {
		t.Errorf("%s: the set is %q, want %q", when, got, want)
	}
}

// register registers an instance, or ends the test.
func register(t *testing.T, registry jacinth.Registry, one jacinth.Instance) jacinth.Lease {
	t.Helper()
	lease, err := registry.Register(t.Context(), one)
	if err != nil {
		t.Fatalf("Register(%s/%s) = %v", one.Service, one.ID, err)
	}
	return lease
}

func closeLease(t *testing.T, lease jacinth.Lease) {
	t.Helper()
	if err := lease.Close(t.Context()); err != nil {
		t.Errorf("Close = %v", err)
	}
}

// mentions fails the test unless err is a sentence with the words.
func mentions(t *testing.T, what string, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s = %v, want a sentence with %q", what, err, word)
		}
	}
}

var silent = slog.New(slog.DiscardHandler)

// openConfig is of a registry in which everybody may do everything.
var openConfig = discovery.RegistryConfig{
	HolderShare: 100, // since everybody is one caller
	Service:     jacinth.Config{Logger: silent, Authorize: func(context.Context, *jacinth.Request) error { return nil }},
	Admit:       func(context.Context, jacinth.Instance) error { return nil },
}

// startService serves a registry in memory and returns a client of it.
func startService(t *testing.T, config discovery.RegistryConfig) *jacinth.Client {
	t.Helper()
	return jacinthtest.New(t, discovery.NewRegistryService(config))
}

func newHTTP(t *testing.T, clients ...*jacinth.Client) *discovery.HTTP {
	t.Helper()
	registry, err := discovery.NewHTTP(clients...)
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

// noListener is one that nobody ever connects to.
type noListener struct {
	once   sync.Once
	closed chan struct{}
}

func (l *noListener) Accept() (net.Conn, error) {
	<-l.closed
	return nil, net.ErrClosed
}

func (l *noListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *noListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8500} }

// newLoopback serves svc on a port of this machine, and returns its URL without a path. Seen is told of each request.
func newLoopback(t *testing.T, svc *jacinth.Service, seen func(*http.Request)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen(r)
		svc.ServeHTTP(w, r)
	}))
	server.Config.SetKeepAlivesEnabled(false) // the clients of Open share connections that nobody else closes
	t.Cleanup(server.Close)
	return server.URL
}
