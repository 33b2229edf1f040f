// Package gen writes typed clients of a service out of its OpenRPC document: in Go for package jacinth, in TypeScript
// for whatever has fetch, and in Python for its standard library.
//
// The same document always gives the same bytes. Names are made of the names in the document by rules that do not look
// at its order more than they must: what would be taken twice, or means something to the language, gets a suffix. What
// the document says is data: none of it can end a comment or a string and become code.
package gen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

// Options are what the document does not say.
type Options struct {
	// Package is the name of a Go package. Empty is one made of the title of the document.
	Package string
}

// Languages are what [Client] can write.
func Languages() []string { return []string{"go", "ts", "python"} }

// Client writes a client in one of the languages. It fails if the document is one that no client can be made of. The
// document stays as it is, but for its references to components, which are resolved.
func Client(language string, document *openrpc.Document, options Options) ([]byte, error) {
	if err := document.Resolve(); err != nil {
		return nil, fmt.Errorf("a client needs a whole document: %w", err)
	}
	m, err := build(document)
	if err != nil {
		return nil, err
	}
	switch language {
	case "go":
		return m.goClient(options)
	case "ts":
		return m.typeScriptClient()
	case "python":
		return m.pythonClient()
	}
	return nil, fmt.Errorf("there is no generator for %q; those there are: %s", language, strings.Join(Languages(), ", "))
}

// codeNames names the declared errors after their messages, those that are alike with their numbers.
func (m *model) codeNames(prefix string, write func(words []string) string) []string {
	taken := newNames()
	list := make([]string, len(m.codes))
	for i, declared := range m.codes {
		words := split(declared.message)
		words = words[:min(len(words), maxCodeWords)]
		number := strings.ReplaceAll(fmt.Sprint(declared.code), "-", "minus ")
		if len(words) == 0 {
			words = split(number)
		}
		list[i] = taken.take(write(slices.Concat([]string{prefix}, words)), "")
	}
	return list
}

// maxCodeWords is how many words of a message become the name of its code.
const maxCodeWords = 5
