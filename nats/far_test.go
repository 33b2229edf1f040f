package nats

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/nats/embedded"
)

// freePort is a port of loopback that was free a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// TestServer_answersFar holds that calls from another cluster are answered: NATS changes the subject of the answer on its
// way between clusters, and shows the service the one that the caller gave.
func TestServer_answersFar(t *testing.T) {
	ports := [2]int{freePort(t), freePort(t)}
	var engines [2]*embedded.Server
	for i := range engines {
		engines[i] = startServer(t, embedded.Config{Addr: "127.0.0.1:0", Adjust: func(o *server.Options) {
			o.ServerName = fmt.Sprint("far", i)
			o.JetStream = false
			o.Gateway = server.GatewayOpts{Name: fmt.Sprint("cluster", i), Host: "127.0.0.1", Port: ports[i]}
			for j, port := range ports {
				o.Gateway.Gateways = append(o.Gateway.Gateways, &server.RemoteGatewayOpts{
					Name: fmt.Sprint("cluster", j), URLs: []*url.URL{{Scheme: "nats", Host: fmt.Sprint("127.0.0.1:", port)}},
				})
			}
		}})
	}
	for engines[0].NATS().NumOutboundGateways() < 1 || engines[1].NATS().NumOutboundGateways() < 1 {
		time.Sleep(10 * time.Millisecond)
	}
	svc, _ := newService("billing")
	jacinth.Public(svc, "charge", func(context.Context, jacinth.None) (int, error) { return 1, nil })
	serve(t, dial(t, engines[0].URL()), svc)
	client := newClient(dial(t, engines[1].URL()), "billing")
	client.NoRetry = true
	for try := range 5 {
		if err := client.Call(t.Context(), "charge", nil, nil, jacinth.Timeout(5*time.Second)); err != nil {
			t.Errorf("call %d from another cluster = %v", try, err)
		}
	}
}
