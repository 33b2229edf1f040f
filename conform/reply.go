package conform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"
)

// reply is what came back for a request.
type reply struct {
	err     error // there was none
	status  int
	header  http.Header
	body    []byte
	isBatch bool
	all     []response // of a batch, or the only one
	fault   string     // why the body is no JSON-RPC
}

// response is a Response object.
type response struct {
	members map[string]json.RawMessage
	fault   string // why it is none
}

func newReply(got *http.Response, body []byte) *reply {
	r := &reply{status: got.StatusCode, header: got.Header, body: body}
	text := bytes.TrimSpace(body)
	if len(text) == 0 {
		return r
	}
	if !utf8.Valid(text) {
		r.fault = "the answer is no valid UTF-8"
		return r
	}
	if !json.Valid(text) {
		r.fault = "the answer is not JSON, or more than one value of it"
		return r
	}
	if text[0] != '[' {
		r.all = []response{newResponse(text)}
		return r
	}
	r.isBatch = true
	var items []json.RawMessage
	if err := json.Unmarshal(text, &items); err != nil {
		r.fault = "the answer is not JSON"
		return r
	}
	for _, item := range items {
		r.all = append(r.all, newResponse(item))
	}
	return r
}

func newResponse(raw json.RawMessage) response {
	var r response
	if raw[0] != '{' || json.Unmarshal(raw, &r.members) != nil {
		r.fault = "it is not an object"
		return r
	}
	r.fault = r.check()
	return r
}

// check says what keeps an object from being a Response object.
func (r *response) check() string {
	version, versioned := r.members["jsonrpc"]
	_, hasID := r.members["id"]
	_, hasResult := r.members["result"]
	failure, hasError := r.members["error"]
	switch {
	case !versioned:
		return `it has no member "jsonrpc"`
	case string(version) != `"2.0"`:
		return `its member "jsonrpc" is not the String "2.0"`
	case !hasID:
		return `it has no member "id"`
	case hasResult && hasError:
		return `it has both "result" and "error"`
	case !hasResult && !hasError:
		return `it has neither "result" nor "error"`
	case !hasError:
		return ""
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(failure, &members) != nil || members == nil {
		return "its error is not an object"
	}
	var code int64
	var message *string
	if json.Unmarshal(members["code"], &code) != nil {
		return "the code of its error is not an integer"
	}
	if json.Unmarshal(members["message"], &message) != nil || message == nil {
		return "the message of its error is not a String"
	}
	return ""
}

// frameFault says why a reply cannot be one to any request at all.
func (r *reply) frameFault() string {
	if r.fault != "" {
		return r.fault
	}
	if r.isBatch && len(r.all) == 0 {
		return "" // a case of its own
	}
	for i := range r.all {
		if fault := r.all[i].fault; fault != "" {
			if r.isBatch {
				return fmt.Sprintf("response %d of the batch: %s", i+1, fault)
			}
			return fault
		}
	}
	return ""
}

// exchange shows the request and the reply.
func (r *reply) exchange(asked *request) Exchange {
	e := Exchange{Sent: shown(asked.body), Status: r.status, Got: shown(string(r.body))}
	if asked.verb != "" {
		e.Sent = strings.TrimSpace(asked.verb + " " + e.Sent)
	}
	if asked.kind != "" {
		e.Sent = "Content-Type: " + asked.contentType() + "\n" + e.Sent
	}
	return e
}

// errorCode is the code of the error that the whole request was answered with, or 0.
func (r *reply) errorCode() int64 {
	if len(r.all) != 1 {
		return 0
	}
	return r.all[0].errorCode()
}

func (r *response) errorCode() int64 {
	var failure struct {
		Code int64 `json:"code"`
	}
	if json.Unmarshal(r.members["error"], &failure) != nil {
		return 0
	}
	return failure.Code
}

// hasID reports whether the response is to the request with this id, as a value of JSON.
func (r *response) hasID(id string) bool {
	raw, ok := r.members["id"]
	return ok && sameJSON(raw, []byte(id))
}

// sameJSON reports whether two texts are the same JSON value: numbers by what they mean, exactly.
func sameJSON(a, b []byte) bool {
	one, err := decoded(a)
	other, failed := decoded(b)
	return err == nil && failed == nil && reflect.DeepEqual(one, other)
}

func decoded(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return exact(value), nil
}

// exact replaces numbers by a text that equal numbers share.
func exact(value any) any {
	switch value := value.(type) {
	case json.Number:
		if number, _, err := big.ParseFloat(value.String(), 10, 256, big.ToNearestEven); err == nil {
			return "number " + number.Text('p', 0)
		}
		return value
	case []any:
		for i := range value {
			value[i] = exact(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = exact(value[name])
		}
	}
	return value
}
