package jacinth

import (
	"bytes"
	"fmt"
	"io"
	"log" //nolint:depguard // it is asked how it is set
	"log/slog"
	"os"
	"sync"
	"time"
)

// lines writes the lines of requests while the service serves, where the log is the one that Go has if a program sets
// none: text on standard error, a system call each. Under load that call is most of what a line costs, so those that
// come within gatherFor of the last write share the next one. A line that comes alone is written at once. See
// docs/adr/0007.
type lines struct {
	mu      sync.Mutex
	serving int    // how many times at the moment
	text    []byte // that waits
	stamp   []byte // how lines begin in this second
	second  int64
	written time.Time
	due     bool // a timer will write what waits

	writing sync.Mutex // held for each write, so that lines stay in their order
	spare   []byte
}

const (
	gatherFor = 10 * time.Millisecond // the most that a line waits

	// pipeBuf is how much a pipe takes in one piece (PIPE_BUF of Linux): of processes that share one, as those of a
	// container do, longer writes would tear each other's lines.
	pipeBuf    = 4096
	gatherMost = pipeBuf - 256 // bytes; with that many, whoever adds a line writes them all, mostly in one piece
)

// firstLogger is the default when this package was initialized, which is Go's own unless one was set before that, and
// firstOutput is where Go's own writes.
var (
	firstLogger           = slog.Default()
	firstOutput io.Writer = os.Stderr
)

// isGoLog reports whether a logger is the one that Go has before a program sets another. By its type alone, which has no
// other name for us, one with attributes of a program's would be too.
func isGoLog(logger *slog.Logger) bool {
	return logger == firstLogger && fmt.Sprintf("%T", logger.Handler()) == "*slog.defaultHandler"
}

// begin has lines gather from now on, and end has them not gather any more. They may be called on nil.
func (l *lines) begin() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.serving++; l.serving == 1 {
		l.written, l.due = time.Time{}, false // a test may have stopped the clock of the last time
	}
}

func (l *lines) end() {
	if l == nil {
		return
	}
	l.mu.Lock()
	l.serving--
	l.mu.Unlock()
	l.flush()
}

// add takes the line of a request. It reports false, and does nothing, where lines are not gathered: outside of begin
// and end, and where a program has told package log what to do with them, which it may at any time.
func (l *lines) add(e *entry) bool {
	if l == nil || log.Flags() != log.LstdFlags || log.Prefix() != "" || log.Writer() != firstOutput || !e.isPlain() {
		return false
	}
	l.mu.Lock()
	if l.serving == 0 {
		l.mu.Unlock()
		return false
	}
	if second := e.at.Unix(); second != l.second {
		l.second, l.stamp = second, e.at.AppendFormat(l.stamp[:0], "2006/01/02 15:04:05 ")
	}
	l.text = e.append(append(l.text, l.stamp...))
	since := e.at.Sub(l.written)
	now := len(l.text) >= gatherMost || since >= gatherFor
	if !now && !l.due {
		l.due = true
		time.AfterFunc(gatherFor-since, l.flushDue)
	}
	l.mu.Unlock()
	if now {
		l.flush()
	}
	return true
}

func (l *lines) flushDue() {
	l.mu.Lock()
	l.due = false
	l.mu.Unlock()
	l.flush()
}

// flush writes what waits. It may be called on nil.
func (l *lines) flush() {
	if l == nil {
		return
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	text := l.text
	l.text, l.spare = l.spare[:0], text
	if len(text) > 0 {
		l.written = time.Now()
	}
	l.mu.Unlock()
	for len(text) > 0 {
		piece := text
		if len(piece) > pipeBuf {
			// A line that is longer by itself goes by itself.
			last := bytes.LastIndexByte(piece[:pipeBuf], '\n')
			if last < 0 {
				last = bytes.IndexByte(piece, '\n')
			}
			piece = piece[:last+1]
		}
		_, _ = firstOutput.Write(piece) // as package log has it, there is nobody else to tell
		text = text[len(piece):]
	}
}
