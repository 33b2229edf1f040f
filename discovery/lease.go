package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/redact"
)

var (
	errSuperseded = errors.New("the lease is over: the instance was registered anew")
	errClosed     = errors.New("the lease is closed")
)

// epochs numbers the leases of this process. Those of one instance go up also from one process to the next, as far as
// clocks do.
var epochs atomic.Int64

// nextEpoch leaves room for a lease to be registered again, which counts up by one, without reaching its successor.
func nextEpoch() int64 {
	const room = 1000
	for {
		last := epochs.Load()
		next := max(last+room, time.Now().UnixMicro())
		if epochs.CompareAndSwap(last, next) {
			return next
		}
	}
}

// Register makes an instance known. It returns when one of the registries has taken it, and tries until ctx ends if they
// are out of reach; the others are then told as soon as they can be. It fails if all of them refuse.
func (h *HTTP) Register(ctx context.Context, instance jacinth.Instance) (jacinth.Lease, error) {
	if err := checkInstance(&instance); err != nil {
		return nil, fmt.Errorf("the instance cannot be registered: %w", err)
	}
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	lease := &httpLease{instance: instance, stop: stop}
	lease.ready.Store(instance.Ready)
	answers := make(chan error, len(h.clients))
	epoch := nextEpoch()
	for _, client := range h.clients {
		part := &leasePart{lease: lease, client: client, epoch: epoch}
		lease.parts = append(lease.parts, part)
		lease.keeping.Go(func() { part.keep(keeping, answers) })
	}
	for range h.clients {
		select {
		case err := <-answers:
			if err == nil {
				return lease, nil
			}
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), lease.abandon())
		}
	}
	return nil, lease.abandon()
}

// httpLease is an instance in registries over HTTP.
type httpLease struct {
	instance jacinth.Instance
	ready    atomic.Bool
	known    atomic.Bool // one of the registries has taken it
	parts    []*leasePart
	stop     context.CancelFunc
	keeping  sync.WaitGroup
}

// leasePart is a lease in one of the registries.
type leasePart struct {
	lease  *httpLease
	client *jacinth.Client

	mu         sync.Mutex // held during a call, so that nothing that was said before arrives after it
	epoch      int64
	registered bool  // as far as we know
	over       error // why nothing is said any more
	err        error // what came of the last call
}

// Ready changes whether the instance welcomes calls. It returns when all registries have answered or could not be
// reached, and fails if none of them knows; those that do not are told with the next beat.
func (l *httpLease) Ready(ctx context.Context, ready bool) error {
	l.ready.Store(ready)
	return l.inEach(func(p *leasePart) error { return p.beat(ctx) }, 1)
}

// Close takes the instance out of all registries that it is in.
func (l *httpLease) Close(ctx context.Context) error {
	l.stop()
	l.keeping.Wait()
	return l.inEach(func(p *leasePart) error { return p.leave(ctx) }, len(l.parts))
}

// abandon gives up a lease that was never known, and returns why it was not.
func (l *httpLease) abandon() error {
	l.stop()
	l.keeping.Wait()
	var errs []error
	for _, part := range l.parts {
		if part.err != nil {
			errs = append(errs, part.err)
		}
	}
	return errors.Join(errs...)
}

// inEach does something in all registries at a time, and fails if fewer than enough did not fail.
func (l *httpLease) inEach(do func(*leasePart) error, enough int) error {
	errs := make([]error, len(l.parts))
	var all sync.WaitGroup
	for i, part := range l.parts {
		all.Go(func() { errs[i] = do(part) })
	}
	all.Wait()
	for _, err := range errs {
		if err == nil {
			enough--
		}
	}
	if enough <= 0 {
		return nil
	}
	return errors.Join(errs...)
}

