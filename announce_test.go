package jacinth_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

const publicURL = "http://10.0.0.7:8000"

// serve runs a service in memory until stop is called, which returns what Serve does.
func serve(t *testing.T, svc *jacinth.Service) (pipe *pipes, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	pipe = newPipes()
	ended := make(chan error, 1)
	go func() { ended <- svc.Serve(ctx, pipe) }()
	synctest.Wait()
	return pipe, func() error { cancel(); return <-ended }
}

func TestServe_registers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := new(board)
		svc := jacinth.New(jacinth.Config{
			Name: "billing", Version: "1.2.3", Endpoint: "/v1", PublicURL: publicURL + "/", Registry: reg, Logger: slog.New(slog.DiscardHandler),
		})
		_, stop := serve(t, svc)
		known := reg.list()
		if len(known) != 1 {
			t.Fatalf("the registry has %v, want one instance", known)
		}
		id := known[0].ID
		want := jacinth.Instance{
			ID: id, Service: "billing", URL: publicURL + "/v1", Version: "1.2.3", Ready: true, Since: known[0].Since,
		}
		if known[0] != want || len(id) < 20 || !known[0].Since.Equal(time.Now()) {
			t.Errorf("the registry has %+v, want %+v with a long id and since now", known[0], want)
		}
		svc.SetReady(false)
		synctest.Wait()
		if reg.list()[0].Ready {
			t.Error("the registry has the instance ready, want what SetReady said")
		}
		if err := stop(); err != nil || len(reg.list()) != 0 {
			t.Errorf("after a stop: %v, and the registry has %v", err, reg.list())
		}
	})
}

// TestServe_leavesBeforeItDrains goes through a stop: callers who have not heard of it are served and then take
// another connection, whose like there is none any more after the delay.
func TestServe_leavesBeforeItDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := new(board)
		svc := jacinth.New(jacinth.Config{
			Name: "billing", PublicURL: publicURL, Registry: reg, DrainDelay: 3 * time.Second, Logger: slog.New(slog.DiscardHandler),
		})
		release := make(chan struct{})
		jacinth.Public(svc, "slow", func(context.Context, jacinth.None) (string, error) { <-release; return "done", nil })
		pipe, stop := serve(t, svc)
		client := pipe.client(t)
		const url, call = "http://billing.test/api", `{"jsonrpc":"2.0","method":"get_service_specs","id":1}`
		if got := post(t, client, url, call); got.status != http.StatusOK || got.header.Get("Connection") != "" {
			t.Errorf("before the stop: %d, Connection: %q; want 200 and a connection that stays", got.status, got.header.Get("Connection"))
		}
		slow := make(chan string, 1)
		go func() {
			response, err := client.Post(url, "application/json", strings.NewReader(`{"jsonrpc":"2.0","method":"slow","id":1}`))
			if err != nil {
				slow <- err.Error()
				return
			}
			response.Body.Close()
			slow <- fmt.Sprintf("status %d, closing %v", response.StatusCode, response.Close)
		}()
		synctest.Wait()

		began := time.Now()
		ended := make(chan error, 1)
		go func() { ended <- stop() }()
		time.Sleep(2999 * time.Millisecond)
		if known := reg.list(); len(known) != 0 {
			t.Errorf("while it waits the registry has %v, want that it has left", known)
		}
		// Go's client does not show the header, but says whether it is there.
		response, err := client.Post(url, "application/json", strings.NewReader(call))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK || !response.Close {
			t.Errorf("while it waits: status %d, closing %v; want 200 and that the connection closes", response.StatusCode, response.Close)
		}
		response, err = client.Get("http://billing.test/readyz")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusServiceUnavailable || !response.Close {
			t.Errorf("/readyz while it waits: status %d, closing %v; want 503 and that the connection closes", response.StatusCode, response.Close)
		}

		time.Sleep(2 * time.Millisecond)
		if got := post(t, client, url, call); got.status != http.StatusServiceUnavailable {
			t.Errorf("after the delay: status %d, want 503", got.status)
		}
		close(release)
		if got, want := <-slow, "status 200, closing true"; got != want {
			t.Errorf("the call under way: %s, want %s", got, want)
		}
		if err := <-ended; err != nil || time.Since(began) > 4*time.Second {
			t.Errorf("the service stopped with %v after %v", err, time.Since(began))
		}
	})
}

