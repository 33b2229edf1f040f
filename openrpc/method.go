package openrpc

import "encoding/json"

// A ParamStructure says how the params of a method may be given.
type ParamStructure string

// The ways to give params. Left out, it means Either.
const (
	ByName     ParamStructure = "by-name"
	ByPosition ParamStructure = "by-position"
	Either     ParamStructure = "either"
)

// A Method describes one method of a service. Where Ref is set, it is a reference to a method described elsewhere, and
// nothing else of it is written.
type Method struct {
	Ref            string              `json:"$ref,omitzero"`
	Name           string              `json:"name"`
	Summary        string              `json:"summary,omitzero"`
	Description    string              `json:"description,omitzero"`
	Tags           []Tag               `json:"tags,omitempty"`
	ExternalDocs   *ExternalDocs       `json:"externalDocs,omitzero"`
	Servers        []Server            `json:"servers,omitempty"` // in place of the document's
	ParamStructure ParamStructure      `json:"paramStructure,omitzero"`
	Params         []ContentDescriptor `json:"params"`          // required ones first; nil is written as an empty list
	Result         *ContentDescriptor  `json:"result,omitzero"` // nil: the method is for notifications only
	Errors         []Error             `json:"errors,omitempty"`
	Links          []Link              `json:"links,omitempty"`
	Examples       []ExamplePairing    `json:"examples,omitempty"`
	Deprecated     bool                `json:"deprecated,omitzero"`
	XJacinth       *MethodExtension    `json:"x-jacinth,omitzero"`
}

// A ContentDescriptor describes one parameter, or the result, of a method. Where Ref is set, it is a reference into
// [Components.ContentDescriptors], and nothing else of it is written.
type ContentDescriptor struct {
	Ref         string  `json:"$ref,omitzero"`
	Name        string  `json:"name"` // of a parameter: the member it has in params by name
	Summary     string  `json:"summary,omitzero"`
	Description string  `json:"description,omitzero"`
	Required    bool    `json:"required,omitzero"`
	Deprecated  bool    `json:"deprecated,omitzero"`
	Schema      *Schema `json:"schema"` // nil is written as the schema that allows anything
}

// An Error is one that a method may answer with. Where Ref is set, it is a reference into [Components.Errors], and
// nothing else of it is written.
type Error struct {
	Ref     string          `json:"$ref,omitzero"`
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitzero"`
}

// A Tag groups methods. Where Ref is set, it is a reference into [Components.Tags], and nothing else of it is written.
type Tag struct {
	Ref          string        `json:"$ref,omitzero"`
	Name         string        `json:"name"`
	Description  string        `json:"description,omitzero"`
	ExternalDocs *ExternalDocs `json:"externalDocs,omitzero"`
}

// A Link says which method can be called next with what a result holds. Where Ref is set, it is a reference into
// [Components.Links], and nothing else of it is written.
type Link struct {
	Ref         string          `json:"$ref,omitzero"`
	Name        string          `json:"name,omitzero"`
	Summary     string          `json:"summary,omitzero"`
	Description string          `json:"description,omitzero"`
	Method      string          `json:"method,omitzero"`
	Params      json.RawMessage `json:"params,omitzero"`
	Server      *Server         `json:"server,omitzero"`
}

// An Example is one value for one parameter or result. Where Ref is set, it is a reference into [Components.Examples],
// and nothing else of it is written.
type Example struct {
	Ref         string          `json:"$ref,omitzero"`
	Name        string          `json:"name"`
	Summary     string          `json:"summary,omitzero"`
	Description string          `json:"description,omitzero"`
	Value       json.RawMessage `json:"value"` // nil is written as null
}

// An ExamplePairing is one call of a method with what it answers. Where Ref is set, it is a reference into
// [Components.ExamplePairings], and nothing else of it is written.
type ExamplePairing struct {
	Ref         string    `json:"$ref,omitzero"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitzero"`
	Params      []Example `json:"params"`          // in the order of [Method.Params]; nil is written as an empty list
	Result      *Example  `json:"result,omitzero"` // nil: the example is a notification
}

// reference is what is written of a value that stands elsewhere. The specification allows it no other member.
type reference struct {
	Ref string `json:"$ref"`
}

// MarshalJSON writes the method, or the reference to it.
func (m Method) MarshalJSON() ([]byte, error) {
	if m.Ref != "" {
		return marshal(reference{m.Ref})
	}
	type plain Method
	if m.Params == nil {
		m.Params = []ContentDescriptor{}
	}
	return marshal(plain(m))
}

// MarshalJSON writes the content descriptor, or the reference to it.
func (c ContentDescriptor) MarshalJSON() ([]byte, error) {
	if c.Ref != "" {
		return marshal(reference{c.Ref})
	}
	type plain ContentDescriptor
	if c.Schema == nil {
		c.Schema = &Schema{}
	}
	return marshal(plain(c))
}

// MarshalJSON writes the error, or the reference to it.
func (e Error) MarshalJSON() ([]byte, error) {
	if e.Ref != "" {
		return marshal(reference{e.Ref})
	}
	type plain Error
	return marshal(plain(e))
}

// MarshalJSON writes the tag, or the reference to it.
func (t Tag) MarshalJSON() ([]byte, error) {
	if t.Ref != "" {
		return marshal(reference{t.Ref})
	}
	type plain Tag
	return marshal(plain(t))
}

// MarshalJSON writes the link, or the reference to it.
func (l Link) MarshalJSON() ([]byte, error) {
	if l.Ref != "" {
		return marshal(reference{l.Ref})
	}
	type plain Link
	return marshal(plain(l))
}

// MarshalJSON writes the example, or the reference to it.
func (e Example) MarshalJSON() ([]byte, error) {
	if e.Ref != "" {
		return marshal(reference{e.Ref})
	}
	type plain Example
	return marshal(plain(e))
}

// MarshalJSON writes the pairing, or the reference to it.
func (e ExamplePairing) MarshalJSON() ([]byte, error) {
	if e.Ref != "" {
		return marshal(reference{e.Ref})
	}
	type plain ExamplePairing
	if e.Params == nil {
		e.Params = []Example{}
	}
	return marshal(plain(e))
}
