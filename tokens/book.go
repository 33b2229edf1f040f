package tokens

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// book is a set of records in memory, sorted by the random part of their ids, which no two of them share.
type book []bookEntry

// bookEntry has a record that is never changed but replaced, so that a reader may keep it.
type bookEntry struct {
	key    uint64 // see keyOf
	record *Record
}

// keyOf is the random part of an id: its last 8 characters.
func keyOf(id string) uint64 {
	var random [publicLength]byte
	copy(random[:], id[len(id)-publicLength:])
	return binary.BigEndian.Uint64(random[:])
}

// newBook returns a book of records, which it keeps, or an error if one is not well or comes twice.
func newBook(records []Record) (book, error) {
	b := make(book, len(records))
	for i := range records {
		record := &records[i]
		record.tidy()
		if err := record.Check(); err != nil {
			return nil, err
		}
		b[i] = bookEntry{keyOf(record.ID), record}
	}
	slices.SortFunc(b, func(x, y bookEntry) int { return cmp.Compare(x.key, y.key) })
	for i := 1; i < len(b); i++ {
		if b[i].key == b[i-1].key {
			return nil, fmt.Errorf("the id of %s comes twice", b[i].record.ID)
		}
	}
	return b, nil
}

// find returns the record with the id of a token. When there is none it returns another and false, and has gone the
// same steps and touched as much memory, so that the time of a call does not tell which ids there are.
func (b book) find(id string) (record *Record, known bool) {
	if len(b) == 0 {
		return new(Record), false
	}
	key := keyOf(id)
	i := 0
	for rest := len(b); rest > 1; {
		half := rest / 2
		if b[i+half].key <= key {
			i += half
		}
		rest -= half
	}
	// Any record will do for an unknown id, but not its neighbour: who has distant neighbours would be met more often.
	other, _ := bits.Mul64(key*0x9e3779b97f4a7c15, uint64(len(b)))
	known = b[i].key == key
	if !known {
		i = int(other) //nolint:gosec // less than len(b)
	}
	record = b[i].record
	return record, record.prefix() == id[:len(id)-publicLength] && known
}

// lookup returns a copy of the record with an id.
func (b book) lookup(id string) (Record, error) {
	entry := b.entry(id)
	if entry == nil {
		return Record{}, ErrNotFound
	}
	return entry.record.clone(), nil
}

// list returns copies of all records, by the time they were created and by id.
func (b book) list() []Record {
	list := make([]Record, len(b))
	for i := range b {
		list[i] = b[i].record.clone()
	}
	slices.SortFunc(list, byAge)
	return list
}

func byAge(x, y Record) int { return cmp.Or(x.Created.Compare(y.Created), strings.Compare(x.ID, y.ID)) }

// add puts a copy of a new record in its place.
func (b *book) add(record Record) error {
	record = record.clone()
	record.tidy()
	if err := record.Check(); err != nil {
		return err
	}
	key := keyOf(record.ID)
	i, taken := b.place(key)
	if taken {
		return ErrExists
	}
	*b = slices.Insert(*b, i, bookEntry{key, &record})
	return nil
}

// change replaces a record by what change makes of it.
func (b book) change(id string, change func(*Record) error) (Record, error) {
	entry := b.entry(id)
	if entry == nil {
		return Record{}, ErrNotFound
	}
	next, err := entry.record.changed(change)
	if err != nil {
		return Record{}, err
	}
	entry.record = &next
	return next.clone(), nil
}

// succession alters the record of a token that gets a successor, and returns that.
type succession func(old *Record) (next Record, err error)

// rotate gives a record its successor: both are changed, or none.
func (b *book) rotate(id string, succeed succession) (Record, error) {
	entry := b.entry(id)
	if entry == nil {
		return Record{}, ErrNotFound
	}
	var next Record
	old, err := entry.record.changed(func(r *Record) (err error) {
		next, err = succeed(r)
		return err
	})
	if err != nil {
		return Record{}, err
	}
	next = next.clone()
	next.tidy()
	if err := b.add(next); err != nil {
		return Record{}, err
	}
	b.entry(id).record = &old
	return next, nil
}

// touch notes when tokens were used.
func (b book) touch(used map[string]time.Time) {
	for id, when := range used {
		when = when.UTC().Truncate(time.Second)
		if entry := b.entry(id); entry != nil && entry.record.LastUsed.Before(when) {
			next := entry.record.clone()
			next.LastUsed = when
			entry.record = &next
		}
	}
}

// entry is where the record with an id is, nil if there is none.
func (b book) entry(id string) *bookEntry {
	if checkID(id) != nil {
		return nil
	}
	if i, found := b.place(keyOf(id)); found && b[i].record.ID == id {
		return &b[i]
	}
	return nil
}

// place is where the record with a key is, or would be.
func (b book) place(key uint64) (i int, found bool) {
	return slices.BinarySearchFunc(b, key, func(e bookEntry, key uint64) int { return cmp.Compare(e.key, key) })
}

// prefix is the id of r without its random part.
func (r *Record) prefix() string { return r.ID[:len(r.ID)-publicLength] }

// changed returns what change makes of a copy of r.
func (r *Record) changed(change func(*Record) error) (Record, error) {
	next := r.clone()
	if err := change(&next); err != nil {
		return Record{}, err
	}
	next.ID, next.Hash = r.ID, r.Hash
	next = next.clone() // change may have kept what it put in
	next.tidy()
	return next, next.Check()
}
