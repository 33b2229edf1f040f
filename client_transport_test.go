package jacinth_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// TestClient_followsNoRedirect holds that no token, and no call, goes to wherever a service points: net/http would
// carry X-Api-Token along to another host.
func TestClient_followsNoRedirect(t *testing.T) {
	var reached atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer elsewhere.Close()
	elsewhereURL := strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1) // a host of another name
	for _, status := range []int{301, 302, 303, 307, 308} {
		service := httptest.NewServer(http.RedirectHandler(elsewhereURL, status))
		defer service.Close()
		own := jacinth.NewTransport()
		defer own.CloseIdleConnections()
		for name, transport := range map[string]http.RoundTripper{"the default": nil, "one of its own": own, "that of net/http": http.DefaultTransport} {
			c := &jacinth.Client{URL: service.URL, Token: "a-token-for-one-service", Transport: transport, Header: http.Header{"Authorization": {"Bearer secret"}}}
			err := c.Call(t.Context(), "m", nil, nil, jacinth.Idempotent())
			if !errors.Is(err, jacinth.ErrBadReply) || !strings.Contains(err.Error(), "redirect to "+fmt.Sprintf("%q", elsewhereURL)) {
				t.Errorf("a redirect with %d, by %s: %v; want %v and where to", status, name, err, jacinth.ErrBadReply)
			}
			if err := c.Notify(t.Context(), "m", nil); !errors.Is(err, jacinth.ErrBadReply) {
				t.Errorf("a notification that is redirected with %d, by %s: %v; want %v", status, name, err, jacinth.ErrBadReply)
			}
			batch := c.Batch()
			batch.Notify("m", nil)
			if err := batch.Send(t.Context()); !errors.Is(err, jacinth.ErrBadReply) {
				t.Errorf("a batch that is redirected with %d, by %s: %v; want %v", status, name, err, jacinth.ErrBadReply)
			}
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d requests reached another host, want none", n)
	}
}

// collide makes calls over connections of some length, with pauses that are drawn from the list, and returns how many
// were lost and how many connections they took. Each caller has its own, so that nobody else uses it meanwhile.
func collide(
	t *testing.T, serve func(context.Context, net.Listener), pauses []time.Duration, calls int, noRetry bool, options ...jacinth.CallOption,
) (lost, dials int64) {
	const callers = 50
	network := newPipes()
	ctx, stop := context.WithCancel(t.Context())
	var serving, calling sync.WaitGroup
	serving.Go(func() { serve(ctx, network) })
	var losses, connections atomic.Int64
	for range callers {
		calling.Go(func() {
			transport := jacinth.NewTransport()
			defer transport.CloseIdleConnections()
			transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				connections.Add(1)
				connection, err := network.dial(ctx, "", "")
				return newDistant(connection), err
			}
			client := &jacinth.Client{URL: "http://service.test/api", Transport: transport, NoRetry: noRetry}
			for range calls / callers {
				if err := client.Call(t.Context(), "tick", nil, nil, options...); err != nil {
					if losses.Add(1); !errors.Is(err, jacinth.ErrNoReply) {
						t.Errorf("Call = %v", err)
					}
				}
				time.Sleep(pauses[rand.IntN(len(pauses))])
			}
		})
	}
	calling.Wait()
	stop()
	serving.Wait()
	return losses.Load(), connections.Load()
}

// around are times in which a connection is used again that is about to be closed, and some before and after.
func around(idle time.Duration) []time.Duration {
	var pauses []time.Duration
	for _, off := range []time.Duration{-2 * distance, -distance, -distance / 2, 0, distance / 2, distance, 2 * distance} {
		pauses = append(pauses, idle+off)
	}
	return pauses
}

