package jacinth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/jacinthtest"
)

type divideParams struct {
	A float64 `json:"a"`
	B float64 `json:"b"`
}

const (
	divide  jacinth.Name[divideParams, float64]    = "math.divide"
	total   jacinth.Name[[]int, int]               = "math.total"
	tick    jacinth.Name[jacinth.None, int]        = "tick"
	nothing jacinth.Name[sumParams, jacinth.None]  = "nothing"
	echoed  jacinth.Name[map[string]int, anyValue] = "echoed"
)

type anyValue = json.RawMessage

var errByZero = &jacinth.Error{Code: 7, Message: "Division by zero", Data: map[string]int{"b": 0}}

// calcService is a service with the methods above.
func calcService() *jacinth.Service {
	svc := jacinth.New(quiet("calc"))
	jacinth.Public(svc, divide, func(_ context.Context, p divideParams) (float64, error) {
		if p.B == 0 {
			return 0, errByZero
		}
		return p.A / p.B, nil
	}, jacinth.ReadOnly())
	jacinth.Public(svc, total, func(_ context.Context, list []int) (int, error) {
		sum := 0
		for _, n := range list {
			sum += n
		}
		return sum, nil
	})
	var mu sync.Mutex
	ticks := 0
	jacinth.Public(svc, tick, func(context.Context, jacinth.None) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		ticks++
		return ticks, nil
	})
	return svc
}

func TestName_Call(t *testing.T) {
	client := jacinthtest.New(t, calcService())
	if got, err := divide.Call(t.Context(), client, divideParams{A: 1, B: 4}); err != nil || got != 0.25 {
		t.Errorf("1/4 = %v, %v; want 0.25", got, err)
	}
	if got, err := total.Call(t.Context(), client, []int{1, 2, 3}); err != nil || got != 6 {
		t.Errorf("the total is %v, %v; want 6", got, err)
	}
	if got, err := total.Call(t.Context(), client, nil); err != nil || got != 0 {
		t.Errorf("the total of nothing is %v, %v; want 0", got, err)
	}
	if got, err := tick.Call(t.Context(), client, jacinth.None{}); err != nil || got != 1 {
		t.Errorf("the first tick is %v, %v; want 1", got, err)
	}
}

func TestName_Call_fails(t *testing.T) {
	client := jacinthtest.New(t, calcService())
	got, err := divide.Call(t.Context(), client, divideParams{A: 1})
	if got != 0 {
		t.Errorf("a failed call returned %v", got)
	}
	if !errors.Is(err, jacinth.Code(7)) || errors.Is(err, jacinth.InvalidParams) || jacinth.CodeOf(err) != 7 {
		t.Errorf("1/0 = %v, want code 7", err)
	}
	var failure *jacinth.Error
	if !errors.As(err, &failure) || failure.Code != 7 || failure.Message != "Division by zero" {
		t.Fatalf("1/0 = %v, want the error of the service", err)
	}
	var data map[string]int
	if err := failure.DecodeData(&data); err != nil || len(data) != 1 || data["b"] != 0 {
		t.Errorf("the data is %v, %v; want b 0", data, err)
	}
	if text := err.Error(); text != "math.divide: Division by zero (7)" {
		t.Errorf("the error reads %q", text)
	}
	for _, sentinel := range []error{jacinth.ErrNotSent, jacinth.ErrNoReply, jacinth.ErrBadReply} {
		if errors.Is(err, sentinel) {
			t.Errorf("an answer of the service is taken for %q", sentinel)
		}
	}
}

