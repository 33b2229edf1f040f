package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth"
)

// TestHelp_examplesRun runs the examples of every command as its help has them, each in a folder with what they name.
// Only the addresses are others, and benchmarks send less.
func TestHelp_examplesRun(t *testing.T) {
	here, there := exampleService("/api"), exampleService("/rpc")
	server, other := httptest.NewServer(here), httptest.NewServer(there)
	t.Cleanup(server.Close)
	t.Cleanup(other.Close)
	addresses := strings.NewReplacer(":8000", server.Listener.Addr().String(), "http://127.0.0.1:8080/rpc", other.URL+"/rpc",
		"https://api.example.com/rpc", other.URL+"/rpc")
	environment := os.Environ()
	for name, value := range goEnvironment(t) {
		environment = append(environment, name+"="+value)
	}
	var visit func(*cobra.Command)
	visit = func(command *cobra.Command) {
		for _, inner := range command.Commands() {
			visit(inner)
		}
		if command.Name() == "help" || strings.HasPrefix(command.CommandPath(), "jacinth completion") {
			return // cobra's own
		}
		t.Run(command.CommandPath(), func(t *testing.T) {
			if command.Example == "" {
				t.Fatal("its help has no example")
			}
			_, path, _ := strings.Cut(command.CommandPath(), " ")
			if first, _, _ := strings.Cut(path, " "); slices.Contains(withState, first) {
				for line := range strings.Lines(unindented(command.Example)) {
					parseExample(t, strings.TrimSpace(line))
				}
				return
			}
			dir := exampleFolder(t, here)
			own := append(environment, "HOME="+dir, "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), //nolint:gocritic // a list of its own
				"JACINTH_CHECKOUT="+checkout(t), "JACINTH_ADDR=127.0.0.1:0")
			for line := range strings.Lines(unindented(command.Example)) {
				runExample(t, dir, addresses.Replace(strings.TrimSpace(line)), own)
			}
		})
	}
	visit(newRoot())
}

// withState are the commands whose examples want tokens that have been issued, or run a registry at a fixed address.
// Scripts run such lines; here they are only read.
var withState = []string{"token", "registry", "services"}

// parseExample reads a line as the command does that it is for.
func parseExample(t *testing.T, line string) {
	t.Helper()
	_, line, isCommand := strings.Cut(line, "jacinth ")
	if !isCommand {
		return // export, for example
	}
	line, _, _ = strings.Cut(line, " | ")
	line, _, _ = strings.Cut(line, " > ")
	line, _, _ = strings.Cut(line, " < ")
	command, words, err := newRoot().Find(strings.Fields(strings.ReplaceAll(line, "'", "")))
	if err == nil {
		err = command.ParseFlags(words)
	}
	if err == nil {
		err = command.ValidateArgs(command.Flags().Args())
	}
	if err != nil || !command.HasParent() {
		t.Errorf("jacinth %s: it cannot be meant: %v", line, err)
	}
}

// runExample runs a line, which must succeed. What runs on is ended as soon as it runs.
func runExample(t *testing.T, dir, line string, environment []string) {
	t.Helper()
	if strings.HasPrefix(line, "jacinth bench") {
		line += " -n 20"
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, "sh", "-c", line)
	command.WaitDelay = time.Second // for what the shell has started
	command.Dir, command.Env = dir, environment
	if !strings.Contains(line, "jacinth dev") {
		if output, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, output)
		}
		return
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the shell may not be alone
	s, err := startSession(command)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGTERM)
		<-s.done
	}()
	if _, ok := s.wait(regexp.MustCompile(`(?m)^(ready|\w+ listens on .*)$`)); !ok {
		t.Errorf("%s: it does not run:\n%s", line, s.text())
	}
}

// exampleFolder is a folder with the files that examples read, and with programs in the place of those that not every
// machine has.
func exampleFolder(t *testing.T, svc *jacinth.Service) string {
	t.Helper()
	const program = "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\t\"os/signal\"\n\t\"syscall\"\n)\n\n" +
		"func main() {\n\tstop := make(chan os.Signal, 1)\n\tsignal.Notify(stop, syscall.SIGTERM)\n\tfmt.Println(\"ready\")\n\t<-stop\n}\n"
	recorder := httptest.NewRecorder()
	discover := httptest.NewRequest(http.MethodPost, "http://127.0.0.1"+svc.Endpoint(), strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}`))
	discover.Header.Set("Content-Type", "application/json")
	svc.ServeHTTP(recorder, discover)
	var reply struct{ Result json.RawMessage }
	if err := json.Unmarshal(recorder.Body.Bytes(), &reply); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module example.com/app\n\ngo 1.26.0\n", "main.go": program, "cmd/billing/main.go": program,
		"entry.txt": "Nice opals.\n", "calls.jsonl": `{"method":"say_hello","params":["Ada"]}`,
		"hello.openrpc.json": string(reply.Result), "openrpc.json": string(reply.Result), ".hello-token": exampleToken + "\n",
		"bin/pass": "#!/bin/sh\necho " + exampleToken + "\n", "bin/git": "#!/bin/sh\ncat openrpc.json\n",
		"bin/jq": "#!/bin/sh\ncat\n", "bin/less": "#!/bin/sh\ncat\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const exampleToken = "the-token-of-the-examples"

// exampleService has the methods that examples call.
func exampleService(endpoint string) *jacinth.Service {
	svc := jacinth.New(jacinth.Config{
		Name: "hello", Endpoint: endpoint, Authorize: jacinth.Tokens(exampleToken), Logger: slog.New(slog.DiscardHandler),
	})
	type person struct {
		Name string `json:"name"`
	}
	type entry struct {
		Name string `json:"name"`
		Text string `json:"text"`
	}
	type operands struct{ A, B float64 }
	type query struct {
		Query string `json:"query"`
		Limit int    `json:"limit"`
	}
	hello := func(_ context.Context, p person) (string, error) { return "Hello " + p.Name, nil }
	jacinth.Public(svc, "say_hello", hello)
	jacinth.Private(svc, "say_private_hello", hello)
	jacinth.Public(svc, "guestbook.sign", func(_ context.Context, e entry) (entry, error) { return e, nil })
	jacinth.Public(svc, "math.add", func(_ context.Context, o operands) (float64, error) { return o.A + o.B, nil })
	jacinth.Public(svc, "math.sub", func(_ context.Context, o operands) (float64, error) { return o.A - o.B, nil })
	jacinth.Public(svc, "search", func(_ context.Context, q query) ([]entry, error) { return []entry{{q.Query, "an opal"}}, nil })
	return svc
}
