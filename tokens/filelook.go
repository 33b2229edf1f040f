package tokens

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/atomicfile"
)

const (
	// stale is how long what was read of a file is taken for what it holds, without a look whether it changed.
	stale = time.Second

	// trusted is how long look-ups go on with it at most, while somebody looks.
	trusted = 5 * time.Second

	glance = 5 * time.Millisecond // that the look-up which begins a look waits for it: a small file is read by then
	tarry  = 3 * time.Second      // that look-ups wait which have nothing to go on with
)

var errSlow = errors.New("the file of tokens could not be read in time")

// snapshot is what a file held when it was looked at. It is never changed but replaced, so that nobody who looks up a
// token waits for whoever reads the file.
type snapshot struct {
	checked time.Time // before the look
	info    fs.FileInfo
	records book
	err     error // why there are no records
}

// load returns the records of the last look at the file, and sees to it that looks are taken.
func (f *File) load(ctx context.Context) (book, error) {
	last := f.current.Load()
	age := time.Since(last.checked)
	if age < stale {
		return last.records, last.err
	}
	over, begun := f.look()
	wait := glance
	switch {
	case age >= trusted:
		wait = tarry
	case !begun:
		return last.records, last.err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-over:
		last = f.current.Load()
	case <-timer.C:
		if age >= trusted {
			return nil, errSlow
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return last.records, last.err
}

// look has the file looked at, by one goroutine at a time. The channel is closed when it is over.
func (f *File) look() (over <-chan struct{}, begun bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.looking != nil {
		return f.looking, false
	}
	looking := make(chan struct{})
	f.looking = looking
	go func() {
		defer func() {
			f.mu.Lock()
			f.looking = nil
			f.mu.Unlock()
			close(looking)
		}()
		last := f.current.Load()
		// What this process has written meanwhile is newer.
		f.current.CompareAndSwap(last, f.refresh(last))
	}()
	return looking, true
}

// refresh returns what the file holds, and reads it only if it is not the one that was read before.
func (f *File) refresh(last *snapshot) *snapshot {
	now := time.Now()
	info, err := os.Stat(f.disk.Path)
	if err == nil && last.err == nil && atomicfile.Same(info, last.info) {
		return &snapshot{checked: now, info: last.info, records: last.records}
	}
	return f.read(now)
}

// read reads the file.
func (f *File) read(now time.Time) *snapshot {
	data, info, err := f.disk.Read()
	if err != nil {
		return &snapshot{checked: now, err: err}
	}
	records, err := decodeFile(data)
	if err != nil {
		return &snapshot{checked: now, err: fmt.Errorf("the file of tokens %s is not well: %w", f.disk.Path, err)}
	}
	return &snapshot{checked: now, info: info, records: records}
}
