package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strconv"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// natsPeer is request and reply over NATS with JSON by encoding/json. Its server is in the process of the service, so
// that the cost of both is counted as one, as that of an HTTP server in its service is.
type natsPeer struct{ noHTTP }

func (natsPeer) name() string   { return "NATS request-reply" }
func (natsPeer) module() string { return "github.com/nats-io/nats-server/v2" }

func (natsPeer) serve(listener net.Listener) error {
	broker, connection, err := startBroker(listener)
	if err != nil {
		return err
	}
	if _, err := connection.Subscribe("sum", func(message *nats.Msg) { answerNATS(message, sum) }); err != nil {
		return err
	}
	// A subscription takes its messages one after another, so what is slow goes by itself.
	if _, err := connection.Subscribe("slow", func(message *nats.Msg) { go answerNATS(message, slow) }); err != nil {
		return err
	}
	broker.WaitForShutdown()
	return nil
}

// startBroker runs a NATS server in this process, at the address of the listener, and connects to it.
func startBroker(listener net.Listener) (*natsserver.Server, *nats.Conn, error) {
	// The broker listens by itself: it takes the port over.
	host, port, err := splitAddress(listener)
	if err != nil {
		return nil, nil, err
	}
	if err := listener.Close(); err != nil {
		return nil, nil, err
	}
	broker, err := natsserver.NewServer(&natsserver.Options{Host: host, Port: port, NoLog: true, NoSigs: true})
	if err != nil {
		return nil, nil, err
	}
	broker.Start()
	if !broker.ReadyForConnections(10 * time.Second) {
		return nil, nil, errors.New("the NATS server does not get ready")
	}
	connection, err := nats.Connect("", nats.InProcessServer(broker))
	return broker, connection, err
}

func answerNATS(message *nats.Msg, fn func(context.Context, SumParams) (int, error)) {
	var p SumParams
	if err := json.Unmarshal(message.Data, &p); err != nil {
		return
	}
	result, err := fn(context.Background(), p)
	if err != nil {
		return
	}
	_ = message.Respond(mustMarshal(result))
}

func splitAddress(listener net.Listener) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(text)
	return host, port, err
}

func (natsPeer) client() dialer { return dialNATS }

func dialNATS(address string) (caller, error) {
	connection, err := connectNATS("nats://" + address)
	if err != nil {
		return nil, err
	}
	return one(func(ctx context.Context, p SumParams, slow bool) (int, error) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		params, err := json.Marshal(p)
		if err != nil {
			return 0, err
		}
		message, err := connection.RequestWithContext(ctx, method(slow), params)
		if err != nil {
			return 0, err
		}
		var result int
		err = json.Unmarshal(message.Data, &result)
		return result, err
	}), nil
}

// connectNATS waits for the broker, which begins to listen after its address is known.
func connectNATS(url string) (*nats.Conn, error) {
	return nats.Connect(url, nats.RetryOnFailedConnect(true), nats.ReconnectWait(20*time.Millisecond))
}
