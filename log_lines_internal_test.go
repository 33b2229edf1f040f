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
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestEntry_isWrittenAsBySlog compares lines with those that Go's own log makes of the same.
func TestEntry_isWrittenAsBySlog(t *testing.T) {
	var out bytes.Buffer
	setLog(t, &out)
	const stamp = "2006/01/02 15:04:05 "
	handler := firstLogger.Handler()
	check := func(e *entry) {
		t.Helper()
		out.Reset()
		if err := handler.Handle(t.Context(), e.record()); err != nil {
			t.Fatal(err)
		}
		if got, want := string(e.append(nil)), out.String()[len(stamp):]; e.isPlain() && got != want {
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
	if e := (entry{address: "x", reason: errors.New("no token")}); e.isPlain() {
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

// kept is where lines are written, and keeps how.
type kept struct {
	mu     sync.Mutex
	pieces []string
}

func (k *kept) Write(piece []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pieces = append(k.pieces, string(piece))
	return len(piece), nil
}

// text is what was written so far.
func (k *kept) text() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return strings.Join(k.pieces, "")
}

// keepLog has the log write to where it is kept, and otherwise be as it is in a program that sets nothing.
func keepLog(t *testing.T) *kept {
	k, before := new(kept), firstOutput
	firstOutput = k
	t.Cleanup(func() { firstOutput = before })
	setLog(t, k)
	return k
}

// logged is a service with the log that Go has.
type logged struct{ *Service }

func newLogged() logged {
	svc := New(Config{Name: "logged", Authorize: Tokens("a-token-that-is-long-enough")})
	Public(svc, "m", func(context.Context, None) (None, error) { return None{}, nil })
	Public(svc, "fail", func(context.Context, None) (None, error) { return None{}, io.ErrUnexpectedEOF })
	Private(svc, "private", func(context.Context, None) (None, error) { return None{}, nil })
	return logged{svc}
}

func (l logged) call(t *testing.T, method, address string) {
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q}`, method)
	if reply := l.Dispatch(t.Context(), Peer{Address: address}, []byte(body), nil); !bytes.HasPrefix(reply, []byte(`{"jsonrpc":"2.0","id":1,`)) {
		t.Errorf("the reply is %s", reply)
	}
}

func TestLines_waitForEachOther(t *testing.T) {
	k := keepLog(t)
	synctest.Test(t, func(t *testing.T) {
		svc := newLogged()
		svc.lines.begin()
		call := func() { svc.call(t, "m", "pipe") }
		wantLines := func(when string, want int) {
			t.Helper()
			synctest.Wait()
			lines := strings.SplitAfter(k.text(), "\n")
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
		if stamp := time.Now().Format("2006/01/02 15:04:05 INFO"); !strings.Contains(k.text(), "\n"+stamp) {
			t.Errorf("the log is\n%s, want %q in it", k.text(), stamp)
		}
		call()
		wantLines("after one more", 6)
		svc.lines.end()
		wantLines("at the end", 7)
		for i := range 10 { // by package slog
			call()
			wantLines("after the end", 8+i)
		}
	})
}

// TestLines_gatherAgain has a service serve once more after its clock has stopped, as that of a test does.
func TestLines_gatherAgain(t *testing.T) {
	k, svc := keepLog(t), newLogged()
	for range 3 {
		synctest.Test(t, func(t *testing.T) {
			svc.lines.begin()
			before := strings.Count(k.text(), "\n")
			svc.call(t, "m", "pipe")
			svc.call(t, "m", "pipe")
			time.Sleep(gatherFor)
			synctest.Wait()
			if got := strings.Count(k.text(), "\n") - before; got != 2 {
				t.Errorf("%d lines are written after their time, want 2", got)
			}
			svc.call(t, "m", "pipe")
			svc.call(t, "m", "pipe")
			svc.lines.end()
			if got := strings.Count(k.text(), "\n") - before; got != 4 {
				t.Errorf("%d lines are written at the end, want 4", got)
			}
		})
	}
}

// TestLines_gatherWhileServing: what no Serve would write in the end is not kept back.
func TestLines_gatherWhileServing(t *testing.T) {
	keepLog(t)
	svc := newLogged()
	ctx, stop := context.WithCancel(t.Context())
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	svc.listening = func(string) {
		if svc.lines.serving != 1 {
			t.Errorf("while it serves, %d gather", svc.lines.serving)
		}
		stop()
	}
	if err := svc.Serve(ctx, listener); err != nil || svc.lines.serving != 0 {
		t.Errorf("Serve = %v, and then %d gather", err, svc.lines.serving)
	}
}

// TestLines_stayInOrder mixes lines that are gathered with those that are not.
func TestLines_stayInOrder(t *testing.T) {
	k := keepLog(t)
	synctest.Test(t, func(t *testing.T) {
		svc := newLogged()
		svc.lines.begin()
		defer svc.lines.end()
		want := []string{
			"request method=m code=0 duration=0s address=1", "request method=m code=0 duration=0s address=2",
			"request method=private code=-32001 duration=0s address=3 reason=",
			"request method=m code=0 duration=0s address=4", `request method=m code=0 duration=0s address="5\u00a0"`,
			"request method=m code=0 duration=0s address=6", "call failed method=fail error_id=", "request method=fail code=-32603 duration=0s address=7",
			"request method=unknown code=-32600 status=405",
			"request method=m code=0 duration=0s address=8",
		}
		svc.call(t, "m", "1")
		svc.call(t, "m", "2")
		svc.call(t, "private", "3")
		svc.call(t, "m", "4")
		svc.call(t, "m", "5\u00a0")
		svc.call(t, "m", "6")
		svc.call(t, "fail", "7")
		svc.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api", nil))
		svc.call(t, "m", "8")
		time.Sleep(gatherFor)
		synctest.Wait()
		lines := slices.Collect(strings.Lines(k.text()))
		if len(lines) != len(want) {
			t.Fatalf("the log is\n%s, want %d lines", k.text(), len(want))
		}
		for i, line := range lines {
			if !strings.Contains(line, want[i]) {
				t.Errorf("line %d is %q, want %q in it", i+1, line, want[i])
			}
		}
	})
}

// TestLines_heedPackageLog changes what package log does with a line, after which package log is who writes it.
func TestLines_heedPackageLog(t *testing.T) {
	for _, test := range []struct {
		name       string
		set, unset func()
		want       string // what the log has
	}{
		{"flags", func() { log.SetFlags(log.LstdFlags | log.Lmicroseconds) }, func() {}, ".000000 INFO request"},
		{"prefix", func() { log.SetPrefix("app: ") }, func() { log.SetPrefix("") }, "app: "},
		{"level", func() { slog.SetLogLoggerLevel(slog.LevelWarn) }, func() { slog.SetLogLoggerLevel(slog.LevelInfo) }, ""},
		{"output", func() { log.SetOutput(io.Discard) }, func() {}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := keepLog(t)
			synctest.Test(t, func(t *testing.T) {
				svc := newLogged()
				svc.lines.begin()
				defer svc.lines.end()
				test.set()
				defer test.unset()
				svc.call(t, "m", "pipe")
			})
			if got := k.text(); !strings.Contains(got, test.want) || test.want == "" && got != "" {
				t.Errorf("the log is %q, want %q in it", got, test.want)
			}
		})
	}
}

// TestLines_areForGoLogOnly: every other log gets its line before the caller gets the reply.
func TestLines_areForGoLogOnly(t *testing.T) {
	var out bytes.Buffer
	svc := New(Config{Name: "logged", Logger: slog.New(slog.NewTextHandler(&out, nil))})
	svc.lines.begin()
	defer svc.lines.end()
	for i := range 3 {
		svc.Dispatch(t.Context(), Peer{}, []byte("x"), nil)
		if got := strings.Count(out.String(), "msg=request"); got != i+1 {
			t.Errorf("after %d requests there are %d lines", i+1, got)
		}
	}
	if !isGoLog(firstLogger) {
		t.Error("the log of Go is not known as such")
	}
	before := firstLogger
	t.Cleanup(func() { firstLogger = before })
	with := slog.New(before.Handler().WithAttrs([]slog.Attr{slog.Int("a", 1)}))
	other := slog.New(slog.NewJSONHandler(&out, nil))
	for _, first := range []*slog.Logger{before, other} { // also if it was there before us
		firstLogger = first
		if isGoLog(with) || isGoLog(other) {
			t.Errorf("with a %T to begin with, another log is taken for the one of Go", first.Handler())
		}
	}
}

// TestLines_areWhole has many goroutines write at a time, and looks at what of it a pipe would take in one piece.
func TestLines_areWhole(t *testing.T) {
	k := keepLog(t)
	const callers, each = 8, 4000
	synctest.Test(t, func(t *testing.T) {
		var l lines
		l.begin()
		l.add(&entry{at: time.Now(), method: "long", address: strings.Repeat("x", 2*pipeBuf)})
		for i := range callers {
			go func() {
				for j := range each {
					l.add(&entry{at: time.Now(), method: fmt.Sprintf("m%d.%d", i, j), address: "pipe"})
				}
			}()
		}
		synctest.Wait()
		l.end()
	})
	for _, piece := range k.pieces {
		if !strings.HasSuffix(piece, "\n") || len(piece) > pipeBuf && strings.Count(piece, "\n") > 1 {
			t.Errorf("%d bytes are written together, from %.40q to %q", len(piece), piece, piece[len(piece)-20:])
		}
	}
	if most := callers * each / 20; len(k.pieces) > most {
		t.Errorf("there are %d writes, want at most %d", len(k.pieces), most)
	}
	next := [callers]int{}
	for line := range strings.Lines(k.text()) {
		var i, j int
		_, line, _ = strings.Cut(line, " INFO ")
		if strings.HasPrefix(line, "request method=long") {
			continue
		}
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

// TestAppendRecord_isWrittenAsBySlog is the same for all other lines.
func TestAppendRecord_isWrittenAsBySlog(t *testing.T) {
	var out bytes.Buffer
	setLog(t, &out)
	const stamp = "2006/01/02 15:04:05 "
	for _, attributes := range [][]slog.Attr{
		nil,
		{slog.String("a", ""), slog.String("b", "two words"), slog.String("c", "a\nb\x00é\xff"), slog.Any("d", io.EOF), slog.Any("e", nil)},
		{slog.Duration("duration", time.Second), slog.Any("f", Token("secret")), slog.Group("g", slog.Int("msg", 1), slog.Time("time", time.Now()))},
	} {
		for _, level := range []slog.Level{slog.LevelInfo, slog.LevelWarn, slog.LevelError, slog.LevelError + 1} {
			record := slog.NewRecord(time.Now(), level, "several words, and \"quotes\"", 0)
			record.AddAttrs(attributes...)
			out.Reset()
			if err := firstLogger.Handler().Handle(t.Context(), record); err != nil {
				t.Fatal(err)
			}
			if got, want := string(appendRecord(nil, record)), out.String()[len(stamp):]; got != want {
				t.Errorf("the line is\n%s, want\n%s", got, want)
			}
		}
	}
}
