package signature

import (
	"encoding/json"
	"fmt"

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
	if s.Pattern != "" {
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

func bounds(s *openrpc.Schema, add func(string, ...any)) {
	if s.Minimum != "" && s.Maximum != "" {
		add("from %s to %s", s.Minimum, s.Maximum)
		return
	}
	for _, bound := range []struct {
		words string
		value json.Number
	}{
		{"at least", s.Minimum}, {"more than", s.ExclusiveMinimum}, {"at most", s.Maximum}, {"less than", s.ExclusiveMaximum},
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
