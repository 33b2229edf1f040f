package plan

import (
	"reflect"
	"slices"
	"unicode/utf8"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// The appenders of this file are those of types with others inside.

func (all appenders) pointer(t reflect.Type) appender {
	if isEndless(t) {
		return byEncoder
	}
	inner := all.of(t.Elem())
	return func(w *codec.Writer, value reflect.Value, depth int) error {
		if value.IsNil() {
			w.Bytes = append(w.Bytes, "null"...)
			return nil
		}
		return inner(w, value.Elem(), depth+1)
	}
}

func (all appenders) slice(t reflect.Type) appender {
	if t.Elem().Kind() == reflect.Uint8 {
		return byEncoder // base64, or not
	}
	inner := all.of(t.Elem())
	return func(w *codec.Writer, value reflect.Value, depth int) error {
		w.Bytes = append(w.Bytes, '[')
		for i := range value.Len() {
			if i > 0 {
				w.Bytes = append(w.Bytes, ',')
			}
			if err := inner(w, value.Index(i), depth+1); err != nil {
				return err
			}
			if err := w.Reserve(0); err != nil {
				return err
			}
		}
		w.Bytes = append(w.Bytes, ']')
		return nil
	}
}

// mapping returns an appender for the one kind of map whose members can be walked over without making a copy of each.
func (all appenders) mapping(t reflect.Type) appender {
	if t != reflect.TypeFor[map[string]string]() {
		return byEncoder
	}
	return func(w *codec.Writer, value reflect.Value, depth int) error {
		texts, _ := reflect.TypeAssert[*map[string]string](value.Addr())
		var few [16]string
		names := few[:0]
		for name := range *texts {
			if !utf8.ValidString(name) {
				return byEncoder(w, value, depth) // two of them may be written alike
			}
			names = append(names, name)
		}
		slices.Sort(names)
		w.Bytes = append(w.Bytes, '{')
		for i, name := range names {
			if i > 0 {
				w.Bytes = append(w.Bytes, ',')
			}
			text := (*texts)[name]
			if err := w.Reserve(len(name) + len(text)); err != nil {
				return err
			}
			w.Bytes = append(wire.AppendString(w.Bytes, name), ':')
			w.Bytes = wire.AppendString(w.Bytes, text)
			if err := w.Reserve(0); err != nil {
				return err
			}
		}
		w.Bytes = append(w.Bytes, '}')
		return nil
	}
}

// written is one member of a struct as it is appended.
type written struct {
	name      string // with quotes, and a comma before and a colon behind it
	append    appender
	first     int
	rest      []int
	omitempty bool
	omitzero  bool
	itself    bool // its type says what is written, be it empty or not
}

func (all appenders) structure(t reflect.Type) appender {
	found, err := members(t, nil)
	if err != nil {
		return byEncoder
	}
	list := make([]written, 0, len(found))
	for _, m := range found {
		if m.rest || m.quoted || !m.field.IsExported() || isBehindPointer(t, m.index) || m.omitzero && implements(m.field.Type, zeroer) {
			return byEncoder
		}
		list = append(list, written{
			name:   "," + string(wire.AppendString(nil, m.name)) + ":",
			append: all.of(m.field.Type), first: m.index[0], rest: m.index[1:],
			omitempty: m.omitempty, omitzero: m.omitzero, itself: encodesItself(m.field.Type),
		})
	}
	return func(w *codec.Writer, value reflect.Value, depth int) error {
		w.Bytes = append(w.Bytes, '{')
		start := len(w.Bytes)
		for i := range list {
			if err := list[i].write(w, value, start, depth+1); err != nil {
				return err
			}
		}
		// A few values that point to one another can be written without end. An empty struct may still be left out.
		if len(w.Bytes) > start {
			if err := w.Reserve(0); err != nil {
				return err
			}
		}
		w.Bytes = append(w.Bytes, '}')
		return nil
	}
}

// write appends the member of a struct whose members begin at start, if it is to be there.
func (m *written) write(w *codec.Writer, value reflect.Value, start, depth int) error {
	value = value.Field(m.first)
	for _, i := range m.rest {
		value = value.Field(i)
	}
	if m.omitzero && value.IsZero() || m.omitempty && !m.itself && isEmpty(value) {
		return nil
	}
	mark, name := len(w.Bytes), m.name
	if mark == start {
		name = name[1:]
	}
	w.Bytes = append(w.Bytes, name...)
	if err := m.append(w, value, depth); err != nil {
		return err
	}
	if m.omitempty && isEmptyText(w.Bytes[mark+len(name):]) {
		w.Bytes = w.Bytes[:mark]
	}
	return nil
}

// isEmpty reports whether a value whose type does not encode itself is seen to be written as isEmptyText has it.
func isEmpty(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.String, reflect.Slice, reflect.Map:
		return value.Len() == 0
	case reflect.Pointer, reflect.Interface:
		return value.IsNil()
	}
	return false
}

// isEmptyText reports whether json/v2 leaves a member with that value out because of omitempty.
func isEmptyText(text []byte) bool {
	switch string(text) {
	case "null", `""`, "{}", "[]":
		return true
	}
	return false
}
