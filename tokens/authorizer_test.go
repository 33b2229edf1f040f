package tokens_test

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

func TestAuthorize_fillsInTheCaller(t *testing.T) {
	store := newMemory(t)
	secret, _ := issue(t, store, tokens.Draft{Name: "ada", Scopes: tokens.Scopes{"math.*", "say"}})
	authorizer := tokens.New(store)
	svc := jacinth.New(jacinth.Config{Name: "test", Authorize: authorizer.Authorize, Logger: silent})
	jacinth.Private(svc, "math.who", func(ctx context.Context, _ jacinth.None) (jacinth.Caller, error) {
		caller := jacinth.CallerFrom(ctx)
		caller.Scopes[0] = "what a handler does to its copy"
		return caller, nil
	})
	for range 2 {
		got := call(t, svc, with(secret.Reveal()), "math.who")
		var caller jacinth.Caller
		if err := json.Unmarshal(got.Result, &caller); err != nil || caller.Name != "ada" || len(caller.Scopes) != 2 {
			t.Errorf("the caller = %s, %+v, want ada with two scopes", got.Result, got.Error)
		}
	}
}

func TestAuthorize_scopes(t *testing.T) {
	store := newMemory(t)
	nothing, _ := issue(t, store, tokens.Draft{Name: "nothing"})
	one, _ := issue(t, store, tokens.Draft{Name: "one", Scopes: tokens.Scopes{"math.add"}})
	group, _ := issue(t, store, tokens.Draft{Name: "group", Scopes: tokens.Scopes{"math.*"}})
	special, _ := issue(t, store, tokens.Draft{Name: "special", Scopes: tokens.Scopes{"arithmetic"}})

	svc := newService(tokens.New(store), "math.add", "math.mul", "say")
	jacinth.Private(svc, "math.div", whoAmI, jacinth.Scope("arithmetic"))
	for _, test := range []struct {
		token tokens.Secret
		may   string
	}{
		{nothing, ""},
		{one, "math.add"},
		{group, "math.add math.mul"}, // but not math.div, which is said to need another scope
		{special, "math.div"},
	} {
		for _, method := range []string{"math.add", "math.mul", "say", "math.div"} {
			for range 2 { // the second time, the answer is remembered
				got := call(t, svc, with(test.token.Reveal()), method)
				if want := strings.Contains(" "+test.may+" ", " "+method+" "); want != (got.code() == 0) {
					t.Errorf("a token for %q called %s: %v, want it let through: %v", test.may, method, got.code(), want)
				}
			}
		}
	}
}

func TestAuthorize_tellsNothingApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		scopes := tokens.Scopes{"secret.method"}
		valid, _ := issue(t, store, tokens.Draft{Name: "valid", Scopes: scopes})
		expired, _ := issue(t, store, tokens.Draft{Name: "expired", Scopes: scopes, Lifetime: time.Minute})
		pending, _ := issue(t, store, tokens.Draft{Name: "pending", Scopes: scopes, NotBefore: time.Now().Add(time.Hour)})
		elsewhere, _ := issue(t, store, tokens.Draft{Name: "elsewhere", Scopes: scopes, Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
		scopeless, _ := issue(t, store, tokens.Draft{Name: "scopeless"})
		revoked, record := issue(t, store, tokens.Draft{Name: "revoked", Scopes: scopes})
		if _, err := tokens.Revoke(t.Context(), store, record.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)

		log := new(journal)
		svc := newService(tokens.New(store, tokens.Audit(log.logger())), "secret.method")
		want := `{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"Access denied"}}`
		for _, test := range []struct {
			token, reason string
			name          any
		}{
			{"", "no token", nil},
			{"hunter2", "not a token", nil},
			{strings.Repeat("x", 5000), "not a token", nil},
			{valid.Reveal()[:50] + "!", "not a token", nil},
			{randomToken(t), "unknown token", nil},
			{wrongSecret(t, valid.Reveal()), "wrong secret", nil},
			{expired.Reveal(), "expired", "expired"},
			{pending.Reveal(), "not valid yet", "pending"},
			{revoked.Reveal(), "revoked", "revoked"},
			{elsewhere.Reveal(), "used from an address that it is not for", "elsewhere"},
			{scopeless.Reveal(), "scope not granted", "scopeless"},
		} {
			for range 2 {
				if got := string(callRaw(svc, with(test.token), "secret.method")); got != want {
					t.Errorf("the answer to %q = %s, want %s", test.reason, got, want)
				}
				line := log.last(t)
				if line["reason"] != test.reason || line["decision"] != "deny" || line["level"] != "WARN" {
					t.Errorf("the log of %q = %v", test.reason, line)
				}
				if line["name"] != test.name {
					t.Errorf("the log of %q names %v, want %v", test.reason, line["name"], test.name)
				}
			}
			time.Sleep(time.Minute)
		}
		if got := call(t, svc, with(valid.Reveal()), "secret.method"); got.code() != 0 {
			t.Errorf("the answer to the valid token = %v, want none of this", got.Error)
		}
	})
}

