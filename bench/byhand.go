package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// byHand is JSON-RPC written with net/http and encoding/json and nothing else: an address for each method, types known
// before, no checks and no limits. It is the least that a careful person would write in an afternoon, and less.
type byHand struct{}

func (byHand) name() string   { return "net/http + encoding/json" }
func (byHand) module() string { return "" }

type handCall[P any] struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  P               `json:"params"`
}

type handReply[R any] struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  R               `json:"result"`
}

func (byHand) serve(listener net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/sum", handle(sum))
	mux.HandleFunc("/slow", handle(slow))
	mux.HandleFunc("/echo", handle(echo))
	mux.HandleFunc("/nested", handle(count))
	mux.HandleFunc("/batch", handleBatch(sum))
	return serveHTTP(listener, mux)
}

func handle[P, R any](fn func(context.Context, P) (R, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var c handCall[P]
		if err := json.Unmarshal(body, &c); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		result, err := fn(r.Context(), c.Params)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(handReply[R]{JSONRPC: "2.0", ID: c.ID, Result: result})
	}
}

func handleBatch[P, R any](fn func(context.Context, P) (R, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var calls []handCall[P]
		if err := json.Unmarshal(body, &calls); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		replies := make([]handReply[R], len(calls))
		for i, c := range calls {
			result, err := fn(r.Context(), c.Params)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			replies[i] = handReply[R]{JSONRPC: "2.0", ID: c.ID, Result: result}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(replies)
	}
}

func (byHand) request(w *workload) (request, bool) {
	return request{path: "/" + w.name, body: w.jsonRPC(w.method)}, true
}

func (byHand) client() dialer { return dialByHand }

func dialByHand(address string) (caller, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: 30 * time.Second}}
	return one(func(ctx context.Context, p SumParams, slow bool) (int, error) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second) // as our client has it by default
		defer cancel()
		body, err := json.Marshal(handCall[SumParams]{JSONRPC: "2.0", ID: json.RawMessage("1"), Method: method(slow), Params: p})
		if err != nil {
			return 0, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/"+method(slow), bytes.NewReader(body))
		if err != nil {
			return 0, err
		}
		r.Header.Set("Content-Type", "application/json")
		response, err := client.Do(r)
		if err != nil {
			return 0, err
		}
		defer func() { _ = response.Body.Close() }()
		raw, err := io.ReadAll(response.Body)
		if err != nil {
			return 0, err
		}
		var reply handReply[int]
		if err := json.Unmarshal(raw, &reply); err != nil {
			return 0, err
		}
		if string(reply.ID) != "1" {
			return 0, errors.New("the reply is to another call")
		}
		return reply.Result, nil
	}), nil
}
