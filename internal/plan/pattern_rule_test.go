package plan_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/plan"
)

// dearest takes 910 steps for each character, which is nearly what a pattern may.
const dearest = "(a|aa|aaa){100}b"

// TestCompileParams_refusesPatternsThatTakeTooLong holds that what a pattern costs for each byte is known beforehand.
func TestCompileParams_refusesPatternsThatTakeTooLong(t *testing.T) {
	for tag, want := range map[string]string{
		`pattern:"(a|aa|aaa){200}b"`:                  "instructions and may be 1024",
		`pattern:"(a|aa|aaa){200}b" maxLength:"10"`:   "instructions and may be 1024",
		`pattern:"(x{1000}){1000}"`:                   "no regular expression",
		`pattern:"(x{30}){33}(y{30}){33}"`:            "instructions and may be 1024",
		`pattern:"` + dearest + `"`:                   "",
		`pattern:"` + dearest + `" maxLength:"9"`:     "",
		`pattern:"` + dearest + `" maxLength:"80000"`: "takes too long for 80000 characters: set maxLength to 7",
		`pattern:"^[a-z]+$" maxLength:"80000000"`:     "",
	} {
		of := reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[string](), Tag: reflect.StructTag(tag)}})
		_, err := plan.CompileParams(of)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("CompileParams with the tag %s = %v, want %q", tag, err, want)
		}
	}
}

// TestDecode_boundsTextsByTheCostOfTheirPattern holds that a dear pattern has a bound of length that nobody wrote, which
// is told.
func TestDecode_boundsTextsByTheCostOfTheirPattern(t *testing.T) {
	type params struct {
		Dear  string `json:"dear,omitempty" pattern:"(a|aa|aaa){100}b"`
		Cheap string `json:"cheap,omitempty" pattern:"^[a-z]+$"`
	}
	description, _ := describeParams[params](t)
	schema := text(t, description.Params)
	if strings.Count(schema, "maxLength") != 1 {
		t.Fatalf("the schema is %s, want one maxLength", schema)
	}
	_, defs := describeResult(t, reflect.TypeFor[params]())
	if schema := text(t, defs); len(defs) == 0 || strings.Contains(schema, "maxLength") {
		t.Errorf("the schema of a result, which nothing checks, is %s; want no maxLength", schema)
	}
	var longest int
	if _, err := fmt.Sscanf(schema[strings.Index(schema, "maxLength"):], `maxLength":%d`, &longest); err != nil || longest < 60_000 || longest > 90_000 {
		t.Fatalf("the schema is %s, want a maxLength of some 74,000: %v", schema, err)
	}
	want := fmt.Sprintf("/dear | maxLength | at most %d characters", longest)
	if got := faultsOf[params](t, `{"dear":"`+strings.Repeat("a", longest+1)+`"}`); len(got) != 1 || got[0] != want {
		t.Errorf("a text that is too long has the faults %q, want %q", got, want)
	}
	if got := faultsOf[params](t, `{"cheap":"`+strings.Repeat("a", 1<<20)+`"}`); got != nil {
		t.Errorf("a long text for a cheap pattern has the faults %q, want none", got)
	}
}

// TestDecode_matchesLongTexts holds that a text that is read piece by piece matches as one that is not.
func TestDecode_matchesLongTexts(t *testing.T) {
	type params struct {
		Ends   string `json:"ends,omitempty" pattern:"^([a-zé]+[0-9]?)+(end|END)$"`
		Within string `json:"within,omitempty" pattern:"\\bword\\b"`
	}
	long := strings.Repeat("é", 1<<20)
	for raw, want := range map[string][]string{
		`{"ends":"` + long + `end"}`:            nil,
		`{"ends":"` + long + `end!"}`:           {"/ends | pattern | text that matches ^([a-zé]+[0-9]?)+(end|END)$"},
		`{"within":"` + long + ` word é"}`:      nil,
		`{"within":"` + long + ` words é"}`:     {`/within | pattern | text that matches \bword\b`},
		`{"within":"` + long + "\\u0020word\"}": nil,
	} {
		if got := faultsOf[params](t, raw); !reflect.DeepEqual(got, want) {
			t.Errorf("Decode(%.20s…) has the faults %q, want %q", raw, got, want)
		}
	}
}
