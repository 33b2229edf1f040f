package arguments

import (
	"encoding/json"
	"strings"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// Sample makes up a value that a schema allows, as far as that is easy: one that the schema gives itself, or the
// simplest of its type. What is inside itself, or too much to be an example, is null.
func (t *Types) Sample(schema *openrpc.Schema) json.RawMessage {
	s := sampler{Types: t, around: make(map[*openrpc.Schema]bool), left: maxSample}
	return s.sample(schema)
}

// maxSample is how many values a sample is made of.
const maxSample = 200

// sampler makes up a value.
type sampler struct {
	*Types

	around map[*openrpc.Schema]bool // schemas that the value is inside of
	left   int                      // values that may still be made up
}

func (s *sampler) sample(schema *openrpc.Schema) json.RawMessage {
	schema = s.resolve(schema)
	if s.left--; schema == nil || s.around[schema] || s.left < 0 {
		return json.RawMessage("null")
	}
	s.around[schema] = true
	defer delete(s.around, schema)
	for _, own := range [][]json.RawMessage{schema.Examples, {schema.Default}, schema.Enum, {schema.Const}} {
		if len(own) > 0 && len(own[0]) > 0 {
			return own[0]
		}
	}
	for _, alternatives := range [][]*openrpc.Schema{schema.AnyOf, schema.OneOf, schema.AllOf} {
		if len(alternatives) > 0 {
			return s.sample(alternatives[0])
		}
	}
	switch wanted := s.kinds(schema); {
	case wanted == every:
		return json.RawMessage("null")
	case wanted&text != 0:
		return sampleText(schema)
	case wanted&(integer|number) != 0:
		return sampleNumber(schema)
	case wanted&boolean != 0:
		return json.RawMessage("true")
	case wanted&array != 0:
		return s.array(schema)
	case wanted&object != 0:
		return s.object(schema)
	}
	return json.RawMessage("null")
}

func sampleText(schema *openrpc.Schema) json.RawMessage {
	known := map[string]string{
		"date-time": "2006-01-02T15:04:05Z", "date": "2006-01-02", "time": "15:04:05Z", "email": "ada@example.com",
		"uri": "https://example.com/", "hostname": "example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
		"uuid": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
	}
	if sample, ok := known[schema.Format]; ok {
		return quoted(sample)
	}
	sample := "text"
	if schema.MinLength != nil && *schema.MinLength > len(sample) {
		sample += strings.Repeat("x", *schema.MinLength-len(sample))
	}
	if schema.MaxLength != nil && *schema.MaxLength < len(sample) {
		sample = sample[:*schema.MaxLength]
	}
	return quoted(sample)
}

func sampleNumber(schema *openrpc.Schema) json.RawMessage {
	if schema.MultipleOf != "" {
		return json.RawMessage(schema.MultipleOf)
	}
	holds := func(bound json.Number, fits func(float64) bool) bool {
		value, err := bound.Float64()
		return err != nil || fits(value)
	}
	switch {
	case !holds(schema.Minimum, func(least float64) bool { return least <= 1 }):
		return json.RawMessage(schema.Minimum)
	case !holds(schema.Maximum, func(most float64) bool { return most >= 1 }):
		return json.RawMessage(schema.Maximum)
	}
	return json.RawMessage("1")
}

// maxItems is how many items of a list that must have many are made up.
const maxItems = 16

func (s *sampler) array(schema *openrpc.Schema) json.RawMessage {
	list := json.RawMessage("[")
	count := max(len(schema.PrefixItems), 1)
	if s.around[s.resolve(s.item(schema, 0))] {
		count = 0 // a list of what the list is in
	}
	if schema.MinItems != nil {
		count = max(count, min(*schema.MinItems, maxItems))
	}
	for i := range count {
		list = appendItem(list, s.sample(s.item(schema, i)))
	}
	return append(list, ']')
}

func (s *sampler) object(schema *openrpc.Schema) json.RawMessage {
	members := json.RawMessage("{")
	for _, name := range schema.Required {
		member := append(append(quoted(name), ':'), s.sample(schema.Properties.Get(name))...)
		members = appendItem(members, member)
	}
	return append(members, '}')
}

// Word returns what stands behind the name of a param on a command line to give it the value: =text where the schema
// makes the value of that, and :=JSON elsewhere.
func (t *Types) Word(schema *openrpc.Schema, raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	v := value{text: string(raw)}
	if kindOf(raw) == text && json.Unmarshal(raw, &v.text) != nil {
		return ":=" + string(raw)
	}
	written := v.text
	if terminal.Clean(written) != written {
		return ":=" + string(raw) // JSON can say what a terminal does not show
	}
	if strings.HasPrefix(written, "@") {
		written = "@" + written
	}
	if made, err := t.of(schema, &v); err == nil && string(made) == string(raw) {
		return "=" + written
	}
	return ":=" + string(raw)
}
