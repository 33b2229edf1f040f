package discovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/filelock"
)

const (
	lookPace = time.Second     // between looks at a file that may have changed
	lockWait = 3 * time.Second // for others who write the file
	crowded  = 1000            // instances, from which on the dead are taken out by the clock alone: none may live to miss them
)

// File is the registry of the processes of one machine: a JSON file that they read and write. It is safe for concurrent
// use, by any number of processes.
//
// A file is replaced as a whole, and a lock beside it, path.lock, makes writers wait for one another. A change is seen
// within a second. Instances that a person writes into it, with a service and a url and without a beat, stay until a
// person takes them out:
//
//	{"format": 1, "instances": [{"service": "billing", "url": "http://10.0.0.7:8000/api"}]}
//
// A file that is broken, or that everybody may write, is an error to Watch and Register until it is mended, and those
// who watch keep what they know. Clocks that jump do no harm beyond a beat: who looks at the file measures by its own
// time how long a beat stays the same.
type File struct {
	path string

	mu        sync.Mutex
	info      fs.FileInfo // of the file that was read; nil when there was none
	read      bool
	records   []fileRecord
	err       error
	sightings map[string]sighting
}

// sighting is how old a beat is by the clock of this process, which knows it only from first on.
type sighting struct {
	beat, since, first time.Time
}

// OpenFile opens a registry that is a file. The file is made when somebody registers; its folder must be there.
func OpenFile(path string) (*File, error) {
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("the registry cannot be in %s: its folder is not there", path)
	}
	f := &File{path: path, sightings: map[string]sighting{}}
	if _, err := f.look(); err != nil {
		return nil, err
	}
	return f, nil
}

// Register writes an instance into the file, and does so again with each beat.
func (f *File) Register(ctx context.Context, instance jacinth.Instance) (jacinth.Lease, error) {
	if err := checkInstance(&instance); err != nil {
		return nil, fmt.Errorf("the instance cannot be registered: %w", err)
	}
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	lease := &fileLease{file: f, instance: instance, epoch: nextEpoch(), stop: stop}
	err := f.update(ctx, func(records []fileRecord) ([]fileRecord, error) {
		if old := find(records, &instance); old != nil && old.Epoch >= lease.epoch {
			lease.epoch = old.Epoch + 1
		}
		return lease.put(records), nil
	})
	if err != nil {
		stop()
		return nil, err
	}
	lease.keeping.Go(func() { lease.keep(keeping) })
	return lease, nil
}

// Watch yields the instances of a service at first and after each change; see [Registry].
func (f *File) Watch(ctx context.Context, service string) iter.Seq2[[]jacinth.Instance, error] {
	return func(yield func([]jacinth.Instance, error) bool) {
		if err := checkName(service); err != nil {
			refuse(ctx, err, yield)
			return
		}
		var last []jacinth.Instance
		begun, failing := false, false
		for ctx.Err() == nil {
			live, err := f.look()
			set := slices.DeleteFunc(live, func(i jacinth.Instance) bool { return !i.Matches(service) })
			news := err == nil && (!begun || failing || !sameSet(set, last)) || err != nil && !failing
			failing = err != nil
			if !failing {
				begun, last = true, slices.Clone(set)
			}
			if news && !yield(set, err) {
				return
			}
			if !sleep(ctx, spread(lookPace)) {
				return
			}
		}
	}
}

// look returns the instances that are alive, in order. It reads the file if it changed.
func (f *File) look() ([]jacinth.Instance, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refresh()
	if f.err != nil {
		return nil, f.err
	}
	now := time.Now()
	live := []jacinth.Instance{}
	for i := range f.records {
		if r := &f.records[i]; !f.isStale(r, now) {
			live = append(live, r.instance())
		}
	}
	slices.SortFunc(live, byServiceAndID)
	return live, nil
}

// refresh reads the file unless it is the one that was read before, and takes note of its beats. f.mu is held.
func (f *File) refresh() {
	info, err := os.Stat(f.path)
	if f.read && f.err == nil && (err == nil && f.info != nil && isSame(info, f.info) || errors.Is(err, fs.ErrNotExist) && f.info == nil) {
		return
	}
	f.records, f.info, f.err = readFile(f.path)
	f.read = true
	if f.err == nil {
		f.note(f.records, time.Now())
	}
}

