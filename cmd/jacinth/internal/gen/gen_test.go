package gen_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/gen"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

var update = flag.Bool("update", false, "write the golden files anew")

// extensions are the ends of the names of golden files.
var extensions = map[string]string{"go": ".go.golden", "ts": ".ts.golden", "python": ".py.golden"}

func TestClient_isAsTheGoldenFiles(t *testing.T) {
	for _, name := range documents(t) {
		for _, language := range gen.Languages() {
			t.Run(name+"/"+language, func(t *testing.T) {
				got := client(t, language, read(t, name))
				golden := filepath.Join("testdata", "golden", name+extensions[language])
				if *update {
					if err := os.WriteFile(golden, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("the %s client of %s is not as %s has it; see the difference after: go test ./internal/gen -update",
						language, name, golden)
				}
				for range 3 {
					if again := client(t, language, read(t, name)); !bytes.Equal(again, got) {
						t.Fatalf("the %s client of %s is another one when it is written again", language, name)
					}
				}
			})
		}
	}
}

// TestClient_ends has schemas that hold themselves without a name for each time.
func TestClient_ends(t *testing.T) {
	document, err := openrpc.Parse([]byte(`{"openrpc":"1.4.0","info":{"title":"t","version":"1"},
		"methods":[{"name":"m","params":[],"result":{"name":"r","schema":{"$ref":"#/components/schemas/A"}}}],
		"components":{"schemas":{
			"A":{"allOf":[{"$ref":"#/components/schemas/B"},{"type":"object"}]},
			"B":{"properties":{
				"x":{"allOf":[{"$ref":"#/components/schemas/A"},{"type":"object"}]},
				"y":{"allOf":[{"$ref":"#/components/schemas/A"},{"type":"object"}]}
			}}
		}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if written, err := gen.Client("go", document, gen.Options{}); err == nil {
		t.Errorf("Client wrote %d bytes, want an error", len(written))
	}
}

// TestClient_namesItsPackage wants one that can be imported.
func TestClient_namesItsPackage(t *testing.T) {
	for title, want := range map[string]string{
		"Order service": "orderservice", "main": "mainclient", "func": "funcclient", "7": "client", "": "client",
	} {
		document := `{"openrpc":"1.4.0","info":{"title":"` + title + `","version":"1"},"methods":[{"name":"m","params":[]}]}`
		if written := client(t, "go", []byte(document)); !bytes.Contains(written, []byte("\npackage "+want+"\n")) {
			t.Errorf("the client of the service %q is not in the package %s:\n%s", title, want, written)
		}
	}
}

func TestClient_refusesWhatHasNoClient(t *testing.T) {
	for _, test := range []struct{ language, methods, goPackage string }{
		{"rust", `[{"name":"m","params":[]}]`, ""},
		{"go", `[]`, ""},
		{"go", `[{"name":"m","params":[]}]`, "func"},
		{"go", `[{"name":"m","params":[]}]`, "a/b"},
		{"ts", `[{"name":"","params":[]}]`, ""},
		{"python", `[{"name":"m","params":[]},{"name":"m","params":[]}]`, ""},
		{"ts", `[{"name":"m","params":[{"$ref":"#/components/contentDescriptors/none"}]}]`, ""},
	} {
		document, err := openrpc.Parse([]byte(`{"openrpc":"1.4.0","info":{"title":"t","version":"1"},"methods":` + test.methods + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if written, err := gen.Client(test.language, document, gen.Options{Package: test.goPackage}); err == nil {
			t.Errorf("Client(%q) of %s in the package %q wrote %d bytes, want an error", test.language, test.methods, test.goPackage, len(written))
		}
	}
}

// documents are the names of the documents that there are golden files of.
func documents(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/documents/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no documents to test with: %v", err)
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = strings.TrimSuffix(filepath.Base(file), ".json")
	}
	return names
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "documents", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func client(t *testing.T, language string, data []byte) []byte {
	t.Helper()
	document, err := openrpc.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	written, err := gen.Client(language, document, gen.Options{})
	if err != nil {
		t.Fatalf("Client(%q) fails: %v", language, err)
	}
	return written
}
