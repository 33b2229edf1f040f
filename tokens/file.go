package tokens

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/atomicfile"
)

const maxFile = 64 << 20 // bytes; some hundred thousand tokens

// lockWait is how long the lock is waited for.
const lockWait = 10 * time.Second

// File is a Keeper whose records are a JSON file that no user but its owner may read or write. It is safe for
// concurrent use, by any number of processes of one machine.
//
// A file is replaced as a whole and never written in place: readers see all of a change or nothing of it, and a
// crash or a full disk leaves the file as it was. A lock beside it, path.lock, makes writers wait for one another. Both
// stay those of the owner of the file when root changes it. A file that cannot be read, is open to others, or holds a
// record that is not well is no file: look-ups fail until it is mended.
//
// A change by the same process is seen at once. One by another process is seen within a second and the time that
// reading the file takes, and look-ups go on with what was read before meanwhile, until that is 5 seconds old; then they
// wait.
//
// A file has 64 MiB at most, and nothing is written that would be larger. When a change needs room, the records of tokens
// that are expired or revoked make it, those first that ended first. Each record is counted as large as it can become,
// so that a full file takes no new token while every token in it can be revoked, and its use noted.
type File struct {
	disk    *atomicfile.File
	current atomic.Pointer[snapshot]

	mu      sync.Mutex
	looking chan struct{} // of a look at the file that is under way, closed when it is over; nil if there is none
}

// OpenFile opens a file of tokens, or fails with a sentence that says what is wrong with it. See [CreateFile].
func OpenFile(path string) (*File, error) {
	return newFile(path).open()
}

// CreateFile opens a file of tokens, and makes an empty one first if there is none. Its directory must exist.
func CreateFile(path string) (*File, error) {
	f := newFile(path)
	unlock, err := f.disk.Lock(context.Background())
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := f.write(nil, f.disk.Limit); err != nil {
			return nil, err
		}
	}
	return f.open()
}

func newFile(path string) *File {
	return &File{disk: atomicfile.New(atomicfile.File{
		Path: path, Noun: "the file of tokens", Limit: maxFile, Patience: lockWait, Private: true,
	})}
}

func (f *File) open() (*File, error) {
	first := f.read(time.Now())
	f.current.Store(first)
	return f, first.err
}

// Lookup returns the record with an id.
func (f *File) Lookup(ctx context.Context, id string) (Record, error) {
	records, err := f.load(ctx)
	if err != nil {
		return Record{}, err
	}
	return records.lookup(id)
}

// lookupNow is Lookup in the file as it is now, whatever was read before.
func (f *File) lookupNow(id string) (Record, error) {
	now := f.read(time.Now())
	if now.err != nil {
		return Record{}, now.err
	}
	return now.records.lookup(id)
}

// peek is Lookup without a copy.
func (f *File) peek(ctx context.Context, id string) (record *Record, known bool, err error) {
	records, err := f.load(ctx)
	if err != nil {
		return nil, false, err
	}
	record, known = records.find(id)
	return record, known, nil
}

// List returns all records.
func (f *File) List(ctx context.Context) ([]Record, error) {
	records, err := f.load(ctx)
	if err != nil {
		return nil, err
	}
	return records.list(), nil
}

// Add keeps a new record, if there is room. It waits for other writers until ctx ends.
func (f *File) Add(ctx context.Context, record Record) error {
	return f.update(ctx, addition, func(records *book) error { return records.add(record) })
}

// Change alters a record. It waits for other writers until ctx ends, and they wait while change runs.
func (f *File) Change(ctx context.Context, id string, change func(*Record) error) (Record, error) {
	var result Record
	err := f.update(ctx, alteration, func(records *book) (err error) {
		result, err = records.change(id, change)
		return err
	})
	return result, err
}

// rotate gives a record its successor: both are changed, or none.
func (f *File) rotate(ctx context.Context, id string, succeed succession) (Record, error) {
	var next Record
	err := f.update(ctx, rotation, func(records *book) (err error) {
		next, err = records.rotate(id, succeed)
		return err
	})
	return next, err
}

// Touch notes when tokens were used.
func (f *File) Touch(ctx context.Context, used map[string]time.Time) error {
	return f.update(ctx, alteration, func(records *book) error {
		records.touch(used)
		return nil
	})
}

// update lets change alter the records as they are now, and replaces the file.
func (f *File) update(ctx context.Context, purpose purpose, change func(*book) error) error {
	unlock, err := f.disk.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	now := f.read(time.Now()) // and not what was read before, which others may have changed
	if now.err != nil {
		return now.err
	}
	room := f.room(purpose, now)
	if err := change(&now.records); err != nil {
		return err
	}
	return f.write(now.records, room)
}
