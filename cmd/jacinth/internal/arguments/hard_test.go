package arguments_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/arguments"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// hard is a document whose types are parts of themselves, and of each other, many times over.
func hard(t *testing.T) *openrpc.Document {
	t.Helper()
	ref := func(name string) string { return `{"$ref":"#/components/schemas/` + name + `"}` }
	ten := func(one string) string { return strings.TrimSuffix(strings.Repeat(one+",", 10), ",") }
	schemas := `"list":{"type":"array","items":` + ref("list") + `},"itself":` + ref("itself") + `,"all":{"allOf":[` + ten(ref("all")) + `]}`
	schemas += `,"either":{"type":["array","object"],"items":` + ref("either") + `}`
	var members, names []string
	for i := range 10 {
		names = append(names, fmt.Sprintf(`"m%d"`, i))
		members = append(members, fmt.Sprintf(`"m%d":%s`, i, ref("wide")))
	}
	schemas += `,"wide":{"type":"object","required":[` + strings.Join(names, ",") + `],"properties":{` + strings.Join(members, ",") + `}}`
	for i := range 15 {
		next := ref(fmt.Sprint("deep", i+1))
		schemas += fmt.Sprintf(`,"deep%d":{"anyOf":[%s]},"tall%d":{"type":"object","required":["a","b","c"],"properties":{"a":%s,"b":%s,"c":%s}}`,
			i, ten(next), i, ref(fmt.Sprint("tall", i+1)), ref(fmt.Sprint("tall", i+1)), ref(fmt.Sprint("tall", i+1)))
	}
	schemas += `,"deep15":{"type":"string"},"tall15":{"type":"string"}`
	document, err := openrpc.Parse([]byte(`{"openrpc":"1.4.0","info":{"title":"hard","version":"1"},"methods":[],"components":{"schemas":{` + schemas + `}}}`))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// TestTypes_areReadInTime would not end if each way through the types were gone.
func TestTypes_areReadInTime(t *testing.T) {
	document := hard(t)
	for _, test := range []struct{ schema, sample, five string }{
		{"list", `[]`, ""},
		{"either", `[]`, ""},
		{"itself", `null`, `{"x":5}`},
		{"all", `null`, `{"x":5}`},
		{"deep0", `"text"`, `{"x":"5"}`},
		{"wide", `{"m0":null,`, ""},
		{"tall0", `{"a":{"a":`, ""},
	} {
		schema := &openrpc.Schema{Ref: "#/components/schemas/" + test.schema}
		method := &openrpc.Method{Name: "m", Params: []openrpc.ContentDescriptor{{Name: "x", Schema: schema}}}
		types := &arguments.Types{Document: document, Method: method}
		sample := types.Sample(schema)
		if !json.Valid(sample) || !strings.HasPrefix(string(sample), test.sample) || len(sample) > 10_000 {
			t.Errorf("Sample of %s = %.100s (%d bytes), want %s…", test.schema, sample, len(sample), test.sample)
		}
		words, err := arguments.Parse([]string{"x=5"}, false, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		params, err := words.Params(types)
		if string(params) != test.five || (err != nil) != (test.five == "") {
			t.Errorf("x=5 for %s = %s, %v, want %q", test.schema, params, err, test.five)
		}
	}
}
