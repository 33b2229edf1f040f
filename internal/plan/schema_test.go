package plan_test

import (
	"encoding/json"
	"io"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/plan"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// describeParams describes params of the type T: how they are given, each of them, and the types that they refer to.
func describeParams[T any](t *testing.T) (description plan.Description, defs openrpc.Properties) {
	t.Helper()
	params, err := plan.CompileParams(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	d := plan.NewDefinitions("#/")
	description = params.Describe(d)
	return description, d.Schemas()
}

// describeResult describes a result of the type t, and the types that it refers to.
func describeResult(t *testing.T, of reflect.Type) (schema *openrpc.Schema, defs openrpc.Properties) {
	t.Helper()
	result, err := plan.CompileResult(of)
	if err != nil {
		t.Fatal(err)
	}
	d := plan.NewDefinitions("#/")
	schema = result.Describe(d)
	return schema, d.Schemas()
}

func text(t *testing.T, value any) string {
	t.Helper()
	encoded, err := codec.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// checkField compares the schemas of a field of the type T, as one of params and as one of a result.
func checkField[T any](t *testing.T, tag, inParams, inResult string) {
	t.Helper()
	of := reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[T](), Tag: reflect.StructTag(tag)}})
	params, err := plan.CompileParams(of)
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, params.Describe(plan.NewDefinitions("#/")).Params[0].Schema); got != inParams {
		t.Errorf("a %v with the tag %s in params is\n%s, want\n%s", reflect.TypeFor[T](), tag, got, inParams)
	}
	result, _ := describeResult(t, of)
	if got := text(t, result.Properties[0].Schema); got != inResult {
		t.Errorf("a %v with the tag %s in a result is\n%s, want\n%s", reflect.TypeFor[T](), tag, got, inResult)
	}
}

func checkSame[T any](t *testing.T, tag, want string) {
	t.Helper()
	checkField[T](t, tag, want, want)
}

func TestDescribe_saysWhatTypesAre(t *testing.T) {
	const pattern = `"pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"`
	checkSame[bool](t, "", `{"type":"boolean"}`)
	checkSame[string](t, "", `{"type":"string"}`)
	checkSame[int8](t, "", `{"type":"integer","minimum":-128,"maximum":127}`)
	checkSame[int](t, "", `{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807}`)
	checkSame[uint64](t, "", `{"type":"integer","minimum":0,"maximum":18446744073709551615}`)
	checkField[float64](t, "", `{"type":"number","minimum":-1.7976931348623157e+308,"maximum":1.7976931348623157e+308}`,
		`{"type":"number"}`)
	checkField[float32](t, "", `{"type":"number","minimum":-3.4028235e+38,"maximum":3.4028235e+38}`, `{"type":"number"}`)
	checkSame[any](t, "", `{}`)
	checkSame[json.RawMessage](t, "", `{}`)
	checkSame[*json.RawMessage](t, "", `{}`)
	checkSame[*bool](t, "", `{"type":["boolean","null"]}`)
	checkSame[**string](t, "", `{"type":["string","null"]}`)
	checkSame[[]string](t, "", `{"type":"array","items":{"type":"string"}}`)
	checkSame[[2]*bool](t, "", `{"type":"array","items":{"type":["boolean","null"]},"minItems":2,"maxItems":2}`)
	checkSame[map[string]bool](t, "", `{"type":"object","additionalProperties":{"type":"boolean"}}`)
	checkSame[map[uint8]bool](t, "", `{"type":"object","additionalProperties":{"type":"boolean"},`+
		`"propertyNames":{"pattern":"^(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])$"}}`)
	checkSame[map[time.Time]bool](t, "", `{"type":"object","additionalProperties":{"type":"boolean"},`+
		`"propertyNames":{"format":"date-time",`+pattern+`}}`)
	checkSame[map[netip.Addr]bool](t, "", `{"type":"object","additionalProperties":{"type":"boolean"}}`)
	checkSame[[]byte](t, "", `{"type":"string","pattern":"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",`+
		`"contentEncoding":"base64"}`)
	checkSame[[4]byte](t, "", `{"type":"string","minLength":8,"maxLength":8,`+
		`"pattern":"^([A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2}==$","contentEncoding":"base64"}`)
	checkSame[time.Time](t, "", `{"type":"string","format":"date-time",`+pattern+`}`)
	checkSame[*time.Time](t, "", `{"type":["string","null"],"format":"date-time",`+pattern+`}`)
	checkSame[netip.Addr](t, "", `{"type":"string"}`)
	checkSame[big.Int](t, "", `{}`)
	checkSame[int8](t, `json:",string"`, `{"type":"string","pattern":"^(-?(0|[1-9][0-9]?|1[0-1][0-9]|12[0-7])|-128)$"}`)
	checkSame[*float64](t, `json:",string"`,
		`{"type":["string","null"],"pattern":"^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$"}`)
	checkField[struct{}](t, "", `{"type":"object","additionalProperties":false}`, `{"type":"object"}`)
	checkField[struct {
		X bool  `json:"x" doc:"why"`
		Y *bool `json:"y"`
	}](t, "",
		`{"type":"object","properties":{"x":{"description":"why","type":"boolean"},"y":{"type":["boolean","null"]}},`+
			`"required":["x"],"additionalProperties":false}`,
		`{"type":"object","properties":{"x":{"description":"why","type":"boolean"},"y":{"type":["boolean","null"]}},`+
			`"required":["x","y"]}`)
}

