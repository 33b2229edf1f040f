package plan

import (
	"reflect"
	"slices"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

// Result is the compiled description of a method's result.
type Result struct {
	shape  shape
	append appender
}

// CompileResult says whether values of t can be encoded as JSON, and as what. Types that encode themselves are
// trusted, and so is what an interface may hold. Its error is a sentence that names the field and the rule.
//
// The tags doc, enum, format and so on are what the author says of the result; nothing checks results. Defaults are
// for params only.
func CompileResult(t reflect.Type) (*Result, error) {
	c := &compiler{emits: true, shapes: map[reflect.Type]shape{}}
	s, err := c.compile(t)
	if err != nil {
		return nil, err
	}
	return &Result{shape: s, append: appenders{}.of(t)}, nil
}

// Describe returns the schema of the result, with the named types in it put into d.
func (r *Result) Describe(d *Definitions) *openrpc.Schema {
	return r.shape.describe(drawing{Definitions: d, isResult: true})
}

// emitted adds what encoding t writes for m, one of its members.
func (c *compiler) emitted(s *structShape, t reflect.Type, m member) error {
	if m.rest {
		if t := indirect(m.field.Type); t.Kind() == reflect.Map {
			var err error
			s.others, err = c.shapeOf(t.Elem())
			return err
		}
		s.others = anyShape{}
		return nil
	}
	inner, err := c.memberShape(m)
	if err != nil {
		return err
	}
	omitted := m.omitempty || m.omitzero
	s.fields = append(s.fields, field{
		name: m.name, doc: m.field.Tag.Get("doc"), shape: inner, required: !omitted && !isBehindPointer(t, m.index),
		neverNull: omitted,
	})
	f := &s.fields[len(s.fields)-1]
	c.tagged = append(c.tagged, tagged{field: f, tag: m.field.Tag, of: m.field.Type, here: slices.Clone(c.here), emits: true})
	return nil
}

// isBehindPointer reports whether the field of t with that index is one of a struct that is embedded by pointer.
func isBehindPointer(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		if t = t.Field(i).Type; t.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}
