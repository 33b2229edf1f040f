package plan_test

import (
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/plan"
)

func TestDecode_boundsNumbers(t *testing.T) {
	type bounded struct {
		I *int8    `json:"i" min:"-5" max:"10"`
		U uint64   `json:"u,omitempty" min:"1" max:"18446744073709551614"`
		F float64  `json:"f,omitempty" min:"0.1" max:"1e3"`
		G *float32 `json:"g" max:"-0.5"`
		L int64    `json:"l,omitempty" min:"1e1"`
	}
	check(t, []decoded[bounded]{
		{raw: `{"i":-5,"u":1,"f":0.1,"g":-0.5,"l":10}`, want: bounded{new(int8(-5)), 1, 0.1, new(float32(-0.5)), 10}},
		{
			raw:  `{"i":10.0,"u":18446744073709551614,"f":1000,"g":-1e30,"l":9223372036854775807}`,
			want: bounded{new(int8(10)), 18446744073709551614, 1000, new(float32(-1e30)), 9223372036854775807},
		},
		{raw: `{"i":null,"g":null}`},
		{raw: `{"i":-6,"u":0,"f":0.09,"g":-0.4,"l":9}`, faults: []string{
			"/i | min | at least -5 | -6",
			"/u | min | at least 1 | 0", "/f | min | at least 0.1 | 0.09", "/g | max | at most -0.5 | -0.4",
			"/l | min | at least 1e1 | 9",
		}},
		{raw: `{"i":11,"u":18446744073709551615,"f":1001}`, faults: []string{
			"/i | max | at most 10 | 11",
			"/u | max | at most 18446744073709551614 | 18446744073709551615", "/f | max | at most 1e3 | 1001",
		}},
		// These are the bound as floats, and not the bound.
		{raw: `{"f":0.09999999999999999999999}`, faults: []string{"/f | min | at least 0.1 | 0.09999999999999999999999"}},
		{raw: `{"f":0.100000000000000000000001}`, want: bounded{F: 0.1}},
		{raw: `{"f":1000.0000000000000000000001}`, faults: []string{"/f | max | at most 1e3 | 1000.0000000000000000000001"}},
		{raw: `{"i":"x"}`, faults: []string{`/i | type | integer | "x"`}},
		{raw: `{"i":300}`, faults: []string{"/i | range | integer from -128 to 127 | 300"}},
	})
	check(t, []decoded[[]struct {
		A int `min:"1"`
	}]{{raw: `[{"A":1},{"A":0}]`, faults: []string{"/1/A | min | at least 1 | 0"}}})
}

func TestDecode_holdsFloatsToTheirGreatestValue(t *testing.T) {
	check(t, []decoded[[]float64]{
		{
			raw:  `[1.7976931348623157e308,-1.7976931348623157e+308]`,
			want: []float64{1.7976931348623157e308, -1.7976931348623157e308},
		},
		// It is as near to the greatest float as can be, and greater.
		{raw: `[1.797693134862315700000001e308]`, faults: []string{
			"/0 | range | number from -1.7976931348623157e+308 to 1.7976931348623157e+308 | 1.797693134862315700000001e308",
		}},
		{raw: `[-1.797693134862315700000001e308]`, faults: []string{
			"/0 | range | number from -1.7976931348623157e+308 to 1.7976931348623157e+308 | -1.797693134862315700000001e308",
		}},
	})
	check(t, []decoded[[]float32]{
		{raw: `[3.4028235e38]`, want: []float32{3.4028235e38}},
		{raw: `[3.40282350000001e38]`, faults: []string{
			"/0 | range | number from -3.4028235e+38 to 3.4028235e+38 | 3.40282350000001e38",
		}},
	})
}

func TestDecode_boundsLengthsInCharacters(t *testing.T) {
	type lengths struct {
		S string `json:"s" minLength:"2" maxLength:"3"`
		T string `json:"t,omitempty" minLength:"1" maxLength:"1"`
	}
	check(t, []decoded[lengths]{
		{raw: `{"s":"éé"}`, want: lengths{S: "éé"}},
		{raw: `{"s":"\ud83d\ude00\ud83d\ude00\ud83d\ude00"}`, want: lengths{S: "😀😀😀"}},
		{raw: `{"s":"\u0000\n"}`, want: lengths{S: "\x00\n"}},
		{raw: `{"s":"😀","t":""}`, faults: []string{
			`/s | minLength | at least 2 characters | "😀"`,
			`/t | minLength | at least 1 character | ""`,
		}},
		{raw: `{"s":"\u0061bcd","t":"e\u0301"}`, faults: []string{
			`/s | maxLength | at most 3 characters | "\u0061bcd"`,
			`/t | maxLength | at most 1 character | "e\u0301"`,
		}},
	})
	_, faults := decode[lengths](t, `{"s":"`+strings.Repeat("é", 100)+`"}`)
	if want := `/s | maxLength | at most 3 characters | "` + strings.Repeat("é", 31) + "…"; len(faults) != 1 || faults[0] != want {
		t.Errorf("the faults of a long string are %q, want %q", faults, want)
	}
}

