package tokens

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

const (
	maxName = 128

	// Never is the Lifetime of a token that does not expire.
	Never time.Duration = jacinth.Unlimited

	// DefaultLifetime is that of a token whose Draft names none.
	DefaultLifetime = 90 * 24 * time.Hour

	// MaxLifetime is the longest that a token may live, unless it is Never that it expires.
	MaxLifetime = 366 * 24 * time.Hour
)

// endOfTime is when a token expires that never does: the last second that RFC 3339 can write.
var endOfTime = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// Record is what a store knows of one token: everything but the token. Times are in UTC and whole seconds.
type Record struct {
	ID     string `json:"id"`   // public; the token begins with it
	Hash   Hash   `json:"hash"` // of the whole token
	Name   string `json:"name"` // who calls with it: shown in logs and to handlers
	Owner  string `json:"owner,omitzero"`
	Scopes Scopes `json:"scopes,omitempty"`

	Created   time.Time `json:"created"`
	NotBefore time.Time `json:"not_before,omitzero"`
	Expires   time.Time `json:"expires"` // required; see NeverExpires
	Revoked   time.Time `json:"revoked,omitzero"`
	LastUsed  time.Time `json:"last_used,omitzero"` // to the minute

	Networks []netip.Prefix `json:"networks,omitempty"` // that it may be used from; empty is everywhere
	Limits   Limits         `json:"limits,omitzero"`

	Successor string `json:"successor,omitzero"` // id of the token that replaces it, once it was rotated
}

// Limits bound what one token may ask of one process. A zero field is the default of the [Authorizer],
// [jacinth.Unlimited] takes a limit away.
type Limits struct {
	PerSecond float64 `json:"per_second,omitzero"` // calls a second, on average; each item of a batch is one
	Burst     int     `json:"burst,omitzero"`      // calls at once before PerSecond counts; 0 is a second's worth
	InFlight  int     `json:"in_flight,omitzero"`  // calls that run at a time; see DefaultInFlight
}

// State is what the clock and the record make of a token.
type State string

// The states of a token.
const (
	Active  State = "active"
	Pending State = "pending" // its NotBefore is to come
	Expired State = "expired"
	Revoked State = "revoked"
)

// State returns what r is at a time. A revoked token is that first of all.
func (r *Record) State(now time.Time) State {
	switch {
	case !r.Revoked.IsZero():
		return Revoked
	case !now.Before(r.Expires): // which a record without Expires, if one gets here, always is
		return Expired
	case now.Before(r.NotBefore):
		return Pending
	}
	return Active
}

// NeverExpires reports whether r is of a token that was issued for [Never].
func (r *Record) NeverExpires() bool { return !r.Expires.Before(endOfTime) }

// from reports whether r may be used from an address.
func (r *Record) from(address netip.Addr) bool {
	return len(r.Networks) == 0 || slices.ContainsFunc(r.Networks, func(n netip.Prefix) bool { return n.Contains(address) })
}

// clone returns a copy that shares nothing with r.
func (r *Record) clone() Record {
	c := *r
	c.Scopes = slices.Clone(r.Scopes)
	c.Networks = slices.Clone(r.Networks)
	return c
}

// sameAs reports whether two records of one token say the same, but for when it was last used.
func (r *Record) sameAs(other *Record) bool {
	return r.ID == other.ID && r.Hash == other.Hash && r.Name == other.Name && r.Owner == other.Owner &&
		r.Created.Equal(other.Created) && r.NotBefore.Equal(other.NotBefore) && r.Expires.Equal(other.Expires) &&
		r.Revoked.Equal(other.Revoked) && r.Limits == other.Limits && r.Successor == other.Successor &&
		slices.Equal(r.Scopes, other.Scopes) && slices.Equal(r.Networks, other.Networks)
}

// tidy brings the times of r into the form in which every store gives them back.
func (r *Record) tidy() {
	for _, t := range []*time.Time{&r.Created, &r.NotBefore, &r.Expires, &r.Revoked, &r.LastUsed} {
		if !t.IsZero() {
			*t = t.UTC().Truncate(time.Second)
		}
	}
	if r.Expires.After(endOfTime) {
		r.Expires = endOfTime
	}
}

// Check says what is wrong with a record, in a sentence. Stores refuse to keep such a record and fail on reading one.
func (r *Record) Check() error {
	if err := checkID(r.ID); err != nil {
		return fmt.Errorf("the record of %q: %w", r.ID, err)
	}
	if err := r.check(); err != nil {
		return fmt.Errorf("the record of %s: %w", r.ID, err)
	}
	return nil
}

func (r *Record) check() error {
	switch {
	case r.Hash.IsZero():
		return errors.New("it has no hash")
	case r.Expires.IsZero():
		return errors.New("it does not say when it expires")
	}
	if err := checkText("name", r.Name); err != nil {
		return err
	}
	if r.Owner != "" {
		if err := checkText("owner", r.Owner); err != nil {
			return err
		}
	}
	for _, network := range r.Networks {
		if !network.IsValid() || network != network.Masked() || network.Addr().Is4In6() {
			return fmt.Errorf("the network %q is not one: write it as 10.1.0.0/16, with no bits beyond the mask", network)
		}
	}
	if r.Successor != "" && checkID(r.Successor) != nil {
		return fmt.Errorf("its successor %q has no id: %w", r.Successor, errBadID)
	}
	if err := r.Limits.check(); err != nil {
		return err
	}
	return r.Scopes.check()
}

// checkText says what is wrong with a name: it goes into logs and tables as it is.
func checkText(field, text string) error {
	switch {
	case text == "" || len(text) > maxName:
		return fmt.Errorf("its %s has %d bytes: it is 1 to %d", field, len(text), maxName)
	case text != strings.TrimSpace(text):
		return fmt.Errorf("its %s %q begins or ends with a space", field, text)
	}
	for _, c := range text {
		if c < ' ' || c == 0x7f || c == '\ufffd' || '\u0080' <= c && c < '\u00a0' || c == '\u2028' || c == '\u2029' {
			return fmt.Errorf("its %s %q has a character that cannot be shown", field, text)
		}
	}
	return nil
}

func (l *Limits) check() error {
	switch {
	case l.PerSecond < 0 && l.PerSecond != jacinth.Unlimited || l.PerSecond > 1e9 || l.PerSecond != l.PerSecond:
		return fmt.Errorf("%v is no number of calls a second", l.PerSecond)
	case l.PerSecond > 0 && l.PerSecond < 1e-6:
		return errors.New("less than a call in eleven days is no rate: revoke the token")
	case l.Burst < 0:
		return fmt.Errorf("a burst of %d calls is none", l.Burst)
	case l.InFlight < 0 && l.InFlight != jacinth.Unlimited:
		return fmt.Errorf("%d is no number of calls in flight", l.InFlight)
	}
	return nil
}

// or returns l with the fields that are zero taken from others.
func (l Limits) or(others Limits) Limits {
	if l.PerSecond == 0 {
		l.PerSecond = others.PerSecond
		if l.Burst == 0 {
			l.Burst = others.Burst
		}
	}
	if l.InFlight == 0 {
		l.InFlight = others.InFlight
	}
	return l
}
