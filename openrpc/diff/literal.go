package diff

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
)

// bound is one end of a range.
type bound struct {
	value     *big.Float // nil: there is none
	exclusive bool
	text      string
}

// literal is a value of an enum: as it reads, and in a form in which equal values are equal.
type literal struct{ text, canonical string }

// tighter reports whether a allows less than b; above is 1 for lower ends of a range and -1 for upper ones.
func tighter(a, b bound, above int) bool {
	order := a.value.Cmp(b.value)
	return order == above || order == 0 && a.exclusive && !b.exclusive
}

// precision, in bits, keeps every number apart that a program is likely to mean.
const precision = 512

func newBound(number json.Number, exclusive bool) (bound, bool) {
	if number == "" {
		return bound{}, false
	}
	// A big.Float, unlike the exact kinds of number, stays small whatever the exponent is.
	value, _, err := big.ParseFloat(number.String(), 10, precision, big.ToNearestEven)
	if err != nil {
		return bound{}, false
	}
	return bound{value, exclusive, number.String()}, true
}

// canonical returns a form of a JSON value that two equal values share.
func canonical(raw json.RawMessage) string {
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return string(raw)
	}
	written, err := json.Marshal(canonicalNumbers(value))
	if err != nil {
		return string(raw)
	}
	return string(written)
}

func canonicalNumbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		number, _, err := big.ParseFloat(value.String(), 10, precision, big.ToNearestEven)
		if err != nil {
			return value
		}
		return json.Number(number.Text('g', 100))
	case []any:
		for i := range value {
			value[i] = canonicalNumbers(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = canonicalNumbers(value[name])
		}
	}
	return value
}

func kindOfLiteral(canonical string) kinds {
	switch canonical[0] {
	case '"':
		return text
	case '{':
		return object
	case '[':
		return list
	case 't', 'f':
		return boolean
	case 'n':
		return null
	}
	if number, _, err := big.ParseFloat(canonical, 10, precision, big.ToNearestEven); err == nil && !number.IsInt() {
		return fraction
	}
	return integer
}

func containsLiteral(values []literal, one literal) bool {
	return slices.ContainsFunc(values, func(v literal) bool { return v.canonical == one.canonical })
}
