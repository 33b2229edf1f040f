package interop_test

import (
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/ethereum/go-ethereum/rpc"

	"github.com/jacinth-rpc/jacinth"
)

// gethService has the methods of these tests as go-ethereum registers them: by the names of its methods.
type gethService struct {
	heard notes
}

func (gethService) Subtract(minuend, subtrahend int) int { return minuend - subtrahend }
func (gethService) Overdraw() (int, error)               { return 0, gethError{} }
func (gethService) Broke() (int, error)                  { return 0, errors.New("no money at all") }
func (gethService) Nothing() *int                        { return nil }
func (s gethService) Note(text string)                   { s.heard <- text }

// gethError is an error with a code and data, as go-ethereum knows them.
type gethError struct{}

func (gethError) Error() string  { return overdrawnMessage }
func (gethError) ErrorCode() int { return overdrawnCode }
func (gethError) ErrorData() any { return overdrawnData }

// startGeth serves the methods of these tests with go-ethereum/rpc.
func startGeth(t *testing.T) (server, *rpc.Server) {
	t.Helper()
	heard := newNotes()
	geth := rpc.NewServer()
	if err := geth.RegisterName("bank", gethService{heard}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(geth.Stop)
	return server{
		wire:     listen(t, geth),
		subtract: "bank_subtract", overdraw: "bank_overdraw", nothing: "bank_nothing", note: "bank_note",
		heard: heard, position: positions,
		overdrawn: jacinth.Error{Code: overdrawnCode, Message: overdrawnMessage, Data: overdrawnData},
		unknown:   jacinth.MethodNotFound, unfit: jacinth.InvalidParams,
	}, geth
}

func TestClient_callsGeth(t *testing.T) {
	s, _ := startGeth(t)
	testClient(t, s)
}

// TestClient_repeatsNoErrorOfGeth is about the code -32000. Ours for a service that cannot be reached now is what
// go-ethereum has for every error without a code of its own, so that alone is no reason to call again.
func TestClient_repeatsNoErrorOfGeth(t *testing.T) {
	s, _ := startGeth(t)
	err := newClient(t, s.URL).Call(t.Context(), "bank_broke", nil, nil, jacinth.ReadOnly())
	if e, ok := errors.AsType[*jacinth.Error](err); !ok || e.Code != -32000 || e.Message != "no money at all" {
		t.Errorf("bank_broke() = %v, want the error -32000 with the text of the method", err)
	}
	if s.count() != 1 {
		t.Errorf("the call was sent %d times, want once", s.count())
	}
}

// TestClient_sendsGethTooMuch shows how go-ethereum refuses a batch: with one error in a list, which has the id of the
// first call.
func TestClient_sendsGethTooMuch(t *testing.T) {
	s, geth := startGeth(t)
	geth.SetBatchLimits(2, 1<<20)
	batch := newClient(t, s.URL).Batch()
	var calls []*jacinth.Pending[json.RawMessage]
	for range 3 {
		calls = append(calls, batch.Call(s.subtract, jacinth.Positional{42, 23}))
	}
	if err := batch.Send(t.Context()); !errors.Is(err, jacinth.ErrNoReply) {
		t.Errorf("Send = %v, want %v", err, jacinth.ErrNoReply)
	}
	for i, call := range calls {
		want := jacinth.ErrNoReply
		if i == 0 {
			want = jacinth.InvalidRequest
		}
		if _, err := call.Result(); !errors.Is(err, want) {
			t.Errorf("call %d of a batch that is too large: %v, want %v", i, err, want)
		}
	}
}

// callWithGeth makes a caller of go-ethereum's client.
func callWithGeth(t *testing.T, url, token string) caller {
	options := []rpc.ClientOption{rpc.WithHTTPClient(newHTTPClient(t, ""))}
	if token != "" {
		options = append(options, rpc.WithHeader("X-Api-Token", token))
	}
	client, err := rpc.DialOptions(t.Context(), url, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return caller{
		positional: true,
		noMix:      true,
		call: func(method string, params any) outcome {
			var got outcome
			got.fromGeth(client.CallContext(t.Context(), &got.Result, method, list(params)...))
			return got
		},
		notify: func(method string, params any) error {
			// It wants JSON in the reply, which no server sends: see TestGeth_notifies.
			if err := client.Notify(t.Context(), method, list(params)...); !errors.Is(err, io.EOF) {
				return err
			}
			return nil
		},
		batch: func(requests []request) []outcome {
			outcomes := make([]outcome, len(requests))
			elements := make([]rpc.BatchElem, len(requests))
			for i, r := range requests {
				elements[i] = rpc.BatchElem{Method: r.Method, Args: list(r.Params), Result: &outcomes[i].Result}
			}
			err := client.BatchCallContext(t.Context(), elements)
			for i := range outcomes {
				outcomes[i].fromGeth(elements[i].Error)
				if err != nil {
					outcomes[i].broken = err
				}
			}
			return outcomes
		},
	}
}

// list returns params by position as arguments.
func list(params any) []any {
	values, _ := params.([]any)
	return values
}

// fromGeth takes over an error of go-ethereum's client.
func (o *outcome) fromGeth(err error) {
	coded, ok := errors.AsType[rpc.Error](err)
	if !ok {
		o.broken = err
		return
	}
	o.Error = &failure{Code: coded.ErrorCode(), Message: coded.Error()}
	if more, ok := errors.AsType[rpc.DataError](err); ok {
		o.Error.Data, _ = json.Marshal(more.ErrorData())
	}
}

func TestService_answersGeth(t *testing.T) { testService(t, callWithGeth) }

// TestGeth_notifies shows that it is go-ethereum's client that finds fault with notifications, and not with ours.
func TestGeth_notifies(t *testing.T) {
	own, _ := startGeth(t)
	url, heard := startService(t)
	for _, test := range []struct {
		url, method string
		heard       notes
	}{{own.URL, own.note, own.heard}, {url, "note", heard}} {
		client, err := rpc.DialOptions(t.Context(), test.url, rpc.WithHTTPClient(newHTTPClient(t, "")))
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Notify(t.Context(), test.method, "a word"); !errors.Is(err, io.EOF) {
			t.Errorf("Notify of %s: %v, want the end of an empty reply", test.method, err)
		}
		test.heard.expect(t, "a word")
		client.Close()
	}
}
