package jacinth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/jacinthtest"
)

const (
	tokenOne = "the first token of all"
	tokenTwo = "another token beside it"
)

// counting is a service whose methods count how often they run.
type counting struct {
	*jacinth.Service
	public, private int // touched by one worker at a time
}

func newCounting(authorize func(context.Context, *jacinth.Request) error) *counting {
	c := &counting{Service: jacinth.New(jacinth.Config{
		Name: "counting", Authorize: authorize, Logger: slog.New(slog.DiscardHandler),
		Limits: jacinth.Limits{BatchWorkers: 1},
	})}
	jacinth.Public(c.Service, "open", func(_ context.Context, p sumParams) (int, error) {
		c.public++
		return p.A + p.B, nil
	})
	jacinth.Private(c.Service, "closed", func(_ context.Context, p sumParams) (int, error) {
		c.private++
		return p.A + p.B, nil
	})
	return c
}

// credentials are ways to send tokens or none, and whether they open a private method.
var credentials = []struct {
	name    string
	header  []string
	granted bool
}{
	{"none", nil, false},
	{"an empty one", []string{"X-Api-Token", ""}, false},
	{"a wrong one", []string{"X-Api-Token", "wrong"}, false},
	{"a wrong bearer", []string{"Authorization", "Bearer wrong"}, false},
	{"the beginning of one", []string{"X-Api-Token", tokenOne[:len(tokenOne)-1]}, false},
	{"one and more", []string{"X-Api-Token", tokenOne + "x"}, false},
	{"one in another scheme", []string{"Authorization", "Basic " + tokenOne}, false},
	{"one in another header", []string{"X-Token", tokenOne}, false},
	{"one in a cookie", []string{"Cookie", "X-Api-Token=" + tokenOne}, false},
	{"a very long one", []string{"X-Api-Token", strings.Repeat(tokenOne, 500)}, false},
	{"both, in one header", []string{"X-Api-Token", tokenOne, "X-Api-Token", tokenTwo}, false},
	{"both, in two headers", []string{"X-Api-Token", tokenOne, "Authorization", "Bearer " + tokenTwo}, false},
	{"a right and a wrong one", []string{"X-Api-Token", tokenOne, "Authorization", "Bearer wrong"}, false},
	{"a wrong and a right one", []string{"X-Api-Token", "wrong", "Authorization", "Bearer " + tokenOne}, false},
	{"three", []string{"X-Api-Token", tokenOne, "X-Api-Token", "wrong", "X-Api-Token", tokenOne}, false},
	{"both with a comma", []string{"X-Api-Token", tokenOne + ", " + tokenTwo}, false},
	{"the first", []string{"X-Api-Token", tokenOne}, true},
	{"the second", []string{"X-Api-Token", tokenTwo}, true},
	{"a bearer", []string{"Authorization", "Bearer " + tokenOne}, true},
	{"a bearer in small letters", []string{"Authorization", "bearer  " + tokenTwo}, true},
	{"the same twice", []string{"X-Api-Token", tokenOne, "Authorization", "Bearer " + tokenOne}, true},
	{"one beside a password", []string{"X-Api-Token", tokenOne, "Authorization", "Basic dXNlcjpwYXNz"}, true},
	{"one beside an empty bearer", []string{"X-Api-Token", tokenOne, "Authorization", "Bearer "}, true},
}

// TestPrivate_runsOnlyWhenGranted sends random batches with random credentials: a private method runs if and only if
// its caller may call it, and what is denied looks the same whatever the params.
func TestPrivate_runsOnlyWhenGranted(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	c := newCounting(jacinth.Tokens(tokenOne, tokenTwo))
	const rounds = 3000
	for round := range rounds {
		credential := credentials[random.IntN(len(credentials))]
		*c = counting{Service: c.Service}
		items := make([]string, 1+random.IntN(8))
		var want []int // codes
		public, private := 0, 0
		for i := range items {
			method := []string{"open", "closed", "nowhere"}[random.IntN(3)]
			params := []string{"[1,2]", `{"a":1,"b":2}`, "[]", `{"a":"x"}`, `{"c":1}`}[random.IntN(5)]
			fits := params == "[1,2]" || params == `{"a":1,"b":2}`
			code := 0
			switch {
			case method == "nowhere":
				code = -32601
			case method == "closed" && !credential.granted:
				code = -32001
			case !fits:
				code = -32602
			case method == "open":
				public++
			default:
				private++
			}
			id := `,"id":1`
			if random.IntN(4) == 0 {
				id = ""
			} else {
				want = append(want, code)
			}
			items[i] = fmt.Sprintf(`{"jsonrpc":"2.0","method":"%s","params":%s%s}`, method, params, id)
		}
		body := "[" + strings.Join(items, ",") + "]"
		got := callHTTP(c.Service, body, credential.header...)
		var codes []int
		for _, r := range mustReplies(t, got.body) {
			codes = append(codes, r.code())
			if r.code() == -32001 && (r.Error.Message != "Access denied" || r.Error.Data != nil) {
				t.Errorf("what is denied is told more: %+v", r.Error)
			}
		}
		if !slices.Equal(codes, want) || c.public != public || c.private != private {
			t.Fatalf("seed %d, round %d, with %s: %s\nis answered with the codes %v and runs %d public and %d private calls,\n"+
				"want %v, %d and %d", seed, round, credential.name, body, codes, c.public, c.private, want, public, private)
		}
	}
}

