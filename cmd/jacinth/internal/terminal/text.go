package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Clean returns text that came from elsewhere with all that a terminal would obey instead of show made visible, as
// \u001b: control characters, and those that turn the direction of what follows. Line feeds and tabs stay.
func Clean(text string) string {
	if utf8.ValidString(text) && strings.IndexFunc(text, isObeyed) < 0 {
		return text
	}
	var out strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, text[0])
		case isObeyed(r):
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
		text = text[size:]
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
	end := 0
	for at, r := range text {
		if columns(text[:at]+string(r)) > most-1 {
			break
		}
		end = at + utf8.RuneLen(r)
	}
	return strings.TrimRight(text[:end], " ") + "…"
}

// isObeyed reports whether a terminal does what r says, where it should show it: C0 and C1 controls and DEL (ECMA-48),
// and the controls of bidirectional text (UAX 9), which make a line read as something that it is not.
func isObeyed(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20 || 0x7f <= r && r <= 0x9f:
		return true
	}
	return r == 0x061c || r == 0x200e || r == 0x200f || 0x2028 <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069
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

// columns is how wide text is shown: two for the letters of East Asia that UAX 11 calls wide, and none for marks that
// stand above others.
func columns(text string) int {
	count := 0
	for _, r := range text {
		switch {
		case r < 0x300:
			count++
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case isWide(r):
			count += 2
		default:
			count++
		}
	}
	return count
}

func isWide(r rune) bool {
	kind := width.LookupRune(r).Kind()
	return kind == width.EastAsianWide || kind == width.EastAsianFullwidth
}
