package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/bench"
)

// service answers requests in the time of a bubble, without a network.
type service struct {
	mu      sync.Mutex
	bodies  []string
	most    int // requests at a time
	current int
	answer  func(number int, body []byte) (status int, reply string)
}

func (s *service) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	number := len(s.bodies)
	s.bodies = append(s.bodies, string(body))
	s.current++
	s.most = max(s.most, s.current)
	s.mu.Unlock()
	status, reply := s.answer(number, body)
	s.mu.Lock()
	s.current--
	s.mu.Unlock()
	if request.Context().Err() != nil {
		return nil, request.Context().Err()
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(reply))}, nil
}

// after returns answers that take so long and are right.
func after(d time.Duration) func(int, []byte) (int, string) {
	return func(_ int, body []byte) (int, string) {
		time.Sleep(d)
		return http.StatusOK, right(body)
	}
}

// right answers each call with its own id.
func right(body []byte) string {
	type call struct {
		ID json.RawMessage `json:"id"`
	}
	var calls []call
	batch := json.Unmarshal(body, &calls) == nil
	if !batch {
		calls = make([]call, 1)
		if err := json.Unmarshal(body, &calls[0]); err != nil {
			return err.Error()
		}
	}
	var answers []string
	for _, c := range calls {
		answers = append(answers, fmt.Sprintf(`{"jsonrpc":"2.0","result":null,"id":%s}`, c.ID))
	}
	if !batch {
		return answers[0]
	}
	return "[" + strings.Join(answers, ",") + "]"
}

func run(t *testing.T, s *service, c bench.Config) *bench.Report {
	t.Helper()
	c.URL, c.Method, c.Transport = "http://127.0.0.1:1/api", "m", s
	report, err := bench.Run(t.Context(), c)
	if err != nil {
		t.Fatalf("Run(%+v) fails: %v", c, err)
	}
	return report
}

func TestRun_asFastAsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: after(10 * time.Millisecond)}
		report := run(t, s, bench.Config{Connections: 4, Duration: time.Second, Params: json.RawMessage(`[1]`)})
		if report.Requests != 400 || report.Calls != 400 || s.most != 4 || report.Failed() != 0 {
			t.Errorf("%+v with %d requests at a time, want 400 requests, 4 at a time, none failed", report, s.most)
		}
		if l := report.Latency; l.Max != 10 || l.P50 != 10 || report.RequestsPerSecond != 400 || report.Seconds != 1 {
			t.Errorf("%+v, want 10 ms each and 400 a second", report)
		}
		if want := `,"method":"m","params":[1]}`; !strings.HasSuffix(s.bodies[0], want) {
			t.Errorf("the first request is %s, want it to end with %s", s.bodies[0], want)
		}
		if report.Sent == 0 || report.Received == 0 {
			t.Errorf("Sent, Received = %d, %d, want some bytes", report.Sent, report.Received)
		}
	})
}

// TestRun_blamesStalls has a service that stops for a second once. With a rate, the requests that were due meanwhile
// waited, and their latency says so.
func TestRun_blamesStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: func(number int, body []byte) (int, string) {
			time.Sleep(time.Millisecond)
			if number == 100 {
				time.Sleep(time.Second)
			}
			return http.StatusOK, right(body)
		}}
		report := run(t, s, bench.Config{Connections: 1, Duration: 4 * time.Second, Rate: 100})
		if report.Requests != 400 || report.Unsent != 0 {
			t.Errorf("%d requests, %d unsent, want all 400 that were due", report.Requests, report.Unsent)
		}
		if l := report.Latency; l.P50 > 2 || l.P90 < 500 || l.Max < 1000 {
			t.Errorf("Latency = %+v, want the second in which the service stalled to show from the 90th percentile on", l)
		}
	})
}

func TestRun_keepsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: after(3 * time.Millisecond)}
		report := run(t, s, bench.Config{Connections: 8, Duration: time.Second, Rate: 250, WarmUp: time.Second})
		if report.Requests != 250 || len(s.bodies) != 500 || report.Unsent != 0 {
			t.Errorf("%d requests of %d measured, want 250 of 500: the warm-up is not", report.Requests, len(s.bodies))
		}
		if report.Latency.Max != 3 {
			t.Errorf("Latency.Max = %v, want 3 ms", report.Latency.Max)
		}
	})
}

func TestRun_tellsWhatItCouldNotSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: after(100 * time.Millisecond)}
		report := run(t, s, bench.Config{Connections: 2, Duration: time.Second, Rate: 100})
		if report.Requests != 20 || report.Unsent != 80 {
			t.Errorf("%d requests, %d unsent, want 20 and 80", report.Requests, report.Unsent)
		}
		if report.Latency.P50 < 300 {
			t.Errorf("Latency.P50 = %v, want the time that requests waited for a connection in it", report.Latency.P50)
		}
	})
}

func TestRun_endsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := &service{answer: after(time.Millisecond)}
		report := run(t, s, bench.Config{Connections: 3, Requests: 10})
		if report.Requests != 10 || time.Since(start) > time.Second {
			t.Errorf("%d requests in %v, want 10 and no more", report.Requests, time.Since(start))
		}
		silent := &service{answer: after(time.Hour)}
		report = run(t, silent, bench.Config{Duration: time.Second, Timeout: 2 * time.Second})
		if failed := report.Failures["no answer in time"]; failed != report.Requests || failed != 10 {
			t.Errorf("Failures = %v, want ten without an answer in time", report.Failures)
		}

		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		report, err := bench.Run(ctx, bench.Config{URL: "http://127.0.0.1:1", Method: "m", Transport: s})
		if err != nil || !report.Interrupted || report.Requests == 0 {
			t.Errorf("Run in a context that ends = %+v, %v, want what was done until then", report, err)
		}
	})
}

