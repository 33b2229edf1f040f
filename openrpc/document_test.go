package openrpc_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

var update = flag.Bool("update", false, "write the golden files anew")

// library is a document that uses every part of OpenRPC there is.
func library() *openrpc.Document {
	person := &openrpc.Schema{
		Type:        openrpc.Types{"object"},
		Title:       "Person",
		Description: "Somebody who <writes> & reads.",
		Properties: openrpc.Properties{
			{Name: "name", Schema: &openrpc.Schema{Type: openrpc.Types{"string"}, MinLength: new(1), MaxLength: new(80)}},
			{Name: "born", Schema: &openrpc.Schema{Type: openrpc.Types{"string", "null"}, Format: "date"}},
			{Name: "age", Schema: &openrpc.Schema{Type: openrpc.Types{"integer"}, Minimum: "0", Maximum: "18446744073709551615"}},
			{Name: "friends", Schema: &openrpc.Schema{
				Type:  openrpc.Types{"array"},
				Items: &openrpc.Schema{Ref: "#/components/schemas/Person"},
			}},
		},
		Required:             []string{"name"},
		AdditionalProperties: openrpc.Nothing(),
	}
	return &openrpc.Document{
		OpenRPC: openrpc.Version,
		Info: openrpc.Info{
			Title:          "library",
			Version:        "1.2.3",
			Description:    "Lends books.",
			TermsOfService: "https://example.org/terms",
			Contact:        &openrpc.Contact{Name: "The librarian", Email: "books@example.org", URL: "https://example.org"},
			License:        &openrpc.License{Name: "MIT", URL: "https://example.org/licence"},
		},
		ExternalDocs: &openrpc.ExternalDocs{URL: "https://example.org/docs", Description: "More to read."},
		Servers: []openrpc.Server{{
			URL:  "https://${host}.example.org/api",
			Name: "public",
			Variables: map[string]openrpc.ServerVariable{
				"host": {Default: "books", Enum: []string{"books", "test"}},
			},
		}},
		Methods: []openrpc.Method{
			{
				Name:           "books.lend",
				Summary:        "Lends a book.",
				Description:    "Lends a book to a person, if there is one left.",
				Tags:           []openrpc.Tag{{Name: "books"}, {Ref: "#/components/tags/lending"}},
				ExternalDocs:   &openrpc.ExternalDocs{URL: "https://example.org/lend"},
				ParamStructure: openrpc.Either,
				Params: []openrpc.ContentDescriptor{
					{Ref: "#/components/contentDescriptors/reader"},
					{Name: "isbn", Required: true, Schema: &openrpc.Schema{
						Type:    openrpc.Types{"string"},
						Pattern: "^[0-9]{13}$",
					}},
					{Name: "days", Schema: &openrpc.Schema{
						Type:    openrpc.Types{"integer"},
						Default: json.RawMessage("14"),
						Enum:    []json.RawMessage{json.RawMessage("7"), json.RawMessage("14")},
					}},
				},
				Result:     &openrpc.ContentDescriptor{Name: "due", Schema: &openrpc.Schema{Type: openrpc.Types{"string"}, Format: "date"}},
				Errors:     []openrpc.Error{{Code: 7, Message: "No book left.", Data: json.RawMessage(`{"next":"2030-01-01"}`)}},
				Links:      []openrpc.Link{{Name: "back", Method: "books.give_back", Params: json.RawMessage(`{"isbn":"${params.isbn}"}`)}},
				Deprecated: true,
				Examples: []openrpc.ExamplePairing{{
					Name: "a week",
					Params: []openrpc.Example{
						{Name: "reader", Value: json.RawMessage(`{"name":"Ada"}`)},
						{Ref: "#/components/examples/isbn"},
						{Name: "days", Value: json.RawMessage("7")},
					},
					Result: &openrpc.Example{Name: "due", Value: json.RawMessage(`"2030-01-08"`)},
				}},
				XJacinth: &openrpc.MethodExtension{Private: true, Scope: "lend", Idempotent: true, TimeoutMS: 2500},
			},
			{Name: "ping"},
		},
		Components: &openrpc.Components{
			Schemas: openrpc.Properties{
				{Name: "Person", Schema: person},
				{Name: "Anything", Schema: &openrpc.Schema{}},
			},
			ContentDescriptors: map[string]openrpc.ContentDescriptor{
				"reader": {Name: "reader", Required: true, Schema: &openrpc.Schema{Ref: "#/components/schemas/Person"}},
			},
			Tags:     map[string]openrpc.Tag{"lending": {Name: "lending", Description: "In and out."}},
			Examples: map[string]openrpc.Example{"isbn": {Name: "isbn", Value: json.RawMessage(`"9780306406157"`)}},
		},
		XJacinth: &openrpc.DocumentExtension{
			Endpoint:    "/api",
			TokenHeader: "X-Api-Token",
			Limits:      openrpc.Limits{Body: 1 << 20, BatchItems: 100, Response: 8 << 20, Depth: 64, CallTimeoutMS: 25000},
		},
	}
}

