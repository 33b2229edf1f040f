package nats_test

import (
	"context"
	"fmt"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/nats"
	"github.com/jacinth-rpc/jacinth/nats/embedded"
)

// A service answers on NATS, and a client calls it there. Neither has a port; the engine runs in the program, and would
// elsewhere.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	engine, err := embedded.Start(embedded.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer engine.Close()
	conn, err := engine.Connect()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	svc := jacinth.New(jacinth.Config{Name: "greeter"})
	jacinth.Public(svc, "greet", func(_ context.Context, names []string) (string, error) { return "Hello " + names[0], nil })
	server := &nats.Server{Conn: conn, Service: svc}
	stopped := make(chan error)
	go func() { stopped <- server.Run(ctx) }()

	greeter := &jacinth.Client{
		URL:       "http://greeter/",
		Transport: &nats.Transport{Conn: conn},
	}
	var greeting string
	err = greeter.Call(ctx, "greet", jacinth.Positional{"Ada"}, &greeting) // tried again until greeter is there
	fmt.Println(greeting, err)
	cancel()
	fmt.Println(<-stopped)
	// Output:
	// Hello Ada <nil>
	// <nil>
}
