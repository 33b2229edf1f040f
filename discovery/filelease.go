package discovery

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// fileLease is an instance in a file.
type fileLease struct {
	file    *File
	epoch   int64
	stop    context.CancelFunc
	keeping sync.WaitGroup

	mu       sync.Mutex // held while the file is changed, so that nothing that was meant before is written after
	instance jacinth.Instance
	over     error // why nothing is written any more
}

// keep beats until ctx ends. A beat that fails is tried again soon: the next one in time may be too late.
func (l *fileLease) keep(ctx context.Context) {
	pause := spread(beat)
	var told outage
	for failures := 0; sleep(ctx, pause); {
		l.mu.Lock()
		err := l.write(ctx)
		over, instance := l.over, l.instance
		l.mu.Unlock()
		if ctx.Err() != nil {
			return
		}
		told.note(ctx, &instance, err)
		switch {
		case over != nil:
			return
		case err != nil:
			failures++
			pause = backoff(failures)
		default:
			failures, pause = 0, spread(beat)
		}
	}
}

// put sets the record of the lease.
func (l *fileLease) put(records []fileRecord) []fileRecord {
	i := &l.instance
	r := fileRecord{
		ID: i.ID, Service: i.Service, URL: i.URL, Version: i.Version, Ready: &i.Ready, Since: i.Since,
		Epoch: l.epoch, Beat: time.Now().UTC(),
	}
	if old := find(records, i); old != nil {
		*old = r
		return records
	}
	return append(records, r)
}

// write brings the lease into the file, unless a later one has taken its place. l.mu is held.
func (l *fileLease) write(ctx context.Context) error {
	if l.over != nil {
		return l.over
	}
	return l.file.update(ctx, func(records []fileRecord) ([]fileRecord, error) {
		if old := find(records, &l.instance); old != nil && old.Epoch > l.epoch {
			l.over = errSuperseded
			return nil, l.over
		}
		return l.put(records), nil
	})
}

// Ready changes whether the instance welcomes calls.
func (l *fileLease) Ready(ctx context.Context, ready bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.instance.Ready = ready
	return l.write(ctx)
}

// Close takes the instance out of the file.
func (l *fileLease) Close(ctx context.Context) error {
	l.stop()
	l.keeping.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over != nil {
		return nil // it is not there by this lease
	}
	l.over = errClosed
	return l.file.update(ctx, func(records []fileRecord) ([]fileRecord, error) {
		return slices.DeleteFunc(records, func(r fileRecord) bool {
			return r.Service == l.instance.Service && r.ID == l.instance.ID && r.Epoch == l.epoch
		}), nil
	})
}
