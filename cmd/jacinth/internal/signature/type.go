// Package signature says in a few words what the schemas of an OpenRPC document mean.
package signature

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

const (
	maxDepth    = 8 // of types in types; what is deeper is "…"
	maxLiterals = 8 // of an enum
)

// Type says what values a schema allows: "integer", "array of Person", "string or null", "read | write".
func Type(s *openrpc.Schema) string { return typeOf(s, 0) }

func typeOf(s *openrpc.Schema, depth int) string {
	switch {
	case depth > maxDepth:
		return "…"
	case s == nil:
		return "anything"
	case s.Ref != "":
		return refName(s.Ref)
	case len(s.Const) > 0:
		return string(s.Const)
	case len(s.Enum) > 0:
		return literals(s.Enum)
	case len(s.AnyOf)+len(s.OneOf) > 0:
		return all(slices.Concat(s.AnyOf, s.OneOf), " or ", depth)
	case len(s.AllOf) > 0:
		return all(s.AllOf, " and ", depth)
	case len(s.Type) == 0 && s.Not != nil:
		return "nothing"
	case len(s.Type) == 0:
		return untyped(s, depth)
	}
	var names []string
	for _, name := range s.Type {
		names = append(names, one(name, s, depth))
	}
	return strings.Join(names, " or ")
}

// one says what a schema means for one of the types that it allows.
func one(name string, s *openrpc.Schema, depth int) string {
	switch {
	case name == "array" && len(s.PrefixItems) > 0:
		return "[" + all(s.PrefixItems, ", ", depth) + "]"
	case name == "array" && s.Items != nil:
		return "array of " + inner(s.Items, depth)
	case name == "object" && len(s.Properties) == 0 && s.AdditionalProperties != nil && s.AdditionalProperties.Not == nil:
		return "object of " + inner(s.AdditionalProperties, depth)
	case name == "string" && s.Format != "":
		return "string (" + s.Format + ")"
	case name == "string" && s.ContentEncoding != "":
		return "string (" + s.ContentEncoding + ")"
	}
	return name
}

// inner is a type inside another, in parentheses where it would be misread.
func inner(s *openrpc.Schema, depth int) string {
	text := typeOf(s, depth+1)
	if strings.Contains(text, " or ") || strings.Contains(text, " and ") {
		return "(" + text + ")"
	}
	return text
}

// untyped guesses the type of a schema that names none by the keywords that it has.
func untyped(s *openrpc.Schema, depth int) string {
	switch {
	case len(s.Properties) > 0 || s.AdditionalProperties != nil:
		return one("object", s, depth)
	case s.Items != nil || len(s.PrefixItems) > 0:
		return one("array", s, depth)
	}
	return "anything"
}

func all(schemas []*openrpc.Schema, between string, depth int) string {
	var names []string
	for _, s := range schemas {
		if name := typeOf(s, depth+1); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, between)
}

func literals(values []json.RawMessage) string {
	var texts []string
	for _, value := range values[:min(len(values), maxLiterals)] {
		texts = append(texts, literal(value))
	}
	if len(values) > maxLiterals {
		texts = append(texts, fmt.Sprintf("… (%d in all)", len(values)))
	}
	return strings.Join(texts, " | ")
}

// literal is a JSON value without the quotes of a plain string.
func literal(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil && len(value) > 0 && value[0] == '"' && text != "" && !strings.ContainsAny(text, " |\t\n") {
		return text
	}
	return string(value)
}

// refName is the name at the end of a reference, with the escapes of JSON pointers undone.
func refName(ref string) string {
	name := ref[strings.LastIndexByte(ref, '/')+1:]
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
}
