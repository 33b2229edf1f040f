package tokens

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// DefaultOverlap is how long a token that was rotated works beside its successor, unless told otherwise.
const DefaultOverlap = 24 * time.Hour

// Draft says what a new token is to be. Only Name is required. Without Scopes, it may call nothing.
type Draft struct {
	Name      string         // who calls with it; shown in logs and to handlers
	Owner     string         // whom to ask about it
	Scopes    Scopes         // what it may call
	NotBefore time.Time      // it does not work before; zero is now
	Lifetime  time.Duration  // from NotBefore on; 0 is 90 days, at most 366 days, or Never
	Networks  []netip.Prefix // that it may be used from; empty is everywhere
	Limits    Limits
	Prefix    string // what the token begins with, such as acme_live_; empty is jcn_
}

// Issue makes a token, keeps its record and returns both. This is the only time that the token itself is to be had.
func Issue(ctx context.Context, keeper Keeper, draft Draft) (Secret, Record, error) {
	record, prefix, err := draft.record(time.Now())
	if err != nil {
		return Secret{}, Record{}, err
	}
	return issue(ctx, keeper, record, prefix)
}

// record returns the record of a token to be issued, still without id and hash.
func (d *Draft) record(now time.Time) (record Record, prefix string, err error) {
	prefix = DefaultPrefix
	if d.Prefix != "" {
		prefix = d.Prefix
	}
	if err := checkPrefix(prefix); err != nil {
		return Record{}, "", err
	}
	for _, text := range append([]string{d.Name, d.Owner}, d.Scopes...) {
		if Redact(text) != text { // pasted there by mistake, it would be kept and shown to whoever lists tokens
			return Record{}, "", fmt.Errorf("there is a whole token in %q: a name, an owner and a scope are shown to others", Redact(text))
		}
	}
	record = Record{
		Name: d.Name, Owner: d.Owner, Scopes: d.Scopes, Networks: d.Networks, Limits: d.Limits,
		Created: now, NotBefore: d.NotBefore,
	}
	begin := now
	if d.NotBefore.After(now) {
		begin = d.NotBefore
	}
	switch {
	case d.Lifetime == Never:
		record.Expires = endOfTime
	case d.Lifetime == 0:
		record.Expires = begin.Add(DefaultLifetime)
	case d.Lifetime < time.Second || d.Lifetime > MaxLifetime:
		return Record{}, "", fmt.Errorf("a token cannot live for %v: it is a second to 366 days, or tokens.Never "+
			"when it is not to expire", d.Lifetime)
	default:
		record.Expires = begin.Add(d.Lifetime)
	}
	return record, prefix, nil
}

// issue draws a token for record and keeps that. Should an id of 47 bits be taken, it draws again.
func issue(ctx context.Context, keeper Keeper, record Record, prefix string) (Secret, Record, error) {
	record = record.clone()
	record.tidy()
	err := ErrExists
	for attempt := 0; attempt < 3 && errors.Is(err, ErrExists); attempt++ {
		id, token := generate(prefix)
		record.ID, record.Hash = id, HashOf(token)
		if err = keeper.Add(ctx, record); err == nil {
			return newSecret(token), record, nil
		}
	}
	return Secret{}, Record{}, err
}

// Rotate issues a successor of the token with an id: of the same name, owner, scopes, networks, limits and lifetime.
// The old one works on until the overlap is over, or until it expires if that is sooner; an overlap of 0 ends it at
// once. It fails for a token that is revoked, has expired or has a successor already.
//
// When the successor was made but the store failed to give the old token its end, Rotate returns the successor with
// the error: revoke the old one then.
func Rotate(ctx context.Context, keeper Keeper, id string, overlap time.Duration) (Secret, Record, error) {
	if overlap < 0 {
		return Secret{}, Record{}, fmt.Errorf("an overlap of %v is none", overlap)
	}
	old, err := keeper.Lookup(ctx, id)
	if err != nil {
		return Secret{}, Record{}, err
	}
	now := time.Now()
	if err := old.rotatable(now); err != nil {
		return Secret{}, Record{}, err
	}
	secret, next, err := issue(ctx, keeper, old.successor(now), old.prefix())
	if err != nil {
		return Secret{}, Record{}, err
	}
	_, err = keeper.Change(ctx, id, func(r *Record) error {
		if r.Successor != "" {
			return r.rotatable(now)
		}
		r.Successor = next.ID
		if end := now.Add(overlap); end.Before(r.Expires) {
			r.Expires = end
		}
		return nil
	})
	if errors.Is(err, errRotated) { // by somebody else, between the look-up and here
		_, undone := Revoke(ctx, keeper, next.ID)
		return Secret{}, Record{}, errors.Join(err, undone)
	}
	if err != nil {
		err = fmt.Errorf("%s was issued, but %s could not be given its end: %w", next.ID, id, err)
	}
	return secret, next, err
}

var errRotated = errors.New("it was rotated before")

// rotatable says why there can be no successor of r.
func (r *Record) rotatable(now time.Time) error {
	if err := checkID(r.ID); err != nil {
		return err
	}
	if r.Successor != "" {
		return fmt.Errorf("%s has no second successor, %w: rotate %s", r.ID, errRotated, r.Successor)
	}
	if state := r.State(now); state == Revoked || state == Expired {
		return fmt.Errorf("%s is %s and can have no successor: issue a new token", r.ID, state)
	}
	return nil
}

// successor returns the record of the token that is to replace that of r, still without id and hash.
func (r *Record) successor(now time.Time) Record {
	next := r.clone()
	next.Created, next.LastUsed = now, time.Time{}
	switch {
	case r.NeverExpires() || r.NotBefore.After(now):
	case r.NotBefore.After(r.Created):
		next.Expires = now.Add(r.Expires.Sub(r.NotBefore))
	default:
		next.Expires = now.Add(r.Expires.Sub(r.Created))
	}
	return next
}

// Revoke ends the token with an id for good and returns its record, which stays. Every [Authorizer] knows within 30
// seconds. A token that was revoked before stays revoked since then.
func Revoke(ctx context.Context, keeper Keeper, id string) (Record, error) {
	return keeper.Change(ctx, id, func(r *Record) error {
		if r.Revoked.IsZero() {
			r.Revoked = time.Now()
		}
		return nil
	})
}

// What is wrong with a token that has a record. See [Verify].
var (
	ErrWrongSecret = errors.New("there is a token with this id, but its secret is another")
	ErrRevoked     = errors.New("the token is revoked")
	ErrExpired     = errors.New("the token has expired")
	ErrPending     = errors.New("the token is not valid yet")
)

// Verify says for an operator what a token is and what is wrong with it: ErrMalformed, ErrNotFound, ErrWrongSecret,
// ErrRevoked, ErrExpired or ErrPending, or why the store cannot be asked. The record comes with the last three too. It
// tells more than a stranger may know; for callers there is [Authorizer.Authorize].
func Verify(ctx context.Context, store Store, token string) (Record, error) {
	id, err := ParseID(token)
	if err != nil {
		return Record{}, err
	}
	record, err := store.Lookup(ctx, id)
	if err != nil {
		return Record{}, err
	}
	if !record.Hash.Equal(HashOf(token)) {
		return Record{}, ErrWrongSecret
	}
	switch record.State(time.Now()) {
	case Revoked:
		return record, ErrRevoked
	case Expired:
		return record, ErrExpired
	case Pending:
		return record, ErrPending
	case Active:
	}
	return record, nil
}
