package plan

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/jacinth-rpc/jacinth/internal/codec"
)

// pending is a default that is checked once all shapes are there.
type pending struct {
	text  string
	of    reflect.Type
	field *field
	owner *structShape
	here  place
}

// defaultOf returns the JSON of a default: text itself where the shape is a string in JSON, else text as JSON.
func defaultOf(s shape, text string) []byte {
	if isString(s) {
		return mustQuote(text)
	}
	return []byte(strings.TrimSpace(text))
}

// isString reports whether every value of that shape is a string in JSON.
func isString(s shape) bool {
	switch s := bare(s).(type) {
	case stringShape, *textShape, *bytesShape, *quotedShape:
		return true
	case *pointerShape:
		return isString(s.element)
	default:
		return false
	}
}

// check decodes the default once.
func (p pending) check() error {
	refuse := func(why string) error {
		return p.here.misfit("", p.of, fmt.Sprintf("has the default %q, which %s", p.text, why))
	}
	if !codec.Valid(p.field.otherwise) {
		return refuse("is not JSON")
	}
	if strings.Contains(p.text, "{") && leadsTo(p.field.shape, p.owner, map[shape]bool{}) {
		return refuse("holds the struct that it stands in and would never end: use a pointer without a default")
	}
	_, faults := p.field.shape.decode(nil, p.field.otherwise, 0, reflect.New(p.of).Elem())
	if len(faults) == 0 {
		return nil
	}
	fault := withPaths(faults)[0]
	if fault.Cause != nil {
		return refuse("its Validate method refuses: " + fault.Cause.Error())
	}
	if fault.Path == "" && fault.Expected != "" {
		return refuse("the field does not take: it must be " + fault.Expected)
	}
	return refuse(fmt.Sprintf("the field does not take: rule %q at %q", fault.Rule, fault.Path))
}

// leadsTo reports whether values of the shape from can hold values of the shape to.
func leadsTo(from, to shape, seen map[shape]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	switch s := from.(type) {
	case *checkedShape:
		return leadsTo(s.shape, to, seen)
	case *validShape:
		return leadsTo(s.shape, to, seen)
	case *pointerShape:
		return leadsTo(s.element, to, seen)
	case *sliceShape:
		return leadsTo(s.element, to, seen)
	case *arrayShape:
		return leadsTo(s.element, to, seen)
	case *mapShape:
		return leadsTo(s.element, to, seen)
	case *structShape:
		for i := range s.fields {
			if leadsTo(s.fields[i].shape, to, seen) {
				return true
			}
		}
	}
	return false
}
