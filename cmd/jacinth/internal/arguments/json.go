package arguments

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// syntaxError says what is wrong with text as JSON, or "".
func syntaxError(text []byte) string {
	var raw json.RawMessage
	err := json.Unmarshal(text, &raw)
	if err == nil {
		return ""
	}
	if len(text) == 0 {
		return "there is none"
	}
	wrong, ok := errors.AsType[*json.SyntaxError](err)
	if !ok || wrong.Offset < 1 || wrong.Offset > int64(len(text)) {
		return "it is not: " + err.Error()
	}
	before := string(text[:wrong.Offset-1])
	line := 1 + strings.Count(before, "\n")
	column := wrong.Offset - int64(strings.LastIndexByte(before, '\n')+1)
	return fmt.Sprintf("it is not at line %d, column %d: %v", line, column, err)
}

// kinds is a set of JSON types, as JSON Schema names them.
type kinds uint8

const (
	null kinds = 1 << iota
	boolean
	integer
	number
	text
	array
	object

	every = null | boolean | integer | number | text | array | object
)

var kindNames = []struct {
	kind kinds
	name string
}{
	{integer, "integer"},
	{number, "number"},
	{boolean, "boolean"},
	{text, "string"},
	{array, "array"},
	{object, "object"},
	{null, "null"},
}

// named returns the set of the types of a schema.
func named(types []string) kinds {
	var set kinds
	for _, name := range types {
		for _, k := range kindNames {
			if k.name == name {
				set |= k.kind
			}
		}
	}
	return set
}

// String lists the types: "integer or null".
func (k kinds) String() string {
	var names []string
	for _, known := range kindNames {
		if k&known.kind != 0 && (known.kind != integer || k&number == 0) {
			names = append(names, known.name)
		}
	}
	return strings.Join(names, " or ")
}

// kindOf is the type of a JSON value, by its first byte. A number is an integer too: whether its digits are is for the
// service to say.
func kindOf(raw json.RawMessage) kinds {
	switch raw[0] {
	case '{':
		return object
	case '[':
		return array
	case '"':
		return text
	case 't', 'f':
		return boolean
	case 'n':
		return null
	}
	return integer | number
}

// quoted returns s as a JSON string.
func quoted(s string) json.RawMessage {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic(err) // a string can always be encoded
	}
	return json.RawMessage(strings.TrimSuffix(out.String(), "\n"))
}
