package plan_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jacinth-rpc/jacinth/internal/plan"
)

func TestDecode_listsFaultsOfMembersThenWhatIsMissing(t *testing.T) {
	type inner struct {
		X int
		Y []bool
	}
	type outer struct {
		A int
		B inner
		C string
	}
	check(t, []decoded[outer]{{raw: `{"D":1,"B":{"Z":1,"Y":[true,1]},"A":"x"}`, faults: []string{
		"/D | unknown |  | ", "/B/Z | unknown |  | ", "/B/Y/1 | type | boolean | 1", "/B/X | required | integer | ",
		`/A | type | integer | "x"`, "/C | required | string | ",
	}}})
}

func TestDecode_stopsAtTheLimitOfFaults(t *testing.T) {
	var unknown, wrong strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&unknown, `,"x%d":1`, i)
		wrong.WriteString(`,"x"`)
	}
	_, faults := decode[pair](t, "{"+unknown.String()[1:]+"}")
	if len(faults) != plan.MaxFaults || faults[31] != "/x31 | unknown |  | " {
		t.Errorf("1000 unknown members are %d faults and end with %q", len(faults), faults[len(faults)-1])
	}
	list := "[" + wrong.String()[1:] + "]"
	_, faults = decode[[][]int](t, `[["a","b"],`+list+`,1]`)
	if len(faults) != plan.MaxFaults || faults[31] != `/1/29 | type | integer | "x"` {
		t.Errorf("1002 wrong elements are %d faults and end with %q", len(faults), faults[len(faults)-1])
	}
	_, faults = decode[[1][999]int](t, "["+list+"]")
	if len(faults) != plan.MaxFaults || faults[31] != `/0/31 | type | integer | "x"` {
		t.Errorf("1000 wrong elements are %d faults and end with %q", len(faults), faults[len(faults)-1])
	}
	_, faults = decode[map[int]int](t, "{"+unknown.String()[1:]+"}")
	if len(faults) != plan.MaxFaults {
		t.Errorf("1000 wrong names are %d faults", len(faults))
	}
}

func TestDecode_cutsWhatItQuotes(t *testing.T) {
	long := strings.Repeat("é", 100)
	_, faults := decode[pair](t, `{"a":"`+long+`","b":1,"`+long+`":1}`)
	want := []string{
		`/a | type | integer | "` + strings.Repeat("é", 31) + "…",
		"/" + strings.Repeat("é", 32) + "… | unknown |  | ",
	}
	if fmt.Sprint(faults) != fmt.Sprint(want) {
		t.Errorf("Decode has the faults\n%q\nwant\n%q", faults, want)
	}
	_, faults = decode[json.RawMessage](t, `{"`+long+long+`":{"x":1,"x":2}}`)
	if len(faults) != 1 || len(faults[0]) > 300 || !utf8.ValidString(faults[0]) {
		t.Errorf("Decode has the faults %q, want one that is cut", faults)
	}
}

func TestFault_isPlainJSON(t *testing.T) {
	text, err := json.Marshal([]plan.Fault{
		{Path: "/a", Rule: plan.Type, Expected: "integer", Got: `"x"`}, {Path: "/b", Rule: plan.Unknown},
	})
	want := `[{"path":"/a","rule":"type","expected":"integer","got":"\"x\""},{"path":"/b","rule":"unknown"}]`
	if err != nil || string(text) != want {
		t.Errorf("Marshal = %s, %v, want %s", text, err, want)
	}
}
