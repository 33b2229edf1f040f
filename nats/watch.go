package nats

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/nats/internal/instances"
)

// watch is one run of [Registry.Watch].
type watch struct {
	store  store
	link   connection
	filter string
	view   *instances.View
	yield  func([]jacinth.Instance, error) bool
	begun  bool // a set was told
	stale  bool // an error was the last that was told
}

// connection is what a watch needs of a [link].
type connection interface {
	isUp() bool
	up(ctx context.Context) (epoch context.Context, err error)
}

// errEnough ends a watch whose receiver wants no more.
var errEnough = errors.New("nobody wants more")

func (w *watch) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.follow(ctx)
		if errors.Is(err, errEnough) || ctx.Err() != nil {
			return
		}
		if !w.stale {
			w.stale = true
			if !w.yield(nil, fmt.Errorf("the registry is out of reach: %w", err)) {
				return
			}
		}
		if _, err := w.link.up(ctx); err != nil {
			<-ctx.Done() // there will never be a connection again
			return
		}
		select {
		case <-time.After(100*time.Millisecond + rand.N(400*time.Millisecond)): //nolint:gosec // it spreads load
		case <-ctx.Done():
		}
	}
}

// follow follows the store until that ends.
func (w *watch) follow(ctx context.Context) error {
	if !w.link.isUp() {
		return errLost
	}
	epoch, err := w.link.up(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := during(ctx, epoch)
	defer cancel()
	from, err := w.store.follow(ctx, w.filter)
	if err != nil {
		return err
	}
	defer from.stop()
	w.view.Restart(time.Now())
	complete := false // all that is there has been told
	for {
		c, err := w.next(ctx, from)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil:
			w.view.Take(c, time.Now())
			complete = complete || c.Kind == instances.Synced
		case !errors.Is(err, errDue):
			return err
		}
		w.view.Settle(time.Now())
		if complete && (w.view.Changed || w.stale || !w.begun) {
			w.stale, w.begun = false, true
			if !w.yield(w.view.List(), nil) {
				return errEnough
			}
		}
	}
}

// errDue says that an instance that was in doubt is to be given up.
var errDue = errors.New("something is due")

// next waits for a change, and at most until something is due.
func (w *watch) next(ctx context.Context, from feed) (instances.Change, error) {
	due := w.view.Due()
	if due.IsZero() {
		return from.next(ctx)
	}
	limited, cancel := context.WithDeadline(ctx, due)
	defer cancel()
	c, err := from.next(limited)
	if err != nil && !time.Now().Before(due) {
		err = errDue
	}
	return c, err
}
