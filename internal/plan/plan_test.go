package plan_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/plan"
)

// decode decodes raw into a T. Faults are lines of path, rule, what was expected and what was got.
func decode[T any](t *testing.T, raw string) (T, []string) {
	t.Helper()
	params, err := plan.CompileParams(reflect.TypeFor[T]())
	if err != nil {
		t.Fatalf("CompileParams(%v) = %v, want none", reflect.TypeFor[T](), err)
	}
	var value T
	return value, lines(params.Decode([]byte(raw), reflect.ValueOf(&value).Elem()))
}

func lines(faults []plan.Fault) []string {
	var lines []string
	for _, f := range faults {
		lines = append(lines, fmt.Sprintf("%s | %s | %s | %s", f.Path, f.Rule, f.Expected, f.Got))
	}
	return lines
}

// decoded is what a test wants of decode: a value, or the lines of its faults.
type decoded[T any] struct {
	raw    string
	want   T
	faults []string
}

func check[T any](t *testing.T, tests []decoded[T]) {
	t.Helper()
	params, err := plan.CompileParams(reflect.TypeFor[T]())
	if err != nil {
		t.Fatalf("CompileParams(%v) = %v, want none", reflect.TypeFor[T](), err)
	}
	for _, test := range tests {
		var value T
		faults := lines(params.Decode([]byte(test.raw), reflect.ValueOf(&value).Elem()))
		if !slices.Equal(faults, test.faults) {
			t.Errorf("Decode(%s) has the faults\n%s\nwant\n%s", test.raw,
				strings.Join(faults, "\n"), strings.Join(test.faults, "\n"))
		}
		if test.faults == nil && !reflect.DeepEqual(value, test.want) {
			t.Errorf("Decode(%s) = %#v, want %#v", test.raw, value, test.want)
		}
	}
}

type person struct {
	Name string  `json:"name"`
	Age  int     `json:"age"`
	Nick *string `json:"nick"`
	City string  `json:"city,omitempty"`
}

func TestDecode_takesAStructByName(t *testing.T) {
	ada := person{Name: "Ada", Age: 36}
	check(t, []decoded[person]{
		{raw: `{"name":"Ada","age":36}`, want: ada},
		{raw: `{"age":36,"name":"Ada"}`, want: ada},
		{raw: " {\n\t\"name\" : \"Ada\" ,\r\n \"age\" : 36 } ", want: ada},
		{raw: `{"\u006eame":"\u0041da","age":36,"nick":null}`, want: ada},
		{raw: `{"name":"Ada","age":36,"nick":"A","city":"London"}`, want: person{"Ada", 36, new("A"), "London"}},
		{raw: `{}`, faults: []string{"/name | required | string | ", "/age | required | integer | "}},
		{raw: `{"age":1}`, faults: []string{"/name | required | string | "}},
		{raw: `{"Name":"Ada","age":36}`, faults: []string{"/Name | unknown |  | ", "/name | required | string | "}},
		{raw: `{"name":"Ada","age":36,"x":[{"name":1}],"x":2}`, faults: []string{"/x | unknown |  | "}},
		{raw: `{"name":"Ada","age":36,"a/b~c":1}`, faults: []string{"/a~1b~0c | unknown |  | "}},
		{raw: `{"name":"Ada","\u006eame":"Bob","age":36,"name":[]}`, faults: []string{"/name | duplicate |  | "}},
		{raw: `{"name":1,"age":"x","nick":{},"z":0}`, faults: []string{
			"/name | type | string | 1", `/age | type | integer | "x"`, "/nick | type | string | {}", "/z | unknown |  | ",
		}},
		{raw: `1`, faults: []string{" | type | object or array | 1"}},
		{raw: `"x"`, faults: []string{` | type | object or array | "x"`}},
	})
}

