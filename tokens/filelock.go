package tokens

import (
	"context"
	"fmt"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/filelock"
)

// lockWait is how long the lock is waited for: beyond it something is wrong, and ctx may have no end.
const lockWait = 10 * time.Second

// lock waits until nobody else writes the file, in this process or another.
func (f *File) lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	select {
	case f.writing <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("the file of tokens cannot be changed now: %w", ctx.Err())
	}
	release, err := filelock.Acquire(ctx, f.path)
	if err != nil {
		<-f.writing
		return nil, fmt.Errorf("the file of tokens cannot be changed now: %w", err)
	}
	return func() { release(); <-f.writing }, nil
}
