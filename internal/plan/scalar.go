package plan

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// boolShape is a boolean.
type boolShape struct{}

func (boolShape) expected() string { return "boolean" }

func (s boolShape) decode(_ *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	if end, is := literal(src, at, "true"); is {
		into.SetBool(true)
		return end, nil
	}
	if end, is := literal(src, at, "false"); is {
		into.SetBool(false)
		return end, nil
	}
	return mismatch(src, at, s.expected())
}

// stringShape is a string.
type stringShape struct{}

func (stringShape) expected() string { return "string" }

func (s stringShape) decode(b *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	if !begins(src, at, '"') {
		return mismatch(src, at, s.expected())
	}
	end, plain := stringEnd(src, at)
	if !b.take(rounded(end - at - 2)) {
		return b.stop(src)
	}
	into.SetString(string(stringText(src, at, end, plain)))
	return end, nil
}

// integerShape is an integer of a signed kind with that many bits.
type integerShape struct{ bits int }

func (*integerShape) expected() string { return "integer" }

func (s *integerShape) decode(_ *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	magnitude, negative, end, is := readInteger(src, at)
	if is == noNumber || is == fractional {
		return mismatch(src, at, s.expected())
	}
	limit := uint64(1) << (s.bits - 1)
	if is == huge || magnitude > limit || magnitude == limit && !negative {
		least := int64(-1) << (s.bits - 1)
		return end, []Fault{outOfRange(src[at:end], fmt.Sprintf("integer from %d to %d", least, -(least+1)))}
	}
	value := int64(magnitude) //nolint:gosec // G115: the magnitude of the least integer wraps to itself
	if negative {
		value = -value
	}
	into.SetInt(value)
	return end, nil
}

// unsignedShape is an integer of an unsigned kind with that many bits.
type unsignedShape struct{ bits int }

func (*unsignedShape) expected() string { return "integer" }

func (s *unsignedShape) decode(_ *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	magnitude, negative, end, is := readInteger(src, at)
	if is == noNumber || is == fractional {
		return mismatch(src, at, s.expected())
	}
	most := uint64(math.MaxUint64) >> (64 - s.bits)
	if is == huge || magnitude > most || negative && magnitude != 0 {
		return end, []Fault{outOfRange(src[at:end], fmt.Sprintf("integer from 0 to %d", most))}
	}
	into.SetUint(magnitude)
	return end, nil
}

// floatShape is a number of a float kind with that many bits.
type floatShape struct{ bits int }

func (*floatShape) expected() string { return "number" }

func (s *floatShape) decode(_ *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	end := numberEnd(src, at)
	value, err := strconv.ParseFloat(string(src[at:end]), s.bits)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return end, []Fault{outOfRange(src[at:end], floatBounds(s.bits))}
	case err != nil:
		return mismatch(src, at, s.expected())
	}
	// Numbers that lie between the greatest float and the next one that there is not are held to their exact value.
	if most := greatest(s.bits); math.Abs(value) == most.value && compareNumbers(magnitude(src[at:end]), most.text) > 0 {
		return end, []Fault{outOfRange(src[at:end], floatBounds(s.bits))}
	}
	into.SetFloat(value)
	return end, nil
}

// limit is the greatest float of a kind, as it is and as it is written.
type limit struct {
	value float64
	text  []byte
}

var (
	greatest32 = limit{math.MaxFloat32, strconv.AppendFloat(nil, math.MaxFloat32, 'g', -1, 32)}
	greatest64 = limit{math.MaxFloat64, strconv.AppendFloat(nil, math.MaxFloat64, 'g', -1, 64)}
)

func greatest(bits int) *limit {
	if bits == 32 {
		return &greatest32
	}
	return &greatest64
}

// magnitude returns a number without its sign.
func magnitude(number []byte) []byte { return bytes.TrimPrefix(number, []byte("-")) }

func floatBounds(bits int) string {
	text := string(greatest(bits).text)
	return "number from -" + text + " to " + text
}

func outOfRange(number []byte, expected string) Fault {
	return Fault{Rule: Range, Expected: expected, Got: cut(number, maxText)}
}

// quotedShape is a number that is written as a string: because of the tag option "string", or because it is the name
// of a member. An integer is written in digits there, without fraction and exponent.
type quotedShape struct{ number shape }

func (s *quotedShape) expected() string { return quoted(s.number.expected()) }

func (s *quotedShape) decode(b *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	if !begins(src, at, '"') {
		return mismatch(src, at, s.expected())
	}
	end, plain := stringEnd(src, at)
	text := stringText(src, at, end, plain)
	if !s.isWritten(text) {
		return mismatch(src, at, s.expected())
	}
	_, faults := s.number.decode(b, text, 0, into)
	for i := range faults {
		faults[i].Expected = quoted(faults[i].Expected)
		faults[i].Got = cut(src[at:end], maxText)
	}
	return end, faults
}

// isWritten reports whether text is a number of the kind that s stands for.
func (s *quotedShape) isWritten(text []byte) bool {
	switch s.number.(type) {
	case *floatShape:
		return isNumber(text)
	case *unsignedShape:
		return isInteger(text) && text[0] != '-'
	default:
		return isInteger(text)
	}
}

// quoted turns what is expected of a number into what is expected of a string that holds it.
func quoted(number string) string {
	if strings.HasPrefix(number, "integer") {
		return "string holding an " + number
	}
	return "string holding a " + number
}

// bytesShape is a string in base64: a slice of bytes, or, when length is not negative, an array of that many.
type bytesShape struct{ length int }

func (s *bytesShape) expected() string {
	if s.length >= 0 {
		return fmt.Sprintf("string of %d bytes in base64", s.length)
	}
	return "string in base64"
}

func (s *bytesShape) decode(b *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	if !begins(src, at, '"') {
		return mismatch(src, at, s.expected())
	}
	end, plain := stringEnd(src, at)
	text := stringText(src, at, end, plain)
	if !b.take(rounded(base64.StdEncoding.DecodedLen(len(text)))) {
		return b.stop(src)
	}
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	length, err := base64.StdEncoding.Decode(decoded, text)
	decoded = decoded[:length]
	// The decoder passes over line ends, which RFC 4648, section 3.3, wants refused.
	hasLineEnds := base64.StdEncoding.EncodedLen(length) != len(text)
	if err != nil || hasLineEnds || s.length >= 0 && s.length != length {
		return end, []Fault{{Rule: Value, Expected: s.expected(), Got: cut(src[at:end], maxText)}}
	}
	if s.length >= 0 {
		copy(into.Bytes(), decoded)
	} else {
		into.SetBytes(decoded)
	}
	return end, nil
}
