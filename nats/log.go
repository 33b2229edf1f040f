package nats

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	mostLines = 1000        // that wait while others are written
	logWait   = time.Second // that a Server waits for its log when it ends
)

// lines writes lines by a goroutine of its own, so that a log that blocks holds up nobody. Lines beyond mostLines are
// counted instead, and a line says how many. The goroutine ends when there is nothing to write.
type lines struct {
	logger func() *slog.Logger

	mu      sync.Mutex
	waiting []slog.Record
	lost    int           // for which there was no room
	idle    chan struct{} // closed when nothing is written any more; nil if nothing is
}

func (l *lines) add(level slog.Level, text string, attributes ...slog.Attr) {
	line := slog.NewRecord(time.Now(), level, text, 0)
	line.AddAttrs(attributes...)
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= mostLines {
		l.lost++
		return
	}
	l.waiting = append(l.waiting, line)
	if l.idle == nil {
		l.idle = make(chan struct{})
		go l.writeAll()
	}
}

// writeAll writes until nothing waits.
func (l *lines) writeAll() {
	for {
		lines := l.take()
		if len(lines) == 0 {
			return
		}
		ctx, handler := context.Background(), l.logger().Handler()
		for _, line := range lines {
			if handler.Enabled(ctx, line.Level) {
				_ = handler.Handle(ctx, line) // as slog has it, there is nobody else to tell
			}
		}
	}
}

// take returns what waits, and at its end how many lines were lost.
func (l *lines) take() []slog.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.waiting
	l.waiting = nil
	if l.lost > 0 {
		notice := slog.NewRecord(time.Now(), slog.LevelWarn, "lines of the log were lost, since nobody read it", 0)
		notice.AddAttrs(slog.Int("lost", l.lost))
		taken = append(taken, notice)
		l.lost = 0
	}
	if len(taken) == 0 {
		close(l.idle)
		l.idle = nil
	}
	return taken
}

// settle returns when all is written, or after logWait.
func (l *lines) settle() {
	l.mu.Lock()
	idle := l.idle
	l.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-time.After(logWait):
	}
}
