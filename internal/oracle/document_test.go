package oracle_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

const metaSchema = "https://meta.open-rpc.org/"

// discover returns the document of svc, as it came and as the oracle reads it.
func discover(t testing.TB, svc *jacinth.Service) (text json.RawMessage, value any) {
	t.Helper()
	reply := svc.Dispatch(t.Context(), jacinth.Peer{Token: "any"}, []byte(`{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}`), nil)
	var answer struct{ Result json.RawMessage }
	if err := json.Unmarshal(reply, &answer); err != nil || answer.Result == nil {
		t.Fatalf("rpc.discover answers %s", reply)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(answer.Result)))
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result, value
}

// compileMetaSchema compiles the schema of OpenRPC documents. Both parts of it are of draft 7, with a name of their own
// for that, which leads nowhere.
func compileMetaSchema(t *testing.T, formats ...*jsonschema.Format) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	for _, format := range formats {
		compiler.RegisterFormat(format)
	}
	for _, name := range []string{"schema.json", "json-schema.json"} {
		file, err := os.Open(filepath.Join("testdata/openrpc-1.4", name))
		if err != nil {
			t.Fatal(err)
		}
		schema, err := jsonschema.UnmarshalJSON(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		object := schema.(map[string]any)
		delete(object, "$schema")
		if err := compiler.AddResource(object["$id"].(string), object); err != nil {
			t.Fatal(err)
		}
		// It is referred to without its last slash too.
		if err := compiler.AddResource(strings.TrimSuffix(object["$id"].(string), "/"), object); err != nil {
			t.Fatal(err)
		}
	}
	compiled, err := compiler.Compile(metaSchema)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func TestDocument_isRightByTheMetaSchema(t *testing.T) {
	_, document := discover(t, newService(jacinth.Config{PublicURL: "https://kinds.example.com"}))
	if err := compileMetaSchema(t).Validate(document); err != nil {
		t.Errorf("the document is wrong: %v", err)
	}
	// Without a public URL the server is named relative to the document. The specification allows that, and its schema
	// has the format uri there all the same, which forbids it.
	_, document = discover(t, newService(jacinth.Config{}))
	relative := &jsonschema.Format{Name: "uri", Validate: func(any) error { return nil }}
	if err := compileMetaSchema(t, relative).Validate(document); err != nil {
		t.Errorf("the document without a public URL is wrong: %v", err)
	}
}

func TestMetaSchema_findsFaults(t *testing.T) {
	text, _ := discover(t, newService(jacinth.Config{PublicURL: "https://kinds.example.com"}))
	schema := compileMetaSchema(t)
	for from, to := range map[string]string{
		`"openrpc":"1.4.0"`:          `"openrpc":"1.3.0"`,
		`"paramStructure":"either"`:  `"paramStructure":"any"`,
		`"required":true`:            `"required":1`,
		`"type":"integer"`:           `"type":"whole"`,
		`"summary":`:                 `"short":`,
		`"name":"result","schema":{`: `"schema":{`,
	} {
		broken := strings.Replace(string(text), from, to, 1)
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(broken))
		if err != nil {
			t.Fatal(err)
		}
		if broken == string(text) || schema.Validate(value) == nil {
			t.Errorf("the document with %s in place of %s is right by the meta-schema", to, from)
		}
	}
}

func TestDocument_isReadBack(t *testing.T) {
	text, _ := discover(t, newService(jacinth.Config{}))
	document, err := openrpc.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := document.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(text) {
		t.Errorf("the document\n%s\nis read and written as\n%s", text, again)
	}
}
