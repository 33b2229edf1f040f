package tokens_test

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

const day = 24 * time.Hour

func TestIssue_lifetimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		store := newMemory(t)
		for _, test := range []struct {
			draft tokens.Draft
			want  time.Time
		}{
			{tokens.Draft{}, now.Add(90 * day)},
			{tokens.Draft{Lifetime: time.Hour}, now.Add(time.Hour)},
			{tokens.Draft{Lifetime: 366 * day}, now.Add(366 * day)},
			{tokens.Draft{Lifetime: tokens.Never}, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
			{tokens.Draft{Lifetime: time.Hour, NotBefore: now.Add(day)}, now.Add(25 * time.Hour)},
			{tokens.Draft{Lifetime: time.Hour, NotBefore: now.Add(-day)}, now.Add(time.Hour)},
		} {
			test.draft.Name = "n"
			_, record := issue(t, store, test.draft)
			if !record.Expires.Equal(test.want) {
				t.Errorf("Issue(%+v).Expires = %v, want %v", test.draft, record.Expires, test.want)
			}
			if never := test.draft.Lifetime == tokens.Never; record.NeverExpires() != never {
				t.Errorf("Issue(%+v).NeverExpires() = %v, want %v", test.draft, record.NeverExpires(), never)
			}
		}
		for _, lifetime := range []time.Duration{-2, -time.Hour, 1, 366*day + 1, math.MaxInt64} {
			if _, _, err := tokens.Issue(t.Context(), store, tokens.Draft{Name: "n", Lifetime: lifetime}); err == nil {
				t.Errorf("Issue with the lifetime %v = no error, want one", lifetime)
			}
		}
	})
}

func TestIssue_refusesRecordsThatAreNotWell(t *testing.T) {
	token := randomToken(t)
	for name, draft := range map[string]tokens.Draft{
		"token as a name":   {Name: token},
		"token as an owner": {Name: "n", Owner: "whoever has " + token},
		"token as a scope":  {Name: "n", Scopes: tokens.Scopes{token}},
		"no name":           {},
		"long name":         {Name: strings.Repeat("n", 129)},
		"name with a line":  {Name: "a\nb"},
		"name with escapes": {Name: "a\x1b[31m"},
		"name not UTF-8":    {Name: "a\xff"},
		"padded name":       {Name: " a"},
		"owner with a line": {Name: "n", Owner: "a\u2028b"},
		"network with bits": {Name: "n", Networks: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8")}},
		"zero network":      {Name: "n", Networks: []netip.Prefix{{}}},
		"mapped network":    {Name: "n", Networks: []netip.Prefix{netip.MustParsePrefix("::ffff:0.0.0.0/96")}},
		"hardly a rate":     {Name: "n", Limits: tokens.Limits{PerSecond: 1e-7}},
		"negative rate":     {Name: "n", Limits: tokens.Limits{PerSecond: -2}},
		"rate not a number": {Name: "n", Limits: tokens.Limits{PerSecond: math.NaN()}},
		"endless rate":      {Name: "n", Limits: tokens.Limits{PerSecond: math.Inf(1)}},
		"negative burst":    {Name: "n", Limits: tokens.Limits{PerSecond: 1, Burst: -1}},
		"negative slots":    {Name: "n", Limits: tokens.Limits{InFlight: -2}},
	} {
		secret, _, err := tokens.Issue(t.Context(), newMemory(t), draft)
		if err != nil && strings.Contains(err.Error(), token) {
			t.Errorf("Issue of a record with %s tells the token: %v", name, err)
		}
		if err == nil || secret.Reveal() != "" {
			t.Errorf("Issue of a record with %s = %v, want an error and no token", name, err)
		}
	}
	fine := tokens.Draft{
		Name: "Ada & Söhne", Owner: "team <billing@example.com>", Networks: []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")},
		Limits: tokens.Limits{PerSecond: jacinth.Unlimited, InFlight: jacinth.Unlimited},
	}
	if _, _, err := tokens.Issue(t.Context(), newMemory(t), fine); err != nil {
		t.Errorf("Issue(%+v) = %v, want none", fine, err)
	}
}

func TestRotate_overlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		first, old := issue(t, store, tokens.Draft{
			Name: "ci", Owner: "team", Scopes: tokens.Scopes{"a.*"}, Lifetime: 30 * day, Prefix: "acme_",
			Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Limits: tokens.Limits{PerSecond: 5},
		})
		time.Sleep(10 * day)
		second, next, err := tokens.Rotate(t.Context(), store, old.ID, tokens.DefaultOverlap)
		if err != nil {
			t.Fatal(err)
		}
		if next.ID == old.ID || !strings.HasPrefix(next.ID, "acme_") || second.Reveal() == first.Reveal() {
			t.Errorf("Rotate(%s) = %s, want another token with the same prefix", old.ID, next.ID)
		}
		if next.Name != "ci" || next.Owner != "team" || !next.Scopes.Allow("a.b") || len(next.Networks) != 1 || next.Limits.PerSecond != 5 {
			t.Errorf("Rotate = %+v, want what %+v may do", next, old)
		}
		if want := time.Now().Add(30 * day); !next.Expires.Equal(want) {
			t.Errorf("Rotate.Expires = %v, want %v", next.Expires, want)
		}
		for _, step := range []struct {
			wait                time.Duration
			wantFirst, wantNext error
		}{
			{0, nil, nil},
			{day - time.Second, nil, nil},
			{time.Second, tokens.ErrExpired, nil},
			{29 * day, tokens.ErrExpired, tokens.ErrExpired},
		} {
			time.Sleep(step.wait)
			if _, err := tokens.Verify(t.Context(), store, first.Reveal()); !errors.Is(err, step.wantFirst) {
				t.Errorf("after %v Verify(old) = %v, want %v", step.wait, err, step.wantFirst)
			}
			if _, err := tokens.Verify(t.Context(), store, second.Reveal()); !errors.Is(err, step.wantNext) {
				t.Errorf("after %v Verify(new) = %v, want %v", step.wait, err, step.wantNext)
			}
		}
	})
}

