package jacinth_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// TestServe_refusesToServeTwice: a service that has stopped refuses all calls, and two at a time would run its tasks twice.
func TestServe_refusesToServeTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := jacinth.New(quiet("twice"))
		tasks := 0
		svc.Background(func(context.Context) error { tasks++; return nil })
		_, stop := serve(t, svc)
		again := func(when string) {
			t.Helper()
			listener := newPipes()
			err := svc.Serve(t.Context(), listener)
			if err == nil || !strings.Contains(err.Error(), `"twice" has been served before`) || !strings.Contains(err.Error(), "New") {
				t.Errorf("Serve %s = %v, want an error that says so and what to do", when, err)
			}
			select {
			case <-listener.closed:
			default:
				t.Errorf("Serve %s leaves its listener open", when)
			}
		}
		synctest.Wait()
		again("beside another")
		if err := stop(); err != nil {
			t.Errorf("the first Serve = %v", err)
		}
		again("after another")
		if tasks != 1 {
			t.Errorf("the background task ran %d times, want once", tasks)
		}
	})
}

// TestServe_mayBeTriedAgain: what failed before it served may be mended.
func TestServe_mayBeTriedAgain(t *testing.T) {
	failure := errors.New("not yet")
	config := quiet("again")
	config.RegistryURL = "test:"
	config.OpenRegistry = func(context.Context, string) (jacinth.Registry, error) { return new(board), failure }
	config.PublicURL, config.DrainDelay = publicURL, 1
	svc := jacinth.New(config)
	if err := svc.Serve(t.Context(), newPipes()); !errors.Is(err, failure) {
		t.Errorf("Serve = %v, want %v", err, failure)
	}
	failure = nil
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := svc.Serve(ctx, newPipes()); err != nil {
		t.Errorf("Serve = %v, want nil", err)
	}
}

// TestCallFailed_hasTheContextOfItsCall: a handler of the log finds in it what middleware has put there, and the request.
func TestCallFailed_hasTheContextOfItsCall(t *testing.T) {
	log := &contexts{method: map[string]string{}}
	config := quiet("failing")
	config.Logger = slog.New(log)
	svc := jacinth.New(config)
	failures := map[string]func() (any, error){
		"fails":   func() (any, error) { return nil, errors.New("no") },
		"panics":  func() (any, error) { panic("no") },
		"unfit":   func() (any, error) { return func() {}, nil },
		"nothing": func() (any, error) { var none *jacinth.Error; return nil, none },
	}
	for name, fail := range failures {
		svc.Add(jacinth.Method{Name: name, Handler: func(context.Context, *jacinth.Request) (any, error) { return fail() }})
	}
	for name := range failures {
		svc.Dispatch(t.Context(), jacinth.Peer{}, []byte(`{"jsonrpc":"2.0","id":1,"method":"`+name+`"}`), nil)
		if got := log.method[name]; got != name {
			t.Errorf("the line of %q has the context of a call of %q", name, got)
		}
	}
}

// contexts notes of which request the lines are.
type contexts struct{ method map[string]string }

func (c *contexts) Enabled(context.Context, slog.Level) bool { return true }
func (c *contexts) WithAttrs([]slog.Attr) slog.Handler       { return c }
func (c *contexts) WithGroup(string) slog.Handler            { return c }

func (c *contexts) Handle(ctx context.Context, line slog.Record) error {
	if request := jacinth.RequestFrom(ctx); request != nil && line.Message == "call failed" {
		line.Attrs(func(a slog.Attr) bool {
			if a.Key == "method" {
				c.method[a.Value.String()] = request.Method.Name
			}
			return true
		})
	}
	return nil
}

// TestGoexit_isInTheLog ends the goroutine of a single call: its caller loses the connection, and the log says why.
func TestGoexit_isInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &records{}
		config := quiet("gone")
		config.Logger = newLogger(log)
		svc := jacinth.New(config)
		jacinth.Public(svc, "exits", func(context.Context, jacinth.None) (jacinth.None, error) {
			runtime.Goexit()
			return jacinth.None{}, nil
		})
		pipe, stop := serve(t, svc)
		response, err := pipe.client(t).Post("http://localhost/api", "application/json", strings.NewReader(call("exits")))
		if err == nil {
			response.Body.Close()
			t.Errorf("the call is answered with status %d, want its connection closed", response.StatusCode)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		var told []string
		for _, line := range log.take() {
			if line.attributes["method"] == "exits" {
				told = append(told, line.message+" "+line.attributes["code"]+line.attributes["error"])
			}
		}
		const want = "call failed the handler ended its goroutine instead of returning, request -32603"
		if got := strings.Join(told, ", "); got != want {
			t.Errorf("the log says %q, want %q", got, want)
		}
	})
}

// TestEvery_outlivesTheEndOfAGoroutine, and of what a task does that is to run once it is said.
func TestEvery_outlivesTheEndOfAGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &records{}
		config := quiet("periodic")
		config.Logger = newLogger(log)
		svc := jacinth.New(config)
		runs := 0
		svc.Every(time.Second, func(context.Context) error {
			runs++
			runtime.Goexit()
			return nil
		})
		ctx, stop := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer stop()
		if err := svc.Serve(ctx, newPipes()); err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
		if told := log.count("periodic task failed"); runs != 3 || told != 3 || !strings.Contains(log.text(), "ended its goroutine") {
			t.Errorf("the task ran %d times and is in the log %d times, want 3 of both:\n%s", runs, told, log.text())
		}

		svc = jacinth.New(quiet("background"))
		svc.Background(func(context.Context) error { runtime.Goexit(); return nil })
		if err := svc.Serve(t.Context(), newPipes()); err == nil || !strings.Contains(err.Error(), "ended its goroutine") {
			t.Errorf("Serve = %v, want that its task ended its goroutine", err)
		}
	})
}
