package discovery_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
)

// loopback serves a registry on a port of this machine, and makes clients of it with connections of their own.
type loopback struct {
	url       string
	transport *http.Transport
}

func newRegistryOnLoopback(b *testing.B) *loopback {
	b.Helper()
	server := httptest.NewServer(discovery.NewRegistryService(openConfig))
	l := &loopback{url: server.URL + "/api", transport: jacinth.NewTransport()}
	b.Cleanup(func() {
		l.transport.CloseIdleConnections()
		server.Close()
	})
	return l
}

func (l *loopback) registry(b *testing.B) *discovery.HTTP {
	b.Helper()
	registry, err := discovery.NewHTTP(&jacinth.Client{URL: l.url, Transport: l.transport})
	if err != nil {
		b.Fatal(err)
	}
	return registry
}

// BenchmarkJoin takes the time from Register to the moment in which somebody who watches has the instance.
func BenchmarkJoin(b *testing.B) {
	for _, engine := range []struct {
		name string
		open func(b *testing.B) jacinth.Registry
	}{
		{"memory", func(*testing.B) jacinth.Registry { return new(discovery.Memory) }},
		{"file", func(b *testing.B) jacinth.Registry {
			file, err := discovery.OpenFile(filepath.Join(b.TempDir(), "services.json"))
			if err != nil {
				b.Fatal(err)
			}
			return file
		}},
		{"http", func(b *testing.B) jacinth.Registry { return newRegistryOnLoopback(b).registry(b) }},
	} {
		b.Run(engine.name, func(b *testing.B) {
			registry := engine.open(b)
			ctx, stop := context.WithCancel(context.Background())
			sizes := make(chan int)
			var watching sync.WaitGroup
			watching.Go(func() {
				for set, err := range registry.Watch(ctx, "billing") {
					if err == nil {
						select {
						case sizes <- len(set):
						case <-ctx.Done():
						}
					}
				}
			})
			await := func(want int) {
				for size := range sizes {
					if size == want {
						return
					}
				}
			}
			await(0)
			for b.Loop() {
				lease, err := registry.Register(ctx, instance("billing", "a"))
				if err != nil {
					b.Fatal(err)
				}
				await(1)
				b.StopTimer()
				if err := lease.Close(ctx); err != nil {
					b.Fatal(err)
				}
				await(0)
				time.Sleep(150 * time.Millisecond) // so that the next question is waiting, as it is in a day's work
				b.StartTimer()
			}
			stop()
			watching.Wait()
		})
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc + stats.StackInuse)
}

// BenchmarkMemory takes what 1,000 instances of one service cost a registry service, and what each client that watches
// all of them costs it and itself, connections included.
func BenchmarkMemory(b *testing.B) {
	const instances, watchers = 1000, 20
	for b.Loop() {
		l := newRegistryOnLoopback(b)
		client := &jacinth.Client{URL: l.url, Transport: l.transport}
		if err := client.Call(context.Background(), "registry.status", nil, nil); err != nil {
			b.Fatal(err)
		}
		before := heap()
		for i := range instances {
			id := fmt.Sprintf("%026d", i) // as long as those that services make
			params := map[string]any{
				"id": id, "service": "billing", "url": fmt.Sprintf("http://10.0.%d.%d:8000/api", i/250, i%250), "version": "1.2.3", "epoch": 1,
			}
			if err := client.Call(context.Background(), "registry.register", params, nil); err != nil {
				b.Fatal(err)
			}
		}
		registered := heap()
		ctx, stop := context.WithCancel(context.Background())
		var watching sync.WaitGroup
		seen := make(chan []jacinth.Instance, watchers)
		for range watchers {
			registry := l.registry(b)
			watching.Go(func() {
				for set, err := range registry.Watch(ctx, "billing") {
					if err == nil {
						seen <- set
					}
				}
			})
		}
		for range watchers {
			if set := <-seen; len(set) != instances {
				b.Fatalf("a watcher has %d instances", len(set))
			}
		}
		time.Sleep(200 * time.Millisecond) // until all of them wait again
		watched := heap()
		b.ReportMetric(float64(registered-before)/instances, "B/instance")
		b.ReportMetric(float64(watched-registered)/watchers/instances, "B/watched-instance")
		stop()
		watching.Wait()
	}
}
