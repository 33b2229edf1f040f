package gen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

// builder turns a document into a model.
type builder struct {
	document *openrpc.Document
	model    *model
	byRef    map[string]*namedType
	hops     int // how many parts of allOf are being put together
	left     int // how many more schemas may be read
}

const (
	// maxHops bounds how many schemas become one by allOf and references.
	maxHops = 64
	// maxSchemas bounds how many schemas are read: one that holds itself by allOf could be read for ever.
	maxSchemas = 20_000
	// schemaPrefix is what references to named schemas begin with.
	schemaPrefix = "#/components/schemas/"
)

// build makes the model of a document. It fails if the document is one that no client can be made of.
func build(document *openrpc.Document) (*model, error) {
	b := &builder{document: document, model: &model{}, byRef: make(map[string]*namedType), left: maxSchemas}
	m := b.model
	m.title, m.version, m.description = document.Info.Title, document.Info.Version, document.Info.Description
	m.tokenHeader = "X-Api-Token"
	if x := document.XJacinth; x != nil && x.TokenHeader != "" {
		m.tokenHeader = x.TokenHeader
	}
	seen := make(map[string]bool)
	for i := range document.Methods {
		described := &document.Methods[i]
		switch {
		case strings.HasPrefix(described.Name, "rpc."):
			continue // the protocol's own
		case described.Name == "":
			return nil, fmt.Errorf("the method at /methods/%d has no name", i)
		case seen[described.Name]:
			return nil, fmt.Errorf("the document has the method %q twice", described.Name)
		}
		seen[described.Name] = true
		m.methods = append(m.methods, b.method(described))
	}
	if b.left < 0 {
		return nil, fmt.Errorf("the document has more than %d schemas, or schemas that hold themselves without a name", maxSchemas)
	}
	b.cutCircles()
	return m, nil
}

func (b *builder) method(described *openrpc.Method) *method {
	m := &method{
		name:         described.Name,
		doc:          describe(described.Summary, described.Description),
		deprecated:   described.Deprecated,
		notification: described.Result == nil,
		byPosition:   described.ParamStructure == openrpc.ByPosition,
		result:       &valueType{kind: kindNull},
	}
	at := place{words: split(described.Name)}
	x := described.XJacinth
	m.private = x != nil && x.Private
	if x != nil && x.Params != nil {
		m.whole = b.of(x.Params, at.in("params"))
	} else {
		m.params = b.params(described.Params, at)
	}
	if len(m.params) > 0 {
		m.paramsType = &namedType{
			words: at.in("params").words,
			is:    &valueType{kind: kindObject, fields: m.params},
		}
	}
	if described.Result != nil {
		m.result = b.of(described.Result.Schema, at.in("result"))
	}
	for _, declared := range described.Errors {
		known := func(known errorCode) bool { return known.code == declared.Code }
		if !slices.ContainsFunc(b.model.codes, known) {
			b.model.codes = append(b.model.codes, errorCode{declared.Code, declared.Message})
		}
	}
	return m
}

func (b *builder) params(list []openrpc.ContentDescriptor, at place) []field {
	fields := make([]field, len(list))
	for i := range list {
		c := &list[i]
		fields[i] = field{
			name: c.Name, doc: describe(c.Summary, c.Description), required: c.Required, deprecated: c.Deprecated,
			is: b.of(c.Schema, at.in(split(c.Name)...)),
		}
		if c.Schema != nil {
			fields[i].otherwise = c.Schema.Default
			if fields[i].doc == nil {
				fields[i].doc = docOf(c.Schema)
			}
		}
	}
	return fields
}

// place is where a schema stands.
type place struct {
	words []string   // that name what is there, if it needs a name
	home  *namedType // the name it has already
}

// in returns the place of a part of what is at p.
func (p place) in(words ...string) place { return place{words: slices.Concat(p.words, words)} }

// maxWords bounds how many words a name is made of, and with that how deep types without a name are put into each other.
const maxWords = 64

