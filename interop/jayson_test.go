package interop_test

import (
	"encoding/json"
	"errors"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// runJayson runs one of the programs that use jayson.
func runJayson(t *testing.T, name string, arguments ...string) program {
	t.Helper()
	need(t, "node")
	if _, err := os.Stat(filepath.Join("testdata", "jayson", "node_modules")); err != nil {
		t.Fatalf("jayson is not installed: run make deps (%v)", err)
	}
	return run(t, "node", append([]string{filepath.Join("testdata", "jayson", name)}, arguments...)...)
}

func TestService_answersJayson(t *testing.T) {
	testService(t, func(t *testing.T, url, token string) caller {
		client := runJayson(t, "call.js", url, token).caller()
		client.floats = true
		return client
	})
}

// startJayson serves the methods of these tests with jayson's server; see serve.js for its arguments.
func startJayson(t *testing.T, arguments ...string) server {
	t.Helper()
	jayson := runJayson(t, "serve.js", arguments...)
	port, err := jayson.output.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "127.0.0.1:" + port[:len(port)-1]})
	proxy.Transport = newHTTPClient(t, "").Transport
	heard := newNotes()
	go func() { // until the program has ended
		for line, err := jayson.output.ReadString('\n'); err == nil; line, err = jayson.output.ReadString('\n') {
			heard <- line[:len(line)-1]
		}
	}()
	return server{
		wire:     listen(t, proxy),
		subtract: "subtract", overdraw: "overdraw", nothing: "nothing", note: "note",
		heard: heard, position: positions, named: true,
		overdrawn: jacinth.Error{Code: overdrawnCode, Message: overdrawnMessage, Data: overdrawnData},
		unknown:   jacinth.MethodNotFound, unfit: jacinth.InvalidParams,
	}
}

func TestClient_callsJayson(t *testing.T) { testClient(t, startJayson(t)) }

// TestClient_sendsJaysonTooMuch shows how jayson refuses a batch: with a code of its own, and without its limit.
func TestClient_sendsJaysonTooMuch(t *testing.T) {
	const tooLong jacinth.Code = -32099
	s := startJayson(t, "2")
	batch := newClient(t, s.URL).Batch()
	var calls []*jacinth.Pending[json.RawMessage]
	for range 3 {
		calls = append(calls, batch.Call(s.subtract, jacinth.Positional{42, 23}))
	}
	if err := batch.Send(t.Context()); !errors.Is(err, tooLong) {
		t.Errorf("Send = %v, want the error %d", err, tooLong)
	}
	for i, call := range calls {
		if _, err := call.Result(); !errors.Is(err, tooLong) {
			t.Errorf("call %d of a batch that is too long: %v, want the error %d", i, err, tooLong)
		}
	}
}
