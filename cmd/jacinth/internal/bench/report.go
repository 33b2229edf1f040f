package bench

import (
	"math"
	"time"
)

// Report is what a benchmark found out. Times are in seconds in JSON, of latencies in milliseconds.
type Report struct {
	URL         string  `json:"url"`
	Method      string  `json:"method"`
	Connections int     `json:"connections"`
	Batch       int     `json:"batch,omitzero"` // calls in a request
	Rate        float64 `json:"rate,omitzero"`  // requests a second that were wanted

	Seconds  float64 `json:"seconds"` // that were measured
	Requests int     `json:"requests"`
	Calls    int     `json:"calls"`

	// Unsent is how many requests were due and not sent, because all connections were waiting for answers. They are in
	// no other number; there are some if the service cannot keep up with the rate.
	Unsent int `json:"unsent,omitzero"`
	// Failures counts the requests that went wrong, by what was wrong.
	Failures map[string]int `json:"failures"`

	RequestsPerSecond float64 `json:"requestsPerSecond"`
	CallsPerSecond    float64 `json:"callsPerSecond"`
	Latency           Latency `json:"latencyMs"` // of requests, failed ones included

	Sent        int64 `json:"sentBytes"`     // of bodies, without headers
	Received    int64 `json:"receivedBytes"` // the same
	Interrupted bool  `json:"interrupted,omitzero"`
}

// Latency is how long answers took, in milliseconds.
type Latency struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99.9"`
	Max  float64 `json:"max"`
}

// Failed is how many requests went wrong.
func (r *Report) Failed() int {
	failed := 0
	for _, count := range r.Failures {
		failed += count
	}
	return failed
}

// report adds up what the workers did.
func (l *load) report(interrupted bool) *Report {
	var all Histogram
	r := &Report{
		URL: l.URL, Method: l.Method, Connections: l.Connections, Batch: l.Batch, Rate: l.Rate,
		Failures: make(map[string]int), Interrupted: interrupted,
	}
	for i := range l.workers {
		w := &l.workers[i]
		all.Merge(&w.histogram)
		r.Requests += w.requests
		r.Sent += w.sent
		r.Received += w.received
		for kind, count := range w.failures {
			r.Failures[kind] += count
		}
	}
	r.Calls = r.Requests * max(l.Batch, 1)
	if measured := time.Since(l.measure).Seconds(); measured > 0 {
		r.Seconds = measured
		r.RequestsPerSecond = float64(r.Requests) / measured
		r.CallsPerSecond = float64(r.Calls) / measured
	}
	if l.Rate > 0 && !interrupted {
		r.Unsent = l.unsent()
	}
	r.Latency = Latency{
		Mean: milliseconds(all.Mean()), P50: milliseconds(all.Percentile(50)), P90: milliseconds(all.Percentile(90)),
		P99: milliseconds(all.Percentile(99)), P999: milliseconds(all.Percentile(99.9)), Max: milliseconds(all.Max()),
	}
	return r
}

// unsent is how many requests were due before the end and were not sent.
func (l *load) unsent() int {
	due := int64(math.Ceil(l.Rate * l.end.Sub(l.start).Seconds()))
	if l.Requests > 0 {
		due = min(due, int64(l.Requests))
	}
	unsent := int(max(due-l.next.Load(), 0))
	for i := range l.workers {
		unsent += l.workers[i].late
	}
	return unsent
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
