package wire_test

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// limits are the defaults of a service.
var limits = wire.Limits{Depth: 64, Items: 100, Method: 128, ID: 128}

// fullRequest has all that a request can have.
const fullRequest = ` { "jsonrpc" : "2.0", "method": "gr\u00fc\u00dfe.\ud83d\ude00 é", "id": "a\"b-7", "trace": null,
	"params" : {"list":[-1.5e+3,0,true,false,null,"x\n",[],{}],"nested":{"deep":[{"er":"\\"}]}} } `

func TestScan_refusesTruncated(t *testing.T) {
	requests, _, err := wire.Scan([]byte(fullRequest), limits, nil)
	if err != nil || requests[0].Fault != wire.NoFault {
		t.Fatalf("Scan(%q) = %v, %v, want a request", fullRequest, requests, err)
	}
	for _, body := range []string{fullRequest, "[" + fullRequest + "," + fullRequest + "]"} {
		whole := len(strings.TrimRight(body, " "))
		for n := range whole {
			requests, _, err := wire.Scan([]byte(body[:n]), limits, nil)
			if !errors.Is(outcome(err), errSyntax) || len(requests) > 0 {
				t.Errorf("Scan(%q) = %v, %v, want a syntax error", body[:n], requests, err)
			}
		}
		for n := whole; n <= len(body); n++ {
			if _, _, err := wire.Scan([]byte(body[:n]), limits, nil); err != nil {
				t.Errorf("Scan(%q) = %v, want no error", body[:n], err)
			}
		}
	}
}

// TestScan_agreesOnEveryByte puts every byte into every place of a request, and has another reader judge the result.
func TestScan_agreesOnEveryByte(t *testing.T) {
	for _, text := range []string{fullRequest, smallCall, "[" + smallCall + ", 1e5 ]"} {
		for at := range len(text) {
			body := []byte(text)
			for c := range 256 {
				body[at] = byte(c)
				checkScan(t, body, limits)
			}
		}
	}
}

func TestScan_limitsDepth(t *testing.T) {
	nested := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	objects := func(depth int) string {
		return strings.Repeat(`{"a":`, depth-1) + "{}" + strings.Repeat("}", depth-1)
	}
	inParams := func(params string) string { return `{"jsonrpc":"2.0","method":"m","params":` + params + `}` }
	for _, test := range []struct {
		about  string
		depth  int
		body   string
		offset int // of the error, or -1
	}{
		{"scalar", 1, `1`, -1},
		{"one level", 1, `{"a":1}`, -1},
		{"a second level", 1, `{"a":[]}`, 5},
		{"a second level after a first", 2, `{"a":[],"b":{},"c":[1,2],"d":{"e":1}}`, -1},
		{"a third level after a second", 2, `{"a":[],"b":{},"c":[1,[]]}`, 22},
		{"an empty object too deep", 1, `[{}]`, 1},
		{"the limit in params", 64, inParams(nested(63)), -1},
		{"over the limit in params", 64, inParams(nested(64)), len(inParams(nested(63))) - 1 - 63},
		{"the limit in an unknown member", 64, `{"a":` + objects(63) + `}`, -1},
		{"over the limit in an unknown member", 64, `{"a":` + objects(64) + `}`, len(`{"a":`) * 64},
		{"the limit in a batch", 64, "[" + inParams(nested(62)) + "]", -1},
		{"over the limit in a batch", 64, "[" + inParams(nested(63)) + "]", len("["+inParams(nested(62))) - 1 - 62},
		{"over the limit and cut off", 64, strings.Repeat("[", 1000), 64},
		{"over the limit in the second item", 2, `[{},{"a":[]}]`, 9},
		{"ten thousand", 10_000, inParams(nested(9_999)), -1},
		{"a hundred thousand", 100_000, nested(100_000), -1},
		{"more than any limit", math.MaxInt, nested(100_001), 100_000},
		{"millions", math.MaxInt, strings.Repeat(`{"a":`, 3_000_000), 500_000},
		{"a limit that was forgotten", 0, `{}`, 0},
		{"a limit that makes no sense", -1, `{}`, 0},
	} {
		t.Run(test.about, func(t *testing.T) {
			_, _, err := wire.Scan([]byte(test.body), wire.Limits{Depth: test.depth, Items: 2, Method: 10, ID: 10}, nil)
			syntax, isSyntax := errors.AsType[*wire.SyntaxError](err)
			switch {
			case test.offset < 0 && isSyntax:
				t.Errorf("Scan = %v, want no syntax error", err)
			case test.offset >= 0 && (!isSyntax || syntax.Offset != test.offset || syntax.Reason != tooDeep):
				t.Errorf("Scan = %v, want %q at offset %d", err, tooDeep, test.offset)
			}
		})
	}
}