func TestClient_Call(t *testing.T) {
	client := jacinthtest.New(t, calcService())
	for _, test := range []struct {
		name   string
		method string
		params any
		want   string
	}{
		{"a struct", "math.divide", divideParams{A: 3, B: 2}, "1.5"},
		{"a map", "math.divide", map[string]int{"a": 3, "b": 2}, "1.5"},
		{"by position", "math.divide", jacinth.Positional{3, 2}, "1.5"},
		{"nothing by position", "math.total", jacinth.Positional(nil), "0"},
		{"a slice", "math.total", []int{3, 2}, "5"},
		{"JSON", "math.divide", json.RawMessage(` { "a" : 3, "b" : 2 } `), "1.5"},
		{"nil", "tick", nil, "1"},
		{"None", "tick", jacinth.None{}, "2"},
		{"a nil pointer", "tick", (*divideParams)(nil), "3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got json.RawMessage
			if err := client.Call(t.Context(), test.method, test.params, &got); err != nil || string(got) != test.want {
				t.Errorf("%s(%v) = %s, %v; want %s", test.method, test.params, got, err, test.want)
			}
		})
	}
}

func TestClient_Call_dropsTheResult(t *testing.T) {
	client := jacinthtest.New(t, calcService())
	if err := client.Call(t.Context(), "tick", nil, nil); err != nil {
		t.Errorf("a call whose result nobody wants: %v", err)
	}
	_, client = newRemote(t, replying(http.StatusOK, `{"jsonrpc":"2.0","id":$0,"result":{"added":"in version 2"}}`))
	if _, err := nothing.Call(t.Context(), client, sumParams{}); err != nil {
		t.Errorf("a result beside None: %v", err)
	}
}

func TestClient_Call_ignoresUnknownMembers(t *testing.T) {
	_, client := newRemote(t, replying(http.StatusOK, `{"jsonrpc":"2.0","id":$0,"result":{"a":1,"b":2,"c":3},"took":5}`))
	var got sumParams
	if err := client.Call(t.Context(), "add", nil, &got); err != nil || got != (sumParams{A: 1, B: 2}) {
		t.Errorf("the result is %v, %v; want 1 and 2", got, err)
	}
}

func TestClient_Call_resultDoesNotFit(t *testing.T) {
	_, client := newRemote(t, replying(http.StatusOK, `{"jsonrpc":"2.0","id":$0,"result":{"a":1,"b":"`+strings.Repeat("x", 100_000)+`"}}`))
	got := sumParams{A: 9, B: 9}
	err := client.Call(t.Context(), "add", nil, &got)
	if !errors.Is(err, jacinth.ErrBadReply) || len(err.Error()) > 600 {
		t.Errorf("a result of another type: %.1000v, want %v in few words", err, jacinth.ErrBadReply)
	}
	const typed jacinth.Name[jacinth.None, sumParams] = "add"
	if got, err := typed.Call(t.Context(), client, jacinth.None{}); !errors.Is(err, jacinth.ErrBadReply) || got != (sumParams{}) {
		t.Errorf("a result of another type: %v, %.100v; want nothing and %v", got, err, jacinth.ErrBadReply)
	}
}