func TestPrivate_credentials(t *testing.T) {
	for _, credential := range credentials {
		c := newCounting(jacinth.Tokens(tokenOne, tokenTwo))
		got := callHTTP(c.Service, `{"jsonrpc":"2.0","method":"closed","params":[1,2],"id":1}`, credential.header...)
		if granted := mustReply(t, got.body).Error == nil; granted != credential.granted || (c.private == 1) != granted {
			t.Errorf("with %s: %s, and %d runs; want granted %v", credential.name, got.body, c.private, credential.granted)
		}
		if got.status != http.StatusOK {
			t.Errorf("with %s: status %d, want 200", credential.name, got.status)
		}
	}
}

func TestPrivate_otherTokenHeader(t *testing.T) {
	svc := jacinth.New(jacinth.Config{
		Name: "renamed", Authorize: jacinth.Tokens(tokenOne), TokenHeader: "x-my-TOKEN", Logger: slog.New(slog.DiscardHandler),
	})
	jacinth.Private(svc, "closed", sum)
	const body = `{"jsonrpc":"2.0","method":"closed","params":[1,2],"id":1}`
	for header, granted := range map[string]bool{"X-My-Token": true, "x-my-token": true, "X-Api-Token": false} {
		if r := mustReply(t, callHTTP(svc, body, header, tokenOne).body); (r.Error == nil) != granted {
			t.Errorf("with the token in %s: code %d, want granted %v", header, r.code(), granted)
		}
	}
}

// TestPrivate_withoutHTTP holds that a binding that knows a token from elsewhere is judged by that.
func TestPrivate_withoutHTTP(t *testing.T) {
	c := newCounting(jacinth.Tokens(tokenOne))
	const body = `{"jsonrpc":"2.0","method":"closed","params":[1,2],"id":1}`
	for token, code := range map[string]int{tokenOne: 0, "": -32001, "wrong": -32001} {
		got := c.Dispatch(t.Context(), jacinth.Peer{Token: jacinth.Token(token)}, []byte(body), nil)
		if r := mustReply(t, got); r.code() != code {
			t.Errorf("with the token %q: code %d, want %d", token, r.code(), code)
		}
	}
}

func TestTokens_refusesWhatCouldBeGuessed(t *testing.T) {
	for _, test := range []struct {
		tokens []string
		want   string
	}{
		{nil, "needs at least one token"},
		{[]string{""}, "token 1 is empty: is its environment variable set?"},
		{[]string{tokenOne, ""}, "token 2 is empty"},
		{[]string{"fifteen letters"}, "token 1 is shorter than 16 characters"},
		{[]string{tokenOne, tokenTwo, "brief"}, "token 3 is shorter than 16 characters"},
		{[]string{strings.Repeat("x", 8193)}, "token 1 is longer than 8192 characters"},
		{[]string{"sixteen letters!"}, ""},
		// A secret that was read from a file has the file's line end, and would never match.
		{[]string{"0123456789abcdef\n"}, "token 1 ends with a line break, which no header can carry"},
		{[]string{"0123456789abcdef\r\n"}, "token 1 ends with a line break"},
		{[]string{"01234567\n89abcdef"}, "token 1 has a control character"},
		{[]string{"0123456789abcdef\x00"}, "token 1 has a control character"},
		{[]string{"0123456789abcdef\x7f"}, "token 1 has a control character"},
		{[]string{" 0123456789abcdef"}, "token 1 begins or ends with a space"},
		{[]string{"0123456789abcdef "}, "token 1 begins or ends with a space"},
		{[]string{"0123456789abcdef\u00a0"}, "token 1 begins or ends with a space"},
		{[]string{strings.Repeat("x", 8192)}, ""},
	} {
		sentence := panicOf(func() { jacinth.Tokens(test.tokens...) })
		if !strings.Contains(sentence, test.want) || (test.want == "") != (sentence == "") {
			t.Errorf("Tokens(%q) panics with %q, want %q", test.tokens, clip([]byte(sentence)), test.want)
		}
		for _, token := range test.tokens {
			if token != "" && strings.Contains(sentence, token) {
				t.Errorf("the panic %q tells the token", sentence)
			}
		}
	}
}

