package plan

import (
	"fmt"
	"reflect"
	"strconv"
)

// structShape is an object with known members. As the params of a method it is an array too, of the same values in
// the order of the fields.
type structShape struct {
	of     reflect.Type
	fields []field
	others shape // in a result: the members beside the fields; nil when there are none
	// byName finds a field by its name in quotes. It is nil for a few fields, where looking at each is quicker.
	byName map[string]int
}

// field is one member of a structShape.
type field struct {
	name      string
	quoted    string // name as it stands in JSON when nothing in it is escaped
	doc       string // from the tag "doc"
	shape     shape
	required  bool
	neverNull bool   // in a result: the one pointer that would be null is left out
	otherwise []byte // the JSON of the default; nil when there is none
	first     int    // index of the field in the struct
	rest      []int  // and further on, when it comes from embedded structs
}

// few is how many fields are looked through one by one.
const few = 8

// index prepares the look-up of fields, once all of them are there.
func (s *structShape) index() {
	if len(s.fields) <= few {
		return
	}
	s.byName = make(map[string]int, len(s.fields))
	for i := range s.fields {
		s.byName[s.fields[i].quoted] = i
	}
}

func (*structShape) expected() string { return "object" }

func (s *structShape) decode(b *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	if !begins(src, at, '{') {
		return mismatch(src, at, s.expected())
	}
	var faults []Fault
	there := newPresence(len(s.fields))
	hint := 0
	at = space(src, at+1)
	for at < len(src) && src[at] != '}' && len(faults) < MaxFaults {
		start := at
		i, end := s.find(src, start, hint)
		at = behindColon(src, end)
		if i < 0 || there.has(i) {
			rule := Duplicate
			if i < 0 {
				rule = Unknown
			}
			if path := memberPath(src, start); !isListed(faults, rule, path) {
				faults = append(faults, Fault{Path: path, Rule: rule})
			}
			at = next(src, skip(src, at))
			continue
		}
		there.add(i)
		hint = i + 1
		f := &s.fields[i]
		end, inside := f.decode(b, src, at, into)
		if inside != nil {
			faults = under(faults, inside, segment(f.name))
		}
		at = next(src, end)
	}
	if faults = s.complete(b, &there, into, faults, false); faults != nil && b.over() {
		return len(src), faults
	}
	return min(at+1, len(src)), faults
}

// decodeList decodes an array whose values belong to the fields in their order.
func (s *structShape) decodeList(b *Budget, src []byte, at int, into reflect.Value) []Fault {
	start := at
	var faults []Fault
	there := newPresence(len(s.fields))
	at = space(src, at+1)
	for i := 0; at < len(src) && src[at] != ']' && len(faults) < MaxFaults; i++ {
		if i == len(s.fields) {
			end := skip(src, start)
			faults = append(faults, Fault{
				Rule:     Position,
				Expected: fmt.Sprintf("array of at most %d", len(s.fields)),
				Got:      cut(src[start:end], maxText),
			})
			break
		}
		there.add(i)
		f := &s.fields[i]
		end, inside := f.decode(b, src, at, into)
		if inside != nil {
			faults = under(faults, inside, "/"+strconv.Itoa(i))
		}
		at = next(src, end)
	}
	return s.complete(b, &there, into, faults, true)
}

// find returns which field is named at src[at:], or -1, and where that name ends. Members mostly come in the order of
// the fields, which makes hint, the field behind the last one, a good guess.
func (s *structShape) find(src []byte, at, hint int) (i, end int) {
	if hint < len(s.fields) {
		quoted := s.fields[hint].quoted
		if end := at + len(quoted); end <= len(src) && string(src[at:end]) == quoted {
			return hint, end
		}
	}
	if !begins(src, at, '"') {
		return -1, skip(src, at)
	}
	end, plain := stringEnd(src, at)
	if plain {
		return s.look(src[at:end]), end
	}
	var buffer [64]byte
	name := append(appendUnescaped(append(buffer[:0], '"'), between(src, at, end)), '"')
	return s.look(name), end
}

// look returns which field has that name, given in quotes, or -1.
func (s *structShape) look(quoted []byte) int {
	if s.byName != nil {
		if i, found := s.byName[string(quoted)]; found {
			return i
		}
		return -1
	}
	for i := range s.fields {
		if string(quoted) == s.fields[i].quoted {
			return i
		}
	}
	return -1
}

// complete gives the fields that were not there their defaults and lists those that had to be there.
func (s *structShape) complete(b *Budget, there *presence, into reflect.Value, faults []Fault, isList bool) []Fault {
	for i := range s.fields {
		f := &s.fields[i]
		switch {
		case len(faults) == MaxFaults || faults != nil && b.over():
			return faults
		case there.has(i) || !f.required && f.otherwise == nil:
		case f.required:
			path := segment(f.name)
			if isList {
				path = "/" + strconv.Itoa(i)
			}
			faults = append(faults, Fault{Path: path, Rule: Required, Expected: f.shape.expected()})
		case f.isReachable(into):
			if _, inside := f.decode(b, f.otherwise, 0, into); inside != nil && b.over() {
				return under(faults, inside, segment(f.name))
			}
		}
	}
	return faults
}

// decode puts the value at src[at:] into the field of the struct into. Pointers to embedded structs on the way are set
// when they are nil.
func (f *field) decode(b *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	into = into.Field(f.first)
	for _, i := range f.rest {
		if into.Kind() == reflect.Pointer {
			if into.IsNil() {
				if !b.take(rounded(int(into.Type().Elem().Size()))) {
					return b.stop(src)
				}
				into.Set(reflect.New(into.Type().Elem()))
			}
			into = into.Elem()
		}
		into = into.Field(i)
	}
	return f.shape.decode(b, src, at, into)
}

// isReachable reports whether no embedded struct on the way to the field is a nil pointer.
func (f *field) isReachable(into reflect.Value) bool {
	into = into.Field(f.first)
	for _, i := range f.rest {
		if into.Kind() == reflect.Pointer {
			if into.IsNil() {
				return false
			}
			into = into.Elem()
		}
		into = into.Field(i)
	}
	return true
}

// presence is the set of the fields that were there. It takes memory only for a struct with more than 64 fields.
type presence struct {
	low  uint64
	high []uint64
}

func newPresence(fields int) presence {
	if fields <= 64 {
		return presence{}
	}
	return presence{high: make([]uint64, (fields-1)/64)}
}

func (p *presence) add(i int) {
	if i < 64 {
		p.low |= 1 << i
	} else {
		p.high[i/64-1] |= 1 << (i % 64)
	}
}

func (p *presence) has(i int) bool {
	if i < 64 {
		return p.low>>i&1 != 0
	}
	return p.high[i/64-1]>>(i%64)&1 != 0
}
