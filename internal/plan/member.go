package plan

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/jacinth-rpc/jacinth/internal/codec"
)

// A member is one field of a struct, or of the structs embedded in it, that is part of its JSON.
type member struct {
	options
	goName string // the names of the fields that lead to it, with dots between them
	field  reflect.StructField
	index  []int
	// rest says that it is no member itself, but a map or a raw value whose members stand in the object.
	rest bool
}

// members lists the members of the struct type t in the order of their declaration, as json/v2 finds them: fields of
// embedded structs count as those of the outer one, and of two with one name the less deep one counts. What json/v2
// would refuse, or settle in silence by leaving both fields out, is an error here.
func members(t reflect.Type, here place) ([]member, error) {
	type level struct {
		of     reflect.Type
		member      // the embedded field that leads here
		deeper bool // whether to follow what is embedded in it
	}
	var found []member
	queue := []level{{of: t, deeper: true}}
	seen := map[reflect.Type]bool{t: true}
	for len(queue) > 0 {
		outer := queue[0]
		queue = queue[1:]
		if !showsFields(outer.of) {
			return nil, here.misfit(outer.goName, outer.of, "has no exported field, so that nothing of it is in its "+
				"JSON: export fields, or give it methods such as MarshalText and UnmarshalText")
		}
		siblings := map[string]string{}
		for i := range outer.of.NumField() {
			m, rule := newMember(outer.of.Field(i), outer.member, i)
			switch {
			case rule != "":
				return nil, here.misfit(m.goName, m.field.Type, rule)
			case m.ignored:
			case m.embed && !m.rest:
				inner := indirect(m.field.Type)
				if outer.deeper {
					queue = append(queue, level{of: inner, member: m, deeper: !seen[inner]})
				}
				seen[inner] = true
			case siblings[m.name] != "" && !m.rest:
				return nil, here.sameName(m, siblings[m.name])
			default:
				siblings[m.name] = m.goName
				found = append(found, m)
			}
		}
	}
	return dominant(found, here)
}

// showsFields reports whether the struct type t has an exported field, a tag that says that none is meant to be, or no
// field at all.
func showsFields(t reflect.Type) bool {
	for f := range t.Fields() {
		if _, tagged := f.Tag.Lookup("json"); tagged || f.IsExported() || f.Anonymous {
			return true
		}
	}
	return t.NumField() == 0
}

const (
	unexported  = "is embedded and unexported: export its type or give it the tag `json:\"-\"`"
	isEmbedded  = "is embedded and can have no other json tag option"
	noTags      = "is embedded and cannot have the tag %q: give it to its fields"
	needsName   = "is embedded and has its own JSON methods: give it a name in its json tag"
	cannotEmbed = "cannot be embedded, which only a struct can: give it a name in its json tag"
)

// newMember makes a member of field number i of the struct that outer leads to. When it cannot be one, rule says why.
func newMember(f reflect.StructField, outer member, i int) (m member, rule string) {
	m = member{field: f, goName: f.Name, index: append(slices.Clip(outer.index), i)}
	if outer.goName != "" {
		m.goName = outer.goName + "." + f.Name
	}
	if m.options, rule = parseTag(f); rule != "" || m.ignored {
		return m, rule
	}
	m.embed = m.embed || f.Anonymous && !m.named
	inner := indirect(f.Type)
	isStruct := inner.Kind() == reflect.Struct
	if !m.embed {
		if !f.IsExported() && (!isStruct || hasMethods(inner) || m.omitzero && implements(inner, zeroer)) {
			return m, unexported
		}
		return m, ""
	}
	m.rest = codec.IsRaw(inner) || inner.Kind() == reflect.Map && inner.Key().Kind() == reflect.String &&
		!hasMethods(inner.Key())
	switch {
	case !m.isPlain():
		return m, isEmbedded
	case hasMethods(inner) && !codec.IsRaw(inner):
		return m, needsName
	case len(fieldTags(f.Tag)) > 0:
		return m, fmt.Sprintf(noTags, fieldTags(f.Tag)[0])
	case !isStruct && !m.rest:
		return m, cannotEmbed
	case m.rest && !f.IsExported():
		return m, unexported
	}
	return m, ""
}

// dominant picks the one member of each name and puts them into the order of their declaration.
func dominant(found []member, here place) ([]member, error) {
	byName := map[string]member{}
	var names []string
	rank := func(a, b member) int {
		return cmp.Or(cmp.Compare(len(a.index), len(b.index)), compareBools(b.named, a.named))
	}
	slices.SortStableFunc(found, rank)
	for _, m := range found {
		name := m.name
		if m.rest {
			name = "\x00" // there can be one only, whatever its name
		}
		first, taken := byName[name]
		switch {
		case !taken:
			byName[name] = m
			names = append(names, name)
		case m.rest:
			return nil, here.misfit(m.goName, m.field.Type, "takes all unknown members, as "+first.goName+
				" does: keep one of them")
		case rank(first, m) == 0:
			return nil, here.sameName(m, first.goName)
		}
	}
	kept := make([]member, 0, len(names))
	for _, name := range names {
		kept = append(kept, byName[name])
	}
	slices.SortFunc(kept, func(a, b member) int { return slices.Compare(a.index, b.index) })
	return kept, nil
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// indirect returns what an unnamed pointer type points to, and any other type as it is.
func indirect(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		return t.Elem()
	}
	return t
}

// A place is the path of Go fields that leads to a type.
type place []string

// misfit returns the error about a type that cannot be used, a sentence that names the field and the rule. The field
// goName is further on from here; it is "" for the type itself.
func (p place) misfit(goName string, of reflect.Type, rule string) error {
	if goName != "" {
		p = append(slices.Clip(p), goName)
	}
	if len(p) == 0 {
		return fmt.Errorf("type %v %s", of, rule)
	}
	return fmt.Errorf("field %s (%v) %s", strings.Join(p, "."), of, rule)
}

// sameName is the misfit of two fields with one name.
func (p place) sameName(m member, other string) error {
	return p.misfit(m.goName, m.field.Type, fmt.Sprintf("has the JSON name %q, as %s has: rename one of them", m.name, other))
}
