package jacinth

import (
	"context"
	"strings"
	"testing"
)

func TestHint_callsAsTheFirstExampleDoes(t *testing.T) {
	type question struct {
		Text string `json:"text" pattern:"[?]$"`
		Max  int    `json:"max" min:"5"`
	}
	answer := func(context.Context, question) (string, error) { return "", nil }
	plain := New(Config{Name: "oracle"})
	Public(plain, "ask", answer)
	shown := New(Config{Name: "oracle"})
	Public(shown, "ask", answer, Example(question{Text: "who's there?", Max: 7}, "me"), Example(Positional{"x?", 5}, ""))
	for _, test := range []struct {
		service *Service
		want    string
	}{
		{plain, `-d '{"jsonrpc":"2.0","id":1,"method":"ask"}'`}, // no text comes to mind that has a question mark
		{shown, `-d '{"jsonrpc":"2.0","id":1,"method":"ask","params":{"text":"who'\''s there?","max":7}}'`},
	} {
		if got := test.service.hint("http://localhost/api"); !strings.Contains(got, test.want) {
			t.Errorf("the hint is\n%s, want %s in it", got, test.want)
		}
	}
}
