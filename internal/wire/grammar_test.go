package wire_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// accepted are JSON values, with what is JSON by the letter of RFC 8259 but often got wrong.
var accepted = []struct {
	text string
	kind wire.Kind
}{
	// Literals and white space.
	{`null`, wire.Null},
	{`true`, wire.Bool},
	{`false`, wire.Bool},
	{" \t\r\n null \t\r\n ", wire.Null},
	{"\n\n\n[\n1\n]\n", wire.Array},
	{"[true,\tfalse ,\rnull\n]", wire.Array},

	// Numbers.
	{`0`, wire.Number},
	{`-0`, wire.Number},
	{`7`, wire.Number},
	{`-7`, wire.Number},
	{`10`, wire.Number},
	{`1234567890`, wire.Number},
	{`0.0`, wire.Number},
	{`-0.0`, wire.Number},
	{`0.1`, wire.Number},
	{`123.456`, wire.Number},
	{`-0.000000000000000000000000000000000000000000000000000000000000000000000000000001`, wire.Number},
	{`0e0`, wire.Number},
	{`0e1`, wire.Number},
	{`0e+1`, wire.Number},
	{`0E-1`, wire.Number},
	{`1e2`, wire.Number},
	{`1E2`, wire.Number},
	{`1e+2`, wire.Number},
	{`1E-2`, wire.Number},
	{`1e007`, wire.Number},
	{`123.456e78`, wire.Number},
	{`123.456E-78`, wire.Number},
	{`-1.5e+3`, wire.Number},
	{`1e400`, wire.Number}, // beyond a float64, but not beyond JSON
	{`-1e-400`, wire.Number},
	{`9007199254740993`, wire.Number},
	{`18446744073709551616`, wire.Number},
	{strings.Repeat("9", 1000), wire.Number},

	// Strings.
	{`""`, wire.String},
	{`" "`, wire.String},
	{`"a"`, wire.String},
	{`"plain text, with , : { } [ ] in it"`, wire.String},
	{`"\"\\\/\b\f\n\r\t"`, wire.String},
	{`"\\"`, wire.String},
	{`"\\\""`, wire.String},
	{`"\\u0041"`, wire.String},
	{`"\u0041"`, wire.String},
	{`"\u0000"`, wire.String},
	{`"\u001f"`, wire.String},
	{`"\u002c"`, wire.String},
	{`"\uabcd"`, wire.String},
	{`"\uABCD"`, wire.String},
	{`"\uAbCd"`, wire.String},
	{`"\ud7ff"`, wire.String},
	{`"\ue000"`, wire.String},
	{`"\uffff"`, wire.String},
	{`"\ufdd0"`, wire.String},
	{`"\ufeff"`, wire.String},
	{`"\ud800\udc00"`, wire.String},
	{`"\uD83D\uDE00"`, wire.String},
	{`"\uDbFf\udFFF"`, wire.String},
	{`"\ud83d\ude00\ud83d\ude00"`, wire.String},
	{`"/"`, wire.String},
	{`"'"`, wire.String},
	{`"<>&"`, wire.String},
	{"\"\x7f\"", wire.String},
	{"\"\u0080\"", wire.String},
	{"\"\u00a0\"", wire.String},
	{`"é"`, wire.String},
	{"\"\u07ff\u0800\"", wire.String},
	{"\"\ud7ff\ue000\"", wire.String},
	{"\"\u2028\u2029\"", wire.String},
	{"\"\ufffd\ufffe\uffff\"", wire.String},
	{"\"\U00010000\"", wire.String},
	{"\"\U0010ffff\"", wire.String},
	{"\"\ufeff\"", wire.String},
	{`"😀"`, wire.String},
	{`"` + strings.Repeat("long ", 1000) + `"`, wire.String},

	// Arrays.
	{`[]`, wire.Array},
	{`[ ]`, wire.Array},
	{"[\n]", wire.Array},
	{`[1]`, wire.Array},
	{`[ 1 , 2 ]`, wire.Array},
	{`[[]]`, wire.Array},
	{`[[],[]]`, wire.Array},
	{`[[[],[[]]],[]]`, wire.Array},
	{`[{}]`, wire.Array},
	{`[""]`, wire.Array},
	{`[null,true,1,"",[],{}]`, wire.Array},
	{`[-0]`, wire.Array},
	{`[1e1]`, wire.Array},

	// Objects.
	{`{}`, wire.Object},
	{`{ }`, wire.Object},
	{"{\t}", wire.Object},
	{`{"":0}`, wire.Object},
	{`{"a":1}`, wire.Object},
	{` { "a" : 1 , "b" : 2 } `, wire.Object},
	{`{"a":1,"a":1}`, wire.Object},
	{`{"a":1,"\u0061":2}`, wire.Object},
	{`{"a":{"a":{"a":{}}}}`, wire.Object},
	{`{"a":[],"b":{},"c":null,"d":true,"e":1e5,"f":"g"}`, wire.Object},
	{`{"\"":"\""}`, wire.Object},
	{`{"\ud83d\ude00":"😀"}`, wire.Object},
	{"{\"a\u2028b\":\"\"}", wire.Object},
	{"{\"\x7f\":\"\"}", wire.Object},
}

