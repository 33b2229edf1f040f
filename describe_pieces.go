package jacinth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/plan"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// documents are what a service says of itself, as JSON in pieces: one for each method and each named type. What one
// caller may see is a choice of them, which is copied into its reply. Nothing is kept for single callers, and nobody
// waits for what another one may see. It is safe for concurrent use.
type documents struct {
	listed []*registered // by name, but for those of the protocol

	specs    func() (*pieces, error) // encoded when it is first asked for
	document func() (*pieces, error)
}

// pieces are parts of one JSON text.
type pieces struct {
	before, after []byte // the methods
	methods       []piece
	schemas       []piece // members of components.schemas; each may refer to others
}

// piece is a method, or a schema with its name.
type piece struct {
	text []byte
	refs []int32 // the schemas that it refers to, by their place
}

// newDocuments returns the documents of s, which has no more methods to come.
func newDocuments(s *Service) *documents {
	d := &documents{listed: slices.DeleteFunc(s.sorted(), func(m *registered) bool {
		return strings.HasPrefix(m.Name, protocolPrefix)
	})}
	d.specs = sync.OnceValues(func() (*pieces, error) { return encodeSpecs(s, d.listed) })
	d.document = sync.OnceValues(func() (*pieces, error) { return encodeDocument(s, d.listed) })
	return d
}

func encodeSpecs(s *Service, listed []*registered) (*pieces, error) {
	p, err := newPieces(s.frameOfSpecs())
	for i := 0; err == nil && i < len(listed); i++ {
		err = p.addMethod(listed[i].specs(), nil)
	}
	return p, err
}

