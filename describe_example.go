package jacinth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/plan"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// CallExample is one call of a method and its answer, for people to see. Either may be a value of the method's own
// types, or anything else that is encoded as the right JSON, such as a json.RawMessage. Params are nil for none.
type CallExample struct {
	Params, Result any
}

// Example shows one call of a method and its answer. Registering the method panics if it does not take the params, or
// could not give the result.
func Example(params, result any) MethodOption {
	return methodOption(func(m *Method) { m.Examples = append(m.Examples, CallExample{Params: params, Result: result}) })
}

// checkExamples says what is wrong with the examples of a method, and turns them into JSON.
func (m *Method) checkExamples() error {
	checked := make([]CallExample, len(m.Examples))
	for i, example := range m.Examples {
		params, result, err := example.encode()
		if err == nil && m.typed != nil {
			result, err = m.typed.checkExample(params, result)
		}
		if err != nil {
			return fmt.Errorf("its example %d cannot be: %w", i+1, err)
		}
		checked[i] = CallExample{Params: params, Result: result}
	}
	m.Examples = checked // another slice, since the one of an Option may be shared
	return nil
}

// encode returns the example as JSON, its params empty for none.
func (e CallExample) encode() (params, result json.RawMessage, err error) {
	if e.Params != nil {
		if params, err = codec.Marshal(e.Params); err != nil {
			return nil, nil, fmt.Errorf("its params cannot be encoded: %w", err)
		}
		if !bytes.ContainsAny(params[:1], "{[n") {
			return nil, nil, fmt.Errorf("its params are %s, and must be an object or an array", params)
		}
	}
	if result, err = codec.Marshal(e.Result); err != nil {
		return nil, nil, fmt.Errorf("its result cannot be encoded: %w", err)
	}
	return params, result, nil
}

// checkExample decodes an example as the service and its caller would, and returns the result as the service would
// encode it.
func (f *function[P, R]) checkExample(params, result json.RawMessage) (encoded json.RawMessage, err error) {
	var target P
	if faults := f.params.Decode(params, reflect.ValueOf(&target).Elem()); len(faults) > 0 {
		return nil, fmt.Errorf("the method does not take its params %s: %w", params, faultError(faults[0]))
	}
	if f.null {
		if string(result) != "null" && string(result) != "{}" {
			return nil, errors.New("the method has no result: give nil")
		}
		return json.RawMessage("null"), nil
	}
	var answer R
	if err := codec.DecodeKnown(result, &answer); err != nil {
		return nil, fmt.Errorf("its result %s is none of the method: %w", result, err)
	}
	return codec.Marshal(&answer)
}

// faultError turns a fault of an example into a sentence for its author.
func faultError(fault plan.Fault) error {
	switch {
	case fault.Cause != nil:
		return fmt.Errorf("at %q: %w", fault.Path, fault.Cause)
	case fault.Expected != "":
		return fmt.Errorf("at %q: rule %q, want %s", fault.Path, fault.Rule, fault.Expected)
	}
	return fmt.Errorf("at %q: rule %q", fault.Path, fault.Rule)
}

// pairing is the example as a document has it, with the params in the order that the description lists them in.
func (e CallExample) pairing(number int, params plan.Description) openrpc.ExamplePairing {
	pairing := openrpc.ExamplePairing{Name: "Example " + strconv.Itoa(number)}
	if result, ok := e.Result.(json.RawMessage); ok {
		pairing.Result = &openrpc.Example{Name: "result", Value: result}
	}
	raw, _ := e.Params.(json.RawMessage)
	var list []json.RawMessage
	byName := map[string]json.RawMessage{}
	if codec.Decode(raw, &list) == nil {
		for i, value := range list {
			name := strconv.Itoa(i)
			if i < len(params.Positions) {
				name = params.Positions[i]
			}
			byName[name] = value
			if params.Whole != nil {
				pairing.Params = append(pairing.Params, openrpc.Example{Name: name, Value: value})
			}
		}
	} else if codec.Decode(raw, &byName) == nil && params.Whole != nil {
		for _, name := range slices.Sorted(maps.Keys(byName)) {
			pairing.Params = append(pairing.Params, openrpc.Example{Name: name, Value: byName[name]})
		}
	}
	for _, param := range params.Params {
		if value, given := byName[param.Name]; given {
			pairing.Params = append(pairing.Params, openrpc.Example{Name: param.Name, Value: value})
		}
	}
	return pairing
}
