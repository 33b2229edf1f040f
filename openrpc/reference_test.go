package openrpc_test

import (
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

func TestResolve_putsComponentsInThePlaceOfReferences(t *testing.T) {
	doc := library()
	doc.Components.ContentDescriptors["first/one"] = openrpc.ContentDescriptor{Ref: "#/components/contentDescriptors/reader"}
	doc.Methods[0].Params[0].Ref = "#/components/contentDescriptors/first~1one"
	if err := doc.Resolve(); err != nil {
		t.Fatal(err)
	}
	method := doc.Methods[0]
	if got := method.Params[0]; got.Ref != "" || got.Name != "reader" || !got.Required {
		t.Errorf("the first param is %+v, want the reader of the components", got)
	}
	if got := method.Tags[1]; got.Ref != "" || got.Name != "lending" {
		t.Errorf("the second tag is %+v, want lending of the components", got)
	}
	if got := method.Examples[0].Params[1]; got.Ref != "" || string(got.Value) != `"9780306406157"` {
		t.Errorf("the second example is %+v, want the one of the components", got)
	}
	if got := doc.Schema(method.Params[0].Schema.Ref); got == nil || got.Title != "Person" {
		t.Errorf("Schema(%q) = %v, want that of a person", method.Params[0].Schema.Ref, got)
	}
}

func TestResolve_leavesComponentsAsTheyAre(t *testing.T) {
	doc := library()
	doc.Components.ExamplePairings = map[string]openrpc.ExamplePairing{"p": {
		Params: []openrpc.Example{{Ref: "#/components/examples/isbn"}},
		Result: &openrpc.Example{Ref: "#/components/examples/isbn"},
	}}
	doc.Methods[0].Examples = []openrpc.ExamplePairing{{Ref: "#/components/examplePairings/p"}}
	if err := doc.Resolve(); err != nil {
		t.Fatal(err)
	}
	if got := doc.Methods[0].Examples[0]; got.Params[0].Name != "isbn" || got.Result.Name != "isbn" {
		t.Errorf("the pairing is %+v, want the examples of the components in it", got)
	}
	if got := doc.Components.ExamplePairings["p"]; got.Params[0].Ref == "" || got.Result.Ref == "" {
		t.Errorf("the component is %+v, want it with its references", got)
	}
}

func TestResolve_saysWhichReferenceLeadsNowhere(t *testing.T) {
	circle := &openrpc.Components{Errors: map[string]openrpc.Error{
		"a": {Ref: "#/components/errors/b"},
		"b": {Ref: "#/components/errors/a"},
	}}
	for name, test := range map[string]struct {
		method     openrpc.Method
		components *openrpc.Components
		want       string
	}{
		"no components": {openrpc.Method{Tags: []openrpc.Tag{{Ref: "#/components/tags/a"}}}, nil, "#/components/tags/a"},
		"other kind": {
			openrpc.Method{Errors: []openrpc.Error{{Ref: "#/components/tags/a"}}}, circle, "#/components/tags/a",
		},
		"elsewhere": {openrpc.Method{Result: &openrpc.ContentDescriptor{Ref: "other.json#/a"}}, circle, "other.json#/a"},
		"circle":    {openrpc.Method{Errors: []openrpc.Error{{Ref: "#/components/errors/a"}}}, circle, "back to itself"},
		"method":    {openrpc.Method{Ref: "#/methods/0"}, circle, "#/methods/0"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := &openrpc.Document{Methods: []openrpc.Method{test.method}, Components: test.components}
			if err := doc.Resolve(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Resolve() = %v, want an error that contains %q", err, test.want)
			}
		})
	}
}

func TestDocument_findsNoSchemaElsewhere(t *testing.T) {
	for _, ref := range []string{"", "#", "#/components/schemas/", "#/components/schemas/Nobody", "a.json#/components/schemas/Person"} {
		if got := library().Schema(ref); got != nil {
			t.Errorf("Schema(%q) = %v, want nil", ref, got)
		}
	}
	if got := new(openrpc.Document).Schema("#/components/schemas/Person"); got != nil {
		t.Errorf("Schema of an empty document = %v, want nil", got)
	}
}
