package plan_test

import (
	"encoding/json"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The types of these tests are lists, so that each raw is the JSON of one value in brackets.

func TestDecode_readsIntegersExactly(t *testing.T) {
	check(t, []decoded[[]int64]{
		{
			raw:  `[0,-0,1,-1,9007199254740993,9223372036854775807,-9223372036854775808]`,
			want: []int64{0, 0, 1, -1, 9007199254740993, 9223372036854775807, -9223372036854775808},
		},
		{
			raw:  `[1.0,1e2,-1E+2,120e-1,0.5e1,1.50e2,0.000,0e999999999999999999999,0.0e-99999999999999999999]`,
			want: []int64{1, 100, -100, 12, 5, 150, 0, 0, 0},
		},
		{
			raw:  `[9007199254740993.000,9223372036854775807e0,922337203685477580.7e1,-922337203685477580.80e1]`,
			want: []int64{9007199254740993, 9223372036854775807, 9223372036854775807, -9223372036854775808},
		},
		{raw: `[` + "1" + strings.Repeat("0", 100_000) + `e-100000]`, want: []int64{1}},
		{raw: `[0.` + strings.Repeat("0", 100_000) + `1e100001]`, want: []int64{1}},
		{raw: `[1e18446744073709551616,1e-18446744073709551616]`, faults: []string{
			"/0 | range | integer from -9223372036854775808 to 9223372036854775807 | 1e18446744073709551616",
			"/1 | type | integer | 1e-18446744073709551616",
		}},
		{raw: `[1.5,1e-1,12e-1,1e-999999999]`, faults: []string{
			"/0 | type | integer | 1.5", "/1 | type | integer | 1e-1", "/2 | type | integer | 12e-1",
			"/3 | type | integer | 1e-999999999",
		}},
		{raw: `[9223372036854775808,-9223372036854775809,1e19,1e999999999,-1e999999999999999999999]`, faults: []string{
			"/0 | range | integer from -9223372036854775808 to 9223372036854775807 | 9223372036854775808",
			"/1 | range | integer from -9223372036854775808 to 9223372036854775807 | -9223372036854775809",
			"/2 | range | integer from -9223372036854775808 to 9223372036854775807 | 1e19",
			"/3 | range | integer from -9223372036854775808 to 9223372036854775807 | 1e999999999",
			"/4 | range | integer from -9223372036854775808 to 9223372036854775807 | -1e999999999999999999999",
		}},
		{raw: `["1",true,null,[],{}]`, faults: []string{
			`/0 | type | integer | "1"`, "/1 | type | integer | true",
			"/2 | type | integer | null", "/3 | type | integer | []", "/4 | type | integer | {}",
		}},
	})
}

func TestDecode_holdsIntegersToTheirKind(t *testing.T) {
	check(t, []decoded[[]int8]{
		{raw: `[-128,127,12.7e1]`, want: []int8{-128, 127, 127}},
		{raw: `[-129,128,256]`, faults: []string{
			"/0 | range | integer from -128 to 127 | -129",
			"/1 | range | integer from -128 to 127 | 128", "/2 | range | integer from -128 to 127 | 256",
		}},
	})
	check(t, []decoded[[]uint16]{
		{raw: `[0,-0,-0.0,65535]`, want: []uint16{0, 0, 0, 65535}},
		{raw: `[-1,65536]`, faults: []string{
			"/0 | range | integer from 0 to 65535 | -1",
			"/1 | range | integer from 0 to 65535 | 65536",
		}},
	})
	check(t, []decoded[[]uint64]{
		{raw: `[18446744073709551615,1844674407370955161.5e1]`, want: []uint64{math.MaxUint64, math.MaxUint64}},
		{raw: `[18446744073709551616,99999999999999999999]`, faults: []string{
			"/0 | range | integer from 0 to 18446744073709551615 | 18446744073709551616",
			"/1 | range | integer from 0 to 18446744073709551615 | 99999999999999999999",
		}},
	})
}

func TestDecode_readsFloats(t *testing.T) {
	check(t, []decoded[[]float64]{
		{
			raw:  `[1,-2.5,1e3,0.1,5e-324,1e-400,1.7976931348623157e308]`,
			want: []float64{1, -2.5, 1000, 0.1, 5e-324, 0, math.MaxFloat64},
		},
		{raw: `[1e309,"1"]`, faults: []string{
			"/0 | range | number from -1.7976931348623157e+308 to 1.7976931348623157e+308 | 1e309",
			`/1 | type | number | "1"`,
		}},
	})
	check(t, []decoded[[]float32]{
		{raw: `[16777217,1.00000017881393432617187499999999]`, want: []float32{16777216, 1.0000001}},
		{raw: `[1e39]`, faults: []string{"/0 | range | number from -3.4028235e+38 to 3.4028235e+38 | 1e39"}},
	})
}

func TestDecode_readsNumbersInQuotes(t *testing.T) {
	type quoted struct {
		I *int8    `json:"i,string"`
		U uint     `json:"u,string,omitempty"`
		F float64  `json:"f,string,omitempty"`
		S streamed `json:"s,string,omitempty"`
	}
	check(t, []decoded[quoted]{
		{raw: `{"i":null,"s":"5"}`, want: quoted{S: 5}},
		{raw: `{"i":null,"s":5}`, faults: []string{"/s | value |  | 5"}},
		{raw: `{"i":"-12","u":"3","f":"1e1"}`, want: quoted{I: new(int8(-12)), U: 3, F: 10}},
		{raw: `{"i":"\u0031"}`, want: quoted{I: new(int8(1))}},
		{raw: `{"i":null}`},
		{raw: `{"i":1,"u":-1,"f":1}`, faults: []string{
			"/i | type | string holding an integer | 1",
			"/u | type | string holding an integer | -1", "/f | type | string holding a number | 1",
		}},
		{raw: `{"i":"1.0","u":"-0","f":"Inf"}`, faults: []string{
			`/i | type | string holding an integer | "1.0"`,
			`/u | type | string holding an integer | "-0"`, `/f | type | string holding a number | "Inf"`,
		}},
		{raw: `{"i":" 1","u":"01","f":".5"}`, faults: []string{
			`/i | type | string holding an integer | " 1"`,
			`/u | type | string holding an integer | "01"`, `/f | type | string holding a number | ".5"`,
		}},
		{raw: `{"i":"","u":"+1","f":"1."}`, faults: []string{
			`/i | type | string holding an integer | ""`,
			`/u | type | string holding an integer | "+1"`, `/f | type | string holding a number | "1."`,
		}},
		{raw: `{"i":"128","u":"","f":"1e400"}`, faults: []string{
			`/i | range | string holding an integer from -128 to 127 | "128"`,
			`/u | type | string holding an integer | ""`,
			`/f | range | string holding a number from -1.7976931348623157e+308 to 1.7976931348623157e+308 | "1e400"`,
		}},
		{raw: `{"u":null,"f":null}`, faults: []string{
			"/u | type | string holding an integer | null",
			"/f | type | string holding a number | null",
		}},
	})
}

func TestDecode_resolvesEscapes(t *testing.T) {
	check(t, []decoded[[]string]{
		{
			raw:  `["","plain","\"\\\/\b\f\n\r\t","\u00e9\u00E9é","\ud83d\ude00😀","\u0000"]`,
			want: []string{"", "plain", "\"\\/\b\f\n\r\t", "ééé", "😀😀", "\x00"},
		},
		{raw: `[true,1]`, faults: []string{"/0 | type | string | true", "/1 | type | string | 1"}},
	})
	type name string
	check(t, []decoded[map[name]name]{{raw: `{"a\n":"\tb"}`, want: map[name]name{"a\n": "\tb"}}})
}

func TestDecode_readsBooleans(t *testing.T) {
	check(t, []decoded[[]bool]{
		{raw: `[true,false]`, want: []bool{true, false}},
		{raw: `["true",0,null]`, faults: []string{
			`/0 | type | boolean | "true"`, "/1 | type | boolean | 0",
			"/2 | type | boolean | null",
		}},
	})
}

type octet byte

func TestDecode_readsBase64(t *testing.T) {
	type blob []byte
	check(t, []decoded[[]blob]{
		{raw: `["","AQI=","AQ\u0049=","+\/8="]`, want: []blob{{}, {1, 2}, {1, 2}, {0xfb, 0xff}}},
		{raw: `["AQI","-_8=","AQI=\n","A","x y="]`, faults: []string{
			`/0 | value | string in base64 | "AQI"`, `/1 | value | string in base64 | "-_8="`,
			`/2 | value | string in base64 | "AQI=\n"`, `/3 | value | string in base64 | "A"`,
			`/4 | value | string in base64 | "x y="`,
		}},
		{raw: `[[1,2],null]`, faults: []string{"/0 | type | string in base64 | [1,2]", "/1 | type | string in base64 | null"}},
	})
	check(t, []decoded[[][2]byte]{
		{raw: `["AQI="]`, want: [][2]byte{{1, 2}}},
		{raw: `["AQ==","AQID"]`, faults: []string{
			`/0 | value | string of 2 bytes in base64 | "AQ=="`,
			`/1 | value | string of 2 bytes in base64 | "AQID"`,
		}},
	})
	check(t, []decoded[[][]octet]{{raw: `[[1,255]]`, want: [][]octet{{1, 255}}}})
}

// piled adds to what it holds.
type piled string

func (p *piled) UnmarshalText(text []byte) error {
	*p += piled(text)
	return nil
}

// streamed is a number that heeds the options of the decoder that it is read from.
type streamed int

func (s *streamed) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	return jsonv2.UnmarshalDecode(decoder, (*int)(s))
}

