package browser_test

import (
	"bufio"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestWebapp_signsTheGuestBook drives the example as a visitor does.
func TestWebapp_signsTheGuestBook(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "webapp")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./webapp")
	build.Dir = "../examples"
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	command := exec.CommandContext(t.Context(), binary, "-addr", "127.0.0.1:0")
	output, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	address, err := addressIn(output)
	if err != nil {
		t.Fatal(err)
	}

	p := open(t, address+"/")
	p.fill("[name=name]", "Ada <b>Lovelace</b>")
	p.fill("[name=text]", "Charming. <script>window.hacked=1</script>")
	p.click("button")
	p.wait("#entries li")
	if got := p.text("#entries li"); !strings.Contains(got, "Ada <b>Lovelace</b>") || !strings.Contains(got, "<script>") {
		t.Errorf("the entry shows %q, want what was typed, as text", got)
	}
	again := open(t, address+"/")
	if got := again.text("#entries li"); !strings.Contains(got, "Ada <b>Lovelace</b>") {
		t.Errorf("after a reload the template shows %q, want the entry", got)
	}
	again.fill("[name=name]", strings.Repeat("x", 61))
	again.fill("[name=text]", "too long a name")
	again.click("button")
	again.wait("#problem")
	if got := again.text("#problem"); !strings.Contains(got, "name") {
		t.Errorf("the problem shows %q, want it to name the field", got)
	}
	if complaints := append(p.complaints(), again.complaints()...); len(complaints) > 0 {
		t.Errorf("the page complained: %q", complaints)
	}

	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("the example ended with %v", err)
	}
}

// addressIn reads the output of a service up to the line that says where it listens, and the rest of it beside.
func addressIn(output io.Reader) (string, error) {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), " listens on "); ok {
			go func() {
				for lines.Scan() {
				}
			}()
			return strings.TrimSuffix(url, "/api"), nil
		}
	}
	return "", errNoAddress
}
