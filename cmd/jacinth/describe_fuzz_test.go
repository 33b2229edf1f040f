package main

import (
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/arguments"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/remote"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// FuzzDescribe explains services that say anything of themselves. A terminal must have nothing to obey in it, and the
// words of the call to try must be read as that call.
func FuzzDescribe(f *testing.F) {
	for _, name := range []string{"shop", "hostile"} {
		document, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(document))
	}
	f.Fuzz(func(t *testing.T, text string) {
		document, err := openrpc.Parse([]byte(text))
		if err != nil {
			return
		}
		_ = document.Resolve()
		i := &inventory{
			service: &remote.Service{URL: "http://127.0.0.1:8000/api"},
			known:   &remote.Description{Document: document, Typed: true},
		}
		var out strings.Builder
		screen := terminal.NewScreen(&out)
		if err := i.print(screen); err != nil {
			t.Fatal(err)
		}
		if err := i.describeAll(screen); err != nil {
			t.Fatal(err)
		}
		obeyed := func(r rune) bool {
			return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
		}
		if at := strings.IndexFunc(out.String(), obeyed); at >= 0 {
			t.Errorf("%q is in\n%q", out.String()[at:at+1], &out)
		}
		for at := range document.Methods {
			checkExample(t, document, &document.Methods[at])
		}
	})
}

// checkExample wants the words of an example to be params by the rules of the command line.
func checkExample(t *testing.T, document *openrpc.Document, m *openrpc.Method) {
	t.Helper()
	types := &arguments.Types{Document: document, Method: m}
	flags, words := exampleParams(m, types)
	parsed, err := arguments.Parse(words, len(flags) > 0, strings.NewReader(""))
	if err != nil {
		t.Fatalf("the example of %q is %q: %v", m.Name, words, err)
	}
	if _, err := parsed.Params(types); err != nil {
		t.Errorf("the example of %q is %q: %v", m.Name, words, err)
	}
}
