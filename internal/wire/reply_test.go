package wire_test

import (
	"errors"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/wire"
)

func TestScanReplies(t *testing.T) {
	for _, test := range []struct {
		body                string
		id, result, failure string
		fault               wire.Fault
	}{
		// Results.
		{`{"jsonrpc":"2.0","id":1,"result":3}`, "number: 1", "number: 3", "", wire.NoFault},
		{`{"result":[1, {}],"id":"a","jsonrpc":"2.0"}`, `string: "a"`, "array: [1, {}]", "", wire.NoFault},
		{`{"jsonrpc":"2.0","id":1,"result":null}`, "number: 1", "null: null", "", wire.NoFault},
		{`{"jsonrpc":"2.0","id":1,"result":false}`, "number: 1", "boolean: false", "", wire.NoFault},
		{`{"jsonrpc":"2.0","id":null,"result":""}`, "null: null", `string: ""`, "", wire.NoFault},
		{`{"jsonrpc":"2.0","id":1,"r\u0065sult":{},"method":1,"x":2,"x":3}`, "number: 1", "object: {}", "", wire.NoFault},

		// Errors.
		{`{"jsonrpc":"2.0","id":1,"error":{"code":1}}`, "number: 1", "", `object: {"code":1}`, wire.NoFault},
		{`{"jsonrpc":"2.0","id":null,"error":{}}`, "null: null", "", "object: {}", wire.NoFault},
		{`{"jsonrpc":"2.0","id":1,"error":"no"}`, "number: 1", "", `string: "no"`, wire.NoFault},
		{`{"jsonrpc":"2.0","id":1,"error":false}`, "number: 1", "", "boolean: false", wire.NoFault},

		// Both members, one of them null.
		{`{"jsonrpc":"2.0","id":1,"result":3,"error":null}`, "number: 1", "number: 3", "", wire.NoFault},
		{`{"jsonrpc":"2.0","id":1,"error":null,"result":null}`, "number: 1", "null: null", "", wire.NoFault},
		{`{"jsonrpc":"2.0","id":1,"result":null,"error":{}}`, "number: 1", "", "object: {}", wire.NoFault},

		// The id is left to whoever knows what was asked.
		{`{"jsonrpc":"2.0","result":3}`, "", "number: 3", "", wire.NoFault},
		{`{"jsonrpc":"2.0","error":{}}`, "", "", "object: {}", wire.NoFault},

		// What is no reply.
		{`1`, "", "", "", wire.NotObject},
		{`null`, "", "", "", wire.NotObject},
		{`{}`, "", "", "", wire.VersionFault},
		{`{"id":1,"result":3}`, "number: 1", "", "", wire.VersionFault},
		{`{"jsonrpc":"1.0","id":1,"result":3,"error":null}`, "number: 1", "", "", wire.VersionFault},
		{`{"jsonrpc":"2.0","id":1}`, "number: 1", "", "", wire.NeitherFault},
		{`{"jsonrpc":"2.0","id":1,"error":null}`, "number: 1", "", "", wire.NeitherFault},
		{`{"jsonrpc":"2.0","id":1,"Result":3}`, "number: 1", "", "", wire.NeitherFault},
		{`{"jsonrpc":"2.0","id":1,"result":3,"error":{}}`, "number: 1", "", "", wire.BothFault},
		{`{"jsonrpc":"2.0","id":1,"result":0,"error":false}`, "number: 1", "", "", wire.BothFault},
		{`{"jsonrpc":"2.0","id":true,"result":3}`, "", "", "", wire.IDFault},
		{`{"jsonrpc":"2.0","id":{},"result":3}`, "", "", "", wire.IDFault},
		{`{"jsonrpc":"2.0","id":123456789,"result":3}`, "", "", "", wire.IDLengthFault},
		{`{"jsonrpc":"2.0","id":1,"id":1,"result":3}`, "", "", "", wire.DuplicateFault},
		{`{"jsonrpc":"2.0","id":1,"result":3,"result":3}`, "number: 1", "", "", wire.DuplicateFault},
		{`{"jsonrpc":"2.0","id":1,"error":null,"\u0065rror":{}}`, "number: 1", "", "", wire.DuplicateFault},
	} {
		for _, batch := range []bool{false, true} {
			text := test.body
			if batch {
				text = "[" + text + "]"
			}
			body := []byte(text)
			replies, isBatch, err := wire.ScanReplies(body, wire.Limits{Depth: 9, Items: 9, Method: 1, ID: 8}, nil)
			if err != nil || len(replies) != 1 || isBatch != batch {
				t.Errorf("ScanReplies(%q) = %v, batch %t, %v, want one reply", body, replies, isBatch, err)
				continue
			}
			r := replies[0]
			if r.Fault != test.fault {
				t.Errorf("ScanReplies(%q) has the fault %q, want %q", body, r.Fault, test.fault)
			}
			for _, part := range []struct {
				name string
				got  wire.Value
				want string
			}{{"id", r.ID, test.id}, {"result", r.Result, test.result}, {"error", r.Error, test.failure}} {
				if got := show(part.got, body); got != part.want {
					t.Errorf("ScanReplies(%q) has the %s %q, want %q", body, part.name, got, part.want)
				}
			}
		}
	}
}

