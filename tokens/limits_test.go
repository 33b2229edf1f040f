package tokens_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

// callBatch calls a method many times in one batch and counts the codes of the replies.
func callBatch(tb testing.TB, svc *jacinth.Service, peer jacinth.Peer, method string, items int) map[jacinth.Code]int {
	tb.Helper()
	requests := make([]string, items)
	for i := range requests {
		requests[i] = fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q}`, i, method)
	}
	var replies []reply
	body := svc.Dispatch(context.Background(), peer, []byte("["+strings.Join(requests, ",")+"]"), nil)
	if err := json.Unmarshal(body, &replies); err != nil {
		tb.Fatal(err)
	}
	counts := map[jacinth.Code]int{}
	for _, r := range replies {
		counts[r.code()]++
	}
	return counts
}

func TestLimits_everyItemOfABatchPays(t *testing.T) {
	for name, far := range map[string]bool{"near": false, "far": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				memory := newMemory(t)
				store := tokens.Store(memory)
				if far {
					store = &flaky{store: memory}
				}
				secret, _ := issue(t, memory, tokens.Draft{
					Name: "n", Scopes: tokens.Scopes{"m"}, Limits: tokens.Limits{PerSecond: 1, Burst: 50},
				})
				svc := newService(tokens.New(store), "m")
				if got := callBatch(t, svc, with(secret.Reveal()), "m", 100); got[0] != 50 || got[jacinth.Unavailable] != 50 {
					t.Errorf("of a batch of 100 against 50 calls: %v, want exactly 50 let through", got)
				}
				got := call(t, svc, with(secret.Reveal()), "m")
				unavailable(t, "a call over the rate", got)
				if got.Error != nil && got.Error.Data.RetryAfterMS != 1000 {
					t.Errorf("retryAfterMs = %d, want 1000", got.Error.Data.RetryAfterMS)
				}
				time.Sleep(7 * time.Second)
				if got := callBatch(t, svc, with(secret.Reveal()), "m", 100); got[0] != 7 {
					t.Errorf("7 s later: %v, want exactly 7 let through", got)
				}
				time.Sleep(time.Hour)
				if got := callBatch(t, svc, with(secret.Reveal()), "m", 100); got[0] != 50 {
					t.Errorf("an hour later: %v, want 50 let through and not an hour's worth", got)
				}
			})
		})
	}
}

func TestLimits_rateOfARecordAndItsDefaults(t *testing.T) {
	for _, test := range []struct {
		record, defaults tokens.Limits
		want             int // let through at once
	}{
		{tokens.Limits{}, tokens.Limits{}, 100},
		{tokens.Limits{}, tokens.Limits{PerSecond: 3}, 3},
		{tokens.Limits{}, tokens.Limits{PerSecond: 3, Burst: 9}, 9},
		{tokens.Limits{PerSecond: 5}, tokens.Limits{PerSecond: 3, Burst: 9}, 5},
		{tokens.Limits{PerSecond: 0.5}, tokens.Limits{}, 1},
		{tokens.Limits{PerSecond: 2.5}, tokens.Limits{}, 3},
		{tokens.Limits{PerSecond: jacinth.Unlimited}, tokens.Limits{PerSecond: 3}, 100},
		{tokens.Limits{Burst: 20}, tokens.Limits{PerSecond: 3, Burst: 9}, 20},
		{tokens.Limits{PerSecond: 1e9, Burst: 1 << 40}, tokens.Limits{}, 100},
		{tokens.Limits{PerSecond: 1e-6, Burst: 1 << 62}, tokens.Limits{}, 100},
	} {
		synctest.Test(t, func(t *testing.T) {
			store := newMemory(t)
			secret, _ := issue(t, store, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}, Limits: test.record})
			svc := newService(tokens.New(store, tokens.DefaultLimits(test.defaults)), "m")
			if got := callBatch(t, svc, with(secret.Reveal()), "m", 100); got[0] != test.want {
				t.Errorf("limits %+v with the defaults %+v let %d of 100 through, want %d", test.record, test.defaults, got[0], test.want)
			}
		})
	}
}

func TestLimits_rateOutlivesARefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		secret, record := issue(t, store, tokens.Draft{
			Name: "n", Scopes: tokens.Scopes{"m"}, Limits: tokens.Limits{PerSecond: 0.01, Burst: 10},
		})
		svc := newService(tokens.New(store), "m")
		callBatch(t, svc, with(secret.Reveal()), "m", 8)
		// A record that changes is another profile, and the calls that were made count all the same.
		if _, err := store.Change(t.Context(), record.ID, func(r *tokens.Record) error { r.Name = "m"; return nil }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if got := callBatch(t, svc, with(secret.Reveal()), "m", 10); got[0] != 2 {
			t.Errorf("after 8 of 10 calls and a change of the name %v, want 2 let through", got)
		}
	})
}

func TestLimits_tokensDoNotShare(t *testing.T) {
	store := newMemory(t)
	svc := newService(tokens.New(store, tokens.DefaultLimits(tokens.Limits{PerSecond: 1e-3, Burst: 5})), "m")
	for range 3 {
		secret, _ := issue(t, store, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}})
		if got := callBatch(t, svc, with(secret.Reveal()), "m", 10); got[0] != 5 {
			t.Errorf("another token: %v, want 5 let through", got)
		}
	}
}

func TestLimits_deniedCallsAreNotCharged(t *testing.T) {
	store := newMemory(t)
	secret, _ := issue(t, store, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}, Limits: tokens.Limits{PerSecond: 1e-3, Burst: 5}})
	svc := newService(tokens.New(store), "m", "other")
	callBatch(t, svc, with(secret.Reveal()), "other", 100)
	if got := callBatch(t, svc, with(secret.Reveal()), "m", 10); got[0] != 5 {
		t.Errorf("after 100 calls that were denied: %v, want 5 let through", got)
	}
}

func TestLimits_inFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		secret, _ := issue(t, store, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"wait", "panic", "m"}, Limits: tokens.Limits{InFlight: 3}})
		other, _ := issue(t, store, tokens.Draft{Name: "o", Scopes: tokens.Scopes{"m"}})
		authorizer := tokens.New(store)
		svc := newService(authorizer, "m")
		release := make(chan struct{})
		jacinth.Private(svc, "wait", func(context.Context, jacinth.None) (jacinth.None, error) {
			<-release
			return jacinth.None{}, nil
		})
		jacinth.Private(svc, "panic", func(context.Context, jacinth.None) (jacinth.None, error) { panic("on purpose") })

		for round := range 3 {
			var through atomic.Int64
			var calls sync.WaitGroup
			for range 10 {
				calls.Go(func() {
					switch got := call(t, svc, with(secret.Reveal()), "wait"); got.code() {
					case 0:
						through.Add(1)
					default:
						unavailable(t, "a call too many", got)
					}
				})
			}
			synctest.Wait()
			unavailable(t, "a call of another method", call(t, svc, with(secret.Reveal()), "m"))
			if got := call(t, svc, with(other.Reveal()), "m"); got.code() != 0 {
				t.Errorf("a call with another token = %+v, want it let through", got.Error)
			}
			for range 3 {
				release <- struct{}{}
			}
			calls.Wait()
			if through.Load() != 3 {
				t.Errorf("round %d: %d of 10 calls at a time were let through, want 3", round, through.Load())
			}
			for range 10 { // whatever becomes of a call, its slot is free again before its reply is there
				if got := call(t, svc, with(secret.Reveal()), "panic"); got.code() != jacinth.InternalError {
					t.Errorf("a call after all ended = %+v, want %v", got.Error, jacinth.InternalError)
				}
			}
		}
	})
}

func TestLimits_inFlightByDefault(t *testing.T) {
	for _, test := range []struct {
		record, defaults int
		want             int
	}{
		{0, 0, tokens.DefaultInFlight},
		{0, 7, 7},
		{200, 0, 200},
		{200, 7, 200},
		{jacinth.Unlimited, 7, 300},
		{0, jacinth.Unlimited, 300},
	} {
		synctest.Test(t, func(t *testing.T) {
			store := newMemory(t)
			secret, _ := issue(t, store, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"wait"}, Limits: tokens.Limits{InFlight: test.record}})
			svc := newService(tokens.New(store, tokens.DefaultLimits(tokens.Limits{InFlight: test.defaults})))
			release := make(chan struct{})
			var through atomic.Int64
			jacinth.Private(svc, "wait", func(context.Context, jacinth.None) (jacinth.None, error) {
				through.Add(1)
				<-release
				return jacinth.None{}, nil
			})
			var calls sync.WaitGroup
			for range 300 {
				calls.Go(func() { call(t, svc, with(secret.Reveal()), "wait") })
			}
			synctest.Wait()
			if got := int(through.Load()); got != test.want {
				t.Errorf("InFlight %d with the default %d let %d of 300 calls run at a time, want %d", test.record, test.defaults, got, test.want)
			}
			close(release)
			calls.Wait()
		})
	}
}

// TestLimits_inFlightOfBatchesAndNotifications has the slots of a token taken by items of batches and by notifications,
// and given back by calls that end in other ways than by a result.
func TestLimits_inFlightOfBatchesAndNotifications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		limits := tokens.Limits{InFlight: 3}
		secret, _ := issue(t, store, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"wait", "m", "exit", "params"}, Limits: limits})
		svc := newService(tokens.New(store), "m")
		release := make(chan struct{})
		jacinth.Private(svc, "wait", func(context.Context, jacinth.None) (jacinth.None, error) {
			<-release
			return jacinth.None{}, nil
		})
		jacinth.Private(svc, "params", func(context.Context, struct{ N int }) (jacinth.None, error) { return jacinth.None{}, nil })
		jacinth.Private(svc, "exit", func(context.Context, jacinth.None) (jacinth.None, error) {
			runtime.Goexit()
			return jacinth.None{}, nil
		})
		for _, body := range []string{
			`[` + strings.Repeat(`{"jsonrpc":"2.0","id":1,"method":"wait"},`, 3) + `{"jsonrpc":"2.0","id":1,"method":"wait"}]`,
			`[` + strings.Repeat(`{"jsonrpc":"2.0","method":"wait"},`, 3) + `{"jsonrpc":"2.0","method":"wait"}]`,
		} {
			var calls sync.WaitGroup
			calls.Go(func() { svc.Dispatch(t.Context(), with(secret.Reveal()), []byte(body), nil) })
			time.Sleep(time.Second) // a batch has one worker at first, and the others when it takes its time
			unavailable(t, "a call beside "+body, call(t, svc, with(secret.Reveal()), "m"))
			for range 3 {
				release <- struct{}{}
			}
			calls.Wait()
			for range 10 {
				if got := call(t, svc, with(secret.Reveal()), "m"); got.code() != 0 {
					t.Fatalf("a call after %s = %+v, want it let through", body, got.Error)
				}
			}
		}
		for range 10 { // calls with wrong params, of what is not granted, of one that ends its goroutine
			call(t, svc, with(secret.Reveal()), "params")
			call(t, svc, with(secret.Reveal()), "get_service_specs")
			call(t, svc, with(secret.Reveal()), "rpc.discover")
			var done sync.WaitGroup
			done.Go(func() { callRaw(svc, with(secret.Reveal()), "exit") })
			done.Wait()
		}
		if got := call(t, svc, with(secret.Reveal()), "m"); got.code() != 0 {
			t.Errorf("a call after others that failed = %+v, want it let through", got.Error)
		}
	})
}

func TestGuesses_perAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &flaky{store: newMemory(t)}
		svc := newService(tokens.New(store), "m")
		guess := func(address string) reply {
			return call(t, svc, jacinth.Peer{Token: jacinth.Token(randomToken(t)), Address: address}, "m")
		}
		for i := range 20 {
			if got := guess("192.0.2.1:4000"); got.code() != jacinth.AccessDenied {
				t.Errorf("guess %d = %v, want %v", i, got.code(), jacinth.AccessDenied)
			}
		}
		for range 50 {
			unavailable(t, "a guess too many", guess("192.0.2.1:4001")) // another port is not another caller
		}
		if got := store.count(); got != 20 {
			t.Errorf("70 guesses asked the store %d times, want 20", got)
		}
		if got := guess("192.0.2.2:4000"); got.code() != jacinth.AccessDenied {
			t.Errorf("a guess from elsewhere = %v, want %v", got.code(), jacinth.AccessDenied)
		}
		time.Sleep(6 * time.Second)
		if got := guess("192.0.2.1:4000"); got.code() != jacinth.AccessDenied {
			t.Errorf("a guess 6 s later = %v, want %v", got.code(), jacinth.AccessDenied)
		}
		unavailable(t, "a second guess 6 s later", guess("192.0.2.1:4000"))
	})
}

func TestGuesses_oneNetworkOfIPv6IsOneAddress(t *testing.T) {
	svc := newService(tokens.New(newMemory(t), tokens.Guesses(1, 2)), "m")
	guess := func(address string) jacinth.Code {
		return call(t, svc, jacinth.Peer{Token: jacinth.Token(randomToken(t)), Address: address}, "m").code()
	}
	for i, address := range []string{"[2001:db8::1]:1", "[2001:db8::ffff:1]:1", "[2001:db8::2%eth0]:1"} {
		want := jacinth.AccessDenied
		if i == 2 {
			want = jacinth.Unavailable
		}
		if got := guess(address); got != want {
			t.Errorf("guess %d, from %s = %v, want %v", i, address, got, want)
		}
	}
	if got := guess("[2001:db8:0:1::1]:1"); got != jacinth.AccessDenied {
		t.Errorf("a guess from another network = %v, want %v", got, jacinth.AccessDenied)
	}
	if got := guess("[::ffff:192.0.2.1]:1"); got != jacinth.AccessDenied {
		t.Errorf("a guess from an IPv4 address = %v, want %v", got, jacinth.AccessDenied)
	}
}

func TestGuesses_goodTokensStillWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		known, _ := issue(t, store, tokens.Draft{Name: "known", Scopes: tokens.Scopes{"m"}})
		late, _ := issue(t, store, tokens.Draft{Name: "late", Scopes: tokens.Scopes{"m"}})
		svc := newService(tokens.New(&flaky{store: store}), "m")
		call(t, svc, with(known.Reveal()), "m")
		for range 100 {
			call(t, svc, with(randomToken(t)), "m")
			if got := call(t, svc, with(known.Reveal()), "m"); got.code() != 0 {
				t.Fatalf("a token known to be good = %+v, want it let through whoever guesses beside it", got.Error)
			}
			time.Sleep(time.Second) // in which it is looked up again, and the address may guess some more
			for range 3 {
				call(t, svc, with(randomToken(t)), "m")
			}
		}
		got := call(t, svc, with(late.Reveal()), "m")
		unavailable(t, "a good token that is not known yet", got)
		time.Sleep(time.Duration(got.Error.Data.RetryAfterMS) * time.Millisecond)
		if got := call(t, svc, with(late.Reveal()), "m"); got.code() != 0 {
			t.Errorf("the same after retryAfterMs = %+v, want it let through", got.Error)
		}
	})
}

func TestGuesses_oneWrongTokenManyTimesIsNoGuessing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		svc := newService(tokens.New(store), "m")
		stale, fresh := randomToken(t), tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}}
		for range 100 { // a job with an old token, for some minutes
			if got := callBatch(t, svc, with(stale), "m", 10); got[jacinth.AccessDenied] != 10 {
				t.Fatalf("a batch with one wrong token = %v, want it denied", got)
			}
			time.Sleep(3 * time.Second)
		}
		secret, _ := issue(t, store, fresh)
		if got := call(t, svc, with(secret.Reveal()), "m"); got.code() != 0 {
			t.Errorf("a good token from the same address = %+v, want it let through", got.Error)
		}
	})
}

func TestGuesses_unlimited(t *testing.T) {
	svc := newService(tokens.New(newMemory(t), tokens.Guesses(jacinth.Unlimited, 0)), "m")
	for range 200 {
		if got := call(t, svc, with(randomToken(t)), "m"); got.code() != jacinth.AccessDenied {
			t.Fatalf("a guess = %v, want %v", got.code(), jacinth.AccessDenied)
		}
	}
}
