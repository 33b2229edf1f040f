package jacinth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// tracing returns a middleware that notes when it is entered and left.
func tracing(trace *[]string, name string) jacinth.Middleware {
	return func(next jacinth.Handler) jacinth.Handler {
		return func(ctx context.Context, req *jacinth.Request) (any, error) {
			*trace = append(*trace, name)
			result, err := next(ctx, req)
			*trace = append(*trace, "/"+name)
			return result, err
		}
	}
}

// TestMiddleware_order holds that the service's middleware is around that of a group, that around that of a group in
// it, each in the order in which it was added, be that before or after the methods.
func TestMiddleware_order(t *testing.T) {
	var trace []string
	svc := jacinth.New(quiet("traced"))
	note := func(context.Context, jacinth.None) (jacinth.None, error) {
		trace = append(trace, "call")
		return jacinth.None{}, nil
	}
	jacinth.Public(svc, "top", note)
	outer := svc.Group("outer")
	outer.Use(tracing(&trace, "o1"))
	inner := outer.Group("inner")
	jacinth.Public(inner, "deep", note)
	jacinth.Public(outer, "middle", note)
	unnamed := outer.Group("")
	jacinth.Public(unnamed, "aside", note)
	unnamed.Use(tracing(&trace, "u"))
	inner.Use(tracing(&trace, "i1"), tracing(&trace, "i2"))
	outer.Use(tracing(&trace, "o2"))
	svc.Use(tracing(&trace, "s1"))
	svc.Use(tracing(&trace, "s2"))
	jacinth.Public(svc.Group("other"), "top", note)
	for method, want := range map[string]string{
		"top":              "s1 s2 call /s2 /s1",
		"other.top":        "s1 s2 call /s2 /s1",
		"outer.middle":     "s1 s2 o1 o2 call /o2 /o1 /s2 /s1",
		"outer.inner.deep": "s1 s2 o1 o2 i1 i2 call /i2 /i1 /o2 /o1 /s2 /s1",
		"outer.aside":      "s1 s2 o1 o2 u call /u /o2 /o1 /s2 /s1",
	} {
		for range 2 {
			trace = nil
			callHTTP(svc, call(method))
			if got := strings.Join(trace, " "); got != want {
				t.Errorf("%s runs %s, want %s", method, got, want)
			}
		}
	}
}

// TestMiddleware_isMadeOnce holds that a middleware is wrapped around a method once, not for each call.
func TestMiddleware_isMadeOnce(t *testing.T) {
	svc := jacinth.New(quiet("wrapped"))
	made := 0
	svc.Use(func(next jacinth.Handler) jacinth.Handler {
		made++
		return next
	})
	jacinth.Public(svc, "one", doNothing)
	callHTTP(svc, call("one"))
	before := made
	for range 5 {
		callHTTP(svc, call("one"))
	}
	if before == 0 || made != before {
		t.Errorf("the middleware was made %d times for the first call and %d times in all, want no more", before, made)
	}
}

