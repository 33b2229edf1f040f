package jacinth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log" //nolint:depguard // what lines stands in for
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestEntry_isWrittenAsBySlog compares lines with those that Go's own log makes of the same.
func TestEntry_isWrittenAsBySlog(t *testing.T) {
	var out bytes.Buffer
	setLog(t, &out)
	const stamp = "2006/01/02 15:04:05 "
	handler := goLogger.Handler()
	check := func(e *entry) {
		t.Helper()
		out.Reset()
		if err := handler.Handle(t.Context(), e.record()); err != nil {
			t.Fatal(err)
		}
		if got, want := string(e.append(nil)), out.String()[len(stamp):]; e.isASCII() && got != want {
			t.Errorf("the line of %+v is\n%s, want\n%s", *e, got, want)
		}
	}
	texts := []string{"127.0.0.1:80", "[fe80::1%eth0]:8000", "@", "", " ", "a b", `a"b`, "a=b", `a\b`, "a\tb", "a\x00b", "a\x7fb", "é", "\xff", "a\u00a0b", "token 2"}
	for _, address := range texts {
		for _, caller := range texts {
			check(&entry{method: "a.b", address: address, caller: caller})
			check(&entry{batch: 7, failed: 2, code: InternalError, address: address, caller: caller, duration: time.Hour})
		}
	}
	for range 20_000 {
		e := entry{
			method: "unknown", code: Code(rand.Int32() - 1<<30), duration: time.Duration(rand.Int64N(1 << rand.IntN(62))),
			address: randomText(), caller: randomText(),
		}
		if rand.IntN(2) == 0 {
			e.batch, e.failed = 1+rand.IntN(100), rand.IntN(100)
		}
		check(&e)
	}
	if e := (entry{address: "x", reason: errors.New("no token")}); e.isASCII() {
		t.Error("an entry with a reason is for package slog, which knows how errors are written")
	}
}

// randomText is up to 4 characters, most of them ASCII.
func randomText() string {
	text := make([]rune, rand.IntN(5))
	for i := range text {
		text[i] = rune(rand.IntN(0x83))
	}
	return string(text)
}

