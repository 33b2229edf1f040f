package openrpc

// A Describer is a type that reads or writes its own JSON and says what that looks like. jacinth asks the zero value of
// such a type, or a pointer to one, when a method with it is registered; a type that says nothing is described as a
// string if it has MarshalText or UnmarshalText, and as anything if it has MarshalJSON or UnmarshalJSON.
//
//	func (Color) JSONSchema() *openrpc.Schema {
//		return &openrpc.Schema{Type: openrpc.Types{"string"}, Pattern: "^#[0-9a-f]{6}$"}
//	}
//
// The schema becomes part of a document, so that it can have no references to parts of itself. It must be right: what
// it takes is what the type takes.
type Describer interface {
	JSONSchema() *Schema
}
