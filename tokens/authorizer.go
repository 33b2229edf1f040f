package tokens

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// DefaultGrace is how long a token that was good is honoured while the store cannot be asked.
const DefaultGrace = 5 * time.Minute

// Authorizer decides which calls may go on by the tokens that come with them. Its [Authorizer.Authorize] goes into
// Config.Authorize. It is safe for concurrent use; a program has one for each store.
type Authorizer struct {
	store   Store
	near    near // the store, if it is in memory
	toucher Toucher
	limits  Limits
	grace   time.Duration
	audit   *slog.Logger // nil for none

	epoch     time.Time // where the clock of the buckets begins
	cache     cache
	flights   flights
	addresses addresses
	uses      uses
}

// Option changes a default of an [Authorizer].
type Option func(*Authorizer)

// Audit writes every decision to a log: time, id and name of the token, method, decision, reason, address and the id
// of the request. It holds no secret and no params. Denials of one address are written 20 in a row and then one a
// second, with the number of those that were left out. Without it, only the request log of the service tells why
// access was denied.
func Audit(logger *slog.Logger) Option { return func(a *Authorizer) { a.audit = logger } }

// DefaultInFlight is how many calls of one token run at a time, unless limits say otherwise: one caller alone cannot take
// every slot of a service. Calls of methods that wait, see [jacinth.Waits], are counted apart, and 32 times as many of them
// may be under way.
const DefaultInFlight = 128

// DefaultLimits bounds the tokens whose record has no limits of its own. What it leaves out is unlimited, but for
// InFlight, which is [DefaultInFlight].
func DefaultLimits(limits Limits) Option { return func(a *Authorizer) { a.limits = limits } }

// Guesses sets how many tokens that turn out wrong one address, or one /64 network of IPv6, may try in a minute, and
// how many at once; the default is 10 and 20. After that its tokens are not looked up for a while: those that are
// known to be good still work. [jacinth.Unlimited] a minute takes the limit away. For addresses that many callers share,
// see [Proxies].
func Guesses(perMinute, burst int) Option {
	return func(a *Authorizer) { a.addresses.guessing = newRate(float64(perMinute)/60, burst) }
}

// Grace sets how long a token that was good is honoured while the store cannot be asked; 0 is not at all.
func Grace(limit time.Duration) Option { return func(a *Authorizer) { a.grace = limit } }

// New returns an Authorizer for the tokens in store. It panics, with a sentence, if there is none or an option cannot
// be.
func New(store Store, options ...Option) *Authorizer {
	if store == nil {
		panic("tokens: New needs a store")
	}
	a := &Authorizer{store: store, grace: DefaultGrace, epoch: time.Now()}
	switch memory := store.(type) { // and not what embeds one, which may have a Lookup of its own
	case *Memory:
		a.near = memory
	case *File:
		a.near = memory
	}
	a.toucher, _ = store.(Toucher)
	a.flights.flying = make(map[Hash]*flight)
	a.addresses.list = make(map[netip.Addr]*address)
	Guesses(10, 20)(a)
	for _, option := range options {
		option(a)
	}
	if err := a.limits.check(); err != nil {
		panic("tokens: DefaultLimits: " + err.Error())
	}
	a.limits = a.limits.or(Limits{InFlight: DefaultInFlight})
	if a.grace < 0 {
		panic(fmt.Sprintf("tokens: a Grace of %v is none", a.grace))
	}
	return a
}

// Authorize is a Config.Authorize: it returns nil for a call whose token may make it, and fills in the request's
// Caller. A token that is missing, wrong, expired, revoked, used from elsewhere or not granted the method is refused
// by the same error to the caller; the text of the error, for the log, tells which. A token over its limits, an
// address that guesses, and a token that cannot be looked up are told to come back: [jacinth.Unavailable], with data
// that says that nothing was run.
//
// The token is looked up once for each body, a batch included, and a wrong one is one guess and one line of the audit log.
// Scope, rate and slots are those of each call. A probe is not charged.
func (a *Authorizer) Authorize(ctx context.Context, req *jacinth.Request) error {
	now := time.Now()
	d, err := a.decide(ctx, req, now)
	if err != nil {
		return err
	}
	if d.reason == granted && !req.Probe {
		a.note(ctx, d.profile, now)
	}
	if a.audit != nil {
		a.log(ctx, req, &d, now)
	}
	return d.err()
}

