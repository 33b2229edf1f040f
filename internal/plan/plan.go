// Package plan decodes the params of a method. A plan is compiled once from a Go type, when the method is registered;
// a type that cannot be decoded is refused then, with a sentence that names the field and the rule. [Params.Decode]
// reads params in one pass and lists everything that is wrong with them.
//
// # Params
//
// A struct, or a pointer to one, takes its fields by name or by position: a JSON object with their names, or an array
// with their values in the order of declaration. Trailing optional fields may be left off an array. A slice or an
// array takes its elements by position, so that the params are the list: [1,2,3]. A map takes its members by name.
// A struct without fields takes no params: absent, {} or []. Everything else, such as any, json.RawMessage or a type
// with its own UnmarshalJSON, is handed the params whole. Absent params and null are the same; they count as an empty
// object or array, leave any and json.RawMessage as they are, and hand null to a type with its own UnmarshalJSON.
//
// Names are exact: "Name" is not "name". A member that the struct does not have, and one that comes twice, is a fault;
// both go for structs and maps inside the params as well.
//
// # Fields
//
// The json tag gives a field its name and the options omitempty, omitzero, string and embed, with the meaning that
// encoding/json/v2 gives them. Fields of embedded structs count as those of the outer struct. Embedding a pointer does
// not make them optional; it is set as soon as one of them is there.
//
// A field is required unless it is a pointer, has omitempty or omitzero, or has a default. A default is written in the
// tag `default:"…"`: the text itself for a field that is a string in JSON (strings, times, bytes, types with
// UnmarshalText), and JSON for all others:
//
//	type Search struct {
//		Query string   `json:"query"`
//		Order string   `json:"order" default:"newest"`
//		Limit int      `json:"limit" default:"20"`
//		Tags  []string `json:"tags" default:"[]"`
//		After *string  `json:"after"`
//	}
//
// It is decoded anew for each call. These rules hold for structs inside the params too. In a struct behind a pointer
// that is absent, and so stays nil, nothing is required and no default is applied.
//
// # Values
//
// null is for pointers, which it leaves nil, for any and json.RawMessage, and for types with their own UnmarshalJSON.
// Elsewhere it is a fault: a value that is not there is left out. This is stricter than encoding/json/v2.
//
// An integer is taken exactly and must fit the field. As in JSON Schema, 1.0 and 1e2 are integers and 1.5 is none.
// A float takes any number that does not overflow it. []byte and [N]byte are strings in base64, with padding. An array
// must have its length. The keys of a map are strings, integers and floats in quotes, or types with UnmarshalText.
// time.Time is a string as RFC 3339 has it; time.Duration is refused, because JSON has no form for it.
//
// # Rules
//
// Tags ask more of a value than its type does. They mean what the keywords of JSON Schema mean that [Params.Describe]
// turns them into, and are checked while a value is decoded:
//
//	min, max              of a number, which may be the bound itself
//	minLength, maxLength  of a string, in code points of Unicode
//	pattern               a regular expression found anywhere in a string; use ^ and $ for the whole of it
//	enum                  the values there are: enum:"red,green", or as JSON where one has a comma in it
//	format                date, date-time, ipv4, ipv6 and uuid are checked; every other one tells readers what is meant
//	minItems, maxItems    of a slice
//
// The rules for single values are for the elements where a field is a list, and for what a pointer points to; null and
// fields that are left out keep every rule. A slice of slices has its own number of items bounded, not theirs. A string
// is any value that is one in JSON but bytes, times and numbers in quotes: of a type with UnmarshalText, the rules are
// for the text in the JSON. Patterns are those of package regexp as far as JSON Schema, which has those of ECMA-262,
// gives them the same meaning.
//
// Rules that take a glance, for bounds, lengths and counts, come first, and before a type that decodes itself gets a text;
// a value that breaks one is not asked about its pattern, format and enum, and a list is not decoded beyond its maxItems.
// A pattern takes at most 1,024 instructions of package regexp. One that is large is for texts of a bounded length, which
// becomes their maxLength where the tag has none.
//
// A rule that cannot be is refused when the plan is compiled: one that is for other types, a bad number or expression,
// bounds that leave nothing, and values and defaults that the field does not take.
//
// What tags cannot say, a method Validate() error can, with a value or a pointer as its receiver. Every value of a type
// with one is asked when nothing else is wrong with it, from the inside out: those in lists and maps, the keys of maps,
// and the params themselves. An embedded struct is asked through the struct around it, as Go has it.
//
// # Bounds
//
// A [Budget] bounds the memory that params come to and the time that decoding takes. Of the types of the standard library
// that make much of a short text, the numbers of math/big and x509.OID have their text bounded, and regexp.Regexp is
// refused. What other types with methods of their own do, nobody can know: they count as what any would make of their JSON.
package plan

