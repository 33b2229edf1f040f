package interop_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// caller is a client that nobody here wrote. It returns what its library gave it, whatever that was.
type caller struct {
	call   func(method string, params any) outcome
	notify func(method string, params any) error // nil if it has no notifications
	batch  func(requests []request) []outcome    // one outcome for each, that of a notification is empty

	positional bool // it has params by position only
	floats     bool // it has numbers of 53 bits, as JavaScript
	noMix      bool // its batches have no notifications
	waits      bool // it takes no refusal of a whole batch for an answer to its calls, and waits on
}

// request is a call or a notification for a caller to send.
type request struct {
	Method       string `json:"method"`
	Params       any    `json:"params,omitempty"` // nil for none
	Notification bool   `json:"notification,omitempty"`
}

// outcome is what became of a call.
type outcome struct {
	Result json.RawMessage `json:"result"`
	Error  *failure        `json:"error"` // of the method
	broken error           // the client failed without an answer
}

// failure is the error that a method answered with.
type failure struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// result is an outcome that went well.
func (o outcome) result(t *testing.T, want string) {
	t.Helper()
	if o.broken != nil || o.Error != nil || !sameJSON(o.Result, []byte(want)) {
		t.Errorf("got %v, want the result %s", o, want)
	}
}

// failed is an outcome with an error of the method, whose data is left to the caller.
func (o outcome) failed(t *testing.T, code int, message string) json.RawMessage {
	t.Helper()
	if o.broken != nil || o.Error == nil || o.Error.Code != code || o.Error.Message != message {
		t.Errorf("got %v, want the error %d %q", o, code, message)
		return nil
	}
	return o.Error.Data
}

func (o outcome) String() string {
	switch {
	case o.broken != nil:
		return fmt.Sprintf("a failure of the client, %v", o.broken)
	case o.Error != nil:
		return fmt.Sprintf("the error %d %q with data %s", o.Error.Code, o.Error.Message, o.Error.Data)
	}
	return fmt.Sprintf("the result %s", o.Result)
}

// testService calls a service of ours with a client that start makes.
func testService(t *testing.T, start func(t *testing.T, url, token string) caller) {
	url, heard := startService(t)
	client := start(t, url, "")

	for _, test := range []struct {
		name, method string
		params       any
		want         string
	}{
		{"by position", "subtract", []any{42, 23}, `19`},
		{"by name", "subtract", map[string]any{"subtrahend": 23, "minuend": 42}, `19`},
		{"an optional one left out by name", "greet", map[string]any{"name": "<Zoë & 🦄>"}, `"Hello <Zoë & 🦄>"`},
		{"an optional one left out by position", "greet", []any{"Ada"}, `"Hello Ada"`},
		{"an optional one given", "greet", []any{"Ada", "Salve,"}, `"Salve, Ada"`},
		{"a list of values", "count", []any{1, "two", nil, []any{4}}, `4`},
		{"an empty list", "count", []any{}, `0`},
		{"neither params nor result", "nothing", nil, `null`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, byName := test.params.(map[string]any); byName && client.positional {
				t.Skip("this client has params by position only")
			}
			client.call(test.method, test.params).result(t, test.want)
		})
	}
	t.Run("a large integer", func(t *testing.T) {
		if client.floats {
			t.Skip("this client has numbers of 53 bits")
		}
		got := client.call("same", []any{int64(9007199254740993)})
		if got.broken != nil || string(got.Result) != "9007199254740993" {
			t.Errorf("got %v, want 9007199254740993 to the digit", got)
		}
	})
	t.Run("errors", func(t *testing.T) { testErrors(t, client) })
	t.Run("notification", func(t *testing.T) {
		if client.notify == nil {
			t.Skip("this client has no notifications")
		}
		if err := client.notify("note", []any{"a word"}); err != nil {
			t.Errorf("the notification: %v", err)
		}
		heard.expect(t, "a word")
		// What the service has to say against a notification, it does not say.
		if err := client.notify("no_such_method", nil); err != nil {
			t.Errorf("a notification of no method: %v", err)
		}
		client.call("subtract", []any{42, 23}).result(t, `19`)
	})
	t.Run("batch", func(t *testing.T) { testBatches(t, client, heard) })
	t.Run("private", func(t *testing.T) {
		client.call("secret", nil).failed(t, int(jacinth.AccessDenied), "Access denied")
		trusted := start(t, url, token)
		trusted.call("secret", nil).result(t, `"for token 1"`)
		outcomes := trusted.batch([]request{{Method: "secret"}, {Method: "subtract", Params: []any{5, 3}}})
		outcomes[0].result(t, `"for token 1"`)
		outcomes[1].result(t, `2`)
		start(t, url, "a-token-of-somebody-else").call("secret", nil).failed(t, int(jacinth.AccessDenied), "Access denied")
	})
	heard.none(t)
}

