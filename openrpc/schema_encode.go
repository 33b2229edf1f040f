package openrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// maxSchemaDepth bounds how deep schemas may stand in each other, read and written. Recursion is written with Ref; a
// Go value that holds itself would otherwise be written for ever.
const maxSchemaDepth = 256

var errTooDeep = fmt.Errorf("openrpc: a schema holds more than %d schemas in each other; use $ref for recursion",
	maxSchemaDepth)

// MarshalJSON writes the schema. It fails on a literal value or number that is not JSON, on a keyword that stands both
// in a field and in Extra, and on a schema that holds itself.
func (s Schema) MarshalJSON() ([]byte, error) {
	var e schemaEncoder
	if err := e.schema(&s); err != nil {
		return nil, err
	}
	return e.out.Bytes(), nil
}

// MarshalJSON writes an object whose members stand in the order of the properties.
func (p Properties) MarshalJSON() ([]byte, error) {
	var e schemaEncoder
	if err := e.properties(p); err != nil {
		return nil, err
	}
	return e.out.Bytes(), nil
}

// schemaEncoder writes a schema with all that it holds in one pass.
type schemaEncoder struct {
	out   bytes.Buffer
	depth int
}

func (e *schemaEncoder) schema(s *Schema) error {
	if e.depth++; e.depth > maxSchemaDepth {
		return errTooDeep
	}
	defer func() { e.depth-- }()
	if s == nil {
		e.out.WriteString("{}")
		return nil
	}
	start := e.out.Len()
	e.out.WriteByte('{')
	var written []string
	for _, k := range s.keywords() {
		if isZero(k.field) {
			continue
		}
		if err := e.member(len(written) == 0, k.name); err != nil {
			return err
		}
		if err := e.value(k.field); err != nil {
			return fmt.Errorf("openrpc: schema keyword %q: %w", k.name, err)
		}
		written = append(written, k.name)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Extra)) {
		if slices.Contains(written, name) {
			return fmt.Errorf("openrpc: schema keyword %q stands both in its field and in Extra", name)
		}
		if err := e.member(len(written) == 0, name); err != nil {
			return err
		}
		if err := e.raw(s.Extra[name]); err != nil {
			return fmt.Errorf("openrpc: schema keyword %q: %w", name, err)
		}
		written = append(written, name)
	}
	e.out.WriteByte('}')
	if string(e.out.Bytes()[start:]) == `{"not":{}}` {
		e.out.Truncate(start)
		e.out.WriteString("false")
	}
	return nil
}

// isZero tells whether the field leaves its keyword out.
func isZero(field any) bool {
	switch field := field.(type) {
	case *string:
		return *field == ""
	case *bool:
		return !*field
	case *json.Number:
		return *field == ""
	case *json.RawMessage:
		return *field == nil
	case *[]json.RawMessage:
		return *field == nil
	case *Types:
		return *field == nil
	case *[]string:
		return *field == nil
	case **int:
		return *field == nil
	case **Schema:
		return *field == nil
	case *[]*Schema:
		return *field == nil
	case *Properties:
		return *field == nil
	}
	panic(fmt.Sprintf("openrpc: no rule for keywords held by %T", field))
}

func (e *schemaEncoder) value(field any) error {
	switch field := field.(type) {
	case **Schema:
		return e.schema(*field)
	case *[]*Schema:
		return list(e, *field, e.schema)
	case *Properties:
		return e.properties(*field)
	case *json.RawMessage:
		return e.raw(*field)
	case *[]json.RawMessage:
		return list(e, *field, e.raw)
	case *json.Number:
		if c := (*field)[0]; c != '-' && (c < '0' || c > '9') {
			return fmt.Errorf("%q is not a number", *field)
		}
		return e.raw(json.RawMessage(*field))
	default:
		return e.marshal(field)
	}
}

func (e *schemaEncoder) properties(p Properties) error {
	e.out.WriteByte('{')
	for i, property := range p {
		if err := e.member(i == 0, property.Name); err != nil {
			return err
		}
		if err := e.schema(property.Schema); err != nil {
			return err
		}
	}
	e.out.WriteByte('}')
	return nil
}

func (e *schemaEncoder) member(first bool, name string) error {
	if !first {
		e.out.WriteByte(',')
	}
	if err := e.marshal(name); err != nil {
		return err
	}
	e.out.WriteByte(':')
	return nil
}

func (e *schemaEncoder) raw(value json.RawMessage) error {
	if err := json.Compact(&e.out, value); err != nil {
		return errors.New("its value is not JSON")
	}
	return nil
}

func (e *schemaEncoder) marshal(value any) error {
	text, err := marshal(value)
	e.out.Write(text)
	return err
}

func list[T any](e *schemaEncoder, values []T, write func(T) error) error {
	e.out.WriteByte('[')
	for i, value := range values {
		if i > 0 {
			e.out.WriteByte(',')
		}
		if err := write(value); err != nil {
			return err
		}
	}
	e.out.WriteByte(']')
	return nil
}
