package jacinth_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
)

// records is a slog.Handler that keeps what it is given, as text.
type records struct {
	mu   sync.Mutex
	list []logLine
}

// logLine is one line of a log.
type logLine struct {
	level      slog.Level
	message    string
	attributes map[string]string
}

func (r *records) Enabled(context.Context, slog.Level) bool { return true }
func (r *records) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *records) WithGroup(string) slog.Handler            { return r }

func (r *records) Handle(_ context.Context, line slog.Record) error {
	attributes := map[string]string{}
	line.Attrs(func(a slog.Attr) bool {
		attributes[a.Key] = a.Value.String()
		return true
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, logLine{level: line.Level, message: line.Message, attributes: attributes})
	return nil
}

// take returns the lines so far and forgets them.
func (r *records) take() []logLine {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list = nil
	return list
}

// count says how many lines have that message.
func (r *records) count(message string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	count := 0
	for _, line := range r.list {
		if line.message == message {
			count++
		}
	}
	return count
}

// text is everything that the lines hold.
func (r *records) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var text strings.Builder
	for _, line := range r.list {
		text.WriteString(line.message)
		for key, value := range line.attributes {
			text.WriteString(" " + key + "=" + value)
		}
		text.WriteString("\n")
	}
	return text.String()
}

// newLogger writes into a handler and, beside it, through those of slog, which must cope with the same lines.
func newLogger(r *records) *slog.Logger {
	var text, json strings.Builder
	return slog.New(slog.NewMultiHandler(r, slog.NewTextHandler(&text, nil), slog.NewJSONHandler(&json, nil)))
}