func TestServe_waitsForThoseWhoCanLearnOfItsEnd(t *testing.T) {
	for _, test := range []struct {
		name   string
		config jacinth.Config
		asked  bool // for /readyz
		want   time.Duration
	}{
		{name: "only this machine can reach it"},
		{"the same, and somebody goes by /readyz", jacinth.Config{}, true, 5 * time.Second},
		{"others can reach it", jacinth.Config{PublicURL: publicURL}, false, 5 * time.Second},
		{"told how long", jacinth.Config{DrainDelay: time.Minute}, false, time.Minute},
		{"registered", jacinth.Config{PublicURL: publicURL, Registry: new(board)}, false, time.Second},
		{"registered, and somebody goes by /readyz", jacinth.Config{PublicURL: publicURL, Registry: new(board)}, true, 5 * time.Second},
		{"registered, told how long", jacinth.Config{PublicURL: publicURL, Registry: new(board), DrainDelay: time.Minute}, false, time.Minute},
		{"known by other means", jacinth.Config{PublicURL: publicURL, Registry: readOnly{new(board)}}, false, time.Second},
		{"not registered yet", jacinth.Config{PublicURL: publicURL, Registry: &board{down: true}}, false, 5 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config := test.config
				config.Name, config.Logger = "billing", slog.New(slog.DiscardHandler)
				pipe, stop := serve(t, jacinth.New(config))
				if test.asked {
					response, err := pipe.client(t).Get("http://localhost/readyz")
					if err != nil {
						t.Fatal(err)
					}
					response.Body.Close()
				}
				time.Sleep(time.Hour)
				began := time.Now()
				if err := stop(); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took != test.want {
					t.Errorf("it stopped after %v, want %v", took, test.want)
				}
			})
		})
	}
}

// readOnly is a registry that nothing can be registered in.
type readOnly struct{ *board }

func (r readOnly) Register(context.Context, jacinth.Instance) (jacinth.Lease, error) {
	if r.tried.Add(1) > 1 {
		panic("asked again")
	}
	return nil, fmt.Errorf("dns: %w", jacinth.ErrReadOnly)
}

// TestServe_registersWhenItCan holds that a registry which is down stops nothing and is asked again, ever more seldom.
func TestServe_registersWhenItCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := &board{down: true}
		var log bytes.Buffer
		svc := jacinth.New(jacinth.Config{
			Name: "billing", PublicURL: publicURL, Registry: reg, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		pipe, stop := serve(t, svc)
		if got := post(t, pipe.client(t), "http://billing.test/api", `{"jsonrpc":"2.0","method":"get_service_specs","id":1}`); got.status != http.StatusOK {
			t.Errorf("without its registry it answers with status %d", got.status)
		}
		time.Sleep(10 * time.Minute)
		// 1, 2, 4, 8, 16 and then 30 seconds, each a fifth shorter or longer.
		if tried := reg.tried.Load(); tried < 17 || tried > 30 {
			t.Errorf("the registry was asked %d times in 10 minutes", tried)
		}
		reg.setDown(false)
		time.Sleep(36 * time.Second)
		if known := reg.list(); len(known) != 1 {
			t.Errorf("36 s after the registry is back it has %v, want the instance", known)
		}
		reg.setDown(true)
		svc.SetReady(false)
		time.Sleep(time.Minute)
		reg.setDown(false)
		time.Sleep(36 * time.Second)
		if known := reg.list(); len(known) != 1 || known[0].Ready {
			t.Errorf("the registry has %v, want the instance and that it is not ready", known)
		}
		reg.setDown(true)
		if err := stop(); err != nil {
			t.Error(err)
		}
		for _, want := range []string{"the board is down", "level=INFO msg=registered", "was not told that the service leaves"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log does not say %q:\n%s", want, log.String())
			}
		}
	})
}

// deafRegistry answers nothing before its context ends, and its leases do not heed even that.
type deafRegistry struct{ board }

type deafLease struct{ jacinth.Lease }

