package openrpc_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

// everyKeyword is a schema that has them all, in the order in which they are written.
const everyKeyword = `{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"urn:a","$anchor":"top",` +
	`"$ref":"#/$defs/a","$comment":"c","title":"t","description":"<d> & more","deprecated":true,"readOnly":true,` +
	`"writeOnly":true,"type":["integer","null"],"format":"f","enum":[1,null,{"b":1,"a":2}],"const":null,` +
	`"default":9007199254740993,"examples":[[]],"multipleOf":0.01,"minimum":-1e400,"exclusiveMinimum":0,` +
	`"maximum":18446744073709551615,"exclusiveMaximum":1.50,"minLength":0,"maxLength":9,"pattern":"^<a>$",` +
	`"contentEncoding":"base64","contentMediaType":"text/plain","prefixItems":[{},false],"items":{"type":"string"},` +
	`"contains":{"const":1},"minItems":0,"maxItems":3,"uniqueItems":true,"properties":{"z":{},"a":false,"m":{}},` +
	`"required":["z"],"additionalProperties":false,"propertyNames":{"maxLength":2},"minProperties":1,` +
	`"maxProperties":4,"allOf":[{}],"anyOf":[{},{"type":"null"}],"oneOf":[{}],"not":{"type":"string"},` +
	`"$defs":{"y":{},"a":{"$ref":"#"}},"if":{"b":2,"a":1},"patternProperties":{"^x":true},"x-own":"é"}`

func TestSchema_roundTripsEveryKeyword(t *testing.T) {
	for name, codec := range map[string]struct {
		marshal   func(any) ([]byte, error)
		unmarshal func([]byte, any) error
	}{
		"encoding/json": {json.Marshal, json.Unmarshal},
		"json/v2": {
			func(value any) ([]byte, error) { return jsonv2.Marshal(value) },
			func(data []byte, into any) error { return jsonv2.Unmarshal(data, into) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			var schema openrpc.Schema
			if err := codec.unmarshal([]byte(everyKeyword), &schema); err != nil {
				t.Fatal(err)
			}
			for field, value := range reflect.ValueOf(schema).Fields() {
				if value.IsZero() {
					t.Errorf("the field %s is empty after reading every keyword", field.Name)
				}
			}
			got, err := codec.marshal(schema)
			if err != nil {
				t.Fatal(err)
			}
			// encoding/json writes <, > and & as escapes unless it is told not to.
			text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(got))
			if text != everyKeyword {
				t.Errorf("read and written again the schema is\n%s\nwant\n%s", text, everyKeyword)
			}
		})
	}
}

func TestSchema_keepsTheOrderOfProperties(t *testing.T) {
	var properties openrpc.Properties
	for i := range 50 {
		properties.Set(fmt.Sprintf("p%02d", (i*37)%50), &openrpc.Schema{MinLength: new(i)})
	}
	properties.Set("p37", &openrpc.Schema{Title: "again"})
	if got := properties.Get("p37").Title; got != "again" {
		t.Errorf("Get after Set finds the title %q, want %q", got, "again")
	}
	if got := properties.Get("none"); got != nil {
		t.Errorf("Get(%q) = %v, want nil", "none", got)
	}

	data, err := json.Marshal(openrpc.Schema{Properties: properties})
	if err != nil {
		t.Fatal(err)
	}
	var back openrpc.Schema
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back.Properties, properties) {
		t.Errorf("read back the properties are %v, want %v", back.Properties, properties)
	}
	if got := back.Properties[1].Name; got != "p37" {
		t.Errorf("the second property is %q, want %q", got, "p37")
	}
}

func TestSchema_writesBooleans(t *testing.T) {
	for _, test := range []struct {
		read, written string
	}{
		{"true", "{}"},
		{"false", "false"},
		{`{"not":{}}`, "false"},
		{`{"not":true}`, "false"},
		{`{"not":{},"title":"t"}`, `{"title":"t","not":{}}`},
		{`{"items":false,"additionalProperties":true}`, `{"items":false,"additionalProperties":{}}`},
	} {
		var schema openrpc.Schema
		if err := json.Unmarshal([]byte(test.read), &schema); err != nil {
			t.Errorf("Unmarshal(%s) fails with %v", test.read, err)
			continue
		}
		got, err := json.Marshal(schema)
		if err != nil || string(got) != test.written {
			t.Errorf("%s is written as %s, %v, want %s", test.read, got, err, test.written)
		}
	}
	if got, err := json.Marshal(openrpc.Nothing()); err != nil || string(got) != "false" {
		t.Errorf("Marshal(Nothing()) = %s, %v, want false", got, err)
	}
}

func TestSchema_keepsKeywordsOfOtherShapes(t *testing.T) {
	for _, test := range []struct {
		read, written string
	}{
		{`{"exclusiveMinimum":true,"minimum":1}`, `{"minimum":1,"exclusiveMinimum":true}`},
		{`{"required":true,"type":"string"}`, `{"type":"string","required":true}`},
		{`{"required":["a",1]}`, `{"required":["a",1]}`},
		{`{"minLength":"2"}`, `{"minLength":"2"}`},
		{`{"minimum":"2"}`, `{"minimum":"2"}`},
		{`{"maxItems":1.5,"type":null}`, `{"maxItems":1.5,"type":null}`},
		{`{"type":7,"type":"string"}`, `{"type":"string"}`},
		{`{"type":"string","type":7}`, `{"type":7}`},
		{`{"Type":"string"}`, `{"Type":"string"}`},
		{`{"items":[{},{"type":"null"}]}`, `{"prefixItems":[{},{"type":"null"}]}`},
		{`{"definitions":{"b":{},"a":{}}}`, `{"definitions":{"b":{},"a":{}}}`},
		{`{"properties":{"b":{},"a":{},"b":{"title":"late"}}}`, `{"properties":{"b":{"title":"late"},"a":{}}}`},
	} {
		var schema openrpc.Schema
		if err := json.Unmarshal([]byte(test.read), &schema); err != nil {
			t.Errorf("Unmarshal(%s) fails with %v", test.read, err)
			continue
		}
		got, err := json.Marshal(schema)
		if err != nil || string(got) != test.written {
			t.Errorf("%s is written as %s, %v, want %s", test.read, got, err, test.written)
		}
	}
}

