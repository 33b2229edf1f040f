package plan

import (
	"errors"
	"math"
	"reflect"
	"strconv"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// Append appends a value of the compiled type to w as JSON, as codec.Encode writes it. The value must be addressable.
// When it fails, w holds what was written so far.
//
// What JSON looks like is known from the type, so that nothing has to keep track of it while it is written: that is
// what makes it quicker than an encoder. What is only known from the value, or encodes itself, is left to the encoder.
func (r *Result) Append(w *codec.Writer, value reflect.Value) error {
	err := r.append(w, value, 0)
	if err == nil {
		err = w.Reserve(0)
	}
	return err
}

// appender appends a value of the type it was made for. depth is how many pointers, lists and structs it is in.
type appender func(w *codec.Writer, value reflect.Value, depth int) error

// deep is from how far inside the encoder goes on: it notices values that contain themselves.
const deep = 500

// appenders makes the appender of each type once; types that contain themselves find it here.
type appenders map[reflect.Type]appender

// of returns the appender of t.
func (all appenders) of(t reflect.Type) appender {
	if known, found := all[t]; found {
		return known
	}
	var made appender
	all[t] = func(w *codec.Writer, value reflect.Value, depth int) error { // for the types inside that lead back to t
		if depth > deep {
			return byEncoder(w, value, depth)
		}
		return made(w, value, depth)
	}
	made = all.compile(t)
	all[t] = made
	return made
}

func (all appenders) compile(t reflect.Type) appender {
	if encodesItself(t) {
		return byEncoder
	}
	switch t.Kind() {
	case reflect.Bool:
		return appendBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return appendInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return appendUint
	case reflect.Float32, reflect.Float64:
		return floatAppender(t.Bits())
	case reflect.String:
		return appendString
	case reflect.Pointer:
		return all.pointer(t)
	case reflect.Slice:
		return all.slice(t)
	case reflect.Map:
		return all.mapping(t)
	case reflect.Struct:
		return all.structure(t)
	}
	return byEncoder
}

// byEncoder is the appender of everything that has no other.
func byEncoder(w *codec.Writer, value reflect.Value, _ int) error {
	return codec.Encode(w, value.Addr().Interface())
}

func appendBool(w *codec.Writer, value reflect.Value, _ int) error {
	w.Bytes = strconv.AppendBool(w.Bytes, value.Bool())
	return nil
}

func appendInt(w *codec.Writer, value reflect.Value, _ int) error {
	w.Bytes = strconv.AppendInt(w.Bytes, value.Int(), 10)
	return nil
}

func appendUint(w *codec.Writer, value reflect.Value, _ int) error {
	w.Bytes = strconv.AppendUint(w.Bytes, value.Uint(), 10)
	return nil
}

func appendString(w *codec.Writer, value reflect.Value, _ int) error {
	text := value.String()
	if err := w.Reserve(len(text)); err != nil { // one text can be longer than all that there is room for
		return err
	}
	w.Bytes = wire.AppendString(w.Bytes, text)
	return nil
}

var errNotFinite = errors.New("JSON has no form for a float that is infinite or not a number")

// floatAppender writes floats as ECMAScript does, on which RFC 8785 and json/v2 agree: with an exponent only where
// the number is very small or very large.
func floatAppender(bits int) appender {
	small, large := 1e-6, 1e21
	if bits == 32 {
		small, large = float64(float32(1e-6)), float64(float32(1e21))
	}
	return func(w *codec.Writer, value reflect.Value, _ int) error {
		f := value.Float()
		if math.IsInf(f, 0) || math.IsNaN(f) {
			return errNotFinite
		}
		format := byte('f')
		if size := math.Abs(f); size != 0 && (size < small || size >= large) {
			format = 'e'
		}
		w.Bytes = strconv.AppendFloat(w.Bytes, f, format, -1, bits)
		// e-09 is written e-9.
		if end := len(w.Bytes); format == 'e' && w.Bytes[end-4] == 'e' && w.Bytes[end-3] == '-' && w.Bytes[end-2] == '0' {
			w.Bytes = append(w.Bytes[:end-2], w.Bytes[end-1])
		}
		return nil
	}
}
