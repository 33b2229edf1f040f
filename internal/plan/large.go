package plan

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// largeBound bounds the text of a type of the standard library that does more than a text of that length should ask for.
type largeBound struct {
	length   int // bytes of the text
	exponent int // the largest one in the text, either way; 0 for types that have none
}

// larges are the types whose text is bounded before they get it. Reading a number takes time with the square of its
// digits, and memory with its exponent: 1 MiB of digits took 1.2 s, and "1e999999" 15 ms and half a mebibyte. They are
// bounded rather than refused, since they are the right types for money, fractions and keys, which are far smaller.
// By their names, which saves the import of packages that nothing else here needs.
var larges = map[string]*largeBound{
	"math/big.Int":    {length: 4096},
	"math/big.Rat":    {length: 4096, exponent: 4096},
	"math/big.Float":  {length: 4096, exponent: 4096},
	"crypto/x509.OID": {length: 1024},
}

var regularExpression = reflect.TypeFor[regexp.Regexp]()

const noRegexp = "lets callers choose how much memory and time an expression takes: use a string, and compile it within " +
	"bounds of your own"

// largeOf returns the bound for the text of t in params, nil if there is none.
func (c *compiler) largeOf(t reflect.Type) *largeBound {
	if c.emits {
		return nil
	}
	return largeOf(t)
}

// largeOf returns the bound of t. A struct has the methods of what is embedded in it.
func largeOf(t reflect.Type) *largeBound {
	if bound := larges[t.PkgPath()+"."+t.Name()]; bound != nil || t.Kind() != reflect.Struct {
		return bound
	}
	for f := range t.Fields() {
		if f.Anonymous {
			if bound := largeOf(indirect(f.Type)); bound != nil {
				return bound
			}
		}
	}
	return nil
}

// spareWords is, in bytes, the room that package math/big makes in a number for words that it has not got yet.
const spareWords = 64

// check says what is wrong with the value src[at:end], and else how much memory it asks for.
func (l *largeBound) check(src []byte, at, end int) (bytes int, faults []Fault) {
	text := src[at:end]
	if begins(src, at, '"') {
		_, plain := stringEnd(src, at)
		text = stringText(src, at, end, plain)
	}
	if len(text) > l.length {
		return 0, []Fault{{
			Rule: MaxLength, Expected: "at most " + plural(l.length, "character"), Got: cut(src[at:end], maxText),
		}}
	}
	power := 0
	if l.exponent > 0 {
		power = power10or2(string(text))
	}
	if power > l.exponent {
		return 0, []Fault{{
			Rule: Range, Expected: fmt.Sprintf("number with an exponent from -%d to %d", l.exponent, l.exponent),
			Got: cut(src[at:end], maxText),
		}}
	}
	return spareWords + len(text) + power, nil
}

// power10or2 returns the magnitude of the exponent of a number as package math/big reads it, of ten behind an e or of two
// behind a p. An e of a number in base 16 is a digit.
func power10or2(text string) int {
	marks := "eEpP"
	if digits := strings.TrimLeft(text, "+-"); len(digits) > 1 && digits[0] == '0' && digits[1]|0x20 == 'x' {
		marks = "pP"
	}
	at := strings.IndexAny(text, marks)
	if at < 0 {
		return 0
	}
	const most = 1 << 20 // what no text of the length that is taken comes to by itself
	power := 0
	for _, digit := range []byte(text[at+1:]) {
		if isDigit(digit) {
			power = min(power*10+int(digit-'0'), most)
		}
	}
	return power
}
