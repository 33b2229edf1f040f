package tokens_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

// sink collects everything that gets out of a program.
type sink struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *sink) Write(data []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(data)
}

// TestCanary sends marked tokens down every path that can fail and looks for them in all that comes out: answers,
// logs, errors, panics, descriptions, records and the file.
func TestCanary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(sink)
		logger := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		file, path := newFile(t)
		scopes := tokens.Scopes{"m.*"}
		valid, record := issue(t, file, tokens.Draft{Name: "valid", Scopes: scopes})
		expired, _ := issue(t, file, tokens.Draft{Name: "expired", Scopes: scopes, Lifetime: time.Minute})
		pending, _ := issue(t, file, tokens.Draft{Name: "pending", Scopes: scopes, NotBefore: time.Now().Add(time.Hour)})
		elsewhere, _ := issue(t, file, tokens.Draft{Name: "elsewhere", Scopes: scopes, Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
		limited, _ := issue(t, file, tokens.Draft{Name: "limited", Scopes: scopes, Limits: tokens.Limits{PerSecond: 1e-3, Burst: 1}})
		revoked, revokedRecord := issue(t, file, tokens.Draft{Name: "revoked", Scopes: scopes})
		if _, err := tokens.Revoke(t.Context(), file, revokedRecord.ID); err != nil {
			t.Fatal(err)
		}
		never, _ := issue(t, file, tokens.Draft{Name: "never", Scopes: scopes, Lifetime: tokens.Never})
		rotated, next, err := tokens.Rotate(t.Context(), file, record.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		canaries := []string{
			valid.Reveal(), expired.Reveal(), pending.Reveal(), elsewhere.Reveal(), limited.Reveal(), revoked.Reveal(), never.Reveal(),
			rotated.Reveal(), wrongSecret(t, valid.Reveal()), randomToken(t),
		}
		time.Sleep(time.Minute)

		broken, panicking, hanging := &flaky{err: errBroken}, tokens.Func(func(context.Context, string) (tokens.Record, error) {
			panic(errBroken)
		}), &flaky{hang: true}
		for _, store := range []tokens.Store{file, tokens.Func(file.Lookup), broken, panicking, hanging} {
			authorizer := tokens.New(store, tokens.Audit(logger), tokens.Guesses(1, 3))
			svc := jacinth.New(jacinth.Config{Name: "test", Authorize: authorizer.Authorize, Logger: logger})
			jacinth.Private(svc, "m.well", whoAmI)
			jacinth.Private(svc, "m.fails", func(ctx context.Context, _ jacinth.None) (string, error) {
				return "", fmt.Errorf("failed for %+v", jacinth.CallerFrom(ctx))
			})
			jacinth.Private(svc, "m.panics", func(ctx context.Context, _ jacinth.None) (string, error) {
				panic(jacinth.CallerFrom(ctx))
			})
			jacinth.Private(svc, "other", whoAmI)
			for _, token := range canaries {
				for _, sent := range []string{token, token[:len(token)-1] + "-", token + token, "Bearer " + token, strings.ToUpper(token)} {
					for _, body := range []string{
						`{"jsonrpc":"2.0","id":1,"method":"m.well"}`,
						`{"jsonrpc":"2.0","id":1,"method":"m.well","params":{"none":1}}`,
						`{"jsonrpc":"2.0","id":1,"method":"m.fails"}`,
						`{"jsonrpc":"2.0","id":1,"method":"m.panics"}`,
						`{"jsonrpc":"2.0","id":1,"method":"other"}`,
						`{"jsonrpc":"2.0","id":1,"method":"none"}`,
						`{"jsonrpc":"2.0","id":1,"method":"get_service_specs"}`,
						`{"jsonrpc":"2.0","method":"m.well"}`,
						`[{"jsonrpc":"2.0","id":1,"method":"m.well"},{"jsonrpc":"2.0","id":2,"method":"other"},1]`,
						`{`,
					} {
						out.show(svc.Dispatch(t.Context(), with(sent), []byte(body), nil))
					}
					for _, method := range []string{"m.well", "other"} {
						req := &jacinth.Request{Method: &jacinth.Method{Name: method, Private: true}, Peer: with(sent)}
						failure := authorizer.Authorize(t.Context(), req)
						out.show(failure, fmt.Sprintf("%+v %#v", failure, failure), req.Caller, errors.Unwrap(failure))
						_ = json.NewEncoder(out).Encode(failure)
					}
					id, failure := tokens.ParseID(sent)
					out.show(id, failure)
					found, failure := tokens.Verify(t.Context(), file, sent)
					out.show(fmt.Sprintf("%+v %#v", found, found), failure)
					time.Sleep(2 * time.Second)
				}
				// A caller may put its token where it does not belong. The id of a request is its own to choose, and the
				// answer repeats it, but no log does.
				svc.Dispatch(t.Context(), with(token), []byte(`{"jsonrpc":"2.0","id":"`+token+`","method":"m.well","params":["`+token+`"]}`), nil)
				svc.Dispatch(t.Context(), with("junk"), []byte(`{"jsonrpc":"2.0","id":"`+token+`","method":"`+token+`"}`), nil)
				svc.Dispatch(t.Context(), with("junk"), []byte(`{"jsonrpc":"2.0","id":"`+token+`","method":"m.well"}`), nil)
			}
			out.show(fmt.Sprintf("%+v", svc))
		}
		time.Sleep(time.Hour)
		list, err := file.List(t.Context())
		out.show(fmt.Sprintf("%+v %#v", list, list), err, fmt.Sprintf("%+v %#v", next, rotated))
		_ = json.NewEncoder(out).Encode(list)
		data, err := os.ReadFile(path)
		out.show(data, err)

		text := out.text.String()
		for _, token := range canaries {
			if secret := token[13:45]; strings.Contains(text, secret) || strings.Contains(text, strings.ToUpper(secret)) {
				at := max(strings.Index(text, secret), strings.Index(text, strings.ToUpper(secret)))
				t.Errorf("a secret got out: …%s…", text[max(0, at-300):at+40])
			}
		}
		if !strings.Contains(text, record.ID) || len(text) < 100_000 {
			t.Errorf("only %d bytes came out: this tests little", len(text))
		}
	})
}

// show keeps what callers, logs and programmers get to see.
func (s *sink) show(values ...any) {
	for _, value := range values {
		if data, ok := value.([]byte); ok {
			value = string(data)
		}
		fmt.Fprintf(s, "%v\n", value)
	}
}
