package jacinth

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// door is the listener of a service, which can be shut without losing those who have come and are not in yet: the
// system resets their connections when a listener is closed.
type door struct {
	net.Listener
	connections *connections
	lingerer    *lingerer
	shutting    atomic.Bool
	began       atomic.Int64 // when the shutting did, in nanoseconds of Unix
	came        bool         // somebody, since the last look; of Accept alone

	quieting, closing sync.Once
	quiet             chan struct{} // closed when nobody comes any more
	closed            chan struct{}
}

func newDoor(listener net.Listener, c *connections, l *lingerer) *door {
	return &door{Listener: listener, connections: c, lingerer: l, quiet: make(chan struct{}), closed: make(chan struct{})}
}

// deadliner is a listener whose Accept can be told to end.
type deadliner interface{ SetDeadline(at time.Time) error }

// Accept is for one goroutine, as net/http has it.
func (d *door) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err == nil {
			d.came = true
			return d.connections.add(d.lingerer.wrap(conn)), nil
		}
		if !d.shutting.Load() || !errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, err
		}
		if d.came && time.Since(time.Unix(0, d.began.Load())) < acceptMost {
			d.came = false
			d.look()
			continue
		}
		d.isQuiet()
		<-d.closed // net/http takes an end before that for a failure
		return nil, net.ErrClosed
	}
}

// isQuiet says that nobody comes any more.
func (d *door) isQuiet() { d.quieting.Do(func() { close(d.quiet) }) }

// look has Accept take whoever has come, and end when nobody comes for a while.
func (d *door) look() {
	if listener, ok := d.Listener.(deadliner); ok {
		_ = listener.SetDeadline(time.Now().Add(acceptWait))
	}
}

// shut lets in those who have come, and nobody after them. It returns when that is done, or when ctx ends.
func (d *door) shut(ctx context.Context) {
	if _, ok := d.Listener.(deadliner); !ok {
		return
	}
	keepOut(d.Listener)
	d.began.Store(time.Now().UnixNano())
	d.shutting.Store(true)
	d.look()
	select {
	case <-d.quiet:
	case <-ctx.Done():
	}
	_ = d.Listener.Close() // from now on, whoever comes is refused at once
}

// Close is what net/http calls when it shuts down.
func (d *door) Close() error {
	d.closing.Do(func() { close(d.closed) })
	err := d.Listener.Close()
	if errors.Is(err, net.ErrClosed) && d.shutting.Load() {
		return nil
	}
	return err
}