// TestClient_Call_neverSent holds that what cannot be sent fails at once, and not in the service.
func TestClient_Call_neverSent(t *testing.T) {
	failing := func(context.Context) (string, error) { return "", errors.New("the vault is locked") }
	var target int
	for _, test := range []struct {
		name   string
		change func(c *jacinth.Client)
		params any
		result any
		want   string
	}{
		{"a scalar", nil, 5, nil, "a JSON object or array"},
		{"a string", nil, "text", nil, "a JSON object or array"},
		{"no JSON", nil, json.RawMessage(`{"a":`), nil, "cannot be encoded"},
		{"no JSON at all", nil, json.RawMessage{}, nil, "cannot be encoded"},
		{"a channel", nil, map[string]any{"c": make(chan int)}, nil, "cannot be encoded"},
		{"a result by value", nil, nil, target, "a pointer, not int"},
		{"a nil pointer for the result", nil, nil, (*int)(nil), "a pointer, not *int"},
		{"no URL", func(c *jacinth.Client) { c.URL = "" }, nil, nil, "Client.URL"},
		{"a URL without a scheme", func(c *jacinth.Client) { c.URL = "remote.test/api" }, nil, nil, "Client.URL"},
		{"a host and a port", func(c *jacinth.Client) { c.URL = "localhost:8000/api" }, nil, nil, "Client.URL"},
		{"another scheme", func(c *jacinth.Client) { c.URL = "ftp://remote.test/api" }, nil, nil, "Client.URL"},
		{"no URL at all", func(c *jacinth.Client) { c.URL = "http://user:hidden@remote.test/%zz" }, nil, nil, "Client.URL"},
		{"a token of two lines", func(c *jacinth.Client) { c.Token = "hidden\n" }, nil, nil, "line break"},
		{"no token", func(c *jacinth.Client) { c.TokenSource = failing }, nil, nil, "the vault is locked"},
		{"a token of another service's error", func(c *jacinth.Client) {
			c.TokenSource = func(context.Context) (string, error) {
				return "", jacinth.Errorf(jacinth.Unavailable, "no tokens today")
			}
		}, nil, nil, "no tokens today"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				remote, client := newRemote(t, ok)
				if test.change != nil {
					test.change(client)
				}
				start := time.Now()
				err := client.Call(t.Context(), "m", test.params, test.result, jacinth.ReadOnly())
				if !errors.Is(err, jacinth.ErrNotSent) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hidden") {
					t.Errorf("Call = %v, want %v and %q", err, jacinth.ErrNotSent, test.want)
				}
				if remote.count() != 0 || time.Since(start) != 0 {
					t.Errorf("%d requests were sent, after %v; want none, at once", remote.count(), time.Since(start))
				}
			})
		})
	}
}

func TestClient_Notify(t *testing.T) {
	for _, status := range []int{200, 202, 204} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			remote, client := newRemote(t, func(w http.ResponseWriter, _ *received) { w.WriteHeader(status) })
			if err := client.Notify(t.Context(), "log", jacinth.Positional{"text"}); err != nil {
				t.Errorf("Notify = %v", err)
			}
			if err := divide.Notify(t.Context(), client, divideParams{A: 1}); err != nil {
				t.Errorf("Notify = %v", err)
			}
			got := remote.received()
			if want := `{"jsonrpc":"2.0","method":"log","params":["text"]}`; got[0].body != want {
				t.Errorf("the notification is %s, want %s", got[0].body, want)
			}
			if want := `{"jsonrpc":"2.0","method":"math.divide","params":{"a":1,"b":0}}`; got[1].body != want {
				t.Errorf("the notification is %s, want %s", got[1].body, want)
			}
		})
	}
}

func TestClient_Notify_reachesAService(t *testing.T) {
	client := jacinthtest.New(t, calcService())
	if err := tick.Notify(t.Context(), client, jacinth.None{}); err != nil {
		t.Errorf("Notify = %v", err)
	}
	if err := client.Notify(t.Context(), "there is no such method", nil); err != nil {
		t.Errorf("Notify of an unknown method = %v, want nil: nobody answers", err)
	}
	if got, err := tick.Call(t.Context(), client, jacinth.None{}); err != nil || got != 2 {
		t.Errorf("the tick after a notification of one is %d, %v; want 2", got, err)
	}
}

