package tokens_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

func newMemory(tb testing.TB, records ...tokens.Record) *tokens.Memory {
	tb.Helper()
	store, err := tokens.NewMemory(records...)
	if err != nil {
		tb.Fatal(err)
	}
	return store
}

func issue(tb testing.TB, keeper tokens.Keeper, draft tokens.Draft) (tokens.Secret, tokens.Record) {
	tb.Helper()
	secret, record, err := tokens.Issue(context.Background(), keeper, draft)
	if err != nil {
		tb.Fatal(err)
	}
	return secret, record
}

var silent = slog.New(slog.DiscardHandler)

// newService returns a service whose private methods all return the name of their caller.
func newService(authorizer *tokens.Authorizer, methods ...string) *jacinth.Service {
	svc := jacinth.New(jacinth.Config{Name: "test", Authorize: authorizer.Authorize, Logger: silent})
	for _, method := range methods {
		jacinth.Private(svc, jacinth.Name[jacinth.None, string](method), whoAmI)
	}
	return svc
}

func whoAmI(ctx context.Context, _ jacinth.None) (string, error) {
	return jacinth.CallerFrom(ctx).Name, nil
}

// reply is what a call came to: a result, or the code of an error.
type reply struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    jacinth.Code `json:"code"`
		Message string       `json:"message"`
		Data    struct {
			Reason       string `json:"reason"`
			Processed    *bool  `json:"processed"`
			RetryAfterMS int64  `json:"retryAfterMs"`
		} `json:"data"`
	} `json:"error"`
}

func (r reply) code() jacinth.Code {
	if r.Error == nil {
		return 0
	}
	return r.Error.Code
}

// call calls a method without params.
func call(tb testing.TB, svc *jacinth.Service, peer jacinth.Peer, method string) reply {
	tb.Helper()
	var r reply
	if err := json.Unmarshal(callRaw(svc, peer, method), &r); err != nil {
		tb.Fatal(err)
	}
	return r
}

func callRaw(svc *jacinth.Service, peer jacinth.Peer, method string) []byte {
	return svc.Dispatch(context.Background(), peer, []byte(`{"jsonrpc":"2.0","id":1,"method":"`+method+`"}`), nil)
}

// with is a peer that sends a token.
func with(token string) jacinth.Peer {
	return jacinth.Peer{Token: jacinth.Token(token), Address: "192.0.2.1:4000"}
}

// wrongSecret returns a token that is well formed and has the id of token, but another secret.
func wrongSecret(tb testing.TB, token string) string {
	tb.Helper()
	for {
		other := randomToken(tb)
		id, err := tokens.ParseID(token)
		if err != nil {
			tb.Fatal(err)
		}
		if forged := reseal(id + "_" + other[len(other)-38:len(other)-6]); forged != token {
			return forged
		}
	}
}

// randomToken returns a token that no store has.
func randomToken(tb testing.TB) string {
	tb.Helper()
	secret, _ := issue(tb, newMemory(tb), tokens.Draft{Name: "nobody"})
	return secret.Reveal()
}

// flaky is a store that counts its look-ups and can be made to fail or to hang.
type flaky struct {
	store tokens.Store

	mu      sync.Mutex
	err     error
	hang    bool
	block   chan struct{} // look-ups wait until it is closed
	lookups []string
}

func (f *flaky) Lookup(ctx context.Context, id string) (tokens.Record, error) {
	f.mu.Lock()
	f.lookups = append(f.lookups, id)
	err, hang, block := f.err, f.hang, f.block
	f.mu.Unlock()
	if block != nil {
		<-block
	}
	if hang {
		<-ctx.Done()
		return tokens.Record{}, ctx.Err()
	}
	if err != nil {
		return tokens.Record{}, err
	}
	return f.store.Lookup(ctx, id)
}

func (f *flaky) set(err error, hang bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err, f.hang = err, hang
}

func (f *flaky) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.lookups)
}

var errBroken = errors.New("the database is on fire")

// journal is a log that tests can read.
type journal struct {
	mu    sync.Mutex
	lines []map[string]any
	text  strings.Builder
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var fields map[string]any
	if err := json.Unmarshal(line, &fields); err != nil {
		return 0, err
	}
	j.lines = append(j.lines, fields)
	j.text.Write(line)
	return len(line), nil
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(j, nil)) }

func (j *journal) all() []map[string]any {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.lines)
}

func (j *journal) last(tb testing.TB) map[string]any {
	tb.Helper()
	lines := j.all()
	if len(lines) == 0 {
		tb.Fatal("nothing was logged")
	}
	return lines[len(lines)-1]
}

// breakFile leaves a file of tokens that cannot be read.
func breakFile(tb testing.TB, path string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(`{"format":1,"tokens":[`), 0o600); err != nil {
		tb.Fatal(err)
	}
}
