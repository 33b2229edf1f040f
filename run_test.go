package jacinth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// pipes is a listener in memory, so that servers run in synctest bubbles.
type pipes struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func newPipes() *pipes {
	return &pipes{connections: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// client is an http.Client whose connections lead to p.
func (p *pipes) client(t *testing.T) *http.Client {
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		select {
		case p.connections <- there:
			return here, nil
		case <-p.closed:
			return nil, net.ErrClosed
		}
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// posted is an HTTP reply, read to its end.
type posted struct {
	status int
	header http.Header
	body   string
}

func post(t *testing.T, client *http.Client, url, body string) posted {
	t.Helper()
	response, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Errorf("POST %s: %v", body, err)
		return posted{}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("POST %s: reading the reply: %v", body, err)
	}
	return posted{response.StatusCode, response.Header, string(text)}
}

func call(method string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"` + method + `"}`
}

func quiet(name string) jacinth.Config {
	return jacinth.Config{Name: name, Logger: slog.New(slog.DiscardHandler)}
}

func TestServe_finishesWhatIsUnderWayAndRefusesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := jacinth.New(quiet("drain"))
		jacinth.Public(svc, "slow", func(context.Context, jacinth.None) (string, error) {
			time.Sleep(10 * time.Second)
			return "done", nil
		})
		ctx, stop := context.WithCancel(t.Context())
		network := newPipes()
		client := network.client(t)
		ended := make(chan error)
		go func() { ended <- svc.Serve(ctx, network) }()

		slow := make(chan posted)
		go func() { slow <- post(t, client, "http://memory/api", call("slow")) }()
		time.Sleep(time.Second)
		stop()
		synctest.Wait()

		late := post(t, client, "http://memory/api", call("slow"))
		if late.status != http.StatusServiceUnavailable || late.header.Get("Retry-After") == "" {
			t.Errorf("a call during the drain: status %d, Retry-After %q; want 503 and a number", late.status, late.header.Get("Retry-After"))
		}
		if !strings.Contains(late.body, "-32000") || !strings.Contains(late.body, `"processed":false`) {
			t.Errorf("a call during the drain: body %s, want code -32000 and processed false", late.body)
		}
		response, err := client.Get("http://memory/readyz")
		if err != nil || response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("GET /readyz during the drain: %v, %v; want 503", response, err)
		}
		response.Body.Close()
		if response, err = client.Get("http://memory/livez"); err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("GET /livez during the drain: %v, %v; want 200", response, err)
		}
		response.Body.Close()

		if got := <-slow; got.status != http.StatusOK || !strings.Contains(got.body, `"result":"done"`) {
			t.Errorf("the call under way: %+v, want its result", got)
		}
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v, want nil after a clean stop", err)
		}
	})
}

func TestServe_cutsShortWhatOutlastsTheDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := quiet("drain")
		config.DrainTimeout = 5 * time.Second
		svc := jacinth.New(config)
		var cause error
		jacinth.Public(svc, "endless", func(ctx context.Context, _ jacinth.None) (string, error) {
			<-ctx.Done()
			cause = ctx.Err()
			return "", ctx.Err()
		}, jacinth.Timeout(jacinth.Unlimited))
		ctx, stop := context.WithCancel(t.Context())
		network := newPipes()
		client := network.client(t)
		ended := make(chan error)
		go func() { ended <- svc.Serve(ctx, network) }()
		answered := make(chan posted)
		go func() { answered <- post(t, client, "http://memory/api", call("endless")) }()
		synctest.Wait()

		start := time.Now()
		stop()
		got := <-answered
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("the call ended %v after the stop, want at the end of the drain, after 5s", took)
		}
		if !strings.Contains(got.body, "-32000") {
			t.Errorf("the call was answered with %s, want code -32000", got.body)
		}
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
		if !errors.Is(cause, context.Canceled) {
			t.Errorf("the handler's context ended with %v, want context.Canceled", cause)
		}
	})
}

func TestServe_doesNotWaitForAHandlerThatIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := quiet("stuck")
		config.DrainTimeout = 5 * time.Second
		svc := jacinth.New(config)
		release := make(chan struct{})
		jacinth.Public(svc, "stuck", func(context.Context, jacinth.None) (string, error) {
			<-release
			return "", nil
		})
		ctx, stop := context.WithCancel(t.Context())
		network := newPipes()
		client := network.client(t)
		ended := make(chan error)
		go func() { ended <- svc.Serve(ctx, network) }()
		gone := make(chan error)
		go func() {
			response, err := client.Post("http://memory/api", "application/json", strings.NewReader(call("stuck")))
			if err == nil {
				response.Body.Close()
			}
			gone <- err
		}()
		synctest.Wait()
		start := time.Now()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
		if took := time.Since(start); took > 7*time.Second {
			t.Errorf("Serve returned %v after the stop, want soon after the 5s of the drain", took)
		}
		if err := <-gone; err == nil {
			t.Error("the stuck call was answered, want its connection closed")
		}
		close(release)
	})
}

func TestBackground_runsBesideTheServiceAndEndsWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := jacinth.New(quiet("background"))
		ended := false
		svc.Background(func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(3 * time.Second)
			ended = true
			return ctx.Err()
		})
		svc.Background(func(context.Context) error { return nil })
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if err := svc.Serve(ctx, newPipes()); err != nil {
			t.Errorf("Serve = %v, want nil: tasks that end well or are told to end do not fail it", err)
		}
		if !ended {
			t.Error("Serve returned before its background task")
		}
	})
}

func TestBackground_thatFailsStopsTheService(t *testing.T) {
	broken := errors.New("no connection")
	for name, task := range map[string]func(context.Context) error{
		"error": func(context.Context) error { return broken },
		"panic": func(context.Context) error { panic("no connection") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				svc := jacinth.New(quiet("background"))
				svc.Background(task)
				err := svc.Serve(t.Context(), newPipes())
				if err == nil || !strings.Contains(err.Error(), "no connection") {
					t.Errorf("Serve = %v, want the error of the task", err)
				}
			})
		})
	}
}

func TestEvery_callsItsTaskAndOutlivesItsFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		svc := jacinth.New(jacinth.Config{Name: "periodic", Logger: slog.New(slog.NewTextHandler(&log, nil))})
		var at []time.Duration
		start := time.Now()
		svc.Every(10*time.Second, func(context.Context) error {
			at = append(at, time.Since(start))
			switch len(at) {
			case 1:
				return errors.New("first failure")
			case 2:
				panic("second failure")
			case 3:
				time.Sleep(15 * time.Second) // longer than the interval: the next call waits
			}
			return nil
		})
		ctx, stop := context.WithTimeout(t.Context(), 59*time.Second)
		defer stop()
		if err := svc.Serve(ctx, newPipes()); err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
		want := []time.Duration{10 * time.Second, 20 * time.Second, 30 * time.Second, 45 * time.Second, 50 * time.Second}
		if len(at) != len(want) {
			t.Fatalf("the task ran at %v, want %v", at, want)
		}
		for i := range want {
			if at[i] != want[i] {
				t.Errorf("run %d at %v, want %v", i, at[i], want[i])
			}
		}
		for _, text := range []string{"first failure", "second failure"} {
			if !strings.Contains(log.String(), text) {
				t.Errorf("the log has no %q:\n%s", text, &log)
			}
		}
	})
}

func TestEvery_refusesAnIntervalThatIsNone(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Every(0) did not panic")
		}
	}()
	jacinth.New(quiet("periodic")).Every(0, func(context.Context) error { return nil })
}

func TestRun_saysWhyItCannotListen(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	config := quiet("taken")
	config.Addr = taken.Addr().String()
	if err := jacinth.New(config).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot listen") {
		t.Errorf("Run = %v, want an error that says that it cannot listen", err)
	}
}

func TestServe_bindsTheLimitsOfConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := jacinth.New(quiet("slow"))
		ctx, stop := context.WithCancel(t.Context())
		network := newPipes()
		ended := make(chan error)
		go func() { ended <- svc.Serve(ctx, network) }()
		for _, c := range []struct {
			name, sent string
			want       time.Duration
		}{
			{"headers that never end", "POST /api HTTP/1.1\r\nHost: x\r\n", 5 * time.Second},
			{"a body that never begins", "POST /api HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n", 15 * time.Second},
			{"a body that stalls", "POST /api HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{", 5 * time.Second},
			{"nothing more", "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", 120 * time.Second},
		} {
			here, there := net.Pipe()
			network.connections <- there
			start := time.Now()
			go func() { _, _ = io.WriteString(here, c.sent) }()
			_, err := io.Copy(io.Discard, here)
			if took := time.Since(start); took != c.want {
				t.Errorf("%s: the connection ended after %v (%v), want %v", c.name, took, err, c.want)
			}
			here.Close()
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
	})
}

func TestSpecs_describesTheService(t *testing.T) {
	svc := jacinth.New(jacinth.Config{
		Name: "described", Version: "1.2.3", Description: "Describes itself.", Logger: slog.New(slog.DiscardHandler),
		Authorize: jacinth.Tokens("a token of some length"),
	})
	jacinth.Public(svc, "open", func(context.Context, jacinth.None) (jacinth.None, error) { return jacinth.None{}, nil }, jacinth.Doc("For all."))
	jacinth.Private(svc, "shut", func(context.Context, jacinth.None) (jacinth.None, error) { return jacinth.None{}, nil })
	for token, want := range map[string]string{
		"":                       "get_service_specs,open",
		"another token, no good": "get_service_specs,open",
		"a token of some length": "get_service_specs,open,shut",
	} {
		reply := svc.Dispatch(t.Context(), jacinth.Peer{Token: jacinth.Token(token)}, []byte(call("get_service_specs")), nil)
		var got struct{ Result jacinth.Specs }
		if err := json.Unmarshal(reply, &got); err != nil {
			t.Fatalf("reply %s: %v", reply, err)
		}
		var names []string
		for _, m := range got.Result.Methods {
			names = append(names, m.Name)
		}
		if strings.Join(names, ",") != want {
			t.Errorf("with token %q the methods are %v, want %s", token, names, want)
		}
		if got.Result.Name != "described" || got.Result.Version != "1.2.3" || got.Result.Endpoint != "/api" ||
			got.Result.Limits.Body != 1<<20 || got.Result.Limits.CallMillis != 25000 {
			t.Errorf("specs = %+v, want name, version, endpoint and limits of the configuration", got.Result)
		}
	}
}
