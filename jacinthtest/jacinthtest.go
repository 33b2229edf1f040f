// Package jacinthtest connects a test to a service in memory: real HTTP between a real client and a real server, and
// no port.
//
//	func TestAdd(t *testing.T) {
//		client := jacinthtest.New(t, newService())
//		sum, err := Add.Call(t.Context(), client, AddParams{A: 1, B: 2})
//		if err != nil || sum != 3 {
//			t.Errorf("math.add = %v, %v; want 3", sum, err)
//		}
//	}
//
// It works inside testing/synctest bubbles, where a call that takes an hour is over at once:
//
//	func TestReport_isCutShort(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			client := jacinthtest.New(t, newService())
//			_, err := Report.Call(t.Context(), client, ReportParams{Years: 100})
//			if !errors.Is(err, jacinth.DeadlineExceeded) {
//				t.Errorf("report = %v, want that it takes too long", err)
//			}
//		})
//	}
package jacinthtest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// New serves svc in memory until the test ends and returns a client of it. The client may be changed before its
// first call, to give it a Token for example; its URL and its Transport are what leads to svc.
//
// When the test ends, calls under way have their contexts ended, and New waits for their handlers to return. One
// service may be served to several tests, at the same time too. Its background tasks do not run.
func New(tb testing.TB, svc *jacinth.Service) *jacinth.Client {
	tb.Helper()
	pipe := &pipeListener{connections: make(chan net.Conn), closed: make(chan struct{})}
	var handlers handlers
	var serving sync.WaitGroup
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handlers.begin() {
			defer handlers.Done()
			svc.ServeHTTP(w, r)
		}
	})}
	serving.Go(func() {
		if err := server.Serve(pipe); !errors.Is(err, http.ErrServerClosed) {
			tb.Errorf("the in-memory server ended: %v", err)
		}
	})
	transport := jacinth.NewTransport()
	transport.Proxy, transport.DialContext = nil, pipe.dial
	tb.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
		handlers.end()
		transport.CloseIdleConnections()
	})
	return &jacinth.Client{URL: "http://service.test" + svc.Endpoint(), Transport: transport}
}

// handlers counts those that run. A request that was read just before the server was closed may still come to its
// handler after that, when nobody is to begin any more.
type handlers struct {
	sync.WaitGroup

	mu    sync.Mutex
	ended bool
}

// begin reports whether a handler may run, and then wants a Done after it.
func (h *handlers) begin() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.ended {
		h.Add(1)
	}
	return !h.ended
}

// end waits for those that run.
func (h *handlers) end() {
	h.mu.Lock()
	h.ended = true
	h.mu.Unlock()
	h.Wait()
}

// pipeListener is a net.Listener whose connections are made by dial.
type pipeListener struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case l.connections <- there:
		return here, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "service.test" }
