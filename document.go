package jacinth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/plan"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

const (
	discoverName = "rpc.discover"
	schemaPrefix = "#/components/schemas/"

	// maxDocuments is how many documents are kept: one for each set of methods that some caller may call.
	maxDocuments = 64
)

// documents are the OpenRPC documents of a service. The methods are described once; each document is put together for
// the first caller who may call just these methods. It is safe for concurrent use.
type documents struct {
	frame   openrpc.Document // all but methods and components
	methods map[string]openrpc.Method
	schemas openrpc.Properties

	mu   sync.Mutex
	made map[string]json.RawMessage // by the names of the methods
}

// newDocuments describes the methods of s, which has no more to come.
func newDocuments(s *Service) *documents {
	c := &s.config
	d := &documents{methods: map[string]openrpc.Method{}, made: map[string]json.RawMessage{}}
	d.frame = openrpc.Document{
		OpenRPC: openrpc.Version,
		Info:    openrpc.Info{Title: c.Name, Version: c.Version, Description: c.Description},
		Servers: []openrpc.Server{{Name: c.Name, URL: strings.TrimRight(c.PublicURL, "/") + c.Endpoint}},
		XJacinth: &openrpc.DocumentExtension{
			Endpoint: c.Endpoint,
			Limits: openrpc.Limits{
				Body:          published(c.Limits.Body),
				BatchItems:    published(c.Limits.BatchItems),
				Response:      published(c.Limits.Response),
				Depth:         published(c.Limits.Depth),
				ID:            published(c.Limits.ID),
				CallTimeoutMS: duration(c.Limits.Call).Milliseconds(),
			},
		},
	}
	if d.frame.Info.Version == "" {
		d.frame.Info.Version = "0.0.0" // the specification wants one
	}
	if c.Authorize != nil {
		d.frame.XJacinth.TokenHeader = c.TokenHeader
	}
	definitions := plan.NewDefinitions(schemaPrefix)
	for _, m := range s.sorted() {
		d.methods[m.Name] = m.describe(definitions)
	}
	d.schemas = definitions.Schemas()
	return d
}

// discover is rpc.discover. What a caller may not call, it does not hear of.
func (s *Service) discover(ctx context.Context, _ None) (json.RawMessage, error) {
	return s.documents.of(s.visible(ctx))
}

// of returns the document of the methods.
func (d *documents) of(methods []*registered) (json.RawMessage, error) {
	var key strings.Builder
	for _, m := range methods {
		key.WriteString(m.Name)
		key.WriteByte('\n')
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if made, known := d.made[key.String()]; known {
		return made, nil
	}
	document, err := d.make(methods)
	if err == nil && len(d.made) < maxDocuments {
		d.made[key.String()] = document
	}
	return document, err
}

// make puts a document together.
func (d *documents) make(methods []*registered) (json.RawMessage, error) {
	document := d.frame
	for _, m := range methods {
		document.Methods = append(document.Methods, d.methods[m.Name])
	}
	if schemas := d.reached(document.Methods); len(schemas) > 0 {
		document.Components = &openrpc.Components{Schemas: schemas}
	}
	encoded, err := codec.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("the description cannot be encoded: %w", err)
	}
	return encoded, nil
}

// reached returns the definitions that the methods refer to, and those that these refer to, and so on.
func (d *documents) reached(methods []openrpc.Method) openrpc.Properties {
	names := map[string]bool{}
	var follow func(*openrpc.Schema)
	follow = func(schema *openrpc.Schema) {
		for inner := range schema.All() {
			name, is := strings.CutPrefix(inner.Ref, schemaPrefix)
			if is && !names[name] {
				names[name] = true
				follow(d.schemas.Get(name))
			}
		}
	}
	for i := range methods {
		for _, param := range methods[i].Params {
			follow(param.Schema)
		}
		follow(methods[i].Result.Schema)
		follow(methods[i].XJacinth.Params)
	}
	var reached openrpc.Properties
	for _, property := range d.schemas {
		if names[property.Name] {
			reached = append(reached, property)
		}
	}
	return reached
}

// describe describes the method, with the named types of its params and result put into d.
func (m *registered) describe(d *plan.Definitions) openrpc.Method {
	params := plan.Description{
		Structure: openrpc.Either, Whole: &openrpc.Schema{Type: openrpc.Types{"object", "array"}},
	}
	result := &openrpc.Schema{}
	if m.typed != nil {
		params, result = m.typed.describe(d)
	}
	described := openrpc.Method{
		Name:           m.Name,
		Summary:        firstSentence(m.Doc),
		ParamStructure: params.Structure,
		Params:         params.Params,
		Result:         &openrpc.ContentDescriptor{Name: "result", Schema: result},
		Deprecated:     m.Deprecated != "",
		XJacinth: &openrpc.MethodExtension{
			Private: m.Private, ReadOnly: m.ReadOnly, Idempotent: m.Idempotent,
			TimeoutMS: duration(m.Timeout).Milliseconds(), Params: params.Whole,
		},
	}
	if m.Private {
		described.XJacinth.Scope = m.Scope
	}
	if m.Doc != described.Summary {
		described.Description = m.Doc
	}
	if m.Deprecated != "" {
		described.Description = strings.TrimSpace(m.Doc + "\n\nDeprecated: " + m.Deprecated)
	}
	if dot := strings.LastIndexByte(m.Name, '.'); dot > 0 {
		described.Tags = []openrpc.Tag{{Name: m.Name[:dot]}}
	}
	for _, declared := range m.Errors {
		described.Errors = append(described.Errors, declared.describe())
	}
	for i, example := range m.Examples {
		described.Examples = append(described.Examples, example.pairing(i+1, params))
	}
	return described
}

// sentenceEnd is a full stop with the beginning of a sentence behind it.
var sentenceEnd = regexp.MustCompile(`[.!?]\s+\p{Lu}`)

// firstSentence returns the first sentence of a text, or its first line if that is shorter.
func firstSentence(doc string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(doc), "\n")
	if end := sentenceEnd.FindStringIndex(line); end != nil {
		return line[:end[0]+1]
	}
	return strings.TrimSpace(line)
}

// checkErrors says what is wrong with the errors that a method declares.
func (m *Method) checkErrors() error {
	var codes []Code
	for _, declared := range m.Errors {
		switch {
		case declared == nil:
			return errors.New("it declares a nil error")
		case slices.Contains(codes, declared.code()):
			return fmt.Errorf("it declares two errors with the code %d, and callers tell errors apart by that", int(declared.code()))
		}
		codes = append(codes, declared.code())
		if _, err := codec.Marshal(declared.Data); err != nil {
			return fmt.Errorf("it declares the error %d, whose Data cannot be encoded: %w", int(declared.code()), err)
		}
	}
	return nil
}

// describe returns what a document has of an error that a method declares.
func (e *Error) describe() openrpc.Error {
	described := openrpc.Error{Code: int(e.code()), Message: e.message()}
	if e.Data != nil {
		described.Data, _ = codec.Marshal(e.Data) // checkErrors has tried it
	}
	return described
}
