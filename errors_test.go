package jacinth_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
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
			`{"code":5,"message":"m","data":"<none>"}`, "", "request",
		},
		{
			"data that is no JSON", &jacinth.Error{Code: 5, Message: "m", Data: json.RawMessage(`{`)},
			`{"code":5,"message":"m","data":"<none>"}`, "", "request",
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

// panickingError is an error that cannot say what it is.
type panickingError struct{}

func (panickingError) Error() string { panic("no text of me") }

// fragileError is an error that a nil pointer to it is not.
type fragileError struct{ text string }

func (e *fragileError) Error() string { return e.text }
