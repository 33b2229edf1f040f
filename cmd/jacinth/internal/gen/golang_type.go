package gen

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// named writes the declaration of a type.
func (w *goWriter) named(t *namedType) {
	doc := t.doc
	if len(doc) == 0 {
		doc = []string{fmt.Sprintf("%s is a type of the service.", t.name)}
	}
	if t.deprecated {
		doc = deprecate(doc, "used")
	}
	w.line("")
	w.comment(doc...)
	switch t.is.kind {
	case kindObject:
		w.object(t)
	case kindEnum:
		w.enum(t)
	case kindReference, kindAny, kindUnion, kindNull, kindTime, kindBytes:
		w.line("type %s = %s", t.name, w.plain(t.is))
	default: // whether it may be null is said where the type is used
		w.line("type %s %s", t.name, w.plain(t.is))
	}
}

// object writes a struct, or a map where a struct cannot have the names of the members.
func (w *goWriter) object(t *namedType) {
	for _, f := range t.is.fields {
		if !fitsTag(f.name) {
			w.line("//")
			w.line("// It is a map, since the fields of a struct cannot have the names of all of its members.")
			w.line("type %s map[string]any", t.name)
			return
		}
	}
	w.line("type %s struct {", t.name)
	taken := newNames()
	w.in(func() {
		for i := range t.is.fields {
			f := &t.is.fields[i]
			doc := f.withDefault()
			if f.deprecated {
				doc = deprecate(doc, "used")
			}
			if len(doc) > 0 && i > 0 {
				w.line("")
			}
			w.comment(doc...)
			options := ""
			if !f.required {
				options = ",omitzero"
			} else if f.name == "-" {
				options = "," // without it, the field would be none
			}
			w.line("%s %s `json:%s`", taken.take(pascal(split(f.name)), "Field"), w.fieldType(t, f), strconv.Quote(f.name+options))
		}
		if t.is.others != nil {
			w.line("")
			name := taken.take("Others", "Field")
			w.line("// %s holds the members that have no field here.", name)
			w.line("%s map[string]%s `json:\",embed\"`", name, w.typeOf(t.is.others))
		}
	})
	w.line("}")
}

// fitsTag reports whether a member's name can stand in the json tag of a struct, in a raw string.
func fitsTag(name string) bool {
	return name != "" && !strings.ContainsAny(name, ",\\'\"`") && strconv.CanBackquote(name) && name == visible(name)
}

// fieldType is the type of a field: a pointer where it may be null or left out and has no other way to say so.
func (w *goWriter) fieldType(in *namedType, f *field) string {
	plain := w.typeOf(f.is)
	if strings.HasPrefix(plain, "*") || isAnyKind(f.is) || w.knowsNil(f.is) && !f.is.isNullable() {
		return plain
	}
	if !f.required || w.holdsItself(in, f.is) {
		return "*" + strings.TrimPrefix(plain, "*")
	}
	return plain
}

// knowsNil reports whether the Go type of t has a nil already.
func (w *goWriter) knowsNil(t *valueType) bool {
	switch t.resolved().kind {
	case kindAny, kindUnion, kindNull, kindList, kindMap, kindBytes:
		return true
	case kindObject:
		return t.kind == kindReference && w.isMap(t.target)
	case kindEnum:
		values := t.resolved().values
		return !areTexts(values) && !areIntegers(values)
	}
	return false
}

// isMap reports whether an object is written as a map.
func (w *goWriter) isMap(t *namedType) bool {
	return slices.ContainsFunc(t.is.resolved().fields, func(f field) bool { return !fitsTag(f.name) })
}

// typeOf is the Go type of a value, a pointer if it may be null.
func (w *goWriter) typeOf(t *valueType) string {
	plain := w.plain(t)
	if t.isNullable() && !isAnyKind(t) {
		return "*" + plain
	}
	return plain
}

// isAnyKind reports whether the Go type of t is any, or one that has but one value.
func isAnyKind(t *valueType) bool {
	switch r := t.resolved(); r.kind {
	case kindAny, kindUnion, kindNull:
		return true
	case kindEnum:
		return !areTexts(r.values) && !areIntegers(r.values)
	}
	return false
}

// plain is the Go type of a value that is not null.
func (w *goWriter) plain(t *valueType) string {
	switch t.kind {
	case kindBoolean:
		return "bool"
	case kindInteger:
		return "int64"
	case kindUnsigned:
		return "uint64"
	case kindNumber:
		return "float64"
	case kindString:
		return "string"
	case kindTime:
		w.usesTime = true
		return "time.Time"
	case kindBytes:
		return "[]byte"
	case kindList:
		return "[]" + w.typeOf(t.element)
	case kindMap:
		return "map[string]" + w.typeOf(t.element)
	case kindReference:
		return t.target.name
	}
	return "any"
}

// layOut finds out which structs have which others inside them.
func (w *goWriter) layOut() {
	w.byValue = make(map[*namedType][]*namedType)
	for _, t := range w.types {
		for i := range t.is.fields {
			f := &t.is.fields[i]
			if f.is.kind == kindReference && f.required && !f.is.isNullable() {
				w.byValue[t] = append(w.byValue[t], f.is.target)
			}
		}
		if t.is.kind == kindReference && !t.is.isNullable() {
			w.byValue[t] = append(w.byValue[t], t.is.target)
		}
	}
}

// holdsItself reports whether a value of the type would hold one of the struct that it is to be in, for ever.
func (w *goWriter) holdsItself(in *namedType, t *valueType) bool {
	if t.kind != kindReference {
		return false
	}
	seen := make(map[*namedType]bool)
	var reaches func(*namedType) bool
	reaches = func(from *namedType) bool {
		if from == in {
			return true
		}
		if seen[from] {
			return false
		}
		seen[from] = true
		return slices.ContainsFunc(w.byValue[from], reaches)
	}
	return reaches(t.target)
}

// enum writes a type with a constant for each value, if all are texts.
func (w *goWriter) enum(t *namedType) {
	if !areTexts(t.is.values) {
		w.line("//")
		w.comment("It is one of " + listed(t.is.values) + ".")
		if areIntegers(t.is.values) {
			w.line("type %s int64", t.name)
		} else {
			w.line("type %s = any", t.name)
		}
		return
	}
	w.line("type %s string", t.name)
	w.line("")
	w.line("// The values of %s.", t.name)
	w.line("const (")
	for _, value := range t.is.values {
		text, _ := textOf(value)
		w.line("\t%s %s = %s", w.taken.take(t.name+suffixOf(text), "Value"), t.name, strconv.Quote(text))
	}
	w.line(")")
}

// listed names values in a comment.
func listed(values []json.RawMessage) string {
	var all []string
	for _, value := range values {
		all = append(all, line(string(value)))
	}
	return strings.Join(all, ", ")
}

// suffixOf is what the name of a constant has behind that of its type.
func suffixOf(text string) string {
	if words := split(text); len(words) > 0 {
		return strings.TrimPrefix(pascal(words), "X")
	}
	return "Other"
}
