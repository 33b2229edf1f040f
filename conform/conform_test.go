package conform_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/conform"
)

// maxRequests is how many requests a check may send.
const maxRequests = 200

func check(t *testing.T, handler http.Handler) *conform.Report {
	t.Helper()
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	report, err := conform.Run(t.Context(), conform.Config{URL: server.URL + "/api"})
	if err != nil {
		t.Fatalf("Run fails: %v", err)
	}
	if sent := requests.Load(); sent > maxRequests {
		t.Errorf("the check sent %d requests, want at most %d", sent, maxRequests)
	}
	return report
}

// failed are the names of the cases that failed.
func failed(report *conform.Report) []string {
	var names []string
	for _, result := range report.Results {
		if result.Outcome == conform.Failed {
			names = append(names, result.Name)
		}
	}
	return names
}

// explain writes what failed, and how.
func explain(report *conform.Report) string {
	var out strings.Builder
	for _, r := range report.Results {
		if r.Outcome != conform.Passed {
			fmt.Fprintf(&out, "%-7s %-6s %s · %s: %s\n", r.Outcome, r.Level, r.Section, r.Name, r.Why)
		}
	}
	return out.String()
}

// Operands are the params of subtract.
type Operands struct {
	Minuend    int `json:"minuend"`
	Subtrahend int `json:"subtrahend"`
}

func sum(_ context.Context, numbers []int) (int, error) {
	total := 0
	for _, number := range numbers {
		total += number
	}
	return total, nil
}

// examples is a service of ours with the methods of the specification's examples.
func examples() *jacinth.Service {
	svc := jacinth.New(jacinth.Config{Name: "examples", Logger: slog.New(slog.DiscardHandler)})
	jacinth.Public(svc, "subtract", func(_ context.Context, p Operands) (int, error) { return p.Minuend - p.Subtrahend, nil })
	jacinth.Public(svc, "sum", sum)
	jacinth.Public(svc, "notify_sum", sum)
	ignore := func(context.Context, []int) (jacinth.None, error) { return jacinth.None{}, nil }
	jacinth.Public(svc, "update", ignore)
	jacinth.Public(svc, "notify_hello", ignore)
	jacinth.Public(svc, "get_data", func(context.Context, jacinth.None) ([]any, error) { return []any{"hello", 5}, nil })
	return svc
}

func TestRun_findsNothingWrongWithOurs(t *testing.T) {
	report := check(t, examples())
	if text := explain(report); text != "" || !report.Conforms() {
		t.Errorf("of a service of ours, the report has\n%s", text)
	}
	if must := report.Of(conform.Must); must.Passed < 50 || must.Failed+must.Skipped != 0 {
		t.Errorf("of what MUST be, %+v, want 50 cases that passed at least", must)
	}
}

func TestRun_skipsWhatIsNotThere(t *testing.T) {
	svc := jacinth.New(jacinth.Config{Name: "other", Logger: slog.New(slog.DiscardHandler)})
	report := check(t, svc)
	if must := report.Of(conform.Must); must.Failed != 0 || must.Skipped == 0 || must.Passed == 0 {
		t.Errorf("of a service without the methods, %+v, want some cases skipped and the others passed:\n%s", must, explain(report))
	}
	for _, result := range report.Results {
		if result.Outcome == conform.Skipped && !strings.Contains(result.Why, "has no method") {
			t.Errorf("%q was skipped because %q", result.Name, result.Why)
		}
	}
}