// TestClient_oldServices holds that services which answer as pymicroservice did are understood: with both members,
// without the id of an error, and to notifications.
func TestClient_oldServices(t *testing.T) {
	const result = `{"jsonrpc":"2.0","id":$0,"result":5,"error":null}`
	_, client := newRemote(t, replying(http.StatusOK, result))
	if got, err := tick.Call(t.Context(), client, jacinth.None{}); err != nil || got != 5 {
		t.Errorf("a result beside a null error = %v, %v; want 5", got, err)
	}
	_, client = newRemote(t, replying(http.StatusOK, `{"jsonrpc":"2.0","id":$0,"result":null,"error":{"code":-32601,"message":"Method not found"}}`))
	if _, err := tick.Call(t.Context(), client, jacinth.None{}); !errors.Is(err, jacinth.MethodNotFound) {
		t.Errorf("an error beside a null result = %v, want -32601", err)
	}
	_, client = newRemote(t, replying(http.StatusOK, `{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"}}`))
	if _, err := tick.Call(t.Context(), client, jacinth.None{}); !errors.Is(err, jacinth.ParseError) {
		t.Errorf("an error without an id = %v, want -32700", err)
	}
	for _, answer := range []string{`{"jsonrpc":"2.0","result":5,"error":null}`, `{"jsonrpc":"2.0","id":null,"result":5}`, `{"jsonrpc":"2.0","id":7,"result":5}`} {
		_, client = newRemote(t, replying(http.StatusOK, answer))
		if err := tick.Notify(t.Context(), client, jacinth.None{}); err != nil {
			t.Errorf("a notification that is answered with %s = %v", answer, err)
		}
	}
	_, client = newRemote(t, replying(http.StatusOK, `{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"Method not found"}}`))
	if err := tick.Notify(t.Context(), client, jacinth.None{}); !errors.Is(err, jacinth.MethodNotFound) {
		t.Errorf("a notification that is answered with an error = %v, want -32601", err)
	}
}

// TestClient_survivesFailures holds that a bad answer today does no harm tomorrow.
func TestClient_survivesFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := []func(http.ResponseWriter, *received){
			replying(http.StatusServiceUnavailable, "down for maintenance", "Retry-After", "3600"),
			replying(http.StatusInternalServerError, "<html>oops</html>"),
			replying(http.StatusUnauthorized, ""), hangingUp,
			replying(http.StatusOK, `{"jsonrpc":"2.0","id":$0,"result":`),
			func(w http.ResponseWriter, _ *received) { writeRaw(w, "HTTP/9.9 what\r\n\r\n") },
			func(_ http.ResponseWriter, got *received) { <-got.context.Done() },
		}
		answers := make([]func(http.ResponseWriter, *received), 0, 2*len(bad))
		for _, b := range bad {
			answers = append(answers, b, ok)
		}
		_, client := newRemote(t, inTurn(answers...))
		client.NoRetry = true
		for i := range bad {
			if err := client.Call(t.Context(), "m", nil, nil); err == nil {
				t.Errorf("bad answer %d is none", i)
			}
			if err := client.Call(t.Context(), "m", nil, nil); err != nil {
				t.Errorf("the call after bad answer %d: %v", i, err)
			}
		}
	})
}

func TestClient_Middleware(t *testing.T) {
	var log []string
	noting := func(name string) jacinth.Middleware {
		return func(next jacinth.Handler) jacinth.Handler {
			return func(ctx context.Context, req *jacinth.Request) (any, error) {
				log = append(log, fmt.Sprintf("%s>%s%s to %s, notification %v, idempotent %v, token %q, id %q",
					name, req.Method.Name, req.Params(), req.Address, req.Notification, req.Method.Idempotent, string(req.Token), req.ID()))
				result, err := next(ctx, req)
				log = append(log, fmt.Sprintf("%s<%s %v", name, result, err))
				return result, err
			}
		}
	}
	remote, client := newRemote(t, inTurn(ok, replying(http.StatusOK, "")))
	client.URL = "http://user:hidden@remote.test/api"
	client.Token = "a-token-that-nobody-sees"
	client.Middleware = []jacinth.Middleware{noting("outer"), noting("inner")}
	if err := client.Call(t.Context(), "m", jacinth.Positional{1}, nil, jacinth.Idempotent()); err != nil {
		t.Error(err)
	}
	if err := client.Notify(t.Context(), "n", nil); err != nil {
		t.Error(err)
	}
	const to = ` to http://remote.test, `
	want := []string{
		`outer>m[1]` + to + `notification false, idempotent true, token "", id ""`,
		`inner>m[1]` + to + `notification false, idempotent true, token "", id ""`,
		`inner<"ok" <nil>`, `outer<"ok" <nil>`,
		`outer>n` + to + `notification true, idempotent false, token "", id ""`,
		`inner>n` + to + `notification true, idempotent false, token "", id ""`,
		`inner< <nil>`, `outer< <nil>`,
	}
	if !slices.Equal(log, want) {
		t.Errorf("the middleware saw\n%s\nwant\n%s", strings.Join(log, "\n"), strings.Join(want, "\n"))
	}
	if n := remote.count(); n != 2 {
		t.Errorf("%d requests were sent, want 2", n)
	}
}

