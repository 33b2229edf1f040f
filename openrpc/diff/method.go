package diff

import (
	"bytes"
	"slices"
	"strings"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

// method compares one method of the old document with the one of its name in the new.
func (d *differ) method(was *openrpc.Method, place int) {
	d.methods = []string{was.Name}
	d.seen, d.order = make(map[pair]bool), nil
	d.budget = min(maxMethodWork, d.left)
	given := d.budget
	defer func() { d.left -= given - d.budget }()
	at := find(d.new.Methods, was.Name)
	if at < 0 {
		d.add(Breaking, "method-removed", d.old, pointer("", "methods", place), "The method %s is gone.", was.Name)
		return
	}
	is := &d.new.Methods[at]
	oldAt, newAt := pointer("", "methods", place), pointer("", "methods", at)
	d.promises(was, is, oldAt, newAt)
	d.params(was, is, oldAt, newAt)
	d.result(was, is, oldAt, newAt)
	d.errors(was, is, oldAt)
	if d.budget <= 0 {
		d.add(Warning, "too-large", d.new, newAt,
			"The schemas of %s are too large to compare all of them; there may be more changes than these.", is.Name)
	}
}

// promises compares what a method says of itself beside its types.
func (d *differ) promises(was, is *openrpc.Method, oldAt, newAt string) {
	old, new := methodExtension(was), methodExtension(is)
	switch {
	case new.Private && !old.Private:
		d.add(Breaking, "method-made-private", d.new, newAt+"/x-jacinth/private", "%s needs a token now.", is.Name)
	case !new.Private && old.Private:
		d.add(Compatible, "method-made-public", d.old, oldAt+"/x-jacinth/private", "%s no longer needs a token.", is.Name)
	case new.Private && old.Scope != new.Scope:
		d.add(Warning, "scope-changed", d.new, newAt+"/x-jacinth/scope",
			"%s asks for the scope %s and no longer for %s; see that the tokens of its callers have it.",
			is.Name, quote(new.Scope), quote(old.Scope))
	}
	if old.ReadOnly && !new.ReadOnly {
		d.add(Warning, "read-only-dropped", d.old, oldAt+"/x-jacinth/readOnly",
			"%s is no longer read-only; callers may have repeated it freely.", is.Name)
	}
	if old.Idempotent && !new.Idempotent && !new.ReadOnly {
		d.add(Warning, "idempotent-dropped", d.old, oldAt+"/x-jacinth/idempotent",
			"%s is no longer idempotent; callers may have repeated it when it was not answered.", is.Name)
	}
	if new.TimeoutMS > 0 && new.TimeoutMS < old.TimeoutMS {
		d.add(Warning, "timeout-lowered", d.new, newAt+"/x-jacinth/timeoutMs",
			"A call of %s may take %d ms and no longer %d ms.", is.Name, new.TimeoutMS, old.TimeoutMS)
	}
	if is.Deprecated && !was.Deprecated {
		d.add(Warning, "method-deprecated", d.new, newAt+"/deprecated", "%s is deprecated.", is.Name)
	}
}

func methodExtension(m *openrpc.Method) openrpc.MethodExtension {
	if m.XJacinth == nil {
		return openrpc.MethodExtension{}
	}
	return *m.XJacinth
}

// structure is how params may be given.
type structure struct{ names, positions bool }

func structureOf(m *openrpc.Method) structure {
	return structure{names: m.ParamStructure != openrpc.ByPosition, positions: m.ParamStructure != openrpc.ByName}
}

// param is a parameter of a method and where it stands.
type param struct {
	openrpc.ContentDescriptor
	at string
}

// paramsOf returns the parameters of a method with their references followed.
func (d *differ) paramsOf(m *openrpc.Method, in *side, at string) []param {
	params := make([]param, len(m.Params))
	for i, p := range m.Params {
		params[i] = d.descriptor(p, in, pointer(at, "params", i))
	}
	return params
}

// descriptor follows the reference of a content descriptor. One that leads nowhere allows anything.
func (d *differ) descriptor(c openrpc.ContentDescriptor, in *side, at string) param {
	const prefix = "#/components/contentDescriptors/"
	for range maxReferences {
		if c.Ref == "" {
			return param{c, at}
		}
		name, is := strings.CutPrefix(c.Ref, prefix)
		var next openrpc.ContentDescriptor
		if is && in.Components != nil {
			next, is = in.Components.ContentDescriptors[unescape(name)]
		}
		if !is || in.Components == nil {
			break
		}
		at = pointer("", "components", "contentDescriptors", unescape(name))
		c = next
	}
	d.add(Warning, brokenReference, in, at, "The reference %s leads nowhere, so that nothing is known of what it stands for.",
		quote(c.Ref))
	return param{openrpc.ContentDescriptor{Name: c.Ref, Schema: &openrpc.Schema{}}, at}
}

// params compares what a method takes.
func (d *differ) params(was, is *openrpc.Method, oldAt, newAt string) {
	oldWay, newWay := structureOf(was), structureOf(is)
	if oldWay.names && !newWay.names {
		d.add(Breaking, "param-structure-narrowed", d.new, newAt+"/paramStructure", "%s no longer takes params by name.", is.Name)
	}
	if oldWay.positions && !newWay.positions {
		d.add(Breaking, "param-structure-narrowed", d.new, newAt+"/paramStructure", "%s no longer takes params by position.", is.Name)
	}
	if wholeBefore, whole := methodExtension(was).Params, methodExtension(is).Params; wholeBefore != nil || whole != nil {
		d.whole(wholeBefore, whole, is.Name, oldAt, newAt)
		return
	}
	before, after := d.paramsOf(was, d.old, oldAt), d.paramsOf(is, d.new, newAt)
	if !oldWay.names {
		d.paramsByPosition(before, after)
		return
	}
	taken := make([]bool, len(after))
	for i := range before {
		at := slices.IndexFunc(after, func(p param) bool { return p.Name == before[i].Name })
		if at < 0 {
			d.removed(before, after, i, taken)
			continue
		}
		taken[at] = true
		if at != i && oldWay.positions && newWay.positions {
			d.add(Breaking, "param-moved", d.new, after[at].at,
				"The param %s went from position %d to position %d.", quote(after[at].Name), i+1, at+1)
		}
		d.param(before[i], after[at])
	}
	for i, p := range after {
		if !taken[i] {
			d.added(p)
		}
	}
}

// removed notes that the param at i is no longer there, and looks whether another has taken its place.
func (d *differ) removed(before, after []param, i int, taken []bool) {
	gone := before[i]
	renamed := i < len(after) && !slices.ContainsFunc(before, func(p param) bool { return p.Name == after[i].Name }) &&
		sameSchema(gone.Schema, after[i].Schema)
	if renamed {
		taken[i] = true
		d.add(Breaking, "param-renamed", d.new, after[i].at, "The param %s is called %s.", quote(gone.Name), quote(after[i].Name))
		d.param(gone, after[i])
		return
	}
	d.add(Breaking, "param-removed", d.old, gone.at, "The param %s is gone.", quote(gone.Name))
}

func (d *differ) added(p param) {
	if p.Required {
		d.add(Breaking, "param-required-added", d.new, p.at, "The param %s is new and required.", quote(p.Name))
	} else {
		d.add(Compatible, "param-added", d.new, p.at, "The param %s is new and optional.", quote(p.Name))
	}
}

// paramsByPosition compares params whose names never travel.
func (d *differ) paramsByPosition(before, after []param) {
	for i := range before {
		if i >= len(after) {
			d.add(Breaking, "param-removed", d.old, before[i].at, "The param %s is gone.", quote(before[i].Name))
			continue
		}
		d.param(before[i], after[i])
	}
	for _, p := range after[min(len(before), len(after)):] {
		d.added(p)
	}
}

// param compares two that are the same for callers.
func (d *differ) param(was, is param) {
	switch {
	case is.Required && !was.Required:
		d.add(Breaking, "param-made-required", d.new, is.at, "The param %s was optional and is required.", quote(is.Name))
	case !is.Required && was.Required:
		d.add(Compatible, "param-made-optional", d.new, is.at, "The param %s was required and is optional.", quote(is.Name))
	}
	if is.Deprecated && !was.Deprecated {
		d.add(Warning, "param-deprecated", d.new, is.at, "The param %s is deprecated.", quote(is.Name))
	}
	d.schema(node{schema: was.Schema, at: was.at + "/schema"}, node{schema: is.Schema, at: is.at + "/schema"}, takes)
}

// whole compares params that are described by one schema for all of them.
func (d *differ) whole(was, is *openrpc.Schema, method, oldAt, newAt string) {
	switch {
	case is == nil:
		d.add(Breaking, "params-changed", d.old, oldAt+"/x-jacinth/params",
			"The params of %s were one list or map of values, and are now single params with names.", method)
	case was == nil:
		d.add(Breaking, "params-changed", d.new, newAt+"/x-jacinth/params",
			"The params of %s were single params with names, and are now one list or map of values.", method)
	default:
		d.schema(node{schema: was, at: oldAt + "/x-jacinth/params"}, node{schema: is, at: newAt + "/x-jacinth/params"}, takes)
	}
}

// result compares what a method returns.
func (d *differ) result(was, is *openrpc.Method, oldAt, newAt string) {
	oldAt, newAt = oldAt+"/result", newAt+"/result"
	switch {
	case was.Result == nil && is.Result == nil:
	case is.Result == nil:
		d.add(Breaking, "result-removed", d.old, oldAt, "%s no longer has a result: it is for notifications only.", is.Name)
	case was.Result == nil:
		d.add(Compatible, "result-added", d.new, newAt, "%s was for notifications only and has a result.", is.Name)
	default:
		old, new := d.descriptor(*was.Result, d.old, oldAt), d.descriptor(*is.Result, d.new, newAt)
		d.schema(node{schema: old.Schema, at: old.at + "/schema"}, node{schema: new.Schema, at: new.at + "/schema"}, returns)
	}
}

// errors compares the errors that a method declares, by their codes.
func (d *differ) errors(was, is *openrpc.Method, oldAt string) {
	before, after := d.codes(was, d.old), d.codes(is, d.new)
	for i, code := range before {
		if !slices.Contains(after, code) {
			d.add(Warning, "error-removed", d.old, pointer(oldAt, "errors", i),
				"%s no longer declares the error %d; callers that wait for it may wait in vain.", is.Name, code)
		}
	}
}

func (d *differ) codes(m *openrpc.Method, in *side) []int {
	codes := make([]int, len(m.Errors))
	for i, e := range m.Errors {
		for hops := 0; e.Ref != "" && in.Components != nil && hops < maxReferences; hops++ {
			name, _ := strings.CutPrefix(e.Ref, "#/components/errors/")
			e = in.Components.Errors[unescape(name)]
		}
		codes[i] = e.Code
	}
	return codes
}

// sameSchema reports whether two schemas read the same, apart from what they tell people.
func sameSchema(a, b *openrpc.Schema) bool {
	one, err := plain(a).MarshalJSON()
	other, failed := plain(b).MarshalJSON()
	return err == nil && failed == nil && bytes.Equal(one, other)
}

func plain(s *openrpc.Schema) openrpc.Schema {
	if s == nil {
		return openrpc.Schema{}
	}
	bare := *s
	bare.Title, bare.Description, bare.Comment, bare.Examples = "", "", "", nil
	return bare
}