func TestDecode_readsMapKeys(t *testing.T) {
	check(t, []decoded[map[int8]bool]{
		{raw: `{"-1":true,"\u0032":false}`, want: map[int8]bool{-1: true, 2: false}},
		{raw: `{"0":true,"-0":false}`, faults: []string{"/-0 | duplicate |  | "}},
		{raw: `{"x":true,"1.0":true,"128":true,"1":2}`, faults: []string{
			`/x | type | member name, string holding an integer | "x"`,
			`/1.0 | type | member name, string holding an integer | "1.0"`,
			`/128 | range | member name, string holding an integer from -128 to 127 | "128"`,
			"/1 | type | boolean | 2",
		}},
	})
	check(t, []decoded[map[float64]int]{
		{raw: `{"1":1,"-2.5e0":2}`, want: map[float64]int{1: 1, -2.5: 2}},
		{raw: `{"1":1,"1.0":2}`, faults: []string{"/1.0 | duplicate |  | "}},
	})
	check(t, []decoded[map[netip.Addr]int]{
		{raw: `{"::1":1}`, want: map[netip.Addr]int{netip.IPv6Loopback(): 1}},
		{raw: `{"::1":1,"0:0::1":2,"x":3}`, faults: []string{
			"/0:0::1 | duplicate |  | ",
			`/x | value | member name, string | "x"`,
		}},
	})
	// Two times of one text need not be equal as map keys: their locations are pointers.
	check(t, []decoded[map[time.Time]int]{{
		raw:    `{"2026-01-02T15:04:05+01:23":1,"2026-01-02T15:04:05+01:23":2}`,
		faults: []string{"/2026-01-02T15:04:05+01:23 | duplicate |  | "},
	}})
	check(t, []decoded[map[[2]byte]int]{
		{raw: `{"AQI=":1}`, want: map[[2]byte]int{{1, 2}: 1}},
		{raw: `{"AQ==":1}`, faults: []string{`/AQ== | value | member name, string of 2 bytes in base64 | "AQ=="`}},
	})
	check(t, []decoded[map[piled]person]{{
		raw:  `{"a":{"name":"A","age":1,"city":"X"},"b":{"name":"B","age":2}}`,
		want: map[piled]person{"a": {Name: "A", Age: 1, City: "X"}, "b": {Name: "B", Age: 2}},
	}})
	check(t, []decoded[map[streamed]int]{{raw: `{"5":1}`, want: map[streamed]int{5: 1}}})
	check(t, []decoded[map[string]*int]{{raw: `{"a":null,"b":1}`, want: map[string]*int{"a": nil, "b": new(1)}}})
	check(t, []decoded[map[string][]int]{{raw: `{"a":[1],"b":[2,3]}`, want: map[string][]int{"a": {1}, "b": {2, 3}}}})
}

