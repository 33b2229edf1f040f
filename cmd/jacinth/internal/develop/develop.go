// Package develop runs a program while it is worked on: it builds it, runs it, and does so again after each change.
package develop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
)

// killAfter is how long a program may take beyond its time to drain before it is killed: the second that a service of
// jacinth gives its handlers, and some more.
const killAfter = 3 * time.Second

// A Session is the development of one program. Run runs it.
type Session struct {
	Package string        // as the go command takes it: "." for that of the current folder
	Words   []string      // for the program
	Drain   time.Duration // for calls under way when the program is stopped
	Out     io.Writer     // of the program
	Errors  io.Writer     // of the program
	Screen  *terminal.Screen

	dir     string // for executables
	builds  int
	program *program
	binary  string // what runs, or ran last
	process *process
	mourned bool // the end of process has been told, or was wanted
}

// Run builds and runs the program until ctx ends, and stops it then. It fails if the package is none that can be
// run; a program that does not compile is waited for.
func (s *Session) Run(ctx context.Context) error {
	var err error
	if s.program, err = list(ctx, s.Package); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp(os.Getenv("GOTMPDIR"), "jacinth-dev-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(s.dir) }()
	watcher, err := watch(s.program)
	if err != nil {
		return err
	}
	defer watcher.close()
	defer s.end()
	s.say("building %s", s.program.importPath)
	for {
		s.renew(ctx)
		if err := s.refresh(ctx, watcher); err != nil {
			return err
		}
		if !s.wait(ctx, watcher) {
			return nil
		}
	}
}

// wait waits for a change and reports whether there was one. The end of the program is told meanwhile.
func (s *Session) wait(ctx context.Context, w *watcher) bool {
	var exited chan struct{}
	if s.process != nil && !s.mourned {
		exited = s.process.exited // perhaps closed already
	}
	for {
		select {
		case <-ctx.Done():
			return false
		case <-exited:
			exited, s.mourned = nil, true
			if ctx.Err() == nil {
				s.say("%s; it is run again after the next change", s.ending())
			}
		case names := <-w.changes:
			s.say("%s", changed(names))
			return true
		}
	}
}

// ending says how the program ended by itself.
func (s *Session) ending() string {
	if exit, ok := errors.AsType[*exec.ExitError](s.process.err); ok {
		return s.program.name() + " ended with " + exit.ProcessState.String()
	}
	return s.program.name() + " ended"
}

// changed says which files have changed.
func changed(names []string) string {
	name := names[0]
	if here, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(here, name); err == nil && !strings.HasPrefix(relative, "..") {
			name = relative
		}
	}
	if len(names) > 1 {
		return fmt.Sprintf("%s and %d more changed", terminal.Line(name), len(names)-1)
	}
	return terminal.Line(name) + " changed"
}

// renew builds the program and, if it has become another, runs it in the place of the one that runs.
func (s *Session) renew(ctx context.Context) {
	began := time.Now()
	binary, complaint := s.build(ctx)
	if ctx.Err() != nil {
		return
	}
	if complaint != "" {
		verdict := "the build failed"
		if s.process.running() {
			verdict += "; the program goes on as it was"
		}
		s.say("%s", s.Screen.Bad(verdict))
		fmt.Fprintln(s.Screen, terminal.Clean(complaint))
		return
	}
	took := time.Since(began).Round(10 * time.Millisecond)
	if s.process.running() && sameContent(binary, s.binary) {
		_ = os.Remove(binary)
		s.say("built in %v; the program is the same", took)
		return
	}
	if s.process.running() {
		s.say("built in %v; restarting", took)
	} else {
		s.say("built in %v", took)
	}
	s.end()
	if s.binary != "" {
		_ = os.Remove(s.binary)
	}
	s.binary = binary
	process, err := start(binary, s.Words, s.environment(), s.Out, s.Errors)
	if err != nil {
		s.say("%s: %v", s.Screen.Bad("the program cannot be run"), err)
		return
	}
	s.process, s.mourned = process, false
}

// build builds the program and returns the name of the executable, or what the compiler complains of.
func (s *Session) build(ctx context.Context) (binary, complaint string) {
	s.builds++
	binary = filepath.Join(s.dir, fmt.Sprintf("%d", s.builds), s.program.name()+executable)
	// The state of the repository is left out of it, because a commit makes no other program.
	if _, err := goCommand(ctx, "build", "-buildvcs=false", "-o", binary, "--", s.Package); err != nil {
		return "", err.Error()
	}
	return binary, ""
}

// sameContent reports whether two files have the same bytes.
func sameContent(a, b string) bool {
	first, err := os.ReadFile(a)
	if err != nil {
		return false
	}
	second, err := os.ReadFile(b)
	return err == nil && bytes.Equal(first, second)
}

// refresh finds out what the program is made of now. As long as that cannot be said, it is what it was.
func (s *Session) refresh(ctx context.Context, w *watcher) error {
	program, err := list(ctx, s.Package)
	if err != nil {
		return nil
	}
	s.program = program
	return w.update(program)
}

// environment is that of the program: our own, and unless it says otherwise, the settings of a jacinth service that is
// worked on.
func (s *Session) environment() []string {
	environment := os.Environ()
	for name, value := range map[string]string{
		"JACINTH_DEVELOPMENT": "true", "JACINTH_DRAIN_TIMEOUT": s.Drain.String(),
		"JACINTH_DRAIN_DELAY": "1ms", // no balancer has to learn of its end, and somebody waits for the next one
	} {
		if _, set := os.LookupEnv(name); !set {
			environment = append(environment, name+"="+value)
		}
	}
	return environment
}

// end stops the program if it runs.
func (s *Session) end() {
	if !s.process.running() {
		return
	}
	s.mourned = true
	if s.process.stop(s.Drain + killAfter) {
		s.say("%s did not end in time and was killed", s.program.name())
	}
}

// say tells the developer what happens.
func (s *Session) say(format string, args ...any) {
	fmt.Fprintf(s.Screen, "%s %s\n", s.Screen.Faint("dev:"), fmt.Sprintf(format, args...))
}
