package jacinth_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// quotedFigures are what the README says of speed, each with where docs/performance.md has its number: the heading of
// the table, the row and the column.
var quotedFigures = []struct{ sentence, table, row, column string }{
	{
		"**Little overhead**: a small call costs the server %s times what a bare net/http handler costs, with all limits and a log line.",
		"### Server alone: sum", "jacinth", "to the floor, by CPU",
	},
	{
		"**Cheap batches**: 100 calls in one request cost the server %s times what a handler costs that answers with fixed bytes.",
		"### Server alone: batch", "jacinth", "to the floor, by CPU",
	},
	{
		"**Shared requests**: with 256 callers, a coalesced call costs client and server together %s times one of grpc-go.",
		"### Client and server, a process each: sum, 256 at a time", "jacinth, coalesced", "to grpc-go, by CPU",
	},
}

var figuresInReadme = regexp.MustCompile(`(?s)(<!-- figures of docs/performance\.md -->\n).*?(\n\n)`)

// TestReadme_quotesFiguresAsTheyWereMeasured keeps the README and docs/performance.md together.
func TestReadme_quotesFiguresAsTheyWereMeasured(t *testing.T) {
	measured, err := os.ReadFile("docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, figure := range quotedFigures {
		value := cell(string(measured), figure.table, figure.row, figure.column)
		if value == "" {
			t.Fatalf("docs/performance.md has no column %q in the row %q under %q", figure.column, figure.row, figure.table)
		}
		lines = append(lines, "- "+fmt.Sprintf(figure.sentence, value))
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !figuresInReadme.Match(readme) {
		t.Fatal("README.md has no place for the figures")
	}
	want := figuresInReadme.ReplaceAll(readme, []byte("${1}"+strings.Join(lines, "\n")+"${2}"))
	if *updateReadme {
		if err := os.WriteFile("README.md", want, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(readme, want) {
		t.Errorf("README.md does not quote what docs/performance.md has, which is\n%s\n"+
			"go test -run TestReadme -update-readme . rewrites it", strings.Join(lines, "\n"))
	}
}

// cell returns the number in a cell of a table in Markdown, or nothing.
func cell(text, heading, row, column string) string {
	_, text, _ = strings.Cut(text, heading)
	at := -1
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			break
		}
		cells := strings.Split(line, "|")
		for i := range cells {
			cells[i] = strings.Trim(cells[i], " *\n")
			if cells[i] == column {
				at = i
			}
		}
		if at > 0 && len(cells) > at && cells[1] == row {
			return cells[at]
		}
	}
	return ""
}
