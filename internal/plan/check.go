package plan

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
)

// checkedShape is a shape whose values must keep rules beside their type.
type checkedShape struct {
	shape
	rules []rule // the dear ones last
	dear  int    // the first of those that take more than a glance
	early bool   // the others are about the text that a type decodes itself, and looked at before it does
	span  *span  // of integers that keep all rules; nil when there is more to them
}

func newChecked(s shape, rules []rule) *checkedShape {
	slices.SortStableFunc(rules, func(a, b rule) int { return compareBools(a.dear, b.dear) })
	dear := slices.IndexFunc(rules, func(r rule) bool { return r.dear })
	if dear < 0 {
		dear = len(rules)
	}
	_, early := s.(*textShape)
	return &checkedShape{shape: s, rules: rules, dear: dear, early: early && dear > 0, span: spanOf(s, rules)}
}

// span is a range of integers.
type span struct{ least, most int64 }

// spanOf returns what the rules leave of the integers of a signed kind, or nil when they are not about that alone.
func spanOf(s shape, rules []rule) *span {
	if _, is := s.(*integerShape); !is {
		return nil
	}
	within := span{math.MinInt64, math.MaxInt64}
	for i := range rules {
		switch limit, err := strconv.ParseInt(rules[i].limit, 10, 64); {
		case err != nil:
			return nil
		case rules[i].name == Min:
			within.least = limit
		case rules[i].name == Max:
			within.most = limit
		}
	}
	return &within
}

func (s *checkedShape) decode(b *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	first := 0
	if s.early {
		if end, faults := s.before(src, at); faults != nil {
			return end, faults
		}
		first = s.dear
	}
	end, faults := s.shape.decode(b, src, at, into)
	if faults != nil {
		return end, faults
	}
	if s.span != nil {
		if value := into.Int(); s.span.least <= value && value <= s.span.most {
			return end, nil
		}
	}
	value := found{value: into, raw: src[at:end], budget: b}
	for i := first; i < len(s.rules) && (i != s.dear || faults == nil); i++ {
		if r := &s.rules[i]; r.holds != nil && !r.holds(value) {
			faults = append(faults, value.breaks(r))
		}
	}
	if faults != nil && b.over() {
		return b.stop(src)
	}
	return end, faults
}

// before returns the faults of a text that its type has not decoded yet: those of the rules that are not dear.
func (s *checkedShape) before(src []byte, at int) (end int, faults []Fault) {
	if !begins(src, at, '"') {
		return at, nil
	}
	end, _ = stringEnd(src, at)
	value := found{raw: src[at:end]}
	for i := range s.rules[:s.dear] {
		if r := &s.rules[i]; !r.holds(value) {
			faults = append(faults, value.breaks(r))
		}
	}
	return end, faults
}

// validShape is a shape whose Go type has a method Validate, which is asked about every value that is well otherwise.
type validShape struct{ shape }

// validator is what says of a value whether it is right.
type validator = interface{ Validate() error }

var validates = reflect.TypeFor[validator]()

// hasValidate reports whether t, or a pointer to it, has a method Validate. The methods of a pointer are those of what
// it points to.
func hasValidate(t reflect.Type) bool {
	return t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface && implements(t, validates)
}

func (s *validShape) decode(b *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	end, faults := s.shape.decode(b, src, at, into)
	if faults != nil {
		return end, faults
	}
	if !b.work(foreignWork) {
		return b.stop(src)
	}
	return end, validate(into)
}

// validate asks the value in into, whose type has a method Validate.
func validate(into reflect.Value) []Fault {
	asked, ok := reflect.TypeAssert[validator](into.Addr())
	if !ok {
		return nil
	}
	if err := asked.Validate(); err != nil {
		return []Fault{{Rule: Validate, Cause: err}}
	}
	return nil
}

// bare returns s without the rules and the method around it.
func bare(s shape) shape {
	for {
		switch around := s.(type) {
		case *checkedShape:
			s = around.shape
		case *validShape:
			s = around.shape
		default:
			return s
		}
	}
}

// tagged is a field whose tag may have rules. They are looked at once all shapes are there.
type tagged struct {
	field *field
	tag   reflect.StructTag
	of    reflect.Type
	here  place
	emits bool // of a result, which nothing checks
}

// constrain puts the rules that the tag has around the shape of the field: those for lists around the list, those for
// single values around the values, be it in lists or behind pointers. The shapes on the way there are copied, since
// other fields of the type share them.
func (t *tagged) constrain() error {
	if key, meant := misspelt(t.tag); key != "" {
		return t.here.misfit("", t.of, fmt.Sprintf("has the tag %q, which nobody reads: write %q", key, meant))
	}
	single, lists := ruleTags(t.tag, valueRules), ruleTags(t.tag, listRules)
	if len(single) == 0 && len(lists) == 0 {
		return nil
	}
	a := &attachment{tag: t.tag, emits: t.emits, hasLists: len(lists) > 0, hasValues: len(single) > 0}
	checked, why := a.to(t.field.shape, t.of)
	if why != "" {
		return t.here.misfit("", t.of, why)
	}
	t.field.shape = checked
	return nil
}

// attachment is the way of the rules of one tag to the shapes that they are for.
type attachment struct {
	tag       reflect.StructTag
	emits     bool
	hasLists  bool // there are rules for lists left
	hasValues bool // there are rules for single values
	deep      int
}

// deepest is how many lists and pointers may stand around the values of a field with rules.
const deepest = 16

// to returns a copy of s, which decodes values of the type t, with the rules in it.
func (a *attachment) to(s shape, t reflect.Type) (copied shape, why string) {
	if a.deep++; a.deep > deepest {
		return nil, "has tags for values, which stand too deep in lists and pointers: give them to a field nearer to the values"
	}
	switch s := s.(type) {
	case *validShape:
		inner, why := a.to(s.shape, t)
		return &validShape{inner}, why
	case *pointerShape:
		element, why := a.to(s.element, t.Elem())
		return &pointerShape{element: element, elementType: s.elementType, size: s.size}, why
	case *sliceShape:
		lists := a.hasLists // for this one, not for the lists in it
		return a.toList(s, t, func(element shape) shape {
			return &sliceShape{element: element, empty: s.empty, first: s.first, size: s.size, most: mostItems(a.tag, lists)}
		}, s.element)
	case *arrayShape:
		return a.toList(s, t, func(element shape) shape { return &arrayShape{element: element, length: s.length} }, s.element)
	case *mapShape:
		if a.hasValues {
			return nil, "has tags for single values, and a map has names and values: use a type with a Validate method"
		}
	}
	if a.hasLists {
		_, why = newListRules(a.tag, s)
		return nil, why
	}
	rules, why := newValueRules(a.tag, s, t)
	if why == "" && !a.emits {
		rules, why = boundPattern(rules, a.tag, s)
	}
	return newChecked(s, rules), why
}

// toList returns a copy of the list s, made by with, with the rules in it.
func (a *attachment) toList(s shape, t reflect.Type, with func(shape) shape, element shape) (copied shape, why string) {
	var rules []rule
	if a.hasLists {
		a.hasLists = false
		if rules, why = newListRules(a.tag, s); why != "" {
			return nil, why
		}
	}
	if a.hasValues {
		if element, why = a.to(element, t.Elem()); why != "" {
			return nil, why
		}
	}
	if len(rules) == 0 {
		return with(element), ""
	}
	return newChecked(with(element), rules), ""
}
