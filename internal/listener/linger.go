package listener

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// What is read of connections that the service has closed costs no more than this.
const (
	lingerTime  = 5 * time.Second // of one connection
	lingerBytes = 64 << 20        // of one connection
	lingerConns = 1024            // at a time
)

// lingerer closes connections in order. To close one with bytes unread resets it, and a reset destroys an answer that
// is still under way: a proxy that was sending a large body, which the service has refused, sees a broken connection
// instead of the refusal, and takes the instance for dead. So the service's own side is closed, and the other side is
// read until it is closed too. That is bounded in time, in bytes and in number; beyond, connections are closed at once.
//
// It stands below net/http, which answers much before it has read the body, and part of it by itself.
type lingerer struct {
	mu    sync.Mutex
	conns map[halfCloser]struct{}
	ended bool
	reads sync.WaitGroup
}

// halfCloser is a connection of TCP or of a Unix socket.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// wrap returns a connection that is closed in order. One of a listener with TLS of its own is left as it is, since net/http
// has to know it.
func (l *lingerer) wrap(conn net.Conn) net.Conn {
	switch conn := conn.(type) {
	case *net.TCPConn:
		return &lingeringTCP{TCPConn: conn, state: lingerState{lingerer: l}}
	case *net.UnixConn:
		return &lingeringUnix{UnixConn: conn, state: lingerState{lingerer: l}}
	}
	return conn
}

// close closes a connection in order. It does not wait for that.
func (l *lingerer) close(conn halfCloser) error {
	if !l.enter(conn) {
		return conn.Close()
	}
	// A timer and not a deadline, which net/http may still change.
	timer := time.AfterFunc(lingerTime, func() { _ = conn.Close() })
	go func() {
		defer l.leave(conn)
		defer timer.Stop()
		if conn.CloseWrite() == nil {
			_ = conn.SetReadDeadline(time.Time{})
			_, _ = io.CopyN(io.Discard, conn, lingerBytes) // whose error says that the other side has gone
		}
	}()
	return nil
}

// enter counts a connection, or reports that it is to be closed at once.
func (l *lingerer) enter(conn halfCloser) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended || len(l.conns) >= lingerConns {
		return false
	}
	if l.conns == nil {
		l.conns = make(map[halfCloser]struct{})
	}
	l.conns[conn] = struct{}{}
	l.reads.Add(1)
	return true
}

func (l *lingerer) leave(conn halfCloser) {
	_ = conn.Close()
	l.mu.Lock()
	delete(l.conns, conn)
	l.mu.Unlock()
	l.reads.Done()
}

// end closes at once what still lingers, and what is closed later: a service that stops waits for nobody here.
func (l *lingerer) end() {
	l.mu.Lock()
	l.ended = true
	for conn := range l.conns {
		_ = conn.Close()
	}
	l.mu.Unlock()
	l.reads.Wait()
}

// lingeringTCP and lingeringUnix keep all methods of what they hold: net/http sends files by them.
type (
	lingeringTCP struct {
		*net.TCPConn
		state lingerState
	}
	lingeringUnix struct {
		*net.UnixConn
		state lingerState
	}
)

func (c *lingeringTCP) Read(p []byte) (int, error) { return c.state.read(c.TCPConn, p) }
func (c *lingeringTCP) Close() error               { return c.state.close(c.TCPConn) }

func (c *lingeringUnix) Read(p []byte) (int, error) { return c.state.read(c.UnixConn, p) }
func (c *lingeringUnix) Close() error               { return c.state.close(c.UnixConn) }

// lingerState is what a connection knows of its end.
type lingerState struct {
	lingerer *lingerer
	ended    atomic.Bool // the other side has sent its last byte, and it has been read
	closed   atomic.Bool
}

func (s *lingerState) read(conn net.Conn, p []byte) (int, error) {
	if s.closed.Load() {
		return 0, net.ErrClosed
	}
	n, err := conn.Read(p)
	if err == io.EOF { //nolint:errorlint // connections return it as it is
		s.ended.Store(true)
	}
	return n, err
}

func (s *lingerState) close(conn halfCloser) error {
	if s.closed.Swap(true) {
		return net.ErrClosed
	}
	if s.ended.Load() {
		return conn.Close() // nothing is left to be read
	}
	return s.lingerer.close(conn)
}
