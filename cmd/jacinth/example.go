package main

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/arguments"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// exampleCall is a command line that calls the method: as its first example does, or with made-up values for the params
// that must be there. It is empty when the name of the method cannot be typed.
//
// What a service says of itself is not to be trusted: whoever copies the line calls that method with these params, and
// gives no flag that a name was made up to look like.
func exampleCall(url string, document *openrpc.Document, m *openrpc.Method) string {
	if m.Name == "" || m.Name != terminal.Line(m.Name) {
		return ""
	}
	flags, params := exampleParams(m, &arguments.Types{Document: document, Method: m})
	words := []string{"jacinth", "call", url, m.Name}
	if strings.HasPrefix(m.Name, "-") {
		words = slices.Concat([]string{"jacinth", "call"}, flags, []string{"--", url, m.Name})
	} else if len(flags) > 0 {
		words = slices.Concat(words, flags, []string{"--"})
	}
	words = append(words, params...)
	for i := range words {
		words[i] = shellWord(words[i])
	}
	return strings.Join(words, " ")
}

// exampleParams are the params of an example as words, and the flags that these want.
func exampleParams(m *openrpc.Method, types *arguments.Types) (flags, words []string) {
	if whole := wholeParams(m); whole != nil {
		return nil, []string{string(exampleWhole(m, types))}
	}
	byPosition := m.ParamStructure == openrpc.ByPosition
	given := exampleValues(m, types)
	for i := range given {
		word, ok := given[i].word(types, byPosition)
		if !ok {
			return nil, []string{string(allOf(given, byPosition))}
		}
		words = append(words, word)
	}
	if byPosition && len(words) > 0 {
		flags = []string{"--pos"}
	}
	return flags, words
}

// exampleValue is a param that an example gives.
type exampleValue struct {
	name   string
	value  json.RawMessage
	schema *openrpc.Schema
}

// word is the param as a word of the command line. It reports whether it would be read as what it is: as a name with
// the value, or as the value.
func (v *exampleValue) word(types *arguments.Types, byPosition bool) (string, bool) {
	word := types.Word(v.schema, v.value)
	if byPosition {
		return strings.TrimPrefix(word, "="), !strings.HasPrefix(word, "=:=")
	}
	first, _ := utf8.DecodeRuneInString(v.name)
	ok := (first == '_' || unicode.IsLetter(first) || unicode.IsDigit(first)) &&
		v.name == terminal.Line(v.name) && !strings.Contains(v.name, "=") && !strings.HasSuffix(v.name, ":")
	return v.name + word, ok
}

// exampleValues are the params that an example gives, or else those that must be there.
func exampleValues(m *openrpc.Method, types *arguments.Types) []exampleValue {
	var values []exampleValue
	given := exampleOf(m)
	for i, param := range m.Params {
		value, ok := given(i)
		if !ok && param.Required {
			value, ok = types.Sample(param.Schema), true
		}
		if ok {
			values = append(values, exampleValue{param.Name, value, param.Schema})
		}
	}
	return values
}

// exampleOf returns what the first example of a method that has params gives for the param in the place i. An example
// is to list its values in the order of the params; one that leaves some out can only mean them by name.
func exampleOf(m *openrpc.Method) func(i int) (json.RawMessage, bool) {
	given := givenParams(m)
	named := slices.ContainsFunc(given, func(e openrpc.Example) bool {
		return slices.ContainsFunc(m.Params, func(p openrpc.ContentDescriptor) bool { return p.Name == e.Name })
	})
	return func(i int) (json.RawMessage, bool) {
		if named {
			i = slices.IndexFunc(given, func(e openrpc.Example) bool { return e.Name == m.Params[i].Name })
		}
		if i < 0 || i >= len(given) {
			return nil, false
		}
		return given[i].Value, len(given[i].Value) > 0
	}
}

// exampleWhole is an example of params that no list of names can describe, as JSON.
func exampleWhole(m *openrpc.Method, types *arguments.Types) json.RawMessage {
	given := givenParams(m)
	if len(given) == 0 {
		return types.Sample(wholeParams(m))
	}
	values := make([]exampleValue, len(given))
	for i, e := range given {
		values[i] = exampleValue{name: e.Name, value: e.Value}
	}
	return allOf(values, m.ParamStructure == openrpc.ByPosition)
}

// allOf puts params into one JSON value.
func allOf(given []exampleValue, byPosition bool) json.RawMessage {
	var values, members []string
	for _, each := range given {
		values = append(values, string(each.value))
		name, _ := json.Marshal(each.name) // a string can always be encoded
		members = append(members, string(name)+":"+string(each.value))
	}
	if byPosition {
		return json.RawMessage("[" + strings.Join(values, ",") + "]")
	}
	return json.RawMessage("{" + strings.Join(members, ",") + "}")
}

// givenParams are the params of the first example of a method that has some.
func givenParams(m *openrpc.Method) []openrpc.Example {
	for _, pairing := range m.Examples {
		if len(pairing.Params) > 0 {
			return pairing.Params
		}
	}
	return nil
}

// shellWord quotes a word for a shell, where that is needed.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-=:/.,@%+", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
