package terminal_test

import (
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
)

func TestTable_alignsLettersOfAllWidths(t *testing.T) {
	var out strings.Builder
	table := terminal.Table{Heading: []string{"NAME", "X"}, Rows: [][]string{{"Ada", "1"}, {"世界", "2"}, {"e\u0301te\u0301", "3"}}}
	if err := terminal.NewScreen(&out).Table(table); err != nil {
		t.Fatal(err)
	}
	if want := "NAME  X\nAda   1\n世界  2\ne\u0301te\u0301   3\n"; out.String() != want {
		t.Errorf("Table wrote\n%swant\n%s", &out, want)
	}
}

func TestShort_cutsByColumns(t *testing.T) {
	for _, test := range []struct {
		text string
		most int
		want string
	}{
		{"short", 5, "short"},
		{"longer", 5, "long…"},
		{"世界地図", 8, "世界地図"},
		{"世界地図", 7, "世界地…"},
		{"世界地図", 6, "世界…"},
		{"a bcd", 3, "a…"},
	} {
		if got := terminal.Short(test.text, test.most); got != test.want {
			t.Errorf("Short(%q, %d) = %q, want %q", test.text, test.most, got, test.want)
		}
	}
}

func TestClean_showsWhatATerminalObeys(t *testing.T) {
	for text, want := range map[string]string{
		"plain ünïcode 世界\n\t": "plain ünïcode 世界\n\t",
		"\x1b[31m":             `\u001b[31m`,
		"a\rb\x00\x7f":         `a\u000db\u0000\u007f`,
		"\u009b2J\u0085":       `\u009b2J\u0085`,
		"\u202eabc\u2066":      `\u202eabc\u2066`,
		"\xff\xfe":             `\xff\xfe`,
		"\xef a":               `\xef a`,
		"\ufffd":               "\ufffd",
	} {
		if got := terminal.Clean(text); got != want {
			t.Errorf("Clean(%q) = %q, want %q", text, got, want)
		}
	}
}
