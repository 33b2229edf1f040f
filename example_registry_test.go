package jacinth_test

import (
	"context"
	"fmt"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
)

// A service announces itself in a registry, and a client calls it by its name.
func ExampleClient_service() {
	registry := new(discovery.Memory) // or what discovery.Open makes of a URL

	config := quiet("calc")
	config.Addr, config.Registry, config.DrainDelay = "127.0.0.1:0", registry, time.Millisecond
	svc := jacinth.New(config)
	jacinth.Public(svc, Add, func(_ context.Context, p AddParams) (float64, error) { return p.A + p.B, nil })
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- svc.Run(ctx) }()
	for instances, err := range registry.Watch(ctx, "calc") {
		if err == nil && len(instances) > 0 {
			break // it listens; programs that do not wait for others have nothing of this
		}
	}

	calc := &jacinth.Client{Service: "calc", Registry: registry}
	defer calc.Close()
	sum, err := Add.Call(context.Background(), calc, AddParams{A: 1, B: 2})
	fmt.Println(sum, err)

	stop()
	fmt.Println(<-ended)
	// Output:
	// 3 <nil>
	// <nil>
}

// A service that calls others finds them in its own registry, which is opened when the flags are known.
func ExampleService_Registry() {
	svc := jacinth.New(jacinth.Config{Name: "orders", OpenRegistry: discovery.Open}) // -registry http://registry:8500/api
	billing := &jacinth.Client{Service: "billing", Registry: svc.Registry()}
	jacinth.Public(svc, "total", func(ctx context.Context, p AddParams) (float64, error) { return Add.Call(ctx, billing, p) })
}

// Instances whose hosts are names have to be admitted, so that nobody who can write to a registry gets tokens.
func ExampleClient_hosts() {
	billing := &jacinth.Client{
		Service: "billing", Registry: &discovery.DNS{Domain: "shop.svc.cluster.local", SRV: "_http._tcp"},
		Hosts: []string{"http://*.shop.svc.cluster.local"}, // http:// since there is no TLS within the cluster
		Token: "from the environment",
	}
	defer billing.Close()
}
