package sqltest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

// keeper is a Keeper that also keeps last uses, as all of ours do.
type keeper interface {
	tokens.Keeper
	tokens.Toucher
}

// forEach runs a test on a new Keeper of each kind.
func forEach(t *testing.T, test func(t *testing.T, store keeper)) {
	t.Run("memory", func(t *testing.T) {
		store, err := tokens.NewMemory()
		if err != nil {
			t.Fatal(err)
		}
		test(t, store)
	})
	t.Run("file", func(t *testing.T) {
		store, err := tokens.CreateFile(filepath.Join(t.TempDir(), "tokens.json"))
		if err != nil {
			t.Fatal(err)
		}
		test(t, store)
	})
	forEachSQL(t, func(t *testing.T, store *tokens.SQL, _ *sql.DB) { test(t, store) })
}

func forEachSQL(t *testing.T, test func(t *testing.T, store *tokens.SQL, db *sql.DB)) {
	open := func(t *testing.T, db *sql.DB) {
		t.Helper()
		store := tokens.NewSQL(db)
		for range 2 { // it may be there already
			if err := store.CreateTable(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		test(t, store, db)
	}
	t.Run("sqlite", func(t *testing.T) { open(t, sqlite(t)) })
	for _, driver := range []string{"pgx", "postgres"} {
		t.Run("postgresql by "+driver, func(t *testing.T) { open(t, startedPostgres(t).database(t, driver)) })
	}
}

func sqlite(t *testing.T) *sql.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tokens.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func issue(t *testing.T, store tokens.Keeper, draft tokens.Draft) (tokens.Secret, tokens.Record) {
	t.Helper()
	secret, record, err := tokens.Issue(t.Context(), store, draft)
	if err != nil {
		t.Fatal(err)
	}
	return secret, record
}

var fullDraft = tokens.Draft{
	Name: `Robert'); DROP TABLE jacinth_tokens;--`, Owner: `"Ada" <ada@example.com> & Söhne 日本`,
	Scopes:    tokens.Scopes{"invoice.*", "registry:write:billing", "a/b-c_d"},
	NotBefore: time.Date(2033, 5, 18, 3, 33, 20, 999, time.FixedZone("somewhere", 7200)), Lifetime: 200 * 24 * time.Hour,
	Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32")},
	Limits:   tokens.Limits{PerSecond: 0.1, Burst: 12345, InFlight: jacinth.Unlimited}, Prefix: "acme_live_",
}

func TestKeeper_givesBackWhatItWasGiven(t *testing.T) {
	forEach(t, func(t *testing.T, store keeper) {
		for _, draft := range []tokens.Draft{fullDraft, {Name: "least"}, {Name: "never", Lifetime: tokens.Never}} {
			secret, record := issue(t, store, draft)
			found, err := store.Lookup(t.Context(), record.ID)
			if err != nil || !same(found, record) {
				t.Errorf("Lookup = %+v, %v, want %+v", found, err, record)
			}
			if found.NeverExpires() != (draft.Lifetime == tokens.Never) || !found.Hash.Equal(tokens.HashOf(secret.Reveal())) {
				t.Errorf("Lookup = %+v, want the end and the hash of the token", found)
			}
			for _, when := range []time.Time{found.Created, found.NotBefore, found.Expires} {
				if !when.IsZero() && (when.Location() != time.UTC || when.Nanosecond() != 0) {
					t.Errorf("Lookup gives the time %v, want it in UTC and whole seconds", when)
				}
			}
		}
	})
}

// same compares what matters: nil and no scopes are the same.
func same(a, b tokens.Record) bool {
	if len(a.Scopes)+len(b.Scopes) == 0 {
		a.Scopes, b.Scopes = nil, nil
	}
	if len(a.Networks)+len(b.Networks) == 0 {
		a.Networks, b.Networks = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

func TestKeeper_knowsWhatItDoesNotHave(t *testing.T) {
	forEach(t, func(t *testing.T, store keeper) {
		ctx := t.Context()
		_, record := issue(t, store, tokens.Draft{Name: "n"})
		for _, id := range []string{"", "x", "jcn_", "jcn_00000000", record.ID + "x", record.ID[1:], strings.ToUpper(record.ID), "' OR 1=1 --", "jcn_%"} {
			if found, err := store.Lookup(ctx, id); !errors.Is(err, tokens.ErrNotFound) {
				t.Errorf("Lookup(%q) = %+v, %v, want %v", id, found, err, tokens.ErrNotFound)
			}
			if _, err := store.Change(ctx, id, func(*tokens.Record) error { return nil }); !errors.Is(err, tokens.ErrNotFound) {
				t.Errorf("Change(%q) = %v, want %v", id, err, tokens.ErrNotFound)
			}
		}
	})
}

func TestKeeper_addsOnce(t *testing.T) {
	forEach(t, func(t *testing.T, store keeper) {
		_, record := issue(t, store, tokens.Draft{Name: "first"})
		second := record
		second.Name = "second"
		if err := store.Add(t.Context(), second); !errors.Is(err, tokens.ErrExists) {
			t.Errorf("Add of an id that is taken = %v, want %v", err, tokens.ErrExists)
		}
		if found, err := store.Lookup(t.Context(), record.ID); err != nil || found.Name != "first" {
			t.Errorf("Lookup = %q, %v, want the first record", found.Name, err)
		}
	})
}

func TestKeeper_refusesRecordsThatAreNotWell(t *testing.T) {
	forEach(t, func(t *testing.T, store keeper) {
		_, record := issue(t, store, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"a.b"}})
		for name, spoil := range map[string]func(*tokens.Record){
			"no name":       func(r *tokens.Record) { r.Name = "" },
			"no end":        func(r *tokens.Record) { r.Expires = time.Time{} },
			"a wild scope":  func(r *tokens.Record) { r.Scopes[0] = "*" },
			"two in one":    func(r *tokens.Record) { r.Scopes[0] = "a.b c.d" },
			"a bad network": func(r *tokens.Record) { r.Networks = []netip.Prefix{{}} },
		} {
			bad := record
			bad.ID = "jcn_0000000" + record.ID[len(record.ID)-1:]
			bad.Scopes = slices.Clone(record.Scopes)
			spoil(&bad)
			if err := store.Add(t.Context(), bad); err == nil || errors.Is(err, tokens.ErrExists) {
				t.Errorf("Add of a record with %s = %v, want an error", name, err)
			}
			if _, err := store.Change(t.Context(), record.ID, func(r *tokens.Record) error { spoil(r); return nil }); err == nil {
				t.Errorf("Change to a record with %s = no error, want one", name)
			}
			if found, err := store.Lookup(t.Context(), record.ID); err != nil || !same(found, record) {
				t.Errorf("after that Lookup = %+v, %v, want %+v", found, err, record)
			}
		}
	})
}

func TestKeeper_lists(t *testing.T) {
	forEach(t, func(t *testing.T, store keeper) {
		if list, err := store.List(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("List of nothing = %v, %v, want nothing", list, err)
		}
		var want []tokens.Record
		for i := range 20 {
			_, record := issue(t, store, tokens.Draft{Name: fmt.Sprintf("n%d", i)})
			want = append(want, record)
		}
		list, err := store.List(t.Context())
		if err != nil || len(list) != len(want) {
			t.Fatalf("List = %d records, %v, want %d", len(list), err, len(want))
		}
		slices.SortFunc(want, func(a, b tokens.Record) int {
			if c := a.Created.Compare(b.Created); c != 0 {
				return c
			}
			return strings.Compare(a.ID, b.ID)
		})
		for i := range list {
			if !same(list[i], want[i]) {
				t.Errorf("List[%d] = %+v, want %+v", i, list[i], want[i])
			}
		}
	})
}

func TestKeeper_changes(t *testing.T) {
	forEach(t, func(t *testing.T, store keeper) {
		ctx := t.Context()
		_, record := issue(t, store, fullDraft)
		_, other := issue(t, store, tokens.Draft{Name: "other"})
		want := record
		want.Name, want.Owner, want.Scopes, want.Networks = "changed", "", nil, nil
		want.NotBefore, want.Expires = time.Time{}, time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC)
		want.Revoked, want.LastUsed = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(2031, 1, 2, 3, 4, 5, 0, time.UTC)
		want.Limits, want.Successor = tokens.Limits{PerSecond: 1e9}, other.ID
		got, err := store.Change(ctx, record.ID, func(r *tokens.Record) error {
			if !same(*r, record) {
				t.Errorf("Change hands out %+v, want %+v", *r, record)
			}
			*r = want
			r.ID, r.Hash = other.ID, other.Hash // which nobody can change
			return nil
		})
		if err != nil || !same(got, want) {
			t.Errorf("Change = %+v, %v, want %+v", got, err, want)
		}
		if found, err := store.Lookup(ctx, record.ID); err != nil || !same(found, want) {
			t.Errorf("Lookup after Change = %+v, %v, want %+v", found, err, want)
		}
		if found, err := store.Lookup(ctx, other.ID); err != nil || !same(found, other) {
			t.Errorf("Lookup of another = %+v, %v, want %+v", found, err, other)
		}
		failure := errors.New("no")
		if _, err := store.Change(ctx, record.ID, func(r *tokens.Record) error { r.Name = "x"; return failure }); !errors.Is(err, failure) {
			t.Errorf("Change = %v, want %v", err, failure)
		}
		if found, _ := store.Lookup(ctx, record.ID); found.Name != "changed" {
			t.Errorf("the name after a Change that failed = %q, want it as it was", found.Name)
		}
	})
}

func TestKeeper_losesNoChange(t *testing.T) {
	forEach(t, func(t *testing.T, store keeper) {
		ctx := t.Context()
		_, record := issue(t, store, tokens.Draft{Name: "n"})
		const writers, each = 4, 10
		var wait sync.WaitGroup
		for writer := range writers {
			wait.Go(func() {
				for i := range each {
					for { // SQL gives up after some tries, with an error that says so
						_, err := store.Change(ctx, record.ID, func(r *tokens.Record) error {
							r.Scopes = append(r.Scopes, fmt.Sprintf("w%d.i%d", writer, i))
							return nil
						})
						if err == nil {
							break
						}
						if !strings.Contains(err.Error(), "try again") {
							t.Error(err)
							return
						}
					}
					if err := store.Touch(ctx, map[string]time.Time{record.ID: time.Now()}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		found, err := store.Lookup(ctx, record.ID)
		if err != nil || len(found.Scopes) != writers*each {
			t.Errorf("%d changes at a time left %d, %v: some were lost", writers*each, len(found.Scopes), err)
		}
	})
}

func TestKeeper_touches(t *testing.T) {
	forEach(t, func(t *testing.T, store keeper) {
		ctx := t.Context()
		_, one := issue(t, store, tokens.Draft{Name: "one"})
		_, two := issue(t, store, tokens.Draft{Name: "two"})
		_, three := issue(t, store, tokens.Draft{Name: "three"})
		later := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
		for _, used := range []map[string]time.Time{
			{one.ID: later.Add(-time.Hour), two.ID: later.Add(time.Millisecond)},
			{one.ID: later, two.ID: later.Add(-time.Hour), "jcn_00000000": later, "": later},
			{},
			nil,
		} {
			if err := store.Touch(ctx, used); err != nil {
				t.Errorf("Touch(%v) = %v, want none", used, err)
			}
		}
		for id, want := range map[string]time.Time{one.ID: later, two.ID: later, three.ID: {}} {
			if found, err := store.Lookup(ctx, id); err != nil || !found.LastUsed.Equal(want) {
				t.Errorf("LastUsed = %v, %v, want %v", found.LastUsed, err, want)
			}
		}
	})
}

func TestKeeper_wholeLife(t *testing.T) {
	forEach(t, func(t *testing.T, store keeper) {
		ctx := t.Context()
		first, record := issue(t, store, tokens.Draft{Name: "ada", Scopes: tokens.Scopes{"m"}})
		svc := jacinth.New(jacinth.Config{Name: "test", Authorize: tokens.New(store).Authorize})
		jacinth.Private(svc, "m", func(ctx context.Context, _ jacinth.None) (string, error) { return jacinth.CallerFrom(ctx).Name, nil })
		call := func(secret tokens.Secret) string {
			return string(svc.Dispatch(ctx, jacinth.Peer{Token: jacinth.Token(secret.Reveal())}, []byte(`{"jsonrpc":"2.0","id":1,"method":"m"}`), nil))
		}
		well := `{"jsonrpc":"2.0","id":1,"result":"ada"}`
		if got := call(first); got != well {
			t.Errorf("a call = %s, want %s", got, well)
		}
		second, next, err := tokens.Rotate(ctx, store, record.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []tokens.Secret{first, second} {
			if got := call(secret); got != well {
				t.Errorf("a call while both work = %s, want %s", got, well)
			}
		}
		if found, err := tokens.Verify(ctx, store, first.Reveal()); err != nil || found.Successor != next.ID {
			t.Errorf("Verify(the first) = %+v, %v, want it to name its successor %s", found, err, next.ID)
		}
		if _, err := tokens.Revoke(ctx, store, next.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := tokens.Verify(ctx, store, second.Reveal()); !errors.Is(err, tokens.ErrRevoked) {
			t.Errorf("Verify(the second) = %v, want %v", err, tokens.ErrRevoked)
		}
		if got := string(svc.Dispatch(ctx, jacinth.Peer{Token: jacinth.Token(second.Reveal() + "x")}, []byte(`{"jsonrpc":"2.0","id":1,"method":"m"}`), nil)); got == well {
			t.Errorf("a call with a wrong token = %s", got)
		}
	})
}
