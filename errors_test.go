package jacinth_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/jacinthtest"
)

// TestErrors_ofMethods holds what becomes of the errors that methods return, in what their callers read and in the log.
func TestErrors_ofMethods(t *testing.T) {
	for _, test := range []struct {
		name    string
		err     error
		want    string // the error that is sent
		logged  string // in the log
		message string // of that line
	}{
		{"an Error", &jacinth.Error{Code: 5, Message: "m", Data: 1}, `{"code":5,"message":"m","data":1}`, "", "request"},
		{"one with a cause", &jacinth.Error{Code: 5, Cause: errors.New("disk full")}, `{"code":5,"message":"Error 5"}`, "disk full", "request"},
		{"a nil *Error", typedNil(), `{"code":-32603,"message":"Internal error","data":"<any>"}`, "return a plain nil", "call failed"},
		{"any error", errors.New("disk full"), `{"code":-32603,"message":"Internal error","data":"<any>"}`, "disk full", "call failed"},
		{"a panicking error", panickingError{}, `{"code":-32603,"message":"Internal error","data":"<any>"}`, "", "call failed"},
		{
			"data that panics", &jacinth.Error{Code: 5, Message: "m", Data: panickingValue{}},
			`{"code":5,"message":"m","data":"<none>"}`, "panic: ", "error data not sent",
		},
		{
			"data that is no JSON", &jacinth.Error{Code: 5, Message: "m", Data: json.RawMessage(`{`)},
			`{"code":5,"message":"m","data":"<none>"}`, "RawMessage", "error data not sent",
		},
		{
			"a cause that panics", &jacinth.Error{Code: 5, Message: "m", Cause: (*fragileError)(nil)},
			`{"code":5,"message":"m"}`, "", "request",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, batch := range []bool{false, true} {
				log := &records{}
				config := quiet("failing")
				config.Logger = newLogger(log)
				svc := jacinth.New(config)
				jacinth.Public(svc, "fail", func(context.Context, jacinth.None) (int, error) { return 0, test.err })
				body, want := call("fail"), `{"jsonrpc":"2.0","id":1,"error":`+test.want+`}`
				if batch {
					body, want = "["+body+"]", "["+want+"]"
				}
				got := callHTTP(svc, body)
				if faults := compareReplies([]byte(want), got.body); len(faults) > 0 {
					t.Errorf("batch %v: the reply is %s: %q", batch, clip(got.body), faults)
				}
				if log.count(test.message) != 1 || log.count("request") != 1 || !strings.Contains(log.text(), test.logged) {
					t.Errorf("batch %v: the log is %q, want %q once and %q in it", batch, log.text(), test.message, test.logged)
				}
				checkErrorID(t, got, log)
			}
		})
	}
}

// TestErrors_ofOtherServices holds that an error which a method got from another service and hands back as it is, stays
// inside, and that one which says in words of its own what it means, does not.
func TestErrors_ofOtherServices(t *testing.T) {
	stock := jacinth.New(quiet("stock"))
	jacinth.Public(stock, "take", func(context.Context, jacinth.None) (int, error) {
		return 0, &jacinth.Error{Code: 9, Message: "secret of the stock", Data: "secret"}
	})
	client := jacinthtest.New(t, stock)
	svc := jacinth.New(quiet("shop"))
	take := func(ctx context.Context) error { return client.Call(ctx, "take", nil, nil) }
	jacinth.Public(svc, "hand_on", func(ctx context.Context, _ jacinth.None) (int, error) { return 0, take(ctx) })
	jacinth.Public(svc, "unwrap", func(ctx context.Context, _ jacinth.None) (int, error) {
		remote, _ := errors.AsType[*jacinth.Error](take(ctx))
		return 0, remote
	})
	jacinth.Public(svc, "explain", func(ctx context.Context, _ jacinth.None) (int, error) {
		return 0, &jacinth.Error{Code: 4, Message: "Sold out", Cause: take(ctx)}
	})
	for method, want := range map[string]string{
		"hand_on": `{"code":-32603,"message":"Internal error","data":"<any>"}`,
		"unwrap":  `{"code":-32603,"message":"Internal error","data":"<any>"}`,
		"explain": `{"code":4,"message":"Sold out","data":"<none>"}`,
	} {
		got := callHTTP(svc, call(method))
		faults := compareReplies([]byte(`{"jsonrpc":"2.0","id":1,"error":`+want+`}`), got.body)
		if len(faults) > 0 || strings.Contains(string(got.body), "secret") {
			t.Errorf("%s is answered with %s: %q", method, got.body, faults)
		}
	}
}

// checkErrorID holds that an internal error is told under the id that the log has it under.
func checkErrorID(t *testing.T, got answered, log *records) {
	t.Helper()
	r := mustReply(t, got.body)
	if r.code() != -32603 {
		return
	}
	var data struct{ ErrorID string }
	if err := json.Unmarshal(r.Error.Data, &data); err != nil {
		t.Fatal(err)
	}
	if len(data.ErrorID) != 8 || !strings.Contains(log.text(), "error_id="+data.ErrorID) {
		t.Errorf("the caller got the id %q, the log has %q", data.ErrorID, log.text())
	}
}

// TestErrors_ofNotifications holds that a result that nobody will see is not even encoded, and that a notification that
// fails is in the log all the same.
func TestErrors_ofNotifications(t *testing.T) {
	log := &records{}
	config := quiet("notified")
	config.Logger = newLogger(log)
	svc := jacinth.New(config)
	addResultMethods(svc)
	addFailingMethods(svc)
	for _, test := range []struct {
		method, params, code string
		failures             int
	}{
		{"panicking", "[]", "0", 0},
		{"channel", "[]", "0", 0},
		{"big", "[10000000]", "0", 0},
		{"plain", "[]", "-32603", 1},
		{"panic", "[]", "-32603", 1},
		{"own", "[]", "7", 0},
		{"nowhere", "[]", "-32601", 0},
		{"big", "[]", "-32602", 0},
	} {
		got := callHTTP(svc, `{"jsonrpc":"2.0","method":"`+test.method+`","params":`+test.params+`}`)
		if len(got.body) > 0 || got.status != 200 {
			t.Errorf("a notification of %s is answered with status %d, %q", test.method, got.status, got.body)
		}
		failures := log.count("call failed")
		lines := log.take()
		if line := lines[len(lines)-1]; failures != test.failures || line.attributes["code"] != test.code {
			t.Errorf("after a notification of %s the log has %+v, want %d failures and the code %s", test.method, lines, test.failures, test.code)
		}
	}
}

// panickingError is an error that cannot say what it is.
type panickingError struct{}

func (panickingError) Error() string { panic("no text of me") }

// fragileError is an error that a nil pointer to it is not.
type fragileError struct{ text string }

func (e *fragileError) Error() string { return e.text }
