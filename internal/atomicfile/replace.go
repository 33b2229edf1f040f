package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace puts a new file in the place of the old one and returns what it is. It comes to nothing, and the old file
// stays, if data is longer than what is read, or if readBack, which is to read it as whoever opens the file does, fails.
// The lock is held by the caller.
func (f *File) Replace(data []byte, readBack func([]byte) error) (fs.FileInfo, error) {
	return f.replace(data, readBack, true)
}

// ReplaceFleeting is Replace without waiting for the disk, for a document that means nothing after a crash of the machine:
// that may leave an empty file.
func (f *File) ReplaceFleeting(data []byte, readBack func([]byte) error) (fs.FileInfo, error) {
	return f.replace(data, readBack, false)
}

func (f *File) replace(data []byte, readBack func([]byte) error, durable bool) (fs.FileInfo, error) {
	if len(data) > f.Limit {
		return nil, f.refused(fmt.Errorf("%w: no more than %d bytes are read", ErrTooLarge, f.Limit))
	}
	if err := readBack(data); err != nil {
		return nil, f.refused(fmt.Errorf("it could not be read back: %w", err))
	}
	path := f.Path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link stays a link
	}
	old, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s cannot be looked at: %w", f.Noun, err)
	}
	next := path + ".new"
	// One left by a writer that was killed is of no use to anybody, and O_EXCL follows no link that waits there.
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, f.refused(err)
	}
	info, err := f.fill(next, data, old, durable)
	if err == nil {
		err = f.rename(next, path)
	}
	if err != nil {
		_ = os.Remove(next)
		return nil, f.refused(err)
	}
	if !durable {
		return info, nil
	}
	return info, syncDirectory(filepath.Dir(path))
}

func (f *File) refused(why error) error {
	return fmt.Errorf("%s %s could not be written, and stays as it was: %w", f.Noun, f.Path, why)
}

// fill writes a new file, with its final mode and owner, that is on the disk when fill returns if it is to be durable.
func (f *File) fill(path string, data []byte, old fs.FileInfo, durable bool) (info fs.FileInfo, err error) {
	mode := fs.FileMode(0o600)
	if !f.Private {
		mode = 0o644 // there is no secret in it
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode) //nolint:gosec // the program chose the path
	if err != nil {
		return nil, err
	}
	defer func() {
		if closing := file.Close(); err == nil {
			err = closing
		}
	}()
	if old != nil {
		if err := f.keep(file, old); err != nil {
			return nil, err
		}
	}
	if err := f.write(file, data); err != nil {
		return nil, err
	}
	if durable {
		if err := file.Sync(); err != nil {
			return nil, err
		}
	}
	return file.Stat()
}

// keep leaves to the owner and the mode of the old file what they were.
func (f *File) keep(file *os.File, old fs.FileInfo) error {
	err := keepOwner(file, old)
	if f.Private {
		return err
	}
	// A file of several users changes hands with whoever writes it, and only root could help that.
	return file.Chmod(old.Mode().Perm()) // whatever the umask of the writer
}

func (f *File) write(file *os.File, data []byte) error {
	if f.Write != nil {
		return f.Write(file, data)
	}
	_, err := file.Write(data)
	return err
}

func (f *File) rename(from, to string) error {
	if f.Rename != nil {
		return f.Rename(from, to)
	}
	return os.Rename(from, to)
}

// syncDirectory brings a renaming to the disk. Not every system lets a directory be opened for that; there, a crash
// of the machine may bring back the old file, whole.
func syncDirectory(path string) error {
	directory, err := os.Open(path) //nolint:gosec // the program chose the path
	if err != nil {
		return nil //nolint:nilerr // see above: the change has been made
	}
	_ = directory.Sync()
	return directory.Close()
}