// setLog has package log write to out, and otherwise be as it is in a program that sets nothing: other tests set some of it.
func setLog(t *testing.T, out io.Writer) {
	writer, flags := log.Writer(), log.Flags()
	t.Cleanup(func() {
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
	log.SetOutput(out)
	log.SetFlags(log.LstdFlags)
}

// logToFile has standard error, and so the log, go to a file, and returns what is in it so far.
func logToFile(t *testing.T) (written func() string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stderr
	os.Stderr = file
	t.Cleanup(func() {
		os.Stderr = before
		file.Close()
	})
	setLog(t, file)
	return func() string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

// called returns a function that calls a service with the log that Go has.
func called(t *testing.T) func() {
	svc := New(Config{Name: "logged"})
	Public(svc, "m", func(context.Context, None) (None, error) { return None{}, nil })
	return func() {
		t.Helper()
		const body = `{"jsonrpc":"2.0","id":1,"method":"m"}`
		if reply := svc.Dispatch(t.Context(), Peer{Address: "pipe"}, []byte(body), nil); !bytes.Contains(reply, []byte("result")) {
			t.Errorf("the reply is %s", reply)
		}
	}
}

func TestLines_waitForEachOther(t *testing.T) {
	written := logToFile(t)
	synctest.Test(t, func(t *testing.T) {
		call := called(t)
		wantLines := func(when string, want int) {
			t.Helper()
			synctest.Wait()
			lines := strings.SplitAfter(written(), "\n")
			for _, line := range lines[:len(lines)-1] {
				if !strings.HasSuffix(line, " INFO request method=m code=0 duration=0s address=pipe\n") {
					t.Errorf("%s: there is a line %q", when, line)
				}
			}
			if len(lines)-1 != want {
				t.Errorf("%s: %d lines are written, want %d", when, len(lines)-1, want)
			}
		}
		call()
		wantLines("after a call", 1)
		time.Sleep(gatherFor / 2)
		for range 3 {
			call()
		}
		wantLines("after three more", 1)
		time.Sleep(gatherFor/2 - time.Nanosecond)
		wantLines("before their time", 1)
		time.Sleep(time.Nanosecond)
		wantLines("after a while", 4)
		call()
		wantLines("after a call right behind that", 4)
		time.Sleep(time.Minute)
		wantLines("after a long while", 5)
		call()
		wantLines("after a call that comes alone", 6)
		if stamp := time.Now().Format("2006/01/02 15:04:05 INFO"); !strings.Contains(written(), "\n"+stamp) {
			t.Errorf("the log is\n%s, want %q in it", written(), stamp)
		}
		for range gatherMost / len("2000/01/01 00:00:00 INFO request method=m code=0 duration=0s address=pipe\n") {
			call()
		}
		wantLines("after as many as are kept, but one", 6)
		call()
		if now := strings.Count(written(), "\n"); now < 100 {
			t.Errorf("with more lines than are kept, %d are written", now)
		}
	})
}

// TestLines_outliveTheirTimer has lines of one clock among those of another, which a timer would never write: tests
// have clocks that stop.
func TestLines_outliveTheirTimer(t *testing.T) {
	written := logToFile(t)
	var l lines
	add := func(method string) {
		t.Helper()
		l.add(&entry{at: time.Now(), method: method, address: "pipe"})
		if got := written(); !strings.HasSuffix(got, " method="+method+" code=0 duration=0s address=pipe\n") {
			t.Errorf("after the line of %s, the log is\n%s", method, got)
		}
	}
	add("first")
	synctest.Test(t, func(t *testing.T) {
		add("second")
		l.add(&entry{at: time.Now(), method: "kept", address: "pipe"})
	})
	add("third")
	if got := strings.Count(written(), "method="); got != 4 {
		t.Errorf("%d lines are written, want 4", got)
	}
}

// TestLines_leaveToSlogWhatIsNotPlain has lines that package slog writes by rules of its own.
func TestLines_leaveToSlogWhatIsNotPlain(t *testing.T) {
	written := logToFile(t)
	svc := New(Config{Name: "logged", Authorize: Tokens("a-token-that-is-long-enough")})
	Private(svc, "m", func(context.Context, None) (None, error) { return None{}, nil })
	for address, want := range map[string]string{"a\u00a0b": "address=\"a\\u00a0b\" reason=", "plain": "address=plain reason="} {
		svc.Dispatch(t.Context(), Peer{Address: address}, []byte(`{"jsonrpc":"2.0","id":1,"method":"m"}`), nil)
		if got := written(); !strings.Contains(got, want) {
			t.Errorf("the log is %q, want %q in it", got, want)
		}
	}
}

// TestLines_heedPackageLog changes what package log does with a line, after which package log is who writes it.
func TestLines_heedPackageLog(t *testing.T) {
	for _, test := range []struct {
		name        string
		set, unset  func()
		want, other string // what the file then has, and what the other output has
	}{
		{"flags", func() { log.SetFlags(log.LstdFlags | log.Lmicroseconds) }, func() { log.SetFlags(log.LstdFlags) }, ".000000 INFO request", ""},
		{"prefix", func() { log.SetPrefix("app: ") }, func() { log.SetPrefix("") }, "app: ", ""},
		{"level", func() { slog.SetLogLoggerLevel(slog.LevelWarn) }, func() { slog.SetLogLoggerLevel(slog.LevelInfo) }, "", ""},
		{"output", func() {}, func() {}, "", "INFO request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			written := logToFile(t)
			var other bytes.Buffer
			if test.other != "" {
				log.SetOutput(&other)
			}
			synctest.Test(t, func(t *testing.T) {
				call := called(t)
				test.set()
				defer test.unset()
				call()
			})
			if got := written(); !strings.Contains(got, test.want) || test.want == "" && got != "" {
				t.Errorf("the log is %q, want %q in it", got, test.want)
			}
			if got := other.String(); !strings.Contains(got, test.other) {
				t.Errorf("the other output is %q, want %q in it", got, test.other)
			}
		})
	}
}

// TestLines_areForGoLogOnly: every other log gets its line before the caller gets the reply.
func TestLines_areForGoLogOnly(t *testing.T) {
	var out bytes.Buffer
	svc := New(Config{Name: "logged", Logger: slog.New(slog.NewTextHandler(&out, nil))})
	for i := range 3 {
		svc.Dispatch(t.Context(), Peer{}, []byte("x"), nil)
		if got := strings.Count(out.String(), "msg=request"); got != i+1 {
			t.Errorf("after %d requests there are %d lines", i+1, got)
		}
	}
}

// TestLines_areWholeUnderLoad has many goroutines write at a time.
func TestLines_areWholeUnderLoad(t *testing.T) {
	written := logToFile(t)
	const callers, each = 8, 4000 // more than gatherMost in all
	synctest.Test(t, func(t *testing.T) {
		var l lines
		for i := range callers {
			go func() {
				for j := range each {
					l.add(&entry{at: time.Now(), method: fmt.Sprintf("m%d.%d", i, j), address: "pipe"})
				}
			}()
		}
		time.Sleep(10 * gatherFor)
		synctest.Wait()
	})
	next := [callers]int{}
	for line := range strings.Lines(written()) {
		var i, j int
		_, line, _ = strings.Cut(line, " INFO ")
		if _, err := fmt.Sscanf(line, "request method=m%d.%d code=0 duration=0s address=pipe\n", &i, &j); err != nil {
			t.Fatalf("a line is %q: %v", line, err)
		}
		if j != next[i] {
			t.Fatalf("of caller %d, line %d follows line %d", i, j, next[i]-1)
		}
		next[i]++
	}
	for i, n := range next {
		if n != each {
			t.Errorf("of caller %d there are %d lines, want %d", i, n, each)
		}
	}
}
