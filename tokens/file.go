package tokens

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

const (
	fileFormat = 1
	maxFile    = 64 << 20 // bytes; some hundred thousand tokens

	// stale is how long a File is trusted before it is asked whether it changed.
	stale = time.Second
)

// File is a Keeper whose records are a JSON file that no user but its owner may read or write. It is safe for
// concurrent use, by any number of processes of one machine.
//
// A file is replaced as a whole and never written in place: readers see all of a change or nothing of it, and a
// crash or a full disk leaves the file as it was. A lock beside it, path.lock, makes writers wait for one another. Both
// stay those of the owner of the file when root changes it. A change is seen by every process within a second. A file that cannot be read, is open to others, or holds a record
// that is not well is no file: look-ups fail until it is mended.
type File struct {
	path string

	mu      sync.Mutex
	checked time.Time // when the file was last looked at
	info    fs.FileInfo
	records book // replaced, never changed
	err     error

	writing chan struct{} // holds one value while a goroutine of this process writes

	// Set by tests that break what no test can break from outside.
	write  func(*os.File, []byte) error
	rename func(from, to string) error
}

// OpenFile opens a file of tokens, or fails with a sentence that says what is wrong with it. See [CreateFile].
func OpenFile(path string) (*File, error) {
	f := &File{path: path, writing: make(chan struct{}, 1), write: writeAll, rename: os.Rename}
	if _, err := f.load(); err != nil {
		return nil, err
	}
	return f, nil
}

// CreateFile opens a file of tokens, and makes an empty one first if there is none. Its directory must exist.
func CreateFile(path string) (*File, error) {
	f := &File{path: path, writing: make(chan struct{}, 1), write: writeAll, rename: os.Rename}
	unlock, err := f.lock(context.Background())
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := f.replace(nil); err != nil {
			return nil, err
		}
	}
	if _, err := f.load(); err != nil {
		return nil, err
	}
	return f, nil
}

// Lookup returns the record with an id.
func (f *File) Lookup(_ context.Context, id string) (Record, error) {
	records, err := f.load()
	if err != nil {
		return Record{}, err
	}
	return records.lookup(id)
}

// peek is Lookup without a copy.
func (f *File) peek(id string) (record *Record, known bool, err error) {
	records, err := f.load()
	if err != nil {
		return nil, false, err
	}
	record, known = records.find(id)
	return record, known, nil
}

// List returns all records.
func (f *File) List(context.Context) ([]Record, error) {
	records, err := f.load()
	if err != nil {
		return nil, err
	}
	return records.list(), nil
}

// Add keeps a new record. It waits for other writers until ctx ends.
func (f *File) Add(ctx context.Context, record Record) error {
	return f.update(ctx, func(records *book) error { return records.add(record) })
}

// Change alters a record. It waits for other writers until ctx ends, and they wait while change runs.
func (f *File) Change(ctx context.Context, id string, change func(*Record) error) (Record, error) {
	var result Record
	err := f.update(ctx, func(records *book) (err error) {
		result, err = records.change(id, change)
		return err
	})
	return result, err
}

// Touch notes when tokens were used.
func (f *File) Touch(ctx context.Context, used map[string]time.Time) error {
	return f.update(ctx, func(records *book) error {
		records.touch(used)
		return nil
	})
}

// load returns the records, and reads the file if it changed since it was last looked at.
func (f *File) load() (book, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); f.checked.IsZero() || now.Sub(f.checked) >= stale {
		f.checked = now
		f.refresh()
	}
	return f.records, f.err
}

// refresh reads the file unless it is the one that was read before. f.mu is held.
func (f *File) refresh() {
	info, err := os.Stat(f.path)
	if err == nil && f.err == nil && f.info != nil && sameFile(info, f.info) {
		return
	}
	f.records, f.info, f.err = read(f.path)
}

// sameFile reports whether nothing was written between two looks at a path. Since every change of ours is a new file,
// the times need not be exact.
func sameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}

// fileContent is what a File looks like inside.
type fileContent struct {
	Format int      `json:"format"`
	Tokens []Record `json:"tokens"`
}

