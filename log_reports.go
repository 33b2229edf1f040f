package jacinth

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// reports writes lines by a goroutine of its own, each in its turn, so that a log that blocks holds up nobody for longer
// than logWait. The goroutine ends when there is nothing to write.
type reports struct {
	mu      sync.Mutex
	waiting []*reported
	writing bool
	blocked bool // a line was not written within logWait, and none has been since
	lost    int  // lines that found no room since the last that did
}

// reported is a line that waits to be written.
type reported struct {
	write   func(lost int) // told how many lines were lost before it
	lost    int
	written chan struct{}
}

// mostReports is how many lines wait.
const mostReports = 1000

// add has a line written, and returns when it is, or after logWait, or at once if the log is known to be blocked.
func (r *reports) add(write func(lost int)) {
	line, blocked := r.enqueue(write)
	if line == nil || blocked {
		return
	}
	timer := time.NewTimer(logWait)
	defer timer.Stop()
	select {
	case <-line.written:
	case <-timer.C:
		r.mu.Lock()
		r.blocked = r.writing
		r.mu.Unlock()
	}
}

// enqueue returns no line if there is no room for one.
func (r *reports) enqueue(write func(lost int)) (line *reported, blocked bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) >= mostReports {
		r.lost++
		return nil, true
	}
	line = &reported{write: write, lost: r.lost, written: make(chan struct{})}
	r.lost = 0
	r.waiting = append(r.waiting, line)
	if !r.writing {
		r.writing = true
		go r.writeAll()
	}
	return line, r.blocked
}

// writeAll writes until nothing waits.
func (r *reports) writeAll() {
	for line := r.next(); line != nil; line = r.next() {
		line.write(line.lost)
		close(line.written)
		r.mu.Lock()
		r.blocked = false
		r.mu.Unlock()
	}
}

func (r *reports) next() *reported {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		r.waiting, r.writing = nil, false
		return nil
	}
	line := r.waiting[0]
	r.waiting = r.waiting[1:]
	return line
}

// reporter is what net/http logs to: the network, mostly.
type reporter struct{ service *Service }

// Enabled asks the log of the service.
func (r reporter) Enabled(ctx context.Context, level slog.Level) bool {
	return r.service.config.Logger.Enabled(ctx, level)
}

// Handle reports the text of net/http, which is all there is.
func (r reporter) Handle(ctx context.Context, record slog.Record) error {
	r.service.report(ctx, record.Level, record.Message)
	return nil
}

// WithAttrs and WithGroup are never called for a log.Logger.
func (r reporter) WithAttrs([]slog.Attr) slog.Handler { return r }

// WithGroup is as WithAttrs is.
func (r reporter) WithGroup(string) slog.Handler { return r }