// note takes note of the beats in a file. f.mu is held.
func (f *File) note(records []fileRecord, now time.Time) {
	next := make(map[string]sighting, len(records))
	for i := range records {
		r := &records[i]
		seen, before := f.sightings[r.key()]
		switch {
		case before && seen.beat.Equal(r.Beat):
		case before:
			seen = sighting{r.Beat, now, now}
		default: // how old it is, only the clock of whoever wrote it can tell
			age := min(max(now.Round(0).Sub(r.Beat), 0), ttl)
			seen = sighting{r.Beat, now.Add(-age), now}
		}
		next[r.key()] = seen
	}
	f.sightings = next
}

// isStale reports whether a record was not renewed for its TTL. f.mu is held.
func (f *File) isStale(r *fileRecord, now time.Time) bool {
	return !r.Beat.IsZero() && now.Sub(f.sightings[r.key()].since) >= ttl
}

// isMissed reports whether this process has itself seen no beat of a record for its TTL. What the clock of whoever wrote
// it said, before it may have jumped, is not enough to take an instance from all others. f.mu is held.
func (f *File) isMissed(r *fileRecord, now time.Time) bool {
	return !r.Beat.IsZero() && now.Sub(f.sightings[r.key()].first) >= ttl
}

// isSame reports whether nothing was written between two looks at a file. Each change of ours is a new file.
func isSame(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}

// update lets change alter the records as they are now, without those that are missed, and replaces the file.
func (f *File) update(ctx context.Context, change func([]fileRecord) ([]fileRecord, error)) error {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	release, err := filelock.Acquire(ctx, f.path)
	if err != nil {
		return fmt.Errorf("the registry %s cannot be changed now: %w", f.path, err)
	}
	defer release()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refresh()
	if f.err != nil {
		return f.err
	}
	now := time.Now()
	isDead := f.isMissed
	if len(f.records) > crowded {
		isDead = f.isStale
	}
	records := slices.DeleteFunc(slices.Clone(f.records), func(r fileRecord) bool { return isDead(&r, now) })
	if records, err = change(records); err != nil {
		return err
	}
	if err := replaceFile(f.path, f.info, records); err != nil {
		return err
	}
	f.refresh()
	return f.err
}

// replaceFile puts a new file in the place of the old one, which info is of. The lock is held.
func replaceFile(path string, info fs.FileInfo, records []fileRecord) error {
	data, err := encodeFile(records)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644) // there is no secret in it
	if info != nil {
		mode = info.Mode().Perm()
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link stays a link
	}
	next := path + ".new"
	// One left by a writer that was killed is of no use to anybody, and O_EXCL follows no link that waits there.
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the registry %s cannot be changed: %w", path, err)
	}
	err = writeFile(next, data, mode)
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		_ = os.Remove(next)
		return fmt.Errorf("the registry %s cannot be changed, and stays as it was: %w", path, err)
	}
	return nil
}

// writeFile is not followed by a sync: a crash of the machine ends all processes that the file tells of.
func writeFile(path string, data []byte, mode fs.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode) //nolint:gosec // the program chose the path
	if err != nil {
		return err
	}
	if _, err := file.Write(data); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

// readFile returns the records of a file, none if there is no file, and what the file was when it was read.
func readFile(path string) ([]fileRecord, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the registry cannot be opened: %w", err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for whoever writes to it
		return nil, nil, fmt.Errorf("%s cannot be a registry: it is not a regular file", path)
	}
	if isOpenToAll(info) {
		return nil, nil, fmt.Errorf("everybody may write the registry %s (mode %04o), and so lead your calls elsewhere: run chmod o-w on it",
			path, info.Mode().Perm())
	}
	file, err := os.Open(path) //nolint:gosec // the program chose the path
	if err != nil {
		return nil, nil, fmt.Errorf("the registry cannot be opened: %w", err)
	}
	defer func() { _ = file.Close() }()
	if info, err = file.Stat(); err != nil {
		return nil, nil, fmt.Errorf("the registry cannot be looked at: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, nil, fmt.Errorf("the registry cannot be read: %w", err)
	}
	records, err := decodeFile(data)
	if err != nil {
		return nil, nil, fmt.Errorf("the registry %s is not well: %w", path, err)
	}
	return records, info, nil
}