func (r *deafRegistry) Register(ctx context.Context, instance jacinth.Instance) (jacinth.Lease, error) {
	lease, err := r.board.Register(ctx, instance)
	return deafLease{lease}, err
}

func (deafLease) Close(context.Context) error { time.Sleep(time.Hour); return nil }

func TestServe_doesNotWaitLongForItsRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := jacinth.New(jacinth.Config{Name: "billing", PublicURL: publicURL, Registry: new(deafRegistry), DrainTimeout: time.Second, Logger: slog.New(slog.DiscardHandler)})
		_, stop := serve(t, svc)
		began := time.Now()
		if err := stop(); err != nil || time.Since(began) > 10*time.Second {
			t.Errorf("the service stopped with %v after %v", err, time.Since(began))
		}
		time.Sleep(2 * time.Hour)
	})
}

func TestServe_opensTheRegistryOfItsURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := new(board)
		var asked atomic.Value
		opened := 0
		t.Setenv("JACINTH_REGISTRY", "board://there")
		config := jacinth.Config{
			Name: "billing", PublicURL: publicURL, Logger: slog.New(slog.DiscardHandler),
			OpenRegistry: func(_ context.Context, url string) (jacinth.Registry, error) {
				asked.Store(url)
				opened++
				return reg, nil
			},
		}
		if err := config.Flags(flag.NewFlagSet("billing", flag.ContinueOnError)); err != nil {
			t.Fatal(err)
		}
		svc := jacinth.New(config)
		for set, err := range svc.Registry().Watch(t.Context(), "billing") { // before it serves
			if len(set) != 0 || err != nil {
				t.Errorf("the registry yields %v, %v; want an empty set", set, err)
			}
			break
		}
		_, stop := serve(t, svc)
		if asked.Load() != "board://there" || opened != 1 || len(reg.list()) != 1 {
			t.Errorf("opened %d times, last %v, and the registry has %v; want the one of the environment, once, with the service",
				opened, asked.Load(), reg.list())
		}
		if err := stop(); err != nil || reg.closed.Load() != 1 {
			t.Errorf("the service stopped with %v, and closed the registry %d times, want once", err, reg.closed.Load())
		}
	})
}

func TestServe_refusesWhatNobodyCouldReach(t *testing.T) {
	wrong := errors.New("no such engine")
	for _, test := range []struct {
		config jacinth.Config
		why    string
	}{
		{jacinth.Config{Addr: ":0", Registry: new(board)}, "set Config.PublicURL"},
		{jacinth.Config{Addr: "0.0.0.0:0", Registry: new(board)}, "set Config.PublicURL"},
		{jacinth.Config{RegistryURL: "x://a:secret@b", OpenRegistry: func(context.Context, string) (jacinth.Registry, error) {
			return nil, wrong
		}, Addr: "127.0.0.1:0"}, "no such engine"},
	} {
		test.config.Name, test.config.Logger = "billing", slog.New(slog.DiscardHandler)
		err := jacinth.New(test.config).Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), test.why) || strings.Contains(err.Error(), "secret") {
			t.Errorf("Run = %v, want an error that says %q and no secret", err, test.why)
		}
	}
	text := panicText(func() { jacinth.New(jacinth.Config{Name: "billing", RegistryURL: "nats://a:secret@127.0.0.1"}) })
	if !strings.Contains(text, "Config.OpenRegistry") || strings.Contains(text, "secret") {
		t.Errorf("New with a RegistryURL that nothing opens: %q, want a panic that names Config.OpenRegistry and no secret", text)
	}
}

// TestServe_registersWhereItListens uses a real port: what is registered can be called.
func TestServe_registersWhereItListens(t *testing.T) {
	reg := new(board)
	svc := jacinth.New(jacinth.Config{Name: "billing", Addr: "127.0.0.1:0", Registry: reg, DrainDelay: 1, Logger: slog.New(slog.DiscardHandler)})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- svc.Serve(ctx, listener) }()
	for set, err := range reg.Watch(t.Context(), "billing") {
		if err != nil {
			t.Fatal(err)
		}
		if len(set) == 0 {
			continue
		}
		if want := "http://" + listener.Addr().String() + "/api"; set[0].URL != want {
			t.Errorf("the registry has %s, want %s", set[0].URL, want)
		}
		break
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
