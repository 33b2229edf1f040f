package arguments

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// maxReferences is how many references are followed that lead to references, which may go in circles.
const maxReferences = 16

// maxLists is how many lists of one item a value is put into, for a list of lists.
const maxLists = 4

// Types say what the params of a method are. Nil knows nothing, and takes values for JSON where they are JSON and for
// strings where not.
type Types struct {
	Document *openrpc.Document
	Method   *openrpc.Method

	allowed map[*openrpc.Schema]kinds // what kinds has found
}

// of returns the JSON of a value for the schema, which may be nil.
func (t *Types) of(schema *openrpc.Schema, v *value) (json.RawMessage, error) {
	return t.inside(schema, v, 0)
}

// inside does the work of of, for a value that is an item of so many lists.
func (t *Types) inside(schema *openrpc.Schema, v *value, lists int) (json.RawMessage, error) {
	if v.raw {
		return json.RawMessage(v.text), nil
	}
	schema = t.resolve(schema)
	wanted := t.kinds(schema)
	if v.bytes && wanted&text == 0 {
		v.text = strings.TrimSpace(v.text)
	}
	if v.bytes && schema != nil && schema.ContentEncoding == "base64" {
		return quoted(base64.StdEncoding.EncodeToString([]byte(v.text))), nil
	}
	if !utf8.ValidString(v.text) {
		return nil, failure.Usagef("%s: the file is not UTF-8 text, and the method does not say that it wants base64", v.subject())
	}
	if literal := t.literal(schema, v.text); literal != nil {
		return literal, nil
	}
	if wanted == text || wanted == text|null {
		return quoted(v.text), nil // also null, which a string may be; :=null is the other one
	}
	if raw := json.RawMessage(v.text); json.Valid(raw) && kindOf(raw)&wanted != 0 {
		return raw, nil
	}
	if wanted&text != 0 {
		return quoted(v.text), nil
	}
	if wanted&array != 0 && !strings.HasPrefix(v.text, "[") && lists < maxLists {
		item, err := t.inside(t.item(schema, 0), v, lists+1)
		if err != nil {
			return nil, err
		}
		return slices.Concat(json.RawMessage("["), item, json.RawMessage("]")), nil
	}
	return nil, failure.WithHint(
		failure.Usagef("%s: wanted %s, got %q", v.subject(), wanted, v.text),
		"Another value can be forced, as JSON, by := in the place of =")
}

// many returns the JSON array of values that were given one after the other under one name.
func (t *Types) many(schema *openrpc.Schema, values []value) (json.RawMessage, error) {
	schema = t.resolve(schema)
	if t.kinds(schema)&array == 0 {
		return nil, failure.Usagef("%s is given %d times, and is no list", values[0].name, len(values))
	}
	list := json.RawMessage("[")
	for i := range values {
		item, err := t.of(t.item(schema, i), &values[i])
		if err != nil {
			return nil, err
		}
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, item...)
	}
	return append(list, ']'), nil
}

// resolve follows references of a schema into the components of the document.
func (t *Types) resolve(schema *openrpc.Schema) *openrpc.Schema {
	for range maxReferences {
		if t == nil || schema == nil || schema.Ref == "" {
			return schema
		}
		schema = t.Document.Schema(schema.Ref)
	}
	return nil
}

// item is the schema of the item of an array in the place i.
func (t *Types) item(schema *openrpc.Schema, i int) *openrpc.Schema {
	if schema == nil {
		return nil
	}
	if i < len(schema.PrefixItems) {
		return schema.PrefixItems[i]
	}
	if schema.Items != nil {
		return schema.Items
	}
	for _, part := range slices.Concat(schema.AnyOf, schema.OneOf, schema.AllOf) {
		if part = t.resolve(part); t.kinds(part)&array != 0 {
			return part.Items
		}
	}
	return nil
}

// kinds are the types of value that a schema allows. One that is being looked at already, because it is a part of itself,
// is taken to allow every type, and each is looked at once: documents can be made to be hard.
func (t *Types) kinds(schema *openrpc.Schema) kinds {
	schema = t.resolve(schema)
	if t == nil || schema == nil {
		return every
	}
	if known, ok := t.allowed[schema]; ok {
		return known
	}
	if t.allowed == nil {
		t.allowed = make(map[*openrpc.Schema]kinds)
	}
	t.allowed[schema] = every
	allowed := t.look(schema)
	if allowed == 0 {
		allowed = every // what cannot be understood is left to the service
	}
	t.allowed[schema] = allowed
	return allowed
}

// look does the work of kinds.
func (t *Types) look(schema *openrpc.Schema) kinds {
	allowed := every
	if types := named(schema.Type); types != 0 {
		allowed = types
	}
	if len(schema.Enum) > 0 {
		var listed kinds
		for _, literal := range schema.Enum {
			listed |= kindOf(literal)
		}
		allowed &= listed
	}
	if len(schema.Const) > 0 {
		allowed &= kindOf(schema.Const)
	}
	for _, part := range schema.AllOf {
		allowed &= t.kinds(part)
	}
	for _, alternatives := range [][]*openrpc.Schema{schema.AnyOf, schema.OneOf} {
		if len(alternatives) == 0 {
			continue
		}
		var either kinds
		for _, part := range alternatives {
			either |= t.kinds(part)
		}
		allowed &= either
	}
	return allowed
}

// literal returns the one of the values that a schema lists which is written like that, or nil.
func (t *Types) literal(schema *openrpc.Schema, written string) json.RawMessage {
	if schema == nil {
		return nil
	}
	for _, listed := range schema.Enum {
		var s string
		if json.Unmarshal(listed, &s) == nil && kindOf(listed) == text && s == written || string(listed) == written {
			return listed
		}
	}
	return nil
}