// of makes the type of a schema. What is too much, or too deep, is anything.
func (b *builder) of(s *openrpc.Schema, at place) *valueType {
	b.left--
	switch {
	case s == nil, b.left < 0, len(at.words) > maxWords:
		return &valueType{kind: kindAny}
	case s.Ref != "":
		return b.reference(s.Ref)
	case len(s.AllOf) > 0:
		return b.all(s, at)
	case s.Const != nil:
		return b.enum([]json.RawMessage{s.Const}, s, at)
	case s.Enum != nil:
		return b.enum(s.Enum, s, at)
	case len(s.AnyOf) > 0:
		return b.union(s.AnyOf, s, at)
	case len(s.OneOf) > 0:
		return b.union(s.OneOf, s, at)
	}
	kinds := slices.DeleteFunc(slices.Clone(s.Type), func(name string) bool { return name == "null" })
	var t *valueType
	switch {
	case len(kinds) == 1:
		t = b.single(kinds[0], s, at)
	case len(kinds) > 1:
		t = &valueType{kind: kindUnion}
		for _, name := range kinds {
			t.branches = append(t.branches, b.single(name, s, at.in(name)))
		}
	case len(s.Type) > 0:
		return &valueType{kind: kindNull}
	case s.Properties != nil:
		t = b.single("object", s, at)
	case s.Items != nil:
		t = b.single("array", s, at)
	default:
		return &valueType{kind: kindAny}
	}
	t.nullable = t.nullable || len(kinds) < len(s.Type)
	return t
}

// single makes the type of what a schema says of one JSON type.
func (b *builder) single(name string, s *openrpc.Schema, at place) *valueType {
	switch name {
	case "boolean":
		return &valueType{kind: kindBoolean}
	case "integer":
		return &valueType{kind: integerKind(s)}
	case "number":
		return &valueType{kind: kindNumber}
	case "string":
		switch {
		case s.ContentEncoding == "base64" && s.ContentMediaType == "":
			return &valueType{kind: kindBytes}
		case s.Format == "date-time":
			return &valueType{kind: kindTime}
		}
		return &valueType{kind: kindString}
	case "array":
		return &valueType{kind: kindList, element: b.items(s, at.in("item"))}
	case "object":
		return b.object(s, at)
	}
	return &valueType{kind: kindAny}
}

// integerKind is unsigned where there can be numbers beyond the signed ones of 64 bits, and none below zero.
func integerKind(s *openrpc.Schema) kind {
	least, _, err := big.ParseFloat(s.Minimum.String(), 10, 128, big.ToNearestEven)
	if err != nil || least.Sign() < 0 {
		return kindInteger
	}
	most, _, err := big.ParseFloat(s.Maximum.String(), 10, 128, big.ToNearestEven)
	if err != nil || most.Cmp(new(big.Float).SetInt64(1<<63-1)) <= 0 {
		return kindInteger
	}
	return kindUnsigned
}

// items makes the type of the items of a list: of all of them, if the schema tells some apart.
func (b *builder) items(s *openrpc.Schema, at place) *valueType {
	if len(s.PrefixItems) == 0 {
		return b.of(s.Items, at)
	}
	return &valueType{kind: kindAny}
}

func (b *builder) object(s *openrpc.Schema, at place) *valueType {
	if len(s.Properties) == 0 {
		if isNever(s.AdditionalProperties) {
			return b.name(at, s, &valueType{kind: kindObject})
		}
		return &valueType{kind: kindMap, element: b.of(s.AdditionalProperties, at.in("value"))}
	}
	t := &valueType{kind: kindObject}
	named := b.name(at, s, t)
	for _, property := range s.Properties {
		f := field{
			name:     property.Name,
			required: slices.Contains(s.Required, property.Name),
			is:       b.of(property.Schema, at.in(split(property.Name)...)),
		}
		if p := property.Schema; p != nil {
			f.doc, f.deprecated, f.otherwise = docOf(p), p.Deprecated, p.Default
		}
		t.fields = append(t.fields, f)
	}
	if s.AdditionalProperties != nil && !isNever(s.AdditionalProperties) {
		t.others = b.of(s.AdditionalProperties, at.in("other"))
	}
	return named
}

// enum makes the type of a list of values.
func (b *builder) enum(values []json.RawMessage, s *openrpc.Schema, at place) *valueType {
	t := &valueType{kind: kindEnum}
	nullable := false
	for _, value := range values {
		value = bytes.TrimSpace(value)
		if string(value) == "null" {
			nullable = true
		} else if !slices.ContainsFunc(t.values, func(known json.RawMessage) bool { return bytes.Equal(known, value) }) {
			t.values = append(t.values, value)
		}
	}
	if len(t.values) == 0 {
		return &valueType{kind: kindNull}
	}
	named := b.name(at, s, t)
	named.nullable = nullable
	return named
}