func TestDocument_isWrittenAsTheGoldenFile(t *testing.T) {
	got, err := json.MarshalIndent(library(), "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	golden := filepath.Join("testdata", "library.json")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("json.MarshalIndent(library()) =\n%s\nwant\n%s", got, want)
	}
}

func TestDocument_isTheSameByBothVersionsOfJSON(t *testing.T) {
	for name, doc := range map[string]*openrpc.Document{
		"full":  library(),
		"empty": {},
		"nil lists": {Methods: []openrpc.Method{{
			Name:     "a",
			Result:   &openrpc.ContentDescriptor{},
			Examples: []openrpc.ExamplePairing{{}},
			XJacinth: &openrpc.MethodExtension{},
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			one, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			two, err := jsonv2.Marshal(doc, jsonv2.Deterministic(true))
			if err != nil {
				t.Fatal(err)
			}
			if first, second := generic(t, one), generic(t, two); !reflect.DeepEqual(first, second) {
				t.Errorf("encoding/json wrote\n%s\njson/v2 wrote\n%s", one, two)
			}

			var back, backV2 openrpc.Document
			if err := json.Unmarshal(one, &back); err != nil {
				t.Fatal(err)
			}
			if err := jsonv2.Unmarshal(two, &backV2); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(back, backV2) {
				t.Errorf("encoding/json read\n%+v\njson/v2 read\n%+v", back, backV2)
			}
		})
	}
}

func TestDocument_writesWhatTheSpecificationRequires(t *testing.T) {
	doc := openrpc.Document{OpenRPC: openrpc.Version, Methods: []openrpc.Method{{
		Name:     "ping",
		Result:   &openrpc.ContentDescriptor{Name: "pong"},
		Errors:   []openrpc.Error{{}},
		Examples: []openrpc.ExamplePairing{{Result: &openrpc.Example{}}},
	}}}
	want := `{"openrpc":"1.4.0","info":{"title":"","version":""},"methods":[{"name":"ping","params":[],` +
		`"result":{"name":"pong","schema":{}},"errors":[{"code":0,"message":""}],` +
		`"examples":[{"name":"","params":[],"result":{"name":"","value":null}}]}]}`
	for name, marshal := range map[string]func(any) ([]byte, error){
		"encoding/json": json.Marshal,
		"json/v2":       func(value any) ([]byte, error) { return jsonv2.Marshal(value) },
	} {
		got, err := marshal(doc)
		if err != nil || string(got) != want {
			t.Errorf("by %s the document is\n%s, %v, want\n%s", name, got, err, want)
		}
	}
	if got, err := json.Marshal(openrpc.Document{}); err != nil || !strings.Contains(string(got), `"methods":[]`) {
		t.Errorf("Marshal(Document{}) = %s, %v, want an empty list of methods", got, err)
	}
}

func TestParse_givesBackWhatWasWritten(t *testing.T) {
	data, err := json.Marshal(library())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openrpc.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	// The one thing that reads differently: a method without params was nil, and is an empty list when read.
	want := library()
	want.Methods[1].Params = []openrpc.ContentDescriptor{}
	if !reflect.DeepEqual(doc, want) {
		again, _ := json.MarshalIndent(doc, "", "\t")
		t.Errorf("Parse(Marshal(library())) differs from library(); it is written as\n%s", again)
	}
}

func TestParse_refusesWhatIsNoDocument(t *testing.T) {
	for _, text := range []string{
		``, `nonsense`, `[]`, `{}`, `{"openapi":"3.1.0"}`, `{"openrpc":"2.0.0"}`, `{"openrpc":"10.0.0"}`,
		`{"openrpc":1.4}`, `{"openrpc":"1.4.0","methods":{}}`,
		`{"openrpc":"1.4.0","methods":[{"name":"a","params":[{"name":"b","schema":7}]}]}`,
	} {
		if doc, err := openrpc.Parse([]byte(text)); err == nil {
			t.Errorf("Parse(%s) = %+v, want an error", text, doc)
		} else if !strings.HasPrefix(err.Error(), "openrpc: ") {
			t.Errorf("Parse(%s) fails with %q, want a sentence that begins with the package", text, err)
		}
	}
}

func TestParse_readsOtherVersionsAndIgnoresUnknownMembers(t *testing.T) {
	doc, err := openrpc.Parse([]byte(`{
		"openrpc": "1.7.0-rc1", "x-vendor": {"a": [1]}, "info": {"title": "t", "version": "1", "x-logo": "l"},
		"methods": [{"name": "a", "params": [], "x-rate": 5, "streaming": true}]
	}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.Methods) != 1 || doc.Methods[0].Name != "a" {
		t.Errorf("Parse read the methods %+v, want one named a", doc.Methods)
	}
}

func generic(t *testing.T, data []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return value
}
