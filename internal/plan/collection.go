package plan

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
)

// pointerShape is a value or null.
type pointerShape struct {
	of          reflect.Type // nil when it is no more what its type says
	element     shape
	elementType reflect.Type
	size        int // of what it points to, in bytes
}

func (s *pointerShape) expected() string { return s.element.expected() }

func (s *pointerShape) decode(b *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	if end, is := literal(src, at, "null"); is {
		return end, nil
	}
	if !b.take(s.size) {
		return b.stop(src)
	}
	target := reflect.New(s.elementType)
	end, faults := s.element.decode(b, src, at, target.Elem())
	into.Set(target)
	return end, faults
}

// sliceShape is an array of any length.
type sliceShape struct {
	of      reflect.Type // nil when it is no more what its type says
	element shape
	empty   reflect.Value
	first   int // how many elements to make room for when there is one
	size    int // of an element, in bytes
	most    int // how many elements the rules of the field allow
}

// Of memory for elements that may never come, a list takes at most that many bytes for each byte that it has read, and
// that many elements, beside what it begins with; beyond them it doubles.
const (
	ahead     = 8
	mostAhead = 8
)

func newSliceShape(t reflect.Type) *sliceShape {
	first := 4
	if t.Elem().Size() > 16 {
		first = 1 // a few bytes of JSON must not claim much memory
	}
	return &sliceShape{of: t, empty: reflect.MakeSlice(t, 0, 0), first: first, size: max(int(t.Elem().Size()), 1), most: math.MaxInt}
}

func (*sliceShape) expected() string { return "array" }

func (s *sliceShape) decode(b *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	if !begins(src, at, '[') {
		return mismatch(src, at, s.expected())
	}
	start := at
	at = space(src, at+1)
	if at == len(src) || src[at] == ']' {
		into.Set(s.empty)
		return min(at+1, len(src)), nil
	}
	var faults []Fault
	length, room := 0, 0
	for at < len(src) && src[at] != ']' && len(faults) < MaxFaults {
		if length == s.most { // what follows is not looked at, however much it is
			end := skip(src, start)
			into.SetLen(length)
			return end, under(faults, []Fault{tooMany(s.most, src[start:end])}, "")
		}
		if !b.work(1) || length == room && !s.grow(b, into, at-start) {
			into.SetLen(length)
			return len(src), under(faults, b.fault(), "/"+strconv.Itoa(length))
		}
		if length == room {
			room = into.Cap()
		}
		end, inside := s.element.decode(b, src, at, into.Index(length))
		if inside != nil {
			faults = under(faults, inside, "/"+strconv.Itoa(length))
		}
		length++
		at = next(src, end)
	}
	into.SetLen(length)
	return min(at+1, len(src)), faults
}

// grow makes room in a list for more elements, of whose JSON read bytes have been read. What the list has so far is
// there until it is copied, and counts as long.
func (s *sliceShape) grow(b *Budget, into reflect.Value, read int) bool {
	room := into.Cap()
	more := max(1, s.first-room, min(ahead*read/s.size, mostAhead)-room)
	grown := max(room+more, grownRoom(room))
	if !b.take(grown * s.size) {
		return false
	}
	into.Grow(more)
	b.refund((grown + room - into.Cap()) * s.size)
	into.SetLen(into.Cap())
	return true
}

// grownRoom is the room that package runtime makes for one element more than there is room for, but for what it rounds
// up.
func grownRoom(room int) int {
	const doubled = 256
	if room < doubled {
		return 2 * room
	}
	return room + (room+3*doubled)/4
}

// tooMany is the fault of a list with more elements than the rules of its field allow.
func tooMany(most int, list []byte) Fault {
	return Fault{Rule: MaxItems, Expected: "at most " + plural(most, "item"), Got: cut(list, maxText)}
}

// arrayShape is an array of one length.
type arrayShape struct {
	of      reflect.Type // nil when it is no more what its type says
	element shape
	length  int
}

