package tokens

import (
	"context"
	"sync"
	"time"
)

// Memory is a Keeper that forgets everything with its process: for tests, and for records that a program has from
// elsewhere. It is safe for concurrent use.
type Memory struct {
	mu      sync.RWMutex
	records book
}

// NewMemory returns a Memory with some records, or an error if one of them is not well or comes twice.
func NewMemory(records ...Record) (*Memory, error) {
	copies := make([]Record, len(records))
	for i := range records {
		copies[i] = records[i].clone()
	}
	b, err := newBook(copies)
	if err != nil {
		return nil, err
	}
	return &Memory{records: b}, nil
}

// Lookup returns the record with an id.
func (m *Memory) Lookup(_ context.Context, id string) (Record, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.records.lookup(id)
}

// peek is Lookup without a copy.
func (m *Memory) peek(_ context.Context, id string) (record *Record, known bool, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	record, known = m.records.find(id)
	return record, known, nil
}

// List returns all records.
func (m *Memory) List(context.Context) ([]Record, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.records.list(), nil
}

// Add keeps a new record.
func (m *Memory) Add(_ context.Context, record Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records.add(record)
}

// Change alters a record. Nothing of m may be called from within change.
func (m *Memory) Change(_ context.Context, id string, change func(*Record) error) (Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records.change(id, change)
}

// rotate gives a record its successor: both are changed, or none.
func (m *Memory) rotate(_ context.Context, id string, succeed succession) (Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records.rotate(id, succeed)
}

// Touch notes when tokens were used.
func (m *Memory) Touch(_ context.Context, used map[string]time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.records.touch(used)
	return nil
}