func TestDecode_findsPatternsAnywhere(t *testing.T) {
	type patterns struct {
		Whole string     `json:"whole,omitempty" pattern:"^[a-z]+$"`
		Part  string     `json:"part,omitempty" pattern:"b[0-9]"`
		Addr  netip.Addr `json:"addr,omitzero" pattern:"^10[.]" maxLength:"8"`
	}
	check(t, []decoded[patterns]{
		{
			raw:  `{"whole":"abc","part":"ab12","addr":"10.0.0.1"}`,
			want: patterns{"abc", "ab12", netip.MustParseAddr("10.0.0.1")},
		},
		{raw: `{"whole":"\u0061","part":"b\u0031"}`, want: patterns{Whole: "a", Part: "b1"}},
		{raw: `{"whole":"abc\n","part":"b","addr":"192.168.0.1"}`, faults: []string{
			`/whole | pattern | text that matches ^[a-z]+$ | "abc\n"`, `/part | pattern | text that matches b[0-9] | "b"`,
			`/addr | maxLength | at most 8 characters | "192.168.0.1"`, // and whether it matches is not looked at
		}},
		{raw: `{"addr":"x"}`, faults: []string{`/addr | value | string | "x"`}},
		{raw: `{"addr":"10\u002e0.0.2"}`, want: patterns{Addr: netip.MustParseAddr("10.0.0.2")}},
	})
}

func TestDecode_takesTheValuesOfAnEnum(t *testing.T) {
	type enums struct {
		S string     `json:"s,omitempty" enum:"red,green"`
		O *string    `json:"o" enum:"[\"a,b\", \"\", \"\\u00e9\"]"`
		I int        `json:"i,omitempty" enum:"1,2,-3"`
		F float64    `json:"f,omitempty" enum:"0.1,2e2"`
		L string     `json:"l,omitempty" enum:"a,b,c,d,e,f,g,h,i,j"`
		A netip.Addr `json:"a,omitzero" enum:"::1,::2"`
	}
	check(t, []decoded[enums]{
		{
			raw:  `{"s":"green","o":"a,b","i":-3,"f":0.10,"l":"j","a":"::1"}`,
			want: enums{"green", new("a,b"), -3, 0.1, "j", netip.MustParseAddr("::1")},
		},
		{raw: `{"s":"r\u0065d","o":"é","i":20e-1,"f":200.0}`, want: enums{S: "red", O: new("é"), I: 2, F: 200}},
		{raw: `{"o":null}`},
		{raw: `{"s":"Red","o":"a","i":3,"f":0.1000000000000000001,"l":"k","a":"0::1"}`, faults: []string{
			`/s | enum | one of "red", "green" | "Red"`, `/o | enum | one of "a,b", "", "\u00e9" | "a"`,
			`/i | enum | one of 1, 2, -3 | 3`, `/f | enum | one of 0.1, 2e2 | 0.1000000000000000001`,
			`/l | enum | one of "a", "b", "c", "d", "e", "f", "g", "h", "i", "j" | "k"`,
			`/a | enum | one of "::1", "::2" | "0::1"`,
		}},
	})
}