func TestClient_Middleware_answersByItself(t *testing.T) {
	remote, client := newRemote(t, ok)
	refused := errors.New("refused")
	var result any
	var failure error
	client.Middleware = []jacinth.Middleware{func(jacinth.Handler) jacinth.Handler {
		return func(context.Context, *jacinth.Request) (any, error) { return result, failure }
	}}
	result = 5
	if got, err := tick.Call(t.Context(), client, jacinth.None{}); err != nil || got != 5 {
		t.Errorf("tick = %d, %v; want 5", got, err)
	}
	result = json.RawMessage("6")
	if got, err := tick.Go(t.Context(), client, jacinth.None{}).Result(); err != nil || got != 6 {
		t.Errorf("tick = %d, %v; want 6", got, err)
	}
	if result = nil; client.Call(t.Context(), "m", nil, new(int)) != nil {
		t.Error("a nil result is an error, want null")
	}
	result = make(chan int)
	if _, err := tick.Call(t.Context(), client, jacinth.None{}); !errors.Is(err, jacinth.ErrBadReply) {
		t.Errorf("a result that is no JSON: %v, want %v", err, jacinth.ErrBadReply)
	}
	failure = refused
	if _, err := tick.Call(t.Context(), client, jacinth.None{}); !errors.Is(err, refused) {
		t.Errorf("tick = %v, want %v", err, refused)
	}
	if n := remote.count(); n != 0 {
		t.Errorf("%d requests were sent, want none", n)
	}
}

// TestClient_Middleware_sendsTwice holds that a middleware may send a call several times at once, to take the first
// answer, and that each of these is tried on its own.
func TestClient_Middleware_sendsTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, hangingUp)
		registry := new(board) // with it, a client notes where it has tried
		registry.set(jacinth.Instance{ID: "1", Service: "remote", URL: client.URL, Ready: true})
		client.URL, client.Service, client.Registry, client.Hosts = "", "remote", registry, []string{"http://remote.test"}
		defer client.Close()
		client.Middleware = []jacinth.Middleware{func(next jacinth.Handler) jacinth.Handler {
			return func(ctx context.Context, req *jacinth.Request) (any, error) {
				var twice sync.WaitGroup
				for range 2 {
					twice.Go(func() { _, _ = next(ctx, req) })
				}
				twice.Wait()
				return nil, nil //nolint:nilnil // what the service would answer
			}
		}}
		if err := client.Call(t.Context(), "m", nil, nil, jacinth.ReadOnly()); err != nil || remote.count() != 6 {
			t.Errorf("Call = %v after %d requests, want six: three for each time", err, remote.count())
		}
	})
}

// TestClient_concurrent is for the race detector, and holds that no call gets another's answer.
func TestClient_concurrent(t *testing.T) {
	client := jacinthtest.New(t, calcService())
	var calls sync.WaitGroup
	for i := range 16 {
		calls.Go(func() {
			for j := range 50 {
				want := i*1000 + j
				if got, err := total.Call(t.Context(), client, []int{want, 0}); err != nil || got != want {
					t.Errorf("total = %d, %v; want %d", got, err, want)
				}
			}
		})
	}
	calls.Wait()
}

func TestClient_Specs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := jacinthtest.New(t, calcService())
		specs, err := client.Specs(t.Context())
		if err != nil || specs.Name != "calc" || specs.Limits.BatchItems != 100 || specs.Limits.Body != 1<<20 {
			t.Errorf("Specs = %+v, %v", specs, err)
		}
		var names []string
		for _, m := range specs.Methods {
			names = append(names, m.Name)
			if m.ReadOnly != (m.Name == "math.divide") || m.Idempotent {
				t.Errorf("%s is read-only: %v, idempotent: %v", m.Name, m.ReadOnly, m.Idempotent)
			}
		}
		if want := []string{"get_service_specs", "math.divide", "math.total", "tick"}; !slices.Equal(names, want) {
			t.Errorf("the methods are %q, want %q", names, want)
		}
	})
}

