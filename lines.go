package jacinth

import (
	"log" //nolint:depguard // it is asked how it is set
	"log/slog"
	"os"
	"sync"
	"time"
)

// lines writes the lines of requests where the log is the one that Go has if a program sets none: text on standard
// error, a system call each. Under load that call is most of what a line costs, so those that come within gatherFor of
// the last write share the next one. A line that comes alone is written at once.
type lines struct {
	mu      sync.Mutex
	text    []byte // that waits
	stamp   []byte // how lines begin in this second
	second  int64
	written time.Time
	due     bool // a timer will write what waits

	writing sync.Mutex // held for each write, so that lines stay in their order
	spare   []byte
}

const (
	gatherFor  = 10 * time.Millisecond // the most that a line waits, and that a crash can lose
	gatherMost = 64 << 10              // bytes; with that many, whoever adds a line writes them all
)

// goLogger is the one that Go has before a program sets another.
var goLogger = slog.Default()

// areOn reports whether what Go does with a line is still what lines does. A program may have told package log
// otherwise at any time.
func (l *lines) areOn() bool {
	return l != nil && log.Flags() == log.LstdFlags && log.Prefix() == "" && log.Writer() == os.Stderr
}

// add takes the line of a request.
func (l *lines) add(e *entry) {
	l.mu.Lock()
	if second := e.at.Unix(); second != l.second || l.stamp == nil {
		l.second, l.stamp = second, e.at.AppendFormat(l.stamp[:0], "2006/01/02 15:04:05 ")
	}
	l.text = e.append(append(l.text, l.stamp...))
	since := e.at.Sub(l.written)
	full := len(l.text) >= gatherMost || since.Abs() >= gatherFor // far back, where a test has stopped the clock
	if !full && !l.due {
		l.due = true
		time.AfterFunc(gatherFor-since, l.flushDue)
	}
	l.mu.Unlock()
	if full {
		l.flush(e.at)
	}
}

func (l *lines) flushDue() {
	l.mu.Lock()
	l.due = false
	l.mu.Unlock()
	l.flush(time.Now())
}

// flush writes what waits. It may be called on nil.
func (l *lines) flush(now time.Time) {
	if l == nil {
		return
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	text := l.text
	l.text, l.written = l.spare[:0], now
	l.mu.Unlock()
	if len(text) > 0 {
		_, _ = os.Stderr.Write(text) // as package log has it, there is nobody else to tell
	}
	l.spare = text
}
