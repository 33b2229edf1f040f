package interop_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// python has the methods of these tests as functions of Python, with the errors that Python has for wrong arguments.
type python struct {
	heard notes
}

// pythonError is an exception: its class and its text.
type pythonError struct {
	Class string `json:"class"`
	Info  string `json:"info"`
}

// pythonSignatures are the names of the parameters of each method.
var pythonSignatures = map[string][]string{
	"subtract": {"minuend", "subtrahend"},
	"note":     {"text"},
	"overdraw": {},
	"nothing":  {},
	"secret":   {},

	"get_service_specs": {},
}

// invoke calls a method that there is.
func (p python) invoke(method string, params json.RawMessage) (any, *pythonError) {
	arguments, raised := bind(method, params)
	if raised != nil {
		return nil, raised
	}
	switch method {
	case "subtract":
		minuend, isNumber := arguments[0].(float64)
		subtrahend, areNumbers := arguments[1].(float64)
		if !isNumber || !areNumbers {
			return nil, &pythonError{"TypeError", "unsupported operand type(s) for -: 'str' and 'str'"}
		}
		return minuend - subtrahend, nil
	case "note":
		p.heard <- fmt.Sprint(arguments[0])
	case "overdraw":
		return nil, &pythonError{"OverdraftError", overdrawnMessage}
	case "secret":
		return "for those who know", nil
	case "get_service_specs":
		return map[string]any{
			"host": "127.0.0.1", "port": 8000, "name": "bank", "max_parallel_blocking_tasks": 2,
			"methods": map[string]any{"subtract": "Returns the difference.", "note": nil},
		}, nil
	}
	return nil, nil
}

// bind gives a method its arguments by position or by name, exactly as many as it has parameters.
func bind(method string, params json.RawMessage) ([]any, *pythonError) {
	names := pythonSignatures[method]
	var list []any
	if json.Unmarshal(params, &list) == nil && list != nil {
		if len(list) > len(names) {
			return nil, &pythonError{"TypeError", fmt.Sprintf("%s() takes %d positional arguments but %d were given",
				method, len(names)+1, len(list)+1)}
		}
		if len(list) < len(names) {
			return nil, missing(method, names[len(list):])
		}
		return list, nil
	}
	var named map[string]any
	_ = json.Unmarshal(params, &named) // none at all are an empty object
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if !slices.Contains(names, name) {
			return nil, &pythonError{"TypeError", fmt.Sprintf("%s() got an unexpected keyword argument '%s'", method, name)}
		}
	}
	arguments := make([]any, len(names))
	for i, name := range names {
		value, given := named[name]
		if !given {
			return nil, missing(method, names[i:])
		}
		arguments[i] = value
	}
	return arguments, nil
}

func missing(method string, names []string) *pythonError {
	return &pythonError{"TypeError", fmt.Sprintf("%s() missing %d required positional argument: '%s'", method, len(names), names[0])}
}

// pythonReply is a reply as both libraries write it: with both members always.
type pythonReply struct {
	result  any
	failure *pythonFailure
	id      json.RawMessage
	idToo   bool // also an id that Python takes for nothing
}

// pythonFailure is the error of a pythonReply.
type pythonFailure struct {
	Code    int          `json:"code"`
	Message string       `json:"message"`
	Data    *pythonError `json:"data,omitempty"`
}

// MarshalJSON leaves out an id that Python takes for nothing: null, but 0 and "" as well.
func (r *pythonReply) MarshalJSON() ([]byte, error) {
	result, err := json.Marshal(r.result)
	if err != nil {
		return nil, err
	}
	failure, err := json.Marshal(r.failure)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, `{"jsonrpc": "2.0", "result": %s, "error": %s`, result, failure)
	switch id := string(r.id); id {
	case "", "null", "0", "0.0", `""`, "false":
		if r.idToo {
			text.WriteString(`, "id": null`)
		}
	default:
		text.WriteString(`, "id": ` + id)
	}
	text.WriteString("}")
	return text.Bytes(), nil
}

// pythonRequest is a request as both libraries read it: an id of null is none.
type pythonRequest struct {
	Version string          `json:"jsonrpc"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	ID      json.RawMessage `json:"id"`
}

func (r *pythonRequest) isNotification() bool { return r.ID == nil || string(r.ID) == "null" }
