// Package filelock lets the processes of one machine take turns with a file.
package filelock

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

const pause = 5 * time.Millisecond

// ErrLocked says that another process has the lock.
var ErrLocked = errors.New("another process is changing the file")

// Acquire waits until it has the lock of the file at path, or ctx ends. The lock is a file beside it, path.lock, which
// stays when the lock is given back. All names of one file have the same lock.
func Acquire(ctx context.Context, path string) (release func(), err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	lock := path + ".lock"
	for {
		release, err := try(lock, path)
		if err == nil {
			return release, nil
		}
		if !errors.Is(err, ErrLocked) {
			return nil, fmt.Errorf("the file cannot be locked: %w", err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, fmt.Errorf("%w (%s)", err, lock)
		}
	}
}