// TestClient_keepAliveCollision holds that calls which may be repeated are never lost to a service that closes its
// connections in the very moment that they are used again. That plain calls are lost shows that there are such moments.
func TestClient_keepAliveCollision(t *testing.T) {
	const idle = 5 * time.Second // of many servers, and shorter than the client's
	serve := func(ctx context.Context, listener net.Listener) {
		server := &http.Server{Handler: calcService(), IdleTimeout: idle}
		defer context.AfterFunc(ctx, func() { _ = server.Close() })()
		_ = server.Serve(listener)
	}
	synctest.Test(t, func(t *testing.T) {
		lost, _ := collide(t, serve, around(idle), 500, false)
		if lost == 0 {
			t.Error("no plain call was lost: the pauses test nothing")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		if lost, _ := collide(t, serve, around(idle), 5000, false, jacinth.Idempotent()); lost != 0 {
			t.Errorf("%d of 5,000 idempotent calls were lost, want none", lost)
		}
	})
}

// TestClient_keepAliveByDefault holds that with the defaults of a client and a service no call is lost to a connection
// that is just being closed, not even a plain one, whenever it comes.
func TestClient_keepAliveByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pauses := slices.Concat(around(2*distance), around(30*time.Second), around(120*time.Second))
		serve := func(ctx context.Context, listener net.Listener) {
			if err := calcService().Serve(ctx, listener); err != nil {
				t.Error(err)
			}
		}
		lost, dials := collide(t, serve, pauses, 2000, true)
		if lost != 0 {
			t.Errorf("%d calls were lost", lost)
		}
		if dials < 400 || dials > 1600 {
			t.Errorf("%d connections were made for 2,000 calls: the pauses test nothing", dials)
		}
	})
}

// distant is a connection that takes what is written at once, as the kernel does, and brings it to the other end some
// time later, which may have closed by then.
type distant struct {
	net.Conn
	queue  chan []byte
	closed chan struct{}
	once   sync.Once
}

const distance = time.Millisecond

func newDistant(connection net.Conn) net.Conn {
	d := &distant{Conn: connection, queue: make(chan []byte, 64), closed: make(chan struct{})}
	go func() {
		for {
			select {
			case p := <-d.queue:
				time.Sleep(distance)
				_, _ = d.Conn.Write(p)
			case <-d.closed:
				return
			}
		}
	}()
	return d
}

func (d *distant) Write(p []byte) (int, error) {
	select {
	case d.queue <- slices.Clone(p):
		return len(p), nil
	case <-d.closed:
		return 0, net.ErrClosed
	}
}

func (d *distant) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.Conn.Close()
}

// TestClient_reusesConnections holds that a connection outlives whatever was answered over it.
func TestClient_reusesConnections(t *testing.T) {
	answers := []func(http.ResponseWriter, *received){
		ok, replying(200, ""), replying(204, ""), replying(404, "not found"), replying(500, "<html>"), replying(503, "later"),
		replying(307, "moved", "Location", "http://elsewhere.test/"), busy("1"), odd(`{"jsonrpc":"2.0","id":4711,"result":1}`),
		odd(`{"jsonrpc":"2.0","id":$0,"error":{"code":1,"message":"m"}}`), odd(okReply + strings.Repeat(" ", 200_000)),
		endless(200_000),
	}
	remote, client := newRemote(t, inTurn(answers...))
	transport, _ := client.Transport.(*http.Transport)
	dial, dials := transport.DialContext, 0
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		dials++
		return dial(ctx, network, address)
	}
	client.NoRetry = true
	for range answers {
		_ = client.Call(t.Context(), "m", nil, nil)
	}
	if n := remote.count(); n != len(answers) || dials != 1 {
		t.Errorf("%d calls went over %d connections, want %d over 1", n, dials, len(answers))
	}
}

