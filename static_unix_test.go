//go:build unix

package jacinth_test

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestStatic_opensNoPipe would wait for ever for somebody to write into the pipe.
func TestStatic_opensNoPipe(t *testing.T) {
	directory := site(t)
	if err := syscall.Mkfifo(filepath.Join(directory, "pipe.txt"), 0o600); err != nil {
		t.Skip(err)
	}
	if got := get(t, staticService(t, os.DirFS(directory)), "/static/pipe.txt"); got.Code != http.StatusNotFound {
		t.Errorf("GET of a named pipe: %d, want 404", got.Code)
	}
}