func TestDecode_takesAStructByPosition(t *testing.T) {
	check(t, []decoded[person]{
		{raw: `["Ada",36]`, want: person{Name: "Ada", Age: 36}},
		{raw: ` [ "Ada" , 36 , null ] `, want: person{Name: "Ada", Age: 36}},
		{raw: `["Ada",36,"A","London"]`, want: person{"Ada", 36, new("A"), "London"}},
		{raw: `[]`, faults: []string{"/0 | required | string | ", "/1 | required | integer | "}},
		{raw: `["Ada"]`, faults: []string{"/1 | required | integer | "}},
		{raw: `[36,"Ada"]`, faults: []string{"/0 | type | string | 36", `/1 | type | integer | "Ada"`}},
		{raw: `["Ada",36,null,"",5,6]`, faults: []string{` | position | array of at most 4 | ["Ada",36,null,"",5,6]`}},
	})
}

func TestDecode_takesAPointerToAStruct(t *testing.T) {
	check(t, []decoded[*pair]{
		{raw: `{"a":1,"b":2}`, want: &pair{1, 2}},
		{raw: `[1,2]`, want: &pair{1, 2}},
		{raw: ``, faults: []string{"/a | required | integer | ", "/b | required | integer | "}},
	})
}

func TestDecode_takesAbsentParams(t *testing.T) {
	type optional struct {
		A *int
		B int `default:"7"`
	}
	for _, raw := range []string{"", " ", "null", " null "} {
		check(t, []decoded[person]{{raw: raw, faults: []string{
			"/name | required | string | ", "/age | required | integer | ",
		}}})
		check(t, []decoded[optional]{{raw: raw, want: optional{B: 7}}})
		check(t, []decoded[*optional]{{raw: raw, want: &optional{B: 7}}})
		check(t, []decoded[struct{}]{{raw: raw}})
		check(t, []decoded[[]int]{{raw: raw, want: []int{}}})
		check(t, []decoded[[2]int]{{raw: raw, faults: []string{" | required | array of 2 | "}}})
		check(t, []decoded[[0]int]{{raw: raw}})
		check(t, []decoded[map[string]int]{{raw: raw, want: map[string]int{}}})
		check(t, []decoded[any]{{raw: raw}})
		check(t, []decoded[json.RawMessage]{{raw: raw}})
		check(t, []decoded[witness]{{raw: raw, want: witness{"null"}}})
	}
}

// witness keeps the JSON that it was handed.
type witness struct{ text string }

func (w *witness) UnmarshalJSON(text []byte) error {
	w.text = string(text)
	if w.text == `"refuse"` {
		return fmt.Errorf("secret: %s", text)
	}
	return nil
}

func TestDecode_takesNoParamsForAnEmptyStruct(t *testing.T) {
	check(t, []decoded[struct{}]{
		{raw: `{}`},
		{raw: `[]`},
		{raw: `[1]`, faults: []string{" | position | array of at most 0 | [1]"}},
		{raw: `{"a":1}`, faults: []string{"/a | unknown |  | "}},
	})
	type ignoring struct {
		Hidden int `json:"-"`
	}
	check(t, []decoded[ignoring]{{raw: `{}`}, {raw: `{"Hidden":1}`, faults: []string{"/Hidden | unknown |  | "}}})
}

func TestDecode_takesAListByPosition(t *testing.T) {
	check(t, []decoded[[]float64]{
		{raw: `[1,2.5,3]`, want: []float64{1, 2.5, 3}},
		{raw: `[]`, want: []float64{}},
		{raw: `{"a":1}`, faults: []string{` | type | array | {"a":1}`}},
		{raw: `[1,"x",null]`, faults: []string{`/1 | type | number | "x"`, "/2 | type | number | null"}},
	})
	check(t, []decoded[[2]string]{
		{raw: `["a","b"]`, want: [2]string{"a", "b"}},
		{raw: `["a"]`, faults: []string{` | type | array of 2 | ["a"]`}},
		{raw: `["a","b","c"]`, faults: []string{` | type | array of 2 | ["a","b","c"]`}},
		{raw: `[1]`, faults: []string{"/0 | type | string | 1", " | type | array of 2 | [1]"}},
	})
}