func TestDecode_lendsValuesToTheirTypes(t *testing.T) {
	type own struct {
		At   time.Time  `json:"at,omitzero"`
		Addr netip.Addr `json:"addr,omitzero"`
		JSON witness    `json:"json,omitzero"`
		Any  any        `json:"any,omitzero"`
	}
	check(t, []decoded[own]{
		{raw: `{"at":"2026-01-02T15:04:05\u005a","addr":"\u003a:1","json": {"a" :1} ,"any":null}`, want: own{
			At: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), Addr: netip.IPv6Loopback(), JSON: witness{`{"a" :1}`},
		}},
		{raw: `{"at":"yesterday","addr":"x","json":"refuse"}`, faults: []string{
			`/at | value | date and time (RFC 3339) | "yesterday"`, `/addr | value | string | "x"`,
			`/json | value |  | "refuse"`,
		}},
		{raw: `{"at":1,"addr":{}}`, faults: []string{"/at | type | date and time (RFC 3339) | 1", "/addr | type | string | {}"}},
		{raw: `{"at":null,"addr":null,"json":null}`, faults: []string{
			"/at | type | date and time (RFC 3339) | null", "/addr | type | string | null",
		}},
		{raw: `{"json":{"a":1,"a":2},"any":[{"b":1,"b":2}]}`, faults: []string{
			"/json/a | duplicate |  | ", "/any/0/b | duplicate |  | ",
		}},
		{raw: `{"any":1e400}`, faults: []string{
			"/any | range | number from -1.7976931348623157e+308 to 1.7976931348623157e+308 | 1e400",
		}},
		{raw: `{"any":{"x":[1,1e400]}}`, faults: []string{
			"/any/x/1 | range | number from -1.7976931348623157e+308 to 1.7976931348623157e+308 | ",
		}},
	})
}

