package jacinth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/netname"
	"github.com/jacinth-rpc/jacinth/internal/pause"
	"github.com/jacinth-rpc/jacinth/internal/redact"
)

const (
	registerWait = 10 * time.Second // for a registry to answer
	leaveWait    = 2 * time.Second  // the same, when the service stops
	registerBase = time.Second      // between tries to register; it doubles
	registerCap  = 30 * time.Second
)

// Registry is the registry that the service announces itself in, for the clients in the same program that call other
// services by name:
//
//	billing := &jacinth.Client{Service: "billing", Registry: svc.Registry()}
//
// It may be asked for before the flags are read. That of Config.RegistryURL is opened when the service begins to serve
// or, if that is earlier, when it is first used. A service without a registry has one that always fails.
func (s *Service) Registry() Registry { return &s.registry }

// SetReady says whether the service welcomes calls. It does from its start, unless it is told otherwise. A service that is not
// ready answers /readyz with 503, and clients that use a registry avoid it while another instance is ready. It still answers
// the calls it gets. SetReady may be called at any time.
func (s *Service) SetReady(ready bool) {
	if s.readiness.set(ready) {
		s.report(context.Background(), slog.LevelInfo, "readiness changed",
			slog.String("service", s.config.Name), slog.Bool("ready", ready))
	}
}

// readiness is a switch that can be watched. The zero value is ready.
type readiness struct {
	mu      sync.Mutex
	not     bool
	changed chan struct{} // closed at the next change
}

func (r *readiness) set(ready bool) (changed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.not == !ready {
		return false
	}
	r.not = !ready
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
	return true
}

// get returns the state, and a channel that is closed when it is another one.
func (r *readiness) get() (ready bool, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return !r.not, r.changed
}

func (r *readiness) isReady() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.not
}

var errNoRegistry = errors.New("the service has no registry: set Config.Registry, or Config.OpenRegistry and -registry")

// ownRegistry is the registry of a service, which is opened when it is needed.
type ownRegistry struct {
	config *Config

	mu     sync.Mutex
	opened Registry // from Config.RegistryURL
	closed bool
}

// get returns the registry, nil if the service has none.
func (o *ownRegistry) get(ctx context.Context) (Registry, error) {
	if o.config.RegistryURL == "" {
		return o.config.Registry, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.opened == nil {
		if o.config.OpenRegistry == nil { // flags were parsed after New
			return nil, o.config.check()
		}
		opened, err := o.config.OpenRegistry(ctx, o.config.RegistryURL)
		if err != nil {
			return nil, fmt.Errorf("the registry %s cannot be opened: %w", redact.URL(o.config.RegistryURL), err)
		}
		o.opened = opened
	}
	return o.opened, nil
}

// close closes what get has opened.
func (o *ownRegistry) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if closer, ok := o.opened.(io.Closer); ok && !o.closed {
		o.closed = true
		return closer.Close()
	}
	return nil
}

func (o *ownRegistry) Register(ctx context.Context, instance Instance) (Lease, error) {
	registry, err := o.get(ctx)
	if err == nil && registry == nil {
		err = errNoRegistry
	}
	if err != nil {
		return nil, err
	}
	return registry.Register(ctx, instance)
}

func (o *ownRegistry) Watch(ctx context.Context, service string) iter.Seq2[[]Instance, error] {
	return func(yield func([]Instance, error) bool) {
		registry, err := o.get(ctx)
		if err == nil && registry == nil {
			err = errNoRegistry
		}
		if err != nil {
			if yield(nil, err) {
				<-ctx.Done()
			}
			return
		}
		registry.Watch(ctx, service)(yield)
	}
}

// announcer keeps a service in a registry while it is served.
type announcer struct {
	registry  Registry
	readiness *readiness
	report    func(ctx context.Context, level slog.Level, message string, attributes ...slog.Attr)
	instance  Instance
	left      chan struct{} // closed when the service is in the registry no more

	// Read these after left is closed.
	lease Lease // nil while the service is not registered
	known bool  // by other means than being registered
}

// newAnnouncer returns nil for a service without a registry, and an error for one that nobody could call.
func (s *Service) newAnnouncer(ctx context.Context, address net.Addr) (*announcer, error) {
	registry, err := s.registry.get(ctx)
	if err != nil || registry == nil {
		return nil, err
	}
	base := strings.TrimRight(s.config.PublicURL, "/")
	if base == "" {
		host, _, err := net.SplitHostPort(address.String())
		if err != nil || netname.IsUnspecified(host) {
			return nil, fmt.Errorf("the service listens on %s, which tells others of a registry nothing: "+
				"set Config.PublicURL (-public-url) to the address that they can reach, such as http://10.0.0.7:8000", address)
		}
		base = s.baseURL(address)
	}
	return &announcer{
		registry:  registry,
		readiness: &s.readiness,
		report:    s.report,
		instance: Instance{
			ID:      rand.Text(),
			Service: s.config.Name,
			URL:     base + s.config.Endpoint,
			Version: s.config.Version,
			Since:   time.Now(),
		},
		left: make(chan struct{}),
	}, nil
}

// run registers the service, tells the registry when its readiness changes, and takes it out when ctx ends.
func (a *announcer) run(ctx context.Context) {
	defer close(a.left)
	ready, changed := a.readiness.get()
	a.instance.Ready = ready
	registered := a.persist(ctx, "registering", func(ctx context.Context) error {
		lease, err := a.registry.Register(ctx, a.instance)
		if err == nil {
			a.lease = lease
		}
		return err
	})
	switch {
	case registered:
		a.report(ctx, slog.LevelInfo, "registered", a.who()...)
	case a.known:
		a.report(ctx, slog.LevelInfo, "the registry knows its instances by other means", a.who()...)
	}
	for registered {
		select {
		case <-ctx.Done():
			a.leave(ctx)
			return
		case <-changed:
		}
		ready, changed = a.readiness.get()
		registered = a.persist(ctx, "changing readiness", func(ctx context.Context) error { return a.lease.Ready(ctx, ready) })
	}
	if a.lease != nil {
		a.leave(ctx)
	}
}

// persist tries something until the registry takes it, and reports false if it never will or ctx ended before.
func (a *announcer) persist(ctx context.Context, what string, try func(context.Context) error) bool {
	for wait := registerBase; ; wait = min(2*wait, registerCap) {
		limited, cancel := context.WithTimeout(ctx, registerWait)
		err := try(limited)
		cancel()
		switch {
		case err == nil:
			return true
		case errors.Is(err, ErrReadOnly):
			a.known = true
			return false
		case ctx.Err() != nil:
			return false
		}
		a.report(ctx, slog.LevelWarn, "the registry did not take it, and is asked again",
			append(a.who(), slog.String("what", what), slog.String("error", err.Error()))...)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause.Jitter(wait)):
		}
	}
}

// leave takes the service out of the registry, whose last word it does not wait for long.
func (a *announcer) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWait)
	defer cancel()
	if err := a.lease.Close(ctx); err != nil {
		a.report(ctx, slog.LevelWarn, "the registry was not told that the service leaves",
			append(a.who(), slog.String("error", err.Error()))...)
	}
}

// who names the instance in the log.
func (a *announcer) who() []slog.Attr {
	return []slog.Attr{
		slog.String("service", a.instance.Service), slog.String("instance", a.instance.ID), slog.String("url", a.instance.URL),
	}
}