// union makes the type of alternatives.
func (b *builder) union(alternatives []*openrpc.Schema, s *openrpc.Schema, at place) *valueType {
	t := &valueType{kind: kindUnion}
	for i, alternative := range alternatives {
		own := at.in("option", fmt.Sprint(i+1))
		if len(alternatives) == 2 && slices.ContainsFunc(alternatives, isNull) {
			own = at
		}
		branch := b.of(alternative, own)
		switch branch.kind {
		case kindNull:
			t.nullable = true
		case kindAny:
			return branch
		default:
			t.branches = append(t.branches, branch)
		}
	}
	switch len(t.branches) {
	case 0:
		return &valueType{kind: kindNull}
	case 1:
		only := *t.branches[0]
		only.nullable = only.nullable || t.nullable
		return &only
	}
	if s.Properties != nil {
		return &valueType{kind: kindMap, element: &valueType{kind: kindAny}} // alternatives of one object
	}
	return t
}

func isNull(s *openrpc.Schema) bool { return s != nil && slices.Equal(s.Type, openrpc.Types{"null"}) }

// all makes the type of a value that several schemas hold for: one object with the properties of all of them, or
// anything.
func (b *builder) all(s *openrpc.Schema, at place) *valueType {
	b.hops = 0
	merged := &openrpc.Schema{Title: s.Title, Description: s.Description, Type: openrpc.Types{"object"}}
	if len(s.AllOf) == 1 && s.Properties == nil && s.AdditionalProperties == nil {
		return b.of(s.AllOf[0], at)
	}
	if !b.merge(merged, s) {
		return &valueType{kind: kindAny}
	}
	return b.object(merged, at)
}

// merge adds the properties of one more schema, and reports whether it is one of objects.
func (b *builder) merge(into, s *openrpc.Schema) bool {
	if b.hops++; s == nil || b.hops > maxHops {
		return false
	}
	if s.Ref != "" && !b.merge(into, b.document.Schema(s.Ref)) {
		return false
	}
	if s.AnyOf != nil || s.OneOf != nil || s.Enum != nil || len(s.Type) > 0 && !slices.Contains(s.Type, "object") {
		return false
	}
	for _, property := range s.Properties {
		if into.Properties.Get(property.Name) == nil {
			into.Properties.Set(property.Name, property.Schema)
		}
	}
	into.Required = append(into.Required, s.Required...)
	if into.AdditionalProperties == nil {
		into.AdditionalProperties = s.AdditionalProperties
	}
	return !slices.ContainsFunc(s.AllOf, func(part *openrpc.Schema) bool { return !b.merge(into, part) })
}

// reference makes the type of a reference.
func (b *builder) reference(ref string) *valueType {
	if known := b.byRef[ref]; known != nil {
		return &valueType{kind: kindReference, target: known}
	}
	schema := b.document.Schema(ref)
	if schema == nil {
		return &valueType{kind: kindAny} // it leads nowhere
	}
	named := &namedType{
		words: split(strings.NewReplacer("~1", "/", "~0", "~").Replace(strings.TrimPrefix(ref, schemaPrefix))),
		doc:   docOf(schema), deprecated: schema.Deprecated,
	}
	b.byRef[ref] = named
	b.model.types = append(b.model.types, named)
	named.is = b.of(schema, place{named.words, named})
	return &valueType{kind: kindReference, target: named}
}

// name gives a type a name of its own, and returns what stands for it: a reference, or the type itself where that is
// what the name is of already.
func (b *builder) name(at place, s *openrpc.Schema, t *valueType) *valueType {
	if at.home != nil {
		return t
	}
	named := &namedType{words: at.words, doc: docOf(s), deprecated: s.Deprecated, is: t}
	b.model.types = append(b.model.types, named)
	return &valueType{kind: kindReference, target: named}
}

// cutCircles makes anything of names that stand for nothing but each other, and of alternatives that are themselves one
// of their own.
func (b *builder) cutCircles() {
	for _, named := range b.model.types {
		if named.is.standsFor(named, make(map[*namedType]bool)) {
			named.is = &valueType{kind: kindAny}
		}
	}
}

// standsFor reports whether a value of the type can be just a value of the named one.
func (t *valueType) standsFor(named *namedType, seen map[*namedType]bool) bool {
	if t.kind == kindReference {
		if t.target == named {
			return true
		}
		if seen[t.target] {
			return false
		}
		seen[t.target] = true
		return t.target.is.standsFor(named, seen)
	}
	return slices.ContainsFunc(t.branches, func(branch *valueType) bool { return branch.standsFor(named, seen) })
}

// docOf returns what a schema tells people.
func docOf(s *openrpc.Schema) []string {
	if s.Description == "" {
		return lines(s.Title)
	}
	return lines(s.Description)
}

// isNever reports whether a schema is false.
func isNever(s *openrpc.Schema) bool {
	if s == nil || s.Not == nil {
		return false
	}
	written, err := s.MarshalJSON()
	return err == nil && string(written) == "false"
}
