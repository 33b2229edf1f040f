package jacinth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/codec"
)

// fuzzService has methods of every kind, and counts the calls of its public and of its private ones.
func fuzzService() (svc *jacinth.Service, runs, private *int) {
	runs, private = new(int), new(int)
	svc = jacinth.New(jacinth.Config{
		Name: "fuzzed", Authorize: jacinth.Tokens(tokenOne), Logger: slog.New(slog.DiscardHandler),
		Limits: jacinth.Limits{BatchWorkers: 1, BatchItems: 20, Response: 8 << 10},
	})
	jacinth.Public(svc, "subtract", func(_ context.Context, p sumParams) (int, error) {
		*runs++
		return p.A - p.B, nil
	})
	jacinth.Public(svc, "sum", func(_ context.Context, list []int) (int, error) {
		*runs++
		return len(list), nil
	})
	jacinth.Public(svc, "params.raw", func(_ context.Context, p encoded) (json.RawMessage, error) {
		*runs++
		return p.Value, nil
	})
	jacinth.Public(svc, "params.search", func(_ context.Context, p search) (search, error) {
		*runs++
		return p, nil
	})
	jacinth.Public(svc, "params.customer", func(_ context.Context, p customer) (customer, error) {
		*runs++
		return p, nil
	})
	jacinth.Public(svc, "params.free", func(_ context.Context, p map[string]any) (any, error) {
		*runs++
		return p, nil
	})
	jacinth.Public(svc, "params.none", doNothing)
	addFailingMethods(svc.Group("fail"))
	svc.Add(jacinth.Method{Name: "params.by_hand", Handler: func(_ context.Context, req *jacinth.Request) (any, error) {
		*runs++
		return req.Params(), nil
	}})
	for _, name := range []jacinth.Name[map[string]any, any]{"private.greet", "private.whoami", "private.panic"} {
		jacinth.Private(svc, name, func(context.Context, map[string]any) (any, error) {
			*private++
			return nil, nil
		})
	}
	return svc, runs, private
}

// seedBodies are the bodies of the transcripts.
func seedBodies(f *testing.F) [][]byte {
	f.Helper()
	files, err := filepath.Glob("testdata/conformance/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no transcripts: %v", err)
	}
	var bodies [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		transcript, err := parseTranscript(text)
		if err != nil {
			f.Fatal(err)
		}
		for _, exchange := range transcript.exchanges {
			if len(exchange.request.body) < 4<<10 {
				bodies = append(bodies, []byte(exchange.request.body))
			}
		}
	}
	return bodies
}

var errorID = regexp.MustCompile(`"errorId":"[0-9a-f]{8}"`)

// FuzzDispatch holds what is true of every body: it makes no panic; its reply is nothing or JSON-RPC 2.0 of a bounded
// size; ids come back as they were sent; nothing of a body that is no JSON runs, and nothing private without a token.
func FuzzDispatch(f *testing.F) {
	for _, body := range seedBodies(f) {
		f.Add(body)
	}
	svc, runs, private := fuzzService()
	f.Fuzz(func(t *testing.T, body []byte) {
		*runs = 0
		sent := bytes.Clone(body)
		const prefix = "what was there before"
		out := svc.Dispatch(t.Context(), jacinth.Peer{Token: "a wrong token"}, body, []byte(prefix))
		got, ok := bytes.CutPrefix(out, []byte(prefix))
		if !ok {
			t.Fatalf("the reply %q does not begin with what it was to be appended to", out)
		}
		if !bytes.Equal(body, sent) {
			t.Fatalf("the body was changed to %q", body)
		}
		replies, isBatch, err := parseReplies(got)
		if err != nil {
			t.Fatalf("the reply is %v", err)
		}
		if most := 8<<10 + 20*300; len(got) > most {
			t.Errorf("the reply has %d bytes, want at most %d", len(got), most)
		}
		for _, r := range replies {
			if id := string(r.ID); id != "null" && !bytes.Contains(sent, r.ID) {
				t.Errorf("the id %s was never sent", id)
			}
			if text := string(got); strings.Contains(text, "secret") && !bytes.Contains(sent, []byte("secret")) {
				t.Errorf("the reply %s tells what is inside", text)
			}
		}
		isJSON := json.Valid(body) && utf8.Valid(body)
		if !isJSON && (*runs > 0 || isBatch || len(replies) != 1 || replies[0].code() != -32700 && replies[0].code() != -32600) {
			t.Errorf("what is no JSON has run %d calls, and is answered with %q", *runs, got)
		}
		if isBatch && !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")) {
			t.Errorf("what is no batch is answered with %q", got)
		}
		if *private > 0 {
			t.Fatal("a private method has run without a token")
		}
		second := svc.Dispatch(t.Context(), jacinth.Peer{Token: "a wrong token"}, body, nil)
		if a, b := errorID.ReplaceAll(got, nil), errorID.ReplaceAll(second, nil); !bytes.Equal(a, b) {
			t.Errorf("the reply is %q, and then %q", got, second)
		}
	})
}

// FuzzParams holds that params by name and by position are the same: both run with the same values, or neither does.
func FuzzParams(f *testing.F) {
	for _, values := range [][2]string{
		{"1", "2"}, {`"x"`, "null"}, {"1.0", "1e2"}, {"[1]", "{}"}, {`{"a":1,"a":2}`, "1"}, {"9007199254740993", "-0"}, {"true", `"é"`},
	} {
		f.Add([]byte(values[0]), []byte(values[1]))
	}
	type pair struct {
		A any    `json:"a"`
		B *int64 `json:"b"`
	}
	svc := jacinth.New(quiet("paired"))
	jacinth.Public(svc, "pair", func(_ context.Context, p pair) (pair, error) { return p, nil })
	dispatch := func(t *testing.T, params string) reply {
		body := `{"jsonrpc":"2.0","id":1,"method":"pair","params":` + params + `}`
		return mustReply(t, svc.Dispatch(t.Context(), jacinth.Peer{}, []byte(body), nil))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if !codec.Valid(a) || !codec.Valid(b) {
			return
		}
		named := dispatch(t, `{"a":`+string(a)+`,"b":`+string(b)+`}`)
		swapped := dispatch(t, `{"b":`+string(b)+`,"a":`+string(a)+`}`)
		positional := dispatch(t, `[`+string(a)+`,`+string(b)+`]`)
		for _, other := range []reply{swapped, positional} {
			if named.code() != other.code() || !bytes.Equal(named.Result, other.Result) {
				t.Errorf("%s and %s are taken by name as %s (%d), and otherwise as %s (%d)",
					a, b, named.Result, named.code(), other.Result, other.code())
			}
		}
	})
}
