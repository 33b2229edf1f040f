package plan_test

import (
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/jacinth-rpc/jacinth/internal/plan"
)

type (
	endless   *endless
	stringish string
	hidden    struct{ X int }
	alsoX     struct{ X int }
	deepX     struct{ alsoX }
	unseen    struct{ x int }
	number    int
	plainMap  map[string]int
	selfish   struct {
		A    int
		Self *selfish `default:"{}"`
	}
	sneaky struct {
		Other *other `default:"{\"List\":[]}"`
	}
	other struct {
		List []sneaky `default:"[{}]"`
	}
	arrayed struct {
		One [1]*arrayed `default:"[{}]"`
	}
	mapped struct {
		Map map[string]mapped `default:"{\"a\":{}}"`
	}
	texted   struct{ X int }
	zeroable struct{ X int }
	keyText  string
)

func (texted) MarshalText() ([]byte, error)  { return nil, nil }
func (zeroable) IsZero() bool                { return true }
func (keyText) MarshalText() ([]byte, error) { return nil, nil }

// structOf returns a struct type with fields of the type int, given by name and tag. The mistakes in such tags are
// ones that go vet would find in a type that is written down.
func structOf(namesAndTags ...string) reflect.Type {
	var fields []reflect.StructField
	for pair := range slices.Chunk(namesAndTags, 2) {
		f := reflect.StructField{Name: pair[0], Tag: reflect.StructTag(pair[1]), Type: reflect.TypeFor[int]()}
		if f.Name == strings.ToLower(f.Name) {
			f.PkgPath = "example.org/unexported"
		}
		fields = append(fields, f)
	}
	return reflect.StructOf(fields)
}