func TestDecode_takesAMapByName(t *testing.T) {
	check(t, []decoded[map[string]int]{
		{raw: `{"a":1,"\u0062":2,"":3}`, want: map[string]int{"a": 1, "b": 2, "": 3}},
		{raw: `{}`, want: map[string]int{}},
		{raw: `[1]`, faults: []string{" | type | object | [1]"}},
		{raw: `{"a":1,"\u0061":2,"b":"x","a":3}`, faults: []string{"/a | duplicate |  | ", `/b | type | integer | "x"`}},
	})
}

func TestDecode_handsParamsWholeToTypesThatTakeAnything(t *testing.T) {
	for _, raw := range []string{`{"a": [1, {}]}`, `[1, "x"]`} {
		check(t, []decoded[json.RawMessage]{{raw: raw, want: json.RawMessage(raw)}})
		check(t, []decoded[witness]{{raw: raw, want: witness{raw}}})
		check(t, []decoded[*witness]{{raw: raw, want: &witness{raw}}})
	}
	check(t, []decoded[any]{{raw: `{"a":[1,null]}`, want: map[string]any{"a": []any{1.0, nil}}}})
	check(t, []decoded[json.RawMessage]{{raw: `{"a":{"b":1,"b":2}}`, faults: []string{"/a/b | duplicate |  | "}}})
}

func TestDecode_copiesRawParams(t *testing.T) {
	raw := []byte(`{"a":1}`)
	params, err := plan.CompileParams(reflect.TypeFor[json.RawMessage]())
	if err != nil {
		t.Fatal(err)
	}
	var value json.RawMessage
	params.Decode(raw, reflect.ValueOf(&value).Elem())
	clear(raw)
	if string(value) != `{"a":1}` {
		t.Errorf("the value became %q when the body was overwritten", value)
	}
}

type base struct {
	ID   int    `json:"id"`
	Kind string `json:"kind,omitzero"`
}

type paging struct {
	Limit int `json:"limit" default:"20"`
	Page  *int
}

// Paging is paging with a name that can be set through a pointer.
type Paging paging

type embedding struct {
	base
	*Paging
	Inner struct {
		X int `json:"x"`
	} `json:",embed"`
	Kind []string `json:"kind"`
}

func TestDecode_inlinesEmbeddedStructs(t *testing.T) {
	var bare, paged embedding
	bare.ID, bare.Inner.X, bare.Kind = 1, 2, []string{"a"}
	paged = bare
	paged.Paging = &Paging{Limit: 20, Page: new(3)}
	check(t, []decoded[embedding]{
		{raw: `{"id":1,"x":2,"kind":["a"]}`, want: bare},
		{raw: `{"id":1,"x":2,"kind":["a"],"Page":3}`, want: paged},
		{raw: `[1,20,3,2,["a"]]`, want: paged},
		{raw: `{}`, faults: []string{
			"/id | required | integer | ", "/x | required | integer | ", "/kind | required | array | ",
		}},
		{raw: `{"base":{}}`, faults: []string{
			"/base | unknown |  | ",
			"/id | required | integer | ", "/x | required | integer | ", "/kind | required | array | ",
		}},
	})
}

type tree struct {
	Value int     `json:"value"`
	Left  *tree   `json:"left"`
	Kids  []tree  `json:"kids,omitempty"`
	Named forests `json:"named,omitempty"`
}

type forests map[string][]tree

