package plan

import (
	"reflect"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// anyShape is any JSON value, as json/v2 puts it into an empty interface.
type anyShape struct{}

func (anyShape) expected() string { return "" }

func (anyShape) decode(src []byte, at int, into reflect.Value) (int, []Fault) {
	end := skip(src, at)
	err := codec.Decode(src[at:end], into.Addr().Interface())
	if err == nil {
		return end, nil
	}
	fault := refusal(err, src[at:end], floatBounds(64))
	if fault.Rule == Value {
		// The one valid value that an interface cannot take is a number beyond the floats.
		fault.Rule = Range
	}
	return end, []Fault{fault}
}

// textShape is a string that a type decodes itself, out of its text.
type textShape struct {
	words string
	drawn *openrpc.Schema // by the type itself; nil when it says nothing
}

func (s *textShape) expected() string { return s.words }

func (s *textShape) decode(src []byte, at int, into reflect.Value) (int, []Fault) {
	if !begins(src, at, '"') {
		return mismatch(src, at, s.words)
	}
	end, _ := stringEnd(src, at)
	if err := codec.Decode(src[at:end], into.Addr().Interface()); err != nil {
		return end, []Fault{refusal(err, src[at:end], s.words)}
	}
	return end, nil
}

// ownShape is any JSON value that a type decodes itself, out of its JSON. Nothing is known of what it takes.
type ownShape struct {
	quoted bool            // whether numbers in it are to be strings
	raw    bool            // whether it takes everything and keeps it encoded
	drawn  *openrpc.Schema // by the type itself; nil when it says nothing
}

func (*ownShape) expected() string { return "" }

func (s *ownShape) decode(src []byte, at int, into reflect.Value) (int, []Fault) {
	decode := codec.Decode
	if s.quoted {
		decode = codec.DecodeQuoted
	}
	end := skip(src, at)
	if err := decode(src[at:end], into.Addr().Interface()); err != nil {
		return end, []Fault{refusal(err, src[at:end], "")}
	}
	return end, nil
}

// refusal turns an error of the codec into a fault. None of the error's text gets into it.
func refusal(err error, value []byte, expected string) Fault {
	fault := Fault{Path: cut(codec.Where(err), maxPath), Rule: Value, Expected: expected}
	if codec.Duplicate(err) {
		fault.Rule, fault.Expected = Duplicate, ""
	} else if fault.Path == "" {
		fault.Got = cut(value, maxText)
	}
	return fault
}
