package diff

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

const (
	// maxReferences bounds a chain of references that name references.
	maxReferences = 16
	// maxParts bounds how many schemas are folded into one, for schemas that are parts of themselves.
	maxParts = 128
)

// kinds is a set of JSON types. A number that is no integer is a kind of its own, so that "number" is two of them.
type kinds uint8

const (
	null kinds = 1 << iota
	boolean
	integer
	fraction
	text
	list
	object

	anything = null | boolean | integer | fraction | text | list | object
)

var kindNames = []struct {
	kinds kinds
	name  string
}{
	{integer | fraction, "number"},
	{integer, "integer"},
	{fraction, "fraction"},
	{text, "string"},
	{boolean, "boolean"},
	{list, "array"},
	{object, "object"},
	{null, "null"},
}

// String lists the types.
func (k kinds) String() string {
	if k == anything {
		return "anything"
	}
	var names []string
	for _, each := range kindNames {
		if k&each.kinds == each.kinds {
			names = append(names, each.name)
			k &^= each.kinds
		}
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, " or ")
}

func kindOf(name string) kinds {
	for _, each := range kindNames {
		if each.name == name && name != "fraction" {
			return each.kinds
		}
	}
	return 0
}

// flat is what a schema says, with its references and its allOf folded into it.
type flat struct {
	at    string // of the schema it was made of
	kinds kinds

	enum        []literal // of what is allowed, if isEnum
	isEnum      bool
	least, most bound
	counts      map[string]int // minLength, maxItems and so on; those that are there
	patterns    []string
	formats     []string
	encodings   []string
	unique      bool
	multiples   []string
	opaque      []string // keywords that are compared as they read

	members  []member
	required []string
	others   *node // all members beside these; nil: anything
	prefix   []node
	items    *node // nil: anything

	branches []node // of anyOf and oneOf, when there are several
}

// node is a schema and where it stands.
type node struct {
	schema *openrpc.Schema
	at     string
	base   *node // of an alternative: what holds for all of them
}

type member struct {
	name string
	node
}

func newFlat(at string) *flat { return &flat{at: at, kinds: anything} }

// flatten folds a schema.
func (d *differ) flatten(in *side, n node) *flat {
	f := newFlat(n.at)
	parts := maxParts
	d.fold(f, in, n, &parts)
	for base := n.base; base != nil; base = base.base {
		at, branches := f.at, f.branches
		d.fold(f, in, *base, &parts)
		f.at, f.branches = at, branches
	}
	return f
}

// fold adds to f what one more schema says that holds for the same value. It takes itself off parts, and does nothing
// when none is left.
func (d *differ) fold(f *flat, in *side, n node, parts *int) {
	s := n.schema
	d.budget--
	if *parts--; s == nil || *parts < 0 || d.budget < 0 {
		return
	}
	if s.Ref != "" {
		if target, ok := d.follow(in, n); ok {
			if f.at == n.at {
				f.at = target.at
			}
			d.fold(f, in, target, parts)
		}
	}
	if isNever(s) {
		f.kinds = 0
		return
	}
	d.foldValues(f, s)
	d.foldParts(f, s, n.at)
	for i, part := range s.AllOf {
		d.fold(f, in, node{schema: part, at: pointer(n.at, "allOf", i)}, parts)
	}
	if len(s.AnyOf) > 0 {
		d.foldAlternatives(f, in, s.AnyOf, n.at+"/anyOf", parts)
	}
	if len(s.OneOf) > 0 {
		d.foldAlternatives(f, in, s.OneOf, n.at+"/oneOf", parts)
	}
}

// brokenReference is the rule of a reference that leads nowhere.
const brokenReference = "reference-broken"

// follow returns what the reference of a schema leads to.
func (d *differ) follow(in *side, n node) (node, bool) {
	if n.schema.Ref == "#" {
		return node{}, false
	}
	if target := in.Schema(n.schema.Ref); target != nil {
		return node{schema: target, at: strings.TrimPrefix(n.schema.Ref, "#")}, true
	}
	d.add(Warning, brokenReference, in, n.at, "The reference %s leads nowhere, so that nothing is known of what it stands for.",
		quote(n.schema.Ref))
	return node{}, false
}