func TestRotate_edges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, store := t.Context(), newMemory(t)
		_, never := issue(t, store, tokens.Draft{Name: "never", Lifetime: tokens.Never})
		_, next, err := tokens.Rotate(ctx, store, never.ID, 0)
		if err != nil || !next.NeverExpires() {
			t.Errorf("Rotate of a token that never expires = %+v, %v, want one like it", next, err)
		}
		if after, _ := store.Lookup(ctx, never.ID); after.State(time.Now()) != tokens.Expired || after.Successor != next.ID {
			t.Errorf("the old token after Rotate without overlap = %+v, want it expired, and its successor named", after)
		}

		_, soon := issue(t, store, tokens.Draft{Name: "soon", Lifetime: time.Hour})
		if _, _, err := tokens.Rotate(ctx, store, soon.ID, day); err != nil {
			t.Fatal(err)
		}
		if after, _ := store.Lookup(ctx, soon.ID); !after.Expires.Equal(soon.Expires) {
			t.Errorf("an overlap beyond the end moved it from %v to %v", soon.Expires, after.Expires)
		}
		if _, _, err := tokens.Rotate(ctx, store, soon.ID, day); err == nil || !strings.Contains(err.Error(), "rotate jcn_") {
			t.Errorf("a second Rotate = %v, want an error that names the successor", err)
		}

		_, later := issue(t, store, tokens.Draft{Name: "later", Lifetime: time.Hour, NotBefore: time.Now().Add(day)})
		if _, next, err = tokens.Rotate(ctx, store, later.ID, 0); err != nil || !next.Expires.Equal(later.Expires) {
			t.Errorf("Rotate of a token that is to come = %+v, %v, want the same end %v", next, err, later.Expires)
		}
		time.Sleep(day + time.Minute)
		if _, next, err = tokens.Rotate(ctx, store, next.ID, 0); err != nil || !next.Expires.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("Rotate of a token that has come = %+v, %v, want an hour from now", next, err)
		}

		_, dead := issue(t, store, tokens.Draft{Name: "dead"})
		if _, err := tokens.Revoke(ctx, store, dead.ID); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{dead.ID, soon.ID, "jcn_00000000"} {
			if secret, _, err := tokens.Rotate(ctx, store, id, 0); err == nil || secret.Reveal() != "" {
				t.Errorf("Rotate(%s) = %v, want an error and no token", id, err)
			}
		}
		if _, _, err := tokens.Rotate(ctx, store, next.ID, -1); err == nil {
			t.Error("Rotate with a negative overlap = no error, want one")
		}
	})
}

