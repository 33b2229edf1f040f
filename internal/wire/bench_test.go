package wire_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/wire"
)

const smallCall = `{"jsonrpc":"2.0","id":1,"method":"sum","params":{"a":1,"b":2}}`

// benchmarkBodies are calls of several sizes. The larger ones are lists of records with text in two scripts, as calls
// of services have them.
var benchmarkBodies = []struct {
	name string
	body []byte
}{
	{"small", []byte(smallCall)},
	{"1KiB", callOfSize(1 << 10)},
	{"64KiB", callOfSize(64 << 10)},
	{"text64KiB", []byte(`{"jsonrpc":"2.0","id":1,"method":"store","params":["` + strings.Repeat("All work and no play. ", 64<<10/22) + `"]}`)},
	{"batch100", []byte("[" + strings.Repeat(smallCall+",", 99) + smallCall + "]")},
}

// callOfSize returns a call of about size bytes.
func callOfSize(size int) []byte {
	const record = `{"id":4711,"name":"Zoë Müller","tags":["new","paid \u20ac"],"total":1234.50,"open":true,"note":null},`
	records := strings.Repeat(record, max(size/len(record), 1))
	return []byte(`{"jsonrpc":"2.0","id":1,"method":"store","params":{"records":[` + strings.TrimSuffix(records, ",") + `]}}`)
}

func BenchmarkScan(b *testing.B) {
	for _, bench := range benchmarkBodies {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bench.body)))
			var requests []wire.Request
			for b.Loop() {
				var err error
				requests, _, err = wire.Scan(bench.body, limits, requests[:0])
				if err != nil || requests[0].Fault != wire.NoFault {
					b.Fatalf("Scan = %v, %v", requests, err)
				}
			}
		})
	}
}

// BenchmarkNaive is what a first version of a service does, as the measure of BenchmarkScan.
func BenchmarkNaive(b *testing.B) {
	type request struct {
		Version string          `json:"jsonrpc"`
		Method  string          `json:"method"`
		ID      json.RawMessage `json:"id"`
		Params  json.RawMessage `json:"params"`
	}
	for _, bench := range benchmarkBodies {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bench.body)))
			for b.Loop() {
				var err error
				if bytes.HasPrefix(bench.body, []byte("[")) {
					var requests []request
					err = json.Unmarshal(bench.body, &requests)
				} else {
					var request request
					err = json.Unmarshal(bench.body, &request)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendError(b *testing.B) {
	b.ReportAllocs()
	id, data := []byte("1"), []byte(`{"reason":"no such method"}`)
	var dst []byte
	for b.Loop() {
		dst = wire.AppendError(dst[:0], id, -32601, "Method not found", data)
	}
}
