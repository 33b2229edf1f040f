package tokens

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

const (
	// A revocation is known everywhere within 30 seconds: an answer is asked for again after keepLeast to keepMost, at
	// random so that processes and tokens do not ask all at once, and the look-up takes lookupTimeout at most.
	keepLeast     = 20 * time.Second
	keepMost      = 25 * time.Second
	lookupTimeout = 3 * time.Second

	keepNear    = time.Second     // of a store in memory, which costs next to nothing to ask
	keepUnknown = 5 * time.Second // a no

	// Look-ups under way, of tokens that were good before, of others, and of those of senders that share an address: a
	// store is not to be flooded, and whoever floods it is not to keep out the rest.
	maxKnown, maxUnknown, maxShared = 128, 128, 64

	tripAfter = 3           // look-ups that fail in a row, until the store is left in peace
	tripFor   = time.Second // and is then asked by one call
)

var (
	errDown    = errors.New("the store of tokens does not answer")
	errCrowded = errors.New("too many look-ups of tokens are under way")
)

// ask finds out what a token is that the cache does not know, or not any more: old is what it knew.
func (a *Authorizer) ask(ctx context.Context, id string, hash *Hash, old *answer, from netip.Addr, now time.Time) decision {
	good := old != nil && old.profile != nil
	kind := knownToken
	if !good {
		kind = a.kindOf(from)
		if wait := a.addresses.wait(from, a.clock(now)); wait > 0 && (kind != sharedSender || a.near == nil) {
			return decision{reason: kind.guessing(), wait: wait}
		}
	}
	record, known, err := a.lookup(ctx, id, hash, kind)
	equal := false
	if err == nil {
		equal = record.Hash.Equal(*hash) && known // in this order: the hashes are compared for an unknown id too
	}
	if equal {
		err = record.Check() // of no other record, which would take its time
	}
	switch {
	case err == nil:
	case good && ctx.Err() == nil && now.Sub(old.asked) < a.grace: // a caller that left is let in by nobody
		return decision{reason: granted, profile: old.profile}
	default:
		return decision{reason: storeDown, cause: err}
	}

	fresh := &answer{decision: decision{reason: unknownToken}, asked: now, until: now.Add(a.keep(equal))}
	switch {
	case equal:
		fresh.reason, fresh.profile = granted, newProfile(record, a.limits)
	case known:
		fresh.reason = wrongSecret
	}
	news := a.cache.put(hash, fresh)
	if news && fresh.profile == nil { // the same wrong token again is a mistake and no guess
		a.addresses.charge(from, a.clock(now))
	}
	return decision{reason: fresh.reason, profile: fresh.profile, fresh: true}
}

// keep is how long an answer is good for.
func (a *Authorizer) keep(good bool) time.Duration {
	switch {
	case a.near != nil:
		return keepNear
	case good:
		return keepLeast + rand.N(keepMost-keepLeast) //nolint:gosec // nothing depends on its being secret
	}
	return keepUnknown
}

// near is a store in memory: it is asked at once, and takes as long for an id that it does not know, for which it
// returns any record. The record is not to be changed.
type near interface {
	peek(ctx context.Context, id string) (record *Record, known bool, err error)
}

// lookup asks the store, and one that is far but once for all calls that ask the same at the same time.
func (a *Authorizer) lookup(ctx context.Context, id string, hash *Hash, kind kind) (record *Record, known bool, err error) {
	if a.near != nil {
		return a.near.peek(ctx, id)
	}
	f, begun, err := a.flights.join(*hash, kind)
	if err != nil {
		return nil, false, err
	}
	if begun {
		go a.fly(context.WithoutCancel(ctx), f, id)
	}
	select {
	case <-f.landed:
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	if errors.Is(f.err, ErrNotFound) {
		return &f.record, false, nil
	}
	return &f.record, f.record.ID == id, f.err
}

// fly is one look-up. It does not end with the call that began it, since others wait for it too, and is given up when
// the store pays no heed to the end of its context.
func (a *Authorizer) fly(ctx context.Context, f *flight, id string) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { a.flights.land(f, Record{}, errDown) })
	defer stop()

	record, err := Record{}, errDown // should the store end the goroutine
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("the store of tokens panicked: %v", value)
		}
		a.flights.land(f, record, err)
	}()
	record, err = a.store.Lookup(ctx, id)
}

// kind is whose look-up it is.
type kind int

const (
	knownToken   kind = iota // it was good before
	ownAddress               // somebody who answers for it by an address
	sharedSender             // somebody among others; see Proxies
)

// maxFlights is how many look-ups of a kind are under way at a time.
var maxFlights = [...]int{knownToken: maxKnown, ownAddress: maxUnknown, sharedSender: maxShared}

// kindOf is that of a token that is not known to be good.
func (a *Authorizer) kindOf(from netip.Addr) kind {
	if a.addresses.isShared(from) {
		return sharedSender
	}
	return ownAddress
}

// guessing is the reason why a token of a kind is not looked up.
func (k kind) guessing() reason {
	if k == sharedSender {
		return guessingTogether
	}
	return guessing
}

// flight is a look-up that is under way.
type flight struct {
	hash   Hash
	kind   kind
	landed chan struct{} // closed when the result is there
	record Record
	err    error
}

// flights are the look-ups under way, and whether it makes sense to begin one.
type flights struct {
	mu       sync.Mutex
	flying   map[Hash]*flight
	count    [len(maxFlights)]int // by kind
	failures int                  // in a row
	retry    time.Time            // when a store that failed tripAfter times is asked again
}

// join returns the look-up of a token that is under way, or one to begin.
func (l *flights) join(hash Hash, kind kind) (f *flight, begun bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f, ok := l.flying[hash]; ok {
		return f, false, nil
	}
	if l.count[kind] >= maxFlights[kind] {
		return nil, false, errCrowded
	}
	if l.failures >= tripAfter {
		now := time.Now()
		if now.Before(l.retry) {
			return nil, false, errDown
		}
		l.retry = now.Add(lookupTimeout + tripFor) // one call tries
	}
	l.count[kind]++
	f = &flight{hash: hash, kind: kind, landed: make(chan struct{})}
	l.flying[hash] = f
	return f, true, nil
}

// land hands the first result of a look-up to those who wait.
func (l *flights) land(f *flight, record Record, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flying[f.hash] != f {
		return
	}
	if err == nil || errors.Is(err, ErrNotFound) {
		l.failures = 0
	} else {
		l.failures++
		l.retry = time.Now().Add(tripFor)
	}
	f.record, f.err = record, err
	delete(l.flying, f.hash)
	l.count[f.kind]--
	close(f.landed)
}
