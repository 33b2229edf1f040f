package plan_test

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/plan"
)

type many struct {
	B    bool           `json:"b"`
	I    int8           `json:"i"`
	U    uint           `json:"u"`
	F    float32        `json:"f"`
	Q    int            `json:"q,string"`
	S    string         `json:"s"`
	At   time.Time      `json:"at"`
	Data []byte         `json:"data"`
	Two  [2]byte        `json:"two"`
	List []int          `json:"list"`
	Pair [2]*pair       `json:"pair"`
	Map  map[string]int `json:"map"`
	Any  any            `json:"any"`
	Own  witness        `json:"own"`
	Opt  *int           `json:"opt"`
	Zero int            `json:"zero,omitzero"`
	Def  int            `json:"def" default:"1"`
}

type ring struct {
	Next [1]*ring `json:"next"`
}

// touchy panics when it is asked.
type touchy struct{ X *int }

func (t touchy) Validate() error {
	_ = *t.X
	return nil
}

func TestExample_isWhatACallerCouldSend(t *testing.T) {
	tests := []struct {
		of   reflect.Type
		want string
	}{
		{reflect.TypeFor[pair](), `{"a":1,"b":1}`},
		{reflect.TypeFor[*pair](), `{"a":1,"b":1}`},
		{reflect.TypeFor[many](), `{"b":false,"i":1,"u":1,"f":1,"q":"1","s":"text","at":"2026-01-02T15:04:05Z",` +
			`"data":"dGV4dA==","two":"AAA=","list":[],"pair":[{"a":1,"b":1},{"a":1,"b":1}],"map":{},"any":null,"own":null}`},
		{reflect.TypeFor[struct{ A *int }](), `{}`},
		{reflect.TypeFor[struct{}](), ""},
		{reflect.TypeFor[any](), ""},
		{reflect.TypeFor[json.RawMessage](), ""},
		{reflect.TypeFor[witness](), ""},
		{reflect.TypeFor[[]string](), `["text"]`},
		{reflect.TypeFor[[2]float64](), `[1,1]`},
		{reflect.TypeFor[map[string]int](), `{}`},
		{reflect.TypeFor[[1000][1000][1000][1000]int](), ""},
		{reflect.TypeFor[struct{ A [1 << 36]byte }](), ""},
		{
			reflect.TypeFor[ring](),
			`{"next":[{"next":[{"next":[null]}]}]}`,
		},
	}
	for _, test := range tests {
		params, err := plan.CompileParams(test.of)
		if err != nil {
			t.Fatal(err)
		}
		example := params.Example()
		if string(example) != test.want {
			t.Errorf("Example of %v = %s, want %s", test.of, example, test.want)
		}
		if test.want == "" {
			continue
		}
		if faults := params.Decode(example, reflect.New(test.of).Elem()); faults != nil {
			t.Errorf("Example of %v, %s, has the faults %v", test.of, example, faults)
		}
	}
	for _, of := range []reflect.Type{reflect.TypeFor[struct{ A touchy }](), reflect.TypeFor[touchy]()} {
		params, err := plan.CompileParams(of)
		if err != nil {
			t.Fatal(err)
		}
		if got := params.Example(); got != nil {
			t.Errorf("Example of %v, which panics, = %s, want none", of, got)
		}
	}
	params, err := plan.CompileParams(reflect.TypeFor[struct{ A netip.Addr }]())
	if err != nil {
		t.Fatal(err)
	}
	if got := params.Example(); got != nil {
		t.Errorf("Example of a type that takes few texts = %s, want none", got)
	}
}
