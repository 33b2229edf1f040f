package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/arguments"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// exampleCall is a command line that calls the method: as its first example does, or with made-up values for the params
// that must be there.
func exampleCall(url string, document *openrpc.Document, m *openrpc.Method) string {
	words := []string{"jacinth", "call", url, m.Name}
	types := &arguments.Types{Document: document, Method: m}
	if whole := wholeParams(m); whole != nil {
		words = append(words, string(exampleWhole(m, types)))
	} else {
		words = append(words, exampleWords(m, types)...)
	}
	for i := range words {
		words[i] = shellWord(words[i])
	}
	return strings.Join(words, " ")
}

// exampleWords are the params of an example, each a word.
func exampleWords(m *openrpc.Method, types *arguments.Types) []string {
	var words []string
	byPosition := m.ParamStructure == openrpc.ByPosition
	if byPosition && len(m.Params) > 0 {
		words = append(words, "--pos", "--")
	}
	given := exampleOf(m)
	for i, param := range m.Params {
		value, ok := given(i)
		if !ok && param.Required {
			value, ok = types.Sample(param.Schema), true
		}
		switch word := types.Word(param.Schema, value); {
		case !ok:
		case byPosition:
			words = append(words, strings.TrimPrefix(word, "="))
		default:
			words = append(words, param.Name+word)
		}
	}
	return words
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
	var values, members []string
	for _, e := range given {
		values = append(values, string(e.Value))
		name, _ := json.Marshal(e.Name) // a string can always be encoded
		members = append(members, string(name)+":"+string(e.Value))
	}
	if m.ParamStructure == openrpc.ByPosition {
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
