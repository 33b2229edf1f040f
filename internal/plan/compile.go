package plan

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// A shape is the compiled plan of one Go type: a tree of shapes, or a graph where a type holds itself. Types are
// looked at when it is made; decoding only sets values.
type shape interface {
	// decode reads the value that starts at src[at] into a settable zero value and returns the position behind it.
	// When it finds MaxFaults faults it stops where it is.
	decode(b *Budget, src []byte, at int, into reflect.Value) (end int, faults []Fault)
	// expected says what the shape takes, in the words of [Fault.Expected]; "" when it is not known.
	expected() string
	// describe returns a fresh schema of the shape.
	describe(d drawing) *openrpc.Schema
	// example appends plausible JSON of that shape; deep is how many values it stands in.
	example(dst []byte, deep int) []byte
}

var (
	duration        = reflect.TypeFor[time.Duration]()
	timeType        = reflect.TypeFor[time.Time]()
	numberText      = reflect.TypeFor[json.Number]()
	rawMessage      = reflect.TypeFor[json.RawMessage]()
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	marshaler       = reflect.TypeFor[json.Marshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textAppender    = reflect.TypeFor[encoding.TextAppender]()
	zeroer          = reflect.TypeFor[interface{ IsZero() bool }]()
)

const timeWords = "date and time (RFC 3339)"

const (
	noDuration = "has no JSON form of its own: use an integer of milliseconds, or a type with MarshalText and UnmarshalText"
	noForm     = "has no JSON form: leave the field out with the tag `json:\"-\"`"
	noEnd      = "is a pointer that leads to nothing but itself: point to a value"
	noMapKey   = "cannot be the key of a map, because the names in a JSON object are strings: use a string, a number " +
		"or a type with MarshalText and UnmarshalText"
	noMethods = "says by JSONSchema what its JSON is, but has no method that reads or writes it so: give it UnmarshalJSON " +
		"or UnmarshalText and MarshalJSON or MarshalText, or take JSONSchema away"
	noQuotes     = "has the json tag option \"string\", which is for numbers: take it away"
	noJSONNumber = "has not the same JSON form in all Go releases: use an integer, a float or json.RawMessage"
)

// compiler makes the shapes of the types that one type leads to.
type compiler struct {
	emits    bool // of results, which are encoded only; see result.go for the difference
	shapes   map[reflect.Type]shape
	tagged   []tagged
	defaults []pending
	here     place
}

// compile returns the shape of t, whole.
func (c *compiler) compile(t reflect.Type) (shape, error) {
	s, err := c.shapeOf(t)
	if err != nil {
		return nil, err
	}
	for _, tags := range c.tagged {
		if err := tags.constrain(); err != nil {
			return nil, err
		}
	}
	for _, d := range c.defaults {
		if err := d.check(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// refuse returns the error about the type t at the place where the compiler is.
func (c *compiler) refuse(t reflect.Type, rule string) error { return c.here.misfit("", t, rule) }

// shapeOf returns the shape of t.
func (c *compiler) shapeOf(t reflect.Type) (shape, error) {
	if known, found := c.shapes[t]; found {
		return known, nil
	}
	if c.emits || !hasValidate(t) {
		return c.plainShapeOf(t)
	}
	s := &validShape{}
	c.shapes[t] = s
	var err error
	s.shape, err = c.plainShapeOf(t)
	return s, err
}

// keep notes s as the shape of t before it is whole, for the types inside that lead back to t.
func (c *compiler) keep(t reflect.Type, s shape) {
	if _, known := c.shapes[t]; !known {
		c.shapes[t] = s
	}
}

// plainShapeOf returns the shape of t without regard to a method Validate.
func (c *compiler) plainShapeOf(t reflect.Type) (shape, error) {
	if own, err := c.ownShapeOf(t, false); own != nil || err != nil {
		return own, err
	}
	if describesItself(t) && !hasMethods(t) {
		return nil, c.refuse(t, noMethods)
	}
	if number := numberOf(t); number != nil {
		return number, nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return boolShape{}, nil
	case reflect.String:
		return stringShape{}, nil
	case reflect.Slice, reflect.Array:
		return c.list(t)
	case reflect.Map:
		return c.mapping(t)
	case reflect.Struct:
		return c.structure(t)
	case reflect.Pointer:
		return c.pointer(t)
	case reflect.Interface:
		if t.NumMethod() > 0 && !c.emits {
			return nil, c.refuse(t, "is an interface with methods, and JSON does not say which type to make for it: "+
				"use a concrete type, any or json.RawMessage")
		}
		return anyShape{}, nil
	default:
		return nil, c.refuse(t, noForm)
	}
}

// ownShapeOf returns the shape of a type whose JSON form is not that of its kind, or nil.
func (c *compiler) ownShapeOf(t reflect.Type, isName bool) (shape, error) {
	hasJSON, hasText := implements(t, unmarshaler) || codec.HasStreamMethods(t, true), implements(t, textUnmarshaler)
	if c.emits {
		hasJSON = implements(t, marshaler) || codec.HasStreamMethods(t, false)
		hasText = implements(t, textMarshaler) || implements(t, textAppender)
	}
	switch {
	case t == duration:
		return nil, c.refuse(t, noDuration)
	case t == regularExpression && !c.emits:
		return nil, c.refuse(t, noRegexp)
	case t == numberText:
		return nil, c.refuse(t, noJSONNumber)
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface:
		return nil, nil // methods are those of what it points to
	case t == timeType:
		return &textShape{words: timeWords}, nil
	case codec.IsRaw(t) || t == rawMessage:
		return &ownShape{raw: true, quoted: isName}, nil
	case !hasJSON && !hasText:
		return nil, nil
	}
	drawn, why := selfDescription(t)
	switch {
	case why != "":
		return nil, c.refuse(t, why)
	case hasJSON:
		return &ownShape{quoted: isName, drawn: drawn, large: c.largeOf(t)}, nil
	default:
		return &textShape{words: "string", drawn: drawn, large: c.largeOf(t)}, nil
	}
}

// numberOf returns the shape of a type of a number kind, or nil.
func numberOf(t reflect.Type) shape {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &integerShape{bits: t.Bits()}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return &unsignedShape{bits: t.Bits()}
	case reflect.Float32, reflect.Float64:
		return &floatShape{bits: t.Bits()}
	default:
		return nil
	}
}

func (c *compiler) pointer(t reflect.Type) (shape, error) {
	if isEndless(t) {
		return nil, c.refuse(t, noEnd)
	}
	s := &pointerShape{of: t, elementType: t.Elem(), size: rounded(int(t.Elem().Size()))}
	c.keep(t, s)
	var err error
	s.element, err = c.shapeOf(t.Elem())
	return s, err
}

func (c *compiler) list(t reflect.Type) (shape, error) {
	// As in json/v2, a list of bytes is base64, and a list of a named type of bytes is a list of numbers.
	if element := t.Elem(); element.Kind() == reflect.Uint8 && element.PkgPath() == "" {
		if t.Kind() == reflect.Array {
			return &bytesShape{length: t.Len()}, nil
		}
		return &bytesShape{length: -1}, nil
	}
	var err error
	if t.Kind() == reflect.Array {
		s := &arrayShape{of: t, length: t.Len()}
		c.keep(t, s)
		s.element, err = c.shapeOf(t.Elem())
		return s, err
	}
	s := newSliceShape(t)
	c.keep(t, s)
	s.element, err = c.shapeOf(t.Elem())
	return s, err
}

func (c *compiler) mapping(t reflect.Type) (shape, error) {
	s := &mapShape{of: t, nameType: t.Key(), elementType: t.Elem()}
	s.cost = newEntryCost(int(t.Key().Size()), int(t.Elem().Size()))
	c.keep(t, s)
	var err error
	if s.name, s.unlike, err = c.nameShape(t.Key()); err != nil {
		return nil, err
	}
	if s.unlike {
		s.cost = s.cost.plus(newEntryCost(sizeOfString, 1)) // for what has been seen
	}
	if hasValidate(t.Key()) && !c.emits {
		s.name = &validShape{s.name}
	}
	s.element, err = c.shapeOf(t.Elem())
	return s, err
}

// nameShape returns the shape of member names that become map keys of type t, and whether they have a decoder of
// their own.
func (c *compiler) nameShape(t reflect.Type) (s shape, isOwn bool, err error) {
	if own, err := c.ownShapeOf(t, true); own != nil || err != nil {
		return own, true, err
	}
	if c.emits && t.Kind() == reflect.Pointer && !isEndless(t) {
		return c.nameShape(t.Elem())
	}
	if c.emits && t.Kind() == reflect.Interface {
		return anyShape{}, false, nil
	}
	if t.Kind() == reflect.String {
		return stringShape{}, false, nil
	}
	if number := numberOf(t); number != nil {
		return &quotedShape{number: number}, false, nil
	}
	if t.Kind() == reflect.Array && t.Elem() == reflect.TypeFor[byte]() {
		return &bytesShape{length: t.Len()}, false, nil
	}
	return nil, false, c.refuse(t, noMapKey)
}

func (c *compiler) structure(t reflect.Type) (shape, error) {
	s := &structShape{of: t}
	c.keep(t, s)
	if err := checkEmbedded(t, c.here); err != nil && !c.emits {
		return nil, err
	}
	found, err := members(t, c.here)
	if err != nil {
		return nil, err
	}
	s.fields = make([]field, 0, len(found)) // they are pointed to, and so must never move
	for _, m := range found {
		c.here = append(c.here, m.goName)
		if c.emits {
			err = c.emitted(s, t, m)
		} else {
			err = c.field(s, t, m)
		}
		c.here = c.here[:len(c.here)-1]
		if err != nil {
			return nil, err
		}
	}
	s.index()
	return s, nil
}

// field adds the field of s that is made of m, a member of t.
func (c *compiler) field(s *structShape, t reflect.Type, m member) error {
	of := m.field.Type
	switch {
	case m.rest:
		return c.refuse(of, "would take members of any name, and params know theirs: give it a name in its json tag")
	case m.anyCase:
		return c.refuse(of, "has the json tag option \"case:ignore\", and names in params are exact: take it away")
	case !isSettable(t, m.index):
		return c.refuse(of, "is reached through a pointer to an unexported struct, which cannot be set: embed the "+
			"struct itself or export its type")
	}
	inner, err := c.memberShape(m)
	if err != nil {
		return err
	}
	text, hasDefault := m.field.Tag.Lookup("default")
	s.fields = append(s.fields, field{
		name: m.name, quoted: `"` + m.name + `"`, doc: m.field.Tag.Get("doc"), shape: inner,
		required: !hasDefault && !m.omitempty && !m.omitzero && of.Kind() != reflect.Pointer,
		first:    m.index[0], rest: m.index[1:],
	})
	f := &s.fields[len(s.fields)-1]
	c.tagged = append(c.tagged, tagged{field: f, tag: m.field.Tag, of: of, here: slices.Clone(c.here)})
	if hasDefault {
		f.otherwise = defaultOf(f.shape, text)
		c.defaults = append(c.defaults, pending{text: text, of: of, field: f, owner: s, here: slices.Clone(c.here)})
	}
	return nil
}

// memberShape returns the shape of the values of a member, without the rules that its tag has.
func (c *compiler) memberShape(m member) (shape, error) {
	of := m.field.Type
	s, err := c.shapeOf(of)
	if err != nil {
		return nil, err
	}
	if m.quoted {
		if s = c.quotedOf(s); s == nil {
			return nil, c.refuse(of, noQuotes)
		}
	}
	return s, nil
}

// isEndless reports whether t is a pointer type that leads to nothing but itself.
func isEndless(t reflect.Type) bool {
	for seen := map[reflect.Type]bool{}; t.Kind() == reflect.Pointer; t = t.Elem() {
		if seen[t] {
			return true
		}
		seen[t] = true
	}
	return false
}

// isSettable reports whether the field of t with that index can be set, with the embedded pointers that lead to it.
func isSettable(t reflect.Type, index []int) bool {
	for depth, i := range index {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		f := t.Field(i)
		isLast := depth == len(index)-1
		if !f.IsExported() && (f.Type.Kind() == reflect.Pointer || isLast && f.Type.Kind() != reflect.Struct) {
			return false
		}
		t = f.Type
	}
	return true
}

// quotedOf returns the shape of numbers that are written as strings, or nil when s is no shape of numbers. It passes
// through pointers, as json/v2 does. Types that encode themselves may heed it.
func (c *compiler) quotedOf(s shape) shape {
	switch s := s.(type) {
	case *integerShape, *unsignedShape, *floatShape:
		return &quotedShape{number: s}
	case *pointerShape:
		if element := c.quotedOf(s.element); element != nil {
			return &pointerShape{element: element, elementType: s.elementType, size: s.size}
		}
	case *validShape:
		if inner := c.quotedOf(s.shape); inner != nil {
			return &validShape{inner}
		}
	case *ownShape:
		return &ownShape{quoted: true, raw: s.raw, large: s.large}
	case *textShape:
		if c.emits && s.words != timeWords {
			return s
		}
	}
	return nil
}

func implements(t, methods reflect.Type) bool {
	return t.Implements(methods) || reflect.PointerTo(t).Implements(methods)
}

// hasMethods reports whether t has methods of its own for its JSON, one way or the other.
func hasMethods(t reflect.Type) bool {
	return decodesItself(t) || encodesItself(t)
}

func decodesItself(t reflect.Type) bool {
	return implements(t, unmarshaler) || implements(t, textUnmarshaler) || codec.HasStreamMethods(t, true)
}

func encodesItself(t reflect.Type) bool {
	return implements(t, marshaler) || implements(t, textMarshaler) || implements(t, textAppender) ||
		codec.HasStreamMethods(t, false)
}
