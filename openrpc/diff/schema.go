package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

// direction is which way values travel.
type direction int

const (
	takes   direction = iota // from the caller to the service
	returns                  // from the service to the caller
)

// shrinks is the level of a change by which fewer values are right than before.
func (w direction) shrinks() Level {
	if w == takes {
		return Breaking
	}
	return Compatible
}

// grows is the level of a change by which more values are right than before, where readers must be ready for them.
func (w direction) grows() Level {
	if w == takes {
		return Compatible
	}
	return Breaking
}

// loosens is the level of a change by which a rule is gone that few readers rely on.
func (w direction) loosens() Level { return min(w.grows(), Warning) }

// pair is two schemas that have been compared.
type pair struct {
	old, new *openrpc.Schema
	way      direction
}

// schema compares what two schemas say. A pair that has been compared is not compared again, which also ends
// recursion.
func (d *differ) schema(was, is node, way direction) {
	p := pair{was.schema, is.schema, way}
	if d.seen[p] || d.budget <= 0 {
		return
	}
	d.seen[p] = true
	d.order = append(d.order, p)
	old, new := d.flatten(d.old, was), d.flatten(d.new, is)
	if d.budget < 0 {
		return // what was read may lack something
	}
	if old.kinds == 0 && new.kinds == 0 || !d.kinds(old, new, way) {
		return
	}
	d.enums(old, new, way)
	d.ranges(old, new, way)
	d.counts(old, new, way)
	d.texts(old, new, way)
	if old.kinds&new.kinds&object != 0 {
		d.members(old, new, way)
	}
	if old.kinds&new.kinds&list != 0 {
		d.items(old, new, way)
	}
	if old.branches != nil || new.branches != nil {
		d.branches(old, new, was, is, way)
	}
}

// kinds compares JSON types. It reports whether there is more to compare.
func (d *differ) kinds(old, new *flat, way direction) bool {
	gone, come := old.kinds&^new.kinds, new.kinds&^old.kinds
	switch {
	case gone != 0 && come != 0:
		d.add(Breaking, "type-changed", d.new, new.at, "The type was %s and is %s.", old.kinds, new.kinds)
	case gone == null:
		d.add(way.shrinks(), "null-removed", d.new, new.at, "The value can no longer be null.")
	case gone != 0:
		d.add(way.shrinks(), "type-narrowed", d.new, new.at, "The type was %s and is only %s.", old.kinds, new.kinds)
	case come == null:
		d.add(way.grows(), "null-added", d.new, new.at, "The value can be null.")
	case come != 0:
		d.add(way.grows(), "type-widened", d.new, new.at, "The type was %s and can be %s.", old.kinds, new.kinds)
	}
	return old.kinds&new.kinds&^null != 0
}

// enums compares lists of values.
func (d *differ) enums(old, new *flat, way direction) {
	switch {
	case !old.isEnum && !new.isEnum:
	case !old.isEnum:
		d.add(way.shrinks(), "enum-added", d.new, new.at, "Only these values are left: %s.", literals(new.enum))
	case !new.isEnum:
		d.add(way.loosens(), "enum-removed", d.old, old.at, "There can be other values than these: %s.", literals(old.enum))
	default:
		if gone := without(old.enum, new.enum); len(gone) > 0 {
			d.add(way.shrinks(), "enum-value-removed", d.old, old.at, "Values are gone: %s.", literals(gone))
		}
		if come := without(new.enum, old.enum); len(come) > 0 {
			d.add(way.loosens(), "enum-value-added", d.new, new.at, "Values are new: %s.", literals(come))
		}
	}
}

// without returns the values that are not in others. null is a matter of the type.
func without(values, others []literal) []literal {
	return slices.DeleteFunc(slices.Clone(values), func(v literal) bool {
		return v.canonical == "null" || containsLiteral(others, v)
	})
}

// maxLiterals is how many values of an enum a sentence names.
const maxLiterals = 8

func literals(values []literal) string {
	var names []string
	for i, value := range values {
		if i == maxLiterals {
			names = append(names, fmt.Sprintf("and %d more", len(values)-i))
			break
		}
		text := value.text
		if len(text) > maxQuote {
			text = strings.ToValidUTF8(text[:maxQuote], "") + "…"
		}
		names = append(names, text)
	}
	return strings.Join(names, ", ")
}

