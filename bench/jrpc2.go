package main

import (
	"net"

	"github.com/creachadair/jrpc2/handler"
	"github.com/creachadair/jrpc2/jhttp"
)

// jrpc2Peer is creachadair/jrpc2 behind its bridge to HTTP.
type jrpc2Peer struct{ noClient }

func (jrpc2Peer) name() string   { return "jrpc2 jhttp" }
func (jrpc2Peer) module() string { return "github.com/creachadair/jrpc2" }

func (jrpc2Peer) serve(listener net.Listener) error {
	return serveHTTP(listener, jhttp.NewBridge(handler.Map{
		"sum": handler.New(sum), "echo": handler.New(echo), "count": handler.New(count),
	}, nil))
}

func (jrpc2Peer) request(w *workload) (request, bool) {
	return request{path: "/", body: w.jsonRPC(w.method)}, true
}
