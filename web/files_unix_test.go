//go:build unix

package web_test

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/testkit"
)

// TestFiles_opensNoPipe would wait for ever for somebody to write into the pipe.
func TestFiles_opensNoPipe(t *testing.T) {
	directory := site(t)
	if err := syscall.Mkfifo(filepath.Join(directory, "pipe.txt"), 0o600); err != nil {
		t.Skip(err)
	}
	if got := testkit.Get(t, staticService(t, os.DirFS(directory)), "/static/pipe.txt"); got.Code != http.StatusNotFound {
		t.Errorf("GET of a named pipe: %d, want 404", got.Code)
	}
}
