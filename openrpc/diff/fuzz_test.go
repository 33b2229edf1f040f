package diff_test

import (
	"testing"

	"github.com/jacinth-rpc/jacinth/openrpc"
	"github.com/jacinth-rpc/jacinth/openrpc/diff"
)

// FuzzDocuments compares schemas of any kind. With itself, no document breaks anything, and what one comparison finds
// another finds too.
func FuzzDocuments(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"type":"string"}`, `{"type":["string","null"],"enum":["a"]}`},
		{`{"anyOf":[{"$ref":"#/components/schemas/A"},{"type":"object"}]}`, `{"oneOf":[{"type":"integer","minimum":1e9},{"const":{}}]}`},
		{`{"allOf":[{"$ref":"#/components/schemas/A"}]}`, `{"items":{"$ref":"#/components/schemas/A"},"prefixItems":[true,false]}`},
		{`{"properties":{"a":{}},"required":["a"],"additionalProperties":false}`, `{"patternProperties":{"a":1},"not":{}}`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, one, other string) {
		document := func(schema string) *openrpc.Document {
			doc, err := openrpc.Parse([]byte(`{"openrpc":"1.4.0","methods":[{"name":"m","params":[{"name":"p","schema":` + schema +
				`}],"result":{"name":"r","schema":` + schema + `}}],"components":{"schemas":{"A":` + schema + `}}}`))
			if err != nil {
				t.Skip()
			}
			return doc
		}
		older, newer := document(one), document(other)
		if changes := diff.Documents(older, older); diff.Count(changes, diff.Breaking) > 0 {
			t.Errorf("with itself, %s has %+v", one, changes)
		}
		first, second := lines(diff.Documents(older, newer)), lines(diff.Documents(older, newer))
		if len(first) != len(second) {
			t.Errorf("%q and then %q", first, second)
		}
	})
}
