package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
)

// sessionCommands are what scripts need to see how programs end, for those that run on, and for those that a person
// watches:
//
//	exits CODE PROGRAM [WORD...]   runs a program, which must end with the code
//	plain PROGRAM [WORD...]        runs a program and prints what it does, with names for the addresses of services
//	spawn NAME PROGRAM [WORD...]   starts a program; its output, both streams, is kept under NAME
//	await NAME PATTERN [VARIABLE]  waits until what NAME has said since the last await matches, and keeps the first group
//	silent NAME PATTERN            fails if what NAME has said since the last await matches
//	signal NAME TERM|INT|KILL|HUP  sends a signal
//	ended NAME CODE                waits until the program has ended with the code, or by a signal for -1
//	arrives PATH                   waits until PAGE has been asked for the path, which begins with /slow
//	gone PID                       waits until there is no such process
//	keep VARIABLE FILE PATTERN     keeps the first group of a pattern that a file matches
//	private FILE                   fails if others than its owner may read a file
//	watch FILE PROGRAM [WORD...]   runs a program on a terminal of 80 columns and writes what it shows to FILE
var sessionCommands = map[string]func(ts *testscript.TestScript, neg bool, words []string){
	"exits": exits, "plain": plain, "spawn": spawn, "await": await, "silent": silent, "signal": sendSignal, "ended": ended, "gone": gone, "arrives": arrives, "watch": watchOn,
	"keep": keep, "private": private,
}

// patience is how long a script waits for what must come. It bounds the time of a failure, not of a success.
const patience = time.Minute

// session is a program that runs beside a test.
type session struct {
	command *exec.Cmd
	done    chan struct{}

	mu    sync.Mutex
	said  bytes.Buffer
	read  int // of said
	grown *sync.Cond
}

// startSession starts a program.
func startSession(command *exec.Cmd) (*session, error) {
	s := &session{command: command, done: make(chan struct{})}
	s.grown = sync.NewCond(&s.mu)
	command.Stdout, command.Stderr = s, s
	command.WaitDelay = 10 * time.Second
	if err := command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = command.Wait() // whoever wants to know reads the state
		s.mu.Lock()
		close(s.done)
		s.grown.Broadcast()
		s.mu.Unlock()
	}()
	return s, nil
}

// end ends the program, and kills it if it does not.
func (s *session) end() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(patience):
		_ = s.command.Process.Kill()
		<-s.done
	}
}

// Write takes what the program says.
func (s *session) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.grown.Broadcast()
	return s.said.Write(p)
}

// wait waits until match finds something in what the program has said since the last time, or the program has ended.
func (s *session) wait(match *regexp.Regexp) ([]string, bool) {
	late := time.AfterFunc(patience, s.grown.Broadcast)
	defer late.Stop()
	deadline := time.Now().Add(patience)
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		text := s.said.String()[s.read:]
		if at := match.FindStringSubmatchIndex(text); at != nil {
			found := match.FindStringSubmatch(text)
			s.read += at[1]
			return found, true
		}
		select {
		case <-s.done:
			return nil, false
		default:
		}
		if !time.Now().Before(deadline) {
			return nil, false
		}
		s.grown.Wait()
	}
}

func (s *session) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// scene is what the commands of one script share.
type scene struct {
	variables []string // names of the environment
	sessions  map[string]*session
}

type sceneKey struct{}

// setScene prepares a script for the commands.
func setScene(env *testscript.Env) {
	play := &scene{variables: []string{"JACINTH_TOKEN", "JACINTH_REGISTRY", "JACINTH_REGISTRY_TOKEN", "JACINTH_DRAIN_TIMEOUT", "NO_COLOR"}, sessions: map[string]*session{}}
	for _, variable := range env.Vars {
		name, _, _ := strings.Cut(variable, "=")
		play.variables = append(play.variables, name)
	}
	env.Values[sceneKey{}] = play
}

func sceneOf(ts *testscript.TestScript) *scene { return ts.Value(sceneKey{}).(*scene) }

func sessionOf(ts *testscript.TestScript, name string) *session {
	s := sceneOf(ts).sessions[name]
	if s == nil {
		ts.Fatalf("nothing was spawned as %s", name)
	}
	return s
}

