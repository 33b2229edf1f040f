package tokens_test

import (
	"fmt"
	"syscall"
	"testing"
)

// tinyDisk returns a directory on a file system of a few bytes.
func tinyDisk(t *testing.T, size int) string {
	t.Helper()
	directory := t.TempDir()
	if err := syscall.Mount("tmpfs", directory, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("NOT TESTED on a disk that is really full: a tmpfs cannot be mounted here, which takes root (%v). "+
			"TestFile_writeThatFailsLeavesTheOldFile breaks the writing in its own way.", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(directory, 0); err != nil {
			t.Errorf("the tmpfs stays mounted on %s: %v", directory, err)
		}
	})
	return directory
}
