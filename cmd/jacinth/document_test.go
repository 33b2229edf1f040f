package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// document compares what a test has made with the document that has the name in docs/, or writes it.
func document(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", name)
	if *update {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != content {
		t.Errorf("docs/%s is not what the command says of itself; see what changes by: cd cmd/jacinth && go test -run %s -update .\n"+
			"It has:\n%s\nwant:\n%s", name, t.Name(), have, content)
	}
}

// TestManual keeps docs/command.md the help of every command.
func TestManual(t *testing.T) {
	var out strings.Builder
	out.WriteString("# The command\n\n<!-- Written by: cd cmd/jacinth && go test -run TestManual -update . -->\n\n" +
		"Install it from a checkout: `go install ./cmd/jacinth`. [The first minute](first-minute.md) shows it at work.\n\n")
	root := newRoot()
	root.InitDefaultHelpFlag()
	out.WriteString("```text\n" + root.Long + "\n```\n")
	for _, command := range root.Commands() {
		if command.Name() == "help" || command.Name() == "completion" {
			continue
		}
		writeManual(&out, command)
	}
	out.WriteString("\n## Completion\n\n`jacinth completion bash`, and so for fish, powershell and zsh, prints a script that completes commands, " +
		"the methods of the service at hand, and their params. `jacinth completion bash --help` says where it goes.\n")
	document(t, "command.md", out.String())
}

func writeManual(out *strings.Builder, command *cobra.Command) {
	fmt.Fprintf(out, "\n## %s\n\n```text\n%s\n\n%s\n```\n\n```sh\n%s\n```\n", command.CommandPath(),
		command.UseLine(), command.Long, unindented(command.Example))
	var flags bytes.Buffer
	command.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "help" {
			one := pflag.NewFlagSet("", pflag.ContinueOnError)
			one.AddFlag(flag)
			flags.WriteString(one.FlagUsages())
		}
	})
	if flags.Len() > 0 {
		fmt.Fprintf(out, "\n```text\n%s```\n", &flags)
	}
	for _, part := range command.Commands() {
		writeManual(out, part)
	}
}

// unindented takes the two spaces away that examples have in the help.
func unindented(example string) string {
	return strings.TrimPrefix(strings.ReplaceAll(example, "\n  ", "\n"), "  ")
}

// TestFirstMinute keeps docs/first-minute.md what happens: the commands are run as they stand there, in an empty
// folder. Only what differs from run to run is made the same, and the log of the service is left out.
func TestFirstMinute(t *testing.T) {
	began := time.Now()
	m := minute{t: t, dir: t.TempDir(), environment: os.Environ()}
	for name, value := range goEnvironment(t) {
		m.environment = append(m.environment, name+"="+value)
	}
	m.environment = append(m.environment, "JACINTH_CHECKOUT="+checkout(t), "JACINTH_ADDR=127.0.0.1:0")
	m.say("# The first minute\n\n<!-- Written by: cd cmd/jacinth && go test -run TestFirstMinute -update . -->\n\n" +
		"From an empty folder to a service that runs and has been changed once. A test runs these commands and writes this page; " +
		"the log lines of the service are left out.\n\n")
	m.fence(func() { m.run("jacinth new hello") })

	m.brief("jacinth new hello")

	m.say("\n`jacinth dev` builds the service and runs it:\n\n")
	service := m.start("hello", "jacinth dev")
	url := m.await(service, `listens on http://127\.0\.0\.1:(\d+)/api`)
	m.await(service, `curl .*\n`)
	m.port = url[1]
	m.fence(func() {
		m.say("$ cd hello && jacinth dev\n")
		m.heard(service)
	})
	m.brief("cd hello && jacinth dev", "^hello listens")

	m.say("\nFrom a second terminal it can be called, and asked what it can do:\n\n")
	m.dir = filepath.Join(m.dir, "hello")
	m.fence(func() {
		m.run("jacinth call :8000 say_hello name=Ada")
		m.run("jacinth call :8000 say_hello nam=Ada")
		m.run("jacinth list :8000")
		m.run("jacinth describe :8000 say_hello")
	})
	m.brief("jacinth call :8000 say_hello name=Ada", ".")
	m.brief("jacinth call :8000 say_hello nam=Ada", ".")

	m.say("\nIts tests call it in memory:\n\n")
	m.fence(func() { m.run("go test ./...") })

	m.say("\nAn edit,\n\n")
	m.fence(func() { m.run(`sed -i.old 's/"Hello "/"Welcome, "/' main.go`) })
	m.say("\nand the new service takes the place of the old one:\n\n")
	m.await(service, `(?m)^dev: built in .*; restarting$`)
	m.port = m.await(service, `listens on http://127\.0\.0\.1:(\d+)/api`)[1]
	m.await(service, `curl .*\n`)
	m.fence(func() { m.heard(service) })
	m.say("\n")
	m.fence(func() { m.run("jacinth call :8000 say_hello name=Ada") })

	service.end()
	t.Logf("the first minute took %v", time.Since(began).Round(time.Millisecond))
	document(t, "first-minute.md", m.page.String())
	inReadme(t, m.short.String())
}

