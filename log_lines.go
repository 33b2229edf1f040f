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

// lines writes the lines of a service while it serves, where the log is the one that Go has if a program sets none: text
// on standard error, a system call each. Under load that call is most of what a line costs, so lines of requests that come
// within gatherFor of the last write share the next one. A line that comes alone, and one that is not of a request, is
// written at once. See docs/adr/0007.
//
// Goroutines of its own write, since nothing ends a write to a pipe that is full and that nobody reads. What comes in the
// meantime waits, up to mostWaiting. Beyond that whoever has a line waits for room, and if there is none in roomWait, the
// log is blocked: until it takes something again lines are counted instead, and the next one says how many.
type lines struct {
	mu      sync.Mutex
	serving int    // how many times at the moment
	text    []byte // that waits
	stamp   []byte // how lines begin in this second
	second  int64
	written time.Time
	due     bool // a timer will have what waits written

	writing bool          // a goroutine writes, until nothing waits
	write   func()        // writeAll, which to start costs no allocation then
	spare   []byte        // for text, while the other one is written
	taken   chan struct{} // closed when what waits is taken to be written, and when nothing waits any more; nil if nobody looks
	pieces  int           // written so far
	blocked bool          // there was no room for roomWait, and nothing has been written since its beginning
	lost    int           // lines since the last one that was written
}

const (
	gatherFor = 10 * time.Millisecond // the most that a line waits

	// pipeBuf is how much a pipe takes in one piece (PIPE_BUF of Linux): of processes that share one, as those of a
	// container do, longer writes would tear each other's lines.
	pipeBuf    = 4096
	gatherMost = pipeBuf - 256 // bytes; that many are written before their time, mostly in one piece

	mostWaiting = 64 << 10               // bytes that wait while a write takes its time
	mostHeld    = 4 * mostWaiting        // the same, with the lines of those who have waited for room
	roomWait    = 100 * time.Millisecond // that a call waits for room among them
	logWait     = time.Second            // that a service waits for its log when it starts or stops
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
		l.written, l.due, l.write = time.Time{}, false, l.writeAll // a test may have stopped the clock of the last time
	}
}

// end returns when what waited is written, or after logWait.
func (l *lines) end() {
	if l == nil {
		return
	}
	l.settle()
	l.mu.Lock()
	l.serving--
	l.mu.Unlock()
	l.settle() // what came in between
}

// takes reports whether lines may be what Go's own log is: a program may tell package log at any time what to do.
func (l *lines) takes() bool {
	return l != nil && log.Flags() == log.LstdFlags && log.Prefix() == "" && log.Writer() == firstOutput
}

// add takes the line of a request. It reports false, and does nothing, where lines are not gathered: outside of begin
// and end, and where a program has told package log what to do with them.
func (l *lines) add(e *entry) bool {
	if !l.takes() {
		return false
	}
	if !e.isPlain() {
		return l.addRecord(e.record())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.serving == 0 {
		return false
	}
	if len(l.text) < mostWaiting || l.makeRoom() {
		l.text = e.append(l.begun(e.at))
		l.arrange(e.at, false)
	}
	return true
}

// addRecord is add for any other line.
func (l *lines) addRecord(record slog.Record) bool {
	if !l.takes() {
		return false
	}
	text := appendRecord(nil, record) // not with the lock held: how a value is written may be a program's business
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.serving == 0 {
		return false
	}
	if len(l.text) < mostWaiting || l.makeRoom() {
		l.text = append(l.begun(record.Time), text...)
		l.arrange(record.Time, true)
	}
	return true
}

// begun is the text that waits, with the beginning of another line. The caller holds mu, here and below.
func (l *lines) begun(at time.Time) []byte {
	if second := at.Unix(); second != l.second {
		l.second, l.stamp = second, at.AppendFormat(l.stamp[:0], "2006/01/02 15:04:05 ")
	}
	return append(l.text, l.stamp...)
}

// arrange has what waits written, at once or in time.
func (l *lines) arrange(at time.Time, urgent bool) {
	since := at.Sub(l.written)
	switch {
	case l.writing: // who writes goes on with it
	case urgent || len(l.text) >= gatherMost || since >= gatherFor:
		l.start()
	case !l.due:
		l.due = true
		time.AfterFunc(gatherFor-since, l.flushDue)
	}
}

func (l *lines) start() {
	if !l.writing && len(l.text) > 0 {
		l.writing = true
		go l.write()
	}
}

func (l *lines) flushDue() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = false
	l.start()
}

// makeRoom waits for room, and reports whether there is some. If not, a line is lost. Where the log takes something in
// the meantime it is slow, and not blocked: then there is room for the lines of those who have waited.
func (l *lines) makeRoom() bool {
	if !l.blocked {
		before := l.pieces
		switch {
		case l.await(roomWait, func() bool { return len(l.text) < mostWaiting }):
			return true
		case l.pieces == before:
			l.blocked = true
		case len(l.text) < mostHeld:
			return true
		}
	}
	l.lost++
	return false
}

// settle returns when nothing waits and nobody writes, or after logWait, which it reports. It may be called on nil.
func (l *lines) settle() bool {
	if l == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.start()
	return l.await(logWait, func() bool { return !l.writing })
}

// await waits until a condition holds, but no longer than limit, and reports whether it does. It lets go of mu meanwhile.
func (l *lines) await(limit time.Duration, holds func() bool) bool {
	if holds() {
		return true
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		if l.taken == nil {
			l.taken = make(chan struct{})
		}
		taken, over := l.taken, false
		l.mu.Unlock()
		select {
		case <-taken:
		case <-timer.C:
			over = true
		}
		l.mu.Lock()
		if ok := holds(); ok || over {
			return ok
		}
	}
}

// writeAll writes until nothing waits.
func (l *lines) writeAll() {
	for {
		text := l.take()
		if len(text) == 0 {
			return
		}
		l.writePieces(text)
		l.mu.Lock()
		if l.spare = text[:0]; cap(text) > maxPooled {
			l.spare = nil
		}
		l.mu.Unlock()
	}
}

// take returns what waits. If that is nothing, nobody writes any more.
func (l *lines) take() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken != nil {
		close(l.taken)
		l.taken = nil
	}
	if len(l.text) == 0 {
		l.writing = false
		return nil
	}
	if l.lost > 0 {
		notice := slog.NewRecord(time.Now(), slog.LevelWarn, "lines of the log were lost, since nobody read it", 0)
		notice.AddAttrs(slog.Int("lost", l.lost))
		l.text = appendRecord(l.begun(notice.Time), notice)
		l.lost = 0
	}
	text := l.text
	l.text, l.spare = l.spare, nil
	l.written = time.Now()
	return text
}

// writePieces writes whole lines, as many at a time as a pipe takes in one piece.
func (l *lines) writePieces(text []byte) {
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
		l.mu.Lock()
		l.pieces++
		l.blocked = false
		l.mu.Unlock()
	}
}