// keep registers the instance and beats until ctx ends. It answers once: whether the instance was taken or refused.
func (p *leasePart) keep(ctx context.Context, answers chan<- error) {
	answered := false
	answer := func(err error) {
		if !answered {
			answered = true
			answers <- err
		}
	}
	var told outage
	var heard time.Time // when the registry was told last that the instance is there
	for failures := 0; ; {
		err := p.beat(ctx)
		if ctx.Err() != nil {
			return
		}
		if p.lease.known.Load() { // before that, Register tells of it
			told.note(ctx, &p.lease.instance, err)
		}
		pause := spread(beat)
		switch {
		case err == nil:
			failures, heard = 0, time.Now()
			answer(nil)
		case errors.Is(err, errSuperseded):
			answer(err)
			return
		case isRefusal(err):
			answer(err)
			if !p.isRegistered() {
				pause = spread(refusedWait)
			}
		default:
			failures++
			pause = backoff(failures)
			if time.Since(heard) < ttl { // the lease is not to run out while the registry is only busy
				pause = min(pause, spread(soon))
			}
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

// beat tells the registry that the instance is there, and registers it where the registry does not know.
func (p *leasePart) beat(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over != nil {
		return p.over
	}
	p.err = p.say(ctx)
	if p.err != nil {
		p.err = fmt.Errorf("the registry at %s: %w", redact.URL(p.client.URL), p.err)
	}
	return p.err
}

// say is beat. p.mu is held.
func (p *leasePart) say(ctx context.Context) error {
	i := &p.lease.instance
	if p.registered {
		params := renewParams{ID: i.ID, Service: i.Service, Epoch: p.epoch, Ready: p.lease.ready.Load()}
		_, err := renewMethod.Call(ctx, p.client, params, jacinth.Timeout(callTimeout), jacinth.Idempotent())
		if !errors.Is(err, LeaseOver) {
			return err
		}
		if err := p.outlive(err); err != nil {
			return err
		}
	}
	for attempt := 0; ; attempt++ {
		params := registerParams{
			ID: i.ID, Service: i.Service, URL: i.URL, Version: i.Version, Since: i.Since, Ready: p.lease.ready.Load(), Epoch: p.epoch,
		}
		_, err := registerMethod.Call(ctx, p.client, params, jacinth.Timeout(callTimeout), jacinth.Idempotent())
		if err == nil {
			p.registered = true
			p.lease.known.Store(true)
			return nil
		}
		if attempt > 0 || !errors.Is(err, LeaseOver) {
			return err
		}
		if err := p.outlive(err); err != nil {
			return err
		}
	}
}

// outlive begins the lease anew after the registry said that it is over, unless a later one has taken its place. A lease
// that is only just made is the later one, whatever the clocks of those before it said. p.mu is held.
func (p *leasePart) outlive(over error) error {
	p.registered = false
	var data known
	if own, ok := errors.AsType[*jacinth.Error](over); !ok || own.DecodeData(&data) != nil {
		return over
	}
	if data.Epoch > p.epoch {
		if p.lease.known.Load() {
			p.over = errSuperseded
			return p.over
		}
		p.epoch = data.Epoch
	}
	p.epoch++
	return nil
}

// leave takes the instance out.
func (p *leasePart) leave(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over != nil {
		return nil // it is not there by this lease
	}
	p.over = errClosed
	// Also where no answer to registering came: it may have got there.
	params := leaveParams{ID: p.lease.instance.ID, Service: p.lease.instance.Service, Epoch: p.epoch}
	_, err := leaveMethod.Call(ctx, p.client, params, jacinth.Timeout(callTimeout), jacinth.Idempotent())
	if err != nil && p.registered {
		return fmt.Errorf("the registry at %s was not told that the instance leaves: %w", redact.URL(p.client.URL), err)
	}
	return nil
}

// outage tells whoever runs a service that a registry does not hear of it any more, and when it does again: calls go on
// for a while, and nothing else shows it.
type outage struct{ told bool }

// note takes note of how a beat went.
func (o *outage) note(ctx context.Context, i *jacinth.Instance, err error) {
	attributes := []slog.Attr{slog.String("service", i.Service), slog.String("instance", i.ID)}
	switch {
	case err != nil && !o.told:
		slog.Default().LogAttrs(ctx, slog.LevelWarn, "the registry does not hear that the instance is there",
			append(attributes, slog.String("error", err.Error()))...)
	case err == nil && o.told:
		slog.Default().LogAttrs(ctx, slog.LevelInfo, "the registry hears of the instance again", attributes...)
	}
	o.told = err != nil
}

func (p *leasePart) isRegistered() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.registered
}

// isRefusal reports whether a registry answered, and would answer the same again.
func isRefusal(err error) bool {
	switch jacinth.CodeOf(err) {
	case jacinth.AccessDenied, jacinth.InvalidParams, jacinth.InvalidRequest, jacinth.MethodNotFound, RegistryFull:
		return true
	}
	return false
}

// spread is a time give or take a fifth, so that those who began together do not stay together.
func spread(d time.Duration) time.Duration {
	return d*4/5 + rand.N(d*2/5) //nolint:gosec // G404: a pause is no secret
}

// backoff is how long to leave a registry alone after it was out of reach some times in a row.
func backoff(failures int) time.Duration {
	return spread(min(retryBase<<min(failures-1, 10), retryCap))
}

// sleep reports whether a time has passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
