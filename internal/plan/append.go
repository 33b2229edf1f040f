package plan

import (
	"reflect"
	"strconv"

	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// appender appends a value of the type it was made for as JSON.
type appender func(dst []byte, value reflect.Value) []byte

// plain returns what appends values of t where that takes no encoder, nil where it does. A type with methods may
// encode itself, so it is not plain.
func plain(t reflect.Type) appender {
	if t.NumMethod() > 0 || reflect.PointerTo(t).NumMethod() > 0 {
		return nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return func(dst []byte, value reflect.Value) []byte { return strconv.AppendBool(dst, value.Bool()) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(dst []byte, value reflect.Value) []byte { return strconv.AppendInt(dst, value.Int(), 10) }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(dst []byte, value reflect.Value) []byte { return strconv.AppendUint(dst, value.Uint(), 10) }
	case reflect.String:
		return func(dst []byte, value reflect.Value) []byte { return wire.AppendString(dst, value.String()) }
	}
	return nil
}

// Append appends a value of the compiled type, where that is a boolean, a whole number or a text; it reports false and
// appends nothing where an encoder has to do it.
func (r *Result) Append(dst []byte, value reflect.Value) ([]byte, bool) {
	if r.plain == nil {
		return dst, false
	}
	return r.plain(dst, value), true
}
