package plan

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
)

// maxExample is how long an example may be, in bytes.
const maxExample = 1024

// maxExampleDepth is how many values deep an example goes before it writes null.
const maxExampleDepth = 8

// Example returns params as a caller could send them: an object with the required members, or an array. It returns
// nil when the method takes no params, when nothing is known of what it takes, when an example would be longer than a
// kibibyte, and when the rules that params must keep are too much for it.
func (p *Params) Example() (example []byte) {
	defer func() {
		if recover() != nil {
			example = nil // a type that decodes itself, or a method Validate, did not expect what was made up
		}
	}()
	example = p.example()
	if len(example) > maxExample || example == nil || p.Decode(example, reflect.New(p.of).Elem()) != nil {
		return nil
	}
	return example
}

func (p *Params) example() []byte {
	switch s := p.shape.(type) {
	case *structShape:
		if len(s.fields) == 0 {
			return nil
		}
	case *sliceShape:
		element := s.element.example(nil, 1)
		return append(append([]byte{'['}, element...), ']')
	case anyShape, *ownShape:
		return nil
	}
	return p.shape.example(nil, 0)
}

func (boolShape) example(dst []byte, _ int) []byte      { return append(dst, "false"...) }
func (stringShape) example(dst []byte, _ int) []byte    { return append(dst, `"text"`...) }
func (*integerShape) example(dst []byte, _ int) []byte  { return append(dst, '1') }
func (*unsignedShape) example(dst []byte, _ int) []byte { return append(dst, '1') }
func (*floatShape) example(dst []byte, _ int) []byte    { return append(dst, '1') }
func (*quotedShape) example(dst []byte, _ int) []byte   { return append(dst, `"1"`...) }
func (anyShape) example(dst []byte, _ int) []byte       { return append(dst, "null"...) }
func (*ownShape) example(dst []byte, _ int) []byte      { return append(dst, "null"...) }
func (*sliceShape) example(dst []byte, _ int) []byte    { return append(dst, "[]"...) }
func (*mapShape) example(dst []byte, _ int) []byte      { return append(dst, "{}"...) }

func (s *textShape) example(dst []byte, _ int) []byte {
	if s.words == timeWords {
		return append(dst, `"2026-01-02T15:04:05Z"`...)
	}
	return append(dst, `"text"`...)
}

func (s *bytesShape) example(dst []byte, _ int) []byte {
	value := []byte("text")
	if s.length >= 0 {
		value = make([]byte, min(s.length, maxExample))
	}
	dst = base64.StdEncoding.AppendEncode(append(dst, '"'), value)
	return append(dst, '"')
}

func (s *pointerShape) example(dst []byte, deep int) []byte {
	if deep >= maxExampleDepth {
		return append(dst, "null"...)
	}
	return s.element.example(dst, deep+1)
}

func (s *arrayShape) example(dst []byte, deep int) []byte {
	dst = append(dst, '[')
	for i := 0; i < s.length && len(dst) <= maxExample; i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = s.element.example(dst, deep+1)
	}
	return append(dst, ']')
}

func (s *structShape) example(dst []byte, deep int) []byte {
	dst = append(dst, '{')
	first := true
	for i := range s.fields {
		f := &s.fields[i]
		if !f.required || len(dst) > maxExample {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(dst, f.quoted...), ':')
		dst = f.shape.example(dst, deep+1)
	}
	return append(dst, '}')
}

func (s *checkedShape) example(dst []byte, deep int) []byte {
	example := json.RawMessage(s.shape.example(nil, deep))
	for i := range s.rules {
		r := &s.rules[i]
		if r.adapt != nil {
			example = r.adapt(example)
		}
		if list, is := s.shape.(*sliceShape); is && r.items > 0 {
			example = list.exampleOf(r.items, deep)
		}
	}
	return append(dst, example...)
}

// exampleOf returns a list of that many examples.
func (s *sliceShape) exampleOf(items, deep int) []byte {
	array := arrayShape{element: s.element, length: items}
	return array.example(nil, deep)
}

// ofLength returns the string example with least to most characters.
func ofLength(example json.RawMessage, least, most int) json.RawMessage {
	text := found{raw: example}.text()
	for len(text) < min(least, maxExample) {
		text += "text"
	}
	if most = max(most, least); len(text) > most && !strings.ContainsFunc(text, func(r rune) bool { return r > '~' }) {
		text = text[:most]
	}
	return mustQuote(text)
}
