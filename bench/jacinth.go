package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// ours is jacinth as its defaults have it, with its log on.
type ours struct {
	quiet    bool // without the log, to show what that costs
	json     bool // a log of the user's, of JSON, which gets each line by itself
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
	case o.quiet:
		return "jacinth, no log"
	case o.json:
		return "jacinth, JSON log"
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
	if o.quiet {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if o.json {
		config.Logger = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
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
	jacinth.Private(svc, "echo", echoChecked)
	jacinth.Private(svc, "count", count)
	return svc.Serve(context.Background(), listener)
}

// checkedSum is SumParams with rules.
type checkedSum struct {
	A int `json:"a" min:"0" max:"1000000"`
	B int `json:"b" min:"0" max:"1000000"`
}

func sumChecked(ctx context.Context, p checkedSum) (int, error) { return sum(ctx, SumParams(p)) }

// checkedRecord is Record with rules.
type checkedRecord struct {
	ID      int64             `json:"id" min:"1"`
	Name    string            `json:"name" minLength:"1" maxLength:"100"`
	Email   string            `json:"email" pattern:"^[^@ ]+@[^@ ]+$"`
	Active  bool              `json:"active"`
	Balance float64           `json:"balance" min:"-1e9" max:"1e9"`
	Tags    []string          `json:"tags" maxItems:"20"`
	Scores  []float64         `json:"scores" maxItems:"100"`
	Labels  map[string]string `json:"labels"`
	Address address           `json:"address"`
	History []event           `json:"history" maxItems:"100"`
	Comment string            `json:"comment" maxLength:"1000"`
	Manager *string           `json:"manager"`
}

func echoChecked(ctx context.Context, r checkedRecord) (Record, error) { return echo(ctx, Record(r)) }

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
	if o.full || o.quiet || o.json {
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
