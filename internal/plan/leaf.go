package plan

import (
	"bytes"
	"io"
	"reflect"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// anyShape is any JSON value, as json/v2 puts it into an empty interface.
type anyShape struct{}

func (anyShape) expected() string { return "" }

func (anyShape) decode(b *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	var w weight
	end := weigh(src, at, &w)
	if !b.work(w.values) || !b.take(w.bytes) {
		return b.stop(src)
	}
	var err error
	if value := src[at:end]; w.values > quickValues {
		err = codec.DecodeFrom(&portions{rest: value, budget: b}, into.Addr().Interface())
	} else {
		err = codec.Decode(value, into.Addr().Interface())
	}
	switch {
	case b.over():
		return b.stop(src)
	case err == nil:
		return end, nil
	}
	fault := refusal(err, src[at:end], floatBounds(64))
	if fault.Rule == Value {
		// The one valid value that an interface cannot take is a number beyond the floats.
		fault.Rule = Range
	}
	return end, []Fault{fault}
}

const (
	// quickValues are too few to look at the time meanwhile, even if each takes 10 µs, as a float near nothing does (1e-310).
	quickValues = 512
	// portion is how many bytes of more of them are read at a time.
	portion = 512
)

// portions is a value that breaks off when the budget is over.
type portions struct {
	rest   []byte
	budget *Budget
}

// Read makes it an [io.Reader].
func (p *portions) Read(into []byte) (int, error) {
	if len(p.rest) == 0 || !p.budget.work(portion) {
		return 0, io.EOF
	}
	n := copy(into[:min(len(into), portion)], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// textShape is a string that a type decodes itself, out of its text.
type textShape struct {
	words string
	drawn *openrpc.Schema // by the type itself; nil when it says nothing
	large *largeBound     // nil for most types
}

func (s *textShape) expected() string { return s.words }

func (s *textShape) decode(b *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	if !begins(src, at, '"') {
		return mismatch(src, at, s.words)
	}
	end, _ := stringEnd(src, at)
	size, faults := s.weigh(src, at, end)
	if faults != nil {
		return end, faults
	}
	if !b.work(foreignWork+(end-at)/foreignText) || !b.take(size) {
		return b.stop(src)
	}
	if err := codec.Decode(src[at:end], into.Addr().Interface()); err != nil {
		return end, []Fault{refusal(err, src[at:end], s.words)}
	}
	return end, nil
}

// weigh returns how much memory the type is taken to make of the text src[at:end]: nobody can know, but it is seldom
// much more than the text itself. Types that are known to make much of little refuse what is too long.
func (s *textShape) weigh(src []byte, at, end int) (size int, faults []Fault) {
	const (
		other = 32
		zone  = 200 // of a time that has a zone of its own
		scope = 256 // of an address with a zone, which netip keeps in a map
	)
	switch {
	case s.large != nil:
		return s.large.check(src, at, end)
	case s.words != timeWords && hasPercent(src[at:end]):
		return scope + rounded(end-at), nil
	case s.words != timeWords:
		return other + rounded(end-at), nil
	case bytes.HasSuffix(src[at:end], []byte(`Z"`)):
		return 0, nil
	default:
		return zone, nil
	}
}

// hasPercent reports whether there is a percent sign in a text as it stands in JSON.
func hasPercent(text []byte) bool {
	return bytes.IndexByte(text, '%') >= 0 || bytes.Contains(text, []byte(`\u0025`))
}

// ownShape is any JSON value that a type decodes itself, out of its JSON. Nothing is known of what it takes.
type ownShape struct {
	quoted bool            // whether numbers in it are to be strings
	raw    bool            // whether it takes everything and keeps it encoded
	drawn  *openrpc.Schema // by the type itself; nil when it says nothing
	large  *largeBound     // nil for most types
}

func (*ownShape) expected() string { return "" }

func (s *ownShape) decode(b *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	decode := codec.Decode
	if s.quoted {
		decode = codec.DecodeQuoted
	}
	end, size, faults := s.weigh(src, at)
	if faults != nil {
		return end, faults
	}
	if !b.work(foreignWork+(end-at)/foreignText) || !b.take(size) {
		return b.stop(src)
	}
	if err := decode(src[at:end], into.Addr().Interface()); err != nil {
		return end, []Fault{refusal(err, src[at:end], "")}
	}
	return end, nil
}

// weigh returns where the value ends, and what the type is taken to make of it: what any would, since nobody can know.
func (s *ownShape) weigh(src []byte, at int) (end, size int, faults []Fault) {
	if s.raw {
		end = skip(src, at)
		return end, rounded(end - at), nil
	}
	var w weight
	end = weigh(src, at, &w)
	if s.large != nil {
		size, faults = s.large.check(src, at, end)
		return end, size, faults
	}
	return end, w.bytes, nil
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
