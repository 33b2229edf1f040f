package wire_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// This file works out anew what a scan must find, with jsontext as the reader of JSON and the rules of JSON-RPC
// written down a second time. It shares nothing with the scanner but the types of its answers.

// judged is what a body is.
type judged struct {
	messages []judgedMessage
	batch    bool
	err      error // errSyntax stands for any *wire.SyntaxError
}

// judgedMessage is a value that should be a message.
type judgedMessage struct {
	kind    wire.Kind
	members map[string][]wire.Value // by name, in their order
}

var errSyntax = errors.New("a syntax error")

// outcome returns errSyntax for a syntax error, and any other error as it is.
func outcome(err error) error {
	if _, isSyntax := errors.AsType[*wire.SyntaxError](err); isSyntax {
		return errSyntax
	}
	return err
}

func judge(body []byte, limits wire.Limits) judged {
	decoder := newDecoder(body)
	var j judged
	outer := 0
	if j.batch = decoder.PeekKind() == '['; j.batch {
		outer = 1
		if _, err := decoder.ReadToken(); err != nil {
			return judged{err: errSyntax}
		}
	}
	for {
		rest := bytes.TrimLeft(body[decoder.InputOffset():], " \t\r\n")
		if j.batch && len(j.messages) == limits.Items && bytes.HasPrefix(rest, []byte(",")) {
			return judged{batch: true, err: wire.ErrBatchTooLarge}
		}
		if j.batch && decoder.PeekKind() == ']' {
			break
		}
		value, err := decoder.ReadValue()
		if err != nil || depthOf(value)+outer > limits.Depth {
			return judged{batch: j.batch, err: errSyntax}
		}
		j.messages = append(j.messages, judgeMessage(value, int(decoder.InputOffset())-len(value)))
		if !j.batch {
			break
		}
	}
	if j.batch {
		if _, err := decoder.ReadToken(); err != nil {
			return judged{batch: true, err: errSyntax}
		}
	}
	switch {
	case len(bytes.Trim(body[decoder.InputOffset():], " \t\r\n")) > 0:
		return judged{batch: j.batch, err: errSyntax}
	case len(j.messages) == 0:
		return judged{batch: true, err: wire.ErrEmptyBatch}
	}
	return j
}

func newDecoder(text []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
}

// depthOf returns how deep a value is nested; a scalar is not.
func depthOf(value jsontext.Value) int {
	decoder := newDecoder(value)
	depth := 0
	for {
		if _, err := decoder.ReadToken(); err != nil {
			return depth
		}
		depth = max(depth, decoder.StackDepth())
	}
}

