package main

import (
	"context"
	"net"

	"github.com/ethereum/go-ethereum/rpc"
)

// geth is the JSON-RPC of go-ethereum. Its params are by position.
type geth struct{ noClient }

func (geth) name() string   { return "go-ethereum/rpc" }
func (geth) module() string { return "github.com/ethereum/go-ethereum" }

func (geth) serve(listener net.Listener) error {
	server := rpc.NewServer()
	if err := server.RegisterName("bench", gethService{}); err != nil {
		return err
	}
	return serveHTTP(listener, server)
}

// gethService has the methods in the shape that go-ethereum finds by reflection.
type gethService struct{}

// Sum adds.
func (gethService) Sum(ctx context.Context, a, b int) (int, error) {
	return sum(ctx, SumParams{A: a, B: b})
}

// Echo returns what it is given.
func (gethService) Echo(ctx context.Context, r Record) (Record, error) { return echo(ctx, r) }

// Count counts the nodes of a tree.
func (gethService) Count(ctx context.Context, n Node) (int, error) { return count(ctx, n) }

func (geth) request(w *workload) (request, bool) {
	positional := []any{w.params}
	if p, ok := w.params.(SumParams); ok {
		positional = []any{p.A, p.B}
	}
	return request{path: "/", body: w.requests("bench_"+w.method, mustMarshal(positional))}, true
}
