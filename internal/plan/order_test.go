package plan_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/plan"
)

// TestDecode_looksAtLengthsFirst holds that what a short look refuses is given to nothing that takes longer.
func TestDecode_looksAtLengthsFirst(t *testing.T) {
	type params struct {
		Own  counting   `json:"own,omitzero" minLength:"2" maxLength:"3"`
		Owns []counting `json:"owns,omitempty" maxItems:"2"`
		Deep []struct {
			Owns []counting `json:"owns"`
		} `json:"deep,omitempty" maxItems:"1"`
		Asked []asked `json:"asked,omitempty" min:"5"`
		Text  string  `json:"text,omitempty" maxLength:"3" format:"uuid" pattern:"^x"`
		Kind  string  `json:"kind,omitempty" maxLength:"3" enum:"a,b"`
	}
	for raw, want := range map[string]struct {
		calls  int
		faults []string
	}{
		`{"own":"abc"}`:                        {1, nil},
		`{"own":"abcd"}`:                       {0, []string{"/own | maxLength | at most 3 characters"}},
		`{"own":"a"}`:                          {0, []string{"/own | minLength | at least 2 characters"}},
		`{"own":"\u0061\u0062"}`:               {1, nil},
		`{"own":1}`:                            {0, []string{"/own | type | string"}},
		`{"owns":["a","b"]}`:                   {2, nil},
		`{"owns":["a","b","c","d"]}`:           {2, []string{"/owns | maxItems | at most 2 items"}},
		`{"owns":["a","b",{"x":[]},1]}`:        {2, []string{"/owns | maxItems | at most 2 items"}},
		`{"deep":[{"owns":["a","b","c"]}]}`:    {3, nil},
		`{"deep":[{"owns":["a"]},{"owns":1}]}`: {1, []string{"/deep | maxItems | at most 1 item"}},
		`{"asked":[5,6]}`:                      {2, nil},
		`{"text":"long"}`:                      {0, []string{"/text | maxLength | at most 3 characters"}},
		`{"text":"abc"}`:                       {0, []string{"/text | pattern | text that matches ^x", "/text | format | uuid"}},
		`{"kind":"long"}`:                      {0, []string{"/kind | maxLength | at most 3 characters"}},
	} {
		counted = 0
		got := faultsOf[params](t, raw)
		if counted != want.calls || !reflect.DeepEqual(got, want.faults) {
			t.Errorf("Decode(%s) has the faults %q after %d calls, want %q after %d", raw, got, counted, want.faults, want.calls)
		}
	}
}

// TestDecode_cutsPaths holds that a path is no longer than is of use to anybody, however deep it leads.
func TestDecode_cutsPaths(t *testing.T) {
	type tree struct {
		Kids map[string]tree `json:"kids,omitempty"`
	}
	name := strings.Repeat("n", 60)
	raw := strings.Repeat(`{"kids":{"`+name+`":`, 60) + "[]" + strings.Repeat("}}", 60)
	faults := compiled[tree](t).Decode([]byte(raw), reflect.New(reflect.TypeFor[tree]()).Elem())
	if len(faults) != 1 || faults[0].Rule != plan.Type {
		t.Fatalf("the faults are %v, want one of the rule type", faults)
	}
	path := faults[0].Path
	if len(path) > 1024+len("…") || !strings.HasPrefix(path, "/kids/"+name+"/kids/"+name) || !strings.HasSuffix(path, "…") {
		t.Errorf("the path has %d bytes and is %s, want its first 1024 and …", len(path), path)
	}
}
