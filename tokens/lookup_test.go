package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

func TestAuthorize_asksTheStoreSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := newMemory(t)
		store := &flaky{store: memory}
		good, _ := issue(t, memory, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}})
		svc := newService(tokens.New(store), "m")
		bad := randomToken(t)
		for range 1000 {
			call(t, svc, with(good.Reveal()), "m")
			call(t, svc, with(bad), "m")
			call(t, svc, with("junk"), "m")
			call(t, svc, with(""), "m")
		}
		if got := store.count(); got != 2 {
			t.Errorf("4000 calls with one good, one wrong and no token asked the store %d times, want 2", got)
		}
		time.Sleep(5 * time.Second)
		call(t, svc, with(good.Reveal()), "m")
		call(t, svc, with(bad), "m")
		if got := store.count(); got != 3 {
			t.Errorf("5 s later the store was asked %d times in all, want 3: a no is not remembered for longer", got)
		}
	})
}

func TestAuthorize_junkIsNeverLookedUp(t *testing.T) {
	store := &flaky{store: newMemory(t)}
	svc := newService(tokens.New(store), "m")
	token := randomToken(t)
	for i := range len(token) {
		for _, c := range []string{"", "0", "z", "-"} {
			wrong := token[:i] + c + token[i+1:]
			if _, err := tokens.ParseID(wrong); err == nil {
				continue
			}
			if got := call(t, svc, with(wrong), "m"); got.code() != jacinth.AccessDenied {
				t.Errorf("the answer to %q = %v, want %v", wrong, got.code(), jacinth.AccessDenied)
			}
		}
	}
	if got := store.count(); got != 0 {
		t.Errorf("junk asked the store %d times, want 0", got)
	}
}

func TestAuthorize_aStampedeIsOneLookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := newMemory(t)
		secret, _ := issue(t, memory, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}})
		store := &flaky{store: memory, block: make(chan struct{})}
		svc := newService(tokens.New(store), "m")
		var calls sync.WaitGroup
		for range 200 {
			calls.Go(func() {
				if got := call(t, svc, with(secret.Reveal()), "m"); got.code() != 0 {
					t.Errorf("a call = %+v, want it let through", got.Error)
				}
			})
		}
		synctest.Wait()
		close(store.block)
		calls.Wait()
		if got := store.count(); got != 1 {
			t.Errorf("200 calls at once asked the store %d times, want 1", got)
		}
	})
}

func TestAuthorize_whoeverHangsUpSpoilsNothingForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := newMemory(t)
		secret, _ := issue(t, memory, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}})
		store := &flaky{store: memory, block: make(chan struct{})}
		svc := newService(tokens.New(store), "m")
		ctx, hangUp := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		calls.Go(func() { svc.Dispatch(ctx, with(secret.Reveal()), []byte(`{"jsonrpc":"2.0","id":1,"method":"m"}`), nil) })
		synctest.Wait()
		calls.Go(func() {
			if got := call(t, svc, with(secret.Reveal()), "m"); got.code() != 0 {
				t.Errorf("a call that waited for another's look-up = %+v, want it let through", got.Error)
			}
		})
		synctest.Wait()
		hangUp()
		synctest.Wait()
		close(store.block)
		calls.Wait()
	})
}

// unavailable checks that a reply asks to come back and says that nothing was run.
func unavailable(t *testing.T, what string, got reply) {
	t.Helper()
	if got.code() != jacinth.Unavailable || got.Error.Data.Processed == nil || *got.Error.Data.Processed {
		t.Errorf("%s = %+v, want %v with processed false", what, got.Error, jacinth.Unavailable)
	}
}

func TestAuthorize_storeDown(t *testing.T) {
	for name, hang := range map[string]bool{"fails": false, "hangs": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				memory := newMemory(t)
				store := &flaky{store: memory}
				known, _ := issue(t, memory, tokens.Draft{Name: "known", Scopes: tokens.Scopes{"m"}})
				unknown, _ := issue(t, memory, tokens.Draft{Name: "unknown", Scopes: tokens.Scopes{"m"}})
				svc := newService(tokens.New(store, tokens.Guesses(jacinth.Unlimited, 0)), "m")
				if got := call(t, svc, with(known.Reveal()), "m"); got.code() != 0 {
					t.Fatalf("a call while the store is up = %+v", got.Error)
				}
				store.set(errBroken, hang)
				down := time.Now()
				for time.Since(down) < 4*time.Minute+50*time.Second {
					if got := call(t, svc, with(known.Reveal()), "m"); got.code() != 0 {
						t.Fatalf("a token known to be good, %v after the store went down: %+v", time.Since(down), got.Error)
					}
					unavailable(t, "a token that is not known", call(t, svc, with(unknown.Reveal()), "m"))
					unavailable(t, "a token that nobody has", call(t, svc, with(randomToken(t)), "m"))
					if got := call(t, svc, with(""), "m"); got.code() != jacinth.AccessDenied {
						t.Errorf("no token = %+v, want %v: that needs no store", got.Error, jacinth.AccessDenied)
					}
					time.Sleep(7 * time.Second)
				}
				time.Sleep(30 * time.Second)
				unavailable(t, "a token known to be good, more than 5 min after", call(t, svc, with(known.Reveal()), "m"))

				store.set(nil, false)
				time.Sleep(5 * time.Second)
				for _, secret := range []tokens.Secret{known, unknown} {
					if got := call(t, svc, with(secret.Reveal()), "m"); got.code() != 0 {
						t.Errorf("a call once the store is back = %+v, want it let through", got.Error)
					}
				}
			})
		})
	}
}

