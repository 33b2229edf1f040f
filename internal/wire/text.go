package wire

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Unquote appends the text that a JSON string stands for to dst, its escapes resolved, and returns the extended
// slice. raw is the string as it was scanned, quotes included; of anything else it makes some text or other. What it
// appends is never longer than raw.
func Unquote(dst, raw []byte) []byte {
	if len(raw) < 2 {
		return dst
	}
	text := raw[1 : len(raw)-1]
	for {
		backslash := bytes.IndexByte(text, '\\')
		if backslash < 0 || backslash+1 == len(text) {
			return append(dst, text...)
		}
		dst = append(dst, text[:backslash]...)
		dst, text = unescape(dst, text[backslash:])
	}
}

// unescape appends what the escape that text begins with stands for, and returns what follows it.
func unescape(dst, text []byte) (appended, rest []byte) {
	letter, rest := text[1], text[2:]
	switch letter {
	case 'b':
		letter = '\b'
	case 'f':
		letter = '\f'
	case 'n':
		letter = '\n'
	case 'r':
		letter = '\r'
	case 't':
		letter = '\t'
	case 'u':
		char, digits := hexadecimal(rest)
		rest = rest[digits:]
		if isSurrogate(char) && len(rest) >= 2 {
			low, digits := hexadecimal(rest[2:])
			char, rest = utf16.DecodeRune(char, low), rest[2+digits:]
		}
		return utf8.AppendRune(dst, char), rest
	}
	return append(dst, letter), rest
}

// hexadecimal reads up to four hexadecimal digits from the beginning of text, and says how many there are.
func hexadecimal(text []byte) (number rune, digits int) {
	for _, c := range text[:min(len(text), 4)] {
		switch {
		case '0' <= c && c <= '9':
			number = number<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			number = number<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			number = number<<4 | rune(c-'A'+10)
		default:
			return number, digits
		}
		digits++
	}
	return number, digits
}

// isSurrogate reports whether a code unit of UTF-16 is one half of a character.
func isSurrogate(unit rune) bool { return 0xD800 <= unit && unit <= 0xDFFF }

// isLowSurrogate reports whether a code unit of UTF-16 is the second half of a character.
func isLowSurrogate(unit rune) bool { return 0xDC00 <= unit && unit <= 0xDFFF }

// AppendString appends text to dst as a JSON string, quotes included, and returns the extended slice. Each byte that is
// not UTF-8 becomes U+FFFD, so that what it appends is always valid. Control characters are escaped, and with them
// U+2028 and U+2029, which end a line in older JavaScript. The characters <, > and & are not: the text is for
// programs, and a page that shows it escapes it by its own rules.
func AppendString(dst []byte, text string) []byte {
	dst = append(dst, '"')
	done := 0 // text[:done] is in dst
	for at, char := range text {
		size := 1
		switch {
		case char < utf8.RuneSelf && plain[char]:
			continue
		case char == '\u2028' || char == '\u2029':
			size = len("\u2028")
		case char == utf8.RuneError && !strings.HasPrefix(text[at:], "\uFFFD"):
			// A byte that is not UTF-8.
		case char >= utf8.RuneSelf:
			continue
		}
		dst = append(dst, text[done:at]...)
		dst = appendEscape(dst, char)
		done = at + size
	}
	dst = append(dst, text[done:]...)
	return append(dst, '"')
}

// appendEscape appends what stands in a string for a character that cannot stand there itself.
func appendEscape(dst []byte, char rune) []byte {
	const digits = "0123456789abcdef"
	switch char {
	case '"', '\\':
		return append(dst, '\\', byte(char))
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	case utf8.RuneError:
		return append(dst, "\uFFFD"...)
	}
	return append(dst, '\\', 'u', digits[char>>12&15], digits[char>>8&15], digits[char>>4&15], digits[char&15])
}