// read returns the records of a file and what the file was when it was read.
func read(path string) (book, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fmt.Errorf("the file of tokens cannot be opened: %w", err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for whoever writes to it
		return nil, nil, fmt.Errorf("%s cannot hold tokens: it is not a regular file", path)
	}
	file, err := os.Open(path) //nolint:gosec // the program chose the path
	if err != nil {
		return nil, nil, fmt.Errorf("the file of tokens cannot be opened: %w", err)
	}
	defer func() { _ = file.Close() }()
	if info, err = file.Stat(); err != nil {
		return nil, nil, fmt.Errorf("the file of tokens cannot be looked at: %w", err)
	}
	if err := checkMode(path, info.Mode()); err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, nil, fmt.Errorf("the file of tokens cannot be read: %w", err)
	}
	records, err := decodeFile(data)
	if err != nil {
		return nil, nil, fmt.Errorf("the file of tokens %s is not well: %w", path, err)
	}
	return records, info, nil
}

// checkMode refuses a file that other users could read or change.
func checkMode(path string, mode fs.FileMode) error {
	if runtime.GOOS != "windows" && mode.Perm()&0o077 != 0 { // Windows has no such bits
		return fmt.Errorf("other users may read or change the file of tokens %s (mode %04o): run chmod 0600 on it",
			path, mode.Perm())
	}
	return nil
}

func decodeFile(data []byte) (book, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields() // a "revokd" that is passed over would let a token live
	var content fileContent
	if err := decoder.Decode(&content); err != nil {
		return nil, fmt.Errorf("it cannot be read as JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows its end")
	}
	if content.Format != fileFormat {
		return nil, fmt.Errorf("its format is %d, and only %d is known here: was it written by a newer version?",
			content.Format, fileFormat)
	}
	return newBook(content.Tokens)
}

// update lets change alter the records as they are now, and replaces the file.
func (f *File) update(ctx context.Context, change func(*book) error) error {
	unlock, err := f.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	records, _, err := read(f.path)
	if err != nil {
		return err
	}
	if err := change(&records); err != nil {
		return err
	}
	if err := f.replace(records); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.checked = time.Now()
	f.refresh()
	return nil
}

// replace puts a new file in the place of the old one. The lock is held.
func (f *File) replace(records book) error {
	data, err := json.MarshalIndent(fileContent{Format: fileFormat, Tokens: records.list()}, "", "\t")
	if err != nil {
		return fmt.Errorf("the records cannot be written: %w", err)
	}
	path := f.path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link stays a link
	}
	next := path + ".new"
	// One left by a writer that was killed is of no use to anybody, and O_EXCL follows no link that waits there.
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("a new file of tokens cannot be made: %w", err)
	}
	old, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the file of tokens cannot be looked at: %w", err)
	}
	if err := f.fill(next, append(data, '\n'), old); err != nil {
		_ = os.Remove(next)
		return fmt.Errorf("the new file of tokens could not be written, and the old one stays: %w", err)
	}
	if err := f.rename(next, path); err != nil {
		_ = os.Remove(next)
		return fmt.Errorf("the new file of tokens could not take its place, and the old one stays: %w", err)
	}
	return syncDirectory(filepath.Dir(path))
}

// fill writes a new file that is on the disk when fill returns, for the owner of the old one if there is one.
func (f *File) fill(path string, data []byte, old fs.FileInfo) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // see read
	if err != nil {
		return err
	}
	defer func() {
		if closing := file.Close(); err == nil {
			err = closing
		}
	}()
	if old != nil {
		if err := keepOwner(file, old); err != nil {
			return err
		}
	}
	if err := f.write(file, data); err != nil {
		return err
	}
	return file.Sync()
}

func writeAll(file *os.File, data []byte) error {
	_, err := file.Write(data)
	return err
}

// syncDirectory brings a renaming to the disk. Not every system lets a directory be opened for that; there, a crash
// of the machine may bring back the old file, whole.
func syncDirectory(path string) error {
	directory, err := os.Open(path) //nolint:gosec // see read
	if err != nil {
		return nil //nolint:nilerr // see above: the change has been made
	}
	_ = directory.Sync()
	return directory.Close()
}