// TestTokens_longest holds that nothing is hashed or looked up for a header that no token is as long as.
func TestTokens_longest(t *testing.T) {
	longest := strings.Repeat("x", 8192)
	config := quiet("vault")
	config.Authorize = jacinth.Tokens(longest)
	svc := jacinth.New(config)
	jacinth.Private(svc, "open", func(context.Context, jacinth.None) (string, error) { return "gold", nil })
	seen := -1
	counting := quiet("counting")
	counting.Authorize = func(_ context.Context, req *jacinth.Request) error {
		seen = len(req.Token)
		return jacinth.AccessDenied
	}
	counter := jacinth.New(counting)
	jacinth.Private(counter, "open", func(context.Context, jacinth.None) (string, error) { return "gold", nil })

	for token, want := range map[string]int{longest: len(longest), longest + "x": 0} {
		for _, header := range [][2]string{{"X-Api-Token", token}, {"Authorization", "Bearer " + token}} {
			r := httptest.NewRequest(http.MethodPost, "/api", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"open"}`))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set(header[0], header[1])
			seen = -1
			counter.ServeHTTP(httptest.NewRecorder(), r)
			if seen != want {
				t.Errorf("of a token of %d characters in %s, the authorizer sees %d, want %d", len(token), header[0], seen, want)
			}
			r.Body = io.NopCloser(strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"open"}`))
			reply := httptest.NewRecorder()
			svc.ServeHTTP(reply, r)
			if let := strings.Contains(reply.Body.String(), "gold"); let != (want > 0) {
				t.Errorf("a token of %d characters in %s is answered with %s", len(token), header[0], reply.Body)
			}
		}
	}
}

// typedNil returns an error that is not nil and holds a nil *Error: the mistake that Go makes easy.
func typedNil() error {
	var none *jacinth.Error
	return none
}

