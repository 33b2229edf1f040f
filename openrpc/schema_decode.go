package openrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// UnmarshalJSON reads a schema, which is an object, true or false. The list that items could be in older drafts is read
// as prefixItems. It fails where a schema is expected and something else stands, and on schemas that nest too deep.
func (s *Schema) UnmarshalJSON(data []byte) error {
	if string(bytes.TrimSpace(data)) == "null" {
		return nil
	}
	*s = Schema{}
	return newSchemaDecoder(data).schema(s)
}

// UnmarshalJSON reads an object and keeps the order of its members. Of a name that stands there twice the last schema
// is kept, in the first place.
func (p *Properties) UnmarshalJSON(data []byte) error {
	if string(bytes.TrimSpace(data)) == "null" {
		return nil
	}
	properties, err := newSchemaDecoder(data).properties()
	if err == nil {
		*p = properties
	}
	return err
}

// schemaDecoder reads a schema with all that it holds in one pass: schemas that decode their parts one in the other
// would read the innermost text once for each level.
type schemaDecoder struct {
	data   []byte
	tokens *json.Decoder
	depth  int
}

func newSchemaDecoder(data []byte) *schemaDecoder {
	return &schemaDecoder{data: data, tokens: json.NewDecoder(bytes.NewReader(data))}
}

// next returns the first byte of the next token, which stays unread, or zero at the end.
func (d *schemaDecoder) next() byte {
	for _, c := range d.data[d.tokens.InputOffset():] {
		switch c {
		case ' ', '\t', '\r', '\n', ',', ':':
		default:
			return c
		}
	}
	return 0
}

func (d *schemaDecoder) schema(s *Schema) error {
	if d.depth++; d.depth > maxSchemaDepth {
		return errTooDeep
	}
	defer func() { d.depth-- }()
	switch d.next() {
	case 't', 'f':
		var allows bool
		if err := d.tokens.Decode(&allows); err != nil {
			return err
		}
		if !allows {
			s.Not = &Schema{}
		}
		return nil
	case '{':
	default:
		return errors.New("openrpc: a schema must be an object, true or false")
	}
	var keywords []keyword
	return d.members(func(name string) error {
		if keywords == nil {
			keywords = s.keywords()
		}
		if name == "items" && d.next() == '[' {
			name = "prefixItems"
		}
		i := slices.IndexFunc(keywords, func(k keyword) bool { return k.name == name })
		if i < 0 {
			return d.extra(s, name)
		}
		return d.keyword(s, name, keywords[i].field)
	})
}

// keyword reads the value of a keyword into the field it has.
func (d *schemaDecoder) keyword(s *Schema, name string, field any) error {
	switch field := field.(type) {
	case **Schema:
		*field = new(Schema)
		return d.schema(*field)
	case *[]*Schema:
		if d.next() != '[' {
			return fmt.Errorf("openrpc: schema keyword %q must be a list of schemas", name)
		}
		*field = []*Schema{}
		return d.items(func() error {
			item := new(Schema)
			*field = append(*field, item)
			return d.schema(item)
		})
	case *Properties:
		properties, err := d.properties()
		*field = properties
		return err
	default:
		return d.plain(s, name, field)
	}
}

// plain reads a keyword that holds no schema. What its field cannot hold goes to Extra.
func (d *schemaDecoder) plain(s *Schema, name string, field any) error {
	var raw json.RawMessage
	if err := d.tokens.Decode(&raw); err != nil {
		return err
	}
	if literal, ok := field.(*json.RawMessage); ok {
		*literal = raw
		return nil
	}
	_, number := field.(*json.Number)
	// encoding/json would take null for nothing at all and the string "1" for the number 1.
	if string(raw) == "null" || number && raw[0] == '"' || json.Unmarshal(raw, field) != nil {
		reflect.ValueOf(field).Elem().SetZero()
		d.keep(s, name, raw)
		return nil
	}
	delete(s.Extra, name)
	return nil
}

func (d *schemaDecoder) extra(s *Schema, name string) error {
	var raw json.RawMessage
	if err := d.tokens.Decode(&raw); err != nil {
		return err
	}
	d.keep(s, name, raw)
	return nil
}

func (d *schemaDecoder) keep(s *Schema, name string, raw json.RawMessage) {
	if s.Extra == nil {
		s.Extra = make(map[string]json.RawMessage)
	}
	s.Extra[name] = raw
}

func (d *schemaDecoder) properties() (Properties, error) {
	if d.next() != '{' {
		return nil, errors.New("openrpc: schemas with names must be the members of an object")
	}
	properties := Properties{}
	places := make(map[string]int)
	err := d.members(func(name string) error {
		schema := new(Schema)
		if i, twice := places[name]; twice {
			properties[i].Schema = schema
		} else {
			places[name] = len(properties)
			properties = append(properties, Property{name, schema})
		}
		return d.schema(schema)
	})
	return properties, err
}

// members reads an object and calls read for each member, which has to read its value.
func (d *schemaDecoder) members(read func(name string) error) error {
	return d.items(func() error {
		name, err := d.tokens.Token()
		if err != nil {
			return err
		}
		return read(name.(string))
	})
}

// items reads an object or a list and calls read for each part, which has to read it.
func (d *schemaDecoder) items(read func() error) error {
	if _, err := d.tokens.Token(); err != nil {
		return err
	}
	for d.tokens.More() {
		if err := read(); err != nil {
			return err
		}
	}
	_, err := d.tokens.Token()
	return err
}
