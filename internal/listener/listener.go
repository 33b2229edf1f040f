// Package listener has the listener of a service, with what becomes of its connections when the service stops, when they
// grow old, and when they are closed.
package listener

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Listener is the listener of a service that can stop without losing a call. It stops accepting with nobody in the queue
// of the system, which resets those when a listener is closed; it ends idle connections with a last look at what has come;
// and it closes connections in order, so that an answer arrives where not all of a request was read.
type Listener struct {
	net.Listener
	connections connections
	lingerer    lingerer
	shutting    atomic.Bool
	began       atomic.Int64 // when the shutting did, in nanoseconds of Unix
	came        bool         // somebody, since the last look; of Accept alone

	quieting, closing sync.Once
	quiet             chan struct{} // closed when nobody comes any more
	closed            chan struct{}
}

// New returns a Listener around another one. secure says that the server speaks TLS over its connections.
func New(inner net.Listener, secure bool) *Listener {
	return &Listener{
		Listener: inner, connections: connections{secure: secure}, quiet: make(chan struct{}), closed: make(chan struct{}),
	}
}

// ConnState is for http.Server.ConnState.
func (l *Listener) ConnState(conn net.Conn, state http.ConnState) { l.connections.note(conn, state) }

// DrainIdle ends the connections that wait for requests, each when it has had time enough to get one since the service
// began to leave, and returns when none waits any more, or when ctx ends.
func (l *Listener) DrainIdle(ctx context.Context, left time.Time) { l.connections.part(ctx, left) }

// End closes at once what is still being closed in order.
func (l *Listener) End() { l.lingerer.end() }

// deadliner is a listener whose Accept can be told to end.
type deadliner interface{ SetDeadline(at time.Time) error }

// Accept is for one goroutine, as net/http has it.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err == nil {
			l.came = true
			return l.connections.add(l.lingerer.wrap(conn)), nil
		}
		if !l.shutting.Load() || !errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, err
		}
		if l.came && time.Since(time.Unix(0, l.began.Load())) < acceptMost {
			l.came = false
			l.look()
			continue
		}
		l.Ended()
		<-l.closed // net/http takes an end before that for a failure
		return nil, net.ErrClosed
	}
}

// Ended says that the server accepts no more.
func (l *Listener) Ended() { l.quieting.Do(func() { close(l.quiet) }) }

// look has Accept take whoever has come, and end when nobody comes for a while.
func (l *Listener) look() {
	if inner, ok := l.Listener.(deadliner); ok {
		_ = inner.SetDeadline(time.Now().Add(acceptWait))
	}
}

// StopAccepting lets in those who have come, and nobody after them. It returns when that is done, or when ctx ends.
func (l *Listener) StopAccepting(ctx context.Context) {
	if _, ok := l.Listener.(deadliner); !ok {
		return
	}
	keepOut(l.Listener)
	l.began.Store(time.Now().UnixNano())
	l.shutting.Store(true)
	l.look()
	select {
	case <-l.quiet:
	case <-ctx.Done():
	}
	_ = l.Listener.Close() // from now on, whoever comes is refused at once
}

// Close is what net/http calls when it shuts down.
func (l *Listener) Close() error {
	l.closing.Do(func() { close(l.closed) })
	err := l.Listener.Close()
	if errors.Is(err, net.ErrClosed) && l.shutting.Load() {
		return nil
	}
	return err
}
