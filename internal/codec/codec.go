// Package codec is the one door to encoding/json/v2: it turns Go values into JSON and back.
//
// Go 1.27 has json/v2 in its standard library and github.com/go-json-experiment/json merely aliases it there; on
// Go 1.26 that module brings its own copy. No other package of this repository imports it, and none of its types
// appear in an exported signature, so that the day it goes away is a change to this file alone.
package codec

import (
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var encodeOptions = json.JoinOptions(
	// One bad byte in a result would otherwise turn the whole call into an internal error.
	jsontext.AllowInvalidUTF8(true),
	json.Deterministic(true),
)

// Encode appends value to w as JSON. Pass a pointer where there is one: a value that is not addressable is copied
// to the heap first. When it fails, w holds what was written so far; the caller cuts it back.
func Encode(w *Writer, value any) error {
	err := json.MarshalWrite(w, value, encodeOptions)
	switch {
	case errors.Is(err, ErrTooLarge):
		return ErrTooLarge
	case errors.Is(err, ErrNoRoom):
		return ErrNoRoom
	}
	return err
}

var indentOptions = json.JoinOptions(jsontext.WithIndent("\t"), json.Deterministic(true))

// EncodeIndented is Encode for a file that people read too. What has invalid UTF-8 is not written.
func EncodeIndented(w *Writer, value any) error {
	err := json.MarshalWrite(w, value, indentOptions)
	if errors.Is(err, ErrTooLarge) {
		return ErrTooLarge
	}
	return err
}

// Marshal returns value as JSON of any length.
func Marshal(value any) ([]byte, error) {
	return json.Marshal(value, encodeOptions)
}

// Decode reads the one JSON value in data into the pointer that into holds. Member names are exact; duplicate
// names and invalid UTF-8 are refused; unknown members are ignored; a nil or "null" clears the target.
func Decode(data []byte, into any) error {
	return json.Unmarshal(data, into)
}

// DecodeFrom is [Decode] of all that r has, as it comes.
func DecodeFrom(r io.Reader, into any) error {
	return json.UnmarshalRead(r, into)
}

// DecodeKnown is Decode for a target that must know all members.
func DecodeKnown(data []byte, into any) error {
	return json.Unmarshal(data, into, json.RejectUnknownMembers(true))
}

// DecodeQuoted is Decode for a target that is a number in Go and a string in JSON, as the "string" tag option and
// the keys of an object have it.
func DecodeQuoted(data []byte, into any) error {
	return json.Unmarshal(data, into, json.StringifyNumbers(true))
}

// Where tells which part of the value a [Decode] error speaks of, as a JSON pointer below the decoded value.
func Where(err error) string {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		return string(semantic.JSONPointer)
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return string(syntactic.JSONPointer)
	}
	return ""
}

// Follows reports whether a [Decode] error says that something follows the one value that data should be.
func Follows(data []byte, err error) bool {
	syntactic, ok := errors.AsType[*jsontext.SyntacticError](err)
	return ok && syntactic.ByteOffset <= int64(len(data)) && jsontext.Value(data[:syntactic.ByteOffset]).IsValid()
}

// Duplicate reports whether a [Decode] error says that an object has a member twice.
func Duplicate(err error) bool {
	return errors.Is(err, jsontext.ErrDuplicateName)
}

var (
	unmarshalerFrom = reflect.TypeFor[json.UnmarshalerFrom]()
	marshalerTo     = reflect.TypeFor[json.MarshalerTo]()
	rawValue        = reflect.TypeFor[jsontext.Value]()
)

// HasStreamMethods reports whether t or a pointer to it has the method of json/v2 that reads (decode) or writes
// it token by token, which says nothing of the shape of its JSON.
func HasStreamMethods(t reflect.Type, decode bool) bool {
	want := marshalerTo
	if decode {
		want = unmarshalerFrom
	}
	return t.Implements(want) || reflect.PointerTo(t).Implements(want)
}

// IsRaw reports whether t is json/v2's type for a value that stays encoded.
func IsRaw(t reflect.Type) bool { return t == rawValue }

// Valid reports whether data is one JSON value without duplicate names or invalid UTF-8. It is the yardstick of
// tests and is not used on the path of a call.
func Valid(data []byte) bool { return jsontext.Value(data).IsValid() }

// CheckEncodable tries a zero value of t, which finds tags that contradict each other.
func CheckEncodable(t reflect.Type) error {
	if _, err := json.Marshal(reflect.New(t).Interface(), encodeOptions); err != nil {
		return fmt.Errorf("json: %w", err)
	}
	return nil
}