// TestRun_findsWhatIsWrong has a service of ours with answers that have been made wrong on their way, each in one way.
func TestRun_findsWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		what string
		make func(request, reply string) string
		want string // one of the cases that have to fail
	}{
		{"both result and error", func(_, reply string) string {
			return strings.Replace(reply, `"result":`, `"error":null,"result":`, 1)
		}, "every answer is a Response object"},
		{"no version", func(_, reply string) string { return strings.ReplaceAll(reply, `"jsonrpc":"2.0",`, "") }, "every answer is a Response object"},
		{"version 1.0", func(_, reply string) string { return strings.ReplaceAll(reply, `"2.0"`, `"1.0"`) }, "every answer is a Response object"},
		{"a code that is a String", func(_, reply string) string { return strings.ReplaceAll(reply, `"code":-32601`, `"code":"-32601"`) }, "every answer is a Response object"},
		{"an id that lost its digits", func(_, reply string) string {
			return strings.ReplaceAll(reply, "9007199254740993", "9007199254740992")
		}, "id: a Number beyond the integers of a double"},
		{"an id that became a Number", func(_, reply string) string { return strings.ReplaceAll(reply, `"id":"1"`, `"id":1`) }, "rpc call Batch"},
		{"an answer to a notification", func(request, reply string) string {
			if reply == "" {
				return `{"jsonrpc":"2.0","result":null,"id":null}`
			}
			return reply
		}, "a Notification"},
		{"an empty array for notifications", func(request, reply string) string {
			if reply == "" && strings.HasPrefix(request, "[") {
				return "[]"
			}
			return reply
		}, "rpc call Batch (all notifications)"},
		{"a lost answer", func(_, reply string) string {
			if cut := strings.LastIndex(reply, `,{"jsonrpc"`); cut > 0 {
				return reply[:cut] + "]"
			}
			return reply
		}, "rpc call Batch"},
		{"another result", func(_, reply string) string { return strings.ReplaceAll(reply, `"result":-19`, `"result":19`) }, "rpc call with positional parameters, the other way round"},
		{"another code", func(_, reply string) string { return strings.ReplaceAll(reply, "-32700", "-32600") }, "rpc call with invalid JSON"},
		{"two values", func(_, reply string) string { return reply + reply }, "every answer is a Response object"},
		{"no answer", func(_, reply string) string { return "" }, "rpc call with positional parameters"},
	} {
		t.Run(test.what, func(t *testing.T) {
			svc := examples()
			report := check(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				r.Body = io.NopCloser(strings.NewReader(string(body)))
				recorded := httptest.NewRecorder()
				svc.ServeHTTP(recorded, r)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(recorded.Code)
				_, _ = io.WriteString(w, test.make(string(body), recorded.Body.String()))
			}))
			if !slices.Contains(failed(report), test.want) || report.Conforms() {
				t.Errorf("with %s, these failed: %q, want %q to", test.what, failed(report), test.want)
			}
		})
	}
}

// TestRun_reportsOnAServerThatGivesUp has one that closes the connection on what it cannot read, as some do that fail.
func TestRun_reportsOnAServerThatGivesUp(t *testing.T) {
	svc := examples()
	report := check(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !json.Valid(body) {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		svc.ServeHTTP(w, r)
	}))
	if must := report.Of(conform.Must); must.Failed < 3 || must.Passed < 30 || must.Skipped != 0 {
		t.Errorf("of a server that gives up on what is no JSON, %+v, want that to fail and the rest to pass:\n%s", must, explain(report))
	}
}

// TestRun_skipsWhatThereIsNoTimeFor has a server that keeps callers waiting for what it cannot read.
func TestRun_skipsWhatThereIsNoTimeFor(t *testing.T) {
	svc := examples()
	answer := func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !json.Valid(body) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		recorded := httptest.NewRecorder()
		svc.ServeHTTP(recorded, r)
		return recorded.Result(), nil
	}
	synctest.Test(t, func(t *testing.T) {
		report, err := conform.Run(t.Context(), conform.Config{
			URL: "http://127.0.0.1/api", Client: &http.Client{Transport: roundTrip(answer)}, Timeout: time.Minute,
		})
		if err != nil {
			t.Fatalf("Run fails: %v", err)
		}
		if must := report.Of(conform.Must); must.Failed == 0 || must.Skipped == 0 || !strings.Contains(explain(report), "no time left") {
			t.Errorf("of a server that keeps its callers waiting, %+v, want some cases failed and others skipped:\n%s", must, explain(report))
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRun_endsWhenNothingAnswers(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if _, err := conform.Run(t.Context(), conform.Config{URL: server.URL}); !errors.Is(err, conform.ErrNoService) {
		t.Errorf("Run against nobody = %v, want ErrNoService", err)
	}
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a server notices that a client has gone only when it has read the request
		<-r.Context().Done()
	}))
	defer silent.Close()
	config := conform.Config{URL: silent.URL, Timeout: time.Millisecond}
	if _, err := conform.Run(t.Context(), config); !errors.Is(err, conform.ErrNoService) {
		t.Errorf("Run against silence = %v, want ErrNoService", err)
	}
}

func TestRun_readsNoEndlessAnswers(t *testing.T) {
	const enough = 64 << 20 // bytes; a client that stops reading leaves some on the way, but not as many
	var most atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := strings.Repeat(" ", 1<<16)
		var written int64
		for written < enough {
			if _, err := io.WriteString(w, chunk); err != nil {
				break
			}
			written += int64(len(chunk))
		}
		most.Store(max(most.Load(), written))
	}))
	report, err := conform.Run(t.Context(), conform.Config{URL: server.URL})
	server.Close()
	if err == nil && report.Conforms() {
		t.Error("a server whose answers never end conforms, want it not to")
	}
	if most.Load() >= enough {
		t.Errorf("of an answer without an end, %d bytes were taken, want the connection to be closed before", most.Load())
	}
}

func TestCases_areWhole(t *testing.T) {
	seen := make(map[string]bool)
	for _, one := range conform.Cases() {
		if seen[one.Section+one.Name] || one.Sentence == "" || one.Section == "" {
			t.Errorf("the case %q of %q is there twice, or has no sentence or section", one.Name, one.Section)
		}
		seen[one.Section+one.Name] = true
	}
}
