package diff

import (
	"cmp"
	"fmt"
	"slices"
)

// Level says what a change means for the programs that call the service already.
type Level int

// The levels, the harmless first.
const (
	Compatible Level = iota // callers need not know
	Warning                 // some callers may notice
	Breaking                // a caller that did everything right fails
)

// String returns "compatible", "warning" or "breaking".
func (l Level) String() string {
	switch l {
	case Compatible:
		return "compatible"
	case Warning:
		return "warning"
	case Breaking:
		return "breaking"
	}
	return fmt.Sprintf("Level(%d)", int(l))
}

// MarshalText writes the level as String has it.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// A Change is one difference between two documents that their readers may care about.
type Change struct {
	Level Level  `json:"level"`
	Rule  string `json:"rule"` // which kind of change it is, such as "param-removed": a word for scripts

	// Methods are the names of those it concerns, in the order of the documents. None: the whole service.
	Methods []string `json:"methods,omitempty"`

	Document string `json:"document"` // "old" or "new": where Pointer leads to something
	Pointer  string `json:"pointer"`  // a JSON pointer to what changed
	Text     string `json:"text"`     // a sentence
}

// Count returns how many of the changes are of the level.
func Count(changes []Change, level Level) int {
	count := 0
	for i := range changes {
		if changes[i].Level == level {
			count++
		}
	}
	return count
}

// merge puts changes of several methods that are one and the same, because they share a schema, into one, and sorts:
// what breaks first, and otherwise in the order in which they were found.
func merge(changes []Change) []Change {
	type key struct {
		Rule, Document, Pointer, Text string
		Level                         Level
	}
	places := make(map[key]int)
	var merged []Change
	for _, c := range changes {
		k := key{c.Rule, c.Document, c.Pointer, c.Text, c.Level}
		at, known := places[k]
		if !known {
			places[k] = len(merged)
			merged = append(merged, c)
			continue
		}
		for _, method := range c.Methods {
			if !slices.Contains(merged[at].Methods, method) {
				merged[at].Methods = append(merged[at].Methods, method)
			}
		}
	}
	slices.SortStableFunc(merged, func(a, b Change) int { return cmp.Compare(b.Level, a.Level) })
	return merged
}
