package arguments

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// Params returns the params that the arguments stand for, nil for none. Names that the method does not have, and
// params that are missing, are left to the service, which knows better than its description.
func (a *Arguments) Params(types *Types) (json.RawMessage, error) {
	switch {
	case a.whole != nil:
		return a.whole, nil
	case len(a.values) == 0:
		return nil, nil
	case a.listed:
		return a.byPosition(types)
	}
	return a.byName(types)
}

func (a *Arguments) byPosition(types *Types) (json.RawMessage, error) {
	if types.structure() == openrpc.ByName {
		return nil, failure.Usagef("%s takes its params by name: %s", types.Method.Name, strings.Join(types.names(), "=… ")+"=…")
	}
	params := json.RawMessage("[")
	for i := range a.values {
		raw, err := types.of(types.position(i), &a.values[i])
		if err != nil {
			return nil, err
		}
		params = appendItem(params, raw)
	}
	return append(params, ']'), nil
}

func (a *Arguments) byName(types *Types) (json.RawMessage, error) {
	var names []string
	members := map[string]json.RawMessage{}
	for i := range a.values {
		name := a.values[i].name
		if slices.Contains(names, name) {
			continue
		}
		names = append(names, name)
		raw, err := a.member(types, name)
		if err != nil {
			return nil, err
		}
		members[name] = raw
	}
	if types.structure() == openrpc.ByPosition {
		return inOrder(types, members)
	}
	params := json.RawMessage("{")
	for _, name := range names {
		params = appendItem(params, slices.Concat(quoted(name), json.RawMessage(":"), members[name]))
	}
	return append(params, '}'), nil
}

// member returns the JSON of the param of the name, which may have been given several times.
func (a *Arguments) member(types *Types, name string) (json.RawMessage, error) {
	var values []value
	for _, v := range a.values {
		if v.name == name {
			values = append(values, v)
		}
	}
	if len(values) == 1 {
		return types.of(types.param(name), &values[0])
	}
	return types.many(types.param(name), values)
}

// inOrder puts params that were given by name into the positions that the method wants them in.
func inOrder(types *Types, members map[string]json.RawMessage) (json.RawMessage, error) {
	names := types.names()
	for name := range members {
		if !slices.Contains(names, name) {
			return nil, failure.Usagef("%s takes its params by position, and %q is none of them: use --pos", types.Method.Name, name)
		}
	}
	params := json.RawMessage("[")
	given := 0
	for _, name := range names {
		raw, ok := members[name]
		if !ok {
			break
		}
		params = appendItem(params, raw)
		given++
	}
	if given < len(members) {
		return nil, failure.Usagef("%s takes its params by position, so that %s= must be given when a later one is",
			types.Method.Name, names[given])
	}
	return append(params, ']'), nil
}

// appendItem appends an item to a list, or a member to an object, that is not closed yet.
func appendItem(list, item json.RawMessage) json.RawMessage {
	if len(list) > 1 {
		list = append(list, ',')
	}
	return append(list, item...)
}

// structure is how the method takes its params.
func (t *Types) structure() openrpc.ParamStructure {
	if t == nil || t.Method.ParamStructure == "" {
		return openrpc.Either
	}
	return t.Method.ParamStructure
}

// names lists the params of the method.
func (t *Types) names() []string {
	var names []string
	for i := range t.Method.Params {
		names = append(names, t.Method.Params[i].Name)
	}
	return names
}

// param is the schema of the param of the name, nil where nothing is known of it.
func (t *Types) param(name string) *openrpc.Schema {
	if t == nil {
		return nil
	}
	for i := range t.Method.Params {
		if t.Method.Params[i].Name == name {
			return t.Method.Params[i].Schema
		}
	}
	whole := t.whole()
	if whole == nil {
		return nil
	}
	if property := whole.Properties.Get(name); property != nil {
		return property
	}
	return whole.AdditionalProperties
}

// position is the schema of the param in the place i, nil where nothing is known of it.
func (t *Types) position(i int) *openrpc.Schema {
	if t == nil {
		return nil
	}
	if i >= len(t.Method.Params) {
		return t.item(t.whole(), i)
	}
	return t.Method.Params[i].Schema
}

// whole is the schema of the params as a whole, nil where the list of params says it all.
func (t *Types) whole() *openrpc.Schema {
	if t.Method.XJacinth == nil {
		return nil
	}
	return t.resolve(t.Method.XJacinth.Params)
}