// inReadme compares the short form of the first minute with the one that README.md shows, or writes it there.
func inReadme(t *testing.T, content string) {
	t.Helper()
	path := filepath.Join("..", "..", "README.md")
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)(<!-- TestFirstMinute of cmd/jacinth -->\n```console\n)(.*?)(```\n)")
	found := shown.FindSubmatch(readme)
	switch {
	case found == nil:
		t.Error("README.md does not show the first minute")
	case *update:
		readme = shown.ReplaceAllLiteral(readme, []byte(string(found[1])+content+string(found[3])))
		if err := os.WriteFile(path, readme, 0o600); err != nil {
			t.Fatal(err)
		}
	case string(found[2]) != content:
		t.Errorf("README.md shows the first minute as\n%s\nwant\n%s", found[2], content)
	}
}

// minute is a page in the making, of what is typed and what comes of it.
type minute struct {
	t           *testing.T
	dir         string
	environment []string
	port        string // that the service has in the place of 8000
	page        strings.Builder
	short       strings.Builder // of the page
	told        int             // of what the service has said
}

func (m *minute) say(text string) { m.page.WriteString(text) }

// brief adds to the short form a command of the page, and of what came of it the lines that match
// one of the patterns.
func (m *minute) brief(command string, patterns ...string) {
	m.t.Helper()
	page := m.page.String()
	at := strings.LastIndex(page, "$ "+command+"\n")
	if at < 0 {
		m.t.Fatalf("the page has no command %s", command)
	}
	for i, line := range strings.Split(page[at:], "\n") {
		if i > 0 && (line == "```" || strings.HasPrefix(line, "$ ")) {
			return
		}
		isWanted := func(pattern string) bool { return regexp.MustCompile(pattern).MatchString(line) }
		if i == 0 || slices.ContainsFunc(patterns, isWanted) {
			m.short.WriteString(line + "\n")
		}
	}
}

// fence puts what is written meanwhile into a block.
func (m *minute) fence(write func()) {
	m.say("```console\n")
	write()
	m.say("```\n")
}

// run runs a command line and writes it down with what it prints.
func (m *minute) run(line string) {
	m.t.Helper()
	command := m.command(m.dir, strings.ReplaceAll(line, ":8000", ":"+m.port))
	output, err := command.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		m.t.Fatal(err)
	}
	m.say("$ " + line + "\n" + m.steady(string(output)))
}

func (m *minute) command(dir, line string) *exec.Cmd {
	command := exec.Command("sh", "-c", "exec "+line)
	command.Dir, command.Env = dir, m.environment
	return command
}

// start starts a command line that runs on.
func (m *minute) start(dir, line string) *session {
	m.t.Helper()
	s, err := startSession(m.command(filepath.Join(m.dir, dir), line))
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(s.end)
	return s
}

func (m *minute) await(s *session, pattern string) []string {
	m.t.Helper()
	found, ok := s.wait(regexp.MustCompile(pattern))
	if !ok {
		m.t.Fatalf("the service did not say %s; it said:\n%s", pattern, s.text())
	}
	return found
}

// heard writes down what the service has said since the last time.
func (m *minute) heard(s *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.say(m.steady(s.said.String()[m.told:s.read]))
	m.told = s.read
}

var (
	logLine   = regexp.MustCompile(`(?m)^\d{4}/\d\d/\d\d .*\n`)
	buildTime = regexp.MustCompile(`built in [^\s;]+`)
	testTime  = regexp.MustCompile(`(?m)\t(\d+\.\d+s|\(cached\))$`)
)

// steady makes what differs from run to run the same.
func (m *minute) steady(text string) string {
	text = logLine.ReplaceAllString(text, "")
	text = buildTime.ReplaceAllString(text, "built in 500ms")
	text = testTime.ReplaceAllString(text, "\t0.010s")
	if m.port != "" {
		text = strings.ReplaceAll(text, ":"+m.port, ":8000")
	}
	return strings.ReplaceAll(text, checkout(m.t), "/home/ada/jacinth")
}