func TestScan_limitsItems(t *testing.T) {
	three := wire.Limits{Depth: 9, Items: 3, Method: 9, ID: 9}
	const call = `{"jsonrpc":"2.0","id":1,"method":"m"}`
	for _, test := range []struct {
		body string
		want error
		n    int
	}{
		{`[]`, wire.ErrEmptyBatch, 0},
		{" [ \n ] ", wire.ErrEmptyBatch, 0},
		{`[] x`, errSyntax, 0},
		{`[1]`, nil, 1},
		{`[` + call + `,` + call + `,` + call + `]`, nil, 3},
		{`[` + call + `,` + call + `,` + call + `,` + call + `]`, wire.ErrBatchTooLarge, 0},
		{`[1,2,3,4]`, wire.ErrBatchTooLarge, 0},
		{`[1,2,3]`, nil, 3},
		{`[[1,2,3,4],{"a":[1,2,3,4]}]`, nil, 2},
		{`[1,2,3 , what follows is not read`, wire.ErrBatchTooLarge, 0},
		{`[1,2,3 what follows a value is`, errSyntax, 0},
		{`[1,x,3,4]`, errSyntax, 0},
		{`[1,2,3] 4`, errSyntax, 0},
	} {
		requests, batch, err := wire.Scan([]byte(test.body), three, nil)
		if !errors.Is(outcome(err), test.want) {
			t.Errorf("Scan(%q) = %v, want %v", test.body, err, test.want)
		}
		if len(requests) != test.n || !batch {
			t.Errorf("Scan(%q) = %d requests, batch %t, want %d, true", test.body, len(requests), batch, test.n)
		}
	}
}

func TestScan_tellsBatchFromSingle(t *testing.T) {
	for body, want := range map[string]bool{
		smallCall:                false,
		"\n" + smallCall:         false,
		"[" + smallCall + "]":    true,
		" \t[" + smallCall + "]": true,
		`"["`:                    false,
		`1`:                      false,
		`[1]`:                    true,
		`[[]]`:                   true,
	} {
		requests, batch, err := wire.Scan([]byte(body), limits, nil)
		if err != nil || batch != want || len(requests) != 1 {
			t.Errorf("Scan(%q) = %v, batch %t, %v, want one request, batch %t", body, requests, batch, err, want)
		}
	}
}

