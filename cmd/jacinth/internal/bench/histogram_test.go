package bench_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/bench"
)

// TestHistogram_isCloseToSorting compares percentiles with those of a sorted list.
func TestHistogram_isCloseToSorting(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var whole, part bench.Histogram
		var all []time.Duration
		for range 1 + random.IntN(3000) {
			d := time.Duration(math.Exp(random.Float64() * 30))
			all = append(all, d)
			if random.IntN(2) == 0 {
				whole.Add(d)
			} else {
				part.Add(d)
			}
		}
		whole.Merge(&part)
		slices.Sort(all)
		if whole.Count() != uint64(len(all)) || whole.Max() != all[len(all)-1] {
			t.Fatalf("Count, Max = %d, %d, want %d, %d", whole.Count(), whole.Max(), len(all), all[len(all)-1])
		}
		for _, share := range []float64{0, 1, 50, 90, 99, 99.9, 100} {
			exact := all[max(int(share/100*float64(len(all))+0.5), 1)-1]
			got := whole.Percentile(share)
			if got < exact || float64(got) > float64(exact)*(1+1.0/128) {
				t.Errorf("Percentile(%v) of %d = %d, want %d or at most a 128th more", share, len(all), got, exact)
			}
		}
	}
}

func TestHistogram_takesTheEnds(t *testing.T) {
	var h bench.Histogram
	if h.Percentile(50) != 0 || h.Mean() != 0 || h.Max() != 0 {
		t.Errorf("of nothing, Percentile, Mean and Max = %v, %v, %v, want zeros", h.Percentile(50), h.Mean(), h.Max())
	}
	h.Add(-time.Second)
	h.Add(math.MaxInt64)
	if h.Percentile(50) != 0 || h.Percentile(100) != math.MaxInt64 {
		t.Errorf("Percentile(50), Percentile(100) = %v, %v, want 0 and the longest there is", h.Percentile(50), h.Percentile(100))
	}
}
