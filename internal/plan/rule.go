package plan

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

// A rule is what a tag asks of a value beside its type. It means what the keyword of JSON Schema with its name means.
type rule struct {
	name     string                                // of the tag, and of the faults
	expected string                                // in the words of [Fault.Expected]
	holds    func(found) bool                      // nil when it is for readers only
	show     func(*openrpc.Schema)                 // adds the rule to the schema of the type
	dear     bool                                  // it takes more than a glance, and is for values that keep the others
	limit    string                                // of min and max
	items    int                                   // of minItems, for examples
	size     int                                   // of a pattern, in instructions
	adapt    func(json.RawMessage) json.RawMessage // makes an example keep the rule, as far as that is easy
}

// found is a value that has been decoded, with the JSON that it was decoded from.
type found struct {
	value  reflect.Value
	raw    []byte
	budget *Budget
}

// text is the text of a value that is a string in JSON.
func (f found) text() string {
	end, plain := stringEnd(f.raw, 0)
	return string(stringText(f.raw, 0, end, plain))
}

// breaks is the fault of a value that breaks r.
func (f found) breaks(r *rule) Fault {
	return Fault{Rule: r.name, Expected: r.expected, Got: cut(f.raw, maxText)}
}

// valueRules are the tags of single values, listRules those of lists.
var (
	valueRules = []string{Enum, Min, Max, MinLength, MaxLength, Pattern, Format}
	listRules  = []string{MinItems, MaxItems}
)

// ruleTags returns which of the tags names has.
func ruleTags(tag reflect.StructTag, names []string) []string {
	var has []string
	for _, name := range names {
		if _, ok := tag.Lookup(name); ok {
			has = append(has, name)
		}
	}
	return has
}

// fieldTags returns which tags it has that only a member can have.
func fieldTags(tag reflect.StructTag) []string {
	return ruleTags(tag, slices.Concat([]string{"default"}, valueRules, listRules))
}

// misspelt returns a key of the tag that would be one of ours if it were written in other letters, and what it should
// be. Such a key does nothing, which its author would not notice.
func misspelt(tag reflect.StructTag) (key, meant string) {
	for _, name := range slices.Concat(valueRules, listRules, []string{"default", "doc"}) {
		for rest := string(tag); rest != ""; {
			var value string
			if key, value, _ = strings.Cut(strings.TrimLeft(rest, " "), ":"); value == "" {
				break
			}
			quoted, err := strconv.QuotedPrefix(value)
			if err != nil {
				break
			}
			rest = value[len(quoted):]
			if key != name && strings.EqualFold(strings.ReplaceAll(key, "_", ""), name) {
				return key, name
			}
		}
	}
	return "", ""
}

// newValueRules makes the rules that the tag has for values of the shape s, which are of the Go type t. When one cannot
// be, why says so.
func newValueRules(tag reflect.StructTag, s shape, t reflect.Type) (rules []rule, why string) {
	kind := subjectOf(s)
	for _, name := range ruleTags(tag, valueRules) {
		text := tag.Get(name)
		var r rule
		switch {
		case name == Enum:
			continue // last, because its values must keep the other rules
		case name == Min || name == Max:
			r, why = newBound(name, text, s, kind)
		case kind != texts && kind != namedTexts:
			why = "which is for strings"
		case name == MinLength || name == MaxLength:
			r, why = newLength(name, text, kind)
		case name == Pattern:
			r, why = newPattern(text, kind)
		default:
			r, why = newFormat(text, kind)
		}
		if why != "" {
			return nil, fmt.Sprintf("has the tag %s:%q, %s", name, text, why)
		}
		rules = append(rules, r)
	}
	if why = inOrder(tag, Min, Max); why == "" {
		why = inOrder(tag, MinLength, MaxLength)
	}
	if text, has := tag.Lookup(Enum); has && why == "" {
		var r rule
		if r, why = newEnum(text, s, t, rules); why != "" {
			return nil, fmt.Sprintf("has the tag enum:%q, %s", text, why)
		}
		rules = append(rules, r)
	}
	return rules, why
}

// inOrder says what is wrong when the tags set a least value above the most.
func inOrder(tag reflect.StructTag, least, most string) (why string) {
	low, hasLow := tag.Lookup(least)
	high, hasHigh := tag.Lookup(most)
	if hasLow && hasHigh && compareNumbers([]byte(low), []byte(high)) > 0 {
		return fmt.Sprintf("has the tags %s:%q and %s:%q, which no value keeps both of", least, low, most, high)
	}
	return ""
}

// A subject is what rules may be about.
type subject int

const (
	others     subject = iota
	numbers            // integers and floats
	texts              // strings
	namedTexts         // types that are strings in JSON and decode themselves
	instants           // time.Time
	encoded            // strings that hold bytes or a number
)

func subjectOf(s shape) subject {
	switch s := s.(type) {
	case *integerShape, *unsignedShape, *floatShape:
		return numbers
	case stringShape:
		return texts
	case *textShape:
		if s.words == timeWords {
			return instants
		}
		return namedTexts
	case *bytesShape, *quotedShape:
		return encoded
	default:
		return others
	}
}

