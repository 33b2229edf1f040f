package main

import (
	"context"
	"log/slog"
	"net/http/httptest"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/jacinth-rpc/jacinth"
)

// init adds to the commands of scripts:
//
//	examples   starts a service with the methods of the specification's examples and puts its address into $EXAMPLES
func init() {
	sessionCommands["examples"] = func(ts *testscript.TestScript, _ bool, _ []string) {
		server := httptest.NewServer(specificationExamples())
		ts.Defer(server.Close)
		ts.Setenv("EXAMPLES", server.Listener.Addr().String())
	}
}

func specificationExamples() *jacinth.Service {
	svc := jacinth.New(jacinth.Config{Name: "examples", Version: "1.0.0", Logger: slog.New(slog.DiscardHandler)})
	type operands struct {
		Minuend    int `json:"minuend"`
		Subtrahend int `json:"subtrahend"`
	}
	sum := func(_ context.Context, numbers []int) (int, error) {
		total := 0
		for _, n := range numbers {
			total += n
		}
		return total, nil
	}
	ignore := func(context.Context, []int) (jacinth.None, error) { return jacinth.None{}, nil }
	jacinth.Public(svc, "subtract", func(_ context.Context, p operands) (int, error) { return p.Minuend - p.Subtrahend, nil },
		jacinth.Doc("Takes one number from another."))
	jacinth.Public(svc, "sum", sum)
	jacinth.Public(svc, "notify_sum", sum)
	jacinth.Public(svc, "update", ignore)
	jacinth.Public(svc, "notify_hello", ignore)
	jacinth.Public(svc, "get_data", func(context.Context, jacinth.None) ([]any, error) { return []any{"hello", 5}, nil })
	return svc
}