func TestDecode_checksFormats(t *testing.T) {
	right := map[string][]string{
		"date": {"2026-01-02", "2024-02-29", "0000-01-01"},
		"ipv4": {"0.0.0.0", "255.255.255.255"},
		"ipv6": {"::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"},
		"uuid": {"123e4567-e89b-12d3-a456-426614174000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"},
		"hue":  {"", "anything"},

		"date-time": {"2026-01-02T15:04:05Z", "2024-02-29T00:00:00.123456789012+23:59"},
	}
	wrong := map[string][]string{
		"date":      {"", "2026-1-2", "2023-02-29", "2026-01-02Z", "2026-13-01"},
		"date-time": {"", "2026-01-02", "2026-01-02t15:04:05Z", "2016-12-31T23:59:60Z", "2026-02-29T00:00:00Z", "2026-01-02T15:04:05+24:00"},

		"ipv4": {"", "1.2.3", "01.2.3.4", "1.2.3.256", "::1", "+1.2.3.4"},
		"ipv6": {"", "1.2.3.4", "fe80::1%eth0", "1::2::3", "12345::"},
		"uuid": {
			"", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g",
			"123e4567-e89b-12d3-a456-426614174000 ", "-23e4567-e89b-12d3-a456-426614174000", "123e4567xe89b-12d3-a456-426614174000",
		},
	}
	for format := range right {
		of := reflect.StructOf([]reflect.StructField{{
			Name: "A", Type: reflect.TypeFor[string](), Tag: reflect.StructTag(`format:"` + format + `"`),
		}})
		params, err := plan.CompileParams(of)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range right[format] {
			if faults := params.Decode([]byte(`{"A":"`+text+`"}`), reflect.New(of).Elem()); faults != nil {
				t.Errorf("Decode of the %s %q has the faults %v, want none", format, text, faults)
			}
		}
		for _, text := range wrong[format] {
			got := lines(params.Decode([]byte(`{"A":"`+text+`"}`), reflect.New(of).Elem()))
			if want := `/A | format | ` + format + ` | "` + text + `"`; len(got) != 1 || got[0] != want {
				t.Errorf("Decode of the %s %q has the faults %q, want %q", format, text, got, want)
			}
		}
	}
}

func TestDecode_boundsListsAndTheirElements(t *testing.T) {
	type names []string
	type lists struct {
		Names names       `json:"names" minItems:"1" maxItems:"2" maxLength:"3"`
		Grid  [][]int     `json:"grid,omitempty" maxItems:"2" min:"0"`
		Pair  [2]*float64 `json:"pair,omitempty" max:"1"`
		Some  *[]*string  `json:"some" minItems:"1" enum:"x,y"`
		Plain names       `json:"plain,omitempty"`
	}
	check(t, []decoded[lists]{
		{raw: `{"names":["abc"],"grid":[[0,1],[],[2]],"plain":["longer",""]}`, faults: []string{
			"/grid | maxItems | at most 2 items | [[0,1],[],[2]]",
		}},
		{
			raw:  `{"names":["abc"],"grid":[[0,1,2],[]],"pair":[null,1],"some":["x",null]}`,
			want: lists{names{"abc"}, [][]int{{0, 1, 2}, {}}, [2]*float64{nil, new(1.0)}, &[]*string{new("x"), nil}, nil},
		},
		{raw: `{"names":[]}`, faults: []string{"/names | minItems | at least 1 item | []"}},
		{raw: `{"names":["abcd","a","b"]}`, faults: []string{
			`/names/0 | maxLength | at most 3 characters | "abcd"`, `/names | maxItems | at most 2 items | ["abcd","a","b"]`,
		}},
		{raw: `{"names":["a","b",["not looked at"]]}`, faults: []string{
			`/names | maxItems | at most 2 items | ["a","b",["not looked at"]]`,
		}},
		{raw: `{"names":["a","b","c"],"grid":[[-1],[0,-2]],"pair":[2,null],"some":[]}`, faults: []string{
			`/names | maxItems | at most 2 items | ["a","b","c"]`, "/grid/0/0 | min | at least 0 | -1",
			"/grid/1/1 | min | at least 0 | -2", "/pair/0 | max | at most 1 | 2", "/some | minItems | at least 1 item | []",
		}},
		{raw: `{"names":["a"],"some":["z"]}`, faults: []string{`/some/0 | enum | one of "x", "y" | "z"`}},
		{raw: `{"names":["a"],"some":null}`, want: lists{Names: names{"a"}}},
	})
}

// branch is held by a list of its own, which is not whole when its field is looked at.
type branch struct {
	Kids []branch `json:"kids,omitempty" maxItems:"1"`
	Up   *branch  `json:"up,omitempty"`
}

func TestDecode_boundsListsOfTypesThatHoldThemselves(t *testing.T) {
	check(t, []decoded[[]branch]{
		{raw: `[{"kids":[{"kids":[]}]}]`, want: []branch{{Kids: []branch{{Kids: []branch{}}}}}},
		{raw: `[{"kids":[{"kids":[{},{}]}]}]`, faults: []string{"/0/kids/0/kids | maxItems | at most 1 item | [{},{}]"}},
	})
}

