package jacinth_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/testkit/proxy"
)

// drained is a service that is stopped under load, again and again, and counts which calls it runs.
type drained struct {
	t      *testing.T
	config jacinth.Config

	mu   sync.Mutex
	runs map[int64]int // by the number of the call
	next atomic.Int64
}

// instance is a service that runs.
type instance struct {
	address string
	calls   atomic.Int64 // that it has run
	stop    func()       // stops it and waits for its end
}

func newDrained(t *testing.T, config jacinth.Config) *drained {
	config.Name, config.Logger = "drained", slog.New(slog.DiscardHandler)
	return &drained{t: t, config: config, runs: map[int64]int{}}
}

// start serves on an address.
func (d *drained) start(address string) *instance {
	d.t.Helper()
	i := new(instance)
	svc := jacinth.New(d.config)
	jacinth.Public(svc, "work", func(_ context.Context, p struct {
		Number int64 `json:"number"`
	},
	) (int64, error) {
		i.calls.Add(1)
		time.Sleep(time.Duration(p.Number%5) * time.Millisecond)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.runs[p.Number]++
		return p.Number, nil
	})
	var listen net.ListenConfig
	listen.SetMultipathTCP(false)
	listener, err := listen.Listen(d.t.Context(), "tcp", address)
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- svc.Serve(ctx, listener) }()
	i.address, i.stop = listener.Addr().String(), func() {
		cancel()
		if err := <-ended; err != nil {
			d.t.Errorf("Serve = %v, want nil", err)
		}
	}
	return i
}

// ran reports how often a call has run.
func (d *drained) ran(number int64) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.runs[number]
}

// keeper is a caller that keeps its connection, by hand: those of net/http try again by themselves what failed.
type keeper struct {
	address string
	secure  bool // speaks TLS
	conn    net.Conn
	reader  *bufio.Reader
}

// errNotThere is that of a caller who could not connect.
var errNotThere = errors.New("nobody listens")

// call sends a call, and returns the status and the body of the answer.
func (k *keeper) call(number int64) (status int, body string, err error) {
	if k.conn == nil {
		conn, err := (&net.Dialer{Timeout: 10 * time.Second}).Dial("tcp", k.address)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return 0, "", errNotThere
		}
		if err != nil {
			return 0, "", err
		}
		if k.secure {
			conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
		}
		k.conn, k.reader = conn, bufio.NewReader(conn)
	}
	text := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"work","params":[%d]}`, number)
	_ = k.conn.SetDeadline(time.Now().Add(30 * time.Second))
	_, err = fmt.Fprintf(k.conn, "POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
	if err == nil {
		var response *http.Response
		if response, err = http.ReadResponse(k.reader, nil); err == nil {
			var read []byte
			read, err = io.ReadAll(response.Body)
			response.Body.Close()
			if response.Close {
				k.close()
			}
			return response.StatusCode, string(read), err
		}
	}
	k.close()
	return 0, "", err
}

func (k *keeper) close() {
	if k.conn != nil {
		_ = k.conn.Close()
		k.conn = nil
	}
}

// tallied is how calls ended.
type tallied struct {
	answered, refused, busy, lost, unanswered, twice atomic.Int64
	first                                            atomic.Value
}

// check fails the test if a call was lost.
func (c *tallied) check(t *testing.T, stops int) {
	t.Helper()
	t.Logf("%d stops: %d calls answered, %d refused with 503, %d callers could not connect; %d lost, of which %d had run; %d run twice",
		stops, c.answered.Load(), c.busy.Load(), c.refused.Load(), c.lost.Load(), c.unanswered.Load(), c.twice.Load())
	if c.lost.Load() > 0 || c.twice.Load() > 0 {
		t.Errorf("%d calls are lost (%v), of which %d had run, and %d ran twice",
			c.lost.Load(), c.first.Load(), c.unanswered.Load(), c.twice.Load())
	}
}

// load calls until the caller is refused or told to stop. With a pause, connections are idle between calls.
func (d *drained) load(address string, pause time.Duration, stop <-chan struct{}, t *tallied) {
	k := keeper{address: address, secure: d.config.TLS != nil}
	defer k.close()
	for {
		select {
		case <-stop:
			return
		case <-time.After(pause):
		}
		number := d.next.Add(1)
		status, body, err := k.call(number)
		ran := d.ran(number)
		switch {
		case errors.Is(err, errNotThere):
			t.refused.Add(1)
			return
		case err != nil:
			t.lost.Add(1)
			t.first.CompareAndSwap(nil, err.Error())
			if ran > 0 {
				t.unanswered.Add(1)
			}
		case status == http.StatusServiceUnavailable && ran == 0:
			t.busy.Add(1)
		case status == http.StatusOK && strings.HasSuffix(body, fmt.Sprintf(`"result":%d}`, number)):
			t.answered.Add(1)
		default:
			t.lost.Add(1)
			t.first.CompareAndSwap(nil, fmt.Sprintf("status %d: %s", status, body))
		}
		if ran > 1 {
			t.twice.Add(1)
		}
	}
}

// stops is how often a service is stopped here.
func stops(short int) int {
	if os.Getenv(longVariable) != "" {
		return 200
	}
	return short
}

// TestHostile_stopsUnderLoad stops a service that is called directly, without a delay, on connections that are kept and
// on the ones that callers open when they are told to close theirs. Each call is answered, or refused before it has run.
func TestHostile_stopsUnderLoad(t *testing.T) {
	certificates := httptest.NewUnstartedServer(http.NotFoundHandler())
	certificates.StartTLS()
	defer certificates.Close()
	for _, test := range []struct {
		name   string
		pause  time.Duration
		secure *tls.Config
	}{
		{"0s", 0, nil},
		{"5ms", 5 * time.Millisecond, nil},
		{"100ms", 100 * time.Millisecond, nil},
		{"5ms, TLS", 5 * time.Millisecond, &tls.Config{Certificates: certificates.TLS.Certificates}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDrained(t, jacinth.Config{TLS: test.secure})
			var total tallied
			count := stops(3)
			for range count {
				i := d.start("127.0.0.1:0")
				begun := total.answered.Load()
				var callers sync.WaitGroup
				for range 20 {
					callers.Go(func() { d.load(i.address, test.pause, nil, &total) })
				}
				for total.answered.Load() < begun+200 {
					time.Sleep(time.Millisecond)
				}
				i.stop()
				callers.Wait()
			}
			total.check(t, count)
		})
	}
}

// behind stops instances behind a proxy, one of two at a time, while callers call through it. No call is lost. A call
// may be refused before it has run, where the machine is so busy that checks of the proxy come late.
func behind(t *testing.T, config jacinth.Config, short int, front func(t *testing.T, first, second string) *proxy.Proxy) {
	pools, each := 1, short
	if os.Getenv(longVariable) != "" {
		pools, each = 8, 25
	}
	var total tallied
	t.Run("pools", func(t *testing.T) {
		for pool := range pools {
			t.Run(fmt.Sprint(pool), func(t *testing.T) {
				t.Parallel()
				d := newDrained(t, config)
				// Not where connections begin: their ports could be those of an instance that is down for a moment.
				instances := [2]*instance{d.start("127.0.0.2:0"), d.start("127.0.0.2:0")}
				p := front(t, instances[0].address, instances[1].address)
				done := make(chan struct{})
				var callers sync.WaitGroup
				for i := range 6 {
					callers.Go(func() { d.load(p.Addr(), time.Duration(i)*3*time.Millisecond, done, &total) })
				}
				for i := range each {
					for _, instance := range instances {
						calls := instance.calls.Load()
						until(t, "an instance gets calls", func() bool { return instance.calls.Load() > calls+10 })
					}
					instances[i%2].stop()
					instances[i%2] = d.start(instances[i%2].address)
				}
				close(done)
				callers.Wait()
				for _, instance := range instances {
					instance.stop()
				}
			})
		}
	})
	total.check(t, pools*each)
	if total.refused.Load() > 0 {
		t.Errorf("%d callers could not connect to the proxy", total.refused.Load())
	}
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("30 s have passed before %s", what)
		}
	}
}

// TestHostile_stopsBehindHAProxy has checks every second, the third of which to fail takes an instance out, and the
// default for the delay.
func TestHostile_stopsBehindHAProxy(t *testing.T) {
	t.Parallel()
	behind(t, jacinth.Config{}, 2, func(t *testing.T, first, second string) *proxy.Proxy {
		return proxy.HAProxy(t, `
defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 60s
frontend front
	bind LISTEN
	default_backend pool
backend pool
	option httpchk GET /readyz
	default-server check inter 1s fall 3 rise 1
	server first `+first+`
	server second `+second)
	})
}

// TestHostile_stopsBehindNginx has no checks, which nginx does not have unless one pays for it: it tries the next instance
// where one cannot be connected to or answers 503, and leaves that one alone for a second.
func TestHostile_stopsBehindNginx(t *testing.T) {
	t.Parallel()
	behind(t, jacinth.Config{DrainDelay: time.Second}, 3, func(t *testing.T, first, second string) *proxy.Proxy {
		return proxy.Nginx(t, `
			upstream pool {
				server `+first+` max_fails=1 fail_timeout=1s;
				server `+second+` max_fails=1 fail_timeout=1s;
				keepalive 16;
			}
			server {
				listen LISTEN;
				location / {
					proxy_pass http://pool;
					proxy_http_version 1.1;
					proxy_set_header Connection "";
					proxy_set_header Host $host;
					proxy_next_upstream error timeout http_503 non_idempotent;
				}
			}`)
	})
}

// countedConn is a connection that counts what comes.
type countedConn struct {
	net.Conn
	bytes int
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytes += n
	return n, err
}

// TestServe_endsConnectionsAsTLSHasIt holds that an idle connection ends with the word that TLS has for it: to a caller, an
// end without that is one that somebody on the way has made (RFC 8446, section 6.1).
func TestServe_endsConnectionsAsTLSHasIt(t *testing.T) {
	certificates := httptest.NewUnstartedServer(http.NotFoundHandler())
	certificates.StartTLS()
	defer certificates.Close()
	d := newDrained(t, jacinth.Config{TLS: &tls.Config{Certificates: certificates.TLS.Certificates}})
	i := d.start("127.0.0.1:0")
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", i.address)
	if err != nil {
		t.Fatal(err)
	}
	counted := &countedConn{Conn: conn}
	secure := tls.Client(counted, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	k := keeper{address: i.address, conn: secure, reader: bufio.NewReader(secure)}
	defer k.close()
	if status, body, err := k.call(1); status != http.StatusOK || err != nil {
		t.Fatalf("a call = %d, %s, %v", status, body, err)
	}
	before := counted.bytes
	i.stop()
	if n, err := k.reader.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) || counted.bytes == before {
		t.Errorf("Read of a connection that has ended = %d, %v after %d bytes of TLS; want %v after some", n, err, counted.bytes-before, io.EOF)
	}
}