func TestSchema_refusesWhatIsNoSchema(t *testing.T) {
	for _, text := range []string{
		`7`, `"string"`, `[]`, `{"items":7}`, `{"items":null}`, `{"anyOf":{}}`, `{"anyOf":[7]}`, `{"properties":[]}`,
		`{"properties":{"a":[]}}`, `{"$defs":null}`, `{"not":"a"}`,
	} {
		var schema openrpc.Schema
		if err := json.Unmarshal([]byte(text), &schema); err == nil {
			t.Errorf("Unmarshal(%s) = %+v, want an error", text, schema)
		}
	}
}

func TestSchema_refusesToNestWithoutEnd(t *testing.T) {
	deep := strings.Repeat(`{"items":`, 300) + `{}` + strings.Repeat(`}`, 300)
	if err := json.Unmarshal([]byte(deep), new(openrpc.Schema)); err == nil || !strings.Contains(err.Error(), "$ref") {
		t.Errorf("Unmarshal of 300 nested schemas fails with %v, want an error that names $ref", err)
	}
	good := strings.Repeat(`{"items":`, 200) + `{}` + strings.Repeat(`}`, 200)
	if err := json.Unmarshal([]byte(good), new(openrpc.Schema)); err != nil {
		t.Errorf("Unmarshal of 200 nested schemas fails with %v", err)
	}

	circle := &openrpc.Schema{}
	circle.Properties.Set("self", circle)
	if _, err := json.Marshal(circle); err == nil || !strings.Contains(err.Error(), "$ref") {
		t.Errorf("Marshal of a schema that holds itself fails with %v, want an error that names $ref", err)
	}
}

func TestSchema_refusesToWriteWhatIsNotJSON(t *testing.T) {
	for _, schema := range []openrpc.Schema{
		{Default: json.RawMessage("{")},
		{Default: json.RawMessage{}},
		{Enum: []json.RawMessage{json.RawMessage("1"), nil}},
		{Minimum: "one"},
		{Minimum: `"1"`},
		{Minimum: "1,2"},
		{Extra: map[string]json.RawMessage{"x": nil}},
		{Title: "t", Extra: map[string]json.RawMessage{"title": json.RawMessage(`"u"`)}},
		{Properties: openrpc.Properties{{Name: "p", Schema: &openrpc.Schema{Const: json.RawMessage("x")}}}},
	} {
		if got, err := json.Marshal(schema); err == nil {
			t.Errorf("Marshal(%+v) = %s, want an error", schema, got)
		} else if !strings.Contains(err.Error(), "schema keyword") {
			t.Errorf("Marshal(%+v) fails with %q, want it to name the keyword", schema, err)
		}
	}
}

func TestSchema_allVisitsEverySchemaInside(t *testing.T) {
	named := func(title string) *openrpc.Schema { return &openrpc.Schema{Title: title} }
	deep := &openrpc.Schema{Title: "items", Items: named("items of items")}
	schema := &openrpc.Schema{
		Title: "top", PrefixItems: []*openrpc.Schema{named("first"), nil, named("third")}, Items: deep,
		Contains: named("contains"), Properties: openrpc.Properties{{Name: "a", Schema: named("a")}, {Name: "b"}},
		AdditionalProperties: named("rest"), PropertyNames: named("names"), AllOf: []*openrpc.Schema{named("all")},
		AnyOf: []*openrpc.Schema{named("any")}, OneOf: []*openrpc.Schema{named("one")}, Not: named("not"),
		Defs: openrpc.Properties{{Name: "d", Schema: named("defined")}},
	}
	var titles []string
	for inner := range schema.All() {
		titles = append(titles, inner.Title)
	}
	want := "top, first, third, items, items of items, contains, a, rest, names, all, any, one, not, defined"
	if got := strings.Join(titles, ", "); got != want {
		t.Errorf("All visits %s, want %s", got, want)
	}
	titles = nil
	for inner := range schema.All() {
		if titles = append(titles, inner.Title); inner.Title == "items of items" {
			break
		}
	}
	if got := len(titles); got != 5 {
		t.Errorf("All goes on to visit %d schemas after it was left at the fifth", got)
	}
	for range (*openrpc.Schema)(nil).All() {
		t.Error("All visits something in no schema")
	}
	loop := &openrpc.Schema{}
	loop.Items = loop
	for range loop.All() { // it must end
	}
}

func FuzzSchema(f *testing.F) {
	f.Add([]byte(everyKeyword))
	f.Add([]byte(`{"required":["a",1],"items":[true,{"type":[]}],"minimum":"2"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var first openrpc.Schema
		if json.Unmarshal(data, &first) != nil {
			return
		}
		written, err := json.Marshal(first)
		if err != nil {
			t.Fatalf("a schema that was read cannot be written: %v", err)
		}
		var second openrpc.Schema
		if err := json.Unmarshal(written, &second); err != nil {
			t.Fatalf("a schema that was written cannot be read: %v\n%s", err, written)
		}
		again, err := json.Marshal(second)
		if err != nil || string(again) != string(written) {
			t.Fatalf("written twice the schema is\n%s\n%s, %v", written, again, err)
		}
	})
}