func TestAuthorize_refusals(t *testing.T) {
	for _, test := range []struct {
		name      string
		authorize func(context.Context, *jacinth.Request) error
		status    int
		want      string // the error
	}{
		{
			"a plain error", func(context.Context, *jacinth.Request) error { return errors.New("secret reason") },
			200, `{"code":-32001,"message":"Access denied"}`,
		},
		{
			"a bare code", func(context.Context, *jacinth.Request) error { return jacinth.InvalidParams },
			200, `{"code":-32001,"message":"Access denied"}`,
		},
		{
			"an Error", func(context.Context, *jacinth.Request) error {
				return &jacinth.Error{Code: 401, Message: "Log in again", Data: 5, Cause: errors.New("secret cause")}
			},
			200, `{"code":401,"message":"Log in again","data":5}`,
		},
		{
			"a wrapped Error", func(context.Context, *jacinth.Request) error {
				return fmt.Errorf("secret wrapping: %w", jacinth.Errorf(402, "Pay first"))
			},
			200, `{"code":402,"message":"Pay first"}`,
		},
		{
			"Unavailable", func(context.Context, *jacinth.Request) error {
				return jacinth.Errorf(jacinth.Unavailable, "Tokens cannot be checked now")
			},
			503, `{"code":-32000,"message":"Tokens cannot be checked now"}`,
		},
		{
			"a nil *Error", func(context.Context, *jacinth.Request) error { return typedNil() },
			200, `{"code":-32001,"message":"Access denied"}`,
		},
		{
			"a panic", func(context.Context, *jacinth.Request) error { panic("secret panic") },
			200, `{"code":-32603,"message":"Internal error","data":{"errorId":"<any>"}}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCounting(test.authorize)
			got := callHTTP(c.Service, `{"jsonrpc":"2.0","method":"closed","params":[1,2],"id":1}`)
			if faults := compareReplies([]byte(`{"jsonrpc":"2.0","error":`+test.want+`,"id":1}`), got.body); len(faults) > 0 {
				t.Errorf("the reply is %s: %q", got.body, faults)
			}
			if got.status != test.status || (got.header.Get("Retry-After") != "") != (test.status == 503) {
				t.Errorf("status %d, Retry-After %q; want %d", got.status, got.header.Get("Retry-After"), test.status)
			}
			if mustReply(t, got.body).Error.Data == nil && strings.Contains(test.want, "data") {
				t.Errorf("the reply %s has no data", got.body)
			}
			if c.private != 0 {
				t.Errorf("the method ran %d times", c.private)
			}
		})
	}
}

// TestAuthorize_refusedByAnotherService holds that what a service asked for an opinion says, is not for the caller.
func TestAuthorize_refusedByAnotherService(t *testing.T) {
	judge := jacinth.New(quiet("judge"))
	jacinth.Public(judge, "may", func(context.Context, jacinth.None) (bool, error) {
		return false, &jacinth.Error{Code: 5, Message: "secret of the judge"}
	})
	client := jacinthtest.New(t, judge)
	c := newCounting(func(ctx context.Context, _ *jacinth.Request) error { return client.Call(ctx, "may", nil, nil) })
	got := callHTTP(c.Service, `{"jsonrpc":"2.0","method":"closed","params":[1,2],"id":1}`)
	if r := mustReply(t, got.body); r.code() != -32001 || r.Error.Message != "Access denied" || c.private != 0 {
		t.Errorf("the reply is %s, and the method ran %d times; want access denied", got.body, c.private)
	}
}

// TestAuthorize_isAsked holds what Authorize is told and how often: once for each call of a private method.
func TestAuthorize_isAsked(t *testing.T) {
	type key struct{}
	asked := 0
	c := newCounting(func(ctx context.Context, req *jacinth.Request) error {
		asked++
		if jacinth.RequestFrom(ctx) != req || req.Method.Name != "closed" || req.Token != tokenOne || req.HTTP == nil {
			t.Errorf("Authorize is asked about %+v", req)
		}
		if _, ok := ctx.Deadline(); !ok || ctx.Value(key{}) != nil {
			t.Error("Authorize is asked in a context that is not the call's")
		}
		req.Caller = jacinth.Caller{Name: "ada", Scopes: []string{"read"}}
		return nil
	})
	var callers []jacinth.Caller
	c.Use(func(next jacinth.Handler) jacinth.Handler {
		return func(ctx context.Context, req *jacinth.Request) (any, error) {
			callers = append(callers, req.Caller)
			return next(ctx, req)
		}
	})
	closed, open := `{"jsonrpc":"2.0","method":"closed","params":[1,2],"id":1}`, `{"jsonrpc":"2.0","method":"open","params":[1,2],"id":1}`
	callHTTP(c.Service, "["+closed+","+open+","+closed+"]", "X-Api-Token", tokenOne)
	if asked != 2 {
		t.Errorf("Authorize was asked %d times, want twice", asked)
	}
	if len(callers) != 3 || callers[0].Name != "ada" || !slices.Equal(callers[2].Scopes, []string{"read"}) || callers[1].Name != "" {
		t.Errorf("the callers are %+v, want ada, nobody, ada", callers)
	}
}

// TestAuthorize_isLogged holds that the log says who called and why access was denied, and never a token.
func TestAuthorize_isLogged(t *testing.T) {
	log := &records{}
	svc := jacinth.New(jacinth.Config{Name: "logged", Authorize: jacinth.Tokens(tokenOne), Logger: slog.New(log)})
	jacinth.Private(svc, "closed", sum)
	const body = `{"jsonrpc":"2.0","method":"closed","params":[1,2],"id":1}`
	for _, test := range []struct {
		header         []string
		caller, reason string
	}{
		{nil, "", "no token"},
		{[]string{"X-Api-Token", "some wrong token"}, "", "unknown token"},
		{[]string{"X-Api-Token", tokenOne, "Authorization", "Bearer x"}, "", "several different tokens in one request"},
		{[]string{"X-Api-Token", tokenOne}, "token 1", ""},
	} {
		callHTTP(svc, body, test.header...)
		if text := log.text(); strings.Contains(text, tokenOne) || strings.Contains(text, "some wrong token") {
			t.Errorf("the log tells a token: %s", text)
		}
		lines := log.take()
		if len(lines) != 1 || lines[0].attributes["caller"] != test.caller || lines[0].attributes["reason"] != test.reason {
			t.Errorf("with %q the log says %+v, want one line with the caller %q and the reason %q", test.header, lines, test.caller, test.reason)
		}
	}
}

// TestSpecs_hidesWhatMayNotBeCalled holds that a service describes a private method to those who may call it.
func TestSpecs_hidesWhatMayNotBeCalled(t *testing.T) {
	c := newCounting(jacinth.Tokens(tokenOne, tokenTwo))
	for _, credential := range credentials {
		got := callHTTP(c.Service, call("get_service_specs"), credential.header...)
		if r := mustReply(t, got.body); strings.Contains(string(r.Result), `"closed"`) != credential.granted {
			t.Errorf("with %s the description is %s, want the private method in it: %v", credential.name, r.Result, credential.granted)
		}
	}
	c = newCounting(func(context.Context, *jacinth.Request) error { return typedNil() })
	if got := callHTTP(c.Service, call("get_service_specs")); strings.Contains(string(got.body), `"closed"`) {
		t.Errorf("with a nil *Error as its refusal the description is %s, want no private method", got.body)
	}
}