func TestDescribe_saysWhatTagsAsk(t *testing.T) {
	checkSame[int8](t, `min:"-1" max:"1e1"`, `{"type":"integer","minimum":-1,"maximum":1e1}`)
	checkField[float64](t, `min:"0"`, `{"type":"number","minimum":0,"maximum":1.7976931348623157e+308}`, `{"type":"number","minimum":0}`)
	checkSame[string](t, `minLength:"1" maxLength:"2" pattern:"a" format:"email"`,
		`{"type":"string","format":"email","minLength":1,"maxLength":2,"pattern":"a"}`)
	const pattern = `"pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"`
	checkSame[string](t, `format:"date-time"`, `{"type":"string","format":"date-time",`+pattern+`}`)
	checkSame[*string](t, `format:"date-time" pattern:"Z$"`,
		`{"anyOf":[{"type":"string","format":"date-time","pattern":"Z$","allOf":[{`+pattern+`}]},{"type":"null"}]}`)
	checkSame[*string](t, `enum:"a,b"`, `{"type":["string","null"],"enum":["a","b",null]}`)
	checkSame[[]string](t, `enum:"a" minItems:"1" maxItems:"2"`,
		`{"type":"array","items":{"type":"string","enum":["a"]},"minItems":1,"maxItems":2}`)
	checkField[int8](t, `default:" 5 "`, `{"type":"integer","default":5,"minimum":-128,"maximum":127}`,
		`{"type":"integer","minimum":-128,"maximum":127}`)
	checkField[string](t, `default:"a\"b"`, `{"type":"string","default":"a\"b"}`, `{"type":"string"}`)
	checkField[[]bool](t, `default:"[]"`, `{"type":"array","default":[],"items":{"type":"boolean"}}`,
		`{"type":"array","items":{"type":"boolean"}}`)
	checkSame[netip.Addr](t, `format:"ipv4"`, `{"type":"string","format":"ipv4"}`)
}

// hue says itself what it is; hues, what it might be besides null; mood, that it is one of two.
type (
	hue  string
	hues struct{}
	mood struct{}
)

func (*hue) UnmarshalText([]byte) error { return nil }
func (*hue) JSONSchema() *openrpc.Schema {
	return &openrpc.Schema{Type: openrpc.Types{"string"}, Pattern: "^#", Description: "a hue"}
}

func (*hues) UnmarshalJSON([]byte) error { return nil }
func (hues) MarshalJSON() ([]byte, error) {
	return nil, io.EOF
}

func (hues) JSONSchema() *openrpc.Schema {
	return &openrpc.Schema{Type: openrpc.Types{"array"}, Items: &openrpc.Schema{Ref: "https://example.org/hue"}}
}

func (*mood) UnmarshalJSON([]byte) error  { return nil }
func (mood) MarshalJSON() ([]byte, error) { return nil, io.EOF }
func (mood) JSONSchema() *openrpc.Schema {
	return &openrpc.Schema{OneOf: []*openrpc.Schema{{Const: json.RawMessage("1")}, {Const: json.RawMessage("2")}}}
}

func TestDescribe_letsTypesDescribeThemselves(t *testing.T) {
	checkField[hue](t, "", `{"description":"a hue","type":"string","pattern":"^#"}`, `{"type":"string"}`)
	checkField[*hue](t, `doc:"which"`, `{"type":["string","null"],"pattern":"^#"}`,
		`{"description":"which","type":["string","null"]}`)
	checkSame[hues](t, "", `{"type":"array","items":{"$ref":"https://example.org/hue"}}`)
	checkSame[*mood](t, "", `{"anyOf":[{"oneOf":[{"const":1},{"const":2}]},{"type":"null"}]}`)
}

