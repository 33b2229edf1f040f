package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/nats/embedded"
)

// asProgram has the test binary be the program itself, so that what is tested is what is raced.
const asProgram = "SHOP_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func program(ctx context.Context, t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(ctx, self, arguments...)
	command.Env = append(os.Environ(), asProgram+"=1")
	return command
}

// TestShop runs the shop as its README says, with real processes, on a NATS server of its own and on one that is there
// already.
func TestShop(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { try(t, "-listen", "127.0.0.1:0") })
	t.Run("external", func(t *testing.T) {
		engine, err := embedded.Start(embedded.Config{Addr: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		defer engine.Close()
		try(t, "-nats", engine.URL())
	})
}

func try(t *testing.T, where ...string) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	open := program(ctx, t, append(where, "-ttl", "2s")...)
	open.Stderr = os.Stderr
	output, err := open.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := open.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 100)
	go func() {
		defer close(said)
		for lines := bufio.NewScanner(output); lines.Scan(); {
			said <- lines.Text()
		}
	}()
	defer func() {
		_ = open.Process.Signal(syscall.SIGTERM)
		var rest []string
		for line := range said {
			rest = append(rest, line)
		}
		if err := open.Wait(); err != nil {
			t.Errorf("the shop closes with %v; it said %q", err, rest)
		}
		if text := strings.Join(rest, "\n"); strings.Count(text, "has ended") != 3 || !strings.Contains(text, "The shop closes.") {
			t.Errorf("the shop said %q, want that three instances ended, and that it closes", text)
		}
	}()
	_, url, found := strings.Cut(<-said, "NATS at ")
	if !found {
		t.Fatal("the shop does not say where NATS is")
	}

	text, err := program(ctx, t, "show", "-kill", "-nats", url, "-ttl", "2s", "-for", "3s").CombinedOutput()
	if err != nil {
		t.Fatalf("show = %v\n%s", err, text)
	}
	for _, want := range []string{
		`(?s)Instances:\n(  [a-z]+ +http://127\.0\.0\.1:\d+/api, up for \d+s\n){6}`,
		`(?s)(Killing process \d+: (catalog|orders|billing) at .*){3}`,
		`Orders: [1-9]\d+ placed, 0 failed\.`,
		`(?s)are left:\n  billing .*\n  catalog .*\n  orders .*\n$`,
	} {
		if !regexp.MustCompile(want).Match(text) {
			t.Errorf("show does not say %s, but\n%s", want, text)
		}
	}
	t.Logf("%s", text)
}
