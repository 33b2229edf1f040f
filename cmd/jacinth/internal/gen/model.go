package gen

import "encoding/json"

// model is what the generators of all languages need to know of a document: its schemas as types, with a name for
// every object and every list of texts.
type model struct {
	title       string
	version     string
	description string
	tokenHeader string // that carries the API token
	types       []*namedType
	methods     []*method
	codes       []errorCode
}

// kind tells types apart.
type kind int

const (
	kindAny kind = iota
	kindNull
	kindBoolean
	kindInteger
	kindUnsigned // an integer that may be larger than a signed one of 64 bits
	kindNumber
	kindString
	kindTime  // a string with a date and a time
	kindBytes // a string in base64
	kindEnum
	kindList
	kindMap
	kindObject
	kindUnion
	kindReference
)

// valueType is the type of a value.
type valueType struct {
	kind     kind
	nullable bool // may be null too
	element  *valueType
	fields   []field
	others   *valueType        // of the members of an object beside its fields; nil: none that are known of
	values   []json.RawMessage // of an enum, without null
	branches []*valueType
	target   *namedType
}

// namedType is a type with a name of its own.
type namedType struct {
	words      []string // what its name is made of
	doc        []string
	deprecated bool
	is         *valueType

	name string // as the generated code has it
}

// field is a member of an object, or a parameter of a method.
type field struct {
	name       string // as JSON has it
	doc        []string
	required   bool
	deprecated bool
	otherwise  json.RawMessage // what is meant when it is left out, if that is known
	is         *valueType
}

// method is a method of the service.
type method struct {
	name         string
	doc          []string
	deprecated   bool
	private      bool
	notification bool // has no result, not even null
	byPosition   bool // takes its params as a list only
	params       []field
	whole        *valueType // of the params, where they are no fields
	result       *valueType
	paramsType   *namedType // the object of params; nil where there are none
}

// errorCode is an error that a method declares.
type errorCode struct {
	code    int
	message string
}

// resolved follows references.
func (t *valueType) resolved() *valueType {
	for t.kind == kindReference {
		t = t.target.is
	}
	return t
}

// isNullable reports whether null is a value of the type.
func (t *valueType) isNullable() bool {
	for t.kind == kindReference {
		if t.nullable {
			return true
		}
		t = t.target.is
	}
	return t.nullable || t.kind == kindAny || t.kind == kindNull
}

// isOptional reports whether all of the params can be left out.
func (m *method) isOptional() bool {
	for i := range m.params {
		if m.params[i].required {
			return false
		}
	}
	return m.whole == nil
}
