package diff_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/openrpc"
	"github.com/jacinth-rpc/jacinth/openrpc/diff"
)

// parse reads the document whose methods, and what else follows, are given as JSON.
func parse(t *testing.T, methods string) *openrpc.Document {
	t.Helper()
	doc, err := openrpc.Parse([]byte(`{"openrpc":"1.4.0","info":{"title":"t","version":"1"},"methods":` + methods + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// lines writes changes in short, one a line.
func lines(changes []diff.Change) []string {
	var short []string
	for _, c := range changes {
		short = append(short, fmt.Sprintf("%s %s %s:%s", c.Level, c.Rule, c.Document, c.Pointer))
	}
	return short
}

func check(t *testing.T, older, newer string, want ...string) {
	t.Helper()
	changes := diff.Documents(parse(t, older), parse(t, newer))
	if got := lines(changes); !slices.Equal(got, want) {
		t.Errorf("Documents(\n%s,\n%s) =\n\t%s\nwant\n\t%s", older, newer, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
	for _, c := range changes {
		doc := older
		if c.Document == "new" {
			doc = newer
		}
		if !leads(t, `{"openrpc":"1.4.0","methods":`+doc+`}`, c.Pointer) {
			t.Errorf("the pointer %s leads nowhere in the %s document %s", c.Pointer, c.Document, doc)
		}
		if !strings.HasSuffix(c.Text, ".") {
			t.Errorf("the text %q is no sentence", c.Text)
		}
	}
}

// leads reports whether a JSON pointer leads to something.
func leads(t *testing.T, document, pointer string) bool {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(document), &value); err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		switch in := value.(type) {
		case map[string]any:
			next, ok := in[part]
			if !ok {
				return false
			}
			value = next
		case []any:
			var place int
			if _, err := fmt.Sscan(part, &place); err != nil || place >= len(in) {
				return false
			}
			value = in[place]
		default:
			return false
		}
	}
	return true
}

// method is the JSON of a list with one method.
func method(members ...string) string {
	return `[{"name":"m","params":[],` + strings.Join(append(members, `"summary":"s"`), ",") + `}]`
}

func params(more string, list ...string) string {
	return `[{"name":"m",` + more + `"params":[` + strings.Join(list, ",") + `]}]`
}

func param(name, schema string) string { return `{"name":"` + name + `","schema":` + schema + `}` }
func needed(name, schema string) string {
	return `{"name":"` + name + `","required":true,"schema":` + schema + `}`
}

func TestDocuments_methods(t *testing.T) {
	check(t, `[{"name":"a","params":[]},{"name":"b","params":[]}]`, `[{"name":"b","params":[]},{"name":"c","params":[]}]`,
		"breaking method-removed old:/methods/0", "compatible method-added new:/methods/1")
	check(t, method(), method(`"x-jacinth":{"private":true}`), "breaking method-made-private new:/methods/0/x-jacinth/private")
	check(t, method(`"x-jacinth":{"private":true}`), method(), "compatible method-made-public old:/methods/0/x-jacinth/private")
	check(t, method(`"x-jacinth":{"private":true,"scope":"a"}`), method(`"x-jacinth":{"private":true,"scope":"b"}`),
		"warning scope-changed new:/methods/0/x-jacinth/scope")
	check(t, method(`"x-jacinth":{"readOnly":true,"idempotent":true,"timeoutMs":50}`), method(`"x-jacinth":{"timeoutMs":20}`),
		"warning read-only-dropped old:/methods/0/x-jacinth/readOnly",
		"warning idempotent-dropped old:/methods/0/x-jacinth/idempotent",
		"warning timeout-lowered new:/methods/0/x-jacinth/timeoutMs")
	check(t, method(`"x-jacinth":{"idempotent":true}`), method(`"x-jacinth":{"readOnly":true}`))
	check(t, method(), method(`"deprecated":true`), "warning method-deprecated new:/methods/0/deprecated")
	check(t, method(`"errors":[{"code":1,"message":"a"},{"code":2,"message":"b"}]`),
		method(`"errors":[{"code":2,"message":"c"},{"code":3,"message":"d"}]`), "warning error-removed old:/methods/0/errors/0")
	check(t, method(`"result":{"name":"r","schema":{}}`), method(), "breaking result-removed old:/methods/0/result")
	check(t, method(), method(`"result":{"name":"r","schema":{}}`), "compatible result-added new:/methods/0/result")
}

func TestDocuments_service(t *testing.T) {
	older := `[],"x-jacinth":{"endpoint":"/api","tokenHeader":"X-Api-Token","limits":{"body":100,"batchItems":10,"depth":9,"callTimeoutMs":5}}`
	newer := `[],"x-jacinth":{"endpoint":"/rpc","tokenHeader":"X-Token","limits":{"body":99,"batchItems":11,"response":7,"callTimeoutMs":5}}`
	check(t, older, newer,
		"breaking token-header-changed new:/x-jacinth/tokenHeader",
		"warning endpoint-changed new:/x-jacinth/endpoint",
		"warning limit-lowered new:/x-jacinth/limits/body",
		"warning limit-lowered new:/x-jacinth/limits/response")
}

func TestDocuments_params(t *testing.T) {
	a, b, c := needed("a", `{"type":"string"}`), param("b", `{"type":"integer"}`), param("c", `{"type":"boolean"}`)
	for _, test := range []struct {
		what         string
		older, newer string
		want         []string
	}{
		{"the same", params("", a, b), params("", a, b), nil},
		{"one gone", params("", a, b), params("", a), []string{"breaking param-removed old:/methods/0/params/1"}},
		{"optional at the end", params("", a, b), params("", a, b, c), []string{"compatible param-added new:/methods/0/params/2"}},
		{"optional in between", params("", a, b), params("", a, c, b), []string{
			"breaking param-moved new:/methods/0/params/2", "compatible param-added new:/methods/0/params/1",
		}},
		{
			"in between, by name", params(`"paramStructure":"by-name",`, a, b), params(`"paramStructure":"by-name",`, a, c, b),
			[]string{"compatible param-added new:/methods/0/params/1"},
		},
		{"new and required", params("", a), params("", a, needed("d", `{}`)), []string{"breaking param-required-added new:/methods/0/params/1"}},
		{"two have changed places", params("", a, b), params("", b, a), []string{
			"breaking param-moved new:/methods/0/params/1", "breaking param-moved new:/methods/0/params/0",
		}},
		{"renamed", params("", a, b), params("", a, param("bee", `{"type":"integer"}`)), []string{"breaking param-renamed new:/methods/0/params/1"}},
		{"renamed, by position", params(`"paramStructure":"by-position",`, a), params(`"paramStructure":"by-position",`, needed("x", `{"type":"string"}`)), nil},
		{"gone, by position", params(`"paramStructure":"by-position",`, a, b), params(`"paramStructure":"by-position",`, a), []string{"breaking param-removed old:/methods/0/params/1"}},
		{"replaced", params("", b), params("", c), []string{
			"breaking param-removed old:/methods/0/params/0", "compatible param-added new:/methods/0/params/0",
		}},
		{"made required", params("", b), params("", needed("b", `{"type":"integer"}`)), []string{"breaking param-made-required new:/methods/0/params/0"}},
		{"made optional", params("", a), params("", param("a", `{"type":"string"}`)), []string{"compatible param-made-optional new:/methods/0/params/0"}},
		{"no longer by position", params("", a), params(`"paramStructure":"by-name",`, a), []string{"breaking param-structure-narrowed new:/methods/0/paramStructure"}},
		{"no longer by name", params("", a), params(`"paramStructure":"by-position",`, a), []string{"breaking param-structure-narrowed new:/methods/0/paramStructure"}},
		{"by position too", params(`"paramStructure":"by-name",`, a, b), params("", b, a), nil},
	} {
		t.Run(test.what, func(t *testing.T) { check(t, test.older, test.newer, test.want...) })
	}
}

// TestDocuments_schemas has one schema before and after, once as that of a param and once as that of a result.
func TestDocuments_schemas(t *testing.T) {
	for _, test := range []struct {
		older, newer string
		param        string // "level rule" of each change
		result       string
	}{
		{`{"type":"string"}`, `{"type":"string","description":"d","title":"t"}`, "", ""},
		{`{"type":"string"}`, `{"type":"integer"}`, "breaking type-changed", "breaking type-changed"},
		{`{"type":"number"}`, `{"type":"integer"}`, "breaking type-narrowed", "compatible type-narrowed"},
		{`{"type":"integer"}`, `{"type":"number"}`, "compatible type-widened", "breaking type-widened"},
		{`{"type":["string","null"]}`, `{"type":"string"}`, "breaking null-removed", "compatible null-removed"},
		{`{"type":"string"}`, `{"anyOf":[{"type":"null"},{"type":"string"}]}`, "compatible null-added", "breaking null-added"},
		{`{"type":["string","null"]}`, `{"oneOf":[{"type":"string"},{"type":"null"}]}`, "", ""},
		{`{}`, `{"type":"string"}`, "breaking type-narrowed", "compatible type-narrowed"},
		{`true`, `{}`, "", ""},
		{`{"enum":["a","b"]}`, `{"enum":["b","a"]}`, "", ""},
		{`{"enum":[1,{"a":1,"b":2}]}`, `{"enum":[1.0,{"b":2e0,"a":1}]}`, "", ""},
		{`{"enum":["a","b"]}`, `{"enum":["a"]}`, "breaking enum-value-removed", "compatible enum-value-removed"},
		{`{"enum":["a"]}`, `{"enum":["a","b"]}`, "compatible enum-value-added", "warning enum-value-added"},
		{`{"type":"string"}`, `{"enum":["a"]}`, "breaking enum-added", "compatible enum-added"},
		{`{"const":"a"}`, `{"type":"string"}`, "compatible enum-removed", "warning enum-removed"},
		{`{"enum":["a","b"]}`, `{"const":"a"}`, "breaking enum-value-removed", "compatible enum-value-removed"},
		{`{"type":"integer","minimum":0}`, `{"type":"integer","minimum":1}`, "breaking range-narrowed", "compatible range-narrowed"},
		{`{"type":"integer","minimum":0}`, `{"type":"integer","exclusiveMinimum":0}`, "breaking range-narrowed", "compatible range-narrowed"},
		{`{"type":"integer","minimum":0}`, `{"type":"integer"}`, "compatible range-widened", "warning range-widened"},
		{`{"type":"integer","maximum":18446744073709551615}`, `{"type":"integer","maximum":18446744073709551614}`, "breaking range-narrowed", "compatible range-narrowed"},
		{`{"type":"integer","maximum":1e99999999}`, `{"type":"integer","maximum":1e99999998}`, "breaking range-narrowed", "compatible range-narrowed"},
		{`{"type":"integer","maximum":10}`, `{"type":"integer","maximum":1e1}`, "", ""},
		{`{"type":"string","maximum":10}`, `{"type":"string","maximum":1}`, "", ""},
		{`{"type":"string","maxLength":8}`, `{"type":"string","maxLength":7}`, "breaking length-narrowed", "compatible length-narrowed"},
		{`{"type":"string","minLength":1}`, `{"type":"string"}`, "compatible length-widened", "warning length-widened"},
		{`{"type":"string"}`, `{"type":"string","minLength":0}`, "", ""},
		{`{"type":"array","maxItems":2}`, `{"type":"array","maxItems":3}`, "compatible length-widened", "warning length-widened"},
		{`{"type":"string"}`, `{"type":"string","pattern":"^a"}`, "breaking pattern-added", "compatible pattern-added"},
		{`{"type":"string","pattern":"^a"}`, `{"type":"string","pattern":"^b"}`, "breaking pattern-changed", "warning pattern-changed"},
		{`{"type":"string","pattern":"^a"}`, `{"type":"string"}`, "compatible pattern-removed", "warning pattern-removed"},
		{`{"type":"string"}`, `{"type":"string","format":"date"}`, "breaking format-added", "compatible format-added"},
		{`{"type":"integer","multipleOf":2}`, `{"type":"integer","multipleOf":4}`, "breaking multipleOf-changed", "warning multipleOf-changed"},
		{`{"type":"array","items":{"type":"number"}}`, `{"type":"array","items":{"type":"integer"}}`, "breaking type-narrowed", "compatible type-narrowed"},
		{`{"type":"array"}`, `{"type":"array","uniqueItems":true}`, "breaking unique-items-added", "compatible unique-items-added"},
		{`{"type":"array","prefixItems":[{"type":"string"}]}`, `{"type":"array","prefixItems":[{"type":"string"},{"type":"null"}]}`, "breaking type-narrowed", "compatible type-narrowed"},
		{`{"type":"object","properties":{"a":{}}}`, `{"type":"object","properties":{"a":{},"b":{}}}`, "compatible member-added", "compatible member-added"},
		{`{"type":"object","properties":{"a":{}}}`, `{"type":"object","properties":{"a":{},"b":{}},"required":["b"]}`, "breaking member-required-added", "compatible member-added"},
		{`{"type":"object","properties":{"a":{}},"required":["a"]}`, `{"type":"object"}`, "warning member-removed", "breaking member-removed"},
		{`{"type":"object","properties":{"a":{}}}`, `{"type":"object","additionalProperties":false}`, "breaking member-removed, breaking other-members-refused", "warning member-removed, compatible other-members-refused"},
		{`{"type":"object","properties":{"a":{}}}`, `{"type":"object","properties":{"a":{}},"required":["a"]}`, "breaking member-made-required", "compatible member-made-required"},
		{`{"type":"object","properties":{"a":{}},"required":["a"]}`, `{"type":"object","properties":{"a":{}}}`, "compatible member-made-optional", "breaking member-made-optional"},
		{`{"type":"object","additionalProperties":false}`, `{"type":"object"}`, "compatible other-members-allowed", "warning other-members-allowed"},
		{`{"type":"object","additionalProperties":{"type":"string"}}`, `{"type":"object","additionalProperties":{"type":["string","null"]}}`, "compatible null-added", "breaking null-added"},
		{`{"anyOf":[{"type":"string"},{"type":"integer"}]}`, `{"type":["integer","string"]}`, "", ""},
		{`{"anyOf":[{"const":"a"},{"const":"b"}]}`, `{"anyOf":[{"const":"b"},{"const":"a"}]}`, "", ""},
		{`{"anyOf":[{"const":"a"},{"const":"b"},{"const":"c"}]}`, `{"anyOf":[{"const":"b"},{"const":"a"}]}`, "breaking alternative-removed", "compatible alternative-removed"},
		{`{"anyOf":[{"const":"a"},{"const":"b"}]}`, `{"anyOf":[{"const":"b"},{"const":"a"},{"const":"c"}]}`, "compatible alternative-added", "breaking alternative-added"},
		{
			`{"anyOf":[{"type":"object","properties":{"a":{"type":"number"}}},{"type":"string"}]}`,
			`{"anyOf":[{"type":"object","properties":{"a":{"type":"string"}}},{"type":"string"}]}`,
			"breaking type-changed", "breaking type-changed",
		},
		{
			`{"type":"object","properties":{"a":{},"b":{}},"anyOf":[{"required":["a"]},{"required":["b"]}]}`,
			`{"type":"object","properties":{"a":{},"b":{}}}`,
			"compatible alternative-added", "breaking alternative-added",
		},
		{`{"allOf":[{"type":"number"},{"minimum":1}]}`, `{"type":"number","minimum":1}`, "", ""},
		{`{"allOf":[{"type":["number","string"]},{"type":["number","null"]}]}`, `{"type":"string"}`, "breaking type-changed", "breaking type-changed"},
		{`{"not":{"type":"null"}}`, `{"not":{"type":"string"}}`, "breaking other-rules-changed", "warning other-rules-changed"},
		{`{"type":"string","x-order":1}`, `{"type":"string","x-order":2}`, "", ""},
	} {
		for _, way := range []struct{ wrap, want string }{
			{`[{"name":"m","params":[{"name":"p","schema":%s}]}]`, test.param},
			{`[{"name":"m","params":[],"result":{"name":"r","schema":%s}}]`, test.result},
		} {
			older, newer := fmt.Sprintf(way.wrap, test.older), fmt.Sprintf(way.wrap, test.newer)
			var got []string
			for _, c := range diff.Documents(parse(t, older), parse(t, newer)) {
				got = append(got, c.Level.String()+" "+c.Rule)
			}
			if strings.Join(got, ", ") != way.want {
				t.Errorf("Documents(\n%s,\n%s) = %q, want %q", older, newer, strings.Join(got, ", "), way.want)
			}
			if back := diff.Documents(parse(t, older), parse(t, older)); len(back) > 0 {
				t.Errorf("Documents(%s, itself) = %+v, want nothing", older, back)
			}
		}
	}
}

func TestDocuments_wholeParams(t *testing.T) {
	numbers, texts := method(`"x-jacinth":{"params":{"type":"array","items":{"type":"number"}}}`), method(`"x-jacinth":{"params":{"type":"array","items":{"type":"string"}}}`)
	check(t, numbers, numbers)
	check(t, numbers, texts, "breaking type-changed new:/methods/0/x-jacinth/params/items")
	check(t, numbers, method(), "breaking params-changed old:/methods/0/x-jacinth/params")
	check(t, method(), numbers, "breaking params-changed new:/methods/0/x-jacinth/params")
}

func TestDocuments_followsReferences(t *testing.T) {
	schemas := func(person string) string {
		return `[{"name":"a","params":[{"$ref":"#/components/contentDescriptors/who"}]},` +
			`{"name":"b","params":[],"result":{"name":"r","schema":{"type":"array","items":{"$ref":"#/components/schemas/Per~1son"}}}}],` +
			`"components":{"schemas":{"Per/son":` + person + `},` +
			`"contentDescriptors":{"who":{"name":"who","schema":{"$ref":"#/components/schemas/Per~1son"}}}}`
	}
	older := schemas(`{"type":"object","properties":{"name":{"type":"string"},"friend":{"$ref":"#/components/schemas/Per~1son"}}}`)
	newer := schemas(`{"type":"object","properties":{"name":{"type":"integer"},"friend":{"$ref":"#/components/schemas/Per~1son"}}}`)
	check(t, older, newer, "breaking type-changed new:/components/schemas/Per~1son/properties/name")
	if got := diff.Documents(parse(t, older), parse(t, newer))[0].Methods; !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the change concerns %v, want both methods", got)
	}
	broken := `[{"name":"a","params":[{"name":"p","schema":{"$ref":"#/nowhere"}},{"$ref":"#/components/contentDescriptors/none"}]}]`
	check(t, broken, broken,
		"warning reference-broken old:/methods/0/params/1", "warning reference-broken new:/methods/0/params/1",
		"warning reference-broken old:/methods/0/params/0/schema", "warning reference-broken new:/methods/0/params/0/schema")
}

// TestDocuments_ends compares documents that were made to be compared for ever.
func TestDocuments_ends(t *testing.T) {
	circles := func(more string) string {
		return `[{"name":"m","params":[{"name":"p","schema":{"$ref":"#/components/schemas/A"}}],` +
			`"result":{"name":"r","schema":{"$ref":"#/components/schemas/Value"}}}],"components":{"schemas":{` +
			`"A":{"$ref":"#/components/schemas/B"},"B":{"allOf":[{"$ref":"#/components/schemas/A"},{"$ref":"#/components/schemas/B"}]},` +
			`"Value":{"anyOf":[{"type":"string"},{"type":"array","items":{"$ref":"#/components/schemas/Value"}},` +
			`{"type":"object","additionalProperties":{"$ref":"#/components/schemas/Value"}}` + more + `]}}}`
	}
	check(t, circles(""), circles(""))
	check(t, circles(""), circles(`,{"type":"null"}`), "breaking null-added new:/components/schemas/Value")

	// Alternatives in alternatives: each level would try all pairs of the one below.
	var deep strings.Builder
	for i := range 40 {
		fmt.Fprintf(&deep, `"S%d":{"anyOf":[`, i)
		for j := range 6 {
			fmt.Fprintf(&deep, `{"type":"object","properties":{"k%d":{"$ref":"#/components/schemas/S%d"}}},`, j, i+1)
		}
		deep.WriteString(`{"type":"string"}]},`)
	}
	document := `[{"name":"m","params":[{"name":"p","schema":{"$ref":"#/components/schemas/S0"}}]}],"components":{"schemas":{` +
		deep.String() + `"S40":%s}}`
	changes := diff.Documents(parse(t, fmt.Sprintf(document, `{"type":"string"}`)), parse(t, fmt.Sprintf(document, `{"type":"null"}`)))
	if len(changes) == 0 {
		t.Error("two documents that differ have no changes, want one, or the sentence that they are too large")
	}
}

func TestChange_isWrittenAsJSON(t *testing.T) {
	changes := diff.Documents(parse(t, `[{"name":"a","params":[]}]`), parse(t, `[]`))
	got, err := json.Marshal(changes)
	want := `[{"level":"breaking","rule":"method-removed","methods":["a"],"document":"old","pointer":"/methods/0","text":"The method a is gone."}]`
	if err != nil || string(got) != want {
		t.Errorf("Marshal(changes) = %s, %v, want %s", got, err, want)
	}
}

// TestDocuments_endsInTime has a document of which each method alone, and all methods together, would take too long.
func TestDocuments_endsInTime(t *testing.T) {
	schemas := `"deep15":{"type":"string"}`
	for i := range 15 {
		next := fmt.Sprintf(`{"$ref":"#/components/schemas/deep%d"}`, i+1)
		schemas += fmt.Sprintf(`,"deep%d":{"anyOf":[%s]}`, i, strings.TrimSuffix(strings.Repeat(next+",", 10), ","))
	}
	document := func(hard int) string {
		var methods string
		for i := range hard {
			methods += fmt.Sprintf(`{"name":"hard%d","params":[{"name":"x","schema":{"$ref":"#/components/schemas/deep0"}}]},`, i)
		}
		return `[` + methods + `{"name":"easy","params":[{"name":"x","schema":{"type":"string"}}]}],"components":{"schemas":{` + schemas + `}}`
	}
	for _, test := range []struct {
		hard int
		want string // of the method that is easy to compare, and comes last
	}{{1, ""}, {30, "too-large"}} {
		changes := diff.Documents(parse(t, document(test.hard)), parse(t, document(test.hard)))
		got := ""
		for _, c := range changes {
			if slices.Contains(c.Methods, "easy") {
				got = c.Rule
			}
		}
		if got != test.want || diff.Count(changes, diff.Breaking) > 0 || diff.Count(changes, diff.Warning) < test.hard {
			t.Errorf("after %d hard methods, the change of the easy one is %q, want %q:\n%s", test.hard, got, test.want, strings.Join(lines(changes), "\n"))
		}
	}
}