func encodeDocument(s *Service, listed []*registered) (*pieces, error) {
	p, err := newPieces(s.frameOfDocument())
	if err != nil {
		return nil, err
	}
	definitions := plan.NewDefinitions(schemaPrefix)
	methods := make([]openrpc.Method, len(listed))
	for i, m := range listed {
		methods[i] = m.describe(definitions)
	}
	schemas := definitions.Schemas()
	places := make(map[string]int32, len(schemas))
	for i, schema := range schemas {
		places[schema.Name] = int32(i)
	}
	for i := range methods {
		m := &methods[i]
		refs := refersTo(nil, m.Result.Schema, places)
		refs = refersTo(refs, m.XJacinth.Params, places)
		for _, param := range m.Params {
			refs = refersTo(refs, param.Schema, places)
		}
		if err := p.addMethod(m, refs); err != nil {
			return nil, err
		}
	}
	for i := range schemas {
		if err := p.addSchema(schemas[i:i+1], refersTo(nil, schemas[i].Schema, places)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

var noMethods = []byte(`"methods":[]`) // in a text of JSON, as a string has its quotes escaped

// newPieces makes pieces of a value whose list of methods is empty.
func newPieces(frame any) (*pieces, error) {
	encoded, err := codec.Marshal(frame)
	if err != nil {
		return nil, undescribed(err)
	}
	before, after, found := bytes.Cut(encoded, noMethods)
	if !found {
		return nil, undescribed(errors.New("it has no place for methods"))
	}
	return &pieces{before: append(before, noMethods[:len(noMethods)-1]...), after: bytes.Clone(after)}, nil
}

func undescribed(err error) error { return fmt.Errorf("the description cannot be encoded: %w", err) }

func (p *pieces) addMethod(method any, refs []int32) error {
	text, err := codec.Marshal(method)
	if err != nil {
		return undescribed(err)
	}
	p.methods = append(p.methods, piece{text: text, refs: refs})
	return nil
}

// addSchema adds the one schema in a list.
func (p *pieces) addSchema(one openrpc.Properties, refs []int32) error {
	text, err := codec.Marshal(one)
	if err != nil {
		return undescribed(err)
	}
	p.schemas = append(p.schemas, piece{text: text[1 : len(text)-1], refs: refs})
	return nil
}

// refersTo adds the places of the schemas that a schema refers to.
func refersTo(refs []int32, schema *openrpc.Schema, places map[string]int32) []int32 {
	for inner := range schema.All() {
		name, is := strings.CutPrefix(inner.Ref, schemaPrefix)
		if place, known := places[name]; is && known && !slices.Contains(refs, place) {
			refs = append(refs, place)
		}
	}
	return refs
}

// appendSpecs appends the Specs with the methods at some places of listed.
func (d *documents) appendSpecs(w *codec.Writer, visible []int32) error {
	p, err := d.specs()
	if err != nil {
		return err
	}
	return p.append(w, visible)
}

// appendDocument appends the OpenRPC document of the methods at some places of listed.
func (d *documents) appendDocument(w *codec.Writer, visible []int32) error {
	p, err := d.document()
	if err != nil {
		return err
	}
	return p.append(w, visible)
}

const (
	schemasHead = `,"components":{"schemas":{`
	schemasTail = `}}`
)

// append appends the text with some of the methods and what they refer to, or nothing if w has no room for it.
func (p *pieces) append(w *codec.Writer, visible []int32) error {
	reached := p.reached(visible)
	size := len(p.before) + len("]") + len(p.after) + max(0, len(visible)-1)
	for _, i := range visible {
		size += len(p.methods[i].text)
	}
	if len(reached) > 0 {
		size += len(schemasHead) + len(reached) - 1 + len(schemasTail)
	}
	for _, i := range reached {
		size += len(p.schemas[i].text)
	}
	if err := w.Reserve(size); err != nil {
		return err
	}
	out := append(slices.Grow(w.Bytes, size), p.before...)
	out = appendPieces(out, p.methods, visible)
	out = append(out, ']')
	if len(reached) > 0 {
		out = append(out, schemasHead...)
		out = appendPieces(out, p.schemas, reached)
		out = append(out, schemasTail...)
	}
	w.Bytes = append(out, p.after...)
	return nil
}

func appendPieces(out []byte, list []piece, places []int32) []byte {
	for n, i := range places {
		if n > 0 {
			out = append(out, ',')
		}
		out = append(out, list[i].text...)
	}
	return out
}

// reached returns the schemas that the methods refer to, and those that these refer to, and so on, in their order.
func (p *pieces) reached(methods []int32) []int32 {
	if len(p.schemas) == 0 {
		return nil
	}
	seen := make([]bool, len(p.schemas))
	var follow func([]int32)
	follow = func(refs []int32) {
		for _, i := range refs {
			if !seen[i] {
				seen[i] = true
				follow(p.schemas[i].refs)
			}
		}
	}
	for _, i := range methods {
		follow(p.methods[i].refs)
	}
	var reached []int32
	for i, is := range seen {
		if is {
			reached = append(reached, int32(i))
		}
	}
	return reached
}

// describing is the typed of a method that describes its service. Its function makes a value for middleware; where no
// middleware sees the result, and where none has changed it, the pieces are copied instead of a value being encoded.
type describing struct {
	typed

	service *Service
	append  func(w *codec.Writer, visible []int32) error
}

func (d *describing) frame() frame { return &description{frame: d.typed.frame(), of: d} }

// description is the frame of a describing.
type description struct {
	frame

	of      *describing
	visible atomic.Pointer[[]int32] // a middleware may have left a call behind that still runs
}

func (f *description) callInPlace(ctx context.Context) error {
	visible, err := f.of.service.visible(ctx)
	f.visible.Store(&visible)
	return err
}

func (f *description) encodeInPlace(w *codec.Writer) error { return f.of.append(w, *f.visible.Load()) }

func (f *description) call(ctx context.Context) (any, error) {
	if err := f.callInPlace(ctx); err != nil {
		return nil, err
	}
	return f.frame.call(ctx)
}

func (f *description) encode(w *codec.Writer, result any) error {
	visible := f.visible.Load()
	text, is := result.(json.RawMessage)
	if !is || visible == nil {
		return f.frame.encode(w, result)
	}
	if len(text) > w.Limit-len(w.Bytes) {
		return codec.ErrTooLarge
	}
	start := len(w.Bytes)
	if err := f.of.append(w, *visible); err == nil && bytes.Equal(w.Bytes[start:], text) {
		return nil
	}
	w.Bytes = w.Bytes[:start]
	return f.frame.encode(w, result)
}
