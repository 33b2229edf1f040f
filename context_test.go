package jacinth_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// inCall runs fn inside a call that comes over HTTP, with an id, params and a token, and returns the context of it.
func inCall(t *testing.T, fn func(ctx context.Context)) context.Context {
	t.Helper()
	var kept context.Context
	svc := jacinth.New(jacinth.Config{
		Name: "inside", Authorize: jacinth.Tokens("a token of some length"), Logger: slog.New(slog.DiscardHandler),
	})
	jacinth.Private(svc, "enter", func(ctx context.Context, _ sumParams) (string, error) {
		kept = ctx
		fn(ctx)
		return "left", nil
	})
	const body = `{"jsonrpc":"2.0","id":1.50,"method":"enter","params":{"a":1, "b":2}}`
	got := callHTTP(svc, body, "X-Api-Token", "a token of some length")
	if r := mustReply(t, got.body); string(r.Result) != `"left"` || string(r.ID) != "1.50" {
		t.Fatalf("the call is answered with %s", got.body)
	}
	return kept
}

func TestRequestFrom(t *testing.T) {
	inCall(t, func(ctx context.Context) {
		type key struct{}
		derived, cancel := context.WithTimeout(context.WithValue(ctx, key{}, 1), time.Hour)
		defer cancel()
		request := jacinth.RequestFrom(derived)
		if request == nil || request != jacinth.RequestFrom(ctx) {
			t.Fatalf("RequestFrom = %v in a derived context, %v in the call's own", request, jacinth.RequestFrom(ctx))
		}
		if request.Method.Name != "enter" || !request.Method.Private || request.Notification {
			t.Errorf("the request is of %+v, notification %v", request.Method, request.Notification)
		}
		if request.Token != "a token of some length" || request.Caller.Name != "token 1" {
			t.Errorf("the request has the token %q and the caller %q", request.Token, request.Caller.Name)
		}
		if request.HTTP == nil || request.Address != request.HTTP.RemoteAddr || request.Address == "" {
			t.Errorf("the request came from %q over %v", request.Address, request.HTTP)
		}
		if id, params := string(request.ID()), string(request.Params()); id != "1.50" || params != `{"a":1, "b":2}` {
			t.Errorf("ID = %s and Params = %s, want both as they were sent", id, params)
		}
		// What a method does to its copies must not reach the reply.
		copy(request.ID(), "9999")
		copy(request.Params(), "9999")
		if id, params := string(request.ID()), string(request.Params()); id != "1.50" || params != `{"a":1, "b":2}` {
			t.Errorf("ID = %s and Params = %s after copies of them were changed", id, params)
		}
	})
	if request := jacinth.RequestFrom(t.Context()); request != nil {
		t.Errorf("RequestFrom = %v outside of a call, want nil", request)
	}
}

func TestRequestFrom_notification(t *testing.T) {
	svc := jacinth.New(quiet("notified"))
	ran := false
	jacinth.Public(svc, "note", func(ctx context.Context, _ jacinth.None) (int, error) {
		request := jacinth.RequestFrom(ctx)
		ran = request.Notification && request.ID() == nil && request.Params() == nil
		return 0, nil
	})
	if callHTTP(svc, `{"jsonrpc":"2.0","method":"note"}`); !ran {
		t.Error("the notification did not run, or not as one without id and params")
	}
}

// TestContext_endsWithTheCall holds that what a method leaves running hears that its call is over.
func TestContext_endsWithTheCall(t *testing.T) {
	for _, test := range []struct {
		name string
		use  func(ctx context.Context)
	}{
		{"looked at before", func(ctx context.Context) { ctx.Done() }},
		{"never looked at", func(context.Context) {}},
	} {
		ctx := inCall(t, func(ctx context.Context) {
			test.use(ctx)
			if err := ctx.Err(); err != nil {
				t.Errorf("%s: Err = %v inside the call, want nil", test.name, err)
			}
		})
		if err := ctx.Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: Err = %v after the call, want context.Canceled", test.name, err)
		}
		select {
		case <-ctx.Done():
		default:
			t.Errorf("%s: Done is open after the call", test.name)
		}
		if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: Cause = %v after the call, want context.Canceled", test.name, err)
		}
	}
}

// TestContext_asParent holds that contexts are derived from that of a call as from any other of the standard library:
// they end with it, and none needs a goroutine to know.
func TestContext_asParent(t *testing.T) {
	after := make(chan error, 1)
	type key struct{}
	var child, valued context.Context
	var cancel context.CancelFunc
	inCall(t, func(ctx context.Context) {
		before := runtime.NumGoroutine()
		for range 100 {
			one, stop := context.WithCancel(ctx)
			defer stop()
			two, stop := context.WithTimeout(one, time.Hour)
			defer stop()
			_, stop = context.WithDeadline(two, time.Now().Add(time.Hour))
			defer stop()
		}
		if now := runtime.NumGoroutine(); now > before {
			t.Errorf("300 derived contexts have started %d goroutines, want none", now-before)
		}
		child, cancel = context.WithTimeout(ctx, time.Hour)
		valued = context.WithValue(ctx, key{}, 1)
		context.AfterFunc(ctx, func() { after <- ctx.Err() })
		if deadline, ok := child.Deadline(); !ok || time.Until(deadline) > 25*time.Second {
			t.Errorf("the derived context has the deadline %v, want that of the call at the latest", deadline)
		}
	})
	defer cancel()
	if err := <-after; !errors.Is(err, context.Canceled) {
		t.Errorf("AfterFunc ran with Err = %v, want context.Canceled", err)
	}
	for _, ctx := range []context.Context{child, valued} {
		if <-ctx.Done(); !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("a derived context has Err = %v after the call, want context.Canceled", ctx.Err())
		}
	}
}