func TestScan_acceptsJSON(t *testing.T) {
	for _, test := range accepted {
		_, _, err := wire.Scan([]byte(test.text), limits, nil)
		if errors.Is(outcome(err), errSyntax) {
			t.Errorf("Scan(%q) = %v, want no syntax error", test.text, err)
		}

		body := []byte(`{"jsonrpc":"2.0","id":1,"result":` + test.text + `}`)
		replies, _, err := wire.ScanReplies(body, limits, nil)
		if err != nil || replies[0].Fault != wire.NoFault {
			t.Errorf("ScanReplies(%q) = %v, %v, want a reply", body, replies, err)
			continue
		}
		result := replies[0].Result
		if want := strings.Trim(test.text, " \t\r\n"); string(result.In(body)) != want || result.Kind != test.kind {
			t.Errorf("ScanReplies(%q) finds the %v %q, want the %v %q", body, result.Kind, result.In(body), test.kind, want)
		}
	}
}

// What syntax errors say.
const (
	empty     = "the body is empty"
	end       = "the body ends before the JSON value does"
	mark      = "a byte order mark is not allowed"
	trailing  = "only white space may follow the JSON value"
	tooDeep   = "arrays and objects are nested too deeply"
	value     = "a JSON value is expected"
	name      = "a member name in double quotes is expected"
	colon     = "a colon is expected behind the member name"
	element   = "a comma or the end of the array is expected"
	member    = "a comma or the end of the object is expected"
	literal   = "a literal is one of true, false and null"
	digit     = "a digit is expected"
	zero      = "a number has no leading zeros"
	control   = "control characters in strings must be escaped"
	encoding  = "the body is not valid UTF-8"
	escape    = "a backslash must begin one of the escapes of JSON"
	hex       = "four hexadecimal digits are expected"
	surrogate = "an escape of one half of a surrogate pair stands alone"
)

