package nats

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/jacinth-rpc/jacinth/nats/embedded"
)

// startCluster runs servers that know each other, and returns when they do.
func startCluster(t *testing.T, size int) []*embedded.Server {
	t.Helper()
	ports, routes := make([]int, size), ""
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = listener.Addr().(*net.TCPAddr).Port
		routes += fmt.Sprintf("nats://127.0.0.1:%d,", ports[i])
		listener.Close()
	}
	cluster := make([]*embedded.Server, size)
	for i := range cluster {
		cluster[i] = startServer(t, embedded.Config{Addr: "127.0.0.1:0", Dir: t.TempDir(), Adjust: func(o *server.Options) {
			o.ServerName = fmt.Sprint("n", i+1)
			o.Cluster = server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: ports[i]}
			o.Routes = server.RoutesFromStr(strings.TrimSuffix(routes, ","))
			o.LameDuckGracePeriod, o.LameDuckDuration = 2*time.Second, 3*time.Second
		}})
	}
	late := time.Now().Add(time.Minute)
	for _, s := range cluster {
		for s.NATS().NumRoutes() < size-1 || !s.NATS().JetStreamIsCurrent() {
			if time.Now().After(late) {
				t.Fatalf("the servers do not become a cluster: %d routes", s.NATS().NumRoutes())
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return cluster
}
