package jacinth_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// childVariable in the environment makes the test binary a service of its own instead.
const childVariable = "JACINTH_TEST_CHILD"

const slowCalls = 50

// runChild is the program of the child: calls of "slow" wait until somebody posts to /release, and a GET of /full is
// answered when there are slowCalls of them.
func runChild() {
	svc := jacinth.New(jacinth.Config{Name: "child", Addr: "127.0.0.1:0", Description: "Waits."})
	var inside sync.WaitGroup
	inside.Add(slowCalls)
	release := make(chan struct{})
	jacinth.Public(svc, "slow", func(_ context.Context, p struct {
		Number int `json:"number"`
	},
	) (int, error) {
		inside.Done()
		<-release
		return p.Number, nil
	})
	svc.Handle("GET /full", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside.Wait() }))
	svc.Handle("POST /release", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(release) }))
	jacinth.Main(svc)
}

// program is a service that runs as a process.
type program struct {
	*exec.Cmd
	url    string // of its endpoint
	output *bytes.Buffer
	read   chan struct{} // closed at the end of its output
}

// start starts a program and waits until it says where it listens.
func start(t *testing.T, command *exec.Cmd) *program {
	t.Helper()
	pipe, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{Cmd: command, output: new(bytes.Buffer), read: make(chan struct{})}
	t.Cleanup(func() { _ = command.Process.Kill() })
	urls := make(chan string, 1)
	go func() {
		defer close(p.read)
		defer close(urls)
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			p.output.WriteString(lines.Text() + "\n")
			if _, url, ok := strings.Cut(lines.Text(), " listens on "); ok {
				urls <- url
			}
		}
	}()
	var ok bool
	if p.url, ok = <-urls; !ok {
		_ = command.Wait()
		t.Fatalf("%v ended before it listened:\n%s", command.Args, p.output)
	}
	return p
}

// wait waits for the end of the program.
func (p *program) wait() error {
	<-p.read
	return p.Wait()
}

func (p *program) root() string { return strings.TrimSuffix(p.url, "/api") }

func child(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], arguments...)
	command.Env = append(os.Environ(), childVariable+"=1")
	return command
}

// untilNotReady asks until the service says that it is stopping.
func untilNotReady(t *testing.T, p *program, client *http.Client) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		response, err := client.Get(p.root() + "/readyz")
		if err != nil {
			t.Fatalf("GET /readyz: %v", err)
		}
		response.Body.Close()
		if response.StatusCode == http.StatusServiceUnavailable {
			return
		}
	}
	t.Fatal("the service was ready long after it was told to stop")
}

// untilRefused calls until the time that callers have to learn of the stop is over.
func untilRefused(t *testing.T, p *program, client *http.Client) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if post(t, client, p.url, call("get_service_specs")).status == http.StatusServiceUnavailable {
			return
		}
	}
	t.Fatal("the service took calls long after it was told to stop")
}

