package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

const (
	token    = "a-token-of-these-tests"
	batchMax = 8 // what the service takes
)

// Subtraction are the params of subtract, on all services of these tests. It is exported for gorilla/rpc, which leaves
// out methods whose params are not.
type Subtraction struct {
	Minuend    int `json:"minuend"`
	Subtrahend int `json:"subtrahend"`
}

// overdraft is the data of the error that overdraw answers with, on all services of these tests.
type overdraft struct {
	Missing  int    `json:"missing"`
	Currency string `json:"currency"`
}

const (
	overdrawnCode    = 4711
	overdrawnMessage = "the account does not have that much"
)

var overdrawnData = overdraft{Missing: 12, Currency: "€"}

// startService serves a service of ours on loopback, for clients that are not ours.
func startService(t *testing.T) (url string, heard notes) {
	t.Helper()
	heard = newNotes()
	svc := jacinth.New(jacinth.Config{
		Name:      "interop",
		Authorize: jacinth.Tokens(token),
		Limits:    jacinth.Limits{BatchItems: batchMax},
		Logger:    slog.New(slog.DiscardHandler),
	})
	jacinth.Public(svc, "subtract", func(_ context.Context, p Subtraction) (int, error) {
		return p.Minuend - p.Subtrahend, nil
	})
	jacinth.Public(svc, "greet", func(_ context.Context, p struct {
		Name     string `json:"name"`
		Greeting string `json:"greeting" default:"Hello"`
	},
	) (string, error) {
		return p.Greeting + " " + p.Name, nil
	})
	jacinth.Public(svc, "count", func(_ context.Context, list []json.RawMessage) (int, error) { return len(list), nil })
	jacinth.Public(svc, "same", func(_ context.Context, p struct {
		Number int64 `json:"number"`
	},
	) (int64, error) {
		return p.Number, nil
	})
	jacinth.Public(svc, "nothing", func(context.Context, jacinth.None) (jacinth.None, error) { return jacinth.None{}, nil })
	jacinth.Public(svc, "overdraw", func(context.Context, jacinth.None) (int, error) {
		return 0, &jacinth.Error{Code: overdrawnCode, Message: overdrawnMessage, Data: overdrawnData}
	})
	jacinth.Public(svc, "crash", func(context.Context, jacinth.None) (int, error) {
		return 0, errors.New("the password of the database is hunter2")
	})
	jacinth.Public(svc, "note", func(_ context.Context, p struct {
		Text string `json:"text"`
	},
	) (jacinth.None, error) {
		heard <- p.Text
		return jacinth.None{}, nil
	})
	jacinth.Private(svc, "secret", func(ctx context.Context, _ jacinth.None) (string, error) {
		return "for " + jacinth.RequestFrom(ctx).Caller.Name, nil
	})
	server := httptest.NewServer(svc)
	t.Cleanup(server.Close)
	return server.URL + svc.Endpoint(), heard
}