// ranges compares the ends of numbers, where both can be numbers.
func (d *differ) ranges(old, new *flat, way direction) {
	if old.kinds&new.kinds&(integer|fraction) == 0 || old.isEnum && new.isEnum {
		return
	}
	for _, end := range []struct {
		what    string
		was, is bound
		above   int
	}{{"least", old.least, new.least, 1}, {"greatest", old.most, new.most, -1}} {
		switch {
		case end.was.value == nil && end.is.value == nil:
		case end.was.value == nil, end.is.value != nil && tighter(end.is, end.was, end.above):
			d.add(way.shrinks(), "range-narrowed", d.new, new.at, "The %s number was %s and is %s.", end.what, end.was, end.is)
		case end.is.value == nil, tighter(end.was, end.is, end.above):
			d.add(way.loosens(), "range-widened", d.new, new.at, "The %s number was %s and is %s.", end.what, end.was, end.is)
		}
	}
}

// String says the end as a sentence has it.
func (b bound) String() string {
	switch {
	case b.value == nil:
		return "not limited"
	case b.exclusive:
		return b.text + " (itself not included)"
	}
	return b.text
}

// counted are the keywords that count, each with the types they are for and what they count.
var counted = []struct {
	keyword string
	kinds   kinds
	what    string
}{
	{"minLength", text, "Characters at least"},
	{"maxLength", text, "Characters at most"},
	{"minItems", list, "Items at least"},
	{"maxItems", list, "Items at most"},
	{"minProperties", object, "Members at least"},
	{"maxProperties", object, "Members at most"},
}

func (d *differ) counts(old, new *flat, way direction) {
	for _, each := range counted {
		was, wasThere := old.counts[each.keyword]
		is, isThere := new.counts[each.keyword]
		least := strings.HasPrefix(each.keyword, "min")
		if least {
			wasThere, isThere = wasThere && was > 0, isThere && is > 0 // none at least is no limit
		}
		if old.kinds&new.kinds&each.kinds == 0 || was == is && wasThere == isThere || !wasThere && !isThere {
			continue
		}
		before, after := count(was, wasThere), count(is, isThere)
		if !wasThere || isThere && least == (is > was) {
			d.add(way.shrinks(), "length-narrowed", d.new, new.at, "%s: %s before, %s now.", each.what, before, after)
		} else {
			d.add(way.loosens(), "length-widened", d.new, new.at, "%s: %s before, %s now.", each.what, before, after)
		}
	}
}

func count(number int, there bool) string {
	if !there {
		return "any number"
	}
	return fmt.Sprint(number)
}

// texts compares rules that can only be compared as they read.
func (d *differ) texts(old, new *flat, way direction) {
	for _, each := range []struct {
		name    string
		kinds   kinds
		was, is []string
	}{
		{"pattern", text, old.patterns, new.patterns},
		{"format", text, old.formats, new.formats},
		{"contentEncoding", text, old.encodings, new.encodings},
		{"multipleOf", integer | fraction, old.multiples, new.multiples},
		{"other rules", anything, old.opaque, new.opaque},
	} {
		if old.kinds&new.kinds&each.kinds == 0 || slices.Equal(each.was, each.is) {
			continue
		}
		rule := strings.ReplaceAll(each.name, " ", "-")
		before, after := quoted(each.was), quoted(each.is)
		switch {
		case len(each.was) == 0:
			d.add(way.shrinks(), rule+"-added", d.new, new.at, "There is a rule that was not there, %s: %s.", each.name, after)
		case len(each.is) == 0:
			d.add(way.loosens(), rule+"-removed", d.old, old.at, "A rule is gone, %s: %s.", each.name, before)
		default:
			d.add(max(way.shrinks(), Warning), rule+"-changed", d.new, new.at,
				"A rule has changed, and whether it is right for the same values cannot be told, %s: it was %s and is %s.",
				each.name, before, after)
		}
	}
	switch {
	case old.kinds&new.kinds&list == 0:
	case new.unique && !old.unique:
		d.add(way.shrinks(), "unique-items-added", d.new, new.at, "No two items may be the same any more.")
	case old.unique && !new.unique:
		d.add(way.loosens(), "unique-items-removed", d.old, old.at, "Two items may be the same.")
	}
}

func quoted(texts []string) string {
	all := make([]string, len(texts))
	for i, one := range texts {
		all[i] = quote(one)
	}
	return strings.Join(all, ", ")
}

// members compares objects.
func (d *differ) members(old, new *flat, way direction) {
	for _, was := range old.members {
		before := slices.Contains(old.required, was.name)
		if is := new.member(was.name); is != nil {
			d.required(was.name, before, slices.Contains(new.required, was.name), is.at, way)
			d.schema(was.node, is.node, way)
			continue
		}
		d.memberRemoved(was, before, new, way)
	}
	for _, is := range new.members {
		if old.member(is.name) != nil {
			continue
		}
		switch required := slices.Contains(new.required, is.name); {
		case required && way == takes && !slices.Contains(old.required, is.name):
			d.add(Breaking, "member-required-added", d.new, is.at, "The member %s is new and required.", quote(is.name))
		default:
			d.add(Compatible, "member-added", d.new, is.at, "The member %s is new.", quote(is.name))
		}
	}
	d.others(old, new, way)
}