import (
	"reflect"
)

// Params is the compiled plan of a method's params. It is safe for concurrent use.
type Params struct {
	shape   shape
	asks    bool // the type has a method Validate
	of      reflect.Type
	pointer reflect.Type // what the params point to; nil when they are no pointer
	absent  string       // the JSON that absent params stand for; "" when they leave everything as it is
}

// CompileParams makes the plan of params of the type t. Its error is a sentence that names the field and the rule.
func CompileParams(t reflect.Type) (*Params, error) {
	p := &Params{of: t}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
		p.pointer = t
	}
	c := &compiler{shapes: map[reflect.Type]shape{}}
	var err error
	if p.shape, err = c.compile(t); err != nil {
		return nil, err
	}
	if around, is := p.shape.(*validShape); is {
		p.shape, p.asks = around.shape, true
	}
	switch s := p.shape.(type) {
	case *structShape, *mapShape:
		p.absent = "{}"
	case *sliceShape, *arrayShape:
		p.absent = "[]"
	case *ownShape:
		if !s.raw {
			p.absent = "null"
		}
	case anyShape:
	default:
		return nil, c.refuse(t, "cannot be the params of a method, which are an object or an array in JSON: "+
			"use a struct with a field of that type")
	}
	return p, nil
}

// Decode reads raw, one valid JSON value, into the settable zero value into, and returns what is wrong with it, up to
// [MaxFaults] faults: those of its members in the order of the text, then those that are missing in the order of the
// fields. It returns nil when nothing is wrong; otherwise into may be half filled and is to be dropped. A raw that is
// empty or null stands for absent params. Decode does not recover the panics of types that decode themselves, and it
// goes as deep as raw does: a scanner has found raw valid and not too deep before.
func (p *Params) Decode(raw []byte, into reflect.Value) []Fault {
	return p.DecodeWithin(raw, into, nil)
}

// DecodeWithin is Decode within the bounds of a budget that has begun. Beyond what the body may take, the last fault
// says so, and where. When [Budget.Err] is not nil the faults mean nothing.
func (p *Params) DecodeWithin(raw []byte, into reflect.Value, b *Budget) []Fault {
	if p.pointer != nil {
		into.Set(reflect.New(p.pointer))
		into = into.Elem()
	}
	faults := p.decode(b, raw, into)
	if faults == nil && p.asks {
		faults = validate(into)
	}
	b.trim()
	return withPaths(faults)
}

func (p *Params) decode(b *Budget, raw []byte, into reflect.Value) []Fault {
	at := space(raw, 0)
	if _, isNull := literal(raw, at, "null"); isNull || at == len(raw) {
		return p.decodeAbsent(b, into)
	}
	if s, isStruct := p.shape.(*structShape); isStruct && raw[at] != '{' {
		if raw[at] == '[' {
			return s.decodeList(b, raw, at, into)
		}
		_, faults := mismatch(raw, at, "object or array")
		return faults
	}
	_, faults := p.shape.decode(b, raw, at, into)
	return faults
}

func (p *Params) decodeAbsent(b *Budget, into reflect.Value) []Fault {
	if s, isArray := p.shape.(*arrayShape); isArray && s.length > 0 {
		return []Fault{{Rule: Required, Expected: s.expected()}}
	}
	if p.absent == "" {
		return nil
	}
	_, faults := p.shape.decode(b, []byte(p.absent), 0, into)
	return faults
}
