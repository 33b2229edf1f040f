package main

import (
	"net"
	"net/http"

	"github.com/gorilla/rpc/v2"
	"github.com/gorilla/rpc/v2/json2"
)

// gorilla is gorilla/rpc with its JSON-RPC 2.0 codec. It takes no batches.
type gorilla struct{ noClient }

func (gorilla) name() string   { return "gorilla/rpc json2" }
func (gorilla) module() string { return "github.com/gorilla/rpc" }

func (gorilla) serve(listener net.Listener) error {
	server := rpc.NewServer()
	server.RegisterCodec(json2.NewCodec(), "application/json")
	if err := server.RegisterService(new(gorillaService), "bench"); err != nil {
		return err
	}
	return serveHTTP(listener, server)
}

// gorillaService has the methods in the shape that gorilla/rpc finds by reflection.
type gorillaService struct{}

// Sum adds.
func (*gorillaService) Sum(r *http.Request, p *SumParams, reply *int) (err error) {
	*reply, err = sum(r.Context(), *p)
	return err
}

// Echo returns what it is given.
func (*gorillaService) Echo(r *http.Request, p, reply *Record) (err error) {
	*reply, err = echo(r.Context(), *p)
	return err
}

// Count counts the nodes of a tree.
func (*gorillaService) Count(r *http.Request, p *Node, reply *int) (err error) {
	*reply, err = count(r.Context(), *p)
	return err
}

func (gorilla) request(w *workload) (request, bool) {
	names := map[string]string{"sum": "bench.Sum", "echo": "bench.Echo", "count": "bench.Count"}
	return request{path: "/", body: w.jsonRPC(names[w.method])}, w.items == 1
}
