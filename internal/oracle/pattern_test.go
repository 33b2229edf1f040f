package oracle_test

import (
	"math/rand/v2"
	"regexp/syntax"
	"strings"
)

// matching returns a text that the pattern matches.
func matching(random *rand.Rand, pattern string) string {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		panic(err)
	}
	var b strings.Builder
	match(&b, random, parsed)
	return b.String()
}

func match(b *strings.Builder, random *rand.Rand, r *syntax.Regexp) {
	repeat := func(least, most int) {
		for range least + random.IntN(most-least+1) {
			match(b, random, r.Sub[0])
		}
	}
	switch r.Op {
	case syntax.OpLiteral:
		b.WriteString(string(r.Rune))
	case syntax.OpCharClass:
		i := random.IntN(len(r.Rune)/2) * 2
		b.WriteRune(r.Rune[i] + random.Int32N(r.Rune[i+1]-r.Rune[i]+1))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteRune(pick(random, []rune("ab1é😀\r\u2028")))
	case syntax.OpStar:
		repeat(0, 3)
	case syntax.OpPlus:
		repeat(1, 3)
	case syntax.OpQuest:
		repeat(0, 1)
	case syntax.OpRepeat:
		most := r.Max
		if most < 0 {
			most = r.Min + 3
		}
		repeat(r.Min, most)
	case syntax.OpCapture:
		match(b, random, r.Sub[0])
	case syntax.OpConcat:
		for _, part := range r.Sub {
			match(b, random, part)
		}
	case syntax.OpAlternate:
		match(b, random, pick(random, r.Sub))
	}
}
