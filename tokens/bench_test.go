package tokens_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

// benchmarkStore is a file of a thousand tokens, of which one is used.
func benchmarkStore(b *testing.B) (*tokens.File, string) {
	b.Helper()
	memory := newMemory(b)
	for range 999 {
		issue(b, memory, tokens.Draft{Name: "other", Scopes: tokens.Scopes{"other.*"}})
	}
	list, err := memory.List(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "tokens.json")
	if err := tokens.WriteFile(path, list); err != nil {
		b.Fatal(err)
	}
	store, err := tokens.OpenFile(path)
	if err != nil {
		b.Fatal(err)
	}
	secret, _ := issue(b, store, tokens.Draft{
		Name: "caller", Scopes: tokens.Scopes{"math.*"}, Limits: tokens.Limits{PerSecond: 1e9, Burst: 1e9, InFlight: 1 << 40},
	})
	return store, secret.Reveal()
}

func BenchmarkAuthorize(b *testing.B) {
	store, token := benchmarkStore(b)
	method := &jacinth.Method{Name: "math.add", Private: true}
	for name, test := range map[string]struct {
		token  string
		denied bool
	}{
		"good": {token: token}, "wrong": {wrongSecret(b, token), true}, "junk": {token[:50] + "!", true}, "none": {"", true},
	} {
		b.Run(name, func(b *testing.B) {
			authorizer := tokens.New(store)
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				req := jacinth.Request{Method: method, Peer: jacinth.Peer{Token: jacinth.Token(test.token), Address: "192.0.2.1:4000"}}
				if err := authorizer.Authorize(ctx, &req); (err != nil) != test.denied {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("parallel", func(b *testing.B) {
		authorizer := tokens.New(store)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				req := jacinth.Request{Method: method, Peer: with(token)}
				if err := authorizer.Authorize(context.Background(), &req); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// TestAuthorize_allocatesNothing holds what the benchmark shows.
func TestAuthorize_allocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	store, _ := newFile(t)
	secret, _ := issue(t, store, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"math.*"}, Limits: tokens.Limits{PerSecond: 1e9, Burst: 1e9, InFlight: 1 << 40}})
	authorizer, method := tokens.New(store), &jacinth.Method{Name: "math.add", Private: true}
	var req jacinth.Request
	allocations := testing.AllocsPerRun(1000, func() {
		req = jacinth.Request{Method: method, Peer: with(secret.Reveal())}
		if err := authorizer.Authorize(context.Background(), &req); err != nil {
			t.Error(err)
		}
	})
	if allocations != 0 {
		t.Errorf("Authorize allocates %v times a call, want 0", allocations)
	}
}

// BenchmarkCall is a whole call of a private method, beside which authorization is to be seen.
func BenchmarkCall(b *testing.B) {
	store, token := benchmarkStore(b)
	svc := newService(tokens.New(store), "math.add")
	body := []byte(`{"jsonrpc":"2.0","id":1,"method":"math.add"}`)
	var reply []byte
	b.ReportAllocs()
	for b.Loop() {
		reply = svc.Dispatch(context.Background(), with(token), body, reply[:0])
	}
}
