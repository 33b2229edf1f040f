package jacinth

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/listener"
)

const (
	// defaultDrainDelay is enough for a balancer that checks every second and believes the third failure. See
	// docs/adr/0016.
	defaultDrainDelay    = 5 * time.Second
	registeredDrainDelay = time.Second // after a registry has told callers that the service leaves, where that is all they go by

	stopGrace = time.Second // for handlers to return once their contexts have been ended
)

// errInterrupted is why a service stops that somebody at a terminal has interrupted.
var errInterrupted = errors.New("interrupted")

// departure is the stop of a service. Nothing in it waits for a log.
type departure struct {
	service     *Service
	server      *http.Server
	door        *listener.Listener
	announcer   *announcer // nil if there is no registry
	tasks       *sync.WaitGroup
	cancelCalls func()
	began       time.Time
}

// leave goes on serving until callers can know that the service stops.
func (d *departure) leave(cause error) {
	s := d.service
	d.began = time.Now()
	asked := s.asked.Load()
	s.leaving.Store(true)
	s.report(context.Background(), slog.LevelInfo, "stopping", slog.String("service", s.config.Name))
	listed := false
	from := d.began
	if d.announcer != nil {
		select {
		case <-d.announcer.left:
			listed = d.announcer.lease != nil || d.announcer.known
			from = time.Now()
		case <-time.After(leaveWait + stopGrace): // a registry that does not heed its context
		}
	}
	if delay := d.delay(cause, asked, listed) - time.Since(from); delay > 0 {
		time.Sleep(delay)
	}
}

// delay is how long callers may take to learn that the service stops.
func (d *departure) delay(cause error, asked, listed bool) time.Duration {
	config := &d.service.config
	switch {
	case config.DrainDelay > 0:
		return config.DrainDelay
	case errors.Is(cause, errInterrupted): // a person waits for the end
		return 0
	case asked: // a balancer goes by /readyz
		return defaultDrainDelay
	case listed:
		return registeredDrainDelay
	case config.PublicURL == "" && isOfThisMachine(d.door.Addr()):
		return 0
	}
	return defaultDrainDelay
}

// isOfThisMachine reports whether no other machine can connect to an address.
func isOfThisMachine(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}

// drain ends the service. The door stays open until the calls under way are done, so that whoever still comes hears that
// this instance is leaving instead of nothing.
func (d *departure) drain() {
	s := d.service
	drain := context.Background()
	if s.config.DrainTimeout != Unlimited {
		limited, cancel := context.WithTimeout(drain, s.config.DrainTimeout)
		defer cancel()
		drain = limited
	}
	s.gate.Shut()
	err := s.gate.Wait(drain)
	if err == nil {
		d.door.StopAccepting(drain)
		d.door.DrainIdle(drain, d.began)
		err = d.server.Shutdown(drain)
	}
	if err != nil {
		s.report(drain, slog.LevelWarn, "calls were cut short", slog.Duration("after", s.config.DrainTimeout))
	}
	d.cancelCalls()
	grace, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	if err != nil && d.server.Shutdown(grace) != nil {
		_ = d.server.Close()
	}
	d.awaitTasks(drain, grace)
}

// awaitTasks waits for what runs in the background, the accepting of connections included.
func (d *departure) awaitTasks(drain, grace context.Context) {
	finished := make(chan struct{})
	go func() {
		d.tasks.Wait()
		close(finished)
	}()
	select {
	case <-finished:
	case <-drain.Done():
		select {
		case <-finished:
		case <-grace.Done():
			d.service.report(grace, slog.LevelWarn, "a background task did not end")
		}
	}
}

// closeRegistry closes a registry that the service has opened.
func (s *Service) closeRegistry() {
	if err := s.registry.close(); err != nil {
		s.report(context.Background(), slog.LevelWarn, "the registry was not closed", slog.String("error", err.Error()))
	}
}