func TestAuthorize_networks(t *testing.T) {
	store := newMemory(t)
	secret, _ := issue(t, store, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}, Networks: []netip.Prefix{
		netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("192.0.2.7/32"),
	}})
	svc := newService(tokens.New(store), "m")
	for address, want := range map[string]bool{
		"10.1.2.3:5000": true, "10.1.255.255:1": true, "192.0.2.7:80": true, "[2001:db8::1]:443": true,
		"[2001:db8:ffff::%eth0]:443": true, "[::ffff:10.1.2.3]:5000": true, "10.1.2.3": true, "2001:db8::1": true,
		"10.2.0.1:5000": false, "192.0.2.8:80": false, "[2001:db9::1]:443": false, "[::ffff:10.2.0.1]:5000": false,
		"": false, "pipe": false, "@": false, "localhost:80": false, "10.1.2.3.example.com:80": false, "10.1.2.3, 10.2.0.1": false,
		"[::10.1.2.3]:5000": false,
	} {
		got := call(t, svc, jacinth.Peer{Token: jacinth.Token(secret.Reveal()), Address: address}, "m")
		if (got.code() == 0) != want {
			t.Errorf("a call from %q: %v, want it let through: %v", address, got.code(), want)
		}
	}
}

func TestAuthorize_expiresToTheSecondWhateverIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		begin := time.Now().Add(10 * time.Second)
		secret, _ := issue(t, store, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}, NotBefore: begin, Lifetime: 5 * time.Second})
		svc := newService(tokens.New(&flaky{store: store}), "m")
		for second := range 20 {
			got := call(t, svc, with(secret.Reveal()), "m").code() == 0
			if want := second >= 10 && second < 15; got != want {
				t.Errorf("let through after %d s: %v, want %v", second, got, want)
			}
			time.Sleep(time.Second)
		}
	})
}

func TestAuthorize_revocationHoldsWithin30Seconds(t *testing.T) {
	for name, bound := range map[string]time.Duration{"far": 30 * time.Second, "memory": 2 * time.Second, "file": 3 * time.Second} {
		t.Run(name, func(t *testing.T) {
			for trial := range 20 {
				synctest.Test(t, func(t *testing.T) {
					var keeper tokens.Keeper = newMemory(t)
					store := tokens.Store(keeper)
					switch name {
					case "far":
						store = &flaky{store: keeper}
					case "file":
						file, path := newFile(t)
						other, err := tokens.OpenFile(path)
						if err != nil {
							t.Fatal(err)
						}
						keeper, store = other, file // revoked by another process than the one that authorizes
					}
					secret, record := issue(t, keeper, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}})
					svc := newService(tokens.New(store), "m")
					time.Sleep(time.Duration(trial) * 1700 * time.Millisecond)
					for call(t, svc, with(secret.Reveal()), "m").code() != 0 {
						time.Sleep(100 * time.Millisecond)
					}
					if _, err := tokens.Revoke(t.Context(), keeper, record.ID); err != nil {
						t.Fatal(err)
					}
					revoked := time.Now()
					for call(t, svc, with(secret.Reveal()), "m").code() == 0 {
						time.Sleep(100 * time.Millisecond)
						if time.Since(revoked) > bound {
							t.Fatalf("a token still works %v after it was revoked", time.Since(revoked))
						}
					}
				})
			}
		})
	}
}

func TestAuthorize_newTokensWorkSoonAlsoIfTheyWereTriedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := newMemory(t)
		secret, record := issue(t, other, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}})
		store := newMemory(t)
		svc := newService(tokens.New(&flaky{store: store}), "m")
		if got := call(t, svc, with(secret.Reveal()), "m"); got.code() != jacinth.AccessDenied {
			t.Fatalf("a call before the token exists = %v, want it denied", got)
		}
		if err := store.Add(t.Context(), record); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if got := call(t, svc, with(secret.Reveal()), "m"); got.code() != 0 {
			t.Errorf("a call 5 s after = %+v, want it let through", got.Error)
		}
	})
}

func TestNew_refuses(t *testing.T) {
	for name, broken := range map[string]func(){
		"no store":       func() { tokens.New(nil) },
		"negative grace": func() { tokens.New(newMemory(t), tokens.Grace(-1)) },
		"negative rate":  func() { tokens.New(newMemory(t), tokens.DefaultLimits(tokens.Limits{PerSecond: -3})) },
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "tokens: ") {
					t.Errorf("New with %s did not panic with a sentence: %v", name, text)
				}
			}()
			broken()
		}()
	}
}
