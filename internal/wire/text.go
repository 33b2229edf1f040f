package wire

import (
	"bytes"
	"math/bits"
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

// plain holds the bytes that stand for themselves in a string: all of ASCII but quotes, backslashes and controls.
var plain = func() (set [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		set[c] = c != '"' && c != '\\'
	}
	return set
}()

// PlainEnd returns the position of the first byte of text at or after at that is not plain, or the end of text: the
// plain ones stand for themselves in a string, and are all of ASCII but quotes, backslashes and control characters.
// It looks at eight bytes at a time, since text is most of what services read and write.
func PlainEnd[T []byte | string](text T, at int) int {
	for ; at+8 <= len(text); at += 8 {
		if others := notPlain(eightBytes(text[at : at+8])); others != 0 {
			return at + bits.TrailingZeros64(others)/8
		}
	}
	for at < len(text) && plain[text[at]] {
		at++
	}
	return at
}

// eightBytes returns the eight bytes of text, the first in the lowest bits.
func eightBytes[T []byte | string](text T) uint64 {
	_ = text[7]
	return uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
}

// notPlain sets the highest bit of the first of eight bytes that is not plain, and none below: each subtraction sets it
// where it is of less than it takes away. What is above it can be wrong, since the subtractions borrow from there.
func notPlain(eight uint64) uint64 {
	const each, highest = 0x0101010101010101, 0x8080808080808080
	quote, backslash := eight^each*'"', eight^each*'\\'
	return (eight | (eight - each*' ') | (quote - each) | (backslash - each)) & highest
}

// AppendString appends text to dst as a JSON string, quotes included, and returns the extended slice. Each byte that is
// not UTF-8 becomes U+FFFD, so that what it appends is always valid. Control characters are escaped, and with them
// U+2028 and U+2029, which end a line in older JavaScript. The characters <, > and & are not: the text is for
// programs, and a page that shows it escapes it by its own rules.
func AppendString(dst []byte, text string) []byte {
	dst = append(dst, '"')
	done := 0 // text[:done] is in dst
	for at := PlainEnd(text, 0); at < len(text); {
		char, size := utf8.DecodeRuneInString(text[at:])
		if char < utf8.RuneSelf || char == '\u2028' || char == '\u2029' || char == utf8.RuneError && size == 1 {
			dst = append(dst, text[done:at]...)
			dst = appendEscape(dst, char)
			done = at + size
		}
		if at += size; at < len(text) && text[at] < utf8.RuneSelf {
			at = PlainEnd(text, at)
		}
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
