package wire_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// seeds are bodies that have something of everything.
func seeds() [][]byte {
	var bodies [][]byte
	for _, test := range accepted {
		bodies = append(bodies, []byte(test.text))
	}
	for _, test := range refused {
		bodies = append(bodies, []byte(strings.Replace(test.text, "@", "", 1)))
	}
	for _, text := range []string{
		smallCall,
		fullRequest,
		`{"jsonrpc":"2.0","method":"m"}`,
		`{"jsonrpc":"2.0","method":"m","id":null,"params":null}`,
		`{"jsonrpc":"2.0","method":1,"id":"x"}`,
		`{"jsonrpc":"2.0","method":"m","id":[],"params":1}`,
		`{"jsonrpc":"1.0","id":1}`,
		`{"\u006asonrpc":"\u0032.0","m\u0065thod":"\u006d","\u0069d":1.50,"p\u0061rams":[]}`,
		`{"jsonrpc":"2.0","method":"m","id":1,"\u0069d":2}`,
		`{"jsonrpc":"2.0","method":"a long name of a method","id":"a long id of a call"}`,
		`[` + smallCall + `,1,{"jsonrpc":"2.0","method":"m"},[],null]`,
		`{"jsonrpc":"2.0","id":1,"result":{"a":[1]},"error":null}`,
		`{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":-32601,"message":"Method not found","data":{"a":1}}}`,
		`{"jsonrpc":"2.0","id":1,"result":1,"error":{}}`,
		`[{"jsonrpc":"2.0","id":1,"result":1},{"jsonrpc":"2.0","id":2,"error":{"code":1.5,"message":"\ud83d\ude00"}}]`,
		`{"code":-32000,"message":"m","data":null}`,
		strings.Repeat("[", 70) + strings.Repeat("]", 70),
	} {
		bodies = append(bodies, []byte(text))
	}
	return bodies
}

// fuzzLimits turns bytes of a fuzzer into limits that inputs of usual size reach.
func fuzzLimits(depth, items byte) wire.Limits {
	return wire.Limits{Depth: 1 + int(depth), Items: 1 + int(items), Method: 16, ID: 16}
}

// FuzzScan compares each scan with the judgement of jsontext: whether the body is JSON, where it stops to be, and
// each part of each request. What is built from the parts must be messages again.
func FuzzScan(f *testing.F) {
	for _, body := range seeds() {
		f.Add(body, byte(63), byte(99))
		f.Add(body, byte(1), byte(1))
	}
	f.Fuzz(func(t *testing.T, body []byte, depth, items byte) {
		limits := fuzzLimits(depth, items)
		original := bytes.Clone(body)
		for _, request := range checkScan(t, body, limits) {
			checkValues(t, body, request.Method, request.ID, request.Params)
			checkAnswers(t, request.ID.In(body))
			if request.Fault == wire.NoFault {
				checkRebuilt(t, body, request)
			}
		}
		if !bytes.Equal(body, original) {
			t.Errorf("Scan changed %q to %q", original, body)
		}
	})
}

// FuzzScanReplies is FuzzScan for replies.
func FuzzScanReplies(f *testing.F) {
	for _, body := range seeds() {
		f.Add(body, byte(63), byte(99))
		f.Add(body, byte(1), byte(1))
	}
	f.Fuzz(func(t *testing.T, body []byte, depth, items byte) {
		original := bytes.Clone(body)
		for _, reply := range checkScanReplies(t, body, fuzzLimits(depth, items)) {
			checkValues(t, body, reply.ID, reply.Result, reply.Error)
			if (reply.Fault == wire.NoFault) != ((reply.Result.Kind == wire.Absent) != (reply.Error.Kind == wire.Absent)) {
				t.Errorf("ScanReplies(%q) = %+v, want exactly one of result and error, or a fault and neither", body, reply)
			}
			if reply.Error.Kind != wire.Absent {
				checkScanError(t, reply.Error.In(body))
			}
		}
		checkScanError(t, body)
		if !bytes.Equal(body, original) {
			t.Errorf("ScanReplies changed %q to %q", original, body)
		}
	})
}