// TestClient_Specs_marks holds that what a service says of its methods counts as if it were said at the call, and
// that of what it says last.
func TestClient_Specs_marks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		specs := func(methods string) func(http.ResponseWriter, *received) {
			return replying(200, `{"jsonrpc":"2.0","id":$0,"result":{"name":"s","limits":{},"methods":[`+methods+`]}}`)
		}
		var answer func(http.ResponseWriter, *received)
		remote, client := newRemote(t, func(w http.ResponseWriter, got *received) { answer(w, got) })
		tries := func(method string) int {
			before := remote.count()
			answer = replying(502, "")
			_ = client.Call(t.Context(), method, nil, nil)
			return remote.count() - before
		}
		if n := tries("read"); n != 1 {
			t.Errorf("a method of which nothing is known was tried %d times, want 1", n)
		}
		answer = specs(`{"name":"read","read_only":true},{"name":"set","idempotent":true},{"name":"add"}`)
		if _, err := client.Specs(t.Context()); err != nil {
			t.Fatal(err)
		}
		for method, want := range map[string]int{"read": 3, "set": 3, "add": 1, "unknown": 1} {
			if n := tries(method); n != want {
				t.Errorf("%s was tried %d times, want %d", method, n, want)
			}
		}
		answer = specs(`{"name":"read"}`)
		if _, err := client.Specs(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := tries("read"); n != 1 {
			t.Errorf("a method that is no longer read-only was tried %d times, want 1", n)
		}
	})
}

// TestClient_beforeTheFirstCall holds that a client may be changed until then, and neither Close nor a batch that is not sent
// yet is one.
func TestClient_beforeTheFirstCall(t *testing.T) {
	remote, complete := newRemote(t, replying(200, `[{"jsonrpc":"2.0","id":$0,"result":1}]`))
	client := new(jacinth.Client)
	client.Close()
	batch := client.Batch()
	batch.Call("m", nil)
	client.URL, client.Transport, client.Token = complete.URL, complete.Transport, "secret"
	client.Close()
	if err := batch.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := remote.received()[0].header.Get("X-Api-Token"); got != "secret" {
		t.Errorf("the token is %q, want that which was set before the first call", got)
	}
}

func TestClient_Require(t *testing.T) {
	config := quiet("vault")
	config.Authorize = jacinth.Tokens("a-token-for-the-vault")
	svc := jacinth.New(config)
	jacinth.Public(svc, "look", func(context.Context, jacinth.None) (bool, error) { return true, nil })
	jacinth.Private(svc, "open", func(context.Context, jacinth.None) (bool, error) { return true, nil })
	client := jacinthtest.New(t, svc)
	if err := client.Require(t.Context(), "look"); err != nil {
		t.Errorf("Require of a method that is there = %v", err)
	}
	err := client.Require(t.Context(), "look", "open", "close")
	if !errors.Is(err, jacinth.MethodNotFound) || !strings.Contains(err.Error(), "vault at http://service.test has no open, close, or") {
		t.Errorf("Require of methods that are not there = %v", err)
	}
	trusted := jacinthtest.New(t, svc)
	trusted.Token = "a-token-for-the-vault"
	if err := trusted.Require(t.Context(), "look", "open"); err != nil {
		t.Errorf("Require with a token = %v", err)
	}
	_, stranger := newRemote(t, replying(404, "not found"))
	if err := stranger.Require(t.Context(), "look"); !errors.Is(err, jacinth.ErrBadReply) || errors.Is(err, jacinth.MethodNotFound) {
		t.Errorf("Require of something else = %v, want %v", err, jacinth.ErrBadReply)
	}
}
