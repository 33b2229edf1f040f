// Package jacinthtest connects a test to a service in memory: real HTTP between a real client and a real server, and
// no port. It works inside testing/synctest bubbles.
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
// first call, to give it a Token for example; its URL and HTTP fields are what leads to svc.
func New(tb testing.TB, svc *jacinth.Service) *jacinth.Client {
	tb.Helper()
	pipe := &pipeListener{connections: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: svc}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(pipe); !errors.Is(err, http.ErrServerClosed) {
			tb.Errorf("the in-memory server ended: %v", err)
		}
	})
	transport := &http.Transport{DialContext: pipe.dial, MaxIdleConnsPerHost: 64}
	tb.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		serving.Wait()
	})
	return &jacinth.Client{URL: "http://service.test" + svc.Endpoint(), HTTP: &http.Client{Transport: transport}}
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