// testErrors makes calls that fail.
func testErrors(t *testing.T, client caller) {
	data := client.call("overdraw", nil).failed(t, overdrawnCode, overdrawnMessage)
	if want, _ := json.Marshal(overdrawnData); !sameJSON(data, want) {
		t.Errorf("its data is %s, want %s", data, want)
	}
	client.call("no_such_method", nil).failed(t, int(jacinth.MethodNotFound), "Method not found")

	data = client.call("subtract", []any{"forty-two"}).failed(t, int(jacinth.InvalidParams), "Invalid params")
	var unfit struct {
		Faults []struct{ Path, Rule string }
	}
	if err := json.Unmarshal(data, &unfit); err != nil || len(unfit.Faults) != 2 {
		t.Errorf("its data is %s, want two faults: a minuend of the wrong type and no subtrahend", data)
	}

	data = client.call("crash", nil).failed(t, int(jacinth.InternalError), "Internal error")
	var internal struct{ ErrorID string }
	if err := json.Unmarshal(data, &internal); err != nil || internal.ErrorID == "" || strings.Contains(string(data), "hunter2") {
		t.Errorf("its data is %s, want an id and nothing else", data)
	}
}

// testBatches sends batches.
func testBatches(t *testing.T, client caller, heard notes) {
	requests := []request{
		{Method: "subtract", Params: []any{42, 23}},
		{Method: "overdraw"},
		{Method: "no_such_method"},
		{Method: "greet", Params: []any{"Ada"}},
	}
	mixed := client.notify != nil && !client.noMix
	if mixed {
		requests = append(requests, request{Method: "note", Params: []any{"in between"}, Notification: true})
	}
	requests = append(requests, request{Method: "nothing"})
	outcomes := client.batch(requests)
	outcomes[0].result(t, `19`)
	data := outcomes[1].failed(t, overdrawnCode, overdrawnMessage)
	if want, _ := json.Marshal(overdrawnData); !sameJSON(data, want) {
		t.Errorf("the data of the second is %s, want %s", data, want)
	}
	outcomes[2].failed(t, int(jacinth.MethodNotFound), "Method not found")
	outcomes[3].result(t, `"Hello Ada"`)
	outcomes[len(outcomes)-1].result(t, `null`)
	if mixed {
		heard.expect(t, "in between")
		client.batch([]request{
			{Method: "note", Params: []any{"nothing else"}, Notification: true},
			{Method: "no_such_method", Notification: true},
		})
		heard.expect(t, "nothing else")
	}

	if client.waits {
		return
	}
	// A batch that is too large is refused with one error. Libraries that read every reply to a batch as a list take
	// that for a failure, and never for a result.
	for _, got := range client.batch(slices.Repeat([]request{{Method: "nothing"}}, batchMax+1)) {
		if got.broken == nil {
			got.failed(t, int(jacinth.InvalidRequest), "Invalid Request")
		}
	}
}

// sameJSON compares two texts by what they say.
func sameJSON(a, b []byte) bool {
	if len(a) == 0 {
		a = []byte("null")
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
