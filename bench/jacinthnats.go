package main

import (
	"context"
	"net"

	"github.com/jacinth-rpc/jacinth"
	jacinthnats "github.com/jacinth-rpc/jacinth/nats"
)

// oursNATS is jacinth over NATS, with the NATS server in the process of the service as natsPeer has it.
type oursNATS struct{ noHTTP }

func (oursNATS) name() string   { return "jacinth over NATS" }
func (oursNATS) module() string { return "" }

func (oursNATS) serve(listener net.Listener) error {
	_, connection, err := startBroker(listener)
	if err != nil {
		return err
	}
	svc := jacinth.New(jacinth.Config{Name: "bench"})
	jacinth.Public(svc, "sum", sum)
	jacinth.Public(svc, "slow", slow)
	return (&jacinthnats.Server{Conn: connection, Service: svc}).Run(context.Background())
}

func (oursNATS) client() dialer {
	return func(address string) (caller, error) {
		connection, err := connectNATS("nats://" + address)
		if err != nil {
			return nil, err
		}
		client := &jacinth.Client{
			URL: "http://bench/", Transport: &jacinthnats.Transport{Conn: connection},
		}
		return one(func(ctx context.Context, p SumParams, slow bool) (int, error) {
			return jacinth.Name[SumParams, int](method(slow)).Call(ctx, client, p)
		}), nil
	}
}
