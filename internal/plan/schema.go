package plan

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

// drawing is the work on the schemas of one method's params or result. Those of params take what the plan takes and
// nothing else. Those of results say what is there today, and leave room for members that come later.
type drawing struct {
	*Definitions
	isResult bool
}

func (boolShape) describe(drawing) *openrpc.Schema { return typed("boolean") }

func (stringShape) describe(drawing) *openrpc.Schema { return typed("string") }

func (s *integerShape) describe(drawing) *openrpc.Schema {
	schema := typed("integer")
	least := int64(-1) << (s.bits - 1)
	schema.Minimum = json.Number(strconv.FormatInt(least, 10))
	schema.Maximum = json.Number(strconv.FormatInt(-(least + 1), 10))
	return schema
}

func (s *unsignedShape) describe(drawing) *openrpc.Schema {
	schema := typed("integer")
	schema.Minimum = "0"
	schema.Maximum = json.Number(strconv.FormatUint(math.MaxUint64>>(64-s.bits), 10))
	return schema
}

func (s *floatShape) describe(d drawing) *openrpc.Schema {
	schema := typed("number")
	if !d.isResult {
		most := json.Number(greatest(s.bits).text)
		schema.Minimum, schema.Maximum = "-"+most, most
	}
	return schema
}

// describe says by a pattern which numbers there can be. A float in quotes that is too large for its kind passes it:
// no pattern can tell.
func (s *quotedShape) describe(drawing) *openrpc.Schema {
	schema := typed("string")
	switch number := s.number.(type) {
	case *integerShape:
		least := uint64(1) << (number.bits - 1)
		schema.Pattern = fmt.Sprintf("^(-?(%s)|-%d)$", upTo(least-1), least)
	case *unsignedShape:
		schema.Pattern = "^(" + upTo(math.MaxUint64>>(64-number.bits)) + ")$"
	default:
		schema.Pattern = "^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$"
	}
	return schema
}

// upTo returns the alternatives of a pattern for the whole numbers from 0 to most, written without leading zeros: those
// with fewer digits, and then for each digit those that are as most before it and less at it.
func upTo(most uint64) string {
	digits := strconv.FormatUint(most, 10)
	alternatives := []string{"0"}
	if len(digits) > 1 {
		alternatives = append(alternatives, "[1-9]"+times("[0-9]", 0, len(digits)-2))
	}
	for i := range len(digits) {
		first, last := byte('0'), digits[i]-1
		if i == 0 {
			first = '1'
		}
		rest := len(digits) - i - 1
		if rest == 0 {
			last = digits[i]
		}
		if first <= last {
			alternatives = append(alternatives, digits[:i]+digitsFrom(first, last)+times("[0-9]", rest, rest))
		}
	}
	return strings.Join(alternatives, "|")
}

// digitsFrom returns the pattern of one digit from first to last.
func digitsFrom(first, last byte) string {
	if first == last {
		return string(first)
	}
	return fmt.Sprintf("[%c-%c]", first, last)
}

// times returns the pattern part, repeated.
func times(part string, least, most int) string {
	switch {
	case most == 0:
		return ""
	case least == 1 && most == 1:
		return part
	case least == 0 && most == 1:
		return part + "?"
	case least == most:
		return fmt.Sprintf("%s{%d}", part, most)
	default:
		return fmt.Sprintf("%s{%d,%d}", part, least, most)
	}
}

func (s *bytesShape) describe(drawing) *openrpc.Schema {
	const letter = "[A-Za-z0-9+/]"
	endings := []string{"", letter + "{2}==", letter + "{3}="}
	schema := typed("string")
	schema.ContentEncoding = "base64"
	if s.length < 0 {
		schema.Pattern = "^(" + letter + "{4})*(" + endings[1] + "|" + endings[2] + ")?$"
		return schema
	}
	length := (s.length + 2) / 3 * 4
	schema.MinLength, schema.MaxLength = &length, &length
	schema.Pattern = "^(" + letter + "{4})*" + endings[s.length%3] + "$"
	return schema
}

func (anyShape) describe(drawing) *openrpc.Schema { return &openrpc.Schema{} }

