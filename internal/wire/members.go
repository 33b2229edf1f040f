package wire

import (
	"bytes"
	"slices"
)

// members notes where the known members of one object stand.
type members struct {
	names  []string // at most four, in ASCII
	values [4]Value // by the index of the name
	twice  [4]bool  // whether the name was there before
}

// forget makes m fit for the next object.
func (m *members) forget() {
	m.values, m.twice = [4]Value{}, [4]bool{}
}

// note takes a member whose name is quoted, as it was scanned.
func (m *members) note(quoted []byte, v Value) {
	if i := m.index(quoted); i >= 0 {
		m.twice[i] = m.values[i].Kind != Absent
		m.values[i] = v
	}
}

// index returns which of the known names is quoted, or -1.
func (m *members) index(quoted []byte) int {
	text := quoted[1 : len(quoted)-1]
	for i, name := range m.names {
		if string(text) == name {
			return i
		}
	}
	// Written in full, each character of a known name is an escape of six bytes.
	var resolved [6 * len("jsonrpc")]byte
	if len(text) > len(resolved) || bytes.IndexByte(text, '\\') < 0 {
		return -1
	}
	return slices.Index(m.names, string(Unquote(resolved[:0], quoted)))
}

// repeated reports whether any known name is there twice.
func (m *members) repeated() bool { return m.twice != [4]bool{} }

// once returns the member with index i, or an absent value if there are two of them.
func (m *members) once(i int) Value {
	if m.twice[i] {
		return Value{}
	}
	return m.values[i]
}
