package diff_test

import (
	"encoding/json"
	"fmt"

	"github.com/jacinth-rpc/jacinth/openrpc"
	"github.com/jacinth-rpc/jacinth/openrpc/diff"
)

// A test of a service can compare the document that was published last, which is kept beside it, with the one of today:
// a change that breaks callers then fails the test.
func Example() {
	var published, today openrpc.Document
	for text, document := range map[string]*openrpc.Document{
		`{"openrpc":"1.3.2","info":{"title":"shop","version":"1"},"methods":[{"name":"buy","params":[],"result":{"name":"result","schema":{"type":"integer"}}}]}`: &published,
		`{"openrpc":"1.3.2","info":{"title":"shop","version":"2"},"methods":[{"name":"buy","params":[],"result":{"name":"result","schema":{"type":"string"}}}]}`:  &today,
	} {
		if err := json.Unmarshal([]byte(text), document); err != nil {
			fmt.Println(err)
		}
	}
	for _, change := range diff.Documents(&published, &today) {
		if change.Level == diff.Breaking {
			fmt.Println(change.Text, change.Pointer)
		}
	}
	// Output: The type was integer and is string. /methods/0/result/schema
}
