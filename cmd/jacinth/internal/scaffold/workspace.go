package scaffold

import (
	"os"
	"path/filepath"
)

// Workspace returns the go.work that the go command uses in dir, or "". A module that it does not list cannot be built
// there.
func Workspace(dir string) string {
	switch set := os.Getenv("GOWORK"); set {
	case "":
	case "off":
		return ""
	default:
		return set
	}
	dir, err := filepath.Abs(dir)
	for ; err == nil; dir = filepath.Dir(dir) {
		name := filepath.Join(dir, "go.work")
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			return name
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return ""
}