// refused are bodies that are not JSON. In each, an @ stands before the first byte that cannot stand there.
var refused = []struct{ text, reason string }{
	// Nothing, and what only looks like nothing.
	{`@`, empty},
	{" \t\r\n@", empty},
	{"@\x00", value},
	{"@\v", value},
	{"@\f1", value},
	{"@\u00a01", value},
	{"@\u20281", value},
	{"@\ufeff", mark},
	{"@\ufeff{}", mark},
	{" @\ufeff{}", value},
	{"@\xfe\xff\x00{", value},
	{"{@\x00}\x00", name},
	{`@# comment`, value},
	{`@// comment`, value},
	{`@/**/1`, value},
	{`1@/**/`, trailing},
	{`[1@/**/]`, element},

	// Something behind the value.
	{`1 @2`, trailing},
	{`{}@{}`, trailing},
	{`{}@}`, trailing},
	{`[1]@]`, trailing},
	{`[]@,`, trailing},
	{`{}@,{}`, trailing},
	{`"a"@"b"`, trailing},
	{`"a"@x`, trailing},
	{"{}@\x00", trailing},
	{"{} \n@\u00a0", trailing},
	{`1@]`, trailing},
	{`0@x10`, trailing},
	{`1@_000`, trailing},
	{`1@,5`, trailing},
	{`true@true`, trailing},

	// Literals.
	{`n@`, end},
	{`nul@`, end},
	{`tru@`, end},
	{`fals@`, end},
	{`nul@x`, literal},
	{`n@ULL`, literal},
	{`tr@ru`, literal},
	{`tr@ax`, literal},
	{`fa@ke`, literal},
	{`@True`, value},
	{`@NULL`, value},
	{`@undefined`, value},
	{`@NaN`, value},
	{`n@an`, literal},
	{`@Infinity`, value},
	{`@inf`, value},
	{`[nul@]`, literal},
	{`{"a":tru@}`, literal},
	{`null@null`, trailing},

	// Numbers.
	{`-@`, end},
	{`@+1`, value},
	{`@.5`, value},
	{`-@.5`, digit},
	{`-@-1`, digit},
	{`-@a`, digit},
	{`-@Infinity`, digit},
	{`-@ 1`, digit},
	{`0@1`, zero},
	{`-0@1`, zero},
	{`0@0`, zero},
	{`-0@0.5`, zero},
	{`0@12e3`, zero},
	{`1.@`, end},
	{`[1.@]`, digit},
	{`1.@e5`, digit},
	{`1.@.5`, digit},
	{`1.5@.5`, trailing},
	{`1.@-5`, digit},
	{`0.@`, end},
	{`1e@`, end},
	{`1E@`, end},
	{`1e+@`, end},
	{`1e-@`, end},
	{`[1e@]`, digit},
	{`[1e+@]`, digit},
	{`1e@e1`, digit},
	{`1e@.5`, digit},
	{`1e5@.5`, trailing},
	{`1e+@-5`, digit},
	{`0e@`, end},
	{`0e+@`, end},
	{`1@a`, trailing},
	{`1@f`, trailing},
	{`[1@a]`, element},
	{`[1@+2]`, element},
	{`@１`, value},
	{`-@１`, digit},

	// Strings.
	{`"@`, end},
	{`"a@`, end},
	{`["a@`, end},
	{`"a @`, end},
	{`@'a'`, value},
	{`@a`, value},
	{`@“a”`, value},
	{`@\u0022a\u0022`, value},
	{"\"@\x00\"", control},
	{"\"@\n\"", control},
	{"\"@\r\"", control},
	{"\"@\t\"", control},
	{"\"a@\x1fb\"", control},
	{`"\@`, end},
	{`"\@ "`, escape},
	{`"\@a"`, escape},
	{`"\@q"`, escape},
	{`"\@v"`, escape},
	{`"\@0"`, escape},
	{`"\@x41"`, escape},
	{`"\@'"`, escape},
	{`"\@U0041"`, escape},
	{"\"\\@\n\"", escape},
	{"\"\\@\x00\"", escape},
	{"\"\\@é\"", escape},
	{"\"\\@\xff\"", escape},
	{`"\\\@`, end},
	{`"\u@`, end},
	{`"\u0@`, end},
	{`"\u004@`, end},
	{`"\u0041@`, end},
	{`"\u@"`, hex},
	{`"\u0@"`, hex},
	{`"\u004@"`, hex},
	{`"\u@{41}"`, hex},
	{`"\u@+041"`, hex},
	{`"\u@-041"`, hex},
	{`"\u0@x41"`, hex},
	{`"\u004@g"`, hex},
	{`"\u004@G"`, hex},
	{`"\u@ 041"`, hex},
	{`"\u00@é1"`, hex},
	{`"\u@::::"`, hex},

	// Surrogates.
	{`"@\ud800"`, surrogate},
	{`"@\uD800"`, surrogate},
	{`"@\udbff"`, surrogate},
	{`"@\udc00"`, surrogate},
	{`"@\udfff"`, surrogate},
	{`"a@\udc00b"`, surrogate},
	{`"@\ud800a"`, surrogate},
	{`"@\ud800\n"`, surrogate},
	{`"@\ud800\\udc00"`, surrogate},
	{`"@\ud800\u0041"`, surrogate},
	{`"@\ud800\ud800"`, surrogate},
	{`"@\ud800\ud800\udc00"`, surrogate},
	{`"@\udc00\ud800"`, surrogate},
	{`"\ud800\udc00@\udc00"`, surrogate},
	{`"@\ud800`, surrogate},
	{`"@\ud800\u`, surrogate},
	{`"@\ud800\udc0`, surrogate},
	{`"@\ud800\u"`, surrogate},
	{`"@\ud800\udc0x"`, surrogate},
	{`{"@\ud800":1}`, surrogate},

	// Bytes that are not UTF-8.
	{"@\xff", value},
	{"\"@\xff\"", encoding},
	{"\"@\xfe\"", encoding},
	{"\"@\x80\"", encoding},
	{"\"@\xbf\"", encoding},
	{"\"@\xc0\x80\"", encoding},     // NUL in two bytes
	{"\"@\xc1\xbf\"", encoding},     // DEL in two bytes
	{"\"@\xe0\x80\xaf\"", encoding}, // a slash in three bytes
	{"\"@\xe0\x9f\xbf\"", encoding},
	{"\"@\xf0\x80\x80\xaf\"", encoding},
	{"\"@\xf0\x8f\xbf\xbf\"", encoding},
	{"\"@\xed\xa0\x80\"", encoding}, // U+D800
	{"\"@\xed\xbf\xbf\"", encoding}, // U+DFFF
	{"\"@\xed\xa0\x81\xed\xb0\x80\"", encoding},
	{"\"@\xf4\x90\x80\x80\"", encoding}, // U+110000
	{"\"@\xf5\x80\x80\x80\"", encoding},
	{"\"@\xf8\x88\x80\x80\x80\"", encoding},
	{"\"@\xc3\"", encoding},
	{"\"@\xe2\x82\"", encoding},
	{"\"@\xf0\x9f\x98\"", encoding},
	{"\"@\xc3", encoding},
	{"\"é@\x80\"", encoding},
	{"\"@\xe9\"", encoding}, // é in Latin-1
	{"{\"@\xff\":1}", encoding},

	// Arrays.
	{`[@`, end},
	{`@]`, value},
	{`[@,]`, value},
	{`[@,1]`, value},
	{`[1,@]`, value},
	{`[1,@,2]`, value},
	{`[1,@`, end},
	{`[1@`, end},
	{`[1 @2]`, element},
	{`["a"@"b"]`, element},
	{`["a"@:1]`, element},
	{`[1@;2]`, element},
	{`[1@}`, element},
	{`[@}`, value},
	{`[[]@`, end},
	{`[@)`, value},
	{`[@*]`, value},
	{`[{}@`, end},
	{`[1,"a@`, end},

	// Objects.
	{`{@`, end},
	{`@}`, value},
	{`{@]`, name},
	{`{@,}`, name},
	{`{@a:1}`, name},
	{`{@'a':1}`, name},
	{`{@1:1}`, name},
	{`{@null:1}`, name},
	{`{@[]:1}`, name},
	{`{"a@`, end},
	{`{"a"@`, end},
	{`{"a"@}`, colon},
	{`{"a"@,`, colon},
	{`{"a" @1}`, colon},
	{`{"a"@=1}`, colon},
	{`{"a":@`, end},
	{`{"a":@}`, value},
	{`{"a":@,"b":1}`, value},
	{`{"a":@:1}`, value},
	{`{"a":1@`, end},
	{`{"a":1@]`, member},
	{`{"a":1@:2}`, member},
	{`{"a":1 @"b":2}`, member},
	{`{"a":1@;"b":2}`, member},
	{`{"a":1.@b}`, digit},
	{`{"a":1,@`, end},
	{`{"a":1,@}`, name},
	{`{"a":1,@,"b":2}`, name},
	{`{"a":1,@b:2}`, name},
	{`{"a":[1@}`, element},
	{`{"a":{@]}`, name},
	{`{"a":"b" @/**/}`, member},
}

func TestScan_refusesWhatIsNotJSON(t *testing.T) {
	for _, test := range refused {
		before, behind, marked := strings.Cut(test.text, "@")
		text := before + behind
		requests, _, err := wire.Scan([]byte(text), limits, nil)
		syntax, isSyntax := errors.AsType[*wire.SyntaxError](err)
		if !isSyntax || len(requests) > 0 {
			t.Errorf("Scan(%q) = %v, %v, want a syntax error", text, requests, err)
			continue
		}
		if !marked {
			t.Errorf("the case %q lacks its mark; the error is %v", test.text, err)
		}
		if syntax.Offset != len(before) || syntax.Reason != test.reason {
			t.Errorf("Scan(%q) = %v, want %q at offset %d", text, err, test.reason, len(before))
		}
	}
}
