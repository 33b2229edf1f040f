package arguments

import (
	"encoding/json"
	"strings"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// Sample makes up a value that a schema allows, as far as that is easy: one that the schema gives itself, or the
// simplest of its type.
func (t *Types) Sample(schema *openrpc.Schema) json.RawMessage { return t.sample(schema, 0) }

func (t *Types) sample(schema *openrpc.Schema, depth int) json.RawMessage {
	schema = t.resolve(schema)
	if schema == nil || depth > maxDepth {
		return json.RawMessage("null")
	}
	for _, own := range [][]json.RawMessage{schema.Examples, {schema.Default}, schema.Enum, {schema.Const}} {
		if len(own) > 0 && len(own[0]) > 0 {
			return own[0]
		}
	}
	for _, alternatives := range [][]*openrpc.Schema{schema.AnyOf, schema.OneOf, schema.AllOf} {
		if len(alternatives) > 0 {
			return t.sample(alternatives[0], depth+1)
		}
	}
	switch wanted := t.kinds(schema, depth); {
	case wanted == every:
		return json.RawMessage("null")
	case wanted&text != 0:
		return sampleText(schema)
	case wanted&(integer|number) != 0:
		return sampleNumber(schema)
	case wanted&boolean != 0:
		return json.RawMessage("true")
	case wanted&array != 0:
		return t.sampleArray(schema, depth)
	case wanted&object != 0:
		return t.sampleObject(schema, depth)
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

func (t *Types) sampleArray(schema *openrpc.Schema, depth int) json.RawMessage {
	list := json.RawMessage("[")
	count := max(len(schema.PrefixItems), 1)
	if schema.MinItems != nil {
		count = max(count, min(*schema.MinItems, maxDepth))
	}
	for i := range count {
		list = appendItem(list, t.sample(t.item(schema, i), depth+1))
	}
	return append(list, ']')
}

func (t *Types) sampleObject(schema *openrpc.Schema, depth int) json.RawMessage {
	members := json.RawMessage("{")
	for _, name := range schema.Required {
		member := append(append(quoted(name), ':'), t.sample(schema.Properties.Get(name), depth+1)...)
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
