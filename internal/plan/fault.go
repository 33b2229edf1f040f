package plan

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// The rules that params can break.
const (
	Required  = "required"  // a member that must be there is missing
	Unknown   = "unknown"   // a member has a name that nothing is known of
	Duplicate = "duplicate" // an object has a member twice
	Type      = "type"      // a value is not of the JSON type, or not of the length, that is wanted
	Range     = "range"     // a number is out of the bounds that its place can hold
	Position  = "position"  // a list has more values than there are places for
	Value     = "value"     // a type refused what it was to decode
	Validate  = "validate"  // a method Validate found a value wrong
	Memory    = "memory"    // the params would take more memory than they may
)

// The rules that tags set, which are those of JSON Schema with these names, and their tags.
const (
	Enum      = "enum"
	Min       = "min"
	Max       = "max"
	MinLength = "minLength"
	MaxLength = "maxLength"
	Pattern   = "pattern"
	Format    = "format"
	MinItems  = "minItems"
	MaxItems  = "maxItems"
)

// MaxFaults is how many faults [Params.Decode] lists at most; it stops when it has found that many.
const MaxFaults = 32

const (
	maxText     = 64   // bytes of Fault.Got, and of one member name in Fault.Path
	maxPath     = 256  // bytes of the part of a path that lies inside a value with its own decoder
	maxWhole    = 1024 // bytes of a path
	maxExpected = 256  // bytes of the part of Fault.Expected that a tag gives
)

// A Fault is one thing wrong with params.
type Fault struct {
	// Path is a JSON pointer (RFC 6901) into the params; "" is the params themselves. Names that the caller made up
	// are cut at 64 bytes, with "…" for the rest, and so is the path at a kibibyte.
	Path string `json:"path"`
	// Rule is one of the constants of this package.
	Rule string `json:"rule"`
	// Expected says what is wanted at Path, in the words of JSON and JSON Schema: "integer", "array of 3". It is empty
	// where Cause says it.
	Expected string `json:"expected,omitempty"`
	// Got is the JSON text that was found there, cut at 64 bytes.
	Got string `json:"got,omitempty"`
	// Cause is what a method Validate returned. Whoever shows the fault decides what of it a caller sees.
	Cause error `json:"-"`

	// trail is what leads to Path, from the inside out, until the whole path is put together.
	trail []string
}

// under appends to faults those found inside a member or an element, which segment leads to.
func under(faults, inside []Fault, segment string) []Fault {
	inside = inside[:min(len(inside), MaxFaults-len(faults))]
	for i := range inside {
		if segment != "" {
			inside[i].trail = append(inside[i].trail, segment)
		}
	}
	if len(faults) == 0 {
		return inside
	}
	return append(faults, inside...)
}

// withPaths puts together the paths of faults, each at once: a path that grew level by level would be copied at each.
func withPaths(faults []Fault) []Fault {
	for i := range faults {
		f := &faults[i]
		if len(f.trail) == 0 {
			continue
		}
		slices.Reverse(f.trail)
		path := append(make([]byte, 0, maxWhole/8), f.trail[0]...)
		for _, segment := range append(f.trail[1:], f.Path) {
			if len(path) > maxWhole {
				break
			}
			path = append(path, segment...)
		}
		f.Path, f.trail = cut(path, maxWhole), nil
	}
	return faults
}

// isListed reports whether faults has one of that rule at that path. It keeps a member that comes a hundred times
// from filling the list.
func isListed(faults []Fault, rule, path string) bool {
	for i := range faults {
		if faults[i].Rule == rule && faults[i].Path == path && faults[i].trail == nil {
			return true
		}
	}
	return false
}

// mismatch is the fault of a value of the wrong JSON type. It returns the position behind that value.
func mismatch(src []byte, at int, expected string) (int, []Fault) {
	end := skip(src, at)
	return end, []Fault{{Rule: Type, Expected: expected, Got: cut(src[at:end], maxText)}}
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// segment returns the part of a JSON pointer that leads to the member name.
func segment[Text string | []byte](name Text) string {
	return "/" + pointerEscapes.Replace(cut(name, maxText))
}

// cut returns text, or as much of its beginning as fits limit bytes and "…".
func cut[Text string | []byte](text Text, limit int) string {
	if len(text) <= limit {
		return string(text)
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return string(text[:limit]) + "…"
}
