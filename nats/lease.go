package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/nats/internal/instances"
)

// lease renews the record of an instance.
type lease struct {
	registry *Registry
	key      string

	mu       sync.Mutex // held while a record is written, so that the last one is the newest
	instance jacinth.Instance
	over     bool // nothing is written any more

	stop context.CancelFunc
	done chan struct{}
}

// start renews the record from now on.
func (l *lease) start() {
	var ctx context.Context
	ctx, l.stop = context.WithCancel(context.Background())
	l.done = make(chan struct{})
	go l.keep(ctx)
}

func (l *lease) keep(ctx context.Context) {
	defer close(l.done)
	logger := l.registry.config.Logger
	failing := false
	for {
		pause := instances.Beat(l.registry.config.TTL)
		if failing {
			pause /= 5
		}
		select {
		case <-time.After(around(pause)):
		case <-ctx.Done():
			return
		}
		err := l.write(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			logger.LogAttrs(ctx, slog.LevelWarn, "the registry is out of reach",
				slog.String("service", l.instance.Service), slog.Any("error", err))
		case err == nil && failing:
			logger.LogAttrs(ctx, slog.LevelInfo, "the registry is in reach again",
				slog.String("service", l.instance.Service))
		}
		failing = err != nil
	}
}

// around returns a time that is up to a fifth shorter or longer, so that those who started together do not stay so.
func around(pause time.Duration) time.Duration {
	return pause*4/5 + rand.N(pause*2/5) //nolint:gosec // it spreads load and keeps no secret
}

var errOver = errors.New("the lease was closed, or another one took its place")

func (l *lease) write(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return errOver
	}
	record, err := instances.Encode(&l.instance)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, max(instances.Beat(l.registry.config.TTL), time.Second))
	defer cancel()
	return l.registry.store.put(ctx, l.key, record)
}

// Ready implements [jacinth.Lease].
func (l *lease) Ready(ctx context.Context, ready bool) error {
	l.mu.Lock()
	l.instance.Ready = ready
	l.mu.Unlock()
	if err := l.write(ctx); err != nil {
		return fmt.Errorf("the registry does not know yet: %w", err)
	}
	return nil
}

// Close implements [jacinth.Lease].
func (l *lease) Close(ctx context.Context) error {
	r := l.registry
	r.mu.Lock()
	current := r.leases[l.key] == l
	if current {
		delete(r.leases, l.key)
	}
	r.mu.Unlock()
	l.end()
	if !current {
		return nil // the record is another lease's
	}
	if err := r.store.remove(ctx, l.key); err != nil {
		return fmt.Errorf("the registry will forget the instance after %v: %w", r.config.TTL, err)
	}
	return nil
}

// end stops renewing the record. After it nothing is written.
func (l *lease) end() {
	l.stop()
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
}
