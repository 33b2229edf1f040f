package nats

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/nats/embedded"
	"github.com/jacinth-rpc/jacinth/nats/internal/instances"
)

// BenchmarkCall makes the same calls over HTTP and over NATS, from one client and from as many as there are processors
// times 16. The service, the client and the NATS server are one process, with sockets between them.
func BenchmarkCall(b *testing.B) {
	engine := startServer(b, embedded.Config{Addr: "127.0.0.1:0"})
	svc := jacinth.New(jacinth.Config{Name: "sums", Logger: quietLogger})
	jacinth.Public(svc, "add", func(_ context.Context, n []int) (int, error) { return n[0] + n[1], nil })
	serve(b, dial(b, engine.URL()), svc)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	web := &http.Server{Handler: svc}
	go web.Serve(listener) //nolint:errcheck // it is closed below
	defer web.Close()
	transport := jacinth.NewTransport()
	defer transport.CloseIdleConnections()
	for name, client := range map[string]*jacinth.Client{
		"HTTP": {URL: "http://" + listener.Addr().String() + "/api", Transport: transport},
		"NATS": newClient(dial(b, engine.URL()), "sums"),
	} {
		add := func(b *testing.B) {
			var sum int
			if err := client.Call(b.Context(), "add", []int{1, 2}, &sum); err != nil || sum != 3 {
				b.Errorf("add = %d, %v", sum, err)
			}
		}
		b.Run(name+"/alone", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				add(b)
			}
		})
		b.Run(name+"/together", func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					add(b)
				}
			})
		})
	}
}

// BenchmarkRegistry_join measures the time from Register to the set that has the instance.
func BenchmarkRegistry_join(b *testing.B) {
	engine := startServer(b, embedded.Config{Addr: "127.0.0.1:0"})
	config := RegistryConfig{Memory: true}
	here, there := newRegistry(b, dial(b, engine.URL()), config), newRegistry(b, dial(b, engine.URL()), config)
	ctx, cancel := context.WithCancel(b.Context())
	sets, done := make(chan int, 100), make(chan struct{})
	go func() {
		defer close(done)
		for set, err := range there.Watch(ctx, "billing") {
			if err != nil {
				b.Error(err)
			}
			sets <- len(set)
		}
	}()
	<-sets
	for i := 0; b.Loop(); i++ {
		lease, err := here.Register(ctx, instance("billing", fmt.Sprint(i)))
		if err != nil {
			b.Fatal(err)
		}
		for <-sets == 0 {
		}
		b.StopTimer()
		if err := lease.Close(ctx); err != nil {
			b.Fatal(err)
		}
		for <-sets > 0 {
		}
		b.StartTimer()
	}
	cancel()
	<-done
}

// BenchmarkRegistry_crash measures the time from the death of an instance, one of two, to the set without it, with a TTL
// of 3 seconds.
func BenchmarkRegistry_crash(b *testing.B) {
	engine := startServer(b, embedded.Config{Addr: "127.0.0.1:0"})
	registry := newRegistry(b, dial(b, engine.URL()), RegistryConfig{Memory: true, TTL: 3 * time.Second})
	ctx, cancel := context.WithCancel(b.Context())
	sets, done := make(chan int, 100), make(chan struct{})
	living, err := registry.Register(ctx, instance("billing", "living"))
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		defer close(done)
		for set, err := range registry.Watch(ctx, "billing") {
			if err != nil {
				b.Error(err)
			}
			sets <- len(set)
		}
	}()
	for <-sets != 1 {
	}
	time.Sleep(3 * time.Second) // until a set can be trusted
	for b.Loop() {
		dying, err := registry.Register(ctx, instance("billing", "dying"))
		if err != nil {
			b.Fatal(err)
		}
		dying.(*lease).end()
		for <-sets != 1 {
		}
	}
	_ = living.Close(ctx)
	cancel()
	<-done
}

// BenchmarkRegistry_thousand reports what a watch of a thousand instances takes for each of them, with the set it told.
func BenchmarkRegistry_thousand(b *testing.B) {
	engine := startServer(b, embedded.Config{Addr: "127.0.0.1:0"})
	conn := dial(b, engine.URL())
	registry := newRegistry(b, conn, RegistryConfig{Memory: true})
	if err := registry.store.ensure(b.Context()); err != nil {
		b.Fatal(err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		b.Fatal(err)
	}
	kv, err := js.KeyValue(b.Context(), "jacinth")
	if err != nil {
		b.Fatal(err)
	}
	const count = 1000
	for n := range count {
		i := instance("billing", fmt.Sprint(n))
		key, _ := instances.Key(&i)
		record, _ := instances.Encode(&i)
		if _, err := kv.Put(b.Context(), key, record); err != nil {
			b.Fatal(err)
		}
	}
	heap := func() float64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return float64(stats.HeapAlloc)
	}
	for b.Loop() {
		before := heap()
		for set, err := range registry.Watch(b.Context(), "billing") {
			if err != nil || len(set) != count {
				b.Fatalf("the set has %d instances, %v", len(set), err)
			}
			b.ReportMetric((heap()-before)/count, "B/instance")
			runtime.KeepAlive(set)
			break
		}
	}
}