func TestCompileParams_refusesRules(t *testing.T) {
	type nested []nested
	tests := []struct {
		of   any
		tag  string
		want string // what follows the field and its type
	}{
		{"", `min:"1"`, `has the tag min:"1", which is for numbers`},
		{true, `enum:"true"`, `has the tag enum:"true", which is for strings and numbers`},
		{0, `pattern:"a"`, `has the tag pattern:"a", which is for strings`},
		{0, `minLength:"1"`, `has the tag minLength:"1", which is for strings`},
		{0, `format:"date"`, `has the tag format:"date", which is for strings`},
		{[]byte{}, `maxLength:"10"`, `has the tag maxLength:"10", which is for strings`},
		{[]byte{}, `maxItems:"10"`, `has the tag maxItems:"10", which is for lists`},
		{time.Time{}, `pattern:"Z$"`, `has the tag pattern:"Z$", which is for strings`},
		{0, `json:",string" min:"1"`, `has the tag min:"1", which is for numbers`},
		{0, `json:",string" enum:"1"`, `has the tag enum:"1", which is for strings and numbers`},
		{pair{}, `enum:"1"`, `has the tag enum:"1", which is for strings and numbers`},
		{map[string]string{}, `maxLength:"1"`, "has tags for single values, and a map has names and values"},
		{map[string]string{}, `maxItems:"1"`, `has the tag maxItems:"1", which is for lists`},
		{"", `minItems:"1"`, `has the tag minItems:"1", which is for lists`},
		{[2]int{}, `minItems:"1"`, `has the tag minItems:"1", and the length of an array is fixed by its type`},
		{nested{}, `min:"1"`, "has tags for values, which stand too deep"},
		{0, `min:"x"`, `has the tag min:"x", which is no number`},
		{0, `min:"01"`, `has the tag min:"01", which is no number`},
		{0, `max:"1.5"`, `has the tag max:"1.5", which the field cannot hold: it must be integer`},
		{int8(0), `max:"128"`, `has the tag max:"128", which the field cannot hold: it must be integer from -128 to 127`},
		{uint(0), `min:"-1"`, `has the tag min:"-1", which the field cannot hold: it must be integer from 0 to`},
		{float32(0), `max:"1e39"`, `has the tag max:"1e39", which the field cannot hold: it must be number from`},
		{0, `min:"2" max:"1"`, `has the tags min:"2" and max:"1", which no value keeps both of`},
		{"", `minLength:"-1"`, `has the tag minLength:"-1", which is no count`},
		{"", `maxLength:"1.0"`, `has the tag maxLength:"1.0", which is no count`},
		{"", `minLength:"3" maxLength:"2"`, `has the tags minLength:"3" and maxLength:"2", which no value keeps both of`},
		{[]int{}, `minItems:"x"`, `has the tag minItems:"x", which is no count`},
		{[]int{}, `minItems:"10" maxItems:"9"`, `has the tags minItems:"10" and maxItems:"9", which no value keeps both of`},
		{"", `pattern:"[a"`, `has the tag pattern:"[a", which is no regular expression: `},
		{"", `pattern:"(?i)a"`, `has the tag pattern:"(?i)a", which means something else to JSON Schema, or nothing: `},
		{"", `format:""`, `has the tag format:"", which names no format`},
		{"", `enum:"a,,b"`, `has the tag enum:"a,,b", which has an empty value`},
		{"", `enum:"a, b"`, `has the tag enum:"a, b", which has an empty value, or one with space around it`},
		{"", `enum:"a,b,a"`, `has the tag enum:"a,b,a", which has "a" twice`},
		{0, `enum:"[1,1.0]"`, `has the tag enum:"[1,1.0]", which has 1.0 twice`},
		{0, `enum:"1,x"`, `has the tag enum:"1,x", which has a value that is no number`},
		{int8(0), `enum:"1,300"`, `has the tag enum:"1,300", and 300 is none of its values: it must be integer from -128 to 127`},
		{0, `enum:"1,7" max:"5"`, `has the tag enum:"1,7", and 7 is none of its values: it must be at most 5`},
		{"", `enum:"[]"`, `has the tag enum:"[]", which begins as a JSON array and is none that has values`},
		{"", `enum:"[a"`, `has the tag enum:"[a", which begins as a JSON array`},
		{"", `enum:"[1]"`, `has the tag enum:"[1]", and 1 is none of its values: it must be string`},
		{netip.Addr{}, `enum:"::1,x"`, `has the tag enum:"::1,x", and "x" is none of its values`},
		{0, `min:"1" default:"0"`, `has the default "0", which the field does not take: it must be at least 1`},
		{"", `enum:"a,b" default:"c"`, `has the default "c", which the field does not take: it must be one of "a", "b"`},
		{
			[]string{},
			`minLength:"1" default:"[\"a\",\"\"]"`,
			`has the default "[\"a\",\"\"]", which the field does not take: rule "minLength" at "/1"`,
		},
		{"", `Pattern:"a"`, `has the tag "Pattern", which nobody reads: write "pattern"`},
		{"", `json:"a" minlength:"3"`, `has the tag "minlength", which nobody reads: write "minLength"`},
		{"", `max_length:"3"`, `has the tag "max_length", which nobody reads: write "maxLength"`},
	}
	for _, test := range tests {
		of := reflect.StructOf([]reflect.StructField{{
			Name: "A", Type: reflect.TypeOf(test.of), Tag: reflect.StructTag(test.tag),
		}})
		_, err := plan.CompileParams(of)
		want := "field A (" + reflect.TypeOf(test.of).String() + ") " + test.want
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("CompileParams of a %T with %s =\n\t%v, want\n\t%v…", test.of, test.tag, err, want)
		}
	}
	_, err := plan.CompileParams(reflect.TypeFor[struct {
		pair `min:"1"`
	}]())
	if want := `field pair (plan_test.pair) is embedded and cannot have the tag "min"`; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("CompileParams of an embedded struct with a rule = %v, want %v…", err, want)
	}
}

