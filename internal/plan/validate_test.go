package plan_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/plan"
)

// period is right when it ends after it begins.
type period struct {
	From int `json:"from" min:"0"`
	To   int `json:"to"`
}

var errPeriod = errors.New("to must not be less than from")

func (p period) Validate() error {
	if p.To < p.From {
		return errPeriod
	}
	return nil
}

// shout must be in capitals. Its method has a pointer for its receiver, and says which value it was asked about.
type shout string

func (s *shout) Validate() error {
	if strings.ToUpper(string(*s)) != string(*s) {
		return errors.New(string(*s) + " is not loud")
	}
	return nil
}

// faultsOf decodes raw into a T and returns lines of path, rule, what is expected and the text of the cause.
func faultsOf[T any](t *testing.T, raw string) []string {
	t.Helper()
	params, err := plan.CompileParams(reflect.TypeFor[T]())
	if err != nil {
		t.Fatalf("CompileParams(%v) = %v, want none", reflect.TypeFor[T](), err)
	}
	var value T
	var lines []string
	for _, fault := range params.Decode([]byte(raw), reflect.ValueOf(&value).Elem()) {
		line := fault.Path + " | " + fault.Rule + " | " + fault.Expected
		if fault.Cause != nil {
			line += fault.Cause.Error()
		}
		lines = append(lines, line)
	}
	return lines
}

func TestDecode_asksParamsWhetherTheyAreRight(t *testing.T) {
	for raw, want := range map[string][]string{
		`{"from":1,"to":2}`:   nil,
		`[1,2]`:               nil,
		`{"from":2,"to":1}`:   {" | validate | to must not be less than from"},
		`[2,1]`:               {" | validate | to must not be less than from"},
		`{"from":-1,"to":-2}`: {"/from | min | at least 0"},
		`{"from":1}`:          {"/to | required | integer"},
	} {
		if got := faultsOf[period](t, raw); !slices.Equal(got, want) {
			t.Errorf("Decode(%s) has the faults %q, want %q", raw, got, want)
		}
		if got := faultsOf[*period](t, raw); !slices.Equal(got, want) {
			t.Errorf("Decode(%s) into a pointer has the faults %q, want %q", raw, got, want)
		}
	}
	if got, want := faultsOf[demanding](t, ""), []string{" | validate | empty"}; !slices.Equal(got, want) {
		t.Errorf("Decode of absent params has the faults %q, want %q", got, want)
	}
	if got, want := faultsOf[unique](t, "[1,2,1]"), []string{" | validate | twice"}; !slices.Equal(got, want) {
		t.Errorf("Decode of a list has the faults %q, want %q", got, want)
	}
}

type demanding struct{ A *int }

func (d demanding) Validate() error {
	if d.A == nil {
		return errors.New("empty")
	}
	return nil
}

type unique []int

func (u unique) Validate() error {
	sorted := slices.Sorted(slices.Values(u))
	if len(slices.Compact(sorted)) < len(u) {
		return errors.New("twice")
	}
	return nil
}

func TestDecode_asksValuesWhereverTheyStand(t *testing.T) {
	type places struct {
		Field  period            `json:"field"`
		Ptr    *period           `json:"ptr"`
		List   []period          `json:"list,omitempty"`
		Array  [1]*shout         `json:"array,omitempty" maxLength:"9"`
		Map    map[string]period `json:"map,omitempty"`
		Keys   map[shout]int     `json:"keys,omitempty"`
		Zero   period            `json:"zero,omitzero"`
		Other  shout             `json:"other" default:"LOUD"`
		Number limit             `json:"number,omitempty,string"`
	}
	right := `{"from":1,"to":1}`
	wrong := `{"from":1,"to":0}`
	verdict := " | validate | to must not be less than from"
	for raw, want := range map[string][]string{
		`{"field":` + right + `}`:                                      nil,
		`{"field":` + right + `,"ptr":null,"array":[null]}`:            nil,
		`{"field":` + wrong + `,"ptr":` + wrong + `}`:                  {"/field" + verdict, "/ptr" + verdict},
		`{"field":` + right + `,"list":[` + right + `,` + wrong + `]}`: {"/list/1" + verdict},
		`{"field":` + right + `,"array":["quiet"]}`:                    {"/array/0 | validate | quiet is not loud"},
		`{"field":` + right + `,"array":["quiet and long"]}`:           {"/array/0 | maxLength | at most 9 characters"},
		`{"field":` + right + `,"map":{"a":` + wrong + `}}`:            {"/map/a" + verdict},
		`{"field":` + right + `,"keys":{"A":1,"b":2}}`:                 {"/keys/b | validate | b is not loud"},
		`{"field":` + right + `,"other":"quiet"}`:                      {"/other | validate | quiet is not loud"},
		`{"field":` + right + `,"number":"11"}`:                        {"/number | validate | too much"},
		`{"field":{"from":1,"to":"x"}}`:                                {"/field/to | type | integer"},
	} {
		if got := faultsOf[places](t, raw); !slices.Equal(got, want) {
			t.Errorf("Decode(%s) has the faults %q, want %q", raw, got, want)
		}
	}
}

