package openrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Version is the version of the OpenRPC specification that this package writes. Its last part says nothing: the
// specification tells tools not to look at it.
const Version = "1.4.0"

// A Document describes a JSON-RPC 2.0 service.
type Document struct {
	OpenRPC      string             `json:"openrpc"` // [Version] where this package's users write it
	Info         Info               `json:"info"`
	ExternalDocs *ExternalDocs      `json:"externalDocs,omitzero"`
	Servers      []Server           `json:"servers,omitempty"` // none: the place the document came from
	Methods      []Method           `json:"methods"`           // nil is written as an empty list
	Components   *Components        `json:"components,omitzero"`
	XJacinth     *DocumentExtension `json:"x-jacinth,omitzero"`
}

// Info says which service the document is of.
type Info struct {
	Title          string   `json:"title"`
	Version        string   `json:"version"` // of the service's interface, not of OpenRPC
	Description    string   `json:"description,omitzero"`
	TermsOfService string   `json:"termsOfService,omitzero"`
	Contact        *Contact `json:"contact,omitzero"`
	License        *License `json:"license,omitzero"`
}

// Contact says whom to ask about a service.
type Contact struct {
	Name  string `json:"name,omitzero"`
	Email string `json:"email,omitzero"`
	URL   string `json:"url,omitzero"`
}

// License says under which terms an interface may be used.
type License struct {
	Name string `json:"name,omitzero"`
	URL  string `json:"url,omitzero"`
}

// ExternalDocs points to documentation outside of the document.
type ExternalDocs struct {
	URL         string `json:"url"`
	Description string `json:"description,omitzero"`
}

// A Server is a place where the service answers.
type Server struct {
	URL         string                    `json:"url"` // may be relative to where the document came from
	Name        string                    `json:"name,omitzero"`
	Summary     string                    `json:"summary,omitzero"`
	Description string                    `json:"description,omitzero"`
	Variables   map[string]ServerVariable `json:"variables,omitempty"`
}

// A ServerVariable fills a ${name} in [Server.URL].
type ServerVariable struct {
	Default     string   `json:"default"`
	Description string   `json:"description,omitzero"`
	Enum        []string `json:"enum,omitempty"`
}

// Components holds what other parts of the document refer to by "#/components/<kind>/<name>".
type Components struct {
	Schemas            Properties                   `json:"schemas,omitempty"`
	ContentDescriptors map[string]ContentDescriptor `json:"contentDescriptors,omitempty"`
	Errors             map[string]Error             `json:"errors,omitempty"`
	Examples           map[string]Example           `json:"examples,omitempty"`
	ExamplePairings    map[string]ExamplePairing    `json:"examplePairings,omitempty"`
	Links              map[string]Link              `json:"links,omitempty"`
	Tags               map[string]Tag               `json:"tags,omitempty"`
}

// Parse reads the document in data. It refuses JSON that is no OpenRPC document of version 1; a later minor version
// than [Version] is read as far as this package knows it.
func Parse(data []byte) (*Document, error) {
	doc := new(Document)
	if err := json.Unmarshal(data, doc); err != nil {
		return nil, fmt.Errorf("openrpc: the document cannot be read: %w", err)
	}
	if doc.OpenRPC == "" {
		return nil, errors.New(`openrpc: this is no OpenRPC document: it has no "openrpc" member that names a version`)
	}
	if doc.OpenRPC != "1" && !strings.HasPrefix(doc.OpenRPC, "1.") {
		return nil, fmt.Errorf("openrpc: version %q of OpenRPC is not known here, only 1.x is", doc.OpenRPC)
	}
	return doc, nil
}

// MarshalJSON writes the document with the list of methods that the specification requires, even if it is nil.
func (d Document) MarshalJSON() ([]byte, error) {
	type plain Document
	if d.Methods == nil {
		d.Methods = []Method{}
	}
	return marshal(plain(d))
}

// marshal is json.Marshal that leaves <, > and & alone: the document is data, and the caller's encoder escapes them if
// it is told to.
func marshal(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
