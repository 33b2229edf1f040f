package signature

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

// Rules lists what a schema asks of a value beside its type, and what is meant when the value is left out.
func Rules(s *openrpc.Schema) []string {
	if s == nil {
		return nil
	}
	var rules []string
	add := func(format string, args ...any) { rules = append(rules, fmt.Sprintf(format, args...)) }
	bounds(s, add)
	lengths(s.MinLength, s.MaxLength, "characters", add)
	lengths(s.MinItems, s.MaxItems, "items", add)
	lengths(s.MinProperties, s.MaxProperties, "members", add)
	if s.MultipleOf != "" {
		add("a multiple of %s", s.MultipleOf)
	}
	if s.Pattern != "" && s.Format == "" { // a format says it in a word
		add("matches %s", s.Pattern)
	}
	if s.UniqueItems {
		add("no item twice")
	}
	if len(s.Default) > 0 {
		add("default %s", compact(s.Default))
	}
	if s.Deprecated {
		add("deprecated")
	}
	return rules
}

// machineBounds are the bounds of the numbers of machines. That a number must have them tells a person nothing.
var machineBounds = []json.Number{
	"-128", "127", "255", "-32768", "32767", "65535", "-2147483648", "2147483647", "4294967295", "-9223372036854775808",
	"9223372036854775807", "18446744073709551615", "-3.4028234663852886e+38", "3.4028234663852886e+38", "-1.7976931348623157e+308",
	"1.7976931348623157e+308", "-9007199254740991", "9007199254740991",
}

func bounds(s *openrpc.Schema, add func(string, ...any)) {
	least, most := s.Minimum, s.Maximum
	if slices.Contains(machineBounds, least) {
		least = ""
	}
	if slices.Contains(machineBounds, most) {
		most = ""
	}
	if least != "" && most != "" {
		add("from %s to %s", least, most)
		return
	}
	for _, bound := range []struct {
		words string
		value json.Number
	}{
		{"at least", least}, {"more than", s.ExclusiveMinimum}, {"at most", most}, {"less than", s.ExclusiveMaximum},
	} {
		if bound.value != "" {
			add("%s %s", bound.words, bound.value)
		}
	}
}

func lengths(least, most *int, unit string, add func(string, ...any)) {
	switch {
	case least != nil && most != nil && *least == *most:
		add("%d %s", *most, unit)
	case least != nil && most != nil:
		add("%d to %d %s", *least, *most, unit)
	case least != nil:
		add("at least %d %s", *least, unit)
	case most != nil:
		add("at most %d %s", *most, unit)
	}
}

func compact(raw json.RawMessage) string {
	if text := string(raw); len(text) <= 60 {
		return text
	}
	return "…"
}