func exits(ts *testscript.TestScript, _ bool, words []string) {
	code := 0
	err := ts.Exec(words[1], words[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got := strconv.Itoa(code); got != words[0] {
		ts.Fatalf("%s: exit code %s, want %s", strings.Join(words[1:], " "), got, words[0])
	}
}

func keep(ts *testscript.TestScript, _ bool, words []string) {
	found := regexp.MustCompile(words[2]).FindStringSubmatch(ts.ReadFile(words[1]))
	if found == nil {
		ts.Fatalf("%s does not match %s", words[1], words[2])
	}
	ts.Setenv(words[0], found[1])
}

func private(ts *testscript.TestScript, _ bool, words []string) {
	info, err := os.Stat(ts.MkAbs(words[0]))
	ts.Check(err)
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		ts.Fatalf("%s has the mode %04o", words[0], mode)
	}
}

func plain(ts *testscript.TestScript, _ bool, words []string) {
	var out, complaint bytes.Buffer
	c := command(ts, words)
	c.Stdout, c.Stderr = &out, &complaint
	if err := c.Run(); err != nil {
		ts.Fatalf("%s: %v\n%s", strings.Join(words, " "), err, &complaint)
	}
	text := out.String()
	for _, name := range fixtures {
		text = strings.ReplaceAll(text, ts.Getenv(name), strings.ToLower(name)+":80")
	}
	_, err := io.WriteString(ts.Stdout(), text)
	ts.Check(err)
}

func spawn(ts *testscript.TestScript, _ bool, words []string) {
	s, err := startSession(command(ts, words[1:]))
	ts.Check(err)
	sceneOf(ts).sessions[words[0]] = s
	ts.Defer(func() {
		s.end()
		ts.Logf("[%s]\n%s", words[0], s.text())
	})
}

// command is a program with the environment and the folder of the script.
func command(ts *testscript.TestScript, words []string) *exec.Cmd {
	program := ""
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if info, err := os.Stat(filepath.Join(dir, words[0])); err == nil && !info.IsDir() {
			program = filepath.Join(dir, words[0])
			break
		}
	}
	if program == "" {
		ts.Fatalf("%s is not on the PATH", words[0])
	}
	c := exec.Command(program, words[1:]...)
	c.Dir = ts.MkAbs(".")
	for _, name := range sceneOf(ts).variables {
		if value := ts.Getenv(name); value != "" {
			c.Env = append(c.Env, name+"="+value)
		}
	}
	return c
}

func await(ts *testscript.TestScript, _ bool, words []string) {
	s := sessionOf(ts, words[0])
	found, ok := s.wait(regexp.MustCompile("(?m)" + words[1]))
	if !ok {
		ts.Fatalf("%s did not say %q; it said:\n%s", words[0], words[1], s.text())
	}
	if len(words) > 2 {
		ts.Setenv(words[2], found[1])
	}
}

func silent(ts *testscript.TestScript, _ bool, words []string) {
	s := sessionOf(ts, words[0])
	s.mu.Lock()
	defer s.mu.Unlock()
	if text := s.said.String()[s.read:]; regexp.MustCompile("(?m)" + words[1]).MatchString(text) {
		ts.Fatalf("%s said %q:\n%s", words[0], words[1], text)
	}
}

func sendSignal(ts *testscript.TestScript, _ bool, words []string) {
	signals := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": os.Interrupt, "KILL": os.Kill, "HUP": syscall.SIGHUP}
	ts.Check(sessionOf(ts, words[0]).command.Process.Signal(signals[words[1]]))
}

func ended(ts *testscript.TestScript, _ bool, words []string) {
	s := sessionOf(ts, words[0])
	select {
	case <-s.done:
	case <-time.After(patience):
		ts.Fatalf("%s does not end; it said:\n%s", words[0], s.text())
	}
	if got := strconv.Itoa(s.command.ProcessState.ExitCode()); got != words[1] {
		ts.Fatalf("%s ended with %s, want %s; it said:\n%s", words[0], got, words[1], s.text())
	}
}

func arrives(ts *testscript.TestScript, _ bool, words []string) {
	arrived, _ := arrivals.LoadOrStore(words[0], make(chan struct{}, 100))
	select {
	case <-arrived.(chan struct{}):
	case <-time.After(patience):
		ts.Fatalf("nobody asks for %s", words[0])
	}
}

func gone(ts *testscript.TestScript, _ bool, words []string) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if !alive(words[0]) {
			return
		}
	}
	ts.Fatalf("process %s is still there", words[0])
}

// alive reports whether a process runs. One that has ended and that nobody has waited for does not.
func alive(pid string) bool {
	number, err := strconv.Atoi(pid)
	if err != nil || syscall.Kill(number, 0) != nil {
		return false
	}
	if runtime.GOOS != "linux" {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", number))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func watchOn(ts *testscript.TestScript, neg bool, words []string) {
	c := command(ts, words[1:])
	c.Env = append(c.Env, "TERM=xterm-256color")
	terminal, err := pty.StartWithSize(c, &pty.Winsize{Rows: 24, Cols: 80})
	ts.Check(err)
	defer terminal.Close()
	var shown bytes.Buffer
	_, _ = io.Copy(&shown, terminal) // a terminal whose program has ended fails to be read
	err = c.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		ts.Fatalf("%v", err)
	}
	if failed := err != nil; failed != neg {
		ts.Fatalf("%s: %v\n%s", strings.Join(words[1:], " "), err, &shown)
	}
	ts.Check(os.WriteFile(ts.MkAbs(words[0]), shown.Bytes(), 0o600))
}
