package plan

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

var describer = reflect.TypeFor[openrpc.Describer]()

// describesItself reports whether t, or a pointer to it, says what its JSON is.
func describesItself(t reflect.Type) bool {
	return t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface && implements(t, describer)
}

// selfDescription returns what t says of its JSON, nil if it says nothing. When it says what cannot be, why tells.
func selfDescription(t reflect.Type) (schema *openrpc.Schema, why string) {
	if !describesItself(t) {
		return nil, ""
	}
	speaker, ok := reflect.TypeAssert[openrpc.Describer](reflect.New(t))
	if !ok {
		return nil, ""
	}
	schema = speaker.JSONSchema()
	if schema == nil {
		return nil, "has a method JSONSchema that returns nil: return a schema"
	}
	text, err := schema.MarshalJSON()
	if err != nil {
		return nil, "has a method JSONSchema whose schema cannot be written: " + err.Error()
	}
	if reference := localReference(text); reference != "" {
		return nil, fmt.Sprintf("has a method JSONSchema whose schema refers to %q: it becomes part of a document, where "+
			"that leads elsewhere", reference)
	}
	return schema, ""
}

// localReference returns a reference in the schema that is relative to it.
func localReference(schema []byte) string {
	var value any
	if json.Unmarshal(schema, &value) != nil {
		return ""
	}
	var find func(any) string
	find = func(value any) string {
		switch value := value.(type) {
		case map[string]any:
			if ref, is := value["$ref"].(string); is && !strings.Contains(ref, ":") {
				return ref
			}
			for _, inner := range value {
				if ref := find(inner); ref != "" {
					return ref
				}
			}
		case []any:
			for _, inner := range value {
				if ref := find(inner); ref != "" {
					return ref
				}
			}
		}
		return ""
	}
	return find(value)
}