// newBound makes the rule min or max.
func newBound(name, text string, s shape, kind subject) (r rule, why string) {
	if kind != numbers {
		return r, "which is for numbers"
	}
	if !isNumber([]byte(text)) {
		return r, "which is no number: write it as in JSON"
	}
	value := newNumber(s)
	if _, faults := s.decode(nil, []byte(text), 0, value); faults != nil {
		return r, "which the field cannot hold: it must be " + faults[0].Expected
	}
	sign, words := 1, "at least "
	if name == Max {
		sign, words = -1, "at most "
	}
	r = rule{name: name, expected: words + text, limit: text}
	switch limit := []byte(text); s.(type) {
	case *integerShape:
		limit := value.Int()
		r.holds = func(f found) bool { return sign > 0 && f.value.Int() >= limit || sign < 0 && f.value.Int() <= limit }
	case *unsignedShape:
		limit := value.Uint()
		r.holds = func(f found) bool { return sign > 0 && f.value.Uint() >= limit || sign < 0 && f.value.Uint() <= limit }
	default:
		near := value.Float()
		r.holds = func(f found) bool {
			if got := f.value.Float(); got != near {
				return got > near == (sign > 0)
			}
			// Two numbers that are one as floats may still differ in digits that floats do not have.
			return sign*compareNumbers(f.raw, limit) >= 0
		}
	}
	r.show = func(schema *openrpc.Schema) {
		if name == Min {
			schema.Minimum = json.Number(text)
		} else {
			schema.Maximum = json.Number(text)
		}
	}
	r.adapt = func(example json.RawMessage) json.RawMessage {
		if sign*compareNumbers(example, []byte(text)) < 0 {
			return json.RawMessage(text)
		}
		return example
	}
	return r, ""
}

// newNumber returns a settable value that s decodes into.
func newNumber(s shape) reflect.Value {
	switch s.(type) {
	case *integerShape:
		return reflect.ValueOf(new(int64)).Elem()
	case *unsignedShape:
		return reflect.ValueOf(new(uint64)).Elem()
	default:
		return reflect.ValueOf(new(float64)).Elem()
	}
}

// newLength makes the rule minLength or maxLength. A character is a code point of Unicode.
func newLength(name, text string, kind subject) (r rule, why string) {
	limit, why := readCount(text)
	if why != "" {
		return r, why
	}
	read := reader(kind)
	if name == MinLength {
		return rule{
			name: name, expected: "at least " + plural(limit, "character"),
			holds: func(f found) bool {
				text := read(f)
				return len(text)/utf8.UTFMax >= limit || utf8.RuneCountInString(text) >= limit
			},
			show:  func(schema *openrpc.Schema) { schema.MinLength = &limit },
			adapt: func(example json.RawMessage) json.RawMessage { return ofLength(example, limit, maxExample) },
		}, ""
	}
	return rule{
		name: name, expected: "at most " + plural(limit, "character"),
		holds: func(f found) bool {
			text := read(f)
			return len(text) <= limit || utf8.RuneCountInString(text) <= limit
		},
		show:  func(schema *openrpc.Schema) { schema.MaxLength = &limit },
		adapt: func(example json.RawMessage) json.RawMessage { return ofLength(example, 0, limit) },
	}, ""
}

// newFormat makes the rule format. One that is not checked here is for readers only.
func newFormat(text string, kind subject) (r rule, why string) {
	if text == "" {
		return r, "which names no format"
	}
	r = rule{name: Format, expected: text, dear: true, show: func(schema *openrpc.Schema) { showFormat(schema, text) }}
	if format, isChecked := formats[text]; isChecked {
		read := reader(kind)
		r.holds = func(f found) bool { return format.isRight(read(f)) }
		r.adapt = func(json.RawMessage) json.RawMessage { return mustQuote(format.example) }
	}
	return r, ""
}

// showFormat adds a format to a schema. What is checked of a date-time is what time.Time takes, which is a little less
// than the format; a pattern says how much.
func showFormat(schema *openrpc.Schema, format string) {
	schema.Format = format
	switch {
	case format != dateTime:
	case schema.Pattern == "":
		schema.Pattern = dateTimePattern
	default:
		schema.AllOf = append(schema.AllOf, &openrpc.Schema{Pattern: dateTimePattern})
	}
}

// reader returns what reads the text of a value. A string of Go is read from the value, which saves looking for the
// end of the JSON once more.
func reader(kind subject) func(found) string {
	if kind == texts {
		return func(f found) string { return f.value.String() }
	}
	return found.text
}

// newListRules makes the rules that the tag has for lists of the shape s.
func newListRules(tag reflect.StructTag, s shape) (rules []rule, why string) {
	for _, name := range ruleTags(tag, listRules) {
		text := tag.Get(name)
		limit, why := readCount(text)
		switch s.(type) {
		case *sliceShape:
		case *arrayShape:
			why = "and the length of an array is fixed by its type: use a slice"
		default:
			why = "which is for lists"
		}
		if why != "" {
			return nil, fmt.Sprintf("has the tag %s:%q, %s", name, text, why)
		}
		r := rule{name: name}
		if name == MinItems {
			r.expected = "at least " + plural(limit, "item")
			r.holds = func(f found) bool { return f.value.Len() >= limit }
			r.show = func(schema *openrpc.Schema) { schema.MinItems = &limit }
			r.items = limit
		} else {
			r.expected = "at most " + plural(limit, "item")
			r.show = func(schema *openrpc.Schema) { schema.MaxItems = &limit } // the list itself holds it: see sliceShape
		}
		rules = append(rules, r)
	}
	return rules, inOrder(tag, MinItems, MaxItems)
}

// mostItems returns how many elements the rules of the tag allow, if they are for that list and say it.
func mostItems(tag reflect.StructTag, isForThis bool) int {
	if most, err := strconv.Atoi(tag.Get(MaxItems)); err == nil && isForThis {
		return most
	}
	return math.MaxInt
}

// readCount reads how many characters or items there may be.
func readCount(text string) (count int, why string) {
	count, err := strconv.Atoi(text)
	if err != nil || count < 0 || !isInteger([]byte(text)) {
		return 0, "which is no count: use a whole number from 0"
	}
	return count, ""
}

func plural(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(count) + " " + noun + "s"
}
