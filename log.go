package jacinth

import (
	"cmp"
	"context"
	"log/slog"
	"time"
)

// tally is how the requests of a body ended, as far as the log tells.
type tally struct {
	failed int
	shed   int     // refused unrun for lack of room
	first  int     // the place of the request that last is of
	last   verdict // of a single request, or of the first of a batch that failed
	caller string  // of any request that has one
}

// note counts how the request at place i ended.
func (t *tally) note(i int, v verdict) {
	if v.shed {
		t.shed++
	}
	if v.code != 0 {
		if t.failed++; t.last.code == 0 || i < t.first {
			t.first, t.last = i, v
		}
	}
	if t.caller == "" {
		t.caller = v.caller
	}
}

// add takes in what a worker has counted.
func (t *tally) add(other *tally) {
	failed, shed := t.failed+other.failed, t.shed+other.shed
	t.note(other.first, other.last)
	if t.failed, t.shed = failed, shed; t.caller == "" {
		t.caller = other.caller
	}
}

// log writes the one line of this body. It holds nothing that a sender made up: no params, no token, and only names
// of methods that exist.
func (x *exchange) log() {
	handler := x.service.config.Logger.Handler()
	if !handler.Enabled(x.ctx, slog.LevelInfo) {
		return
	}
	now := x.now()
	x.ended = now
	e := entry{
		at: now, method: "unknown", batch: x.size, failed: x.failed, code: x.last.code, duration: now.Sub(x.start),
		address: x.peer.Address, caller: cmp.Or(x.last.caller, x.caller), reason: x.last.reason,
	}
	if x.last.method != nil {
		e.method = x.last.method.Name
	}
	if !x.service.lines.add(&e) {
		_ = handler.Handle(x.ctx, e.record()) // a Logger has nobody to tell either
	}
}

// logRefusal writes the line of a request that was refused before its body was looked at.
func (s *Service) logRefusal(ctx context.Context, address string, status int, failure *Error) {
	s.log(ctx, slog.LevelInfo, "request", slog.String("method", "unknown"),
		slog.Int("code", int(failure.code())), slog.Int("status", status), slog.String("address", address))
}

// log writes a line that is not of a request, in the path of a call: a handler of the user's that blocks, blocks it.
func (s *Service) log(ctx context.Context, level slog.Level, message string, attributes ...slog.Attr) {
	if !s.gathers(ctx, level, message, attributes) {
		s.config.Logger.LogAttrs(ctx, level, message, attributes...) //nolint:sloglint // the callers' messages are constants
	}
}

// gathers reports whether lines has taken a line, or nobody wants it.
func (s *Service) gathers(ctx context.Context, level slog.Level, message string, attributes []slog.Attr) bool {
	if s.lines == nil {
		return false
	}
	if !s.config.Logger.Enabled(ctx, level) {
		return true
	}
	record := slog.NewRecord(time.Now(), level, message, 0)
	record.AddAttrs(attributes...)
	return s.lines.addRecord(record)
}

// report writes a line of the service itself: of its start, its stop, its registry, its tasks. It goes on after logWait
// though the line is not written: a service stops whatever its log does.
func (s *Service) report(ctx context.Context, level slog.Level, message string, attributes ...slog.Attr) {
	if s.gathers(ctx, level, message, attributes) || !s.config.Logger.Enabled(ctx, level) {
		return
	}
	s.reports.add(func(lost int) {
		if lost > 0 {
			attributes = append(attributes, slog.Int("lost", lost))
		}
		s.config.Logger.LogAttrs(ctx, level, message, attributes...) //nolint:sloglint // the callers' messages are constants
	})
}
