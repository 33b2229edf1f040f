package tokens_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

// TestHostile_waitingTakesNothingOfATokensLimits holds that calls that wait leave a token all that it may have in flight
// and all that it may have in a second, and that they have bounds too.
func TestHostile_waitingTakesNothingOfATokensLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, err := tokens.NewMemory()
		if err != nil {
			t.Fatal(err)
		}
		secret, _, err := tokens.Issue(t.Context(), store, tokens.Draft{
			Name: "shop", Scopes: tokens.Scopes{"news", "work"}, Limits: tokens.Limits{InFlight: 2, PerSecond: 1, Burst: 100},
		})
		if err != nil {
			t.Fatal(err)
		}
		authorizer := tokens.New(store)
		news := &jacinth.Method{Name: "news", Private: true, Scope: "news", Waits: true}
		work := &jacinth.Method{Name: "work", Private: true, Scope: "work"}
		ask := func(method *jacinth.Method) error {
			return authorizer.Authorize(context.Background(), &jacinth.Request{
				Method: method, Peer: jacinth.Peer{Token: jacinth.Token(secret.Reveal()), Address: "10.0.0.7:4000"},
			})
		}
		for i := range 64 {
			if err := ask(news); err != nil {
				t.Fatalf("call %d that waits: %v, want 64, which is 32 for each that runs", i+1, err)
			}
		}
		if err := ask(news); !errors.Is(err, jacinth.Unavailable) {
			t.Errorf("call 65 that waits: %v, want Unavailable", err)
		}
		for range 2 {
			if err := ask(work); err != nil {
				t.Errorf("a call that works, beside those that wait: %v", err)
			}
		}
		if err := ask(work); !errors.Is(err, jacinth.Unavailable) {
			t.Errorf("a third call that works: %v, want Unavailable", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		store, err := tokens.NewMemory()
		if err != nil {
			t.Fatal(err)
		}
		secret, _, err := tokens.Issue(t.Context(), store, tokens.Draft{
			Name: "shop", Scopes: tokens.Scopes{"a"}, Limits: tokens.Limits{InFlight: 100, PerSecond: 1, Burst: 2},
		})
		if err != nil {
			t.Fatal(err)
		}
		authorizer := tokens.New(store)
		ask := func(waits bool) error {
			return authorizer.Authorize(context.Background(), &jacinth.Request{
				Method: &jacinth.Method{Name: "a", Private: true, Scope: "a", Waits: waits},
				Peer:   jacinth.Peer{Token: jacinth.Token(secret.Reveal()), Address: "10.0.0.7:4000"},
			})
		}
		for _, waits := range []bool{true, false} {
			for i := range 3 {
				if err := ask(waits); (err == nil) != (i < 2) {
					t.Errorf("call %d in a second (waits: %t): %v, want that two may be made", i+1, waits, err)
				}
			}
		}
	})
}
