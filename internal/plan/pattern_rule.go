package plan

import (
	"fmt"
	"io"
	"reflect"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

// A pattern takes time with the length of the text and, at worst, with its own size for each character of that: a step
// for each instruction that it is compiled to takes a few nanoseconds.
const (
	// maxInstructions is the largest pattern that is taken.
	maxInstructions = 1024
	// maxSteps is what a pattern may have to do about one text: a few tenths of a second at worst. It bounds the length
	// of the text.
	maxSteps = 64 << 20
	// longText is the length of text that nobody needs to bound by a pattern: that of a body, as a rule.
	longText = 1 << 20
	// quickSteps are too few to look at the time meanwhile.
	quickSteps = 4 << 20
	// stepsOfWork are as much work as a small value.
	stepsOfWork = 16
)

// newPattern makes the rule pattern.
func newPattern(text string, kind subject) (r rule, why string) {
	pattern, err := regexp.Compile(text)
	if err != nil {
		return r, "which is no regular expression: " + err.Error()
	}
	if why := foreign(text); why != "" {
		return r, "which means something else to JSON Schema, or nothing: " + why
	}
	size := instructions(text)
	read := reader(kind)
	return rule{
		name: Pattern, expected: "text that matches " + cut(text, maxExpected), dear: true, size: size,
		holds: func(f found) bool {
			text := read(f)
			if len(text)*size <= quickSteps {
				return f.budget.work(1+len(text)*size/stepsOfWork) && pattern.MatchString(text)
			}
			return pattern.MatchReader(&watched{text: text, size: size, budget: f.budget}) && !f.budget.over()
		},
		show: func(schema *openrpc.Schema) { schema.Pattern = text },
	}, ""
}

// boundPattern adds the rule maxLength where the tag has a pattern that takes long, and says nothing of length. When the
// pattern takes too long, why says so.
func boundPattern(rules []rule, tag reflect.StructTag, s shape) (bounded []rule, why string) {
	at := slices.IndexFunc(rules, func(r rule) bool { return r.name == Pattern })
	if at < 0 {
		return rules, ""
	}
	size := rules[at].size
	longest := maxSteps / size
	if size > maxInstructions {
		return nil, fmt.Sprintf("has the tag pattern:%q, which is %d instructions and may be %d: say lengths by minLength and "+
			"maxLength, and leave the rest to a Validate method", tag.Get(Pattern), size, maxInstructions)
	}
	if longest >= longText {
		return rules, ""
	}
	text, said := tag.Lookup(MaxLength)
	if !said {
		r, _ := newLength(MaxLength, strconv.Itoa(longest), subjectOf(s))
		return append(rules, r), ""
	}
	if most, _ := readCount(text); most > longest {
		return nil, fmt.Sprintf("has the tag pattern:%q, which takes too long for %s: set maxLength to %d or less",
			tag.Get(Pattern), plural(most, "character"), longest)
	}
	return rules, ""
}

// instructions is the size of the program that package regexp makes of an expression, which compiles.
func instructions(expression string) int {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return 1
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 1
	}
	return len(program.Inst)
}

// watched is a text that ends when the budget does, for a pattern that takes its time.
type watched struct {
	text   string
	at     int
	size   int // of the pattern
	budget *Budget
}

// ReadRune makes it an [io.RuneReader].
func (w *watched) ReadRune() (letter rune, length int, err error) {
	if w.at == len(w.text) || !w.budget.work(1+w.size/stepsOfWork) {
		return 0, 0, io.EOF
	}
	letter, length = utf8.DecodeRuneInString(w.text[w.at:])
	w.at += length
	return letter, length, nil
}
