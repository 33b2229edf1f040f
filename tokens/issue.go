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
// once. It fails for a token that is revoked, has expired or has a successor already, in the moment in which the
// successor is made: there is no successor of a token that was revoked meanwhile.
//
// In a [Memory], a [File] and a [SQL] the successor is made and the old token gets its end in one step. In another
// Keeper these are two. When the successor was made there but the store failed to give the old token its end, Rotate
// returns the successor with the error: revoke the old one then.
func Rotate(ctx context.Context, keeper Keeper, id string, overlap time.Duration) (Secret, Record, error) {
	if overlap < 0 {
		return Secret{}, Record{}, fmt.Errorf("an overlap of %v is none", overlap)
	}
	now := time.Now()
	var rotate func(context.Context, string, succession) (Record, error)
	switch known := keeper.(type) { // and not what embeds one, which may have a Change of its own
	case *Memory:
		rotate = known.rotate
	case *File:
		rotate = known.rotate
	case *SQL:
		rotate = known.rotate
	default:
		return rotateInSteps(ctx, keeper, id, now, overlap)
	}
	var next Record
	var token string
	err := ErrExists
	for attempt := 0; attempt < 3 && errors.Is(err, ErrExists); attempt++ {
		next, err = rotate(ctx, id, func(old *Record) (Record, error) {
			if err := old.rotatable(now); err != nil {
				return Record{}, err
			}
			next := old.successor(now)
			next.ID, token = generate(old.prefix())
			next.Hash = HashOf(token)
			old.succeededBy(next.ID, now.Add(overlap))
			return next, nil
		})
	}
	if err != nil {
		return Secret{}, Record{}, err
	}
	return newSecret(token), next, nil
}

// rotateInSteps is Rotate for a Keeper that can change but one record at a time.
func rotateInSteps(ctx context.Context, keeper Keeper, id string, now time.Time, overlap time.Duration) (Secret, Record, error) {
	old, err := keeper.Lookup(ctx, id)
	if err != nil {
		return Secret{}, Record{}, err
	}
	if err := old.rotatable(now); err != nil {
		return Secret{}, Record{}, err
	}
	secret, next, err := issue(ctx, keeper, old.successor(now), old.prefix())
	if err != nil {
		return Secret{}, Record{}, err
	}
	var refused error // by what somebody else did between the look-up and here
	_, err = keeper.Change(ctx, id, func(r *Record) error {
		if refused = r.rotatable(now); refused != nil {
			return refused
		}
		r.succeededBy(next.ID, now.Add(overlap))
		return nil
	})
	if err == nil {
		return secret, next, nil
	}
	if refused == nil {
		if old, failed := keeper.Lookup(ctx, id); failed == nil && !old.Revoked.IsZero() {
			refused = old.rotatable(now)
		}
	}
	if refused != nil {
		undoing, cancel := context.WithTimeout(context.WithoutCancel(ctx), lockWait)
		defer cancel()
		_, undone := Revoke(undoing, keeper, next.ID)
		return Secret{}, Record{}, errors.Join(refused, undone)
	}
	return secret, next, fmt.Errorf("%s was issued, but %s could not be given its end: %w", next.ID, id, err)
}

// rotatable says why there can be no successor of r.
func (r *Record) rotatable(now time.Time) error {
	if err := checkID(r.ID); err != nil {
		return err
	}
	if r.Successor != "" {
		return fmt.Errorf("%s has no second successor, it was rotated before: rotate %s", r.ID, r.Successor)
	}
	if state := r.State(now); state == Revoked || state == Expired {
		return fmt.Errorf("%s is %s and can have no successor: issue a new token", r.ID, state)
	}
	return nil
}

// succeededBy has r end when its overlap with a successor is over.
func (r *Record) succeededBy(id string, end time.Time) {
	r.Successor = id
	if end.Before(r.Expires) {
		r.Expires = end
	}
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
//
// A successor that the token had before is another token, and stays; the record names it. One that a rotation made
// while Revoke was at work is revoked too: whoever revokes a token has not seen it.
func Revoke(ctx context.Context, keeper Keeper, id string) (Record, error) {
	before, err := lookupNow(ctx, keeper, id)
	if err != nil {
		return Record{}, err
	}
	return revoke(ctx, keeper, id, before.Successor)
}

// revoke ends a token, and all that came after it but a successor that is known.
func revoke(ctx context.Context, keeper Keeper, id, known string) (Record, error) {
	record, err := keeper.Change(ctx, id, func(r *Record) error {
		if r.Revoked.IsZero() {
			r.Revoked = time.Now()
		}
		return nil
	})
	if err != nil || record.Successor == known {
		return record, err
	}
	if _, err := revoke(ctx, keeper, record.Successor, ""); err != nil && !errors.Is(err, ErrNotFound) {
		return record, fmt.Errorf("%s is revoked, but its successor %s, which was made at the same time, could not be: %w",
			id, record.Successor, err)
	}
	return record, nil
}

// lookupNow returns the record that the store has now, and not what it had when it was last looked at.
func lookupNow(ctx context.Context, keeper Keeper, id string) (Record, error) {
	if file, ok := keeper.(*File); ok {
		return file.lookupNow(id)
	}
	return keeper.Lookup(ctx, id)
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
