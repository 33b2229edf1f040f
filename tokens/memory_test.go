package tokens_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

func TestMemory_sharesNothingWithItsUsers(t *testing.T) {
	ctx, store := t.Context(), newMemory(t)
	scopes := tokens.Scopes{"a.b"}
	_, record := issue(t, store, tokens.Draft{Name: "n", Scopes: scopes})
	scopes[0] = "changed.by.the.drafter"
	record.Scopes[0] = "changed.by.the.issuer"
	found, err := store.Lookup(ctx, record.ID)
	if err != nil {
		t.Fatal(err)
	}
	found.Scopes[0] = "changed.by.a.reader"
	list, err := store.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	list[0].Scopes[0] = "changed.by.a.lister"
	if _, err := store.Change(ctx, record.ID, func(r *tokens.Record) error {
		r.Scopes[0] = "changed.by.a.change.that.failed"
		return errBroken
	}); !errors.Is(err, errBroken) {
		t.Errorf("Change = %v, want %v", err, errBroken)
	}
	if after, _ := store.Lookup(ctx, record.ID); after.Scopes[0] != "a.b" {
		t.Errorf("Scopes = %q, want a.b", after.Scopes)
	}
}

func TestNewMemory_refusesRecords(t *testing.T) {
	_, record := issue(t, newMemory(t), tokens.Draft{Name: "n"})
	if _, err := tokens.NewMemory(record, record); err == nil {
		t.Errorf("NewMemory of a record twice = no error, want one")
	}
	if _, err := tokens.NewMemory(tokens.Record{}); err == nil {
		t.Error("NewMemory of an empty record = no error, want one")
	}
	if _, err := newMemory(t, record).Lookup(context.Background(), record.ID); err != nil {
		t.Errorf("Lookup = %v, want none", err)
	}
}

func TestMemory_idsDifferInTheirRandomPart(t *testing.T) {
	store := newMemory(t)
	secret, record := issue(t, store, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}})
	other := record
	other.ID = "acme_" + record.ID[4:]
	if _, err := store.Lookup(t.Context(), other.ID); !errors.Is(err, tokens.ErrNotFound) {
		t.Errorf("Lookup(%s) where there is %s = %v, want %v", other.ID, record.ID, err, tokens.ErrNotFound)
	}
	if err := store.Add(t.Context(), other); !errors.Is(err, tokens.ErrExists) {
		t.Errorf("Add(%s) where there is %s = %v, want %v", other.ID, record.ID, err, tokens.ErrExists)
	}
	svc := newService(tokens.New(store), "m")
	if got := call(t, svc, with(reseal("acme_"+secret.Reveal()[4:45])), "m"); got.code() != jacinth.AccessDenied {
		t.Errorf("a call with another prefix = %v, want %v", got.code(), jacinth.AccessDenied)
	}
}

func TestMemory_findsEachOfMany(t *testing.T) {
	for count := range 40 {
		store, ids := newMemory(t), []string(nil)
		for range count {
			_, record := issue(t, store, tokens.Draft{Name: "n"})
			ids = append(ids, record.ID)
		}
		list, err := store.List(t.Context())
		if err != nil || len(list) != count {
			t.Fatalf("List = %d records, %v, want %d", len(list), err, count)
		}
		again := newMemory(t, list...)
		svc := newService(tokens.New(again), "m")
		for _, id := range ids {
			if found, err := again.Lookup(t.Context(), id); err != nil || found.ID != id {
				t.Errorf("of %d records Lookup(%s) = %s, %v, want it", count, id, found.ID, err)
			}
		}
		if got := call(t, svc, with(randomToken(t)), "m"); got.code() != jacinth.AccessDenied {
			t.Errorf("of %d records a token that nobody has = %v, want %v", count, got.code(), jacinth.AccessDenied)
		}
	}
}
