package plan

import (
	"slices"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

// Description says how the params of a method are given.
type Description struct {
	Structure openrpc.ParamStructure
	// Params are the fields of a struct, those that are required first.
	Params []openrpc.ContentDescriptor
	// Positions are the names of Params by position.
	Positions []string
	// Whole is the schema of params that are no struct. nil: Params say it all, and there are no others.
	Whole *openrpc.Schema
}

// Describe says how the params are given, with the named types in them put into d.
//
// The schemas take what [Params.Decode] takes, and nothing else, as far as JSON Schema can tell. What it cannot tell:
// that a member comes twice, or that two names are one key of a Go map; that a number in any, or a float in quotes, is
// too large for a float64; what a method Validate wants; and what a type that decodes itself takes, unless it is an
// [openrpc.Describer]. Absent params count as an empty object or array.
//
// A document lists required params before optional ones. The fields of a struct that mixes them are put into that
// order and described by name only, since their places in the list are not their positions any more.
func (p *Params) Describe(d *Definitions) Description {
	on := drawing{Definitions: d}
	s, isStruct := p.shape.(*structShape)
	if !isStruct {
		whole := Description{Structure: openrpc.Either, Whole: p.shape.describe(on)}
		switch p.shape.(type) {
		case *sliceShape, *arrayShape:
			whole.Structure = openrpc.ByPosition
		case *mapShape:
			whole.Structure = openrpc.ByName
		default:
			if len(whole.Whole.Type) == 0 && takesAll(whole.Whole) {
				whole.Whole.Type = openrpc.Types{"object", "array"} // all that params can be
			}
		}
		return whole
	}
	list := Description{Structure: openrpc.Either}
	for i := range s.fields {
		f := &s.fields[i]
		list.Positions = append(list.Positions, f.name)
		schema := f.describe(on)
		if f.doc != "" {
			schema.Description = "" // the descriptor has it
		}
		list.Params = append(list.Params, openrpc.ContentDescriptor{
			Name: f.name, Description: f.doc, Required: f.required, Schema: schema,
		})
	}
	requiredFirst := func(a, b openrpc.ContentDescriptor) int { return compareBools(b.Required, a.Required) }
	if !slices.IsSortedFunc(list.Params, requiredFirst) {
		slices.SortStableFunc(list.Params, requiredFirst)
		list.Structure = openrpc.ByName
	}
	return list
}
