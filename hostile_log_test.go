package jacinth_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// The values of childVariable for a service with the log that Go has, and for one with lines of JSON on standard error.
const (
	logChild     = "log"
	jsonLogChild = "log of JSON"
)

func runLogChild(json bool) {
	config := jacinth.Config{Name: "child", Addr: "127.0.0.1:0"}
	if json {
		config.Logger = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	svc := jacinth.New(config)
	jacinth.Public(svc, "m", func(context.Context, jacinth.None) (jacinth.None, error) { return jacinth.None{}, nil })
	jacinth.Main(svc)
}

// unread is a program whose standard error is a pipe that is full, and that nobody reads until read does.
type unread struct {
	*exec.Cmd
	root  string
	lines *bufio.Scanner
	ended chan error
}

func startUnread(t *testing.T, kind string, arguments ...string) *unread {
	t.Helper()
	output, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command := child(t, arguments...)
	command.Env = append(command.Env, childVariable+"="+kind)
	command.Stderr = input
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	u := &unread{Cmd: command, lines: bufio.NewScanner(output), ended: make(chan error, 1)}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = output.Close()
	})
	for u.root == "" && u.lines.Scan() {
		if _, url, ok := strings.Cut(u.lines.Text(), " listens on "); ok {
			u.root = strings.TrimSuffix(url, "/api")
		}
	}
	for !strings.Contains(u.lines.Text(), "curl") && u.lines.Scan() { // the last line of what is told at the start
	}
	fill(t, input)
	_ = input.Close()
	go func() { u.ended <- command.Wait() }()
	return u
}

// fill writes to a pipe until it takes no more.
func fill(t *testing.T, pipe *os.File) {
	t.Helper()
	// Opened once more, since those who have the same open share what says whether writing waits.
	descriptor, err := syscall.Open(fmt.Sprintf("/proc/self/fd/%d", pipe.Fd()), syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("a pipe cannot be opened once more here: %v", err)
	}
	defer syscall.Close(descriptor)
	for _, size := range []int{4096, 1} {
		for {
			if _, err := syscall.Write(descriptor, []byte(strings.Repeat("\n", size))); err != nil {
				break
			}
		}
	}
}

// stop has the program end by SIGTERM.
func (u *unread) stop(t *testing.T) {
	t.Helper()
	if err := u.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-u.ended:
		if err != nil {
			t.Errorf("the program ended with %v", err)
		}
	case <-time.After(50 * time.Second):
		t.Error("the program did not end within the time to drain, and long after that")
	}
}

// call calls the program many times, and reports whether it was answered each time.
func (u *unread) call(t *testing.T, client *http.Client, times int) {
	t.Helper()
	const callers = 8
	var calling sync.WaitGroup
	for range callers {
		calling.Go(func() {
			for range times / callers {
				if got := post(t, client, u.root+"/api", call("m")); got.status != http.StatusOK {
					t.Errorf("a call is answered with status %d, want 200", got.status)
				}
			}
		})
	}
	calling.Wait()
}

// TestHostile_logNobodyReads has standard error be a pipe that is full: calls are answered, more of them than there is
// room for lines, and the service stops. When somebody reads again, a line says how many were lost.
func TestHostile_logNobodyReads(t *testing.T) {
	const calls = 4000
	client := newClient(t)
	u := startUnread(t, logChild)
	u.call(t, client, calls)
	if got := statusOf(t, client, u.root+"/api"); got != http.StatusMethodNotAllowed { // it has a line of another kind
		t.Errorf("GET /api has status %d, want 405", got)
	}
	client.CloseIdleConnections()
	if got := statusOf(t, client, u.root+"/livez"); got != http.StatusOK {
		t.Errorf("/livez has status %d, want 200", got)
	}
	read := make(chan struct{})
	var lines, lost int
	go func() {
		defer close(read)
		notice := regexp.MustCompile(` WARN lines of the log were lost, since nobody read it lost=(\d+)$`)
		for u.lines.Scan() {
			if strings.Contains(u.lines.Text(), " INFO request method=") {
				lines++
			}
			if found := notice.FindStringSubmatch(u.lines.Text()); found != nil {
				count, _ := strconv.Atoi(found[1])
				lost += count
			}
		}
	}()
	u.call(t, client, 8)
	client.CloseIdleConnections()
	u.stop(t)
	<-read
	const want = calls + 1 + 8
	if lines+lost != want || lost == 0 {
		t.Errorf("%d lines and %d that were lost, want %d together", lines, lost, want)
	}
	t.Logf("of %d lines, %d were lost while nobody read", want, lost)
}

