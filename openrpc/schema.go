package openrpc

import (
	"encoding/json"
	"iter"
	"slices"
)

// A Schema is a JSON Schema of version 2020-12: it says which JSON values are right. Every field is a keyword; the zero
// value of a field leaves the keyword out, and the zero Schema allows anything. The schema that allows nothing, false
// in JSON, is [Nothing].
//
// Numbers keep their digits and literal values their JSON, so that 18446744073709551615 is a limit like any other.
type Schema struct {
	Schema      string            // "$schema": which JSON Schema this is; for the outermost schema
	ID          string            // "$id"
	Anchor      string            // "$anchor"
	Ref         string            // "$ref": the value must also be right by the schema named
	Comment     string            // "$comment"
	Title       string            // "title"
	Description string            // "description"
	Deprecated  bool              // "deprecated"
	ReadOnly    bool              // "readOnly"
	WriteOnly   bool              // "writeOnly"
	Type        Types             // "type"
	Format      string            // "format"
	Enum        []json.RawMessage // "enum"
	Const       json.RawMessage   // "const"
	Default     json.RawMessage   // "default": what is meant where the value is left out
	Examples    []json.RawMessage // "examples"

	MultipleOf       json.Number // "multipleOf"
	Minimum          json.Number // "minimum"
	ExclusiveMinimum json.Number // "exclusiveMinimum"
	Maximum          json.Number // "maximum"
	ExclusiveMaximum json.Number // "exclusiveMaximum"

	MinLength        *int   // "minLength", in characters
	MaxLength        *int   // "maxLength", in characters
	Pattern          string // "pattern", found anywhere in the string unless it has anchors
	ContentEncoding  string // "contentEncoding", such as "base64"
	ContentMediaType string // "contentMediaType"

	PrefixItems []*Schema // "prefixItems": the first items, one by one
	Items       *Schema   // "items": all items after those
	Contains    *Schema   // "contains"
	MinItems    *int      // "minItems"
	MaxItems    *int      // "maxItems"
	UniqueItems bool      // "uniqueItems"

	Properties           Properties // "properties"
	Required             []string   // "required"
	AdditionalProperties *Schema    // "additionalProperties": all members that have no property
	PropertyNames        *Schema    // "propertyNames"
	MinProperties        *int       // "minProperties"
	MaxProperties        *int       // "maxProperties"

	AllOf []*Schema // "allOf"
	AnyOf []*Schema // "anyOf"
	OneOf []*Schema // "oneOf"
	Not   *Schema   // "not"

	Defs Properties // "$defs": schemas for Ref to name

	// Extra holds the keywords that have no field here, and those that came with a value the field cannot hold, such
	// as the exclusiveMinimum true of old drafts. They are written after the others, in the order of their names.
	Extra map[string]json.RawMessage
}

// Nothing returns a new schema that no value is right by: false in JSON, as in "additionalProperties": false.
func Nothing() *Schema { return &Schema{Not: &Schema{}} }

// All iterates over the schema and all those that stand in it, at whatever depth. What it refers to by Ref stands
// elsewhere.
func (s *Schema) All() iter.Seq[*Schema] {
	return func(yield func(*Schema) bool) { s.each(yield, 0) }
}

// each passes the schema and those in it to yield, and reports whether yield wants more.
func (s *Schema) each(yield func(*Schema) bool, depth int) bool {
	if s == nil || depth > maxSchemaDepth {
		return true
	}
	if !yield(s) {
		return false
	}
	for _, k := range s.keywords() {
		var inner []*Schema
		switch field := k.field.(type) {
		case **Schema:
			inner = []*Schema{*field}
		case *[]*Schema:
			inner = *field
		case *Properties:
			for _, property := range *field {
				inner = append(inner, property.Schema)
			}
		}
		for _, schema := range inner {
			if !schema.each(yield, depth+1) {
				return false
			}
		}
	}
	return true
}

// Types are the JSON types a value may have: "null", "boolean", "integer", "number", "string", "array", "object". One
// is written as a string, several as a list.
type Types []string

// MarshalJSON writes one type as a string and several as a list.
func (t Types) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return marshal(t[0])
	}
	return marshal([]string(t))
}

// UnmarshalJSON reads a string or a list of strings.
func (t *Types) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = Types{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// A Property is a schema with a name.
type Property struct {
	Name   string
	Schema *Schema
}

// Properties are schemas with names, in the order in which they were declared, which is the order they are written in
// and shown in. In JSON they are an object.
type Properties []Property

// Get returns the schema of the name, or nil if there is none.
func (p Properties) Get(name string) *Schema {
	if i := p.index(name); i >= 0 {
		return p[i].Schema
	}
	return nil
}

// Set gives the name a schema: in the place the name has, or at the end.
func (p *Properties) Set(name string, schema *Schema) {
	if i := p.index(name); i >= 0 {
		(*p)[i].Schema = schema
		return
	}
	*p = append(*p, Property{Name: name, Schema: schema})
}

func (p Properties) index(name string) int {
	return slices.IndexFunc(p, func(property Property) bool { return property.Name == name })
}

// keyword is a keyword of JSON Schema and the field that holds it.
type keyword struct {
	name  string
	field any // a pointer to the field
}

// keywords lists the fields of a schema in the order in which they are written.
func (s *Schema) keywords() []keyword {
	return []keyword{
		{"$schema", &s.Schema},
		{"$id", &s.ID},
		{"$anchor", &s.Anchor},
		{"$ref", &s.Ref},
		{"$comment", &s.Comment},
		{"title", &s.Title},
		{"description", &s.Description},
		{"deprecated", &s.Deprecated},
		{"readOnly", &s.ReadOnly},
		{"writeOnly", &s.WriteOnly},
		{"type", &s.Type},
		{"format", &s.Format},
		{"enum", &s.Enum},
		{"const", &s.Const},
		{"default", &s.Default},
		{"examples", &s.Examples},
		{"multipleOf", &s.MultipleOf},
		{"minimum", &s.Minimum},
		{"exclusiveMinimum", &s.ExclusiveMinimum},
		{"maximum", &s.Maximum},
		{"exclusiveMaximum", &s.ExclusiveMaximum},
		{"minLength", &s.MinLength},
		{"maxLength", &s.MaxLength},
		{"pattern", &s.Pattern},
		{"contentEncoding", &s.ContentEncoding},
		{"contentMediaType", &s.ContentMediaType},
		{"prefixItems", &s.PrefixItems},
		{"items", &s.Items},
		{"contains", &s.Contains},
		{"minItems", &s.MinItems},
		{"maxItems", &s.MaxItems},
		{"uniqueItems", &s.UniqueItems},
		{"properties", &s.Properties},
		{"required", &s.Required},
		{"additionalProperties", &s.AdditionalProperties},
		{"propertyNames", &s.PropertyNames},
		{"minProperties", &s.MinProperties},
		{"maxProperties", &s.MaxProperties},
		{"allOf", &s.AllOf},
		{"anyOf", &s.AnyOf},
		{"oneOf", &s.OneOf},
		{"not", &s.Not},
		{"$defs", &s.Defs},
	}
}
