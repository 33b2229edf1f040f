package call

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/pause"
	"github.com/jacinth-rpc/jacinth/internal/redact"
)

const (
	// watchIdle is how long a client goes on watching instances that it does not call.
	watchIdle = 5 * time.Minute

	// emptyAfter is how long a registry must have said that there is no instance before it is believed. One that was
	// just started knows nobody until all have beaten once, which they do every 5 seconds or so.
	emptyAfter = 10 * time.Second

	watchAgain = time.Second // after a Watch that ended by itself
)

// balancer knows the instances of the service of one client, and which of them to call next. The zero value is ready.
// It watches the registry from the first call on; see Client.Close for the end.
type balancer struct {
	roster atomic.Pointer[roster] // nil while nothing is known
	used   atomic.Bool            // since idle was last set

	mu        sync.Mutex
	watch     *watch // nil while there is none
	peers     []*peer
	lastProbe time.Time // when a peer was last tried that was out
}

// Instance is a place where a service runs, as far as its callers care.
type Instance struct {
	ID, URL string
	Ready   bool
	Since   time.Time
}

// watch is one Watch of a registry. All but service and rules is under the lock of the balancer.
type watch struct {
	service string
	rules   hosts
	cancel  context.CancelFunc
	idle    *time.Timer
	doubt   *time.Timer   // that there is no instance, nil if the registry does not say so
	known   chan struct{} // closed with the first set, and when the watch ends
	problem error         // that the registry had last
	skipped string        // the last instance that was not admitted, and why; of follow alone
}

// find returns what is known of the instances, and waits for the first set if nothing is.
func (b *balancer) find(ctx context.Context, e *Engine) (*roster, *attemptError) {
	for {
		if !b.used.Load() {
			b.used.Store(true)
		}
		if r := b.roster.Load(); r != nil {
			return r, nil
		}
		w := b.start(e)
		select {
		case <-w.known:
		case <-ctx.Done():
			err := fmt.Errorf("%w: the registry has not told yet where instances of %s are", why(ctx), e.config.Service)
			b.mu.Lock()
			if w.problem != nil {
				err = fmt.Errorf("%w: %w", err, w.problem)
			}
			b.mu.Unlock()
			return nil, lostOnTheWay(ctx, false, err)
		}
	}
}

// start begins to watch, unless it has begun.
func (b *balancer) start(e *Engine) *watch {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.watch == nil {
		ctx, cancel := context.WithCancel(context.Background())
		w := &watch{service: e.config.Service, rules: e.hosts, cancel: cancel, known: make(chan struct{})}
		w.idle = time.AfterFunc(watchIdle, func() { b.endIdle(w) })
		b.watch = w
		go b.follow(ctx, e.config.Watch, w)
	}
	return b.watch
}

// follow takes in what the registry says until ctx ends.
func (b *balancer) follow(ctx context.Context, watching func(context.Context, string) iter.Seq2[[]Instance, error], w *watch) {
	for ctx.Err() == nil {
		for set, err := range watching(ctx, w.service) {
			b.take(w, set, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause.Jitter(watchAgain)):
		}
	}
}

// endIdle ends a watch that nobody has needed for a while.
func (b *balancer) endIdle(w *watch) {
	if b.used.Swap(false) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.watch == w {
			w.idle.Reset(watchIdle)
		}
		return
	}
	b.stop(w)
}

// stop ends the watch, or the one that there is if w is nil. What was known is forgotten, since nobody keeps it right.
func (b *balancer) stop(w *watch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.watch == nil || w != nil && b.watch != w {
		return
	}
	w = b.watch
	w.cancel()
	w.idle.Stop()
	w.clearDoubt()
	if b.roster.Load() == nil {
		close(w.known)
	}
	b.watch, b.peers = nil, nil
	b.roster.Store(nil)
}

// clearDoubt ends the doubt whether there is an instance.
func (w *watch) clearDoubt() {
	if w.doubt != nil {
		w.doubt.Stop()
		w.doubt = nil
	}
}

// take takes in what the registry yields.
func (b *balancer) take(w *watch, set []Instance, err error) {
	var skipped error
	defer func() { w.report(skipped) }() // without the lock
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.watch != w {
		return
	}
	if w.problem = err; err != nil {
		w.clearDoubt() // the last set is the best there is, and that is not the empty one
		return
	}
	if len(set) > 0 || b.roster.Load() == nil || len(b.peers) == 0 {
		w.clearDoubt()
		skipped = b.replace(w, set)
		return
	}
	if w.doubt == nil {
		var doubt *time.Timer
		doubt = time.AfterFunc(emptyAfter, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			if b.watch == w && w.doubt == doubt {
				w.doubt = nil
				_ = b.replace(w, nil)
			}
		})
		w.doubt = doubt
	}
}

// replace makes set the one that is known, and returns why one of it was left out. What is known of the instances that
// stay, stays.
func (b *balancer) replace(w *watch, set []Instance) (skipped error) {
	old := make(map[[2]string]*peer, len(b.peers))
	for _, p := range b.peers {
		old[[2]string{p.id, p.url}] = p // not by the URL alone: after a restart it is another one
	}
	// The newest first: after a crash two instances may claim one address, of which the older is dead.
	slices.SortStableFunc(set, func(a, b Instance) int { return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(b.ID, a.ID)) })
	peers := make([]*peer, 0, len(set))
	seen := make(map[string]bool, len(set))
	for i := range set {
		instance := &set[i]
		if seen[instance.URL] {
			continue
		}
		seen[instance.URL] = true
		p := old[[2]string{instance.ID, instance.URL}]
		if p == nil {
			target, err := w.admit(instance.URL)
			if err != nil {
				skipped = fmt.Errorf("the instance %q is not called: %w", clip(redact.URL(instance.URL)), err)
				continue
			}
			p = &peer{id: instance.ID, url: instance.URL, target: target}
		}
		p.ready = instance.Ready
		peers = append(peers, p)
	}
	first := b.roster.Load() == nil
	b.peers = peers
	if len(peers) == 0 {
		b.roster.Store(&roster{problem: w.none(skipped)}) // calls read it at any time, and one without peers must say why
	} else {
		b.rebuild()
	}
	if first {
		close(w.known)
	}
	return skipped
}

// admit returns what requests to an instance at that URL are copies of, or why it is not called.
func (w *watch) admit(text string) (*http.Request, error) {
	target, err := newTarget(text)
	if err != nil {
		return nil, errors.New("its URL cannot be read")
	}
	return target, w.rules.check(text)
}

// report logs that an instance was left out, once for as long as nothing changes about that: whoever runs the service
// ought to know, and nobody else is told while other instances answer.
func (w *watch) report(skipped error) {
	if skipped == nil {
		return
	}
	if text := skipped.Error(); text != w.skipped {
		w.skipped = text
		slog.Default().LogAttrs(context.Background(), slog.LevelWarn, "an instance in the registry was left out",
			slog.String("service", w.service), slog.String("error", text))
	}
}

// none is the failure of a call that has nowhere to go.
func (w *watch) none(skipped error) *attemptError {
	if skipped != nil {
		return &attemptError{err: fmt.Errorf("%w: no instance of %s may be called: %w", ErrNotSent, w.service, skipped)}
	}
	err := fmt.Errorf("%w: the registry knows no instance of %s: is one running, and registered where this client looks?",
		ErrNotSent, w.service)
	return &attemptError{err: err, repeat: always}
}
