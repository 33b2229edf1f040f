package plan

import (
	"fmt"
	"strings"
)

// foreign says why a regular expression of Go, which compiles, would be wrong or mean something else as one of
// ECMA-262 with Unicode, which is what JSON Schema has patterns in. What is left means the same in both, but for the
// dot and \s: there the dot leaves out \r, U+2028 and U+2029 besides \n, and \s takes all white space of Unicode.
func foreign(pattern string) (why string) {
	inClass := false
	for at := 0; at < len(pattern) && why == ""; {
		rest := pattern[at:]
		length := 1
		switch letter := rest[0]; {
		case letter == '\\':
			length, why = foreignEscape(rest, inClass)
		case inClass:
			inClass = letter != ']'
			if strings.HasPrefix(rest, "[:") {
				why = "it knows no classes such as [:alpha:]"
			}
		case letter == '[':
			inClass = true
			if strings.HasPrefix(strings.TrimPrefix(rest[1:], "^"), "]") {
				why = `write \] for ] at the beginning of a class`
			}
		case strings.HasPrefix(rest, "(?") && !strings.HasPrefix(rest, "(?:"):
			why = "it knows no groups with flags or Go's names: use (…) or (?:…)"
		case letter == '{' && repetition(rest) > 0:
			length = repetition(rest)
		case letter == '{' || letter == '}' || letter == ']':
			why = fmt.Sprintf(`write \%c for a %c that stands for itself`, letter, letter)
		}
		isAssertion := !inClass && (rest[:length] == "^" || rest[:length] == "$" || rest[:length] == `\b` || rest[:length] == `\B`)
		if next := rest[length:]; isAssertion && next != "" && (strings.ContainsRune("*+?", rune(next[0])) || repetition(next) > 0) {
			why = fmt.Sprintf("it does not repeat %s", rest[:length])
		}
		at += length
	}
	return why
}

// foreignEscape returns the length of the escape that text begins with, and what is wrong with it. An expression that
// compiles does not end in a backslash.
func foreignEscape(text string, inClass bool) (length int, why string) {
	const (
		syntax = `^$\.*+?()[]{}|/` // and these are all that may be escaped to stand for themselves
		shared = "dDwWsSbBnrtfvx"
	)
	letter := text[1]
	switch {
	case letter == 'p' || letter == 'P':
		name, _, _ := strings.Cut(strings.TrimPrefix(text[2:], "{"), "}")
		if text[2] != '{' || len(name) > 2 || name[0] == '^' {
			return 2, `write \p{…} and \P{…} with the one or two letters of a general category`
		}
		return len(`\p{}`) + len(name), ""
	case letter == 'x' && text[2] == '{':
		return 2, `write the character itself for \x{…}`
	case letter == '-' && inClass:
	case letter == 'b' && inClass, !strings.ContainsRune(syntax+shared, rune(letter)):
		return 2, fmt.Sprintf(`it knows no \%c there`, letter)
	}
	return 2, ""
}

// repetition returns the length of the {n}, {n,} or {n,m} that text begins with, or 0.
func repetition(text string) int {
	inside, _, closed := strings.Cut(text, "}")
	low, high, _ := strings.Cut(strings.TrimPrefix(inside, "{"), ",")
	if !closed || !strings.HasPrefix(inside, "{") || low == "" || strings.Trim(low+high, "0123456789") != "" {
		return 0
	}
	return len(inside) + 1
}
