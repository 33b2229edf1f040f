package jacinth

import (
	"bytes"
	"context"
	"log/slog"
	"strconv"
	"time"
	"unicode/utf8"
)

// entry is what the log tells of a body and its requests.
type entry struct {
	at       time.Time
	method   string // of a single request
	batch    int    // requests of a batch, 0 for a single one
	failed   int    // of them
	code     Code
	duration time.Duration
	address  string
	caller   string
	reason   error // why access was denied
}

// record is the entry for a log of the user's.
func (e *entry) record() slog.Record {
	var room [8]slog.Attr
	attributes := append(room[:0],
		slog.String("method", e.method),
		slog.Int("code", int(e.code)),
		slog.Duration("duration", e.duration),
		slog.String("address", e.address))
	if e.batch > 0 {
		attributes[0] = slog.Int("batch", e.batch)
		attributes = append(attributes, slog.Int("failed", e.failed))
	}
	if e.caller != "" {
		attributes = append(attributes, slog.String("caller", e.caller))
	}
	if e.reason != nil {
		attributes = append(attributes, slog.Any("reason", e.reason))
	}
	// Not by a Logger, which looks for the line of source that logs and asks for the time once more.
	record := slog.NewRecord(e.at, slog.LevelInfo, "request", 0)
	record.AddAttrs(attributes...)
	return record
}

// isPlain reports whether append writes the line as package slog does, which looks at each character beyond ASCII and
// knows how errors are written.
func (e *entry) isPlain() bool { return e.reason == nil && isASCII(e.address) && isASCII(e.caller) }

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// append appends the line without the time.
func (e *entry) append(text []byte) []byte {
	text = append(text, "INFO request "...)
	if e.batch > 0 {
		text = strconv.AppendInt(append(text, "batch="...), int64(e.batch), 10)
	} else {
		text = append(append(text, "method="...), e.method...)
	}
	text = strconv.AppendInt(append(text, " code="...), int64(e.code), 10)
	text = append(append(text, " duration="...), e.duration.String()...)
	text = appendValue(append(text, " address="...), e.address)
	if e.batch > 0 {
		text = strconv.AppendInt(append(text, " failed="...), int64(e.failed), 10)
	}
	if e.caller != "" {
		text = appendValue(append(text, " caller="...), e.caller)
	}
	return append(text, '\n')
}

// appendValue appends a text in ASCII, in quotes where package slog has them.
func appendValue(dst []byte, text string) []byte {
	quoted := text == ""
	for i := range len(text) {
		c := text[i]
		quoted = quoted || c <= ' ' || c == '"' || c == '='
	}
	if quoted {
		return strconv.AppendQuote(dst, text)
	}
	return append(dst, text...)
}

// appendRecord appends any line as the log of Go writes it, without the time. What its attributes look like is left to
// package slog, by the one handler of it that writes them the same way and lets a line begin otherwise.
func appendRecord(text []byte, record slog.Record) []byte {
	text = append(append(append(text, record.Level.String()...), ' '), record.Message...)
	var attributes bytes.Buffer
	handler := slog.NewTextHandler(&attributes, &slog.HandlerOptions{Level: record.Level, ReplaceAttr: withoutBeginning})
	_ = handler.Handle(context.Background(), record) // to a buffer
	if attributes.Len() > 1 {
		text = append(text, ' ')
	}
	return append(text, attributes.Bytes()...)
}

// withoutBeginning drops what a line begins with. None of ours has an attribute of such a name.
func withoutBeginning(groups []string, attribute slog.Attr) slog.Attr {
	if len(groups) == 0 {
		switch attribute.Key {
		case slog.TimeKey, slog.LevelKey, slog.MessageKey:
			return slog.Attr{}
		}
	}
	return attribute
}
