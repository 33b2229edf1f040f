package plan

// What json/v2 makes of values of any kind, in bytes on a machine of 64 bits.
const (
	sizeOfAny    = 16
	sizeOfString = 16
	sizeOfSlice  = 24
	sizeOfFloat  = 8
	sizeOfMap    = 48
)

// weight is what a JSON value comes to as an any: with the maps, lists, strings and numbers in it, and without the any
// that holds it.
type weight struct {
	bytes  int
	values int
}

// weigh returns the position behind the value that starts at at, as skip does, and adds its weight to w. It goes as deep
// as the value does.
func weigh(src []byte, at int, w *weight) int {
	if at >= len(src) {
		return len(src)
	}
	w.values++
	switch src[at] {
	case '"':
		end, _ := stringEnd(src, at)
		w.bytes += sizeOfString + rounded(end-at-2)
		return end
	case '[':
		return weighArray(src, at, w)
	case '{':
		return weighObject(src, at, w)
	case 't', 'f', 'n':
	default:
		w.bytes += sizeOfFloat
	}
	return wordEnd(src, at+1)
}

func weighArray(src []byte, at int, w *weight) int {
	length := 0
	at = space(src, at+1)
	for at < len(src) && src[at] != ']' {
		at = next(src, weigh(src, at, w))
		length++
	}
	w.bytes += sizeOfSlice + sizeOfAny*appended(length)
	return min(at+1, len(src))
}

// appended is how many elements there is room for in a slice that got that many of them one by one, at most.
func appended(length int) int {
	room := 1
	for room < length && room < 256 {
		room *= 2
	}
	switch {
	case length == 0:
		return 0
	case room >= length:
		return room
	default:
		return length + length/4
	}
}

func weighObject(src []byte, at int, w *weight) int {
	entries := 0
	at = space(src, at+1)
	for at < len(src) && src[at] != '}' {
		end := at + 1
		if src[at] == '"' {
			end, _ = stringEnd(src, at)
		}
		w.bytes += rounded(end - at - 2)
		at = next(src, weigh(src, behindColon(src, end), w))
		w.bytes += anyEntries.of(entries)
		entries++
	}
	w.bytes += sizeOfMap
	return min(at+1, len(src))
}

// anyEntries is what the members of a map[string]any take.
var anyEntries = newEntryCost(sizeOfString, sizeOfAny)

// entryCost is what the entries of a Go map take, as package runtime has them: in groups of eight, in a table that
// doubles when seven eighths of it are in use.
type entryCost struct {
	slot  int // of an entry in a table
	aside int // of what an entry has outside of the table
}

func newEntryCost(name, element int) entryCost {
	const largest = 128 // what is larger stands elsewhere
	c := entryCost{slot: 1}
	for _, size := range []int{name, element} {
		if size > largest {
			c.aside += rounded(size)
			size = 8
		}
		c.slot += size
	}
	return c
}

// plus is what the entries of two maps take, one in each.
func (c entryCost) plus(other entryCost) entryCost {
	return entryCost{slot: c.slot + other.slot, aside: c.aside + other.aside}
}

// of returns what the entry adds that comes after that many others. What it is for all of them is never less than what
// the map has, and not much more.
func (c entryCost) of(before int) int {
	switch {
	case before == 0:
		return c.aside + 8*c.slot
	case before < 8:
		return c.aside
	case before == 8:
		return c.aside + 16*c.slot
	default:
		return c.aside + (c.slot*16+6)/7
	}
}
