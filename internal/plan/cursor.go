package plan

import (
	"unicode/utf16"
	"unicode/utf8"
)

// The functions of this file walk over JSON that a scanner has already found valid. They take a position and return
// the next one. On bytes that are not JSON they answer something, stay inside the slice, and always move on.

// space returns the position of the first byte at or after at that is not white space.
func space(src []byte, at int) int {
	for at < len(src) && (src[at] == ' ' || src[at] == '\n' || src[at] == '\t' || src[at] == '\r') {
		at++
	}
	return at
}

// next returns the position of the member or element that follows the one that ended at at, or of the bracket that
// ends them all.
func next(src []byte, at int) int {
	at = space(src, at)
	if at < len(src) && src[at] == ',' {
		at = space(src, at+1)
	}
	return at
}

// behindColon returns the position of the member value whose name ended at at.
func behindColon(src []byte, at int) int {
	at = space(src, at)
	if at < len(src) && src[at] == ':' {
		at = space(src, at+1)
	}
	return at
}

// begins reports whether the value at at begins with the byte first.
func begins(src []byte, at int, first byte) bool {
	return at < len(src) && src[at] == first
}

// literal reports whether the value at at is the literal word, null, true or false, and where it ends.
func literal(src []byte, at int, word string) (end int, is bool) {
	if len(src)-at < len(word) {
		return at, false
	}
	return at + len(word), string(src[at:at+len(word)]) == word
}

// skip returns the position behind the value that starts at at.
func skip(src []byte, at int) int {
	depth := 0
	for at < len(src) {
		switch src[at] {
		case '"':
			at, _ = stringEnd(src, at)
		case '{', '[':
			depth++
			at++
		case '}', ']':
			depth--
			at++
		case ' ', '\n', '\t', '\r', ',', ':':
			at++
			continue
		default:
			at = wordEnd(src, at+1)
		}
		if depth <= 0 {
			return at
		}
	}
	return len(src)
}

// wordEnd returns the position behind the number or literal that at is in.
func wordEnd(src []byte, at int) int {
	for at < len(src) {
		switch src[at] {
		case ' ', '\n', '\t', '\r', ',', ':', '{', '}', '[', ']', '"':
			return at
		}
		at++
	}
	return at
}

// stringEnd returns the position behind the string whose opening quote is at at, and whether the string is plain:
// without escapes, so that its text stands between the quotes as it is.
func stringEnd(src []byte, at int) (end int, plain bool) {
	plain = true
	for at++; at < len(src); at++ {
		switch src[at] {
		case '"':
			return at + 1, plain
		case '\\':
			plain = false
			at++
		}
	}
	return len(src), plain
}

// between returns what stands between the quotes of the string src[at:end].
func between(src []byte, at, end int) []byte {
	if end-at < 2 {
		return nil
	}
	return src[at+1 : end-1]
}

// stringText returns the text of the string src[at:end]: a part of src when it is plain, else a fresh slice.
func stringText(src []byte, at, end int, plain bool) []byte {
	raw := between(src, at, end)
	if plain {
		return raw
	}
	return appendUnescaped(make([]byte, 0, len(raw)), raw)
}

// appendUnescaped appends raw, the inside of a string, with its escapes resolved and its surrogate pairs joined.
func appendUnescaped(dst, raw []byte) []byte {
	for at := 0; at < len(raw); {
		if raw[at] != '\\' {
			dst = append(dst, raw[at])
			at++
			continue
		}
		if at+1 == len(raw) {
			break
		}
		switch letter := raw[at+1]; letter {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			unit := codeUnit(raw, at)
			if utf16.IsSurrogate(unit) {
				unit = utf16.DecodeRune(unit, codeUnit(raw, at+6))
				at += 6
			}
			dst = utf8.AppendRune(dst, unit)
			at += 4
		default: // a quote, a backslash or a slash stands for itself
			dst = append(dst, letter)
		}
		at += 2
	}
	return dst
}

// codeUnit returns the UTF-16 code unit of the escape \uXXXX at at.
func codeUnit(raw []byte, at int) rune {
	if len(raw)-at < 6 || raw[at] != '\\' || raw[at+1] != 'u' {
		return utf8.RuneError
	}
	var unit rune
	for _, digit := range raw[at+2 : at+6] {
		switch {
		case '0' <= digit && digit <= '9':
			unit = unit<<4 | rune(digit-'0')
		case 'a' <= digit|0x20 && digit|0x20 <= 'f':
			unit = unit<<4 | rune(digit|0x20-'a'+10)
		default:
			return utf8.RuneError
		}
	}
	return unit
}