// FuzzUnquote compares texts with those of jsontext. What is no string must do no harm.
func FuzzUnquote(f *testing.F) {
	for _, body := range seeds() {
		f.Add(body)
	}
	for _, text := range []string{`"`, `"\"`, `"\u"`, `"\ud800"`, `"\ud800\u"`, `"\ud800\ud800"`, `\\\\`, `"\ud83d\ude00\`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		wire.Unquote(nil, raw)
		if !jsontext.Value(raw).IsValid() || jsontext.Value(raw).Kind() != '"' {
			return
		}
		raw = bytes.Trim(raw, " \t\r\n")
		got := wire.Unquote([]byte(">"), raw)
		want := must(jsontext.AppendUnquote([]byte(">"), raw))
		if !bytes.Equal(got, want) {
			t.Errorf("Unquote(%q) = %q, want %q", raw, got, want)
		}
		if len(got)-len(">") > len(raw) {
			t.Errorf("Unquote(%q) = %q, want no more bytes than before", raw, got)
		}
	})
}

// FuzzAppendString has each text quoted and read again.
func FuzzAppendString(f *testing.F) {
	for _, body := range seeds() {
		f.Add(string(body))
	}
	for _, text := range []string{"\x00\x1f\x7f\u0080", "\u2027\u2028\u2029\u202a", "\ufffd\xff\ufffd\xe2\x80", "\U0010ffff\xed\xa0\x80"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := wire.AppendString([]byte(">"), text)[1:]
		if value := jsontext.Value(quoted); !value.IsValid() || value.Kind() != '"' || quoted[0] != '"' {
			t.Fatalf("AppendString(%q) = %q, want a JSON string", text, quoted)
		}
		for _, char := range string(quoted) {
			if char < ' ' || char == '\u2028' || char == '\u2029' {
				t.Errorf("AppendString(%q) = %q, want %U escaped", text, quoted, char)
			}
		}
		want := string([]rune(text)) // each byte that is not UTF-8 becomes U+FFFD
		if got := string(wire.Unquote(nil, quoted)); got != want {
			t.Errorf("Unquote(AppendString(%q)) = %q, want %q", text, got, want)
		}
		if utf8.ValidString(text) && !bytes.Equal(wire.AppendString(nil, want), quoted) {
			t.Errorf("AppendString(%q) = %q, want the same for the same text", text, quoted)
		}
	})
}

// checkValues makes sure that each value is a JSON text of its kind and of nothing more.
func checkValues(t *testing.T, body []byte, values ...wire.Value) {
	t.Helper()
	for _, v := range values {
		text := jsontext.Value(v.In(body))
		if v.Kind == wire.Absent {
			if text != nil || v != (wire.Value{}) {
				t.Errorf("in %q, the absent value %+v is %q, want nil", body, v, text)
			}
			continue
		}
		if !text.IsValid(jsontext.AllowDuplicateNames(true)) || kindOf(text) != v.Kind || len(bytes.Trim(text, " \t\r\n")) != len(text) {
			t.Errorf("in %q, the value %+v is %q, want a JSON %v", body, v, text, v.Kind)
		}
	}
}

// checkAnswers makes sure that replies to an id are replies, with the very bytes of it.
func checkAnswers(t *testing.T, id []byte) {
	t.Helper()
	result := append(wire.AppendResultHead(nil, id), "[null]}"...)
	failure := wire.AppendError(nil, id, -32603, "Internal \"error\"\n", []byte(`{}`))
	if id == nil {
		id = []byte("null")
	}
	for _, body := range [][]byte{result, failure} {
		replies := checkScanReplies(t, body, wire.Limits{Depth: 3, Items: 1, Method: 1, ID: len(id)})
		if len(replies) != 1 || replies[0].Fault != wire.NoFault || !bytes.Equal(replies[0].ID.In(body), id) {
			t.Errorf("the reply %q = %+v, want one to the id %q", body, replies, id)
		}
	}
}

// checkRebuilt builds a request from the parts of one, and expects the parts of that to be the same.
func checkRebuilt(t *testing.T, body []byte, request wire.Request) {
	t.Helper()
	method, id, params := wire.Unquote(nil, request.Method.In(body)), request.ID.In(body), request.Params.In(body)
	built := wire.AppendRequestHead(nil, string(method), id)
	if params != nil {
		built = append(append(built, `,"params":`...), params...)
	}
	built = append(built, '}')
	// A character can take six bytes, as an escape.
	requests := checkScan(t, built, wire.Limits{Depth: 1000, Items: 1, Method: 6 * len(method), ID: len(id)})
	if len(requests) != 1 || requests[0].Fault != wire.NoFault {
		t.Fatalf("the request %q = %+v, want one that is valid", built, requests)
	}
	again := requests[0]
	if got := wire.Unquote(nil, again.Method.In(built)); !bytes.Equal(got, method) {
		t.Errorf("the request %q has the method %q, want %q", built, got, method)
	}
	if got := again.ID.In(built); !bytes.Equal(got, id) || (got == nil) != (id == nil) {
		t.Errorf("the request %q has the id %q, want %q", built, got, id)
	}
	if got := again.Params.In(built); !bytes.Equal(got, params) || (got == nil) != (params == nil) {
		t.Errorf("the request %q has the params %q, want %q", built, got, params)
	}
}
