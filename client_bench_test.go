package jacinth_test

import (
	"fmt"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

const sumOf jacinth.Name[sumParams, int] = "sum"

// BenchmarkClient is what a call costs, client and service together in one process, over loopback TCP.
func BenchmarkClient(b *testing.B) {
	server := httptest.NewServer(benchService())
	defer server.Close()
	call := func(b *testing.B, client *jacinth.Client, callers int) {
		b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if got, err := sumOf.Call(b.Context(), client, sumParams{A: 300, B: 400}); err != nil || got != 700 {
					b.Errorf("sum = %d, %v", got, err)
				}
			}
		})
	}
	for _, callers := range []int{1, 16, 256} {
		for _, coalesce := range []int{0, 4} {
			b.Run(fmt.Sprintf("callers=%d/coalesce=%d", callers, coalesce), func(b *testing.B) {
				call(b, &jacinth.Client{URL: server.URL + "/api", Coalesce: coalesce}, callers)
			})
		}
	}
	b.Run("batch=100", func(b *testing.B) {
		client := &jacinth.Client{URL: server.URL + "/api"}
		b.ReportAllocs()
		for range b.N/100 + 1 {
			batch := client.Batch()
			pending := make([]*jacinth.Pending[int], 100)
			for i := range pending {
				pending[i] = sumOf.Queue(batch, sumParams{A: i, B: 1})
			}
			if err := batch.Send(b.Context()); err != nil {
				b.Fatal(err)
			}
			for i, p := range pending {
				if got, err := p.Result(); err != nil || got != i+1 {
					b.Fatalf("call %d = %d, %v", i, got, err)
				}
			}
		}
	})
}
