package tokens_test

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

// shared are addresses as transports give them to callers that have none of their own, or share one.
var shared = []string{"nats:jacinth.billing", "@", "", "/run/billing.sock", "127.0.0.1:4000", "[::1]:4000", "10.9.8.7:4000"}

// TestHostile_wrongTokensOfOneSenderLockOutNobody has one caller try wrong tokens, and others behind the same address come
// with good ones that the service has not seen.
func TestHostile_wrongTokensOfOneSenderLockOutNobody(t *testing.T) {
	for _, address := range shared {
		for name, far := range map[string]bool{"near": false, "far": true} {
			synctest.Test(t, func(t *testing.T) {
				memory := newMemory(t)
				store := tokens.Store(memory)
				if far {
					store = &flaky{store: memory}
				}
				svc := newService(tokens.New(store, tokens.Proxies(netip.MustParsePrefix("10.9.8.0/24"))), "m")
				for i := range 500 {
					wrong := jacinth.Peer{Token: jacinth.Token(randomToken(t)), Address: address}
					if got := call(t, svc, wrong, "m"); got.code() != jacinth.AccessDenied {
						t.Fatalf("%q, %s: wrong token %d = %v, want %v", address, name, i, got.code(), jacinth.AccessDenied)
					}
				}
				secret, _ := issue(t, memory, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}})
				good := jacinth.Peer{Token: jacinth.Token(secret.Reveal()), Address: address}
				if got := call(t, svc, good, "m"); got.code() != 0 {
					t.Errorf("%q, %s: a good token after 500 wrong ones of another = %+v, want it let through", address, name, got.Error)
				}
			})
		}
	}
}

// TestHostile_guessesOfManyAreBounded: senders that share an address cannot have a store asked without end, and one that is
// in memory need not be spared.
func TestHostile_guessesOfManyAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := newMemory(t)
		store := &flaky{store: memory}
		svc, near := newService(tokens.New(store), "m"), newService(tokens.New(memory), "m")
		known, _ := issue(t, memory, tokens.Draft{Name: "known", Scopes: tokens.Scopes{"m"}})
		late, _ := issue(t, memory, tokens.Draft{Name: "late", Scopes: tokens.Scopes{"m"}})
		from := func(token string) jacinth.Peer { return jacinth.Peer{Token: jacinth.Token(token), Address: "nats:x"} }
		call(t, svc, from(known.Reveal()), "m")
		for i := range 1500 {
			got := call(t, svc, from(randomToken(t)), "m")
			want := jacinth.AccessDenied
			if i >= 1000 {
				want = jacinth.Unavailable
			}
			if got.code() != want {
				t.Fatalf("wrong token %d at once = %v, want %v", i, got.code(), want)
			}
			if got := call(t, near, from(randomToken(t)), "m"); got.code() != jacinth.AccessDenied {
				t.Fatalf("wrong token %d, of a store in memory = %v, want %v", i, got.code(), jacinth.AccessDenied)
			}
		}
		if got := store.count(); got != 1001 {
			t.Errorf("1500 wrong tokens at once asked the store %d times, want 1000 times and once for the good one", got)
		}
		if got := call(t, svc, from(known.Reveal()), "m"); got.code() != 0 {
			t.Errorf("a token known to be good = %+v, want it let through", got.Error)
		}
		if got := call(t, svc, with(late.Reveal()), "m"); got.code() != 0 {
			t.Errorf("a token that is not known, of a sender with an address = %+v, want it let through", got.Error)
		}
		late, _ = issue(t, memory, tokens.Draft{Name: "later", Scopes: tokens.Scopes{"m"}})
		got := call(t, svc, from(late.Reveal()), "m")
		unavailable(t, "a token that is not known, of one who shares an address", got)
		time.Sleep(time.Duration(got.Error.Data.RetryAfterMS) * time.Millisecond)
		if got := call(t, svc, from(late.Reveal()), "m"); got.code() != 0 {
			t.Errorf("the same after retryAfterMs = %+v, want it let through", got.Error)
		}
	})
}

// TestHostile_lookupsOfManyLeaveRoom: a slow store that senders without an address flood is asked for others too, and again
// for tokens that were good.
func TestHostile_lookupsOfManyLeaveRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := newMemory(t)
		store := &flaky{store: memory}
		svc := newService(tokens.New(store, tokens.Grace(0)), "m")
		known, _ := issue(t, memory, tokens.Draft{Name: "known", Scopes: tokens.Scopes{"m"}})
		late, _ := issue(t, memory, tokens.Draft{Name: "late", Scopes: tokens.Scopes{"m"}})
		call(t, svc, with(known.Reveal()), "m")
		time.Sleep(time.Minute) // so that it is asked for again
		block := make(chan struct{})
		store.mu.Lock()
		store.block = block
		store.mu.Unlock()
		var calls sync.WaitGroup
		for _, address := range []string{"nats:x", "192.0.2.77:1"} {
			flood := 100
			if address == "192.0.2.77:1" {
				flood = 64 // of one with an address, while none of them is known to be wrong
			}
			for range flood {
				token := randomToken(t)
				calls.Go(func() { call(t, svc, jacinth.Peer{Token: jacinth.Token(token), Address: address}, "m") })
			}
			synctest.Wait()
		}
		if got := store.count(); got != 1+64+64 {
			t.Errorf("the store is asked %d times at a time, want 64 times for each", got-1)
		}
		for name, secret := range map[string]tokens.Secret{"known": known, "late": late} {
			calls.Go(func() {
				if got := call(t, svc, with(secret.Reveal()), "m"); got.code() != 0 {
					t.Errorf("the %s token of a sender with an address = %+v, want it let through", name, got.Error)
				}
			})
		}
		synctest.Wait()
		close(block)
		calls.Wait()
	})
}

func TestProxies_areOnlyTheNamed(t *testing.T) {
	svc := newService(tokens.New(newMemory(t), tokens.Guesses(1, 2), tokens.Proxies(netip.MustParsePrefix("10.9.8.0/24"))), "m")
	for address, want := range map[string]jacinth.Code{"10.9.8.7:1": jacinth.AccessDenied, "10.9.7.7:1": jacinth.Unavailable} {
		var got jacinth.Code
		for range 5 {
			got = call(t, svc, jacinth.Peer{Token: jacinth.Token(randomToken(t)), Address: address}, "m").code()
		}
		if got != want {
			t.Errorf("wrong token 5 from %s = %v, want %v", address, got, want)
		}
	}
	defer func() {
		if text := fmt.Sprint(recover()); text != `tokens: Proxies: a network is not valid: write it as netip.MustParsePrefix("10.1.0.0/16")` {
			t.Errorf("New with a network that is none panicked with %s", text)
		}
	}()
	tokens.New(newMemory(t), tokens.Proxies(netip.Prefix{}))
}
