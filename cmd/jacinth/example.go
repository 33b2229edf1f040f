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
	byPosition := m.ParamStructure == openrpc.ByPosition
	if byPosition && wholeParams(m) == nil && len(m.Params) > 0 {
		words = append(words, "--pos", "--")
	}
	types := &arguments.Types{Document: document, Method: m}
	example := exampleOf(m)
	for i, param := range m.Params {
		value := example(i)
		if value == nil && param.Required {
			value = types.Sample(param.Schema)
		}
		if value == nil {
			continue
		}
		word := types.Word(param.Schema, value)
		if byPosition {
			word = strings.TrimPrefix(word, "=")
		} else {
			word = param.Name + word
		}
		words = append(words, word)
	}
	if whole := wholeParams(m); whole != nil {
		words = append(words, string(types.Sample(whole)))
	}
	for i := range words {
		words[i] = shellWord(words[i])
	}
	return strings.Join(words, " ")
}

// exampleOf returns what the first example of a method that has params gives for the param in the place i.
func exampleOf(m *openrpc.Method) func(i int) json.RawMessage {
	at := slices.IndexFunc(m.Examples, func(e openrpc.ExamplePairing) bool { return len(e.Params) > 0 })
	if at < 0 {
		return func(int) json.RawMessage { return nil }
	}
	given := m.Examples[at].Params
	return func(i int) json.RawMessage {
		if i >= len(given) {
			return nil
		}
		return given[i].Value
	}
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
