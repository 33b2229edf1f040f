package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/nats"
)

// Item is something that catalog sells.
type Item struct {
	SKU string `json:"sku" doc:"What the shop calls it." example:"tea"`
}

// Charge is what billing is asked for. Charging the same order twice charges it once.
type Charge struct {
	Order string `json:"order" minLength:"1" doc:"The id of the order."`
	Cents int    `json:"cents" min:"0"`
}

// Order is what orders is asked for. The caller gives it its id, so that it can be placed again when no answer came.
type Order struct {
	ID    string `json:"id" minLength:"1"`
	SKU   string `json:"sku"`
	Count int    `json:"count" min:"1" max:"100" default:"1"`
}

// Receipt is what comes of an order.
type Receipt struct {
	Order string `json:"order"`
	Cents int    `json:"cents"`
}

// What the services offer to each other.
const (
	priceOf jacinth.Name[Item, int]         = "price"
	charge  jacinth.Name[Charge, Receipt]   = "charge"
	place   jacinth.Name[Order, Receipt]    = "place"
	process jacinth.Name[jacinth.None, int] = "process" // its number, for show to kill it
)

var prices = map[string]int{"tea": 350, "coffee": 420, "cocoa": 390}

// serve runs one instance of a service. It ends with ctx, and when its parent does, which holds its standard input.
func serve(ctx context.Context, name string, s settings) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	conn, registry, err := join(s)
	if err != nil {
		return err
	}
	defer conn.Close()
	svc := jacinth.New(jacinth.Config{
		Name:       name,
		Addr:       "127.0.0.1:0",
		Registry:   registry,
		Authorize:  jacinth.Tokens(token()),
		DrainDelay: 500 * time.Millisecond,
		Logger:     slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	jacinth.Public(svc, process, func(context.Context, jacinth.None) (int, error) { return os.Getpid(), nil })
	switch name {
	case "catalog":
		jacinth.Public(svc, priceOf, price, jacinth.ReadOnly())
	case "billing":
		jacinth.Private(svc, charge, bill, jacinth.Idempotent())
		svc.Background((&nats.Server{Conn: conn, Service: svc}).Run)
	case "orders":
		jacinth.Public(svc, place, ordering(conn, registry), jacinth.Idempotent())
	}
	return svc.Run(ctx)
}

func price(_ context.Context, item Item) (int, error) {
	cents, ok := prices[item.SKU]
	if !ok {
		return 0, jacinth.Errorf(404, "we do not sell %s", item.SKU)
	}
	return cents, nil
}

func bill(_ context.Context, c Charge) (Receipt, error) {
	return Receipt(c), nil // no money was harmed
}

// ordering finds catalog by its name in the registry and calls it over HTTP, and billing over NATS, which chooses the
// instance itself.
func ordering(conn *natsgo.Conn, registry jacinth.Registry) func(context.Context, Order) (Receipt, error) {
	catalog := &jacinth.Client{Service: "catalog", Registry: registry}
	billing := &jacinth.Client{
		URL: "http://billing/", Token: token(),
		Transport: &nats.Transport{Conn: conn, Try: time.Second},
	}
	return func(ctx context.Context, o Order) (Receipt, error) {
		cents, err := priceOf.Call(ctx, catalog, Item{SKU: o.SKU}, jacinth.ReadOnly())
		if jacinth.CodeOf(err) == 404 {
			return Receipt{}, jacinth.Errorf(404, "we do not sell %s", o.SKU)
		}
		if err != nil {
			return Receipt{}, err
		}
		return charge.Call(ctx, billing, Charge{Order: o.ID, Cents: cents * o.Count}, jacinth.Idempotent())
	}
}
