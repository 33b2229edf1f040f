package jacinth_test

import (
	"bytes"
	"flag"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

var updateReadme = flag.Bool("update-readme", false, "rewrite the snippets of README.md from the code they show")

// A snippet of the README stands below a comment that says which file, or which function of a file, it shows.
var snippet = regexp.MustCompile("(?s)(<!-- ([\\w./]+\\.go)(?: (\\w+))? -->\n```go\n)(.*?)(```\n)")

// TestReadme_showsCodeThatRuns keeps the README, and pages of the guide, from saying what is not so: every snippet is a
// program that is built, or an example that is run.
func TestReadme_showsCodeThatRuns(t *testing.T) {
	showsCodeThatRuns(t, "README.md", 150)
	showsCodeThatRuns(t, "docs/guide/tokens.md", 250)
}

func showsCodeThatRuns(t *testing.T, page string, most int) {
	t.Helper()
	readme, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(snippet.FindAll(readme, -1)); n < 4 || n != bytes.Count(readme, []byte("```go\n")) {
		t.Errorf("%s: %d snippets say where they come from, of %d", page, n, bytes.Count(readme, []byte("```go\n")))
	}
	want := snippet.ReplaceAllFunc(readme, func(found []byte) []byte {
		parts := snippet.FindSubmatch(found)
		return bytes.Join([][]byte{parts[1], codeOf(t, string(parts[2]), string(parts[3])), parts[5]}, nil)
	})
	if *updateReadme {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(readme, want) {
		t.Errorf("%s does not show the code as it is: go test -run TestReadme -update-readme . rewrites it", page)
	}
	if lines := bytes.Count(want, []byte("\n")); lines > most {
		t.Errorf("%s has %d lines, want at most %d: the rest belongs into doc.go", page, lines, most)
	}
}

// codeOf returns a file, or the body of one of its functions without the indentation.
func codeOf(t *testing.T, file, function string) []byte {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if function == "" {
		return source
	}
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, declaration := range parsed.Decls {
		if f, ok := declaration.(*ast.FuncDecl); ok && f.Name.Name == function {
			body := source[files.Position(f.Body.Lbrace).Offset+1 : files.Position(f.Body.Rbrace).Offset]
			// What follows "Output:" is for the test; the page has room for the code.
			body, _, _ = bytes.Cut(body, []byte("\t// Output:"))
			formatted, err := format.Source(bytes.TrimSpace(body))
			if err != nil {
				t.Fatal(err)
			}
			return append(bytes.TrimSpace(formatted), '\n')
		}
	}
	t.Fatalf("%s has no function %s, which a page wants to show", file, function)
	return nil
}

var shownCall = regexp.MustCompile("(?s)<!-- call of (\\S+) -->\n```sh\ncurl http://127.0.0.1:8000/api .*?-d '(.*?)'\n```\n\n```json\n(.*?)\n?```\n")

// TestReadme_showsTheRealAnswer runs the program that the README shows and makes the call that it shows.
func TestReadme_showsTheRealAnswer(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := shownCall.FindSubmatchIndex(readme)
	if shown == nil {
		t.Fatal("README.md shows no call and its answer")
	}
	text := func(group int) string { return string(readme[shown[2*group]:shown[2*group+1]]) }
	binary := filepath.Join(t.TempDir(), "program")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./"+text(1)).CombinedOutput(); err != nil {
		t.Fatalf("go build ./%s: %v\n%s", text(1), err, output)
	}
	p, client := start(t, exec.CommandContext(t.Context(), binary, "-addr", "127.0.0.1:0")), newClient(t)
	got := post(t, client, p.url, text(2)).body
	if *updateReadme {
		updated := strings.Join([]string{string(readme[:shown[6]]), got, "\n", strings.TrimPrefix(string(readme[shown[7]:]), "\n")}, "")
		if err := os.WriteFile("README.md", []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != text(3) {
		t.Errorf("the answer is %s, and README.md shows %s", got, text(3))
	}
	client.CloseIdleConnections()
	_ = p.Process.Signal(syscall.SIGTERM)
	if err := p.wait(); err != nil {
		t.Errorf("the program ended with %v:\n%s", err, p.output)
	}
}