func TestAuthorize_hangingStoreHoldsUpFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &flaky{store: newMemory(t), hang: true}
		svc := newService(tokens.New(store, tokens.Guesses(jacinth.Unlimited, 0)), "m")
		start := time.Now()
		const calls = 100
		for range calls {
			unavailable(t, "a call", call(t, svc, with(randomToken(t)), "m"))
		}
		if waited := time.Since(start); waited > 10*time.Second {
			t.Errorf("%d calls one after another waited %v for a store that hangs, want three times 3 s", calls, waited)
		}
	})
}

func TestAuthorize_asksOfFewTokensAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &flaky{store: newMemory(t), block: make(chan struct{})}
		svc := newService(tokens.New(store, tokens.Guesses(jacinth.Unlimited, 0)), "m")
		var calls sync.WaitGroup
		var crowded atomic.Int64
		for range 300 {
			token := randomToken(t)
			calls.Go(func() {
				if call(t, svc, with(token), "m").code() == jacinth.Unavailable {
					crowded.Add(1)
				}
			})
		}
		synctest.Wait()
		if asked := store.count(); asked != 128 || crowded.Load() != 300-128 {
			t.Errorf("of 300 tokens at a time %d are looked up and %d are told to come back, want 128 and the rest", asked, crowded.Load())
		}
		close(store.block)
		calls.Wait()
	})
}

func TestAuthorize_storeThatIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		defer close(block)
		svc := newService(tokens.New(&flaky{store: newMemory(t), block: block}), "m")
		start := time.Now()
		unavailable(t, "a call", call(t, svc, with(randomToken(t)), "m"))
		if waited := time.Since(start); waited != 3*time.Second {
			t.Errorf("a call waited %v for a store that hangs, want 3s", waited)
		}
	})
}

func TestAuthorize_oneBadRecordIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := newMemory(t)
		bad, badRecord := issue(t, memory, tokens.Draft{Name: "bad", Scopes: tokens.Scopes{"m"}})
		store := tokens.Func(func(ctx context.Context, id string) (tokens.Record, error) {
			record, err := memory.Lookup(ctx, id)
			if id == badRecord.ID {
				record.Scopes = tokens.Scopes{"*"}
			}
			return record, err
		})
		svc := newService(tokens.New(store, tokens.Guesses(jacinth.Unlimited, 0)), "m")
		for range 100 {
			unavailable(t, "a token with a bad record", call(t, svc, with(bad.Reveal()), "m"))
			good, _ := issue(t, memory, tokens.Draft{Name: "good", Scopes: tokens.Scopes{"m"}})
			if got := call(t, svc, with(good.Reveal()), "m"); got.code() != 0 {
				t.Fatalf("a good token = %+v, want it let through", got.Error)
			}
		}
	})
}

func TestAuthorize_oneFailingLookupIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := newMemory(t)
		bad, badRecord := issue(t, memory, tokens.Draft{Name: "bad", Scopes: tokens.Scopes{"m"}})
		store := tokens.Func(func(ctx context.Context, id string) (tokens.Record, error) {
			if id == badRecord.ID {
				return tokens.Record{}, errBroken
			}
			return memory.Lookup(ctx, id)
		})
		svc := newService(tokens.New(store), "m")
		for range 10 {
			unavailable(t, "a token whose look-up fails", call(t, svc, with(bad.Reveal()), "m"))
			good, _ := issue(t, memory, tokens.Draft{Name: "good", Scopes: tokens.Scopes{"m"}})
			if got := call(t, svc, with(good.Reveal()), "m"); got.code() != 0 {
				t.Fatalf("a good token beside it = %+v, want it let through", got.Error)
			}
		}
	})
}