// foldValues adds what a schema says of plain values.
func (d *differ) foldValues(f *flat, s *openrpc.Schema) {
	if s.Type != nil {
		var allowed kinds
		for _, name := range s.Type {
			allowed |= kindOf(name)
		}
		f.kinds &= allowed
	}
	if s.Enum != nil {
		f.restrict(s.Enum)
	}
	if s.Const != nil {
		f.restrict([]json.RawMessage{s.Const})
	}
	f.raise(s.Minimum, false)
	f.raise(s.ExclusiveMinimum, true)
	f.lower(s.Maximum, false)
	f.lower(s.ExclusiveMaximum, true)
	for _, each := range []struct {
		name  string
		value *int
	}{
		{"minLength", s.MinLength},
		{"minItems", s.MinItems},
		{"minProperties", s.MinProperties},
		{"maxLength", s.MaxLength},
		{"maxItems", s.MaxItems},
		{"maxProperties", s.MaxProperties},
	} {
		if each.value == nil {
			continue
		}
		known, is := f.counts[each.name]
		tighter := strings.HasPrefix(each.name, "min") == (*each.value > known)
		if !is || tighter {
			if f.counts == nil {
				f.counts = make(map[string]int)
			}
			f.counts[each.name] = *each.value
		}
	}
	f.patterns = insert(f.patterns, s.Pattern)
	f.formats = insert(f.formats, s.Format)
	f.encodings = insert(f.encodings, s.ContentEncoding)
	f.multiples = insert(f.multiples, s.MultipleOf.String())
	f.unique = f.unique || s.UniqueItems
	for _, each := range []struct {
		name   string
		schema *openrpc.Schema
	}{{"not", s.Not}, {"contains", s.Contains}, {"propertyNames", s.PropertyNames}} {
		if each.schema != nil {
			if written, err := each.schema.MarshalJSON(); err == nil {
				f.opaque = insert(f.opaque, each.name+" "+string(written))
			}
		}
	}
	for name, value := range s.Extra {
		if !strings.HasPrefix(name, "x-") {
			f.opaque = insert(f.opaque, name+" "+canonical(value))
		}
	}
}

// foldParts adds what a schema says of the parts of lists and objects.
func (d *differ) foldParts(f *flat, s *openrpc.Schema, at string) {
	for _, property := range s.Properties {
		if f.member(property.Name) == nil {
			f.members = append(f.members, member{property.Name, node{schema: property.Schema, at: pointer(at, "properties", property.Name)}})
		}
	}
	for _, name := range s.Required {
		f.required = insert(f.required, name)
	}
	if s.AdditionalProperties != nil && f.others == nil {
		f.others = &node{schema: s.AdditionalProperties, at: at + "/additionalProperties"}
	}
	if s.Items != nil && f.items == nil {
		f.items = &node{schema: s.Items, at: at + "/items"}
	}
	if f.prefix == nil {
		for i, item := range s.PrefixItems {
			f.prefix = append(f.prefix, node{schema: item, at: pointer(at, "prefixItems", i)})
		}
	}
}

// foldAlternatives adds anyOf or oneOf. Where there is but one beside null, or each is for types of its own, one schema
// can say the same, since keywords are for one type each.
func (d *differ) foldAlternatives(f *flat, in *side, alternatives []*openrpc.Schema, at string, parts *int) {
	var branches []node
	var allowed kinds
	simple := f.branches == nil && !f.isEnum
	for i, alternative := range alternatives {
		branch := node{schema: alternative, at: pointer(at, i)}
		inner := newFlat("")
		d.fold(inner, in, branch, parts)
		own := inner.kinds &^ null
		if own&(integer|fraction) != 0 {
			own |= integer | fraction
		}
		if own != 0 {
			branches = append(branches, branch)
			simple = simple && allowed&own == 0 && !inner.isEnum && inner.opaque == nil && inner.branches == nil
		}
		allowed |= inner.kinds
	}
	if simple || len(branches) == 1 && f.branches == nil {
		outer := f.kinds
		for _, branch := range branches {
			d.fold(f, in, branch, parts)
		}
		f.kinds = outer & allowed
		return
	}
	f.kinds &= allowed
	if f.branches == nil {
		f.branches = branches
	}
}

// restrict keeps of an enum the values that are in another one too.
func (f *flat) restrict(values []json.RawMessage) {
	var allowed []literal
	var of kinds
	for _, value := range values {
		one := literal{string(value), canonical(value)}
		if !f.isEnum || containsLiteral(f.enum, one) {
			allowed = append(allowed, one)
			of |= kindOfLiteral(one.canonical)
		}
	}
	f.enum, f.isEnum = allowed, true
	f.kinds &= of
}

func (f *flat) raise(number json.Number, exclusive bool) {
	b, ok := newBound(number, exclusive)
	if ok && (f.least.value == nil || tighter(b, f.least, 1)) {
		f.least = b
	}
}

func (f *flat) lower(number json.Number, exclusive bool) {
	b, ok := newBound(number, exclusive)
	if ok && (f.most.value == nil || tighter(b, f.most, -1)) {
		f.most = b
	}
}

func (f *flat) member(name string) *member {
	for i := range f.members {
		if f.members[i].name == name {
			return &f.members[i]
		}
	}
	return nil
}

// insert adds a text to a sorted set, unless it is empty.
func insert(set []string, one string) []string {
	at, known := slices.BinarySearch(set, one)
	if known || one == "" {
		return set
	}
	return slices.Insert(set, at, one)
}

// isNever reports whether the schema is false.
func isNever(s *openrpc.Schema) bool {
	if s == nil || s.Not == nil {
		return false
	}
	written, err := s.MarshalJSON()
	return err == nil && string(written) == "false"
}
