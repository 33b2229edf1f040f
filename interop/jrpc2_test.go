package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/handler"
	"github.com/creachadair/jrpc2/jhttp"

	"github.com/jacinth-rpc/jacinth"
)

// startJRPC2 serves the methods of these tests with the bridge to HTTP of creachadair/jrpc2.
func startJRPC2(t *testing.T) server {
	heard := newNotes()
	bridge := jhttp.NewBridge(handler.Map{
		"subtract": handler.New(func(_ context.Context, p Subtraction) (int, error) { return p.Minuend - p.Subtrahend, nil }),
		"overdraw": handler.New(func(context.Context) (int, error) {
			return 0, jrpc2.Errorf(overdrawnCode, overdrawnMessage).WithData(overdrawnData)
		}),
		"nothing": handler.New(func(context.Context) (*int, error) { return nil, nil }),
		"note":    handler.NewPos(func(_ context.Context, text string) error { heard <- text; return nil }, "text"),
	}, nil)
	t.Cleanup(func() { _ = bridge.Close() })
	return server{
		wire:     listen(t, bridge),
		subtract: "subtract", overdraw: "overdraw", nothing: "nothing", note: "note",
		heard: heard, position: positions, named: true,
		overdrawn: jacinth.Error{Code: overdrawnCode, Message: overdrawnMessage, Data: overdrawnData},
		unknown:   jacinth.MethodNotFound, unfit: jacinth.InvalidParams,
	}
}

func TestClient_callsJRPC2(t *testing.T) { testClient(t, startJRPC2(t)) }

// TestClient_callsJRPC2Reversed has batches answered from their last call to their first, as servers may that answer
// each call as soon as it is done.
func TestClient_callsJRPC2Reversed(t *testing.T) {
	s := startJRPC2(t)
	s.wire = listen(t, reversed(s.wire.handler))
	testClient(t, s)
}

// reversed answers batches as handler does, but backwards.
func reversed(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reply := httptest.NewRecorder()
		handler.ServeHTTP(reply, r)
		maps.Copy(w.Header(), reply.Header())
		w.Header().Del("Content-Length")
		w.WriteHeader(reply.Code)
		body := reply.Body.Bytes()
		var batch []json.RawMessage
		if json.Unmarshal(body, &batch) == nil {
			slices.Reverse(batch)
			body, _ = json.Marshal(batch)
		}
		_, _ = w.Write(body)
	})
}

// callWithJRPC2 makes a caller of jrpc2's client.
func callWithJRPC2(t *testing.T, url, token string) caller {
	through := acknowledging{newHTTPClient(t, token)}
	client := jrpc2.NewClient(jhttp.NewChannel(url, &jhttp.ChannelOptions{Client: through}), nil)
	t.Cleanup(func() { _ = client.Close() })
	return caller{
		waits: true, // it finds no call of the id null, and waits until the context ends
		call: func(method string, params any) outcome {
			response, err := client.Call(t.Context(), method, params)
			if refusal, ok := errors.AsType[*jrpc2.Error](err); ok {
				return outcome{Error: fromJRPC2(refusal)}
			}
			if err != nil {
				return outcome{broken: err}
			}
			return outcome{Result: json.RawMessage(response.ResultString())}
		},
		notify: func(method string, params any) error { return client.Notify(t.Context(), method, params) },
		batch: func(requests []request) []outcome {
			specs := make([]jrpc2.Spec, len(requests))
			for i, r := range requests {
				specs[i] = jrpc2.Spec{Method: r.Method, Params: r.Params, Notify: r.Notification}
			}
			outcomes := make([]outcome, len(requests))
			responses, err := client.Batch(t.Context(), specs)
			for i, r := range requests {
				switch {
				case err != nil:
					outcomes[i].broken = err
				case r.Notification:
				default:
					outcomes[i] = outcome{
						Result: json.RawMessage(responses[0].ResultString()),
						Error:  fromJRPC2(responses[0].Error()),
					}
					responses = responses[1:]
				}
			}
			return outcomes
		},
	}
}

func fromJRPC2(refusal *jrpc2.Error) *failure {
	if refusal == nil {
		return nil
	}
	return &failure{Code: int(refusal.Code), Message: refusal.Message, Data: refusal.Data}
}

func TestService_answersJRPC2(t *testing.T) { testService(t, callWithJRPC2) }

// acknowledging makes the status of an empty reply 204, which is the only one by which jrpc2's channel knows that a
// notification is not answered.
type acknowledging struct {
	through *http.Client
}

func (a acknowledging) Do(request *http.Request) (*http.Response, error) {
	response, err := a.through.Do(request)
	if err == nil && response.StatusCode == http.StatusOK && response.ContentLength == 0 {
		response.StatusCode = http.StatusNoContent
	}
	return response, err
}

// TestService_endsJRPC2 shows what happens without acknowledging: to jrpc2 the empty reply to a notification is no
// JSON, after which it believes nothing any more.
func TestService_endsJRPC2(t *testing.T) {
	url, heard := startService(t)
	stopped := make(chan error, 1)
	client := jrpc2.NewClient(
		jhttp.NewChannel(url, &jhttp.ChannelOptions{Client: newHTTPClient(t, "")}),
		&jrpc2.ClientOptions{OnStop: func(_ *jrpc2.Client, err error) { stopped <- err }},
	)
	defer func() { _ = client.Close() }()
	var difference int
	if err := client.CallResult(t.Context(), "subtract", []int{42, 23}, &difference); err != nil || difference != 19 {
		t.Fatalf("subtract(42, 23) = %d, %v, want 19", difference, err)
	}
	if err := client.Notify(t.Context(), "note", []string{"a word"}); err != nil {
		t.Errorf("Notify: %v", err)
	}
	heard.expect(t, "a word")
	select {
	case err := <-stopped:
		if code := jrpc2.ErrorCode(err); code != jrpc2.ParseError {
			t.Errorf("it stopped with %v, want %v", err, jrpc2.ParseError)
		}
	case <-time.After(30 * time.Second):
		t.Error("it lives on after an empty reply: acknowledging is not needed any longer")
	}
	if err := client.CallResult(t.Context(), "subtract", []int{42, 23}, &difference); err == nil {
		t.Error("it makes a call after it has stopped")
	}
}