func TestCompileParams_refuses(t *testing.T) {
	_ = unseen{}.x
	tests := []struct {
		of   reflect.Type
		want string // the beginning of the error
	}{
		{reflect.TypeFor[int](), "type int cannot be the params of a method, which are an object or an array in JSON: "},
		{reflect.TypeFor[string](), "type string cannot be the params"},
		{reflect.TypeFor[[]byte](), "type []uint8 cannot be the params"},
		{reflect.TypeFor[time.Time](), "type time.Time cannot be the params"},
		{reflect.TypeFor[**pair](), "type *plan_test.pair cannot be the params"},
		{reflect.TypeFor[io.Reader](), "type io.Reader is an interface with methods"},
		{reflect.TypeFor[time.Duration](), "type time.Duration has no JSON form of its own"},
		{reflect.TypeFor[chan int](), "type chan int has no JSON form"},
		{reflect.TypeFor[unseen](), "type plan_test.unseen has no exported field"},
		{reflect.TypeFor[struct{ Wait time.Duration }](), "field Wait (time.Duration) has no JSON form of its own: " +
			"use an integer of milliseconds, or a type with MarshalText and UnmarshalText"},
		{reflect.TypeFor[struct{ Waits []*time.Duration }](), "field Waits (time.Duration) has no JSON form of its own"},
		{reflect.TypeFor[struct {
			A struct{ B []struct{ C func() } }
		}](), "field A.B.C (func()) has no JSON form: "},
		{reflect.TypeFor[struct{ A complex128 }](), "field A (complex128) has no JSON form"},
		{reflect.TypeFor[struct{ A unsafe.Pointer }](), "field A (unsafe.Pointer) has no JSON form"},
		{reflect.TypeFor[struct{ A error }](), "field A (error) is an interface with methods"},
		{reflect.TypeFor[struct{ A json.Number }](), "field A (json.Number) has not the same JSON form in all Go releases"},
		{reflect.TypeFor[struct{ A endless }](), "field A (plan_test.endless) is a pointer that leads to nothing"},
		{reflect.TypeFor[struct{ A map[bool]int }](), "field A (bool) cannot be the key of a map"},
		{reflect.TypeFor[struct{ A map[any]int }](), "field A (interface {}) cannot be the key of a map"},
		{reflect.TypeFor[struct{ A map[*int]int }](), "field A (*int) cannot be the key of a map"},
		{reflect.TypeFor[struct{ A map[pair]int }](), "field A (plan_test.pair) cannot be the key of a map"},
		{reflect.TypeFor[struct{ A map[time.Duration]int }](), "field A (time.Duration) has no JSON form of its own"},
		{reflect.TypeFor[struct{ A map[string]chan int }](), "field A (chan int) has no JSON form"},
		{reflect.TypeFor[struct{ A [2]chan int }](), "field A (chan int) has no JSON form"},

		{reflect.TypeFor[struct {
			A int `json:"a,case:ignore"`
		}](), `field A (int) has the json tag option "case:ignore", and names in params are exact`},
		{reflect.TypeFor[struct {
			A time.Duration `json:"a,format:sec"`
		}](), `field A (time.Duration) has the json tag option "format", which json/v2 no longer has`},
		{reflect.TypeFor[struct {
			A string `json:"a,string"`
		}](), `field A (string) has the json tag option "string", which is for numbers`},
		{reflect.TypeFor[struct {
			A *string `json:",string"`
		}](), `field A (*string) has the json tag option "string", which is for numbers`},
		{reflect.TypeFor[struct {
			texted `json:"t"`
		}](), "field texted (plan_test.texted) is embedded and unexported"},
		{reflect.TypeFor[struct {
			zeroable `json:"z,omitzero"`
		}](), "field zeroable (plan_test.zeroable) is embedded and unexported"},
		{reflect.TypeFor[struct {
			A map[keyText]int `json:",embed"`
		}](), "field A (map[plan_test.keyText]int) cannot be embedded"},
		{reflect.TypeFor[struct {
			A int `json:"a,1b"`
		}](), `field A (int) has the json tag option "1b", which is not a word`},
		{reflect.TypeFor[struct {
			A int `json:"\xff"`
		}](), `field A (int) has the name "\xff" in its json tag`},
		{reflect.TypeFor[struct {
			A []int `json:",string"`
		}](), `field A ([]int) has the json tag option "string", which is for numbers`},
		{reflect.TypeFor[struct {
			A time.Time `json:",string"`
		}](), `field A (time.Time) has the json tag option "string", which is for numbers`},
		{reflect.TypeFor[struct {
			A int `json:"'a b'"`
		}](), `field A (int) has the name "'a b'" in its json tag, which json/v2 refuses`},
		{reflect.TypeFor[struct {
			A int `json:"a,"`
		}](), `field A (int) has the json tag option "", which is not a word`},
		{reflect.TypeFor[struct {
			A int `json:"a,omitEmpty"`
		}](), `field A (int) has the json tag option "omitEmpty": write "omitempty"`},
		{reflect.TypeFor[struct {
			A int `json:"a,omit_zero"`
		}](), `field A (int) has the json tag option "omit_zero": write "omitzero"`},
		{reflect.TypeFor[struct {
			A int `json:"a,omitzero:1"`
		}](), `field A (int) has the json tag option "omitzero" with a value`},
		{reflect.TypeFor[struct {
			A int `json:"a,case"`
		}](), `field A (int) has the json tag option "case" with a value that it does not take, or without one`},
		{reflect.TypeFor[struct {
			A int `json:"a,omitzero,omitzero"`
		}](), `field A (int) has the json tag option "omitzero" twice`},
		{structOf("a", `json:"a"`), "field a (int) is unexported and yet has the tag"},
		{structOf("A", `json:"x"`, "B", `json:"x"`), `field B (int) has the JSON name "x", as A has: rename one of them`},
		{reflect.TypeFor[struct {
			X int
			B int `json:"X"`
		}](), `field B (int) has the JSON name "X", as X has`},
		{reflect.TypeFor[struct {
			hidden
			alsoX
		}](), `field alsoX.X (int) has the JSON name "X", as hidden.X has`},
		{reflect.TypeFor[struct{ *hidden }](), "field hidden.X (int) is reached through a pointer to an unexported struct"},
		{reflect.TypeFor[struct {
			*hidden `json:"h"`
		}](), "field hidden (*plan_test.hidden) is reached through a pointer to an unexported struct"},
		{reflect.TypeFor[struct{ unseen }](), "field unseen (plan_test.unseen) has no exported field"},
		{reflect.TypeFor[struct{ stringish }](), "field stringish (plan_test.stringish) cannot be embedded"},
		{reflect.TypeFor[struct {
			number `json:"n"`
		}](), "field number (plan_test.number) is embedded and unexported"},
		{reflect.TypeFor[struct {
			Rest map[string]int `json:",embed"`
		}](), "field Rest (map[string]int) would take members of any name"},
		{reflect.TypeFor[struct {
			Rest jsontext.Value `json:",embed"`
		}](), "field Rest (jsontext.Value) would take members of any name"},
		{reflect.TypeFor[struct {
			plainMap `json:",embed"`
		}](), "field plainMap (plan_test.plainMap) is embedded and unexported"},
		{reflect.TypeFor[struct {
			A pair `json:"a,embed"`
		}](), "field A (plan_test.pair) is embedded and can have no other json tag option"},
		{reflect.TypeFor[struct {
			A []int `json:",embed"`
		}](), "field A ([]int) cannot be embedded"},
		{reflect.TypeFor[struct {
			pair `default:"{}"`
		}](), "field pair (plan_test.pair) is embedded and cannot have the tag \"default\""},
		{reflect.TypeFor[struct {
			A witness `json:",embed"`
		}](), "field A (plan_test.witness) is embedded and has its own JSON methods"},

		{reflect.TypeFor[struct {
			A int `default:"x"`
		}](), `field A (int) has the default "x", which is not JSON`},
		{reflect.TypeFor[struct {
			In []struct {
				A int8 `default:"300"`
			}
		}](), `field In.A (int8) has the default "300", ` +
			"which the field does not take: it must be integer from -128 to 127"},
		{reflect.TypeFor[struct {
			A *int `default:"\"1\""`
		}](), `field A (*int) has the default "\"1\"", which the field does not take: it must be integer`},
		{reflect.TypeFor[struct {
			A time.Time `default:"noon"`
		}](), `field A (time.Time) has the default "noon", which the field does not take: it must be date and time`},
		{reflect.TypeFor[struct {
			A pair `default:"{\"a\":1}"`
		}](), `field A (plan_test.pair) has the default "{\"a\":1}", which the field does not take: rule "required" at "/b"`},
		{reflect.TypeFor[arrayed](), `field One ([1]*plan_test.arrayed) has the default "[{}]", which holds the struct`},
		{reflect.TypeFor[mapped](), "field Map (map[string]plan_test.mapped) has the default"},
		{reflect.TypeFor[selfish](), `field Self (*plan_test.selfish) has the default "{}", which holds the struct`},
		{reflect.TypeFor[sneaky](), `field Other.List ([]plan_test.sneaky) has the default "[{}]", which holds the struct`},
	}
	for _, test := range tests {
		_, err := plan.CompileParams(test.of)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("CompileParams(%v) =\n\t%v, want\n\t%v…", test.of, err, test.want)
		}
	}
}

