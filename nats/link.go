package nats

import (
	"context"
	"errors"
	"sync"

	"github.com/nats-io/nats.go"
)

var errLost = errors.New("the connection to NATS was lost")

// link tells when a connection to NATS comes and goes.
type link struct {
	conn   *nats.Conn
	events chan nats.Status

	mu      sync.Mutex
	epoch   context.Context    //nolint:containedctx // it is the state that is told: it ends when the connection does
	end     context.CancelFunc // of epoch
	changed chan struct{}      // closed when there is another epoch
	ended   chan struct{}      // closed with the connection
}

// newLink follows conn until it is closed, or stop is called.
func newLink(conn *nats.Conn) *link {
	l := &link{
		conn:    conn,
		events:  conn.StatusChanged(nats.CONNECTED, nats.RECONNECTING, nats.DISCONNECTED, nats.CLOSED),
		changed: make(chan struct{}),
		ended:   make(chan struct{}),
	}
	l.epoch, l.end = context.WithCancel(context.Background())
	switch {
	case conn.IsClosed(): // nothing will be told of it any more
		l.note(nats.CLOSED)
	case !conn.IsConnected():
		l.end()
	}
	go func() {
		for status := range l.events {
			l.note(status)
		}
	}()
	return l
}

func (l *link) stop() {
	l.conn.RemoveStatusListener(l.events)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end()
}

// note goes by what was told and not by how the connection is by now: one that was lost for a moment was lost.
func (l *link) note(status nats.Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.isOver():
	case status == nats.CLOSED:
		l.end()
		close(l.ended)
		// Not from here: whoever tells of it holds the lock of the connection.
		go l.conn.RemoveStatusListener(l.events)
	case status != nats.CONNECTED:
		l.end()
	case l.epoch.Err() != nil:
		l.epoch, l.end = context.WithCancel(context.Background())
		close(l.changed)
		l.changed = make(chan struct{})
	}
}

// over is closed when the connection is, for good.
func (l *link) over() <-chan struct{} { return l.ended }

func (l *link) isOver() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// isUp reports whether there is a connection.
func (l *link) isUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch.Err() == nil
}

// up waits until there is a connection, and returns a context that ends when it is lost. It fails when ctx ends, with
// the cause of that, and when there will be no connection any more.
func (l *link) up(ctx context.Context) (epoch context.Context, err error) {
	for {
		l.mu.Lock()
		epoch, changed := l.epoch, l.changed
		l.mu.Unlock()
		if epoch.Err() == nil {
			return epoch, nil
		}
		select {
		case <-changed:
		case <-l.ended:
			return nil, nats.ErrConnectionClosed
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// during returns a context that ends with ctx, and with the cause errLost when the epoch does.
func during(ctx, epoch context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(epoch, func() { cancel(errLost) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}
