package interop_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// pymicroservice answers as the Python library of that name does, with its faults: both members are there always, a
// notification is answered "received" before it runs, whatever else is answered to it follows in the same body, every
// exception is an internal error with its class and text, and no Content-Type but one is known.
type pymicroservice struct {
	python
}

func (s pymicroservice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	var body bytes.Buffer
	defer func() { _, _ = w.Write(body.Bytes()) }()
	if r.Header.Get("Content-Type") != "application/json" {
		write(&body, &pythonReply{failure: &pythonFailure{Code: -32600, Message: "Invalid Request"}})
		return
	}
	trusted := r.Header.Get("X-Api-Token") == token

	var raw json.RawMessage
	var batch []pythonRequest
	if json.NewDecoder(r.Body).Decode(&raw) != nil {
		write(&body, &pythonReply{failure: &pythonFailure{Code: -32700, Message: "Parse error"}})
		return
	}
	if json.Unmarshal(raw, &batch) == nil {
		replies := []*pythonReply{}
		for i := range batch {
			reply, raised := s.handle(&body, &batch[i], trusted)
			if raised != nil {
				s.fail(&body, raised)
				return
			}
			if reply != nil {
				replies = append(replies, reply)
			}
		}
		write(&body, replies)
		return
	}
	var request pythonRequest
	_ = json.Unmarshal(raw, &request) // what is no object has no method either
	reply, raised := s.handle(&body, &request, trusted)
	switch {
	case raised != nil:
		s.fail(&body, raised)
	case reply != nil:
		write(&body, reply)
	}
}

// handle returns what is to be answered, nil for nothing more, or what was raised where no handler expects it.
func (s pymicroservice) handle(body *bytes.Buffer, request *pythonRequest, trusted bool) (*pythonReply, *pythonError) {
	if request.Version != "2.0" || request.Method == "" {
		return &pythonReply{failure: &pythonFailure{Code: -32600, Message: "Invalid Request"}, id: request.ID}, nil
	}
	if request.isNotification() {
		write(body, &pythonReply{result: "received"})
	}
	if _, known := pythonSignatures[request.Method]; !known {
		if request.isNotification() {
			return nil, &pythonError{"KeyError", "'" + request.Method + "'"}
		}
		return &pythonReply{failure: &pythonFailure{Code: -32601, Message: "Method not found"}, id: request.ID}, nil
	}
	if request.Method == "secret" && !trusted {
		return &pythonReply{failure: &pythonFailure{Code: -32001, Message: "Access denied"}, id: request.ID}, nil
	}
	result, raised := s.invoke(request.Method, request.Params)
	if raised != nil {
		return &pythonReply{failure: &pythonFailure{-32603, "Internal error", raised}, id: request.ID}, nil
	}
	if request.isNotification() {
		return nil, nil
	}
	return &pythonReply{result: result, id: request.ID}, nil
}

// fail answers with an exception alone: what was written before it is dropped.
func (s pymicroservice) fail(body *bytes.Buffer, raised *pythonError) {
	body.Reset()
	write(body, &pythonReply{failure: &pythonFailure{-32603, "Internal error", raised}})
}

func write(body *bytes.Buffer, reply any) {
	text, err := json.Marshal(reply)
	if err != nil {
		panic(err)
	}
	body.Write(text)
}

func startPymicroservice(t *testing.T) server {
	heard := newNotes()
	return server{
		wire:     listen(t, pymicroservice{python{heard}}),
		subtract: "subtract", overdraw: "overdraw", nothing: "nothing", note: "note",
		heard: heard, position: positions, named: true,
		overdrawn: jacinth.Error{Code: jacinth.InternalError, Message: "Internal error"},
		unknown:   jacinth.MethodNotFound, unfit: jacinth.InternalError,
		noMix: true, noQuietBatches: true,
	}
}

func TestClient_callsPymicroservice(t *testing.T) { testClient(t, startPymicroservice(t)) }

func TestClient_readsTheExceptionsOfPymicroservice(t *testing.T) {
	s := startPymicroservice(t)
	err := newClient(t, s.URL).Call(t.Context(), "subtract", jacinth.Positional{1, 2, 3}, nil)
	e, ok := errors.AsType[*jacinth.Error](err)
	if !ok {
		t.Fatalf("subtract(1, 2, 3) = %v, want an error of the service", err)
	}
	want := pythonError{"TypeError", "subtract() takes 3 positional arguments but 4 were given"}
	var raised pythonError
	if err := e.DecodeData(&raised); err != nil || raised != want {
		t.Errorf("the data of %v = %+v, %v, want %+v", e, raised, err, want)
	}
}

func TestClient_sendsPymicroserviceItsToken(t *testing.T) {
	s := startPymicroservice(t)
	client := newClient(t, s.URL)
	if err := client.Call(t.Context(), "secret", nil, nil); !errors.Is(err, jacinth.AccessDenied) {
		t.Errorf("secret() without a token: %v, want %v", err, jacinth.AccessDenied)
	}
	client = newClient(t, s.URL)
	client.Token = token
	var answer string
	if err := client.Call(t.Context(), "secret", nil, &answer); err != nil || answer != "for those who know" {
		t.Errorf("secret() with a token = %q, %v", answer, err)
	}
}

// TestClient_notifiesPymicroservice is about what it answers to notifications beside "received".
func TestClient_notifiesPymicroservice(t *testing.T) {
	s := startPymicroservice(t)
	client := newClient(t, s.URL)
	if err := client.Notify(t.Context(), "no_such_method", nil); !errors.Is(err, jacinth.InternalError) {
		t.Errorf("Notify of no method: %v, want the error that it answers with, %v", err, jacinth.InternalError)
	}
	// Two replies, one after the other, are no JSON.
	if err := client.Notify(t.Context(), "secret", nil); !errors.Is(err, jacinth.ErrBadReply) {
		t.Errorf("Notify of a private method: %v, want %v", err, jacinth.ErrBadReply)
	}
	for _, calls := range []int{0, 1} {
		batch := client.Batch()
		batch.Notify("note", jacinth.Positional{"in between"})
		var call *jacinth.Pending[json.RawMessage]
		for range calls {
			call = batch.Call("subtract", jacinth.Positional{42, 23})
		}
		if err := batch.Send(t.Context()); !errors.Is(err, jacinth.ErrBadReply) {
			t.Errorf("Send of a notification and %d calls: %v, want %v", calls, err, jacinth.ErrBadReply)
		}
		if call != nil {
			if _, err := call.Result(); !errors.Is(err, jacinth.ErrBadReply) {
				t.Errorf("the call beside the notification: %v, want %v", err, jacinth.ErrBadReply)
			}
		}
		s.heard.expect(t, "in between") // it runs all the same
	}
	s.heard.none(t)
}

// TestClient_readsTheSpecsOfPymicroservice by calling the method: its description has another form than ours.
func TestClient_readsTheSpecsOfPymicroservice(t *testing.T) {
	s := startPymicroservice(t)
	client := newClient(t, s.URL)
	if _, err := client.Specs(t.Context()); !errors.Is(err, jacinth.ErrBadReply) {
		t.Errorf("Specs: %v, want %v", err, jacinth.ErrBadReply)
	}
	var specs struct {
		Methods map[string]*string `json:"methods"`
	}
	if err := client.Call(t.Context(), "get_service_specs", nil, &specs); err != nil || specs.Methods["subtract"] == nil {
		t.Errorf("get_service_specs() = %+v, %v, want the methods by name", specs, err)
	}
}
