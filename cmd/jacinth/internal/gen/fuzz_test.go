package gen_test

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/gen"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// FuzzClient writes clients of documents of any kind. What is written in Go must be Go; what is not written must have a
// reason that is not a mistake of the generator.
func FuzzClient(f *testing.F) {
	for _, name := range []string{"shop", "odd"} {
		f.Add(string(read(f, name)))
	}
	f.Add(`{"openrpc":"1.4.0","info":{"title":"","version":""},"methods":[{"name":"a","params":[{"name":"b","schema":{"enum":["",1]}}],"result":{"name":"r","schema":{"anyOf":[{"$ref":"#/components/schemas/A"}]}}}],"components":{"schemas":{"A":{"oneOf":[{"$ref":"#/components/schemas/A"},{"type":"null"}]}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, language := range gen.Languages() {
			document, err := openrpc.Parse([]byte(text))
			if err != nil {
				return
			}
			written, err := gen.Client(language, document, gen.Options{Package: "client"})
			if err != nil {
				if strings.Contains(err.Error(), "mistake") {
					t.Fatal(err)
				}
				continue
			}
			if language != "go" {
				continue
			}
			if _, err := parser.ParseFile(token.NewFileSet(), "client.go", written, parser.ParseComments); err != nil {
				t.Fatalf("%v in\n%s", err, written)
			}
		}
	})
}
