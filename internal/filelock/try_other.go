//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package filelock

import (
	"errors"
	"io/fs"
	"os"
)

// try makes the file at path, beside the one that it is the lock of, or fails with ErrLocked if it is there. Without a lock that ends with its process,
// a writer that is killed leaves the file behind, and a person who knows that nobody writes has to remove it.
func try(path, _ string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrPermission): // Windows: it is just being removed
		return nil, ErrLocked
	case err != nil:
		return nil, err
	}
	return func() {
		_ = file.Close()
		_ = os.Remove(path)
	}, nil
}