func TestRun_batches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: after(time.Millisecond)}
		report := run(t, s, bench.Config{Connections: 1, Requests: 5, Batch: 3})
		if report.Requests != 5 || report.Calls != 15 || report.Failed() != 0 {
			t.Errorf("%+v, want 5 requests with 15 calls, none failed", report)
		}
		if want := `[{"jsonrpc":"2.0","id":4,"method":"m"},{"jsonrpc":"2.0","id":5,"method":"m"},{"jsonrpc":"2.0","id":6,"method":"m"}]`; s.bodies[1] != want {
			t.Errorf("the second batch is %s, want %s", s.bodies[1], want)
		}
	})
}

func TestRun_tellsFailuresApart(t *testing.T) {
	for _, test := range []struct {
		batch  int
		status int
		reply  string
		want   string
	}{
		{0, 503, "", "HTTP 503"},
		{0, 200, "", "the reply is not JSON-RPC"},
		{0, 200, `{"jsonrpc":"2.0","error":{"code":-32601,"message":""},"id":1}`, "error -32601"},
		{0, 200, `{"jsonrpc":"2.0","result":1,"id":2}`, "the reply is to another call"},
		{0, 200, `{"jsonrpc":"2.0","id":1}`, "the reply has no result"},
		{2, 200, `[{"jsonrpc":"2.0","result":1,"id":2},{"jsonrpc":"2.0","error":{"code":5},"id":1}]`, "error 5"},
		{2, 200, `[{"jsonrpc":"2.0","result":1,"id":1}]`, "the batch was not answered whole"},
		{2, 200, `{"jsonrpc":"2.0","error":{"code":-32600,"message":""},"id":null}`, "error -32600 for the whole batch"},
		{2, 200, `{"jsonrpc":"2.0","result":1,"id":1}`, "the reply is not JSON-RPC"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &service{answer: func(int, []byte) (int, string) {
				time.Sleep(time.Millisecond)
				return test.status, test.reply
			}}
			report := run(t, s, bench.Config{Connections: 1, Requests: 1, Batch: test.batch})
			if report.Failures[test.want] != 1 || report.Failed() != 1 {
				t.Errorf("the reply %s counts as %v, want %q", test.reply, report.Failures, test.want)
			}
		})
	}
}

func TestRun_overTheNetwork(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		if _, err := body.ReadFrom(r.Body); err != nil || r.Header.Get("X-Api-Token") != "secret" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, right(body.Bytes()))
	}))
	defer server.Close()
	config := bench.Config{
		URL: server.URL, Method: "m", Connections: 2, Requests: 100, Header: http.Header{"X-Api-Token": {"secret"}},
	}
	report, err := bench.Run(t.Context(), config)
	if err != nil || report.Requests != 100 || report.Failed() != 0 {
		t.Errorf("Run = %+v, %v, want 100 requests without a failure", report, err)
	}
	server.Close()
	config.Requests = 3
	if report, err = bench.Run(t.Context(), config); err != nil || report.Failures["connection refused"] != 3 {
		t.Errorf("Run against nobody = %+v, %v, want three refused connections", report, err)
	}
}

func TestRun_refusesOtherMachines(t *testing.T) {
	for _, target := range []string{"http://192.0.2.1/api", "https://example.org/api", "http://[2001:db8::1]:80", "http://localhost.example.org"} {
		_, err := bench.Run(t.Context(), bench.Config{URL: target, Method: "m"})
		if !errors.Is(err, bench.ErrNotLoopback) {
			t.Errorf("Run(%s) = %v, want ErrNotLoopback", target, err)
		}
	}
	for _, target := range []string{"http://127.9.9.9/api", "http://[::1]:80", "http://localhost:8000/api", "http://[::ffff:127.0.0.1]/"} {
		config := bench.Config{URL: target, Method: "m"}
		if err := config.Check(); err != nil {
			t.Errorf("Check() of %s = %v, want nil", target, err)
		}
	}
}

func TestConfig_refusesTooMuch(t *testing.T) {
	for _, config := range []bench.Config{
		{URL: "127.0.0.1:8000", Method: "m"},
		{URL: "http://127.0.0.1"},
		{URL: "http://127.0.0.1", Method: "m", Params: json.RawMessage(`7`)},
		{URL: "http://127.0.0.1", Method: "m", Params: json.RawMessage(` `)},
		{URL: "http://127.0.0.1", Method: "m", Connections: bench.MaxConnections + 1},
		{URL: "http://127.0.0.1", Method: "m", Connections: -1},
		{URL: "http://127.0.0.1", Method: "m", Duration: bench.MaxDuration, WarmUp: 1},
		{URL: "http://127.0.0.1", Method: "m", Requests: bench.MaxRequests + 1},
		{URL: "http://127.0.0.1", Method: "m", Rate: bench.MaxRate + 1},
		{URL: "http://127.0.0.1", Method: "m", Batch: bench.MaxBatch + 1},
		{URL: "http://127.0.0.1", Method: "m", Timeout: -1},
	} {
		if err := config.Check(); err == nil {
			t.Errorf("Check() of %+v = nil, want an error", config)
		}
	}
}