func TestCompileParams_refusesPatternsThatAreForeign(t *testing.T) {
	compile := func(pattern string) error {
		_, err := plan.CompileParams(reflect.StructOf([]reflect.StructField{{
			Name: "A", Type: reflect.TypeFor[string](), Tag: reflect.StructTag("pattern:" + quoted(pattern)),
		}}))
		return err
	}
	for _, pattern := range []string{
		`a`, `^a$`, `^(?:a|b)+$`, `a{2}`, `a{2,}`, `a{2,3}?`, `[a-z]`, `[^a]`, `[a-]`, `[\]a\-]`, `\d\D\w\W\s\S\b\B`, `\n\r\t\f\v`,
		`\x41`, `\.\/\\\^\$\|\(\)\[\]\{\}\*\+\?`, `\p{L}\P{Lu}`, `[\p{L}-]`, `é😀`, `(^|a)*`, `[*+?{}]`, ``,
	} {
		if err := compile(pattern); err != nil {
			t.Errorf("CompileParams with the pattern %q = %v, want none", pattern, err)
		}
	}
	for _, pattern := range []string{
		`(?i)a`, `(?i:a)`, `(?P<n>a)`, `(?<n>a)`, `\Aa`, `a\z`, `\Qa\E`, `\a`, `\x{41}`, `\pL`, `\p{^L}`, `\p{Greek}`, `[[:alpha:]]`,
		`[]a]`, `[^]a]`, `a{`, `a}`, `]`, `a{,2}`, `a{1,}}`, `\-`, `\@`, `\"`, `\07`, `^*`, `$+a`, `\b?`, `a^{2}`,
	} {
		if err := compile(pattern); err == nil || !strings.Contains(err.Error(), "which means something else to JSON Schema") {
			t.Errorf("CompileParams with the pattern %q = %v, want it refused", pattern, err)
		}
	}
}

func TestExample_keepsRules(t *testing.T) {
	type ruled struct {
		Few   int      `json:"few" min:"10" max:"12"`
		Less  float64  `json:"less" max:"-1.5"`
		Long  string   `json:"long" minLength:"9"`
		Short string   `json:"short" maxLength:"2"`
		Kind  string   `json:"kind" enum:"red,green"`
		Date  string   `json:"date" format:"date"`
		List  []string `json:"list" minItems:"2" maxLength:"1"`
		Free  string   `json:"free" format:"email"`
	}
	params, err := plan.CompileParams(reflect.TypeFor[ruled]())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"few":10,"less":-1.5,"long":"texttexttext","short":"te","kind":"red","date":"2026-01-02","list":["t","t"],` +
		`"free":"text"}`
	if got := string(params.Example()); got != want {
		t.Errorf("Example = %s, want %s", got, want)
	}
	params, err = plan.CompileParams(reflect.TypeFor[struct {
		A string `pattern:"^[0-9]$"`
	}]())
	if err != nil {
		t.Fatal(err)
	}
	if got := params.Example(); got != nil {
		t.Errorf("Example of a pattern that it cannot make = %s, want none", got)
	}
}

// quoted writes text as the value of a tag.
func quoted(text string) string { return strconv.Quote(text) }