func TestDecode_followsRecursiveTypes(t *testing.T) {
	check(t, []decoded[tree]{
		{raw: `{"value":1,"left":{"value":2,"kids":[{"value":3}]},"named":{"a":[{"value":4}]}}`, want: tree{
			Value: 1, Left: &tree{Value: 2, Kids: []tree{{Value: 3}}}, Named: forests{"a": {{Value: 4}}},
		}},
		{raw: `{"value":1,"left":{"kids":[{"value":"x"},{}]},"named":{"a/b":[{"y":0}]}}`, faults: []string{
			`/left/kids/0/value | type | integer | "x"`,
			"/left/kids/1/value | required | integer | ",
			"/left/value | required | integer | ",
			"/named/a~1b/0/y | unknown |  | ",
			"/named/a~1b/0/value | required | integer | ",
		}},
	})
}

func TestDecode_readsEveryKindOfField(t *testing.T) {
	type all struct {
		B    bool
		I8   int8
		I16  int16
		I32  int32
		I64  int64
		U    uint
		U8   uint8
		U16  uint16
		U32  uint32
		U64  uint64
		Ptr  uintptr
		F32  float32
		F64  float64
		S    string
		At   time.Time
		Raw  json.RawMessage
		Any  any
		PP   **int
		Data []byte
		Four [4]byte
		Own  witness
	}
	raw := `{"B":true,"I8":-128,"I16":-32768,"I32":-2147483648,"I64":-9223372036854775808,"U":1,"U8":255,"U16":65535,
		"U32":4294967295,"U64":18446744073709551615,"Ptr":7,"F32":1.5,"F64":-0.25,"S":"x","At":"2026-01-02T15:04:05Z",
		"Raw":{"a": null},"Any":[1],"PP":5,"Data":"AQI=","Four":"AQIDBA==","Own":null}`
	check(t, []decoded[all]{{raw: raw, want: all{
		true, -128, -32768, -2147483648, -9223372036854775808, 1, 255, 65535, 4294967295, 18446744073709551615, 7,
		1.5, -0.25, "x", time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), json.RawMessage(`{"a": null}`),
		[]any{1.0},
		new(new(5)),
		[]byte{1, 2},
		[4]byte{1, 2, 3, 4},
		witness{"null"},
	}}})
}

func TestDecode_findsMembersOfAWideStruct(t *testing.T) {
	var fields []reflect.StructField
	for i := range 150 {
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: reflect.TypeFor[int]()})
	}
	wide := reflect.StructOf(fields)
	params, err := plan.CompileParams(wide)
	if err != nil {
		t.Fatal(err)
	}
	var members []string
	for i := range 150 {
		members = append(members, fmt.Sprintf(`"F%d":%d`, 149-i, 149-i))
	}
	into := reflect.New(wide).Elem()
	if faults := params.Decode([]byte("{"+strings.Join(members, ",")+"}"), into); faults != nil {
		t.Fatalf("Decode has the faults %v, want none", faults)
	}
	for i := range 150 {
		if got := into.Field(i).Int(); got != int64(i) {
			t.Errorf("field %d = %d, want %d", i, got, i)
		}
	}
	faults := params.Decode([]byte("{"+strings.Join(members[1:], ",")+`,"F70":1}`), reflect.New(wide).Elem())
	want := []string{"/F70 | duplicate |  | ", "/F149 | required | integer | "}
	if got := lines(faults); !slices.Equal(got, want) {
		t.Errorf("Decode has the faults %v, want %v", got, want)
	}
}

func TestDecode_allocatesNothingOfItsOwn(t *testing.T) {
	params, err := plan.CompileParams(reflect.TypeFor[pair]())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`{"a":1,"b":2}`, `{"b":1.0,"\u0061":2e1}`, `[1,2]`} {
		raw := []byte(text)
		var value pair
		into := reflect.ValueOf(&value).Elem()
		allocs := testing.AllocsPerRun(100, func() {
			if params.Decode(raw, into) != nil {
				t.Fatalf("Decode(%s) has faults", raw)
			}
		})
		if allocs != 0 {
			t.Errorf("Decode(%s) allocates %v times, want 0", raw, allocs)
		}
	}
}
