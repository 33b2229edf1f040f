package oracle_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/jacinth-rpc/jacinth"
)

var values = flag.Int("values", 20_000, "how many values TestService_agreesWithTheOracle drives")

// oracle is what the description says of one method, compiled by somebody else.
type oracle struct {
	method     string
	byName     any // the schema of the params; nil when they cannot be given so
	byPosition any
	params     map[byte]*jsonschema.Schema // by the first byte of the params
	result     *jsonschema.Schema
}

// compileOracles compiles the schemas of all methods of a service.
func compileOracles(t *testing.T, svc *jacinth.Service) map[string]*oracle {
	t.Helper()
	_, document := discover(t, svc)
	root := document.(map[string]any)
	params := map[string]any{"components": root["components"]}
	oracles := map[string]*oracle{}
	for _, described := range root["methods"].([]any) {
		o := newOracle(described.(map[string]any))
		oracles[o.method] = o
		params[o.method] = map[string]any{"byName": o.byName, "byPosition": o.byPosition}
	}
	_, results := discover(t, svc) // once more, since closing it changes it
	closed(results)

	const paramsURL, resultsURL = "https://kinds.example.com/params", "https://kinds.example.com/results"
	compiler := newCompiler()
	for url, resource := range map[string]any{paramsURL: params, resultsURL: results} {
		if err := compiler.AddResource(url, resource); err != nil {
			t.Fatal(err)
		}
	}
	compile := func(location string) *jsonschema.Schema {
		schema, err := compiler.Compile(location)
		if err != nil {
			t.Fatal(err)
		}
		return schema
	}
	for i, described := range root["methods"].([]any) {
		o := oracles[described.(map[string]any)["name"].(string)]
		o.params = map[byte]*jsonschema.Schema{}
		if o.byName != nil {
			o.params['{'] = compile(paramsURL + "#/" + o.method + "/byName")
		}
		if o.byPosition != nil {
			o.params['['] = compile(paramsURL + "#/" + o.method + "/byPosition")
		}
		o.result = compile(fmt.Sprintf("%s#/methods/%d/result/schema", resultsURL, i))
	}
	return oracles
}

// newCompiler returns a compiler of schemas that takes formats for more than words.
func newCompiler() *jsonschema.Compiler {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	compiler.RegisterFormat(&jsonschema.Format{Name: "ipv4", Validate: isIPv4})
	// The service tells readers of this format and does not check it.
	compiler.RegisterFormat(&jsonschema.Format{Name: "email", Validate: func(any) error { return nil }})
	return compiler
}

// newOracle reads what a document says of a method as any reader of OpenRPC would.
func newOracle(described map[string]any) *oracle {
	o := &oracle{method: described["name"].(string)}
	if own := described["x-jacinth"].(map[string]any); own["params"] != nil {
		o.byName, o.byPosition = own["params"], own["params"]
		return o
	}
	properties, required, prefix := map[string]any{}, []any{}, []any{}
	for _, param := range described["params"].([]any) {
		param := param.(map[string]any)
		properties[param["name"].(string)] = param["schema"]
		prefix = append(prefix, param["schema"])
		if param["required"] == true {
			required = append(required, param["name"])
		}
	}
	o.byName = map[string]any{
		"type": "object", "properties": properties, "required": required, "additionalProperties": false,
	}
	positional := map[string]any{"type": "array", "items": false, "minItems": json.Number(jsonInt(len(required)))}
	if len(prefix) > 0 {
		positional["prefixItems"] = prefix
	}
	if described["paramStructure"] != "by-name" {
		o.byPosition = positional
	}
	return o
}

func jsonInt(number int) string {
	text, _ := json.Marshal(number)
	return string(text)
}

// isIPv4 stands in for the oracle's own check, which lets signs pass in front of the numbers.
func isIPv4(value any) error {
	if text, isString := value.(string); isString && (strings.Contains(text, ":") || net.ParseIP(text) == nil) {
		return errors.New("no IPv4 address")
	}
	return nil
}

// closed forbids all members that results are not said to have, throughout a document, so that one that is missing in
// the description is found.
func closed(document any) {
	switch part := document.(type) {
	case map[string]any:
		if _, isOpen := part["additionalProperties"]; part["properties"] != nil && !isOpen {
			part["additionalProperties"] = false
		}
		for _, inner := range part {
			closed(inner)
		}
	case []any:
		for _, inner := range part {
			closed(inner)
		}
	}
}