// unchanging is a Memory whose records stay as they are.
type unchanging struct{ *tokens.Memory }

func (unchanging) Change(context.Context, string, func(*tokens.Record) error) (tokens.Record, error) {
	return tokens.Record{}, errBroken
}

func TestRotate_handsOutTheSuccessorWhenTheOldCannotBeEnded(t *testing.T) {
	store := newMemory(t)
	_, old := issue(t, store, tokens.Draft{Name: "n"})
	secret, next, err := tokens.Rotate(t.Context(), unchanging{store}, old.ID, 0)
	if !errors.Is(err, errBroken) {
		t.Errorf("Rotate = %v, want %v", err, errBroken)
	}
	if _, err := tokens.Verify(t.Context(), store, secret.Reveal()); err != nil || next.ID == old.ID {
		t.Errorf("Verify(the successor) = %v, want none: it exists, so it must not be lost", err)
	}
}

// racing is a Memory in which another operator rotates a token between the look-up and the change.
type racing struct {
	*tokens.Memory
	raced bool
}

func (r *racing) Change(ctx context.Context, id string, change func(*tokens.Record) error) (tokens.Record, error) {
	if !r.raced {
		r.raced = true
		if _, _, err := tokens.Rotate(ctx, r.Memory, id, 0); err != nil {
			return tokens.Record{}, err
		}
	}
	return r.Memory.Change(ctx, id, change)
}

func TestRotate_twiceAtOnceLeavesOneSuccessor(t *testing.T) {
	store := newMemory(t)
	_, old := issue(t, store, tokens.Draft{Name: "n"})
	if secret, _, err := tokens.Rotate(t.Context(), &racing{Memory: store}, old.ID, 0); err == nil || secret.Reveal() != "" {
		t.Errorf("Rotate after another = %v, want an error and no token", err)
	}
	list, err := store.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	active := 0
	for _, record := range list {
		if record.State(time.Now()) == tokens.Active {
			active++
		}
	}
	if len(list) != 3 || active != 1 {
		t.Errorf("after two rotations at once there are %d records, %d of them active; want 3 and 1", len(list), active)
	}
}

func TestRevoke_keepsTheFirstTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		secret, record := issue(t, store, tokens.Draft{Name: "n"})
		first, err := tokens.Revoke(t.Context(), store, record.ID)
		if err != nil || !first.Revoked.Equal(time.Now()) {
			t.Fatalf("Revoke = %+v, %v, want it revoked now", first, err)
		}
		time.Sleep(time.Hour)
		if again, err := tokens.Revoke(t.Context(), store, record.ID); err != nil || !again.Revoked.Equal(first.Revoked) {
			t.Errorf("Revoke again = %+v, %v, want it revoked at %v", again, err, first.Revoked)
		}
		if _, err := tokens.Verify(t.Context(), store, secret.Reveal()); !errors.Is(err, tokens.ErrRevoked) {
			t.Errorf("Verify = %v, want %v", err, tokens.ErrRevoked)
		}
		if _, err := tokens.Revoke(t.Context(), store, "jcn_00000000"); !errors.Is(err, tokens.ErrNotFound) {
			t.Errorf("Revoke of no token = %v, want %v", err, tokens.ErrNotFound)
		}
	})
}

func TestVerify_tells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		active, _ := issue(t, store, tokens.Draft{Name: "active"})
		pending, _ := issue(t, store, tokens.Draft{Name: "pending", NotBefore: time.Now().Add(time.Hour)})
		for token, want := range map[string]error{
			active.Reveal():                        nil,
			pending.Reveal():                       tokens.ErrPending,
			wrongSecret(t, active.Reveal()):        tokens.ErrWrongSecret,
			randomToken(t):                         tokens.ErrNotFound,
			"hunter2":                              tokens.ErrMalformed,
			active.Reveal() + pending.Reveal()[:1]: tokens.ErrMalformed,
		} {
			if _, err := tokens.Verify(t.Context(), store, token); !errors.Is(err, want) {
				t.Errorf("Verify(%s) = %v, want %v", tokens.Redact(token), err, want)
			}
		}
		if _, err := tokens.Verify(t.Context(), &flaky{err: errBroken}, active.Reveal()); !errors.Is(err, errBroken) {
			t.Errorf("Verify in a broken store = %v, want %v", err, errBroken)
		}
	})
}
