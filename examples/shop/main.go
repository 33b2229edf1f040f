// Command shop is three services that find each other over NATS, two instances of each, all on this machine:
//
//	go run ./examples/shop             runs them, and a NATS server with them, until Ctrl-C
//	go run ./examples/shop show -kill  lists them, places orders, and kills an instance of each meanwhile
//
// With -nats nats://host:4222 both use that NATS instead.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/jacinth-rpc/jacinth/nats"
)

const defaultListen = "127.0.0.1:4222"

// settings are the flags of all that the program can be.
type settings struct {
	nats   string        // where NATS is
	listen string        // of a NATS server of our own
	ttl    time.Duration // of instances
	kill   bool
	lasts  time.Duration // the orders
}

// token is what billing wants of its callers: fit for a demonstration and for nothing else when SHOP_TOKEN is not set.
func token() string { return cmp.Or(os.Getenv("SHOP_TOKEN"), "shop_demonstration_token") }

func main() {
	var s settings
	flags := flag.NewFlagSet("shop", flag.ExitOnError)
	flags.StringVar(&s.nats, "nats", "", "`url` of NATS; empty to run one, and to look for it on this machine")
	flags.StringVar(&s.listen, "listen", defaultListen, "`host:port` of the NATS server that is run")
	flags.DurationVar(&s.ttl, "ttl", 15*time.Second, "`time` after which a dead instance is forgotten")
	flags.BoolVar(&s.kill, "kill", false, "show: kill an instance of each service")
	flags.DurationVar(&s.lasts, "for", 10*time.Second, "show: `time` to place orders")
	command, arguments := "run", os.Args[1:]
	if len(arguments) > 0 && arguments[0][0] != '-' {
		command, arguments = arguments[0], arguments[1:]
	}
	_ = flags.Parse(arguments) // which exits by itself

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch command {
	case "run":
		err = runAll(ctx, s)
	case "show":
		s.nats = cmp.Or(s.nats, "nats://"+s.listen)
		err = show(ctx, s)
	case "catalog", "orders", "billing": // what run runs
		err = serve(ctx, command, s)
	default:
		err = fmt.Errorf("%q is no command: there are run and show", command)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "shop: %v\n", err)
		os.Exit(1)
	}
}

// join connects to NATS, and to the registry on it.
func join(s settings) (*natsgo.Conn, *nats.Registry, error) {
	conn, err := nats.Connect(s.nats)
	if err != nil {
		return nil, nil, err
	}
	registry, err := nats.NewRegistry(conn, nats.RegistryConfig{Bucket: "shop", Memory: true, TTL: s.ttl})
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, registry, nil
}