// judgeMessage finds the members of a value that starts at offset in the body.
func judgeMessage(value jsontext.Value, offset int) judgedMessage {
	m := judgedMessage{kind: kindOf(value), members: make(map[string][]wire.Value)}
	if m.kind != wire.Object {
		return m
	}
	decoder := newDecoder(value)
	must(decoder.ReadToken())
	for decoder.PeekKind() != '}' {
		name := string(must(jsontext.AppendUnquote(nil, must(decoder.ReadValue()))))
		member := must(decoder.ReadValue())
		end := offset + int(decoder.InputOffset())
		m.members[name] = append(m.members[name], wire.Value{Start: end - len(member), End: end, Kind: kindOf(member)})
	}
	return m
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func kindOf(value jsontext.Value) wire.Kind {
	return map[jsontext.Kind]wire.Kind{
		'n': wire.Null, 't': wire.Bool, 'f': wire.Bool, '0': wire.Number, '"': wire.String, '[': wire.Array, '{': wire.Object,
	}[value.Kind()]
}

// only returns the value of a member that is there once, and an absent value otherwise.
func (m judgedMessage) only(name string) wire.Value {
	if len(m.members[name]) != 1 {
		return wire.Value{}
	}
	return m.members[name][0]
}

// fault returns the fault that kinds and lengths of the known members give a message, and the id for an answer.
func (m judgedMessage) fault(body []byte, limits wire.Limits, known ...string) (wire.Fault, wire.Value) {
	id := m.only("id")
	idFault := wire.NoFault
	switch {
	case slices.Contains([]wire.Kind{wire.Bool, wire.Array, wire.Object}, id.Kind):
		idFault = wire.IDFault
	case len(id.In(body)) > limits.ID:
		idFault = wire.IDLengthFault
	}
	if idFault != wire.NoFault {
		id = wire.Value{}
	}
	version := m.only("jsonrpc")
	switch {
	case m.kind != wire.Object:
		return wire.NotObject, id
	case slices.ContainsFunc(known, func(name string) bool { return len(m.members[name]) > 1 }):
		return wire.DuplicateFault, id
	case version.Kind != wire.String || string(must(jsontext.AppendUnquote(nil, version.In(body)))) != "2.0":
		return wire.VersionFault, id
	}
	return idFault, id
}

func (m judgedMessage) request(body []byte, limits wire.Limits) wire.Request {
	fault, id := m.fault(body, limits, "jsonrpc", "id", "method", "params")
	method, params := m.only("method"), m.only("params")
	switch {
	case fault != wire.NoFault:
	case method.Kind != wire.String:
		fault = wire.MethodFault
	case len(method.In(body)) > limits.Method+2:
		fault = wire.MethodLengthFault
	case params.Kind == wire.Bool || params.Kind == wire.Number || params.Kind == wire.String:
		fault = wire.ParamsFault
	}
	if fault != wire.NoFault {
		return wire.Request{ID: id, Fault: fault}
	}
	return wire.Request{Method: method, ID: id, Params: params}
}

func (m judgedMessage) reply(body []byte, limits wire.Limits) wire.Reply {
	fault, id := m.fault(body, limits, "jsonrpc", "id", "result", "error")
	result, failure := m.only("result"), m.only("error")
	if fault != wire.NoFault {
		return wire.Reply{ID: id, Fault: fault}
	}
	isResult := result.Kind != wire.Absent
	isFailure := failure.Kind != wire.Absent && failure.Kind != wire.Null
	switch {
	case isResult && isFailure && result.Kind != wire.Null:
		return wire.Reply{ID: id, Fault: wire.BothFault}
	case isFailure:
		return wire.Reply{ID: id, Error: failure}
	case isResult:
		return wire.Reply{ID: id, Result: result}
	}
	return wire.Reply{ID: id, Fault: wire.NeitherFault}
}

// checkScan compares a scan for requests with the judgement, and returns what it found.
func checkScan(t *testing.T, body []byte, limits wire.Limits) []wire.Request {
	t.Helper()
	want := judge(body, limits)
	requests, batch, err := wire.Scan(body, limits, nil)
	checkOutcome(t, body, batch, err, want)
	if len(requests) != len(want.messages) {
		t.Fatalf("Scan(%q) = %d requests, want %d", body, len(requests), len(want.messages))
	}
	for i, got := range requests {
		if want := want.messages[i].request(body, limits); got != want {
			t.Errorf("Scan(%q)[%d] = %+v, want %+v", body, i, got, want)
		}
	}
	return requests
}

// checkScanReplies compares a scan for replies with the judgement, and returns what it found.
func checkScanReplies(t *testing.T, body []byte, limits wire.Limits) []wire.Reply {
	t.Helper()
	want := judge(body, limits)
	replies, batch, err := wire.ScanReplies(body, limits, nil)
	checkOutcome(t, body, batch, err, want)
	if len(replies) != len(want.messages) {
		t.Fatalf("ScanReplies(%q) = %d replies, want %d", body, len(replies), len(want.messages))
	}
	for i, got := range replies {
		if want := want.messages[i].reply(body, limits); got != want {
			t.Errorf("ScanReplies(%q)[%d] = %+v, want %+v", body, i, got, want)
		}
	}
	return replies
}

// checkOutcome compares what a scan says of the whole body with the judgement.
func checkOutcome(t *testing.T, body []byte, batch bool, err error, want judged) {
	t.Helper()
	if !errors.Is(outcome(err), want.err) {
		t.Fatalf("the scan of %q = %v, want %v", body, err, want.err)
	}
	if batch != want.batch {
		t.Errorf("the scan of %q = batch %t, want %t", body, batch, want.batch)
	}
	if syntax, isSyntax := errors.AsType[*wire.SyntaxError](err); isSyntax {
		checkOffset(t, body, syntax)
	}
}

// checkOffset makes sure that the error stands exactly where the body goes wrong: what is before it can still become
// JSON, and with the byte there it cannot.
func checkOffset(t *testing.T, body []byte, err *wire.SyntaxError) {
	t.Helper()
	if err.Offset < 0 || err.Offset > len(body) {
		t.Fatalf("the scan of %q = %v, want an offset in the body", body, err)
	}
	if !canGoOn(body[:err.Offset]) {
		t.Errorf("the scan of %q = %v, want an offset further ahead", body, err)
	}
	if slices.Contains([]string{tooDeep, surrogate, encoding}, err.Reason) {
		return // these stand at the beginning of what is wrong
	}
	if err.Offset < len(body) && canGoOn(body[:err.Offset+1]) {
		t.Errorf("the scan of %q = %v, want an offset further behind", body, err)
	}
}

// canGoOn reports whether text is JSON or the beginning of it.
func canGoOn(text []byte) bool {
	decoder := newDecoder(text)
	if _, err := decoder.ReadValue(); err != nil {
		return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	}
	return len(bytes.Trim(text[decoder.InputOffset():], " \t\r\n")) == 0
}

// checkScanError compares the reading of an error object with the judgement.
func checkScanError(t *testing.T, raw []byte) {
	t.Helper()
	code, message, data, ok := wire.ScanError(raw)
	var m judgedMessage
	if j := judge(raw, wire.Limits{Depth: 10_000, Items: 1, Method: 1, ID: 1}); j.err == nil && !j.batch {
		m = j.messages[0]
	}
	wantCode, err := strconv.ParseInt(string(m.only("code").In(raw)), 10, strconv.IntSize)
	wantMessage, wantData := m.only("message"), m.only("data")
	if err != nil || m.only("code").Kind != wire.Number || wantMessage.Kind != wire.String || len(m.members["data"]) > 1 {
		if ok || code != 0 || message.Kind != wire.Absent || data.Kind != wire.Absent {
			t.Errorf("ScanError(%q) = %d, %v, %v, %t, want nothing", raw, code, message, data, ok)
		}
		return
	}
	if !ok || code != int(wantCode) || message != wantMessage || data != wantData {
		t.Errorf("ScanError(%q) = %d, %v, %v, %t, want %d, %v, %v", raw, code, message, data, ok, wantCode, wantMessage, wantData)
	}
}
