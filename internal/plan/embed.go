package plan

import (
	"reflect"
)

const (
	unasked = "is embedded and has a Validate method, which nobody would call: give the struct around it a Validate " +
		"method that calls those of the embedded ones"
	askedNil = "is embedded through a pointer and has a Validate method, which would be called without a value: embed " +
		"the struct itself"
	askedByNobody = "has a Validate method, which nobody would call: embed it without a name, or give it a name in its " +
		"json tag"
)

// checkEmbedded finds the methods Validate of structs embedded in the struct type t that Go would not call, or call in
// vain. An embedded method becomes one of the outer struct, unless that has its own or there are several.
func checkEmbedded(t reflect.Type, here place) error {
	return embeddedIn(t, member{}, here, hasValidate(t), map[reflect.Type]bool{})
}

// embeddedIn checks what is embedded in t, which outer leads to. isAsked says that a struct around it has a method.
func embeddedIn(t reflect.Type, outer member, here place, isAsked bool, seen map[reflect.Type]bool) error {
	if seen[t] {
		return nil
	}
	seen[t] = true
	for i := range t.NumField() {
		m, rule := newMember(t.Field(i), outer, i)
		inner := indirect(m.field.Type)
		if rule != "" || !m.embed || m.rest || inner.Kind() != reflect.Struct {
			continue
		}
		has := hasValidate(inner)
		switch {
		case has && !m.field.Anonymous:
			return here.misfit(m.goName, m.field.Type, askedByNobody)
		case has && m.field.Type.Kind() == reflect.Pointer:
			return here.misfit(m.goName, m.field.Type, askedNil)
		case has && !isAsked:
			return here.misfit(m.goName, m.field.Type, unasked)
		}
		if err := embeddedIn(inner, m, here, isAsked || has, seen); err != nil {
			return err
		}
	}
	return nil
}