func (s *arrayShape) expected() string { return fmt.Sprintf("array of %d", s.length) }

func (s *arrayShape) decode(b *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	if !begins(src, at, '[') {
		return mismatch(src, at, s.expected())
	}
	start := at
	at = space(src, at+1)
	var faults []Fault
	length := 0
	for ; at < len(src) && src[at] != ']' && len(faults) < MaxFaults; length++ {
		if length >= s.length {
			at = next(src, skip(src, at))
			continue
		}
		end, inside := s.element.decode(b, src, at, into.Index(length))
		if inside != nil {
			faults = under(faults, inside, "/"+strconv.Itoa(length))
		}
		at = next(src, end)
	}
	if length != s.length && len(faults) < MaxFaults && !b.over() {
		_, wrong := mismatch(src, start, s.expected())
		faults = under(faults, wrong, "")
	}
	return min(at+1, len(src)), faults
}

// mapShape is an object whose members all have one shape and names that are not known beforehand.
type mapShape struct {
	name, element         shape
	nameType, elementType reflect.Type
	of                    reflect.Type
	// unlike says that names that differ as text, or are even the same, need not tell so as keys of a Go map: the
	// names have a decoder of their own. Those are compared as text too.
	unlike bool
	cost   entryCost
}

func (*mapShape) expected() string { return "object" }

func (s *mapShape) decode(b *Budget, src []byte, at int, into reflect.Value) (int, []Fault) {
	if !begins(src, at, '{') {
		return mismatch(src, at, s.expected())
	}
	if !b.take(sizeOfMap) {
		return b.stop(src)
	}
	into.Set(reflect.MakeMap(s.of))
	at = space(src, at+1)
	if at == len(src) || src[at] == '}' {
		return min(at+1, len(src)), nil
	}
	name, element := reflect.New(s.nameType).Elem(), reflect.New(s.elementType).Elem()
	var seen map[string]bool
	if s.unlike {
		seen = make(map[string]bool)
	}
	var faults []Fault
	for at < len(src) && src[at] != '}' && len(faults) < MaxFaults {
		start := at
		if !b.work(1) || !b.take(s.cost.of(into.Len())) {
			return len(src), under(faults, b.fault(), memberPath(src, start))
		}
		name.SetZero()
		end, inside := s.name.decode(b, src, start, name)
		at = behindColon(src, end)
		if inside != nil {
			if inside[0].Cause == nil && !b.over() {
				inside[0].Expected = "member name, " + inside[0].Expected
			}
			faults = under(faults, inside, memberPath(src, start))
			at = next(src, skip(src, at))
			continue
		}
		if s.isTwice(src, start, into, name, seen) {
			if path := memberPath(src, start); !isListed(faults, Duplicate, path) {
				faults = append(faults, Fault{Path: path, Rule: Duplicate})
			}
			at = next(src, skip(src, at))
			continue
		}
		element.SetZero()
		at, inside = s.element.decode(b, src, at, element)
		if inside != nil {
			faults = under(faults, inside, memberPath(src, start))
		}
		into.SetMapIndex(name, element)
		at = next(src, at)
	}
	return min(at+1, len(src)), faults
}

// isTwice reports whether the member whose name stands at src[at:] has been there before.
func (s *mapShape) isTwice(src []byte, at int, into, name reflect.Value, seen map[string]bool) bool {
	if into.MapIndex(name).IsValid() {
		return true
	}
	if seen == nil {
		return false
	}
	end, plain := stringEnd(src, at)
	written := stringText(src, at, end, plain)
	if seen[string(written)] {
		return true
	}
	seen[string(written)] = true
	return false
}

// memberPath returns the JSON pointer to the member whose name stands at src[at:].
func memberPath(src []byte, at int) string {
	end, plain := stringEnd(src, at)
	return segment(stringText(src, at, end, plain))
}
