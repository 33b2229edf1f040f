package plan

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// newEnum makes the rule enum for values of the shape s and the Go type t, which must keep the rules too.
func newEnum(text string, s shape, t reflect.Type, rules []rule) (r rule, why string) {
	kind := subjectOf(s)
	if kind != numbers && kind != texts && kind != namedTexts {
		return r, "which is for strings and numbers"
	}
	values, why := readEnum(text, kind == numbers)
	if why != "" {
		return r, why
	}
	strict := newChecked(s, slices.Clone(rules))
	for i, value := range values {
		if _, faults := strict.decode(nil, value, 0, reflect.New(t).Elem()); faults != nil {
			return r, fmt.Sprintf("and %s is none of its values: it must be %s", value, faults[0].Expected)
		}
		same := func(other json.RawMessage) bool { return sameLiteral(value, other) }
		if slices.ContainsFunc(values[:i], same) {
			return r, fmt.Sprintf("which has %s twice", value)
		}
	}
	r = rule{name: Enum, dear: true, expected: "one of " + cut(string(joinLiterals(values)), maxExpected)}
	r.show = func(schema *openrpc.Schema) { schema.Enum = values }
	r.adapt = func(json.RawMessage) json.RawMessage { return values[0] }
	if kind == numbers {
		among := make([]decimal, len(values))
		for i, value := range values {
			among[i] = readDecimal(value)
		}
		r.holds = func(f found) bool {
			number := readDecimal(f.raw) // once, for it may have a mebibyte of digits
			return slices.ContainsFunc(among, func(value decimal) bool { return number.compare(&value) == 0 })
		}
		return r, ""
	}
	known := make([]string, len(values))
	for i, value := range values {
		known[i] = found{raw: value}.text()
	}
	read := reader(kind)
	r.holds = func(f found) bool { return slices.Contains(known, read(f)) }
	if len(known) > few {
		set := make(map[string]bool, len(known))
		for _, text := range known {
			set[text] = true
		}
		r.holds = func(f found) bool { return set[read(f)] }
	}
	return r, ""
}

// readEnum reads the values of an enum tag: the texts between commas, or a JSON array.
func readEnum(text string, areNumbers bool) (values []json.RawMessage, why string) {
	if strings.HasPrefix(text, "[") {
		if !codec.Valid([]byte(text)) || codec.Decode([]byte(text), &values) != nil || len(values) == 0 {
			return nil, "which begins as a JSON array and is none that has values"
		}
		for i, value := range values {
			values[i] = json.RawMessage(strings.TrimSpace(string(value)))
		}
		return values, ""
	}
	for item := range strings.SplitSeq(text, ",") {
		if item == "" || strings.TrimSpace(item) != item {
			return nil, "which has an empty value, or one with space around it: write a,b,c, or a JSON array to have such values"
		}
		value := []byte(item)
		if !areNumbers {
			value = mustQuote(item)
		}
		values = append(values, value)
	}
	if areNumbers && slices.ContainsFunc(values, func(value json.RawMessage) bool { return !isNumber(value) }) {
		return nil, "which has a value that is no number"
	}
	return values, ""
}

// mustQuote returns text as a JSON string.
func mustQuote(text string) []byte {
	quoted, err := codec.Marshal(text)
	if err != nil {
		panic(fmt.Sprintf("plan: %q cannot be a JSON string: %v", text, err))
	}
	return quoted
}

// sameLiteral reports whether two strings, or two numbers, are the same value.
func sameLiteral(a, b json.RawMessage) bool {
	if begins(a, 0, '"') {
		return begins(b, 0, '"') && found{raw: a}.text() == found{raw: b}.text()
	}
	return !begins(b, 0, '"') && compareNumbers(a, b) == 0
}

func joinLiterals(values []json.RawMessage) []byte {
	var joined []byte
	for i, value := range values {
		if i > 0 {
			joined = append(joined, ", "...)
		}
		joined = append(joined, value...)
	}
	return joined
}