// required compares whether a member that is known to both may be left out.
func (d *differ) required(name string, was, is bool, at string, way direction) {
	switch {
	case is && !was:
		d.add(way.shrinks(), "member-made-required", d.new, at, "The member %s could be left out, and is always there.", quote(name))
	case was && !is:
		d.add(way.grows(), "member-made-optional", d.new, at, "The member %s was always there, and can be left out.", quote(name))
	}
}

func (d *differ) memberRemoved(gone member, required bool, new *flat, way direction) {
	level := Warning
	switch {
	case way == returns && required:
		level = Breaking // a reader was promised it
	case way == takes && new.others != nil && isNever(new.others.schema):
		level = Breaking // who sends it is refused
	}
	d.add(level, "member-removed", d.old, gone.at, "The member %s is gone.", quote(gone.name))
}

// others compares what members there may be beside the known ones.
func (d *differ) others(old, new *flat, way direction) {
	was, is := node{schema: free, at: old.at}, node{schema: free, at: new.at}
	if old.others != nil {
		was = *old.others
	}
	if new.others != nil {
		is = *new.others
	}
	switch before, after := isNever(was.schema), isNever(is.schema); {
	case before && after:
	case after:
		d.add(way.shrinks(), "other-members-refused", d.new, is.at, "There can be no other members than these any more.")
	case before:
		d.add(way.loosens(), "other-members-allowed", d.old, was.at, "There can be other members than these.")
	default:
		d.schema(was, is, way)
	}
}

// items compares lists, item by item as far as they are told apart.
func (d *differ) items(old, new *flat, way direction) {
	for i := range max(len(old.prefix), len(new.prefix)) {
		was, is := old.item(i), new.item(i)
		d.schema(was, is, way)
	}
	was, is := old.item(-1), new.item(-1)
	d.schema(was, is, way)
}

// item returns the schema of the item at i, or of those that have none of their own.
func (f *flat) item(i int) node {
	switch {
	case i >= 0 && i < len(f.prefix):
		return f.prefix[i]
	case f.items != nil:
		return *f.items
	}
	return node{schema: free, at: f.at}
}

// free is the schema that allows anything.
var free = &openrpc.Schema{}

// branches compares alternatives. What was taken must be taken by one of them still, and what is returned must have
// been returned by one of them before.
func (d *differ) branches(old, new *flat, was, is node, way direction) {
	before, after := alternatives(old, was), alternatives(new, is)
	gone := uncovered(before, func(one node) bool {
		return slices.ContainsFunc(after, func(other node) bool { return d.fits(one, other, takes) })
	})
	come := uncovered(after, func(other node) bool {
		return slices.ContainsFunc(before, func(one node) bool { return d.fits(one, other, returns) })
	})
	if len(gone) == 1 && len(come) == 1 && len(before) > 1 && len(after) > 1 {
		d.schema(gone[0], come[0], way) // one that has changed, rather than one gone and one new
		return
	}
	for _, one := range gone {
		d.add(way.shrinks(), "alternative-removed", d.old, one.at, "One of several alternatives is gone.")
	}
	for _, other := range come {
		d.add(way.grows(), "alternative-added", d.new, other.at, "One of several alternatives is new.")
	}
}

// alternatives returns those of a schema, or the schema if it has none.
func alternatives(f *flat, n node) []node {
	if f.branches == nil {
		return []node{n}
	}
	branches := slices.Clone(f.branches)
	for i := range branches {
		branches[i].base = &n
	}
	return branches
}

// uncovered returns the alternatives that have no counterpart.
func uncovered(all []node, isCovered func(node) bool) []node {
	return slices.DeleteFunc(slices.Clone(all), isCovered)
}

// fits reports whether nobody would notice if the one schema took the place of the other.
func (d *differ) fits(was, is node, way direction) bool {
	changes, mark := d.changes, len(d.order)
	d.changes = nil
	d.schema(was, is, way)
	isQuiet := !slices.ContainsFunc(d.changes, func(c Change) bool {
		return c.Level != Compatible && c.Rule != brokenReference // which is wrong in either document, and no change
	})
	for _, p := range d.order[mark:] {
		delete(d.seen, p) // only what is compared in earnest counts as compared
	}
	d.changes, d.order = changes, d.order[:mark]
	return isQuiet
}