func TestFunc_answersThatAreNone(t *testing.T) {
	secret, record := issue(t, newMemory(t), tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}})
	_, other := issue(t, newMemory(t), tokens.Draft{Name: "other", Scopes: tokens.Scopes{"m"}})
	for name, test := range map[string]struct {
		find tokens.Func
		want jacinth.Code
	}{
		"the record":      {func(context.Context, string) (tokens.Record, error) { return record, nil }, 0},
		"an empty record": {func(context.Context, string) (tokens.Record, error) { return tokens.Record{}, nil }, jacinth.AccessDenied},
		"another record":  {func(context.Context, string) (tokens.Record, error) { return other, nil }, jacinth.AccessDenied},
		"not found": {func(context.Context, string) (tokens.Record, error) {
			return record, fmt.Errorf("no: %w", tokens.ErrNotFound)
		}, jacinth.AccessDenied},
		"another id": {func(context.Context, string) (tokens.Record, error) {
			r := record
			r.ID = other.ID
			return r, nil
		}, jacinth.AccessDenied},
		"no hash": {func(context.Context, string) (tokens.Record, error) {
			r := record
			r.Hash = tokens.Hash{}
			return r, nil
		}, jacinth.AccessDenied},
		"no expiry": {func(context.Context, string) (tokens.Record, error) {
			r := record
			r.Expires = time.Time{}
			return r, nil
		}, jacinth.Unavailable},
		"a panic": {func(context.Context, string) (tokens.Record, error) { panic("the callback") }, jacinth.Unavailable},
		"an error of ours": {func(context.Context, string) (tokens.Record, error) {
			return record, &jacinth.Error{Code: 1, Message: "leak"}
		}, jacinth.Unavailable},
	} {
		svc := newService(tokens.New(test.find), "m")
		if got := call(t, svc, with(secret.Reveal()), "m"); got.code() != test.want {
			t.Errorf("a callback that returns %s: %v, want %v", name, got.code(), test.want)
		} else if got.Error != nil && strings.Contains(got.Error.Message+got.Error.Data.Reason, "leak") {
			t.Errorf("a callback that returns %s: %+v, want nothing of the error", name, got.Error)
		}
	}
}

func TestAuthorize_brokenFileIsAStoreThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, path := newFile(t)
		known, _ := issue(t, store, tokens.Draft{Name: "known", Scopes: tokens.Scopes{"m"}})
		unknown, _ := issue(t, store, tokens.Draft{Name: "unknown", Scopes: tokens.Scopes{"m"}})
		svc := newService(tokens.New(store), "m")
		call(t, svc, with(known.Reveal()), "m")
		breakFile(t, path)
		time.Sleep(4 * time.Minute)
		if got := call(t, svc, with(known.Reveal()), "m"); got.code() != 0 {
			t.Errorf("a token known to be good = %+v, want it let through", got.Error)
		}
		unavailable(t, "a token that is not known", call(t, svc, with(unknown.Reveal()), "m"))
		time.Sleep(2 * time.Minute)
		unavailable(t, "a token known to be good, too long after", call(t, svc, with(known.Reveal()), "m"))
	})
}

func TestAuthorize_graceOfNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := newMemory(t)
		store := &flaky{store: memory}
		secret, _ := issue(t, memory, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}})
		svc := newService(tokens.New(store, tokens.Grace(0)), "m")
		call(t, svc, with(secret.Reveal()), "m")
		store.set(errBroken, false)
		time.Sleep(30 * time.Second)
		unavailable(t, "a call", call(t, svc, with(secret.Reveal()), "m"))
	})
}

// TestAuthorize_graceIsForThoseWhoStay has a caller hang up while the store is asked again: nobody is told that this one
// was let in, which a revocation may have forbidden meanwhile.
func TestAuthorize_graceIsForThoseWhoStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := newMemory(t)
		store := &flaky{store: memory}
		secret, _ := issue(t, memory, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}})
		authorizer := tokens.New(store)
		method := &jacinth.Method{Name: "m", Private: true, Scope: "m"}
		if err := authorizer.Authorize(t.Context(), &jacinth.Request{Method: method, Peer: with(secret.Reveal())}); err != nil {
			t.Fatal(err)
		}
		store.set(nil, true)
		time.Sleep(30 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		err := authorizer.Authorize(ctx, &jacinth.Request{Method: method, Peer: with(secret.Reveal())})
		if !errors.Is(err, jacinth.Unavailable) {
			t.Errorf("a call that is over is answered with %v, want %v", err, jacinth.Unavailable)
		}
		if err := authorizer.Authorize(t.Context(), &jacinth.Request{Method: method, Peer: with(secret.Reveal())}); err != nil {
			t.Errorf("a call that waits for the store that hangs is answered with %v, want that it is let in", err)
		}
	})
}

// TestAuthorize_errorsOfTheStoreAreForTheLog shows that what a store fails with reaches the log and nobody else.
func TestAuthorize_errorsOfTheStoreAreForTheLog(t *testing.T) {
	authorizer := tokens.New(tokens.Func(func(context.Context, string) (tokens.Record, error) { return tokens.Record{}, errBroken }))
	method := &jacinth.Method{Name: "m", Private: true}
	err := authorizer.Authorize(t.Context(), &jacinth.Request{Method: method, Peer: with(randomToken(t))})
	if !errors.Is(err, errBroken) || !errors.Is(err, jacinth.Unavailable) {
		t.Errorf("Authorize = %v, want an error that is both %v and %v", err, jacinth.Unavailable, errBroken)
	}
	svc := newService(authorizer, "m")
	if got := string(callRaw(svc, with(randomToken(t)), "m")); strings.Contains(got, "fire") {
		t.Errorf("the caller was told %s", got)
	}
}