func (s *textShape) describe(drawing) *openrpc.Schema {
	if s.drawn != nil {
		return new(*s.drawn)
	}
	schema := typed("string")
	if s.words == timeWords {
		showFormat(schema, dateTime)
	}
	if s.large != nil {
		schema.MaxLength = new(s.large.length)
	}
	return schema
}

func (s *ownShape) describe(drawing) *openrpc.Schema {
	if s.drawn != nil && !s.quoted {
		return new(*s.drawn)
	}
	return &openrpc.Schema{}
}

func (s *checkedShape) describe(d drawing) *openrpc.Schema {
	schema := s.shape.describe(d)
	for i := range s.rules {
		s.rules[i].show(schema)
	}
	return schema
}

func (s *pointerShape) describe(d drawing) *openrpc.Schema {
	return d.define(s.of, false, func() *openrpc.Schema { return nullable(s.element.describe(d)) })
}

func (s *sliceShape) describe(d drawing) *openrpc.Schema {
	return d.define(s.of, false, func() *openrpc.Schema {
		schema := typed("array")
		schema.Items = s.element.describe(d)
		return schema
	})
}

func (s *arrayShape) describe(d drawing) *openrpc.Schema {
	return d.define(s.of, false, func() *openrpc.Schema {
		schema := typed("array")
		schema.Items = s.element.describe(d)
		schema.MinItems, schema.MaxItems = &s.length, &s.length
		return schema
	})
}

func (s *mapShape) describe(d drawing) *openrpc.Schema {
	return d.define(s.of, false, func() *openrpc.Schema {
		schema := typed("object")
		schema.AdditionalProperties = s.element.describe(d)
		// Names are strings without being told so.
		switch bare(s.name).(type) {
		case *quotedShape, *bytesShape, *textShape:
			names := s.name.describe(d)
			if names.Type = nil; names.Pattern != "" || names.Format != "" || names.Enum != nil || names.MinLength != nil {
				schema.PropertyNames = names
			}
		}
		return schema
	})
}

func (s *structShape) describe(d drawing) *openrpc.Schema {
	return d.define(s.of, true, func() *openrpc.Schema {
		schema := typed("object")
		for i := range s.fields {
			f := &s.fields[i]
			schema.Properties = append(schema.Properties, openrpc.Property{Name: f.name, Schema: f.describe(d)})
			if f.required {
				schema.Required = append(schema.Required, f.name)
			}
		}
		switch {
		case s.others != nil:
			schema.AdditionalProperties = s.others.describe(d)
		case !d.isResult:
			schema.AdditionalProperties = openrpc.Nothing()
		}
		return schema
	})
}

// describe returns the schema of the values of the field, with what its tags say of them.
func (f *field) describe(d drawing) *openrpc.Schema {
	s := f.shape
	if pointer, is := s.(*pointerShape); is && f.neverNull {
		s = pointer.element
	}
	schema := s.describe(d)
	if f.doc != "" {
		schema.Description = f.doc
	}
	schema.Default = f.otherwise
	return schema
}

// typed returns a new schema of values of one JSON type.
func typed(name string) *openrpc.Schema { return &openrpc.Schema{Type: openrpc.Types{name}} }

// nullable returns the schema of what schema takes, or null.
func nullable(schema *openrpc.Schema) *openrpc.Schema {
	null := json.RawMessage("null")
	switch {
	case len(schema.Type) == 0 && takesAll(schema):
		return schema
	case len(schema.Type) == 0 || schema.Ref != "" || schema.Const != nil || len(schema.AllOf)+len(schema.AnyOf)+len(schema.OneOf) > 0:
		return &openrpc.Schema{AnyOf: []*openrpc.Schema{schema, typed("null")}}
	case !slices.Contains(schema.Type, "null"):
		schema.Type = append(slices.Clip(schema.Type), "null")
	}
	if schema.Enum != nil && !slices.ContainsFunc(schema.Enum, func(v json.RawMessage) bool { return string(v) == "null" }) {
		schema.Enum = append(slices.Clip(schema.Enum), null)
	}
	return schema
}

// takesAll reports whether schema takes every value and says nothing of it.
func takesAll(schema *openrpc.Schema) bool {
	text, err := schema.MarshalJSON()
	return err == nil && string(text) == "{}"
}
