package jacinth_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// BenchmarkClient_service compares calls through a registry with calls of a fixed URL, over loopback: one, and as many
// as there are processors, at a time.
func BenchmarkClient_service(b *testing.B) {
	svc := jacinth.New(jacinth.Config{Name: "billing", Logger: slog.New(slog.DiscardHandler)})
	jacinth.Public(svc, Add, func(_ context.Context, p AddParams) (float64, error) { return p.A + p.B, nil })
	var instances []jacinth.Instance
	for i := range 3 {
		server := httptest.NewServer(svc)
		defer server.Close()
		instances = append(instances, jacinth.Instance{ID: fmt.Sprint(i), Service: "billing", URL: server.URL + "/api", Ready: true})
	}
	reg := &board{instances: instances}
	for _, target := range []struct {
		name   string
		client *jacinth.Client
	}{
		{"url", &jacinth.Client{URL: instances[0].URL}},
		{"registry-1", &jacinth.Client{Service: "billing", Registry: &board{instances: instances[:1]}}},
		{"registry-3", &jacinth.Client{Service: "billing", Registry: reg}},
	} {
		transport := jacinth.NewTransport()
		target.client.Transport = transport
		call := func(b *testing.B) {
			if _, err := Add.Call(b.Context(), target.client, AddParams{1, 2}); err != nil {
				b.Error(err)
			}
		}
		b.Run(target.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				call(b)
			}
		})
		b.Run(target.name+"-parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					call(b)
				}
			})
		})
		target.client.Close()
		transport.CloseIdleConnections()
	}
}

// BenchmarkClient_serviceRatio calls a fixed URL and an instance in a registry by turns, and says how many calls of the
// second the processor makes in the time of one of the first, as a share.
func BenchmarkClient_serviceRatio(b *testing.B) {
	svc := jacinth.New(jacinth.Config{Name: "billing", Logger: slog.New(slog.DiscardHandler)})
	jacinth.Public(svc, Add, func(_ context.Context, p AddParams) (float64, error) { return p.A + p.B, nil })
	server := httptest.NewServer(svc)
	defer server.Close()
	transport := jacinth.NewTransport()
	defer transport.CloseIdleConnections()
	instance := jacinth.Instance{ID: "a", Service: "billing", URL: server.URL + "/api", Ready: true}
	clients := []*jacinth.Client{
		{URL: instance.URL, Transport: transport},
		{Service: "billing", Registry: &board{instances: []jacinth.Instance{instance}}, Transport: transport},
	}
	defer clients[1].Close()
	var cost [2]time.Duration
	for round := 0; b.Loop(); round++ {
		for i := range clients {
			which := (i + round) % 2
			before := processorTime(b)
			for range 100 {
				if _, err := Add.Call(b.Context(), clients[which], AddParams{1, 2}); err != nil {
					b.Fatal(err)
				}
			}
			cost[which] += processorTime(b) - before
		}
	}
	b.ReportMetric(float64(cost[0])/float64(cost[1]), "of-fixed-url")
}

// processorTime is the time that the processors have spent on this process.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// cloning is a registry whose sets share no memory with each other, as over a network.
type cloning struct{ *board }

func (c cloning) Watch(ctx context.Context, service string) iter.Seq2[[]jacinth.Instance, error] {
	return func(yield func([]jacinth.Instance, error) bool) {
		for set, err := range c.board.Watch(ctx, service) {
			for i := range set {
				s := &set[i]
				s.ID, s.Service, s.URL = strings.Clone(s.ID), strings.Clone(s.Service), strings.Clone(s.URL)
			}
			if !yield(set, err) {
				return
			}
		}
	}
}

// BenchmarkClient_watch takes in sets of 1,000 instances, and says what memory one of them costs the client.
func BenchmarkClient_watch(b *testing.B) {
	const count = 1000
	reg := new(board)
	for i := range count {
		reg.instances = append(reg.instances, jacinth.Instance{
			ID: fmt.Sprintf("ABCDEFGHIJKLMNOPQRSTUV%04d", i), Service: "billing", Version: "1.2.3", Ready: true, Since: time.Now(),
			URL: fmt.Sprintf("http://10.0.%d.%d:8000/api", i/200, i%200),
		})
	}
	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	client := &jacinth.Client{Service: "billing", Registry: cloning{reg}, Transport: new(recorder)}
	before := heap()
	for b.Loop() {
		_ = client.Call(b.Context(), "who", nil, nil)
		client.Close()
	}
	_ = client.Call(b.Context(), "who", nil, nil)
	time.Sleep(10 * time.Millisecond)
	after := heap()
	b.ReportMetric(float64(int64(after)-int64(before))/count, "heap-B/instance")
	client.Close()
}
