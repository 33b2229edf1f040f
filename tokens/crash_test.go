package tokens_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/tokens"
)

// childVariable makes the test binary one of the programs below instead: what it is to do, and to which file.
const childVariable = "TOKENS_TEST_CHILD"

func runChild(task string) int {
	verb, path, _ := strings.Cut(task, " ")
	store, err := tokens.OpenFile(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	switch verb {
	case "issue": // tokens without end, and name each that is safe
		for {
			_, record, err := tokens.Issue(context.Background(), store, tokens.Draft{Name: "child"})
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			fmt.Println(record.ID)
		}
	case "die": // between the writing of the new file and its renaming
		tokens.BeforeRename(store, func() error {
			self, err := os.FindProcess(os.Getpid())
			if err != nil {
				return err
			}
			_ = self.Kill()
			select {}
		})
		_, _, err := tokens.Issue(context.Background(), store, tokens.Draft{Name: "lost"})
		fmt.Fprintln(os.Stderr, "still alive:", err)
	}
	return 1
}

func startChild(t *testing.T, verb, path string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), program)
	child.Env = append(os.Environ(), childVariable+"="+verb+" "+path)
	child.Stderr = os.Stderr
	return child
}

func TestFile_killedBetweenWriteAndRename(t *testing.T) {
	store, path := newFile(t)
	_, before := issue(t, store, tokens.Draft{Name: "before"})
	child := startChild(t, "die", path)
	if err := child.Run(); err == nil || child.ProcessState.ExitCode() != -1 {
		t.Fatalf("the child ended with %v, want it killed", err)
	}
	if data, err := os.ReadFile(path + ".new"); err != nil || !strings.Contains(string(data), `"lost"`) {
		t.Fatalf("the new file = %q, %v: the child was not killed where it should be", data, err)
	}
	// Neither what it left behind nor its lock is in anybody's way.
	again, err := tokens.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, after := issue(t, again, tokens.Draft{Name: "after"})
	list, err := again.List(t.Context())
	if err != nil || len(list) != 2 {
		t.Fatalf("List = %v, %v, want what was written before and after", list, err)
	}
	for _, id := range []string{before.ID, after.ID} {
		if _, err := again.Lookup(t.Context(), id); err != nil {
			t.Errorf("Lookup(%s) = %v, want none", id, err)
		}
	}
	if _, err := os.Stat(path + ".new"); !os.IsNotExist(err) {
		t.Errorf("what the killed writer left behind is still there: %v", err)
	}
}

var kills = flag.Int("kills", 12, "pairs of writers that TestFile_killedAtAnyMoment kills")

func TestFile_killedAtAnyMoment(t *testing.T) {
	_, path := newFile(t)
	safe := map[string]bool{}
	for round := range *kills {
		// Two writers at a time: one is killed in the midst of its work, the other goes on, and is killed too.
		first, second := startWriter(t, path), startWriter(t, path)
		for i, writer := range []*writer{first, second} {
			writer.read(2+round%5, safe)
			time.Sleep(time.Duration(round*(i+1)) * 97 * time.Microsecond) // no bound, only another moment each time
			writer.kill(safe)
		}
		store, err := tokens.OpenFile(path)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for id := range safe {
			if _, err := store.Lookup(t.Context(), id); err != nil {
				t.Fatalf("round %d: Lookup(%s) = %v, want none: it was said to be safe", round, id, err)
			}
		}
	}
	t.Logf("%d tokens survived %d kills", len(safe), 2**kills)
}

// writer is a child that issues tokens until it is killed.
type writer struct {
	t     *testing.T
	child *exec.Cmd
	lines *bufio.Reader
}

func startWriter(t *testing.T, path string) *writer {
	t.Helper()
	child := startChild(t, "issue", path)
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	return &writer{t: t, child: child, lines: bufio.NewReader(output)}
}

// read waits for some more tokens that are safe.
func (w *writer) read(count int, safe map[string]bool) {
	w.t.Helper()
	for range count {
		line, err := w.lines.ReadString('\n')
		if err != nil {
			w.t.Fatalf("the child ended by itself: %v", err)
		}
		safe[strings.TrimSpace(line)] = true
	}
}

// kill ends the child and reads what it had still said.
func (w *writer) kill(safe map[string]bool) {
	w.t.Helper()
	if err := w.child.Process.Kill(); err != nil {
		w.t.Fatal(err)
	}
	for {
		line, err := w.lines.ReadString('\n')
		if err != nil { // a line that is not whole is no promise
			break
		}
		safe[strings.TrimSpace(line)] = true
	}
	_ = w.child.Wait()
}

func TestFile_writeThatFailsLeavesTheOldFile(t *testing.T) {
	for name, breakIt := range map[string]func(*tokens.File){
		"nothing written": func(f *tokens.File) { tokens.BreakWrite(f, 0) },
		"half written":    func(f *tokens.File) { tokens.BreakWrite(f, 100) },
		"not renamed":     func(f *tokens.File) { tokens.BeforeRename(f, func() error { return errBroken }) },
	} {
		t.Run(name, func(t *testing.T) {
			store, path := newFile(t)
			_, record := issue(t, store, tokens.Draft{Name: "n"})
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			breakIt(store)
			if secret, _, err := tokens.Issue(t.Context(), store, tokens.Draft{Name: "m"}); err == nil || secret.Reveal() != "" {
				t.Errorf("Issue = %v, want an error and no token", err)
			}
			if _, err := tokens.Revoke(t.Context(), store, record.ID); err == nil {
				t.Error("Revoke = no error, want one")
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
				t.Errorf("the file is %q, %v, want it as it was", after, err)
			}
			if _, err := os.Stat(path + ".new"); !os.IsNotExist(err) {
				t.Errorf("what was half written is still there: %v", err)
			}
			if found, err := store.Lookup(t.Context(), record.ID); err != nil || !found.Revoked.IsZero() {
				t.Errorf("Lookup = %+v, %v, want the record as it was", found, err)
			}
		})
	}
}

func TestFile_fullDisk(t *testing.T) {
	directory := tinyDisk(t, 64<<10)
	path := filepath.Join(directory, "tokens.json")
	store, err := tokens.CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	var full error
	for range 2000 {
		_, record, err := tokens.Issue(t.Context(), store, tokens.Draft{Name: strings.Repeat("n", 100), Owner: strings.Repeat("o", 100)})
		if err != nil {
			full = err
			break
		}
		ids = append(ids, record.ID)
	}
	if full == nil || len(ids) == 0 {
		t.Fatalf("the disk was not full after %d tokens: %v", len(ids), full)
	}
	t.Logf("full after %d tokens: %v", len(ids), full)
	again, err := tokens.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if _, err := again.Lookup(t.Context(), id); err != nil {
			t.Errorf("Lookup(%s) = %v, want none", id, err)
		}
	}
	if list, err := again.List(t.Context()); err != nil || len(list) != len(ids) {
		t.Errorf("List has %d records, %v, want %d", len(list), err, len(ids))
	}
}
