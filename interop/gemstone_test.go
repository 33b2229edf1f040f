package interop_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// gemstone answers as the Python library of that name does, which pymicroservice became. Its errors are made once and
// changed for each reply, so that all of one kind in a batch have the id of the last.
type gemstone struct {
	python
}

func (s gemstone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	var raw json.RawMessage
	switch {
	case r.Header.Get("Content-Type") != "application/json":
		s.write(w, &pythonReply{failure: &pythonFailure{Code: -32600, Message: "Invalid Request"}, idToo: true})
		return
	case json.NewDecoder(r.Body).Decode(&raw) != nil:
		s.write(w, &pythonReply{failure: &pythonFailure{Code: -32700, Message: "Parse error"}, idToo: true})
		return
	}
	var (
		batch    []pythonRequest
		request  pythonRequest
		failures = map[int]*pythonReply{}
	)
	if json.Unmarshal(raw, &batch) == nil && len(batch) > 0 {
		replies := []*pythonReply{}
		for i := range batch {
			if reply := s.handle(&batch[i], failures); !batch[i].isNotification() {
				replies = append(replies, reply)
			}
		}
		s.write(w, replies)
		return
	}
	_ = json.Unmarshal(raw, &request) // what is no object has no method either
	reply := s.handle(&request, failures)
	if request.isNotification() {
		reply = &pythonReply{}
	}
	s.write(w, reply)
}

// handle runs a request. Of the failures of each code there is one.
func (s gemstone) handle(request *pythonRequest, failures map[int]*pythonReply) *pythonReply {
	failed := func(code int, message string, data *pythonError) *pythonReply {
		if failures[code] == nil {
			failures[code] = &pythonReply{}
		}
		*failures[code] = pythonReply{failure: &pythonFailure{code, message, data}, id: request.ID}
		return failures[code]
	}
	if _, known := pythonSignatures[request.Method]; !known {
		return failed(-32601, "Method not found", nil)
	}
	result, raised := s.invoke(request.Method, request.Params)
	switch {
	case raised == nil:
		return &pythonReply{result: result, id: request.ID}
	case strings.Contains(raised.Info, "argument"):
		return failed(-32602, "Invalid params", nil)
	}
	return failed(-32603, "Internal error", raised)
}

func (s gemstone) write(w http.ResponseWriter, reply any) {
	text, err := json.Marshal(reply)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(text)
}

func startGemstone(t *testing.T) server {
	heard := newNotes()
	return server{
		wire:     listen(t, gemstone{python{heard}}),
		subtract: "subtract", overdraw: "overdraw", nothing: "nothing", note: "note",
		heard: heard, position: positions, named: true,
		overdrawn: jacinth.Error{Code: jacinth.InternalError, Message: "Internal error"},
		unknown:   jacinth.MethodNotFound, unfit: jacinth.InternalError,
		mixesErrors: true,
	}
}

func TestClient_callsGemstone(t *testing.T) { testClient(t, startGemstone(t)) }

func TestClient_tellsGemstonesErrorsApart(t *testing.T) {
	s := startGemstone(t)
	client := newClient(t, s.URL)
	for _, params := range []any{
		jacinth.Positional{1}, jacinth.Positional{1, 2, 3}, map[string]int{"minuend": 1, "subtrahend": 2, "third": 3},
	} {
		if err := client.Call(t.Context(), "subtract", params, nil); !errors.Is(err, jacinth.InvalidParams) {
			t.Errorf("subtract with %v: %v, want %v", params, err, jacinth.InvalidParams)
		}
	}
}

// TestClient_doubtsGemstonesBatches has two errors of one kind in a batch. Both come with the id of the second, so
// that no reply of the batch can be trusted to be that of its call.
func TestClient_doubtsGemstonesBatches(t *testing.T) {
	s := startGemstone(t)
	batch := newClient(t, s.URL).Batch()
	calls := []*jacinth.Pending[json.RawMessage]{
		batch.Call("no_such_method", nil),
		batch.Call("subtract", jacinth.Positional{42, 23}),
		batch.Call("no_such_method_either", nil),
	}
	if err := batch.Send(t.Context()); !errors.Is(err, jacinth.ErrBadReply) {
		t.Errorf("Send: %v, want %v", err, jacinth.ErrBadReply)
	}
	for i, call := range calls {
		if _, err := call.Result(); !errors.Is(err, jacinth.ErrBadReply) {
			t.Errorf("call %d of the batch: %v, want %v", i, err, jacinth.ErrBadReply)
		}
	}
}

// TestClient_notifiesGemstone with a batch of nothing else, which it answers with an empty list.
func TestClient_notifiesGemstone(t *testing.T) {
	s := startGemstone(t)
	batch := newClient(t, s.URL).Batch()
	batch.Notify("note", jacinth.Positional{"a word"})
	if err := batch.Send(t.Context()); err != nil {
		t.Errorf("Send: %v, want that it is taken for what it means: nothing to say", err)
	}
	if got := s.last().answered; got != "[]" {
		t.Errorf("gemstone answers %s, want []", got)
	}
	s.heard.expect(t, "a word")
}
