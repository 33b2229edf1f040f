package terminal

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Clean returns text that came from elsewhere with all that a terminal would obey instead of show made visible, as
// \u001b: control characters, and those that turn the direction of what follows. Line feeds and tabs stay.
func Clean(text string) string {
	harmless := true
	for _, r := range text {
		if !shown(r) {
			harmless = false
			break
		}
	}
	if harmless {
		return text
	}
	var out strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && text[i] != '\xef': // a byte that is no UTF-8, not the replacement character itself
			fmt.Fprintf(&out, `\x%02x`, text[i])
		case shown(r):
			out.WriteRune(r)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// Line returns text cleaned and in one line, with single spaces.
func Line(text string) string { return Clean(strings.Join(strings.Fields(text), " ")) }

// Short returns text in one line as [Line] does, and cut with … where it is wider than so many columns.
func Short(text string, most int) string {
	text = Line(text)
	if columns(text) <= most {
		return text
	}
	runes := []rune(text)
	return strings.TrimRight(string(runes[:most-1]), " ") + "…"
}

// shown reports whether a terminal shows r. What it obeys are C0 and C1 controls and DEL (ECMA-48), and the controls of
// bidirectional text (UAX 9), which make a line read as something that it is not.
func shown(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return true
	case r < 0x20 || 0x7f <= r && r <= 0x9f:
		return false
	case r == 0x061c, r == 0x200e, r == 0x200f, 0x2028 <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069:
		return false
	}
	return r != utf8.RuneError
}

// Wrap breaks text into lines of at most width columns where it has spaces; a word that is longer has a line of its
// own. Lines that are there already stay. A width of 0 breaks nothing.
func Wrap(text string, width int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		if width <= 0 || columns(paragraph) <= width {
			lines = append(lines, paragraph)
			continue
		}
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			switch {
			case line == "":
				line = word
			case columns(line)+1+columns(word) <= width:
				line += " " + word
			default:
				lines = append(lines, line)
				line = word
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// columns is how wide text is shown.
func columns(text string) int { return utf8.RuneCountInString(text) }