// driver drives values through a service and through the oracle.
type driver struct {
	service  *jacinth.Service
	oracles  map[string]*oracle
	schemas  map[string]any
	accepted map[string]int
	refused  map[string]int
	unseen   int // verdicts that only the service can give
}

func newDriver(t *testing.T) *driver {
	t.Helper()
	d := &driver{service: newService(jacinth.Config{}), accepted: map[string]int{}, refused: map[string]int{}}
	d.oracles = compileOracles(t, d.service)
	_, document := discover(t, d.service)
	d.schemas = document.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any)
	return d
}

// answer is what the service says to a call.
type answer struct {
	Result json.RawMessage
	Error  *struct {
		Code int
		Data struct {
			Faults []struct{ Path, Rule, Expected, Got string }
		}
	}
}

// drive compares the verdicts on one value for one method.
func (d *driver) drive(t *testing.T, method string, params []byte) {
	t.Helper()
	o := d.oracles[method]
	schema := o.params[strings.TrimLeft(string(params), " \n\t\r")[0]]
	if schema == nil {
		return
	}
	body := append([]byte(`{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":`), params...)
	reply := d.service.Dispatch(t.Context(), jacinth.Peer{Token: "any"}, append(body, '}'), nil)
	var got answer
	if err := json.Unmarshal(reply, &got); err != nil {
		t.Fatalf("%s answers %s to %s", method, reply, params)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(params))
	if err != nil {
		t.Fatalf("the oracle cannot read %s: %v", params, err)
	}
	verdict := schema.Validate(value)
	switch {
	case got.Error == nil && verdict != nil:
		t.Errorf("%s takes %s, and the oracle says %v", method, params, verdict)
	case got.Error == nil:
		d.accepted[method]++
		d.judgeResult(t, o, params, got.Result)
	case got.Error.Code != int(jacinth.InvalidParams):
		t.Errorf("%s answers %s to %s", method, reply, params)
	case verdict == nil && !got.isUnseen(method):
		t.Errorf("%s refuses %s with %s, and the oracle does not", method, params, reply)
	case verdict == nil:
		d.unseen++
	default:
		d.refused[method]++
	}
}

// isUnseen reports whether all faults are such that no JSON Schema can see: names that are written in two ways and are
// one as keys of a map, and floats in quotes, or inside any, that are too large for one.
func (a *answer) isUnseen(method string) bool {
	for _, fault := range a.Error.Data.Faults {
		isFloat := fault.Rule == "range" && (strings.Contains(fault.Expected, "string holding a number") ||
			method == "loose")
		if fault.Rule != "duplicate" && !isFloat {
			return false
		}
	}
	return len(a.Error.Data.Faults) > 0
}

func (d *driver) judgeResult(t *testing.T, o *oracle, params []byte, result json.RawMessage) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(result))
	if err != nil {
		t.Fatalf("the oracle cannot read %s: %v", result, err)
	}
	if err := o.result.Validate(value); err != nil {
		t.Errorf("%s answers %s to %s, and the oracle says of the result %v", o.method, result, params, err)
	}
}

func TestService_agreesWithTheOracle(t *testing.T) {
	d := newDriver(t)
	known := leaves{}
	for i := range *values {
		random := rand.New(rand.NewPCG(uint64(i), 4))
		method := kinds[i%len(kinds)]
		m := &maker{random: random, schemas: d.schemas, leaves: known}
		params := d.params(m, method)
		for range pick(random, []int{0, 0, 0, 1, 1, 1, 1, 1, 2, 3}) {
			m.mutate(params)
		}
		d.drive(t, method, params.write(nil, random))
		if t.Failed() {
			t.Fatalf("value %d of %s", i, method)
		}
	}
	for _, method := range slices.Compact(slices.Clone(kinds)) {
		t.Logf("%-16s %7d taken %7d refused", method, d.accepted[method], d.refused[method])
		if d.accepted[method] == 0 || d.refused[method] == 0 && method != "raw" && method != "by_hand" {
			t.Errorf("%s took %d values and refused %d: that shows nothing", method, d.accepted[method], d.refused[method])
		}
	}
	t.Logf("%d verdicts of the service alone", d.unseen)
}

// params makes params for a method, by name or by position.
func (d *driver) params(m *maker, method string) *value {
	o := d.oracles[method]
	schema := o.byName
	if o.byPosition != nil && m.random.IntN(3) == 0 {
		schema = o.byPosition
	}
	for {
		params := m.make(schema, 4)
		if params.literal == "" {
			return params
		}
	}
}
