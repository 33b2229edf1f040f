// Package leaktest fails the tests of a package that leave goroutines behind.
//
// A goroutine that outlives its test is a request, a connection or a timer that nobody ends; in a service it is the
// slow way to run out of memory. A package is watched from its first test on by one line in its tests:
//
//	func TestMain(m *testing.M) { os.Exit(leaktest.Main(m)) }
package leaktest

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Grace is how long goroutines that are about to end are waited for after the last test.
const Grace = 2 * time.Second

// Main runs the tests of m and returns the exit code for [os.Exit]: that of the tests, or 1 when they passed but left
// goroutines behind, whose stacks it then prints to standard error.
func Main(m *testing.M) int {
	snapshot := Take()
	code := m.Run()
	if code != 0 {
		return code
	}
	leaked := snapshot.Leaked(Grace)
	if len(leaked) == 0 {
		return 0
	}
	fmt.Fprintf(os.Stderr, "FAIL: goroutines that still run %v after the last test: %d. End each in the test that starts "+
		"it; close servers, and the idle connections of HTTP clients.\n\n%s\n",
		Grace, len(leaked), strings.Join(leaked, "\n\n"))
	return 1
}

// A Snapshot knows the goroutines of one moment.
type Snapshot struct {
	ids map[string]bool
}

// Take notes the goroutines that run now.
func Take() Snapshot {
	ids := make(map[string]bool)
	for _, stack := range stacks() {
		ids[id(stack)] = true
	}
	return Snapshot{ids: ids}
}

// Leaked waits until no goroutine is left that was started after the snapshot, for at most grace, and returns the
// stacks of those that are. It leaves out the ones that Go starts once for a process and never ends.
func (s Snapshot) Leaked(grace time.Duration) []string {
	deadline := time.Now().Add(grace)
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		var leaked []string
		for _, stack := range stacks() {
			if !s.ids[id(stack)] && !belongsToGo(stack) {
				leaked = append(leaked, stack)
			}
		}
		if len(leaked) == 0 || time.Now().After(deadline) {
			return leaked
		}
		time.Sleep(pause)
	}
}

// belongsToGo reports whether Go itself started a goroutine: its collector's helpers, the relay of signals, and what
// runs tests, fuzz targets and profiles.
func belongsToGo(stack string) bool {
	_, creator, found := strings.Cut(stack, "\ncreated by ")
	if !found {
		return false
	}
	for _, prefix := range []string{"runtime.", "runtime/", "os/signal.", "testing.", "internal/fuzz."} {
		if strings.HasPrefix(creator, prefix) {
			return true
		}
	}
	return false
}

// id returns the number of the goroutine that a stack belongs to. Go never uses one twice in a process.
func id(stack string) string {
	number, _, _ := strings.Cut(strings.TrimPrefix(stack, "goroutine "), " ")
	return number
}

// stacks returns the stack of each goroutine but the calling one.
func stacks() []string {
	buffer := make([]byte, 64<<10)
	for {
		n := runtime.Stack(buffer, true)
		if n < len(buffer) {
			buffer = buffer[:n]
			break
		}
		buffer = make([]byte, 2*len(buffer))
	}
	// The calling goroutine comes first.
	return strings.Split(string(bytes.TrimSpace(buffer)), "\n\n")[1:]
}