type limit int

func (l limit) Validate() error {
	if l > 10 {
		return errors.New("too much")
	}
	return nil
}

// link holds itself, and is asked at each level.
type link struct {
	N    int   `json:"n"`
	Next *link `json:"next"`
}

func (l *link) Validate() error {
	if l.Next != nil && l.Next.N <= l.N {
		return errors.New("not rising")
	}
	return nil
}

func TestDecode_asksTypesThatHoldThemselves(t *testing.T) {
	raw := `{"n":1,"next":{"n":5,"next":{"n":4}}}`
	if got, want := faultsOf[link](t, raw), []string{"/next | validate | not rising"}; !slices.Equal(got, want) {
		t.Errorf("Decode(%s) has the faults %q, want %q", raw, got, want)
	}
}

func TestDecode_asksEmbeddedStructsAsGoDoes(t *testing.T) {
	type promoted struct {
		period
		Name string `json:"name"`
	}
	if got, want := faultsOf[promoted](t, `{"from":2,"to":1,"name":"x"}`), []string{
		" | validate | to must not be less than from",
	}; !slices.Equal(got, want) {
		t.Errorf("Decode has the faults %q, want %q", got, want)
	}
	if got := faultsOf[overriding](t, `{"from":2,"to":1}`); got != nil {
		t.Errorf("Decode of a struct with a method of its own has the faults %q, want none", got)
	}
}

type overriding struct{ period }

func (overriding) Validate() error { return nil }

// Limited has a method, so that two structs with one can be embedded.
type Limited struct {
	L int `json:"l"`
}

func (Limited) Validate() error { return nil }

func TestCompileParams_refusesMethodsThatNobodyCalls(t *testing.T) {
	tests := []struct {
		of   reflect.Type
		want string
	}{
		{reflect.TypeFor[struct {
			period
			Limited
		}](), "field period (plan_test.period) is embedded and has a Validate method, which nobody would call"},
		{reflect.TypeFor[struct{ *Limited }](), "field Limited (*plan_test.Limited) is embedded through a pointer and has " +
			"a Validate method, which would be called without a value"},
		{reflect.TypeFor[struct {
			P period `json:",embed"`
		}](), "field P (plan_test.period) has a Validate method, which nobody would call"},
		{reflect.TypeFor[struct {
			B []struct{ *Limited }
		}](), "field B.Limited (*plan_test.Limited) is embedded through a pointer"},
		{reflect.TypeFor[struct {
			P period `default:"{\"from\":2,\"to\":1}"`
		}](), `field P (plan_test.period) has the default "{\"from\":2,\"to\":1}", which its Validate method refuses: to must not`},
	}
	for _, test := range tests {
		_, err := plan.CompileParams(test.of)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("CompileParams(%v) =\n\t%v, want\n\t%v…", test.of, err, test.want)
		}
	}
	if _, err := plan.CompileResult(reflect.TypeFor[struct{ *Limited }]()); err != nil {
		t.Errorf("CompileResult of a struct that is never asked = %v, want none", err)
	}
}
