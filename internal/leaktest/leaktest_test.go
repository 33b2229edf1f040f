package leaktest_test

import (
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/leaktest"
)

// behaviour tells a child process of these tests what to do; see [TestChild].
const behaviour = "LEAKTEST_BEHAVIOUR"

func TestMain(m *testing.M) { os.Exit(leaktest.Main(m)) }

func TestSnapshot_Leaked_namesWhatRuns(t *testing.T) {
	snapshot := leaktest.Take()
	release := make(chan struct{})
	go waitFor(release)

	leaked := snapshot.Leaked(10 * time.Millisecond)
	if len(leaked) != 1 || !strings.Contains(leaked[0], "leaktest_test.waitFor") {
		t.Errorf("Leaked = %q, want the stack of waitFor alone", leaked)
	}
	if later := leaktest.Take().Leaked(0); len(later) != 0 {
		t.Errorf("Leaked of a later snapshot = %q, want none: the goroutine is older", later)
	}

	close(release)
	if leaked := snapshot.Leaked(leaktest.Grace); len(leaked) != 0 {
		t.Errorf("Leaked after the goroutine was released = %q, want none", leaked)
	}
}

func TestSnapshot_Leaked_leavesOutItsCaller(t *testing.T) {
	snapshot := leaktest.Take()
	found := make(chan []string)
	go func() { found <- snapshot.Leaked(0) }()
	if leaked := <-found; len(leaked) != 0 {
		t.Errorf("Leaked from a younger goroutine = %q, want none", leaked)
	}
}

func TestSnapshot_Leaked_waitsForWhatIsEnding(t *testing.T) {
	snapshot := leaktest.Take()
	release := make(chan struct{})
	go waitFor(release)
	time.AfterFunc(20*time.Millisecond, func() { close(release) })
	if leaked := snapshot.Leaked(time.Minute); len(leaked) != 0 {
		t.Errorf("Leaked = %q, want none: the goroutine ends within the grace", leaked)
	}
}

func TestMain_exitCode(t *testing.T) {
	for _, test := range []struct {
		behaviour string
		code      int
		leaked    bool
	}{
		{"leak", 1, true},
		{"end late", 0, false},
		{"catch signals", 0, false},
		// A test that failed half-way could not clean up; what it left is no news.
		{"fail and leak", 1, false},
	} {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			program, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			child := exec.CommandContext(t.Context(), program, "-test.run=^TestChild$")
			child.Env = append(os.Environ(), behaviour+"="+test.behaviour)
			output, err := child.CombinedOutput()
			if child.ProcessState == nil {
				t.Fatalf("starting the child: %v", err)
			}
			if got := child.ProcessState.ExitCode(); got != test.code {
				t.Errorf("exit code %d, want %d; its output:\n%s", got, test.code, output)
			}
			leaked := strings.Contains(string(output), "after the last test: 1.") &&
				strings.Contains(string(output), "leaktest_test.waitFor")
			if leaked != test.leaked {
				t.Errorf("output names the leak: %t, want %t; the output:\n%s", leaked, test.leaked, output)
			}
		})
	}
}

// TestChild is what a child process runs as its only test.
func TestChild(t *testing.T) {
	release := make(chan struct{})
	switch os.Getenv(behaviour) {
	case "":
		t.Skip("it does something in a child process of TestMain_exitCode only")
	case "leak":
		go waitFor(release)
	case "end late":
		go waitFor(release)
		time.AfterFunc(50*time.Millisecond, func() { close(release) })
	case "catch signals":
		// Go keeps the goroutine that relays signals for the rest of the process.
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt)
		signal.Stop(signals)
	case "fail and leak":
		go waitFor(release)
		t.Error("this test is meant to fail")
	}
}

func waitFor(release <-chan struct{}) { <-release }
