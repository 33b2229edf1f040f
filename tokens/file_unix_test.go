//go:build linux || darwin || freebsd || netbsd || openbsd

package tokens_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jacinth-rpc/jacinth/tokens"
)

// TestFile_staysThatOfItsOwner has root change the file of a service that runs as another user.
func TestFile_staysThatOfItsOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can change a file that another user alone may read")
	}
	const nobody = 65534
	store, path := newFile(t)
	if err := os.Chown(path, nobody, nobody); err != nil {
		t.Skipf("root may not give files away here: %v", err)
	}
	_, record := issue(t, store, tokens.Draft{Name: "n"})
	if _, err := tokens.Revoke(t.Context(), store, record.ID); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + ".lock"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		owner, ok := info.Sys().(*syscall.Stat_t)
		if !ok || owner.Uid != nobody || owner.Gid != nobody || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the owner %d:%d and the mode %04o, want %d:%d and 0600: its service has to read it",
				name, owner.Uid, owner.Gid, info.Mode().Perm(), nobody, nobody)
		}
	}
}

// TestOpenFile_doesNotWaitForAPipe: opening one waits for whoever writes to it, and look-ups would wait with it.
func TestOpenFile_doesNotWaitForAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("no pipe can be made here: %v", err)
	}
	written := make(chan struct{})
	go func() { // lets whoever opens the pipe go on
		defer close(written)
		if pipe, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			_ = pipe.Close()
		}
	}()
	if _, err := tokens.OpenFile(path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("OpenFile of a pipe = %v, want an error that says what is wrong", err)
	}
	pipe, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	<-written
	if err := pipe.Close(); err != nil {
		t.Error(err)
	}
}
