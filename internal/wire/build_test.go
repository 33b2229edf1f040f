package wire_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/wire"
)

func TestAppendResultHead(t *testing.T) {
	for _, test := range []struct{ id, want string }{
		{"", `>{"jsonrpc":"2.0","id":null,"result":`},
		{"null", `>{"jsonrpc":"2.0","id":null,"result":`},
		{"9007199254740993", `>{"jsonrpc":"2.0","id":9007199254740993,"result":`},
		{`"a\u0062"`, `>{"jsonrpc":"2.0","id":"a\u0062","result":`},
	} {
		if got := wire.AppendResultHead([]byte(">"), raw(test.id)); string(got) != test.want {
			t.Errorf("AppendResultHead(%q) = %s, want %s", test.id, got, test.want)
		}
	}
}

func TestAppendError(t *testing.T) {
	for _, test := range []struct {
		id      string
		code    int
		message string
		data    string
		want    string
	}{
		{"", -32700, "Parse error", "", `>{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}`},
		{"1.50", 7, "", `{"a":1}`, `>{"jsonrpc":"2.0","id":1.50,"error":{"code":7,"message":"","data":{"a":1}}}`},
		{`"x"`, 0, "say \"no\"\n\xff", "null", `>{"jsonrpc":"2.0","id":"x","error":{"code":0,"message":"say \"no\"\n` + "\ufffd" + `","data":null}}`},
		{
			"1", math.MinInt, "m", "",
			`>{"jsonrpc":"2.0","id":1,"error":{"code":` + strconv.Itoa(math.MinInt) + `,"message":"m"}}`,
		},
	} {
		got := wire.AppendError([]byte(">"), raw(test.id), test.code, test.message, raw(test.data))
		if string(got) != test.want {
			t.Errorf("AppendError(%q, %d, %q, %q) = %s, want %s", test.id, test.code, test.message, test.data, got, test.want)
		}
	}
}

func TestAppendRequestHead(t *testing.T) {
	for _, test := range []struct{ method, id, want string }{
		{"math.add", "1", `>{"jsonrpc":"2.0","id":1,"method":"math.add"`},
		{"math.add", "", `>{"jsonrpc":"2.0","method":"math.add"`},
		{"a\"b", "null", `>{"jsonrpc":"2.0","id":null,"method":"a\"b"`},
	} {
		if got := wire.AppendRequestHead([]byte(">"), test.method, raw(test.id)); string(got) != test.want {
			t.Errorf("AppendRequestHead(%q, %q) = %s, want %s", test.method, test.id, got, test.want)
		}
	}
}

// raw returns text as the bytes that a builder takes, nil for none.
func raw(text string) []byte {
	if text == "" {
		return nil
	}
	return []byte(text)
}

func TestAppend_allocatesNothing(t *testing.T) {
	id, data := []byte(`"7"`), []byte(`{"reason":"none"}`)
	dst := make([]byte, 0, 1024)
	allocations := testing.AllocsPerRun(100, func() {
		dst = wire.AppendResultHead(dst[:0], id)
		dst = wire.AppendError(dst, id, -32000, "told \"so\" \u2028", data)
		dst = wire.AppendRequestHead(dst, "math.add", id)
		dst = wire.Unquote(dst, []byte(`"\ud83d\ude00"`))
	})
	if allocations != 0 {
		t.Errorf("building messages in a buffer with room allocates %v times, want none", allocations)
	}
}