type (
	silent   struct{}
	misled   struct{}
	unheard  struct{ A int }
	unwieldy struct{}
)

func (*silent) UnmarshalText([]byte) error    { return nil }
func (*silent) JSONSchema() *openrpc.Schema   { return nil }
func (*misled) UnmarshalText([]byte) error    { return nil }
func (*unwieldy) UnmarshalText([]byte) error  { return nil }
func (unheard) JSONSchema() *openrpc.Schema   { return &openrpc.Schema{} }
func (*unwieldy) JSONSchema() *openrpc.Schema { return &openrpc.Schema{Minimum: "x"} }
func (*misled) JSONSchema() *openrpc.Schema {
	return &openrpc.Schema{AnyOf: []*openrpc.Schema{{Ref: "#/$defs/x"}}}
}

func TestCompile_refusesDescriptionsThatCannotBe(t *testing.T) {
	tests := []struct {
		of   reflect.Type
		want string
	}{
		{reflect.TypeFor[struct{ A silent }](), "field A (plan_test.silent) has a method JSONSchema that returns nil"},
		{reflect.TypeFor[struct{ A misled }](), `field A (plan_test.misled) has a method JSONSchema whose schema refers to "#/$defs/x"`},
		{reflect.TypeFor[struct{ A unwieldy }](), "field A (plan_test.unwieldy) has a method JSONSchema whose schema cannot be written: "},
		{reflect.TypeFor[struct{ A []unheard }](), "field A (plan_test.unheard) says by JSONSchema what its JSON is, but has no method"},
	}
	for _, test := range tests {
		_, err := plan.CompileParams(test.of)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("CompileParams(%v) =\n\t%v, want\n\t%v…", test.of, err, test.want)
		}
	}
}

func TestDescribe_saysHowParamsAreGiven(t *testing.T) {
	type mixed struct {
		A *bool  `json:"a"`
		B bool   `json:"b" doc:"second"`
		C bool   `json:"c"`
		D string `json:"d" default:"x"`
	}
	type sorted struct {
		A bool  `json:"a"`
		B *bool `json:"b"`
	}
	tests := []struct {
		got  func() (plan.Description, openrpc.Properties)
		want string
	}{
		{
			func() (plan.Description, openrpc.Properties) { return describeParams[sorted](t) },
			`either [{"name":"a","required":true,"schema":{"type":"boolean"}},{"name":"b","schema":{"type":["boolean","null"]}}] null`,
		},
		{
			func() (plan.Description, openrpc.Properties) { return describeParams[*sorted](t) },
			`either [{"name":"a","required":true,"schema":{"type":"boolean"}},{"name":"b","schema":{"type":["boolean","null"]}}] null`,
		},
		{
			func() (plan.Description, openrpc.Properties) { return describeParams[mixed](t) },
			`by-name [{"name":"b","description":"second","required":true,"schema":{"type":"boolean"}},` +
				`{"name":"c","required":true,"schema":{"type":"boolean"}},{"name":"a","schema":{"type":["boolean","null"]}},` +
				`{"name":"d","schema":{"type":"string","default":"x"}}] null`,
		},
		{func() (plan.Description, openrpc.Properties) { return describeParams[struct{}](t) }, `either [] null`},
		{
			func() (plan.Description, openrpc.Properties) { return describeParams[[]bool](t) },
			`by-position [] {"type":"array","items":{"type":"boolean"}}`,
		},
		{
			func() (plan.Description, openrpc.Properties) { return describeParams[[2]bool](t) },
			`by-position [] {"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":2}`,
		},
		{
			func() (plan.Description, openrpc.Properties) { return describeParams[map[string]bool](t) },
			`by-name [] {"type":"object","additionalProperties":{"type":"boolean"}}`,
		},
		{func() (plan.Description, openrpc.Properties) { return describeParams[any](t) }, `either [] {"type":["object","array"]}`},
		{
			func() (plan.Description, openrpc.Properties) { return describeParams[hues](t) },
			`either [] {"type":"array","items":{"$ref":"https://example.org/hue"}}`,
		},
	}
	for _, test := range tests {
		description, defs := test.got()
		got := string(description.Structure) + " " + text(t, description.Params) + " " + text(t, description.Whole)
		if got != test.want || defs != nil {
			t.Errorf("the description is\n%s %s, want\n%s", got, text(t, defs), test.want)
		}
	}
	description, _ := describeParams[mixed](t)
	if got := strings.Join(description.Positions, " "); got != "a b c d" {
		t.Errorf("the positions are %s, want a b c d", got)
	}
}

