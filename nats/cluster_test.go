package nats

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/jacinth-rpc/jacinth"
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
			o.LameDuckGracePeriod, o.LameDuckDuration = time.Minute, 2*time.Minute
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

// TestCluster kills the server that leads the bucket, and to which a service and a client are connected, under load.
// Calls and discovery go on, no set that is told is empty, and idempotent calls all succeed.
func TestCluster(t *testing.T) {
	cluster := startCluster(t, 3)
	config := RegistryConfig{Replicas: 3, TTL: 3 * time.Second}
	urls := ""
	for _, s := range cluster {
		urls += "," + s.URL()
	}
	open := func(at int) *nats.Conn { // connected to that one first
		others := strings.Split(strings.Trim(strings.ReplaceAll(urls, ","+cluster[at].URL(), ""), ","), ",")
		conn := dial(t, cluster[at].URL()+","+strings.Join(others, ","), nats.DontRandomize())
		return conn
	}
	probe := newRegistry(t, open(0), config)
	late := time.Now().Add(time.Minute)
	for probe.store.ensure(t.Context()) != nil { // until the cluster has a leader and knows all three
		if time.Now().After(late) {
			t.Fatal("the bucket cannot be made")
		}
		time.Sleep(50 * time.Millisecond)
	}
	leader := -1
	for leader < 0 {
		for i, s := range cluster {
			if s.NATS().JetStreamIsStreamLeader("$G", "KV_jacinth") {
				leader = i
			}
		}
	}
	survivor := (leader + 1) % 3

	// One instance on each server.
	for i := range cluster {
		svc, _ := newService("billing")
		jacinth.Public(svc, "add", func(_ context.Context, n []int) (int, error) { return n[0] + n[1], nil }, jacinth.Idempotent())
		conn := open(i)
		serve(t, conn, svc)
		register(t, newRegistry(t, conn, config), instance("billing", fmt.Sprint(i)))
	}
	var sets [2]<-chan told
	sets[0] = follow(t, newRegistry(t, open(leader), config), "billing")
	sets[1] = follow(t, newRegistry(t, open(survivor), config), "billing")
	for _, set := range sets {
		await(t, set, "billing/0", "billing/1", "billing/2")
	}
	var calls, failed atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var load sync.WaitGroup
	for _, at := range []int{leader, survivor} {
		client := newClient(open(at), "billing")
		client.Transport.(*Transport).Try = time.Second
		for client.Call(t.Context(), "add", []int{1, 2}, nil) != nil {
		}
		for range 2 {
			load.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					var sum int
					err := client.Call(t.Context(), "add", []int{i, 1}, &sum, jacinth.Idempotent())
					calls.Add(1)
					if ctx.Err() == nil && (err != nil || sum != i+1) {
						failed.Add(1)
						t.Errorf("add(%d, 1) = %d, %v", i, sum, err)
					}
				}
			})
		}
	}
	until := func(n int64) {
		for calls.Load() < n {
			time.Sleep(time.Millisecond)
		}
	}
	until(200)
	before := calls.Load()
	cluster[leader].NATS().Shutdown()
	// All three live on: their leases come back on other servers.
	joining := newRegistry(t, open(survivor), config)
	for {
		lease, err := joining.Register(t.Context(), instance("billing", "new"))
		if err == nil {
			defer lease.Close(context.Background())
			break
		}
		t.Logf("joining: %v", err)
	}
	for _, set := range sets {
		await(t, set, "billing/0", "billing/1", "billing/2", "billing/new")
	}
	until(before + 200)
	for quiet := time.After(2 * config.TTL); ; {
		select {
		case got := <-sets[0]:
			if got.err == nil && len(got.ids) < 4 {
				t.Errorf("a set after the leader died is %q", got.ids)
			}
			continue
		case got := <-sets[1]:
			if got.err == nil && len(got.ids) < 4 {
				t.Errorf("a set after the leader died is %q", got.ids)
			}
			continue
		case <-quiet:
		}
		break
	}
	cancel()
	load.Wait()
	t.Logf("%d calls, %d of them failed", calls.Load(), failed.Load())
}
