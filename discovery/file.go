package discovery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/atomicfile"
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
// A file has 8 MiB and 5,000 instances at most. An instance for which there is no room is refused, and the file stays as
// it was; those that are there can always renew and leave.
//
// A file that is broken, or that everybody may write, is an error to Watch and Register until it is mended, and those
// who watch keep what they know. Clocks that jump do no harm beyond a beat: who looks at the file measures by its own
// time how long a beat stays the same.
type File struct {
	disk *atomicfile.File

	mu        sync.Mutex
	info      fs.FileInfo // of the file that was read; nil when there was none
	known     bool        // that it was read, or was not there
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
	f := &File{sightings: map[string]sighting{}, disk: atomicfile.New(atomicfile.File{
		Path: path, Noun: "the registry", Limit: maxFile, Patience: lockWait,
	})}
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
	info, err := os.Stat(f.disk.Path)
	if f.known && f.err == nil && (err == nil && f.info != nil && atomicfile.Same(info, f.info) || errors.Is(err, fs.ErrNotExist) && f.info == nil) {
		return
	}
	f.records, f.info, f.err = f.read()
	f.known = true
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

// update lets change alter the records as they are now, without those that are missed, and replaces the file.
func (f *File) update(ctx context.Context, change func([]fileRecord) ([]fileRecord, error)) error {
	unlock, err := f.disk.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
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
	if err := f.replace(records); err != nil {
		return err
	}
	f.refresh()
	return f.err
}

// read returns the records of the file, none if there is no file, and what the file was when it was read.
func (f *File) read() ([]fileRecord, fs.FileInfo, error) {
	data, info, err := f.disk.Read()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	records, err := decodeFile(data)
	if err != nil {
		return nil, nil, fmt.Errorf("the registry %s is not well: %w", f.disk.Path, err)
	}
	return records, info, nil
}

// replace puts a new file in the place of the old one. Whatever is changed leaves room for the beats of all instances. The
// lock and f.mu are held.
func (f *File) replace(records []fileRecord) error {
	room := f.disk.Limit
	if f.info != nil {
		room = max(room, int(f.info.Size())+growth(f.records)) // a person may have filled it
	}
	data, err := encodeFile(records, min(f.disk.Limit, room-growth(records)))
	if err != nil {
		return err
	}
	// A crash of the machine ends all processes that the file tells of, but not what a person wrote into it.
	replace := f.disk.ReplaceFleeting
	if slices.ContainsFunc(records, func(r fileRecord) bool { return r.Beat.IsZero() }) {
		replace = f.disk.Replace
	}
	_, err = replace(data, func(data []byte) error {
		_, err := decodeFile(data)
		return err
	})
	return err
}
