package plan_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/plan"
)

type node struct {
	Value bool            `json:"value"`
	Left  *node           `json:"left"`
	Kids  []node          `json:"kids,omitempty"`
	Named map[string]node `json:"named,omitempty"`
}

type (
	woods   []woods
	nesting map[string]nesting
	doubled [1]*doubled
	plain   []bool
)

func TestDescribe_refersToTypesThatHoldThemselves(t *testing.T) {
	_, defs := describeParams[node](t)
	want := `{"node":{"type":"object","properties":{"value":{"type":"boolean"},` +
		`"left":{"anyOf":[{"$ref":"#/node"},{"type":"null"}]},"kids":{"type":"array","items":{"$ref":"#/node"}},` +
		`"named":{"type":"object","additionalProperties":{"$ref":"#/node"}}},"required":["value"],"additionalProperties":false}}`
	if got := text(t, defs); got != want {
		t.Errorf("the definitions are\n%s, want\n%s", got, want)
	}
	description, defs := describeParams[struct {
		A woods   `json:"a" doc:"some"`
		B nesting `json:"b"`
		C doubled `json:"c"`
		D plain   `json:"d"`
		E plain   `json:"e" maxItems:"1"`
	}](t)
	want = `[{"name":"a","description":"some","required":true,"schema":{"$ref":"#/woods"}},` +
		`{"name":"b","required":true,"schema":{"$ref":"#/nesting"}},{"name":"c","required":true,"schema":{"$ref":"#/doubled"}},` +
		`{"name":"d","required":true,"schema":{"type":"array","items":{"type":"boolean"}}},` +
		`{"name":"e","required":true,"schema":{"type":"array","items":{"type":"boolean"},"maxItems":1}}]`
	if got := text(t, description.Params); got != want {
		t.Errorf("the params are\n%s, want\n%s", got, want)
	}
	want = `{"doubled":{"type":"array","items":{"anyOf":[{"$ref":"#/doubled"},{"type":"null"}]},"minItems":1,"maxItems":1},` +
		`"nesting":{"type":"object","additionalProperties":{"$ref":"#/nesting"}},"woods":{"type":"array","items":{"$ref":"#/woods"}}}`
	if got := text(t, defs); got != want {
		t.Errorf("the definitions are\n%s, want\n%s", got, want)
	}
}

type box[T any] struct{ Item T }

type größe struct{ X bool }

func TestDescribeResult_leavesOutPointersThatWouldBeNull(t *testing.T) {
	_, defs := describeResult(t, reflect.TypeFor[*branch]())
	want := `{"branch":{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#/branch"},"maxItems":1},` +
		`"up":{"$ref":"#/branch"}}}}`
	if got := text(t, defs); got != want {
		t.Errorf("the definitions are\n%s, want\n%s", got, want)
	}
}

func TestDefinitions_haveReadableNames(t *testing.T) {
	type local struct{ X bool }
	types := []any{
		struct{ A box[pair] }{},
		struct{ A box[[]*box[string]] }{},
		struct{ A box[map[string]pair] }{},
		struct{ A twoOf[int, url.Error] }{},
		struct{ A größe }{},
		struct{ A box[local] }{},
		struct{ A local }{},
		struct{ A Error }{},
		struct{ A url.Error }{},
		otherLocal(),
	}
	d := plan.NewDefinitions("#/")
	for _, value := range types {
		result, err := plan.CompileResult(reflect.TypeOf(value))
		if err != nil {
			t.Fatal(err)
		}
		result.Describe(d)
	}
	params, err := plan.CompileParams(reflect.TypeFor[struct {
		A pair
		B box[string]
		C struct{ D person }
	}]())
	if err != nil {
		t.Fatal(err)
	}
	params.Describe(d)
	var names []string
	for _, definition := range d.Schemas() {
		names = append(names, definition.Name)
	}
	want := "boxOfListOfBoxOfString boxOfLocal boxOfMapOfStringPair boxOfPair boxOfString boxOfStringInput gr__e local local2 " +
		"pair pairInput person plan_test.Error twoOfOfIntAndError url.Error"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("the names are\n%s, want\n%s", got, want)
	}
}

type twoOf[A, B any] struct {
	A A
	B B
}

// Error has the name of types in other packages.
type Error struct{ X bool }

// otherLocal returns a value of a type that has the name of another one.
func otherLocal() any {
	type local struct{ Y bool }
	return struct{ A local }{}
}
