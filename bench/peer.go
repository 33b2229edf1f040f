package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// peer is one way to serve the work, and maybe to call it. A new one is a file with a type that has these methods, and
// a line in peers.
type peer interface {
	// name is what the tables and -peers call it.
	name() string
	// module is where it comes from, whose version the report names; empty for the standard library and ourselves.
	module() string
	// serve answers on the listener until the process ends.
	serve(listener net.Listener) error
	// request is what asks for a workload over HTTP/1.1; ok is false where the peer cannot be asked so.
	request(w *workload) (r request, ok bool)
	// client returns what makes a client of the server at an address; nil where pairs are not compared.
	client() dialer
}

type dialer func(address string) (caller, error)

// caller makes calls from one process to another. It is called by many goroutines.
type caller interface {
	// call has the sums of all pairs added up by the server, one call each; slow wants the method that takes its time.
	call(ctx context.Context, pairs []SumParams, slow bool, sums []int) error
}

// request is an HTTP request that the load generator sends as it is.
type request struct {
	path   string
	header map[string]string
	body   []byte
	bare   bool // the reply is the result, with no JSON-RPC around it
}

func peers() []peer {
	return []peer{
		floor{},
		byHand{},
		ours{},
		ours{quiet: true},
		ours{json: true},
		ours{full: true},
		ours{batch: pairBatch},
		ours{coalesce: 2},
		gorilla{},
		jrpc2Peer{},
		geth{},
		connectPeer{},
		grpcPeer{},
		natsPeer{},
		oursNATS{},
	}
}

// noHTTP is part of peers that the raw load generator cannot ask.
type noHTTP struct{}

func (noHTTP) request(*workload) (request, bool) { return request{}, false }

// noClient is part of peers whose client is not compared.
type noClient struct{}

func (noClient) client() dialer { return nil }

// serveHTTP is how the peers without a server of their own are served.
func serveHTTP(listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	return server.Serve(listener)
}

// one adapts a function that makes a single call.
type one func(ctx context.Context, p SumParams, slow bool) (int, error)

func (f one) call(ctx context.Context, pairs []SumParams, slow bool, sums []int) error {
	if len(pairs) != 1 {
		return errors.New("this client makes one call at a time")
	}
	var err error
	sums[0], err = f(ctx, pairs[0], slow)
	return err
}

// method is the name of a method of pairs.
func method(slow bool) string {
	if slow {
		return "slow"
	}
	return "sum"
}