// TestClient_sharesConnections holds that clients without an http.Client of their own share their connections.
func TestClient_sharesConnections(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(calcService())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	for range 10 {
		client := &jacinth.Client{URL: server.URL + "/api"}
		if _, err := tick.Call(t.Context(), client, jacinth.None{}); err != nil {
			t.Error(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("ten clients made %d connections, want 1", n)
	}
}

func TestNewTransport_protocols(t *testing.T) {
	for _, test := range []struct {
		secure, http2 bool
		want          string
	}{
		{false, true, "HTTP/1.1"},
		{true, true, "HTTP/2.0"},
		{true, false, "HTTP/1.1"},
	} {
		var protocol atomic.Value
		svc := calcService()
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			protocol.Store(r.Proto)
			svc.ServeHTTP(w, r)
		}))
		server.EnableHTTP2 = test.http2
		transport := jacinth.NewTransport()
		if server.Start(); test.secure {
			server.Close()
			server = httptest.NewUnstartedServer(server.Config.Handler)
			server.EnableHTTP2 = test.http2
			server.StartTLS()
			roots := x509.NewCertPool()
			roots.AddCert(server.Certificate())
			transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}
		}
		client := &jacinth.Client{URL: server.URL + "/api", Transport: transport}
		if got, err := divide.Call(t.Context(), client, divideParams{A: 1, B: 4}); err != nil || got != 0.25 {
			t.Errorf("%+v: divide = %v, %v; want 0.25", test, got, err)
		}
		if got := protocol.Load(); got != test.want {
			t.Errorf("%+v: the call went over %v, want %s", test, got, test.want)
		}
		transport.CloseIdleConnections()
		server.Close()
	}
}

// TestNewTransport_findsDeadConnections holds that an HTTP/2 connection whose other end has silently gone is given up,
// although all that is seen of it is calls that time out.
func TestNewTransport_findsDeadConnections(t *testing.T) {
	certificates := httptest.NewTLSServer(nil)
	certificates.Close()
	roots := x509.NewCertPool()
	roots.AddCert(certificates.Certificate())
	synctest.Test(t, func(t *testing.T) {
		network := newPipes()
		server := &http.Server{Handler: calcService(), TLSConfig: certificates.TLS.Clone(), Protocols: new(http.Protocols)}
		server.Protocols.SetHTTP2(true)
		var serving sync.WaitGroup
		serving.Go(func() { _ = server.ServeTLS(network, "", "") })
		transport := jacinth.NewTransport()
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS13}
		var dials int
		var dead atomic.Bool
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			dials++
			connection, err := network.dial(ctx, "", "")
			if dials == 1 {
				connection = &silenced{Conn: connection, dead: &dead}
			}
			return connection, err
		}
		client := &jacinth.Client{URL: "https://service.test/api", Transport: transport}
		if _, err := tick.Call(t.Context(), client, jacinth.None{}); err != nil {
			t.Fatal(err)
		}
		dead.Store(true)
		failed := 0
		for {
			_, err := tick.Call(t.Context(), client, jacinth.None{}, jacinth.Timeout(time.Second))
			if err == nil {
				break
			}
			if failed++; failed > 30 {
				t.Fatalf("after 30 s the dead connection is still in use: %v", err)
			}
		}
		if failed == 0 || dials != 2 {
			t.Errorf("%d calls failed, over %d connections; want some, over 2", failed, dials)
		}
		transport.CloseIdleConnections()
		_ = server.Close()
		serving.Wait()
		synctest.Wait()
	})
}

// silenced is a connection that can go dead: what is written is lost, and nothing more is read.
type silenced struct {
	net.Conn
	dead *atomic.Bool
}

func (s *silenced) Write(p []byte) (int, error) {
	if s.dead.Load() {
		return len(p), nil
	}
	return s.Conn.Write(p)
}

// mute is a round tripper that fails.
type mute struct{}

var errMute = errors.New("no comment")

func (mute) RoundTrip(*http.Request) (*http.Response, error) { return nil, errMute }

