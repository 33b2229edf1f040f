package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// connections are those that a service has accepted. net/http closes the idle ones when it shuts down, also one on which
// a request has just arrived: its caller has a reset for an answer, and cannot know that nothing was run. Here a
// connection that leaves has a last look at what has come, with nothing between that and its end.
type connections struct {
	secure  bool // with TLS around each
	parting atomic.Bool

	mu      sync.Mutex
	open    map[*connection]struct{}
	changed chan struct{} // closed when one may have ceased to wait; nil if nobody wants to know
}

const (
	// lastWords is how long a connection is kept for a first request after it was accepted, or for the next one after
	// the service has begun to leave: a caller under load comes again within that.
	lastWords = 500 * time.Millisecond

	// acceptWait is how long nobody has to come for nobody to be there who could.
	acceptWait = 20 * time.Millisecond
	acceptMost = 500 * time.Millisecond // of that, where nothing keeps others from coming

	partMost = 5 * time.Second // for headers that have begun to come
)

// connection is one of TCP or of a Unix socket.
type connection struct {
	net.Conn
	of       *connections
	accepted time.Time
	state    atomic.Int32
	served   atomic.Bool // a request, at least
	isHTTP2  bool        // known with the first request; of the goroutine that serves the connection alone

	retiring sync.Mutex // held to tell it to go, and for it to say that it goes on
}

// What a connection does.
const (
	isBusy    int32 = iota // with a request, whatever net/http makes of it
	isWaiting              // for the first byte of one
	isRetired              // the same, but told to go unless there is one
	isComing               // a request is; net/http has it for idle until it has all of the headers
)

// add has a connection looked after, if it can be: one that a listener gives with TLS around it is left to net/http.
func (c *connections) add(conn net.Conn) net.Conn {
	if !canLook(conn) {
		return conn
	}
	added := &connection{Conn: conn, of: c, accepted: time.Now()}
	added.state.Store(isWaiting)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[*connection]struct{}{}
	}
	c.open[added] = struct{}{}
	return added
}

// note hears from net/http what a connection does.
func (c *connections) note(conn net.Conn, state http.ConnState) {
	own, plain := conn.(*connection)
	if !plain {
		secure, ok := conn.(*tls.Conn)
		if !ok {
			return
		}
		if own, ok = secure.NetConn().(*connection); !ok {
			return
		}
		if state == http.StateActive && !own.isHTTP2 {
			own.isHTTP2 = secure.ConnectionState().NegotiatedProtocol == "h2"
		}
	}
	switch {
	case state == http.StateHijacked:
		c.remove(own)
	case state == http.StateActive && own.state.Load() != isBusy:
		own.served.Store(true)
		own.goOn(isBusy)
	case state == http.StateIdle && !own.isHTTP2: // HTTP/2 tells callers not to send any more before it ends
		own.state.CompareAndSwap(isBusy, isWaiting)
	}
}

// part ends the connections that wait for requests, each when it has had time enough to get one, and returns when none
// does, or when ctx ends. None is kept for a request after the next, since a service that leaves says so in each reply.
func (c *connections) part(ctx context.Context, left time.Time) {
	ctx, cancel := context.WithTimeout(ctx, partMost)
	defer cancel()
	for {
		changed, next := c.retireDue(left)
		if changed == nil {
			return
		}
		timer := time.NewTimer(next)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// retireDue returns no channel if no connection waits any more, and otherwise one that is closed when that may be, and
// when to look again.
func (c *connections) retireDue(left time.Time) (changed <-chan struct{}, next time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next = partMost
	waiting := false
	for conn := range c.open {
		if conn.state.Load() == isBusy {
			continue
		}
		waiting = true
		since := left
		if conn.accepted.After(since) {
			since = conn.accepted
		}
		if wait := lastWords - time.Since(since); wait > 0 {
			next = min(next, wait)
			continue
		}
		conn.retire()
	}
	if !waiting {
		return nil, 0
	}
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	c.parting.Store(true)
	return c.changed, next
}

// tell says that a connection has ended or become busy.
func (c *connections) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

func (c *connections) remove(conn *connection) {
	c.mu.Lock()
	delete(c.open, conn)
	c.mu.Unlock()
	if c.parting.Load() {
		c.tell()
	}
}

// Read has the last look at a connection that is told to go.
func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	state := c.state.Load()
	if state != isWaiting && state != isRetired {
		return n, err
	}
	if n == 0 && state == isRetired && errors.Is(err, os.ErrDeadlineExceeded) {
		_ = c.Conn.SetReadDeadline(time.Time{})   // or there is no look at all
		n, err = readNow(c.Conn, p, !c.of.secure) // TLS has words of its own for the end
	}
	if n > 0 {
		next := isComing
		if c.of.secure && !c.served.Load() {
			next = isBusy // with the handshake, after which it is for net/http to know what it is to become
		}
		c.goOn(next)
	}
	return n, err
}

// goOn takes back that the connection is to go, if it was.
func (c *connection) goOn(state int32) {
	if c.state.CompareAndSwap(isWaiting, state) {
		return
	}
	c.retiring.Lock()
	if c.state.Swap(state) == isRetired {
		_ = c.Conn.SetReadDeadline(time.Time{})
	}
	c.retiring.Unlock()
	if c.of.parting.Load() {
		c.of.tell()
	}
}

// retire ends the connection's wait, unless a request has come.
func (c *connection) retire() {
	c.retiring.Lock()
	defer c.retiring.Unlock()
	if c.state.CompareAndSwap(isWaiting, isRetired) {
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// Close ends the connection.
func (c *connection) Close() error {
	c.of.remove(c)
	return c.Conn.Close()
}

// ReadFrom lets net/http send files without copying them.
func (c *connection) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }

// CloseWrite lets net/http end a reply before the connection.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// SyscallConn is for handlers that take the connection over.
func (c *connection) SyscallConn() (syscall.RawConn, error) {
	if raw, ok := c.Conn.(syscall.Conn); ok {
		return raw.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}
