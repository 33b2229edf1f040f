package jacinth

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// deaf is a listener that nobody comes to.
type deaf struct {
	once   sync.Once
	closed chan struct{}
}

func (d *deaf) Accept() (net.Conn, error) { <-d.closed; return nil, net.ErrClosed }
func (d *deaf) Close() error              { d.once.Do(func() { close(d.closed) }); return nil }
func (d *deaf) Addr() net.Addr            { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7), Port: 1} }

// TestServe_endsAtOnceForAPerson: what Main makes of SIGINT leaves out the delay that SIGTERM has.
func TestServe_endsAtOnceForAPerson(t *testing.T) {
	for _, test := range []struct {
		cause error
		delay time.Duration // as it is set
		want  time.Duration
	}{
		{nil, 0, defaultDrainDelay},
		{errInterrupted, 0, 0},
		{errInterrupted, time.Minute, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			svc := New(Config{Name: "person", DrainDelay: test.delay, Logger: slog.New(slog.DiscardHandler)})
			svc.asked.Store(true)
			ctx, stop := context.WithCancelCause(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- svc.Serve(ctx, &deaf{closed: make(chan struct{})}) }()
			synctest.Wait()
			began := time.Now()
			stop(test.cause)
			if err := <-ended; err != nil || time.Since(began) != test.want {
				t.Errorf("with cause %v and delay %v, Serve = %v after %v, want nil after %v", test.cause, test.delay, err, time.Since(began), test.want)
			}
		})
	}
}