// TestMiddleware_decides holds what a middleware can do with a call: answer it, fail it, change its result and its
// error, and panic, each of which is judged as if the method had done it.
func TestMiddleware_decides(t *testing.T) {
	type wrap = func(next jacinth.Handler, ctx context.Context, req *jacinth.Request) (any, error)
	for _, test := range []struct {
		name string
		wrap wrap
		want string
	}{
		{
			"answers", func(jacinth.Handler, context.Context, *jacinth.Request) (any, error) { return []int{1, 2}, nil },
			`"result":[1,2]`,
		},
		{
			"answers in JSON", func(jacinth.Handler, context.Context, *jacinth.Request) (any, error) {
				return json.RawMessage(`{"a":1.50}`), nil
			}, `"result":{"a":1.50}`,
		},
		{
			"answers with what is no JSON", func(jacinth.Handler, context.Context, *jacinth.Request) (any, error) {
				return json.RawMessage(`{"a":`), nil
			}, `"code":-32603`,
		},
		{
			"fails", func(jacinth.Handler, context.Context, *jacinth.Request) (any, error) {
				return nil, jacinth.Errorf(5, "not today")
			}, `"error":{"code":5,"message":"not today"}`,
		},
		{
			"changes the result", func(next jacinth.Handler, ctx context.Context, req *jacinth.Request) (any, error) {
				result, err := next(ctx, req)
				return fmt.Sprint(result, "!"), err
			}, `"result":"3!"`,
		},
		{
			"changes the error", func(next jacinth.Handler, ctx context.Context, req *jacinth.Request) (any, error) {
				if _, err := next(ctx, req); err != nil {
					return nil, err
				}
				return nil, errors.New("secret")
			}, `"code":-32603`,
		},
		{
			"panics", func(jacinth.Handler, context.Context, *jacinth.Request) (any, error) { panic("secret") },
			`"code":-32603`,
		},
		{
			"keeps the request", func(next jacinth.Handler, ctx context.Context, _ *jacinth.Request) (any, error) {
				return next(ctx, nil)
			}, `"code":-32603`,
		},
		{
			"hands on a request of its own", func(next jacinth.Handler, ctx context.Context, _ *jacinth.Request) (any, error) {
				return next(ctx, &jacinth.Request{})
			}, `"code":-32603`,
		},
		{
			"calls twice", func(next jacinth.Handler, ctx context.Context, req *jacinth.Request) (any, error) {
				if _, err := next(ctx, req); err != nil {
					return nil, err
				}
				return next(ctx, req)
			}, `"result":3`,
		},
		{
			"derives a context", func(next jacinth.Handler, ctx context.Context, req *jacinth.Request) (any, error) {
				ctx, cancel := context.WithTimeout(ctx, time.Hour)
				defer cancel()
				return next(ctx, req)
			}, `"result":3`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			svc := jacinth.New(quiet("wrapped"))
			svc.Use(func(next jacinth.Handler) jacinth.Handler {
				return func(ctx context.Context, req *jacinth.Request) (any, error) { return test.wrap(next, ctx, req) }
			})
			jacinth.Public(svc, "sum", sum)
			const body = `{"jsonrpc":"2.0","id":1,"method":"sum","params":[1,2]}`
			got := callHTTP(svc, body)
			mustReply(t, got.body)
			if !strings.Contains(string(got.body), test.want) || strings.Contains(string(got.body), "secret") {
				t.Errorf("the reply is %s, want %s in it", got.body, test.want)
			}
			// A middleware must not spoil the frames that later calls use.
			if again := callHTTP(svc, body); !strings.Contains(string(again.body), test.want) {
				t.Errorf("the next reply is %s, want %s in it", again.body, test.want)
			}
		})
	}
}

// TestMiddleware_seesGoodCallsOnly holds that what is refused before never reaches it, each item of a batch by itself.
func TestMiddleware_seesGoodCallsOnly(t *testing.T) {
	var seen []string
	svc := jacinth.New(jacinth.Config{
		Name: "watched", Authorize: jacinth.Tokens(tokenOne), Logger: quiet("").Logger, Limits: jacinth.Limits{BatchWorkers: 1},
	})
	svc.Use(func(next jacinth.Handler) jacinth.Handler {
		return func(ctx context.Context, req *jacinth.Request) (any, error) {
			seen = append(seen, fmt.Sprintf("%s %s %s %v", req.Method.Name, req.ID(), req.Params(), req.Notification))
			return next(ctx, req)
		}
	})
	jacinth.Public(svc, "sum", sum)
	jacinth.Private(svc, "closed", sum)
	callHTTP(svc, `[{"jsonrpc":"2.0","id":1,"method":"sum","params":[1,2]},{"jsonrpc":"2.0","id":2,"method":"sum","params":[]},`+
		`{"jsonrpc":"2.0","id":3,"method":"closed","params":[1,2]},{"jsonrpc":"2.0","id":4,"method":"nowhere"},5,`+
		`{"jsonrpc":"2.0","method":"sum","params":{"a":1,"b":2}}]`)
	want := []string{"sum 1 [1,2] false", `sum  {"a":1,"b":2} true`}
	if !slices.Equal(seen, want) {
		t.Errorf("the middleware saw %q, want %q", seen, want)
	}
}
