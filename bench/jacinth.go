package main

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// ours is jacinth as its defaults have it, with its log on.
type ours struct {
	full     bool // what a user runs: private methods, a token, validation, middleware
	batch    int  // the client queues that many calls and sends them together
	coalesce int  // Client.Coalesce
}

// pairBatch is how many calls a caller of a pair puts into one batch where it makes batches.
const pairBatch = 10

const benchToken = "bench-token-that-nobody-guesses"

func (o ours) name() string {
	switch {
	case o.full:
		return "jacinth, full"
	case o.batch > 0:
		return "jacinth, batches of 10"
	case o.coalesce > 0:
		return "jacinth, coalesced"
	}
	return "jacinth"
}

func (ours) module() string { return "" }

func (o ours) serve(listener net.Listener) error {
	config := jacinth.Config{Name: "bench"}
	if !o.full {
		svc := jacinth.New(config)
		jacinth.Public(svc, "sum", sum)
		jacinth.Public(svc, "slow", slow)
		jacinth.Public(svc, "echo", echo)
		jacinth.Public(svc, "count", count)
		return svc.Serve(context.Background(), listener)
	}
	config.Authorize = jacinth.Tokens("another-token-that-is-being-rotated", benchToken)
	svc := jacinth.New(config)
	svc.Use(measured(), callers())
	jacinth.Private(svc, "sum", sumChecked)
	jacinth.Private(svc, "echo", echo)
	jacinth.Private(svc, "count", count)
	return svc.Serve(context.Background(), listener)
}

type checkedParams struct {
	A int `json:"a"`
	B int `json:"b"`
}

func sumChecked(_ context.Context, p checkedParams) (int, error) { return p.A + p.B, nil }

// measured counts calls and how long they take, as metrics do.
func measured() jacinth.Middleware {
	var calls, failures, nanoseconds atomic.Int64
	return func(next jacinth.Handler) jacinth.Handler {
		return func(ctx context.Context, req *jacinth.Request) (any, error) {
			start := time.Now()
			result, err := next(ctx, req)
			calls.Add(1)
			nanoseconds.Add(int64(time.Since(start)))
			if err != nil {
				failures.Add(1)
			}
			return result, err
		}
	}
}

// callers refuses calls that nobody in particular makes, as an audit does.
func callers() jacinth.Middleware {
	return func(next jacinth.Handler) jacinth.Handler {
		return func(ctx context.Context, req *jacinth.Request) (any, error) {
			if jacinth.CallerFrom(ctx).Name == "" {
				return nil, jacinth.AccessDenied
			}
			return next(ctx, req)
		}
	}
}

func (o ours) request(w *workload) (request, bool) {
	if o.batch > 0 || o.coalesce > 0 {
		return request{}, false // these are ways to call the same server
	}
	r := request{path: "/api", body: w.jsonRPC(w.method)}
	if o.full {
		r.header = map[string]string{"X-Api-Token": benchToken}
	}
	return r, true
}

func (o ours) client() dialer {
	if o.full {
		return nil
	}
	return o.dial
}

func (o ours) dial(address string) (caller, error) {
	client := &jacinth.Client{URL: "http://" + address + "/api", Coalesce: o.coalesce}
	if o.batch > 0 {
		return batching{client}, nil
	}
	return one(func(ctx context.Context, p SumParams, slow bool) (int, error) {
		return jacinth.Name[SumParams, int](method(slow)).Call(ctx, client, p)
	}), nil
}

// batching sends the calls that it is asked for in one request.
type batching struct{ client *jacinth.Client }

func (b batching) call(ctx context.Context, pairs []SumParams, slow bool, sums []int) error {
	name := jacinth.Name[SumParams, int](method(slow))
	batch := b.client.Batch()
	pending := make([]*jacinth.Pending[int], len(pairs))
	for i, p := range pairs {
		pending[i] = name.Queue(batch, p)
	}
	if err := batch.Send(ctx); err != nil {
		return err
	}
	for i, p := range pending {
		var err error
		if sums[i], err = p.Result(); err != nil {
			return err
		}
	}
	return nil
}