func TestCompileParams_settlesNamesAsGoDoes(t *testing.T) {
	type shallow struct {
		X int
		deepX
		hidden
	}
	check(t, []decoded[shallow]{{raw: `[5]`, want: shallow{X: 5}}})
	type Tagged struct {
		Y int `json:"X"`
	}
	type tagWins struct {
		hidden
		Tagged
	}
	check(t, []decoded[tagWins]{{raw: `{"X":5}`, want: tagWins{Tagged: Tagged{Y: 5}}}})
	type Chain struct {
		*Chain
		Z int
	}
	check(t, []decoded[Chain]{{raw: `[5]`, want: Chain{Z: 5}}})
}

func TestCompileParams_readsTags(t *testing.T) {
	type tags struct {
		A int `json:"a b"`
		B int `json:"-,omitzero"`
		C int `json:"-"`
		D int `json:",case:strict"`
		E int `json:"é,future,omitempty"`
		F int `json:""`
		G int `xml:"g"`
		h int
	}
	check(t, []decoded[tags]{
		{raw: `{"a b":1,"-":2,"D":4,"\u00e9":5,"F":6,"G":7}`, want: tags{A: 1, B: 2, D: 4, E: 5, F: 6, G: 7, h: 0}},
		{raw: `{"C":1,"h":1}`, faults: []string{
			"/C | unknown |  | ", "/h | unknown |  | ", "/a b | required | integer | ",
			"/D | required | integer | ", "/F | required | integer | ", "/G | required | integer | ",
		}},
	})
}

func TestCompileParams_takesAnUnexportedEmbeddedStructWithAName(t *testing.T) {
	type named struct {
		hidden `json:"h"`
	}
	check(t, []decoded[named]{
		{raw: `{"h":{"X":1}}`, want: named{hidden{1}}},
		{raw: `{"h":null}`, faults: []string{"/h | type | object | null"}},
	})
}
