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

func read(t *testing.T, name string) []byte {
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