func TestScanReplies_refusesBodies(t *testing.T) {
	two := wire.Limits{Depth: 2, Items: 2, Method: 9, ID: 9}
	before := []wire.Reply{{Fault: wire.BothFault}}
	for body, want := range map[string]error{
		``:                               errSyntax,
		`{"jsonrpc":"2.0"`:               errSyntax,
		`<html>`:                         errSyntax,
		`{} {}`:                          errSyntax,
		`{"result":"` + "\xff" + `"}`:    errSyntax,
		`{"result":[[]]}`:                errSyntax,
		`[]`:                             wire.ErrEmptyBatch,
		`[{"id":1},{"id":2},{"id":3}]`:   wire.ErrBatchTooLarge,
		`[{"id":1},{"id":2},not read on`: wire.ErrBatchTooLarge,
	} {
		replies, _, err := wire.ScanReplies([]byte(body), two, before)
		if !errors.Is(outcome(err), want) {
			t.Errorf("ScanReplies(%q) = %v, want %v", body, err, want)
		}
		if len(replies) != 1 || replies[0] != before[0] {
			t.Errorf("ScanReplies(%q) into one reply = %v, want that one", body, replies)
		}
	}
}

func TestScanError(t *testing.T) {
	for _, test := range []struct {
		raw           string
		code          int
		message, data string
		ok            bool
	}{
		{`{"code":-32601,"message":"Method not found"}`, -32601, `string: "Method not found"`, "", true},
		{`{"data":[1],"message":"","code":0}`, 0, `string: ""`, "array: [1]", true},
		{` { "code" : 7 , "message" : "m" , "data" : null } `, 7, `string: "m"`, "null: null", true},
		{`{"cod\u0065":1,"message":"\u00e9","x":1,"x":2}`, 1, `string: "\u00e9"`, "", true},
		{`{"code":-0,"message":"m"}`, 0, `string: "m"`, "", true},
		{`{"code":2147483647,"message":"m","data":{"code":2}}`, 2147483647, `string: "m"`, `object: {"code":2}`, true},

		{`{"code":1}`, 0, "", "", false},
		{`{"message":"m"}`, 0, "", "", false},
		{`{"code":"1","message":"m"}`, 0, "", "", false},
		{`{"code":null,"message":"m"}`, 0, "", "", false},
		{`{"code":1.0,"message":"m"}`, 0, "", "", false},
		{`{"code":1.5,"message":"m"}`, 0, "", "", false},
		{`{"code":1e2,"message":"m"}`, 0, "", "", false},
		{`{"code":9223372036854775808,"message":"m"}`, 0, "", "", false},
		{`{"code":1,"message":null}`, 0, "", "", false},
		{`{"code":1,"message":["m"]}`, 0, "", "", false},
		{`{"code":1,"code":1,"message":"m"}`, 0, "", "", false},
		{`{"code":1,"message":"m","m\u0065ssage":"n"}`, 0, "", "", false},
		{`{"code":1,"message":"m","data":1,"data":1}`, 0, "", "", false},
		{`{"Code":1,"message":"m"}`, 0, "", "", false},
		{`{}`, 0, "", "", false},
		{`[]`, 0, "", "", false},
		{`"no"`, 0, "", "", false},
		{`null`, 0, "", "", false},

		// Not what a scan has found.
		{``, 0, "", "", false},
		{`{"code":1,"message":"m"`, 0, "", "", false},
		{`{"code":1,"message":"m"}}`, 0, "", "", false},
	} {
		code, message, data, ok := wire.ScanError([]byte(test.raw))
		if code != test.code || ok != test.ok {
			t.Errorf("ScanError(%q) = the code %d, ok %t, want %d, %t", test.raw, code, ok, test.code, test.ok)
		}
		if got := show(message, []byte(test.raw)); got != test.message {
			t.Errorf("ScanError(%q) has the message %q, want %q", test.raw, got, test.message)
		}
		if got := show(data, []byte(test.raw)); got != test.data {
			t.Errorf("ScanError(%q) has the data %q, want %q", test.raw, got, test.data)
		}
	}
}