func newClient(t *testing.T) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: slowCalls}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// fillWithSlowCalls starts the slow calls and returns when all of them have begun.
func fillWithSlowCalls(t *testing.T, p *program, client *http.Client) (answers func() []posted) {
	t.Helper()
	list := make([]posted, slowCalls)
	var calls sync.WaitGroup
	for i := range list {
		calls.Go(func() {
			list[i] = post(t, client, p.url, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"slow","params":[%d]}`, i, i))
		})
	}
	response, err := client.Get(p.root() + "/full")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return func() []posted { calls.Wait(); return list }
}

func TestMain_answersEveryCallUnderWayAtSIGTERM(t *testing.T) {
	p, client := start(t, child(t, "-drain-delay", "1ms")), newClient(t)
	answers := fillWithSlowCalls(t, p, client)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	untilNotReady(t, p, client)
	untilRefused(t, p, client)
	if late := post(t, client, p.url, `{"jsonrpc":"2.0","id":1,"method":"slow","params":[0]}`); late.status != http.StatusServiceUnavailable {
		t.Errorf("a call after SIGTERM: status %d, want 503", late.status)
	}
	if got := post(t, client, p.root()+"/release", ""); got.status != http.StatusOK {
		t.Errorf("POST /release: status %d", got.status)
	}
	for i, got := range answers() {
		if want := fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":%d}`, i, i); got.status != http.StatusOK || got.body != want {
			t.Errorf("call %d: status %d, body %s; want 200 and %s", i, got.status, got.body, want)
		}
	}
	if err := p.wait(); err != nil {
		t.Errorf("the program ended with %v, want exit code 0:\n%s", err, p.output)
	}
	if lines := strings.Count(p.output.String(), " INFO request method=slow code=0 "); lines != slowCalls {
		t.Errorf("the log has %d lines of calls, want %d:\n%s", lines, slowCalls, p.output)
	}
}

func TestMain_endsAtOnceAtASecondSignal(t *testing.T) {
	p, client := start(t, child(t)), &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var calls sync.WaitGroup
	for i := range slowCalls {
		calls.Go(func() {
			response, err := client.Post(p.url, "application/json", strings.NewReader(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"slow","params":[%d]}`, i)))
			if err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		})
	}
	response, err := client.Get(p.root() + "/full")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	untilNotReady(t, p, client)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = p.wait()
	if status, ok := p.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("the program ended with %v, want by the signal:\n%s", p.ProcessState, p.output)
	}
	calls.Wait()
}

func TestMain_readsFlagsBeforeTheEnvironment(t *testing.T) {
	command := child(t, "-endpoint", "/flagged")
	command.Env = append(command.Env, "JACINTH_ENDPOINT=/from-environment", "JACINTH_MAX_BATCH=2")
	p, client := start(t, command), newClient(t)
	if !strings.HasSuffix(p.url, "/flagged") {
		t.Errorf("the endpoint is %s, want the one of the flag", p.url)
	}
	got := post(t, client, p.url, "["+call("a")+","+call("b")+","+call("c")+"]")
	if !strings.Contains(got.body, `"limit":2`) {
		t.Errorf("a batch of three: %s, want it refused for the limit of the environment", got.body)
	}
	client.CloseIdleConnections()
	_ = p.Process.Signal(syscall.SIGTERM)
	if err := p.wait(); err != nil {
		t.Errorf("the program ended with %v:\n%s", err, p.output)
	}
}

func TestMain_refusesWrongSettings(t *testing.T) {
	for _, c := range []struct {
		name, want  string
		arguments   []string
		environment string
	}{
		{"an unknown flag", "flag provided but not defined", []string{"-colour", "red"}, ""},
		{"a flag that is no number", "want a whole number from 1, or unlimited", []string{"-max-body", "big"}, ""},
		{"a limit of nothing", "want a whole number from 1, or unlimited", []string{"-max-in-flight", "0"}, ""},
		{"an address that is none", "is not host:port", []string{"-addr", "nowhere"}, ""},
		{"a word", "is no flag", []string{"serve"}, ""},
		{"a variable that is no time", `JACINTH_CALL_TIMEOUT is "soon": want a time such as`, nil, "JACINTH_CALL_TIMEOUT=soon"},
		{"a public address that nobody can reach", "means every address", []string{"-public-url", "http://0.0.0.0:80"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			command := child(t, c.arguments...)
			command.Env = append(command.Env, c.environment)
			output, err := command.CombinedOutput()
			if code := command.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(output), c.want) {
				t.Errorf("exit code %d (%v), want 2 and %q in the output:\n%s", code, err, c.want, output)
			}
		})
	}
}

func TestMain_listsEverySettingWithItsDefault(t *testing.T) {
	output, err := child(t, "-h").CombinedOutput()
	if err != nil {
		t.Errorf("-h ended with %v", err)
	}
	for _, want := range []string{
		"child", "Waits.", "-addr host:port", "JACINTH_ADDR", `(default 127.0.0.1:0)`, "-max-body bytes", "(default 1048576)",
		"-call-timeout time", "(default 25s)", "JACINTH_MAX_IN_FLIGHT", "-drain-timeout time", "(default 20s)",
	} {
		if !strings.Contains(string(output), want) {
			t.Errorf("-h does not show %q:\n%s", want, output)
		}
	}
}

func TestExamples_helloAnswersAsTheReadmeSays(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "hello")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./examples/hello")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build ./examples/hello: %v\n%s", err, output)
	}
	p, client := start(t, exec.CommandContext(t.Context(), binary, "-addr", "127.0.0.1:0")), newClient(t)
	for _, c := range []struct{ call, token, want string }{
		{`{"jsonrpc":"2.0","id":1,"method":"say_hello","params":{"name":"Ada"}}`, "", `{"jsonrpc":"2.0","id":1,"result":"Hello Ada"}`},
		{`{"jsonrpc":"2.0","id":2,"method":"say_hello","params":["Ada"]}`, "", `{"jsonrpc":"2.0","id":2,"result":"Hello Ada"}`},
		{
			`{"jsonrpc":"2.0","id":3,"method":"say_private_hello","params":["Ada"]}`, "",
			`{"jsonrpc":"2.0","id":3,"error":{"code":-32001,"message":"Access denied"}}`,
		},
		{
			`{"jsonrpc":"2.0","id":4,"method":"say_private_hello","params":["Ada"]}`, "hello_world_token",
			`{"jsonrpc":"2.0","id":4,"result":"Hello Ada, in private"}`,
		},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url, strings.NewReader(c.call))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		if c.token != "" {
			request.Header.Set("X-Api-Token", c.token)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if string(body) != c.want {
			t.Errorf("%s with token %q: %s, want %s", c.call, c.token, body, c.want)
		}
	}
	client.CloseIdleConnections()
	_ = p.Process.Signal(syscall.SIGTERM)
	if err := p.wait(); err != nil {
		t.Errorf("the example ended with %v:\n%s", err, p.output)
	}
}
