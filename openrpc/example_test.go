package openrpc_test

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

func ExampleDocument() {
	doc := openrpc.Document{
		OpenRPC: openrpc.Version,
		Info:    openrpc.Info{Title: "calc", Version: "1.0.0"},
		Methods: []openrpc.Method{{
			Name:           "add",
			ParamStructure: openrpc.Either,
			Params: []openrpc.ContentDescriptor{
				{Name: "a", Required: true, Schema: &openrpc.Schema{Type: openrpc.Types{"number"}}},
				{Name: "b", Required: true, Schema: &openrpc.Schema{Type: openrpc.Types{"number"}}},
			},
			Result: &openrpc.ContentDescriptor{Name: "sum", Schema: &openrpc.Schema{Type: openrpc.Types{"number"}}},
		}},
	}
	if err := json.NewEncoder(os.Stdout).Encode(doc); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"openrpc":"1.4.0","info":{"title":"calc","version":"1.0.0"},"methods":[{"name":"add","paramStructure":"either","params":[{"name":"a","required":true,"schema":{"type":"number"}},{"name":"b","required":true,"schema":{"type":"number"}}],"result":{"name":"sum","schema":{"type":"number"}}}]}
}

func ExampleParse() {
	doc, err := openrpc.Parse([]byte(`{
		"openrpc": "1.3.2",
		"info": {"title": "petstore", "version": "1.0.0"},
		"methods": [{"name": "list_pets", "params": [{"$ref": "#/components/contentDescriptors/Limit"}]}],
		"components": {"contentDescriptors": {"Limit": {"name": "limit", "schema": {"type": "integer", "minimum": 1}}}}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := doc.Resolve(); err != nil {
		fmt.Println(err)
		return
	}
	for _, method := range doc.Methods {
		for _, param := range method.Params {
			fmt.Println(method.Name, "takes", param.Name, "of type", param.Schema.Type, "from", param.Schema.Minimum)
		}
	}
	// Output:
	// list_pets takes limit of type [integer] from 1
}

func ExampleSchema() {
	var person openrpc.Schema
	person.Type = openrpc.Types{"object"}
	person.Properties.Set("surname", &openrpc.Schema{Type: openrpc.Types{"string"}, MinLength: new(1)})
	person.Properties.Set("age", &openrpc.Schema{Type: openrpc.Types{"integer", "null"}, Minimum: "0"})
	person.AdditionalProperties = openrpc.Nothing()

	text, err := json.Marshal(person)
	fmt.Println(string(text), err)
	// Output:
	// {"type":"object","properties":{"surname":{"type":"string","minLength":1},"age":{"type":["integer","null"],"minimum":0}},"additionalProperties":false} <nil>
}