func TestScan_appends(t *testing.T) {
	before := []wire.Request{{Fault: wire.VersionFault}, {Fault: wire.ParamsFault}}
	body := []byte("[" + smallCall + ",1," + smallCall + "]")
	requests, _, err := wire.Scan(body, limits, before)
	if err != nil {
		t.Fatal(err)
	}
	alone, _, err := wire.Scan(body, limits, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := append(before, alone...); !reflect.DeepEqual(requests, want) {
		t.Errorf("Scan into two requests = %v, want %v", requests, want)
	}
	exactly := wire.Limits{Depth: 9, Items: 3, Method: 9, ID: 9}
	if _, _, err := wire.Scan(body, exactly, before); err != nil {
		t.Errorf("Scan of three items into two requests = %v, want no error: the limit is that of the batch", err)
	}

	for _, body := range []string{"[1,2,3", "[]", "[1,2,3,4]"} {
		requests, _, err := wire.Scan([]byte(body), exactly, before)
		if err == nil || !reflect.DeepEqual(requests, before) {
			t.Errorf("Scan(%q) into two requests = %v, %v, want the two and an error", body, requests, err)
		}
	}
}

func TestScan_allocatesNothing(t *testing.T) {
	batch := "[" + strings.Repeat(smallCall+",", 99) + smallCall + "]"
	hard := `{"jsonr\u0070c":"\u0032.0","\u0069d":null,"m\u0065thod":"\u0061","params":{"\u0061":"\ud83d\ude00 é"},"\u0061":1}`
	long := strings.Repeat(`\u0061`, 1000)
	longer := `{"` + long + `":1,"jsonrpc":"` + long + `","id":"` + long + `","method":"` + long + `"}`
	for _, body := range []string{smallCall, fullRequest, hard, longer, batch, `{}`, `[1]`} {
		body := []byte(body)
		into := make([]wire.Request, 0, 100)
		allocations := testing.AllocsPerRun(100, func() {
			if _, _, err := wire.Scan(body, limits, into); err != nil {
				t.Fatal(err)
			}
		})
		if allocations != 0 {
			t.Errorf("Scan(%q) allocates %v times, want none", body, allocations)
		}
	}
	reply := []byte(`{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}`)
	into := make([]wire.Reply, 0, 1)
	allocations := testing.AllocsPerRun(100, func() {
		replies, _, err := wire.ScanReplies(reply, limits, into)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, ok := wire.ScanError(replies[0].Error.In(reply)); !ok {
			t.Fatal("ScanError is not ok")
		}
	})
	if allocations != 0 {
		t.Errorf("ScanReplies and ScanError allocate %v times, want none", allocations)
	}
}

// TestScan_allocatesForItemsOnly has a body of the size that is usual for a limit, which promises many items and has few.
func TestScan_allocatesForItemsOnly(t *testing.T) {
	body := append(bytes.Repeat([]byte(" "), 1<<20), "[1]"...)
	requests, _, err := wire.Scan(body, wire.Limits{Depth: 9, Items: math.MaxInt, Method: 9, ID: 9}, nil)
	if err != nil || cap(requests) > 8 {
		t.Errorf("Scan of one item = room for %d requests, %v, want at most 8", cap(requests), err)
	}
}

func TestValue_In(t *testing.T) {
	body := []byte(smallCall)
	requests, _, err := wire.Scan(body, limits, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := requests[0].ID.In(body)
	if string(id) != "1" || cap(id) != 1 {
		t.Errorf("In = %q with room for %d bytes, want %q with none to spare", id, cap(id), "1")
	}
	if got := (wire.Value{}).In(body); got != nil {
		t.Errorf("In of an absent value = %q, want nil", got)
	}
}

func TestKind_String(t *testing.T) {
	for i, want := range []string{"nothing", "null", "boolean", "number", "string", "array", "object", "kind 7"} {
		if got := wire.Kind(i).String(); got != want {
			t.Errorf("Kind(%d).String() = %q, want %q", i, got, want)
		}
	}
}

func TestFault_String(t *testing.T) {
	seen := make(map[string]bool)
	for fault := wire.NoFault; fault <= wire.BothFault; fault++ {
		text := fault.String()
		if text == "" || strings.HasPrefix(text, "fault ") || seen[text] {
			t.Errorf("Fault(%d).String() = %q, want a sentence of its own", fault, text)
		}
		seen[text] = true
	}
	if got, want := (wire.BothFault + 1).String(), "fault 11"; got != want {
		t.Errorf("Fault.String() = %q, want %q", got, want)
	}
	if got, want := wire.VersionFault.String(), `the member "jsonrpc" must be the string "2.0"`; got != want {
		t.Errorf("VersionFault.String() = %q, want %q", got, want)
	}
}

func TestSyntaxError_Error(t *testing.T) {
	_, _, err := wire.Scan([]byte(`{"secret":tru!`), limits, nil)
	if got, want := err.Error(), "invalid JSON at offset 13: a literal is one of true, false and null"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}
