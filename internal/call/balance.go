package call

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// Outlier ejection. ejectAfter is how many failures on the way in a row, without an answer between them, eject an instance.
	ejectAfter = 5

	ejectBase = 30 * time.Second // out for the first time; twice that for the second, and so on
	ejectCap  = 300 * time.Second

	// trialAfter is how long one of more than half is out, and trialGap how long two calls that try such ones lie
	// apart at least: half as many as there are retries for nothing.
	trialAfter = time.Second
	trialGap   = 200 * time.Millisecond
)

// peer is an instance as one client sees it, or the URL of a client without a registry.
type peer struct {
	id, url  string
	target   *http.Request // what each request to it is a copy of
	inFlight atomic.Int64
	failures atomic.Int32 // on the way, since the last answer

	// Under balancer.mu.
	ready     bool
	bad       bool      // it has failed too often and has not answered since
	probing   bool      // a call is under way that tries whether it is back
	ejections int       // how often it has become bad lately
	until     time.Time // it is out
	failed    time.Time // last, while it was bad
	restored  time.Time // when it was last bad
}

// roster is what there is to choose from. It is not changed once it is made.
type roster struct {
	usable  []*peer
	due     time.Time     // when one that is out may be tried; zero if none is out
	problem *attemptError // why nothing is usable
}

// choose is the one place where the address of a request is chosen: the URL of the client, or an instance, another one
// than those that were tried if there is one. The message counts as in flight until note is told how it went.
func (e *Engine) choose(ctx context.Context, tried []*peer) (*peer, *attemptError) {
	if e.fixed != nil {
		return e.fixed, nil
	}
	if e.misuse != nil {
		return nil, &attemptError{err: fmt.Errorf("%w: %w", ErrNotSent, e.misuse)}
	}
	r, failed := e.balancer.find(ctx, e)
	if failed == nil {
		failed = r.problem
	}
	if failed != nil {
		return nil, failed
	}
	var p *peer
	if !r.due.IsZero() && len(tried) == 0 {
		p = e.balancer.probe(time.Now())
	}
	if p == nil {
		p = r.pick(tried)
	}
	p.inFlight.Add(1)
	return p, nil
}

// pick takes the less busy one of two at random (power of two choices), which spreads calls nearly as evenly as the least
// busy of all would, and does not send all callers to the same one at the same time.
func (r *roster) pick(tried []*peer) *peer {
	among := r.usable
	if len(tried) > 0 {
		fresh := slices.DeleteFunc(slices.Clone(among), func(p *peer) bool { return slices.Contains(tried, p) })
		if len(fresh) > 0 {
			among = fresh
		}
	}
	if len(among) == 1 {
		return among[0]
	}
	i, j := rand.N(len(among)), rand.N(len(among)-1) //nolint:gosec // G404: it spreads calls, and guards nothing
	if j >= i {
		j++
	}
	if among[j].inFlight.Load() < among[i].inFlight.Load() {
		i = j
	}
	return among[i]
}

// probe returns an ejected instance whose pause is over, for one call to see whether it answers again (half-open), nil if
// there is none.
func (b *balancer) probe(now time.Time) *peer {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.roster.Load()
	if r == nil || r.due.IsZero() || now.Before(r.due) {
		return nil
	}
	var next *peer
	for _, p := range b.out() {
		if next == nil || b.due(p).Before(b.due(next)) {
			next = p
		}
	}
	if next != nil {
		next.probing, b.lastProbe = true, now
		b.rebuild()
	}
	return next
}

// outcome is what a request says of the instance that it was sent to.
type outcome uint8

const (
	silent   outcome = iota // nothing: the caller left, or the request never was
	answered                // it lives
	failing
)

// classify says what came of a request. An answer that says no is an answer; but one of a proxy that found nobody is not,
// and neither is that of a service which stops and ends the connection with it.
func classify(ctx context.Context, got *reply, failed *attemptError) outcome {
	switch {
	case failed != nil && errors.Is(failed.err, ErrBadReply): // an answer that is too large
		return silent
	case failed != nil && errors.Is(ctx.Err(), context.Canceled) && !ranOut(ctx):
		return silent // those of coalesced calls are cancelled when the last of their callers has run out of time
	case failed != nil:
		return failing
	case got.status < http.StatusInternalServerError:
		return answered
	}
	_, _, unread := got.replies(1, nil)
	if unread != nil || got.status == http.StatusServiceUnavailable && got.closing {
		return failing
	}
	return answered
}

// ranOut reports whether the time of ctx is over, also when it was ended by other means.
func ranOut(ctx context.Context) bool {
	deadline, bounded := ctx.Deadline()
	return bounded && !time.Now().Before(deadline)
}

// note takes in how a request to p went.
func (b *balancer) note(p *peer, v outcome) {
	p.inFlight.Add(-1)
	switch {
	case v == answered && p.failures.Load() == 0: // as nearly always
		return
	case v == answered:
		p.failures.Store(0)
	case v == failing && p.failures.Add(1) < ejectAfter:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	probing := p.probing
	p.probing = false
	now := time.Now()
	switch {
	case v == answered && p.bad:
		p.bad, p.restored = false, now
	case v == failing && p.failures.Load() < ejectAfter: // answered meanwhile
		if !probing {
			return
		}
	case v == failing && (!p.bad || probing):
		if p.ejections > 0 && !p.bad && now.Sub(p.restored) > ejectCap {
			p.ejections = 0
		}
		if !p.bad || !b.degraded() {
			p.ejections++
			p.until = now.Add(min(time.Duration(p.ejections)*ejectBase, ejectCap))
		}
		p.bad, p.failed = true, now
	case !probing:
		return
	}
	if b.watch != nil && len(b.peers) > 0 {
		b.rebuild()
	}
}

// candidates are the instances that welcome calls, or all if none does.
func (b *balancer) candidates() []*peer {
	var ready []*peer
	for _, p := range b.peers {
		if p.ready {
			ready = append(ready, p)
		}
	}
	if len(ready) == 0 {
		return b.peers
	}
	return ready
}

// degraded reports whether more than half of the candidates are bad, and with that likely not they but the network, or
// too many calls: then none is out for long.
func (b *balancer) degraded() bool {
	bad, all := 0, b.candidates()
	for _, p := range all {
		if p.bad {
			bad++
		}
	}
	return 2*bad > len(all)
}

// out are the bad ones that no call tries just now.
func (b *balancer) out() []*peer {
	return slices.DeleteFunc(slices.Clone(b.candidates()), func(p *peer) bool { return !p.bad || p.probing })
}

// due is when an instance that is out may be tried.
func (b *balancer) due(p *peer) time.Time {
	if soon := p.failed.Add(trialAfter); b.degraded() && soon.Before(p.until) {
		return soon
	}
	return p.until
}

// rebuild makes the roster anew. Without a good instance the bad ones are all there is.
func (b *balancer) rebuild() {
	all := b.candidates()
	r := &roster{usable: slices.DeleteFunc(slices.Clone(all), func(p *peer) bool { return p.bad })}
	if len(r.usable) == 0 {
		r.usable = all
	} else {
		for _, p := range b.out() {
			due := b.due(p)
			if next := b.lastProbe.Add(trialGap); due.Before(next) {
				due = next
			}
			if r.due.IsZero() || due.Before(r.due) {
				r.due = due
			}
		}
	}
	b.roster.Store(r)
}

// hasOther reports whether there is an instance to choose beside p.
func (b *balancer) hasOther(p *peer) bool {
	r := b.roster.Load()
	return r != nil && slices.ContainsFunc(r.usable, func(other *peer) bool { return other != p })
}
