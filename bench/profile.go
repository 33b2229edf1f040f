package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// topRows is how many functions of a profile are shown.
const topRows = "15"

// tops writes, of each profile in the directory, the functions that cost the most: by themselves, and with all that
// they call.
func tops(ctx context.Context, directory string) (string, error) {
	files, err := filepath.Glob(filepath.Join(directory, "*.pprof"))
	if err != nil {
		return "", err
	}
	executable, err := os.Executable()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintln(&b, machine())
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".pprof")
		for _, order := range []string{"flat", "cum"} {
			//nolint:gosec // the paths are ours and the user's flag
			command := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-"+order, "-nodecount="+topRows, executable, file)
			command.Stderr = os.Stderr
			text, err := command.Output()
			if err != nil {
				return "", fmt.Errorf("go tool pprof of %s: %w", file, err)
			}
			_, table, _ := strings.Cut(string(text), "Duration:")
			fmt.Fprintf(&b, "\n### %s, by %s\n\n```\nDuration:%s```\n", name, order, table)
		}
	}
	return b.String(), nil
}
