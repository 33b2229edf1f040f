package gen

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// describe joins a summary and a description into the lines of a comment. One that begins with the other is enough.
func describe(summary, description string) []string {
	switch {
	case description == "" || strings.HasPrefix(summary, description):
		description = summary
	case summary != "" && !strings.HasPrefix(description, summary):
		description = summary + "\n\n" + description
	}
	return lines(description)
}

// commentWidth is how long a line of a comment may get.
const commentWidth = 110

// lines takes text apart into lines that can stand in a comment of any language: what ends a line somewhere ends it
// everywhere, and what cannot be seen, or turns the direction of what follows, is written as an escape.
func lines(text string) []string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n", "\v", "\n", "\f", "\n",
		"\t", "    ").Replace(strings.ToValidUTF8(text, "\ufffd"))
	var all []string
	for line := range strings.SplitSeq(text, "\n") {
		all = append(all, wrap(strings.TrimRight(visible(line), " "))...)
	}
	for len(all) > 0 && all[0] == "" {
		all = all[1:]
	}
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

// line returns text in one line of a comment.
func line(text string) string {
	return strings.Join(strings.Fields(strings.Join(lines(text), " ")), " ")
}

// visible writes what cannot be seen as escapes.
func visible(text string) string {
	var out strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, `\u{%x}`, r)
		}
	}
	return out.String()
}

// wrap breaks a line that is too long where it has spaces.
func wrap(text string) []string {
	indent := text[:len(text)-len(strings.TrimLeft(text, " "))]
	var broken []string
	for utf8.RuneCountInString(text) > commentWidth {
		end := strings.LastIndexByte(text[:commentWidth], ' ')
		if end <= len(indent) {
			break
		}
		broken = append(broken, text[:end])
		text = indent + strings.TrimLeft(text[end:], " ")
	}
	return append(broken, text)
}

// withDefault adds to the comment of a field what is meant when it is left out.
func (f *field) withDefault() []string {
	if f.otherwise == nil || f.required {
		return f.doc
	}
	value := string(f.otherwise)
	if len(value) > maxLiteral {
		return f.doc
	}
	return append(append([]string(nil), f.doc...), "Left out, it is "+line(value)+".")
}

// maxLiteral is how long a value may be that a comment repeats.
const maxLiteral = 80

// textOf returns the text of a JSON string.
func textOf(value json.RawMessage) (text string, ok bool) {
	if len(value) == 0 || value[0] != '"' {
		return "", false
	}
	return text, json.Unmarshal(value, &text) == nil
}

// areTexts reports whether all values are strings.
func areTexts(values []json.RawMessage) bool {
	for _, value := range values {
		if _, ok := textOf(value); !ok {
			return false
		}
	}
	return true
}

// areIntegers reports whether all values are integers written as such, which fit 64 bits.
func areIntegers(values []json.RawMessage) bool {
	for _, value := range values {
		var number int64
		if json.Unmarshal(value, &number) != nil {
			return false
		}
	}
	return true
}

// writer collects the lines of a generated file.
type writer struct {
	out    strings.Builder
	indent string // of every line
	unit   string // of indentation
}

// line writes a line. Without arguments, format is written as it is.
func (w *writer) line(format string, args ...any) {
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	if text != "" {
		w.out.WriteString(w.indent)
		w.out.WriteString(text)
	}
	w.out.WriteByte('\n')
}

// in indents what inner writes.
func (w *writer) in(inner func()) {
	before := w.indent
	w.indent += w.unit
	inner()
	w.indent = before
}
