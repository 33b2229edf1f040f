package tokens

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

const (
	lockPause = 5 * time.Millisecond
	lockWait  = 10 * time.Second // beyond it something is wrong, and ctx may have no end
)

// errLocked says that another process writes.
var errLocked = errors.New("another process is changing the file of tokens")

// lock waits until nobody else writes the file, in this process or another.
func (f *File) lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	select {
	case f.writing <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("the file of tokens cannot be changed now: %w", ctx.Err())
	}
	release := func() { <-f.writing }
	path := f.path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // all who write the same file share one lock
	}
	for {
		unlock, err := tryLock(path + ".lock")
		if err == nil {
			return func() { unlock(); release() }, nil
		}
		if !errors.Is(err, errLocked) {
			release()
			return nil, fmt.Errorf("the file of tokens cannot be locked: %w", err)
		}
		select {
		case <-time.After(lockPause):
		case <-ctx.Done():
			release()
			return nil, fmt.Errorf("%w (%s)", err, path+".lock")
		}
	}
}