// reason is why a call was denied, as the log tells it; granted is that it was not.
type reason string

const (
	granted      reason = ""
	noToken      reason = "no token"
	malformed    reason = "not a token"
	unknownToken reason = "unknown token"
	wrongSecret  reason = "wrong secret"
	revoked      reason = "revoked"
	expired      reason = "expired"
	pending      reason = "not valid yet"
	elsewhere    reason = "used from an address that it is not for"
	noScope      reason = "scope not granted"
	overRate     reason = "too many calls with this token"
	overInFlight reason = "too many calls with this token at a time"
	guessing     reason = "too many wrong tokens from this address"
	storeDown    reason = "the token could not be looked up"
)

// decision is what Authorize comes to.
type decision struct {
	reason  reason
	id      string        // of a text that is a token, whether or not there is one with this id
	profile *profile      // once the secret was right
	wait    time.Duration // until it makes sense to come back
	cause   error         // why the store could not be asked
	fresh   bool          // the store was asked, for this request and not for another of its body
}

// decide goes through the checks: form, secret, validity, address, scope, limits. It fails only if ctx has ended.
func (a *Authorizer) decide(ctx context.Context, req *jacinth.Request, now time.Time) (decision, error) {
	if req.Token == "" {
		return decision{reason: noToken}, nil
	}
	id, err := ParseID(string(req.Token))
	if err != nil {
		return decision{reason: malformed}, nil
	}
	first := false
	found, err := req.Once(ctx, a, func() (any, error) {
		first = true
		return a.identify(ctx, id, req, now)
	})
	known, _ := found.(*decision)
	if known == nil {
		return decision{}, err
	}
	d := *known // err says no more than that it is not kept
	d.id, d.fresh = id, d.fresh && first
	if d.reason != granted {
		return d, nil
	}
	p := d.profile
	switch p.record.State(now) {
	case Revoked:
		d.reason = revoked
	case Expired:
		d.reason = expired
	case Pending:
		d.reason = pending
	case Active:
		d.reason, d.wait = p.admit(req, a.clock(now))
	}
	return d, nil
}

// identify finds the record that belongs to a token, secret and all. Its error is the cause of the decision.
func (a *Authorizer) identify(ctx context.Context, id string, req *jacinth.Request, now time.Time) (*decision, error) {
	hash := HashOf(string(req.Token))
	known := a.cache.get(&hash)
	if known != nil && now.Before(known.until) {
		return &known.decision, nil
	}
	d := a.ask(ctx, id, &hash, known, parseAddress(req.Address), now)
	return &d, d.cause
}

// admit decides whether a token that is well may make this call now, or how long it has to wait.
func (p *profile) admit(req *jacinth.Request, now int64) (reason, time.Duration) {
	if len(p.record.Networks) > 0 && !p.record.from(parseAddress(req.Address)) {
		return elsewhere, 0
	}
	req.Caller = p.caller
	if !p.mayCall(req.Method) {
		return noScope, 0
	}
	if req.Probe {
		return granted, 0
	}
	lane, limit := p.lane(req.Method)
	if limit > 0 && !lane.enter(req, limit) {
		return overInFlight, 0
	}
	if wait := lane.calls.take(now, p.calls); wait > 0 {
		return overRate, wait // the slot goes back with the call
	}
	return granted, 0
}

// clock is the time in nanoseconds for the buckets. It does not jump with the wall clock.
func (a *Authorizer) clock(now time.Time) int64 { return int64(now.Sub(a.epoch)) }
