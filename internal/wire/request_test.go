package wire_test

import (
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// TestScan_requests shows each value as "kind: text", and nothing where it is absent.
func TestScan_requests(t *testing.T) {
	for _, test := range []struct {
		body               string
		method, id, params string
		fault              wire.Fault
	}{
		// Requests.
		{smallCall, `string: "sum"`, `number: 1`, `object: {"a":1,"b":2}`, wire.NoFault},
		{
			`{"params":[1, 2],"method":"sum","id":"a","jsonrpc":"2.0"}`,
			`string: "sum"`, `string: "a"`, `array: [1, 2]`, wire.NoFault,
		},
		{`{"jsonrpc":"2.0","method":"m"}`, `string: "m"`, "", "", wire.NoFault},
		{`{"jsonrpc":"2.0","method":"m","params":[]}`, `string: "m"`, "", "array: []", wire.NoFault},
		{`{"jsonrpc":"2.0","method":"m","params":{}}`, `string: "m"`, "", "object: {}", wire.NoFault},
		{`{"jsonrpc":"2.0","method":"m","params":null}`, `string: "m"`, "", "null: null", wire.NoFault},
		{`{"jsonrpc":"2.0","method":""}`, `string: ""`, "", "", wire.NoFault},
		{" {\n\"jsonrpc\" :\t\"2.0\" ,\r\n\"method\": \"m\" } ", `string: "m"`, "", "", wire.NoFault},

		// Ids are kept as they are written.
		{`{"jsonrpc":"2.0","method":"m","id":null}`, `string: "m"`, "null: null", "", wire.NoFault},
		{`{"jsonrpc":"2.0","method":"m","id":""}`, `string: "m"`, `string: ""`, "", wire.NoFault},
		{`{"jsonrpc":"2.0","method":"m","id":0}`, `string: "m"`, "number: 0", "", wire.NoFault},
		{`{"jsonrpc":"2.0","method":"m","id":-0}`, `string: "m"`, "number: -0", "", wire.NoFault},
		{`{"jsonrpc":"2.0","method":"m","id":1.50}`, `string: "m"`, "number: 1.50", "", wire.NoFault},
		{`{"jsonrpc":"2.0","method":"m","id":1E3}`, `string: "m"`, "number: 1E3", "", wire.NoFault},
		{`{"jsonrpc":"2.0","method":"m","id":9007199254740993}`, `string: "m"`, "number: 9007199254740993", "", wire.NoFault},
		{`{"jsonrpc":"2.0","method":"m","id":"\u0061\ud83d\ude00é"}`, `string: "m"`, `string: "\u0061\ud83d\ude00é"`, "", wire.NoFault},

		// Names count by the text they stand for, and exactly.
		{
			`{"\u006asonrpc":"2\u002e0","m\u0065thod":"\u006d","\u0069\u0064":1,"par\u0061ms":[]}`,
			`string: "\u006d"`, "number: 1", "array: []", wire.NoFault,
		},
		{
			`{"\u006a\u0073\u006F\u006e\u0072\u0070\u0063":"\u0032\u002E\u0030","method":"m"}`,
			`string: "m"`, "", "", wire.NoFault,
		},
		{`{"jsonrpc":"2.0","Method":"m","id":1}`, "", "number: 1", "", wire.MethodFault},
		{`{"jsonrpc":"2.0","METHOD":"x","method":"m","Method":"y"}`, `string: "m"`, "", "", wire.NoFault},
		{`{"JSONRPC":"2.0","method":"m","ID":1}`, "", "", "", wire.VersionFault},
		{`{"jsonrpc":"2.0","method":"m","param\u017f":1,"\u212a":1}`, `string: "m"`, "", "", wire.NoFault},
		{`{"jsonrpc":"2.0","method":"m","method ":1," id":2,"id\u0000":3,"":4}`, `string: "m"`, "", "", wire.NoFault},
		{`{"jsonrpc":"2.0","method":"m","jsonrpcjsonrpcjsonrpcjsonrpcjsonrpcjsonrpc\u0061":1}`, `string: "m"`, "", "", wire.NoFault},

		// Unknown members, also twice, also with names that are known elsewhere.
		{
			`{"a":1,"jsonrpc":"2.0","a":{"id":7},"method":"m","a":[{"method":1}],"result":1,"error":2,"code":3,"error":4}`,
			`string: "m"`, "", "", wire.NoFault,
		},
		{
			`{"jsonrpc":"2.0","method":"m","params":{"method":1,"id":2,"id":3}}`,
			`string: "m"`, "", `object: {"method":1,"id":2,"id":3}`, wire.NoFault,
		},

		// What is no object.
		{`null`, "", "", "", wire.NotObject},
		{`1`, "", "", "", wire.NotObject},
		{`"{}"`, "", "", "", wire.NotObject},
		{`true`, "", "", "", wire.NotObject},

		// The version.
		{`{}`, "", "", "", wire.VersionFault},
		{`{"method":"m","id":1}`, "", "number: 1", "", wire.VersionFault},
		{`{"jsonrpc":2.0,"method":"m","id":1}`, "", "number: 1", "", wire.VersionFault},
		{`{"jsonrpc":null,"method":"m","id":1}`, "", "number: 1", "", wire.VersionFault},
		{`{"jsonrpc":"1.0","method":"m","id":1}`, "", "number: 1", "", wire.VersionFault},
		{`{"jsonrpc":"2","method":"m","id":1}`, "", "number: 1", "", wire.VersionFault},
		{`{"jsonrpc":"2.0 ","method":"m","id":1}`, "", "number: 1", "", wire.VersionFault},
		{`{"jsonrpc":"","method":"m","id":1}`, "", "number: 1", "", wire.VersionFault},
		{`{"jsonrpc":"\u0032.\u0031","method":"m","id":1}`, "", "number: 1", "", wire.VersionFault},
		{`{"jsonrpc":["2.0"],"method":"m","id":1}`, "", "number: 1", "", wire.VersionFault},
		{`{"jsonrpc":[2.0],"method":"m","id":1}`, "", "number: 1", "", wire.VersionFault},
		{`{"jsonrpc":12.03,"method":"m","id":1}`, "", "number: 1", "", wire.VersionFault},
		{`{"jsonrpc":"2.0000000000000000000000000000","method":"m","id":1}`, "", "number: 1", "", wire.VersionFault},

		// The id.
		{`{"jsonrpc":"2.0","method":"m","id":true}`, "", "", "", wire.IDFault},
		{`{"jsonrpc":"2.0","method":"m","id":false}`, "", "", "", wire.IDFault},
		{`{"jsonrpc":"2.0","method":"m","id":[1]}`, "", "", "", wire.IDFault},
		{`{"jsonrpc":"2.0","method":"m","id":{}}`, "", "", "", wire.IDFault},

		// The method.
		{`{"jsonrpc":"2.0","id":1}`, "", "number: 1", "", wire.MethodFault},
		{`{"jsonrpc":"2.0","id":"x","method":null}`, "", `string: "x"`, "", wire.MethodFault},
		{`{"jsonrpc":"2.0","id":null,"method":1}`, "", "null: null", "", wire.MethodFault},
		{`{"jsonrpc":"2.0","method":["m"]}`, "", "", "", wire.MethodFault},
		{`{"jsonrpc":"2.0","method":{"m":1}}`, "", "", "", wire.MethodFault},

		// The params.
		{`{"jsonrpc":"2.0","id":1,"method":"m","params":1}`, "", "number: 1", "", wire.ParamsFault},
		{`{"jsonrpc":"2.0","id":1,"method":"m","params":"[]"}`, "", "number: 1", "", wire.ParamsFault},
		{`{"jsonrpc":"2.0","id":1,"method":"m","params":true}`, "", "number: 1", "", wire.ParamsFault},
		{`{"jsonrpc":"2.0","method":"m","params":false}`, "", "", "", wire.ParamsFault},

		// Known members that are there twice, in whatever spelling and with whatever value.
		{`{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"m"}`, "", "number: 1", "", wire.DuplicateFault},
		{`{"jsonrpc":"2.0","id":1,"method":"m","method":"m"}`, "", "number: 1", "", wire.DuplicateFault},
		{`{"jsonrpc":"2.0","id":1,"method":"m","\u006dethod":"n"}`, "", "number: 1", "", wire.DuplicateFault},
		{`{"jsonrpc":"2.0","id":1,"m\u0065thod":"m","method":"m"}`, "", "number: 1", "", wire.DuplicateFault},
		{`{"jsonrpc":"2.0","id":1,"method":"m","params":[],"params":null}`, "", "number: 1", "", wire.DuplicateFault},
		{`{"jsonrpc":"2.0","id":1,"id":1,"method":"m"}`, "", "", "", wire.DuplicateFault},
		{`{"jsonrpc":"2.0","id":1,"method":"m","\u0069d":2}`, "", "", "", wire.DuplicateFault},
		{`{"jsonrpc":"2.0","id":1,"method":"m","id":true}`, "", "", "", wire.DuplicateFault},
		{`{"jsonrpc":"2.0","id":1,"id":2,"id":3,"method":"m"}`, "", "", "", wire.DuplicateFault},

		// The first fault counts.
		{`{"id":{},"id":[]}`, "", "", "", wire.DuplicateFault},
		{`{"jsonrpc":"1.0","id":{},"method":1,"params":1}`, "", "", "", wire.VersionFault},
		{`{"jsonrpc":"2.0","id":{},"method":1,"params":1}`, "", "", "", wire.IDFault},
		{`{"jsonrpc":"2.0","id":1,"method":1,"params":1}`, "", "number: 1", "", wire.MethodFault},
	} {
		for _, batch := range []bool{false, true} {
			text := test.body
			if batch {
				text = "[" + text + "]"
			}
			body := []byte(text)
			requests, isBatch, err := wire.Scan(body, limits, nil)
			if err != nil || len(requests) != 1 || isBatch != batch {
				t.Errorf("Scan(%q) = %v, batch %t, %v, want one request", body, requests, isBatch, err)
				continue
			}
			r := requests[0]
			if r.Fault != test.fault {
				t.Errorf("Scan(%q) has the fault %q, want %q", body, r.Fault, test.fault)
			}
			for _, part := range []struct {
				name string
				got  wire.Value
				want string
			}{{"method", r.Method, test.method}, {"id", r.ID, test.id}, {"params", r.Params, test.params}} {
				if got := show(part.got, body); got != part.want {
					t.Errorf("Scan(%q) has the %s %q, want %q", body, part.name, got, part.want)
				}
			}
		}
	}
}

// show returns "kind: text" for a value, and nothing for an absent one.
func show(v wire.Value, body []byte) string {
	if v.Kind == wire.Absent {
		return ""
	}
	return v.Kind.String() + ": " + string(v.In(body))
}

func TestScan_limitsLengths(t *testing.T) {
	four := wire.Limits{Depth: 9, Items: 9, Method: 4, ID: 4}
	for _, test := range []struct {
		method, id, wantID string
		fault              wire.Fault
	}{
		{`"four"`, `1234`, `1234`, wire.NoFault},
		{`"four"`, `"ab"`, `"ab"`, wire.NoFault},
		{`""`, `null`, `null`, wire.NoFault},
		{`"fiver"`, `1234`, `1234`, wire.MethodLengthFault},
		{`"\u0061"`, `1234`, `1234`, wire.MethodLengthFault}, // as it is written
		{`"éé"`, `1234`, `1234`, wire.NoFault},
		{`"ééa"`, `1234`, `1234`, wire.MethodLengthFault},
		{`"four"`, `12345`, ``, wire.IDLengthFault},
		{`"four"`, `1.0e1`, ``, wire.IDLengthFault},
		{`"four"`, `"abc"`, ``, wire.IDLengthFault},
		{`"fiver"`, `"abc"`, ``, wire.IDLengthFault},
		{`"four"`, `[1,2,3]`, ``, wire.IDFault},
	} {
		body := []byte(`{"jsonrpc":"2.0","method":` + test.method + `,"id":` + test.id + `}`)
		requests, _, err := wire.Scan(body, four, nil)
		if err != nil {
			t.Errorf("Scan(%q) = %v", body, err)
			continue
		}
		if r := requests[0]; r.Fault != test.fault || string(r.ID.In(body)) != test.wantID {
			t.Errorf("Scan(%q) = the fault %q, the id %q, want %q, %q", body, r.Fault, r.ID.In(body), test.fault, test.wantID)
		}
	}

	long := []byte(`{"jsonrpc":"2.0","id":"` + strings.Repeat("9", 1000) + `"}`)
	requests, _, err := wire.Scan(long, limits, nil)
	if err != nil || requests[0].Fault != wire.IDLengthFault || requests[0].ID.Kind != wire.Absent {
		t.Errorf("Scan of an id of 1000 bytes = %v, %v, want the fault %q and no id", requests, err, wire.IDLengthFault)
	}
}

func TestScan_judgesItemsApart(t *testing.T) {
	body := []byte(`[1, ` + smallCall + `, [` + smallCall + `], {"id":2,"method":1,"method":1}, {"id":3},
		{"jsonrpc":"2.0","method":"n"}, [], null]`)
	requests, _, err := wire.Scan(body, limits, nil)
	want := []struct {
		fault  wire.Fault
		method string
		id     string
	}{
		{wire.NotObject, "", ""},
		{wire.NoFault, `"sum"`, "1"},
		{wire.NotObject, "", ""},
		{wire.DuplicateFault, "", "2"},
		{wire.VersionFault, "", "3"},
		{wire.NoFault, `"n"`, ""},
		{wire.NotObject, "", ""},
		{wire.NotObject, "", ""},
	}
	if err != nil || len(requests) != len(want) {
		t.Fatalf("Scan(%q) = %v, %v, want %d requests", body, requests, err, len(want))
	}
	for i, r := range requests {
		if got := (struct {
			fault      wire.Fault
			method, id string
		}{r.Fault, string(r.Method.In(body)), string(r.ID.In(body))}); got != want[i] {
			t.Errorf("item %d of %q = %v, want %v", i, body, got, want[i])
		}
	}
}