// TestContext_ofBatchItems holds that the context of one item ends with it and not with the others.
func TestContext_ofBatchItems(t *testing.T) {
	svc := jacinth.New(jacinth.Config{
		Name: "batched", Limits: jacinth.Limits{BatchWorkers: 1}, Logger: slog.New(slog.DiscardHandler),
	})
	var first context.Context
	jacinth.Public(svc, "first", func(ctx context.Context, _ jacinth.None) (int, error) {
		first = ctx
		return 0, nil
	})
	jacinth.Public(svc, "second", func(ctx context.Context, _ jacinth.None) (int, error) {
		if first.Err() == nil || ctx.Err() != nil {
			t.Errorf("in the second item, Err = %v for the first and %v for itself; want an error and nil", first.Err(), ctx.Err())
		}
		return 0, nil
	})
	callHTTP(svc, "["+call("first")+","+call("second")+"]")
}

// TestContext_endsWhenTheCallerHangsUp goes over a real connection: it is net/http that notices.
func TestContext_endsWhenTheCallerHangsUp(t *testing.T) {
	svc := jacinth.New(quiet("deserted"))
	started, ended := make(chan struct{}), make(chan error, 1)
	jacinth.Public(svc, "wait", func(ctx context.Context, _ jacinth.None) (string, error) {
		close(started)
		<-ctx.Done()
		ended <- ctx.Err()
		return "", ctx.Err()
	}, jacinth.Timeout(jacinth.Unlimited))
	server := httptest.NewServer(svc)
	defer server.Close()
	client := server.Client()
	ctx, hangUp := context.WithCancel(t.Context())
	go func() {
		<-started
		hangUp()
	}()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/api", strings.NewReader(call("wait")))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if response, err := client.Do(request); !errors.Is(err, context.Canceled) {
		_ = response.Body.Close()
		t.Fatalf("Do = %v, want context.Canceled", err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the context of the call ended with %v, want context.Canceled", err)
	}
}

// TestContext_cutShort holds what a caller hears whose call was ended by the service, when it stops: that it was cut
// short, and nothing on whether it had an effect.
func TestContext_cutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, _ := obeying(jacinth.Limits{})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		r := mustReply(t, svc.Dispatch(ctx, jacinth.Peer{}, []byte(call("obey")), nil))
		if r.code() != int(jacinth.Unavailable) || strings.Contains(string(r.Error.Data), "processed") {
			t.Errorf("the caller got %+v, want code %d and no word on whether it ran", r.Error, jacinth.Unavailable)
		}
	})
}

// TestGoexit holds that a handler that ends its goroutine, as testing.T.Fatal does, costs its own call alone.
func TestGoexit(t *testing.T) {
	for _, workers := range []int{1, 2, 4} {
		log := &records{}
		svc := jacinth.New(jacinth.Config{
			Name: "leaving", Limits: jacinth.Limits{BatchWorkers: workers}, Logger: slog.New(log),
		})
		jacinth.Public(svc, "leave", func(context.Context, jacinth.None) (int, error) {
			runtime.Goexit()
			return 0, nil
		})
		jacinth.Public(svc, "stay", func(context.Context, jacinth.None) (int, error) { return 1, nil })
		const note = `{"jsonrpc":"2.0","method":"leave"}`
		items := []string{call("leave"), call("stay"), call("leave"), note, call("leave"), call("leave"), call("leave"), call("stay")}
		got := callHTTP(svc, "["+strings.Join(items, ",")+"]")
		var codes []int
		for _, r := range mustReplies(t, got.body) {
			codes = append(codes, r.code())
			if id := string(r.ID); id != "1" {
				t.Errorf("with %d workers, a response has the id %s, want 1", workers, id)
			}
		}
		want := []int{-32603, 0, -32603, -32603, -32603, -32603, 0}
		if !slices.Equal(codes, want) {
			t.Errorf("with %d workers, the codes are %v, want %v", workers, codes, want)
		}
		if lines := log.count("call failed"); lines != 6 {
			t.Errorf("with %d workers, the log has %d failures, want 6", workers, lines)
		}
	}
}

// TestGoexit_ofASingleCall holds that the service can still stop cleanly after a call whose goroutine is gone: the
// connection went with it, and nothing waits for it.
func TestGoexit_ofASingleCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := jacinth.New(quiet("leaving"))
		jacinth.Public(svc, "leave", func(context.Context, jacinth.None) (int, error) {
			runtime.Goexit()
			return 0, nil
		})
		ctx, stop := context.WithCancel(t.Context())
		network := newPipes()
		client := network.client(t)
		ended := make(chan error)
		go func() { ended <- svc.Serve(ctx, network) }()
		if response, err := client.Post("http://memory/api", "application/json", strings.NewReader(call("leave"))); err == nil {
			text, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			t.Errorf("the call is answered with %q, want an end of the connection", text)
		}
		start := time.Now()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("the service took %v to stop, want no wait for the call that has gone", took)
		}
	})
}
