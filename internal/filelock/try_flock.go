//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package filelock

import (
	"errors"
	"os"
	"syscall"
)

// try locks the file at path, beside the one that it is the lock of, or fails with ErrLocked. The system gives the lock back when the process ends,
// however it ends. The file stays: one that is removed while another process opens it would be locked by both.
func try(path, beside string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600) //nolint:gosec // the program chose the path
	if err != nil {
		return nil, err
	}
	share(file, beside)
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, err
	}
	return func() { _ = file.Close() }, nil // which also unlocks it
}

// share lets the owner of a file take its lock too, which root may have made. Only a plain file with one name is given
// away: whoever may write to the folder could have another in its place.
func share(lock *os.File, beside string) {
	if os.Geteuid() != 0 {
		return
	}
	info, err := lock.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	have, _ := info.Sys().(*syscall.Stat_t)
	if info, err = os.Stat(beside); err != nil {
		return
	}
	want, _ := info.Sys().(*syscall.Stat_t)
	if have != nil && want != nil && have.Nlink == 1 && have.Uid != want.Uid {
		_ = lock.Chown(int(want.Uid), int(want.Gid)) // without it the lock works as well, for root
	}
}
