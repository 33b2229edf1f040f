package conform

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Case is one thing that a service does right or wrong.
type Case struct {
	Name     string
	Section  string // of the specification, or HTTP
	Level    Level
	Sentence string // of the specification, or what takes its place

	needs    []string // methods
	requests []request
}

// request is what is sent, and what is wanted back.
type request struct {
	verb string // of HTTP; empty is POST
	kind string // the Content-Type; empty is application/json
	body string
	want want
}

// noType is a Content-Type that is not sent.
const noType = "none"

func (r *request) contentType() string {
	if r.kind == "" {
		return "application/json"
	}
	return r.kind
}

// want says what is wrong with a reply, or "".
type want func(*reply) string

// The codes of the specification.
const (
	parseError     = -32700
	invalidRequest = -32600
	methodNotFound = -32601
	invalidParams  = -32602
)

// result wants the result of a call.
func result(id, value string) want {
	return func(r *reply) string {
		if why := r.single(); why != "" {
			return why
		}
		return r.all[0].wantResult(id, value)
	}
}

func (r *response) wantResult(id, value string) string {
	got, ok := r.members["result"]
	switch {
	case r.errorCode() != 0:
		return fmt.Sprintf("wanted the result %s, got the error %d", value, r.errorCode())
	case !ok:
		return "wanted the result " + value + ", got none"
	case !sameJSON(got, []byte(value)):
		return "wanted the result " + value + ", got " + shown(string(got))
	case !r.hasID(id):
		return "wanted the id " + id + ", got " + shown(r.id())
	}
	return ""
}

// failure wants an error with one of the codes.
func failure(id string, codes ...int64) want {
	return func(r *reply) string {
		if why := r.single(); why != "" {
			return why
		}
		return r.all[0].wantError(id, codes...)
	}
}

func (r *response) wantError(id string, codes ...int64) string {
	if raw, ok := r.members["error"]; !ok || string(raw) == "null" {
		return "wanted the error " + either(codes) + ", got the result " + shown(string(r.members["result"]))
	}
	if slices.Contains(codes, r.errorCode()) {
		if !r.hasID(id) {
			return "wanted the id " + id + ", got " + shown(r.id())
		}
		return ""
	}
	return fmt.Sprintf("wanted the error %s, got %d", either(codes), r.errorCode())
}

func either(codes []int64) string {
	var all []string
	for _, code := range codes {
		all = append(all, fmt.Sprint(code))
	}
	return strings.Join(all, " or ")
}

func (r *response) id() string {
	if raw, ok := r.members["id"]; ok {
		return string(raw)
	}
	return "none"
}

// notRun wants anything but a result: the specification leaves open how a request is refused.
func notRun(r *reply) string {
	for i := range r.all {
		if raw, ok := r.all[i].members["result"]; ok && string(raw) != "null" {
			return "wanted a refusal, got the result " + shown(string(raw))
		}
	}
	return ""
}

// nothing wants a reply without a body.
func nothing(r *reply) string {
	switch {
	case len(strings.TrimSpace(string(r.body))) > 0:
		return "wanted nothing, got " + shown(string(r.body))
	case r.status >= http.StatusBadRequest:
		return fmt.Sprintf("wanted nothing, got HTTP status %d", r.status)
	}
	return ""
}

// alive wants an answer of JSON-RPC, whatever it is.
func alive(r *reply) string {
	if why := r.frameFault(); why != "" {
		return why
	}
	if len(r.all) == 0 {
		return "wanted an answer, got an empty body"
	}
	return ""
}

// status wants one of the HTTP statuses.
func status(codes ...int) want {
	return func(r *reply) string {
		if slices.Contains(codes, r.status) {
			return ""
		}
		return fmt.Sprintf("wanted HTTP status %s, got %d", strings.Trim(fmt.Sprint(codes), "[]"), r.status)
	}
}

// both wants two things.
func both(one, other want) want {
	return func(r *reply) string {
		if why := one(r); why != "" {
			return why
		}
		return other(r)
	}
}

// single says why a reply is not one Response object.
func (r *reply) single() string {
	switch {
	case r.fault != "":
		return r.fault
	case r.isBatch:
		return "wanted one response, got an array"
	case len(r.all) == 0:
		return fmt.Sprintf("wanted a response, got HTTP status %d with an empty body", r.status)
	case r.all[0].members == nil:
		return r.all[0].fault
	}
	return ""
}

// answered is one response of a batch that is wanted.
type answered struct {
	id    string
	value string // of the result; empty for an error
	code  int64
}

// batch wants the responses, in any order.
func batch(all ...answered) want {
	return func(r *reply) string {
		switch {
		case r.fault != "":
			return r.fault
		case !r.isBatch:
			return "wanted an array of responses, got " + shown(string(r.body))
		case len(r.all) != len(all):
			return fmt.Sprintf("wanted %d responses, got %d", len(all), len(r.all))
		}
		left := append([]response(nil), r.all...)
		for _, one := range all {
			at, why := one.find(left)
			if why != "" {
				return why
			}
			left = append(left[:at], left[at+1:]...)
		}
		return ""
	}
}

// find returns the place of the response that is wanted, or says why it is not there.
func (a answered) find(left []response) (at int, why string) {
	why = "wanted a response with the id " + a.id + ", got none"
	for i := range left {
		if !left[i].hasID(a.id) {
			continue
		}
		var fault string
		if a.value != "" {
			fault = left[i].wantResult(a.id, a.value)
		} else {
			fault = left[i].wantError(a.id, a.code)
		}
		if fault == "" {
			return i, ""
		}
		why = "of the call with the id " + a.id + ": " + fault
	}
	return 0, why
}

// method is one that the cases need, and a call that finds out whether it is there.
type method struct{ name, probe string }

// methods are those of the specification's examples.
var methods = []method{
	{"subtract", call("subtract", `[42,23]`, `1`)},
	{"sum", call("sum", `[1,2,4]`, `1`)},
	{"get_data", call("get_data", "", `1`)},
	{"update", call("update", `[1,2,3,4,5]`, `1`)},
	{"notify_hello", call("notify_hello", `[7]`, `1`)},
	{"notify_sum", call("notify_sum", `[1,2,4]`, `1`)},
}

// call is a request. Empty params, and an empty id, are left out.
func call(name, params, id string) string {
	quoted, _ := json.Marshal(name) // a string can always be encoded
	body := `{"jsonrpc":"2.0","method":` + string(quoted)
	if params != "" {
		body += `,"params":` + params
	}
	if id != "" {
		body += `,"id":` + id
	}
	return body + "}"
}
