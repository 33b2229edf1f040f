package filelock_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/filelock"
	"github.com/jacinth-rpc/jacinth/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Main(m)) }

func TestAcquire_oneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var inside atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				release, err := filelock.Acquire(t.Context(), path)
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d have the lock", n)
				}
				runtime.Gosched()
				inside.Add(-1)
				release()
			}
		})
	}
	all.Wait()
}

func TestAcquire_isLockedByWhateverName(t *testing.T) {
	path, link := filepath.Join(t.TempDir(), "file"), filepath.Join(t.TempDir(), "link")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	release, err := filelock.Acquire(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := filelock.Acquire(ended, link); !errors.Is(err, filelock.ErrLocked) {
		t.Errorf("Acquire by another name of the file = %v, want ErrLocked", err)
	}
}

func TestAcquire_saysWhyNot(t *testing.T) {
	_, err := filelock.Acquire(t.Context(), filepath.Join(t.TempDir(), "none", "file"))
	if err == nil || errors.Is(err, filelock.ErrLocked) {
		t.Errorf("Acquire in a folder that is not there = %v, want why it cannot be", err)
	}
}