func statusOf(t *testing.T, client *http.Client, url string) int {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// TestHostile_stopsThoughNobodyReadsItsLog stops programs whose standard error is a pipe that is full.
func TestHostile_stopsThoughNobodyReadsItsLog(t *testing.T) {
	for _, kind := range []string{logChild, jsonLogChild} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			startUnread(t, kind).stop(t)
		})
	}
	t.Run("with calls that their lines hold up", func(t *testing.T) {
		t.Parallel()
		u := startUnread(t, jsonLogChild, "-drain-timeout", "1s")
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Get(u.root + "/livez") // it has no line
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			response, err := client.Post(u.root+"/api", "application/json", strings.NewReader(call("m")))
			if err == nil {
				response.Body.Close()
			}
		}()
		u.stop(t)
		<-gone
	})
}

// stuck is a handler of package slog that never comes back from some lines, until it is let go.
type stuck struct {
	at  string
	let chan struct{}
}

func (s stuck) Enabled(context.Context, slog.Level) bool { return true }
func (s stuck) WithAttrs([]slog.Attr) slog.Handler       { return s }
func (s stuck) WithGroup(string) slog.Handler            { return s }

func (s stuck) Handle(_ context.Context, record slog.Record) error {
	if strings.HasPrefix(record.Message, s.at) {
		<-s.let
	}
	return nil
}

// TestHostile_logThatNeverComesBack goes through the lines of a start and a stop: none holds up the service for longer
// than a second in all.
func TestHostile_logThatNeverComesBack(t *testing.T) {
	for _, line := range []string{
		"", "listening", "registered", "readiness changed", "periodic task failed", "stopping", "calls were cut short",
		"a background task did not end", "the registry did not take it", "http: ",
	} {
		t.Run(line, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				let := make(chan struct{})
				reg := new(board)
				if line == "the registry did not take it" {
					reg.setDown(true)
				}
				svc := jacinth.New(jacinth.Config{
					Name: "stuck", PublicURL: publicURL, Registry: reg, DrainDelay: time.Second, DrainTimeout: 5 * time.Second,
					Logger: slog.New(stuck{line, let}),
				})
				jacinth.Public(svc, "m", func(context.Context, jacinth.None) (jacinth.None, error) {
					<-let
					return jacinth.None{}, nil
				})
				svc.Every(10*time.Second, func(context.Context) error { return context.DeadlineExceeded })
				svc.Background(func(context.Context) error { <-let; return nil })
				pipe, stop := serve(t, svc)
				client := pipe.client(t)
				time.Sleep(time.Minute)
				svc.SetReady(false)
				var calling sync.WaitGroup
				calling.Go(func() {
					response, err := client.Post("http://localhost/api", "application/json", strings.NewReader(call("m")))
					if err == nil {
						response.Body.Close()
					}
				})
				synctest.Wait()
				began := time.Now()
				if err := stop(); err != nil {
					t.Error(err)
				}
				// The delay, the drain, the time for handlers to heed their contexts, and a second for the log.
				if took := time.Since(began); took > 8*time.Second {
					t.Errorf("it stopped after %v, want 8s at most", took)
				}
				close(let)
				calling.Wait()
			})
		})
	}
}

// TestHostile_logHoldsUpNoTask: a periodic task whose failure cannot be logged runs on.
func TestHostile_logHoldsUpNoTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		svc := jacinth.New(jacinth.Config{Name: "stuck", Logger: slog.New(stuck{"periodic", let})})
		runs := 0
		svc.Every(10*time.Second, func(context.Context) error { runs++; return context.DeadlineExceeded })
		_, stop := serve(t, svc)
		time.Sleep(65 * time.Second)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if runs != 6 {
			t.Errorf("in a minute the task ran %d times, want 6", runs)
		}
		close(let)
	})
}
