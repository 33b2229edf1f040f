package wire_test

import (
	"bytes"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/wire"
)

func TestUnquote(t *testing.T) {
	for _, test := range []struct{ raw, want string }{
		{`""`, ""},
		{`"plain"`, "plain"},
		{`"é😀"`, "é😀"},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t"},
		{`"\\u0041"`, `\u0041`},
		{`"a\u0041b\u00e9c\u00E9\u20ac"`, "aAbécé€"},
		{`"\u0000"`, "\x00"},
		{`"\uffff\ufffd\ufeff"`, "\uffff\ufffd\ufeff"},
		{`"\ud83d\ude00"`, "😀"},
		{`"\uD800\uDC00\uDBFF\uDFFF"`, "\U00010000\U0010ffff"},
		{`"x\ud83d\ude00\u0041"`, "x😀A"},
	} {
		if got := wire.Unquote([]byte(">"), []byte(test.raw)); string(got) != ">"+test.want {
			t.Errorf("Unquote(%s) = %q, want %q", test.raw, got, ">"+test.want)
		}
	}
}

func TestAppendString(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", `""`},
		{"plain", `"plain"`},
		{`say "no" \ /`, `"say \"no\" \\ /"`},
		{"\b\f\n\r\t", `"\b\f\n\r\t"`},
		{"\x00\x01\x0b\x1f", `"\u0000\u0001\u000b\u001f"`},
		{"\x7f", "\"\x7f\""},
		{"<a href='x'>&</a>", `"<a href='x'>&</a>"`},
		{"é€😀", `"é€😀"`},
		{"a\u2028b\u2029c", `"a\u2028b\u2029c"`},
		{"\u2027\u202a", "\"\u2027\u202a\""},
		{"\ufffd", "\"\ufffd\""},
		{"a\xffb", "\"a\ufffdb\""},
		{"\xff\xfe", "\"\ufffd\ufffd\""},
		{"\xe2\x82", "\"\ufffd\ufffd\""},
		{"\xed\xa0\x80", "\"\ufffd\ufffd\ufffd\""},
		{"\xff\ufffd\n", "\"\ufffd\ufffd\\n\""},
		{"\xe2\x80\xa8\xe2\x80", "\"\\u2028\ufffd\ufffd\""},
	} {
		if got := wire.AppendString([]byte(">"), test.text); string(got) != ">"+test.want {
			t.Errorf("AppendString(%q) = %s, want %s", test.text, got, ">"+test.want)
		}
	}
}

// TestPlainEnd puts every byte into every place of a text, and pairs of bytes beside each other, since it looks at eight
// of them at a time.
func TestPlainEnd(t *testing.T) {
	isPlain := func(c byte) bool { return ' ' <= c && c <= 0x7f && c != '"' && c != '\\' }
	check := func(text []byte, at int) {
		want := at
		for want < len(text) && isPlain(text[want]) {
			want++
		}
		if got := wire.PlainEnd(text, at); got != want {
			t.Errorf("PlainEnd(%q, %d) = %d, want %d", text, at, got, want)
		}
		if got := wire.PlainEnd(string(text), at); got != want {
			t.Errorf("PlainEnd of the string %q, %d = %d, want %d", text, at, got, want)
		}
	}
	for length := range 20 {
		text := bytes.Repeat([]byte("a"), length)
		for at := range length + 1 {
			check(text, at)
		}
		for place := range length {
			for c := range 256 {
				text[place] = byte(c)
				check(text, 0)
				check(text, place)
			}
			text[place] = 'a'
		}
	}
	text := []byte("abcdefghijkl")
	for first := range 256 {
		for second := range 256 {
			text[3], text[4] = byte(first), byte(second)
			check(text, 0)
		}
	}
}
