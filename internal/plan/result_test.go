package plan_test

import (
	"encoding/json"
	"io"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/plan"
)

// mute encodes itself and would refuse its zero value.
type mute struct{ c chan int }

func (m mute) MarshalText() ([]byte, error) {
	if m.c == nil {
		return nil, io.ErrUnexpectedEOF
	}
	return []byte("mute"), nil
}

type rest struct {
	A int
	M map[string]any `json:",embed"`
}

type result struct {
	person
	*hidden
	At    time.Time
	Any   any
	Err   error
	Keys  map[netip.Addr][]*result
	Ints  map[int]*big.Int
	Loose map[any]string
	Refs  map[*string]int
	Bytes map[[2]byte][]byte
	Quote *int     `json:",string"`
	Own   *big.Int `json:",string"`
	Case  int      `json:",case:ignore"`
	Skip  chan int `json:"-"`
	Rest  rest     `json:"rest"`
	Ring  ring     `json:"ring"`
	Raw   *json.RawMessage
	Value jsontext.Value
}

func TestCompileResult_acceptsWhatCanBeEncoded(t *testing.T) {
	types := []reflect.Type{
		reflect.TypeFor[int](), reflect.TypeFor[string](), reflect.TypeFor[*pair](), reflect.TypeFor[[]byte](),
		reflect.TypeFor[result](), reflect.TypeFor[tree](), reflect.TypeFor[any](), reflect.TypeFor[io.Reader](),
		reflect.TypeFor[struct{}](), reflect.TypeFor[map[string]forests](), reflect.TypeFor[time.Time](),
	}
	for _, of := range types {
		if _, err := plan.CompileResult(of); err != nil {
			t.Errorf("CompileResult(%v) = %v, want none", of, err)
		}
		if err := codec.CheckEncodable(of); err != nil {
			t.Errorf("%v cannot be encoded after all: %v", of, err)
		}
	}
	if _, err := plan.CompileResult(reflect.TypeFor[mute]()); err != nil {
		t.Errorf("CompileResult of a type that encodes itself = %v, want none", err)
	}
}

func TestCompileResult_refuses(t *testing.T) {
	tests := []struct {
		of   reflect.Type
		want string // the beginning of the error
	}{
		{reflect.TypeFor[chan int](), "type chan int has no JSON form"},
		{reflect.TypeFor[[]func()](), "type func() has no JSON form"},
		{reflect.TypeFor[time.Duration](), "type time.Duration has no JSON form of its own"},
		{reflect.TypeFor[struct{ A *[2]complex64 }](), "field A (complex64) has no JSON form"},
		{reflect.TypeFor[struct{ A map[time.Duration]int }](), "field A (time.Duration) has no JSON form"},
		{reflect.TypeFor[struct{ A map[json.Number]int }](), "field A (json.Number) has not the same"},
		{reflect.TypeFor[struct{ A json.Number }](), "field A (json.Number) has not the same"},
		{reflect.TypeFor[struct{ A map[bool]int }](), "field A (bool) cannot be the key of a map"},
		{reflect.TypeFor[struct{ A map[pair]int }](), "field A (plan_test.pair) cannot be the key of a map"},
		{reflect.TypeFor[struct{ A map[string]chan int }](), "field A (chan int) has no JSON form"},
		{reflect.TypeFor[struct{ A endless }](), "field A (plan_test.endless) is a pointer that leads to nothing"},
		{reflect.TypeFor[struct{ A struct{ B unseen } }](), "field A.B (plan_test.unseen) has no exported field"},
		{reflect.TypeFor[struct {
			A string `json:",string"`
		}](), `field A (string) has the json tag option "string"`},
		{reflect.TypeFor[struct {
			A any `json:",string"`
		}](), `field A (interface {}) has the json tag option "string"`},
		{reflect.TypeFor[struct {
			A time.Time `json:",string"`
		}](), `field A (time.Time) has the json tag option "string"`},
		{reflect.TypeFor[struct {
			A json.Marshaler `json:",string"`
		}](), `field A (json.Marshaler) has the json tag option "string"`},
		{reflect.TypeFor[struct {
			A endless `json:",string"`
		}](), "field A (plan_test.endless) is a pointer that leads to nothing"},
		{reflect.TypeFor[struct {
			A time.Time `json:",format:RFC3339"`
		}](), `field A (time.Time) has the json tag option "format"`},
		{structOf("A", `json:"x"`, "B", `json:"x"`), `field B (int) has the JSON name "x", as A has`},
		{reflect.TypeFor[struct {
			hidden
			alsoX
		}](), `field alsoX.X (int) has the JSON name "X", as hidden.X has`},
		{reflect.StructOf([]reflect.StructField{
			{Name: "X", Type: reflect.TypeFor[int]()},
			{Name: "D", Type: structOf("A", `json:"X"`, "B", `json:"X"`), Tag: `json:",embed"`},
		}), `field D.B (int) has the JSON name "X", as D.A has`},
		{reflect.TypeFor[struct {
			A map[string]int `json:",embed"`
			B jsontext.Value `json:",embed"`
		}](), "field B (jsontext.Value) takes all unknown members, as A does"},
		{reflect.TypeFor[struct {
			A map[string]chan int `json:",embed"`
		}](), "field A (chan int) has no JSON form"},
	}
	for _, test := range tests {
		_, err := plan.CompileResult(test.of)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("CompileResult(%v) =\n\t%v, want\n\t%v…", test.of, err, test.want)
		}
	}
}
