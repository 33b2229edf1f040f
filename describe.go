package jacinth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/plan"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

const (
	discoverName = "rpc.discover"
	schemaPrefix = "#/components/schemas/"
)

// discover is rpc.discover, for who wants its result as a value: see describing. What a caller may not call, it does not
// hear of.
func (s *Service) discover(ctx context.Context, _ None) (json.RawMessage, error) {
	visible, err := s.visible(ctx)
	if err != nil {
		return nil, err
	}
	w := codec.Writer{Limit: math.MaxInt}
	err = s.documents.appendDocument(&w, visible)
	return w.Bytes, err
}

// frameOfDocument is all of the document of s but methods and components.
func (s *Service) frameOfDocument() openrpc.Document {
	c := &s.config
	frame := openrpc.Document{
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
	if frame.Info.Version == "" {
		frame.Info.Version = "0.0.0" // the specification wants one
	}
	if c.Authorize != nil {
		frame.XJacinth.TokenHeader = c.TokenHeader
	}
	return frame
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