// wrapped decodes itself with encoding/json and says so in its errors.
type wrapped struct{ A int }

func (w *wrapped) UnmarshalJSON(text []byte) error {
	type plain wrapped
	return json.Unmarshal(text, (*plain)(w))
}

func TestDecode_hidesTheErrorsOfTypes(t *testing.T) {
	check(t, []decoded[[]wrapped]{{raw: `[{"A":"x"}]`, faults: []string{`/0 | value |  | {"A":"x"}`}}})
}

func TestDecode_refusesNull(t *testing.T) {
	type strict struct {
		B bool            `json:",omitempty"`
		I int             `json:",omitempty"`
		S string          `json:",omitempty"`
		L []int           `json:",omitempty"`
		A [1]int          `json:",omitempty"`
		M map[string]int  `json:",omitempty"`
		T struct{}        `json:",omitempty"`
		P *int            `json:",omitempty"`
		E any             `json:",omitempty"`
		R json.RawMessage `json:",omitempty"`
	}
	check(t, []decoded[strict]{
		{raw: `{"P":null,"E":null,"R":null}`, want: strict{R: json.RawMessage("null")}},
		{raw: `{"B":null,"I":null,"S":null,"L":null,"A":null,"M":null,"T":null}`, faults: []string{
			"/B | type | boolean | null", "/I | type | integer | null", "/S | type | string | null",
			"/L | type | array | null", "/A | type | array of 1 | null", "/M | type | object | null",
			"/T | type | object | null",
		}},
	})
}

// TestDecode_claimsLittleForLists holds that a list has room for no more than twice its elements, or for what 8 bytes
// for each that was sent hold, but 8, or for 4.
func TestDecode_claimsLittleForLists(t *testing.T) {
	type small struct{ A, B, C, D, E, F *int } // 48 bytes
	type large struct {                        // 528 bytes
		Some  string
		Other *[64]int
		Rest  [63]*struct{} `json:"-"`
	}
	claimsLittle[struct{}](t, `{}`, 1)
	claimsLittle[int](t, `1`, 8)
	claimsLittle[string](t, `""`, 16)
	claimsLittle[small](t, `{}`, 48)
	claimsLittle[small](t, `{"A":1,"B":2,"C":3,"D":4,"E":5,"F":6}`, 48)
	claimsLittle[large](t, `{"Some":""}`, 528)
	claimsLittle[large](t, `{"Some":"`+strings.Repeat("text", 100)+`"}`, 528)
}

func claimsLittle[T any](t *testing.T, element string, size int) {
	t.Helper()
	for length := 1; length < 100; length++ {
		raw := "[" + strings.Repeat(element+",", length-1) + element + "]"
		list, faults := decode[[]T](t, raw)
		if len(list) != length || len(faults) > 0 {
			t.Fatalf("%s = %d elements, %v", raw, len(list), faults)
		}
		most := max(4, 2*length, min(8, 8*len(raw)/size))
		if length >= 8 {
			most += most / 4 // sizes of allocations are coarse
		}
		if cap(list) > most && size > 1 {
			t.Errorf("%d elements like %.20s have room for %d, want at most %d", length, element, cap(list), most)
		}
	}
}
