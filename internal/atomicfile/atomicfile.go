// Package atomicfile keeps a document in a file that many processes read and change.
//
// What is read is bounded and read to its end. What is written takes the place of the old file as a whole, when it is
// on the disk, and only if it could be read back: what Read would refuse, Replace refuses, and the old file stays.
package atomicfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/filelock"
)

// ErrTooLarge says that a document has more bytes than would be read.
var ErrTooLarge = errors.New("it is too large")

// File says where a document is and what holds for its file. It is safe for concurrent use. See [New].
type File struct {
	Path     string
	Noun     string        // what errors call it, such as "the file of tokens"
	Limit    int           // bytes; no more is read, and no more is written
	Patience time.Duration // for others who change the file

	// Private is a file that no user but its owner may read or write: its mode is 0600, and it stays its owner's when
	// root changes it. Any other file is made with 0644, keeps the mode that it has, and must not be open to the writing
	// of everybody.
	Private bool

	// Set by tests that break what no test can break from outside.
	Write  func(*os.File, []byte) error
	Rename func(from, to string) error
	Linger func() // between the reading of a file and the end of Read

	changing chan struct{} // holds one value while a goroutine of this process has the lock
}

// New returns a File that can be locked.
func New(f File) *File {
	f.changing = make(chan struct{}, 1)
	return &f
}

// Lock waits until nobody else changes the file, in this process or another. It waits for f.Patience at most: beyond
// that something is wrong, and ctx may have no end.
func (f *File) Lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, f.Patience)
	defer cancel()
	select {
	case f.changing <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("%s %s cannot be changed now: %w", f.Noun, f.Path, ctx.Err())
	}
	release, err := filelock.Acquire(ctx, f.Path)
	if err != nil {
		<-f.changing
		return nil, fmt.Errorf("%s %s cannot be changed now: %w", f.Noun, f.Path, err)
	}
	return func() { release(); <-f.changing }, nil
}

// Read returns what is in the file, and what the file was when it was read. Its error is fs.ErrNotExist where there is
// no file.
func (f *File) Read() ([]byte, fs.FileInfo, error) {
	info, err := os.Stat(f.Path)
	if err != nil {
		return nil, nil, fmt.Errorf("%s cannot be opened: %w", f.Noun, err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for whoever writes to it
		return nil, nil, fmt.Errorf("%s cannot be %s: it is not a regular file", f.Path, f.Noun)
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, nil, fmt.Errorf("%s cannot be opened: %w", f.Noun, err)
	}
	defer func() { _ = file.Close() }()
	if info, err = file.Stat(); err != nil {
		return nil, nil, fmt.Errorf("%s cannot be looked at: %w", f.Noun, err)
	}
	if err := f.checkMode(info.Mode()); err != nil {
		return nil, nil, err
	}
	var data bytes.Buffer
	data.Grow(int(min(info.Size(), int64(f.Limit))) + bytes.MinRead)
	if _, err := data.ReadFrom(io.LimitReader(file, int64(f.Limit)+1)); err != nil {
		return nil, nil, fmt.Errorf("%s cannot be read: %w", f.Noun, err)
	}
	if f.Linger != nil {
		f.Linger()
	}
	if data.Len() > f.Limit {
		return nil, nil, fmt.Errorf("%s %s is not well: it is larger than %d bytes, and no more is read", f.Noun, f.Path, f.Limit)
	}
	return data.Bytes(), info, nil
}

// checkMode refuses a file that was open to others than it is for.
func (f *File) checkMode(mode fs.FileMode) error {
	switch {
	case runtime.GOOS == "windows": // it has no such bits
		return nil
	case f.Private && mode.Perm()&0o077 != 0:
		return fmt.Errorf("other users may read or change %s %s (mode %04o): run chmod 0600 on it", f.Noun, f.Path, mode.Perm())
	case mode.Perm()&0o002 != 0:
		return fmt.Errorf("everybody may change %s %s (mode %04o): run chmod o-w on it", f.Noun, f.Path, mode.Perm())
	}
	return nil
}

// Same reports whether nothing was written between two looks at a path. Since every change by this package is a new
// file, the times need not be exact.
func Same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}
