package plan

import (
	"reflect"
)

// CheckResult says whether values of t can be encoded as JSON. Types that encode themselves are trusted, and so is
// what an interface may hold. Its error is a sentence that names the field and the rule.
func CheckResult(t reflect.Type) error {
	c := &resultCheck{seen: map[reflect.Type]bool{}}
	return c.check(t)
}

// resultCheck walks over the types that one type leads to.
type resultCheck struct {
	seen map[reflect.Type]bool
	here place
}

func (c *resultCheck) refuse(t reflect.Type, rule string) error { return c.here.misfit("", t, rule) }

func (c *resultCheck) check(t reflect.Type) error {
	if c.seen[t] {
		return nil
	}
	c.seen[t] = true
	isIndirect := t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface
	switch {
	case t == duration:
		return c.refuse(t, noDuration)
	case t == numberText:
		return c.refuse(t, noJSONNumber)
	case isEndless(t):
		return c.refuse(t, noEnd)
	case !isIndirect && encodesItself(t):
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return c.check(t.Elem())
	case reflect.Map:
		if err := c.checkKey(t.Key()); err != nil {
			return err
		}
		return c.check(t.Elem())
	case reflect.Struct:
		return c.checkStruct(t)
	case reflect.Bool, reflect.String, reflect.Interface:
		return nil
	}
	if numberOf(t) != nil {
		return nil
	}
	return c.refuse(t, noForm)
}

// checkKey checks the type of a map's keys, which become the names of members.
func (c *resultCheck) checkKey(t reflect.Type) error {
	isBytes := t.Kind() == reflect.Array && t.Elem() == reflect.TypeFor[byte]()
	switch {
	case t == duration:
		return c.refuse(t, noDuration)
	case t == numberText:
		return c.refuse(t, noJSONNumber)
	case t.Kind() == reflect.Interface, t.Kind() == reflect.String, numberOf(t) != nil, isBytes:
		return nil
	case t.Kind() == reflect.Pointer:
		return c.checkKey(t.Elem())
	case encodesItself(t):
		return nil
	}
	return c.refuse(t, noMapKey)
}

func (c *resultCheck) checkStruct(t reflect.Type) error {
	found, err := members(t, c.here)
	if err != nil {
		return err
	}
	for _, m := range found {
		of := m.field.Type
		c.here = append(c.here, m.goName)
		err := c.check(of)
		if err == nil && m.quoted && !canBeQuoted(of) {
			err = c.refuse(of, noQuotes)
		}
		c.here = c.here[:len(c.here)-1]
		if err != nil {
			return err
		}
	}
	return nil
}

// canBeQuoted reports whether the tag option "string" makes sense for the type t: numbers, pointers to them, and
// types that encode themselves and may heed it.
func canBeQuoted(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return numberOf(t) != nil || t != timeType && t.Kind() != reflect.Interface && encodesItself(t)
}
