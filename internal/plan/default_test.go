package plan_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/plan"
)

type settings struct {
	Text  string         `default:"a \"b\""`
	Empty string         `default:""`
	Count int            `default:" 7 "`
	On    bool           `default:"true"`
	Tags  []string       `default:"[\"a\",\"b\"]"`
	Table map[string]int `default:"{\"x\":1}"`
	Since time.Time      `default:"2026-01-02T00:00:00Z"`
	Bytes []byte         `default:"AQI="`
	Note  *string        `default:"hm"`
	Null  *int           `default:"null"`
	Big   int64          `json:",string" default:"9007199254740993"`
	Pair  struct {
		A int `default:"1"`
		B int `default:"2"`
	} `default:"{\"B\":3}"`
	Any  any  `default:"[1]"`
	Tree tree `default:"{\"value\":1}"`
}

func defaultSettings() settings {
	s := settings{
		Text: `a "b"`, Count: 7, On: true, Tags: []string{"a", "b"}, Table: map[string]int{"x": 1},
		Since: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Bytes: []byte{1, 2}, Note: new("hm"),
		Big: 9007199254740993, Any: []any{1.0}, Tree: tree{Value: 1},
	}
	s.Pair.A, s.Pair.B = 1, 3
	return s
}

func TestDecode_appliesDefaults(t *testing.T) {
	want := defaultSettings()
	given := defaultSettings()
	given.Count, given.Tags, given.Null = 8, []string{}, new(1)
	check(t, []decoded[settings]{
		{raw: `{}`, want: want},
		{raw: `[]`, want: want},
		{raw: ``, want: want},
		{raw: `{"Count":8,"Tags":[],"Null":1}`, want: given},
	})
	nested := map[string]settings{"a": want, "b": given}
	check(t, []decoded[map[string]settings]{{raw: `{"a":{},"b":{"Null":1,"Count":8,"Tags":[]}}`, want: nested}})
	check(t, []decoded[[]*settings]{{raw: `[{},null]`, want: []*settings{&want, nil}}})
}

func TestDecode_makesDefaultsAnew(t *testing.T) {
	params, err := plan.CompileParams(reflect.TypeFor[settings]())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var value settings
		params.Decode(nil, reflect.ValueOf(&value).Elem())
		if want := defaultSettings(); !reflect.DeepEqual(value, want) {
			t.Fatalf("Decode = %+v, want %+v", value, want)
		}
		value.Tags[0], value.Table["x"], value.Bytes[0], *value.Note = "spoiled", 0, 0, "spoiled"
		value.Any.([]any)[0] = "spoiled"
	}
}

func TestDecode_leavesAbsentStructsWithoutDefaults(t *testing.T) {
	type holder struct {
		Inner *struct {
			A int `default:"1"`
		}
	}
	check(t, []decoded[holder]{{raw: `{}`}, {raw: `{"Inner":null}`}})
	value, faults := decode[holder](t, `{"Inner":{}}`)
	if faults != nil || value.Inner.A != 1 {
		t.Errorf("Decode = %+v, %v, want A = 1", value.Inner, faults)
	}
}
