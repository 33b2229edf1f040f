package tokens_test

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

// BenchmarkTiming asks whether a stranger can tell by the clock that there is a token with an id. With
//
//	go test -run=NONE -bench=Timing -benchtime=100000x ./tokens
//
// it times that many calls of two kinds, in random order: ids of a thousand tokens with wrong secrets, and ids that
// nobody has. Each token is new, so that it is looked up; "again" times some that were refused before. It compares the two by Welch's t-test, after it leaves out the slowest calls, which tell of the machine and
// not of the token. |t| < 4.5 is taken for no difference, and anything beyond fails.
func BenchmarkTiming(b *testing.B) {
	b.Run("new", func(b *testing.B) { benchmarkTiming(b, math.MaxInt) })
	b.Run("again", func(b *testing.B) { benchmarkTiming(b, 20_000) })
}

func benchmarkTiming(b *testing.B, different int) {
	store, _ := benchmarkStore(b)
	known, err := store.List(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	authorizer := tokens.New(store, tokens.Guesses(jacinth.Unlimited, 0))
	method := &jacinth.Method{Name: "math.add", Private: true}
	ctx := context.Background()

	// Both kinds are made in the same way and lie in memory in random order.
	const before = 400 // those that count
	list := make([]string, 2*b.N+before)
	kinds := make([]int, len(list))
	for i := range list {
		kinds[i] = i % 2
	}
	rand.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	for i := range list {
		ids := [2]string{randomTokenFast()[:12], known[rand.IntN(len(known))].ID}
		list[i] = reseal(ids[kinds[i]] + randomTokenFast()[12:45])
		if first := i % different; first != i {
			list[i], kinds[i] = list[first], kinds[first]
		}
	}
	var times [2][]float64
	runtime.GC()
	b.ResetTimer()
	for i, token := range list {
		req := jacinth.Request{Method: method, Peer: with(token)}
		start := time.Now()
		err := authorizer.Authorize(ctx, &req)
		taken := time.Since(start)
		if err == nil {
			b.Fatal("a wrong token was let through")
		}
		if i >= before {
			times[kinds[i]] = append(times[kinds[i]], float64(taken))
		}
	}
	b.StopTimer()
	if b.N < 1000 {
		return // too few to tell anything
	}
	// The same bound for both kinds, or leaving out would itself make a difference.
	all := slices.Sorted(slices.Values(slices.Concat(times[0], times[1])))
	bound := all[len(all)*95/100]
	t := welch(below(times[0], bound), below(times[1], bound))
	b.ReportMetric(math.Abs(t), "|t|")
	b.ReportMetric(mean(below(times[1], bound))-mean(below(times[0], bound)), "ns-apart")
	if math.Abs(t) >= 4.5 {
		b.Errorf("|t| = %.1f, %.1f ns apart, want less than 4.5: the clock tells whether there is a token with an id",
			math.Abs(t), mean(below(times[1], bound))-mean(below(times[0], bound)))
	}
}

func below(list []float64, bound float64) []float64 {
	return slices.DeleteFunc(slices.Clone(list), func(x float64) bool { return x > bound })
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, x := range list {
		sum += x
	}
	return sum / float64(len(list))
}

// welch returns the t of Welch's test for two samples of unequal variance.
func welch(a, b []float64) float64 {
	variance := func(list []float64) float64 {
		m, sum := mean(list), 0.0
		for _, x := range list {
			sum += (x - m) * (x - m)
		}
		return sum / float64(len(list)-1)
	}
	return (mean(a) - mean(b)) / math.Sqrt(variance(a)/float64(len(a))+variance(b)/float64(len(b)))
}

// randomTokenFast makes a token as randomToken does, without a store.
func randomTokenFast() string {
	text := []byte("jcn_00000000_00000000000000000000000000000000")
	for i := range text {
		if text[i] == '0' {
			text[i] = base62[rand.IntN(len(base62))]
		}
	}
	return reseal(string(text))
}