func TestDescribeResult_saysWhatTheEncoderEmits(t *testing.T) {
	type inner struct{ X bool }
	type Behind struct{ Y bool }
	type emitted struct {
		inner
		*Behind
		Ptr   *bool           `json:"ptr"`
		Opt   *bool           `json:"opt,omitempty"`
		Zero  bool            `json:"zero,omitzero"`
		Slice []bool          `json:"slice"`
		Err   error           `json:"err"`
		Loose map[any]bool    `json:"loose"`
		Refs  map[*int8]bool  `json:"refs"`
		Rest  map[string]bool `json:",embed"`
	}
	schema, defs := describeResult(t, reflect.TypeFor[emitted]())
	want := `{"emitted":{"type":"object","properties":{"X":{"type":"boolean"},"Y":{"type":"boolean"},` +
		`"ptr":{"type":["boolean","null"]},"opt":{"type":"boolean"},"zero":{"type":"boolean"},` +
		`"slice":{"type":"array","items":{"type":"boolean"}},"err":{},` +
		`"loose":{"type":"object","additionalProperties":{"type":"boolean"}},` +
		`"refs":{"type":"object","additionalProperties":{"type":"boolean"},` +
		`"propertyNames":{"pattern":"^(-?(0|[1-9][0-9]?|1[0-1][0-9]|12[0-7])|-128)$"}}},` +
		`"required":["X","ptr","slice","err","loose","refs"],"additionalProperties":{"type":"boolean"}}}`
	if got := text(t, defs); got != want || schema.Ref != "#/emitted" {
		t.Errorf("the result is %s in\n%s, want\n%s", text(t, schema), got, want)
	}
	schema, _ = describeResult(t, reflect.TypeFor[struct {
		A jsontext.Value `json:",embed"`
	}]())
	if got := text(t, schema); got != `{"type":"object","additionalProperties":{}}` {
		t.Errorf("a result with unknown members is %s", got)
	}
}

// The patterns of numbers in quotes are exact.
func TestDescribe_boundsNumbersInQuotes(t *testing.T) {
	checkPattern[int8](t, math.MinInt8, math.MaxInt8)
	checkPattern[int16](t, math.MinInt16, math.MaxInt16)
	checkPattern[int32](t, math.MinInt32, math.MaxInt32)
	checkPattern[int64](t, math.MinInt64, math.MaxInt64)
	checkPattern[uint8](t, 0, math.MaxUint8)
	checkPattern[uint16](t, 0, math.MaxUint16)
	checkPattern[uint32](t, 0, math.MaxUint32)
	checkPattern[uint64](t, 0, math.MaxUint64)
}

func checkPattern[T any](t *testing.T, least int64, most uint64) {
	t.Helper()
	description, _ := describeParams[struct {
		A T `json:",string"`
	}](t)
	pattern := regexp.MustCompile(description.Params[0].Schema.Pattern)
	low, high := big.NewInt(least), new(big.Int).SetUint64(most)
	inRange := func(number *big.Int) bool { return number.Cmp(low) >= 0 && number.Cmp(high) <= 0 }
	var numbers []*big.Int
	for exponent := range 21 {
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil)
		for digit := range int64(10) {
			numbers = append(numbers, new(big.Int).Mul(power, big.NewInt(digit)), new(big.Int).Sub(high, new(big.Int).Mul(power, big.NewInt(digit))),
				new(big.Int).Add(high, new(big.Int).Mul(power, big.NewInt(digit))))
		}
	}
	for _, number := range numbers {
		for _, near := range []int64{-1, 0, 1} {
			for _, sign := range []int64{1, -1} {
				value := new(big.Int).Mul(new(big.Int).Add(number, big.NewInt(near)), big.NewInt(sign))
				if got, want := pattern.MatchString(value.String()), inRange(value); got != want {
					t.Fatalf("%v: the pattern %s matches %v: %v, want %v", reflect.TypeFor[T](), pattern, value, got, want)
				}
			}
		}
	}
	for _, no := range []string{"", "01", "+1", "1.0", "1e2", " 1", "1 ", "1\n", "-", "--1", "-01", strconv.Itoa(1) + "x"} {
		if pattern.MatchString(no) {
			t.Errorf("%v: the pattern %s matches %q", reflect.TypeFor[T](), pattern, no)
		}
	}
}
