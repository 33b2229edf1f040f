package interop_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/gorilla/rpc/v2"
	"github.com/gorilla/rpc/v2/json2"

	"github.com/jacinth-rpc/jacinth"
)

// gorillaService has the methods of these tests as gorilla/rpc registers them.
type gorillaService struct {
	heard notes
}

// Text are the params of Note, exported as [Subtraction].
type Text struct {
	Text string `json:"text"`
}

func (gorillaService) Subtract(_ *http.Request, p *Subtraction, difference *int) error {
	*difference = p.Minuend - p.Subtrahend
	return nil
}

func (gorillaService) Overdraw(*http.Request, *struct{}, *int) error {
	return &json2.Error{Code: overdrawnCode, Message: overdrawnMessage, Data: overdrawnData}
}

func (gorillaService) Nothing(_ *http.Request, _ *struct{}, nothing *json.RawMessage) error {
	*nothing = json.RawMessage("null")
	return nil
}

func (s gorillaService) Note(_ *http.Request, p *Text, _ *struct{}) error {
	s.heard <- p.Text
	return nil
}

// startGorilla serves the methods of these tests with the JSON-RPC 2.0 codec of gorilla/rpc.
func startGorilla(t *testing.T) server {
	t.Helper()
	heard := newNotes()
	gorilla := rpc.NewServer()
	gorilla.RegisterCodec(json2.NewCodec(), "application/json")
	if err := gorilla.RegisterService(gorillaService{heard}, "Bank"); err != nil {
		t.Fatal(err)
	}
	return server{
		wire:     listen(t, gorilla),
		subtract: "Bank.Subtract", overdraw: "Bank.Overdraw", nothing: "Bank.Nothing", note: "Bank.Note",
		heard: heard, named: true, noBatches: true,
		// By position it takes all params as members of one object.
		position: func(values ...any) jacinth.Positional {
			if len(values) == 1 {
				return jacinth.Positional{map[string]any{"text": values[0]}}
			}
			return jacinth.Positional{map[string]any{"minuend": values[0], "subtrahend": values[1]}}
		},
		overdrawn: jacinth.Error{Code: overdrawnCode, Message: overdrawnMessage, Data: overdrawnData},
		// It has a code of its own for methods that are not there, and does not tell apart what is wrong with a request.
		unknown: -32000, unfit: jacinth.InvalidRequest,
	}
}

func TestClient_callsGorilla(t *testing.T) { testClient(t, startGorilla(t)) }

// TestClient_sendsGorillaABatch shows what each call of a batch is told by a server that has none.
func TestClient_sendsGorillaABatch(t *testing.T) {
	s := startGorilla(t)
	batch := newClient(t, s.URL).Batch()
	var calls []*jacinth.Pending[json.RawMessage]
	for range 2 {
		calls = append(calls, batch.Call(s.subtract, Subtraction{Minuend: 42, Subtrahend: 23}, jacinth.ReadOnly()))
	}
	if err := batch.Send(t.Context()); !errors.Is(err, jacinth.ParseError) {
		t.Errorf("Send = %v, want %v", err, jacinth.ParseError)
	}
	for i, call := range calls {
		if _, err := call.Result(); !errors.Is(err, jacinth.ParseError) {
			t.Errorf("call %d of a batch: %v, want %v", i, err, jacinth.ParseError)
		}
	}
	if s.count() != 1 {
		t.Errorf("the batch was sent %d times, want once", s.count())
	}
}
