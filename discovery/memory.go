package discovery

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/jacinth-rpc/jacinth"
)

// Memory is the registry of the services of one process. Its zero value is ready. An instance is known until its lease
// is closed. It is safe for concurrent use.
type Memory struct {
	table table
	epoch atomic.Int64
}

// Register makes an instance known. It fails only if the instance cannot be one.
func (m *Memory) Register(_ context.Context, instance jacinth.Instance) (jacinth.Lease, error) {
	if err := checkInstance(&instance); err != nil {
		return nil, fmt.Errorf("the instance cannot be registered: %w", err)
	}
	r := record{Instance: instance, Epoch: m.epoch.Add(1)}
	if err := m.table.register(r, holder{}); err != nil {
		return nil, err
	}
	return &memoryLease{table: &m.table, record: r}, nil
}

// Watch yields the instances of a service at first and after each change; see [Registry].
func (m *Memory) Watch(ctx context.Context, service string) iter.Seq2[[]jacinth.Instance, error] {
	return func(yield func([]jacinth.Instance, error) bool) {
		if err := checkName(service); err != nil {
			refuse(ctx, err, yield)
			return
		}
		for v := m.table.look(service); ; v = m.table.wait(ctx, service, v.Revision, holder{}) {
			if ctx.Err() != nil || !yield(instancesOf(v.Instances), nil) {
				return
			}
		}
	}
}

// memoryLease is an instance in a table of this process.
type memoryLease struct {
	table  *table
	record record
}

func (l *memoryLease) Ready(_ context.Context, ready bool) error {
	return l.table.renew(l.record.Service, l.record.ID, l.record.Epoch, ready)
}

func (l *memoryLease) Close(context.Context) error {
	l.table.leave(l.record.Service, l.record.ID, l.record.Epoch)
	return nil
}

// instancesOf returns the instances of records, for the receiver to keep.
func instancesOf(records []record) []jacinth.Instance {
	instances := make([]jacinth.Instance, len(records))
	for i := range records {
		instances[i] = records[i].Instance
	}
	return instances
}

// refuse is a Watch of what cannot be watched: it says why, and has nothing more to say.
func refuse(ctx context.Context, err error, yield func([]jacinth.Instance, error) bool) {
	if ctx.Err() == nil && yield(nil, err) {
		<-ctx.Done()
	}
}