// TestClient_tellsWhetherItWasSent holds the difference between calls that no service can have run and those that one
// may have.
func TestClient_tellsWhetherItWasSent(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	secure := httptest.NewUnstartedServer(nil)
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	secure.StartTLS()
	defer secure.Close()
	for name, url := range map[string]string{"nobody listens": closed.URL, "a certificate that nobody vouches for": secure.URL} {
		client := &jacinth.Client{URL: url, NoRetry: true}
		if err := client.Call(t.Context(), "m", nil, nil); !errors.Is(err, jacinth.ErrNotSent) {
			t.Errorf("%s: %v, want %v", name, err, jacinth.ErrNotSent)
		}
	}
	_, client := newRemote(t, hangingUp)
	if err := client.Call(t.Context(), "m", nil, nil); !errors.Is(err, jacinth.ErrNoReply) {
		t.Errorf("hung up: %v, want %v", err, jacinth.ErrNoReply)
	}
	// Of a round tripper that does not say what it does, nobody knows.
	client = &jacinth.Client{URL: "http://remote.test/api", NoRetry: true, Transport: mute{}}
	if err := client.Call(t.Context(), "m", nil, nil); !errors.Is(err, jacinth.ErrNoReply) || !errors.Is(err, errMute) {
		t.Errorf("a round tripper fails: %v, want %v and %v", err, jacinth.ErrNoReply, errMute)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := client.Call(ended, "m", nil, nil); !errors.Is(err, jacinth.ErrNotSent) || !errors.Is(err, context.Canceled) {
		t.Errorf("in a context that has ended: %v, want %v and %v", err, jacinth.ErrNotSent, context.Canceled)
	}
	client = &jacinth.Client{URL: closed.URL, NoRetry: true, Transport: meddler{jacinth.NewTransport()}}
	if err := client.Call(t.Context(), "m", nil, nil); !errors.Is(err, jacinth.ErrNotSent) {
		t.Errorf("a round tripper around net/http's finds nobody: %v, want %v", err, jacinth.ErrNotSent)
	}
}

// TestClient_userOfItsURL holds that the user and the password of a URL are sent as Basic authorization, and never shown.
func TestClient_userOfItsURL(t *testing.T) {
	remote, client := newRemote(t, inTurn(ok, hangingUp))
	client.NoRetry, client.URL = true, "http://user:secret@remote.test/api"
	if err := client.Call(t.Context(), "m", nil, nil); err != nil {
		t.Error(err)
	}
	err := client.Call(t.Context(), "m", nil, nil)
	if failure, ok := errors.AsType[*url.Error](err); !ok || strings.Contains(failure.Error(), "secret") || !strings.Contains(failure.URL, "remote.test") {
		t.Errorf("the error is %v, want the host in it, without the password", err)
	}
	for i, got := range remote.received() {
		if got := got.header.Get("Authorization"); got != "Basic dXNlcjpzZWNyZXQ=" {
			t.Errorf("request %d has the authorization %q, want user and secret", i, got)
		}
	}
	remote, client = newRemote(t, ok)
	client.URL, client.Header = "http://user:secret@remote.test/api", http.Header{"Authorization": {"Bearer own"}}
	if err := client.Call(t.Context(), "m", nil, nil); err != nil || remote.received()[0].header.Get("Authorization") != "Bearer own" {
		t.Errorf("Call = %v, want that a header goes before the address", err)
	}
}

// TestClient_badRoundTrippers holds that round trippers which do what they should not do no harm to other calls.
func TestClient_badRoundTrippers(t *testing.T) {
	remote, client := newRemote(t, ok)
	inner := client.Transport
	client.Transport = roundTripper(func(request *http.Request) (*http.Response, error) {
		request.URL.Path += "/v2"
		request.Header.Add("X-Seen", "1")
		return inner.RoundTrip(request)
	})
	client.Header = http.Header{"X-Seen": append(make([]string, 0, 8), "0")}
	var calls sync.WaitGroup
	for range 10 {
		calls.Go(func() {
			if err := client.Call(t.Context(), "m", nil, nil); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	for _, got := range remote.received() {
		if got.path != "/api/v2" || len(got.header["X-Seen"]) != 2 {
			t.Errorf("a request went to %s with %v", got.path, got.header["X-Seen"])
		}
	}
	client = &jacinth.Client{
		URL: "http://remote.test", NoRetry: true,
		Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, nil }), //nolint:nilnil // on purpose
	}
	if err := client.Call(t.Context(), "m", nil, nil); !errors.Is(err, jacinth.ErrNoReply) {
		t.Errorf("a round tripper that returns nothing: %v, want %v", err, jacinth.ErrNoReply)
	}
	client = &jacinth.Client{
		URL:       "http://remote.test",
		Transport: roundTripper(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 204}, nil }),
	}
	if err := client.Notify(t.Context(), "m", nil); err != nil {
		t.Errorf("a response without a body: %v", err)
	}
}
