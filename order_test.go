package jacinth_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// orderService is a service in which a call can fail at every check that there is. Its method runs once at a time, and
// until release is closed where it is told to block.
func orderService() (svc *jacinth.Service, release chan struct{}, middlewareRan, methodRan *bool) {
	svc = jacinth.New(jacinth.Config{
		Name: "ordered", Authorize: jacinth.Tokens(tokenOne), Logger: slog.New(slog.DiscardHandler),
		Limits: jacinth.Limits{Body: 2000, Response: 1000},
	})
	release = make(chan struct{})
	middlewareRan, methodRan = new(bool), new(bool)
	svc.Use(func(next jacinth.Handler) jacinth.Handler {
		return func(ctx context.Context, req *jacinth.Request) (any, error) {
			*middlewareRan = true
			if req.Caller.Name == "" && req.Method.Private {
				return nil, jacinth.Errorf(1, "the middleware ran before the token was checked")
			}
			if strings.Contains(string(req.Params()), "refuse") {
				return nil, jacinth.Errorf(2, "the middleware refuses")
			}
			return next(ctx, req)
		}
	})
	type task struct {
		What string `json:"what"`
		Size int    `json:"size,omitzero"`
	}
	do := func(_ context.Context, p task) (string, error) {
		*methodRan = true
		switch p.What {
		case "block":
			<-release
		case "fail":
			return strings.Repeat("x", p.Size), jacinth.Errorf(3, "the method fails")
		}
		return strings.Repeat("x", p.Size), nil
	}
	jacinth.Private(svc, "do", do, jacinth.MaxInFlight(1))
	jacinth.Public(svc, "open", do, jacinth.MaxInFlight(1))
	return svc, release, middlewareRan, methodRan
}

// attempt is one request to the service, wrong in no way unless it is told to be.
type attempt struct {
	method, contentType, encoding string
	padding                       int
	version, name, params         string
	after                         string
	noToken, late                 bool
}

func (a attempt) request(batch bool) *http.Request {
	or := func(text, otherwise string) string {
		if text == "" {
			return otherwise
		}
		return text
	}
	body := `{"jsonrpc":"` + or(a.version, "2.0") + `","method":"` + or(a.name, "do") + `","params":` + or(a.params, `["run"]`) + `,"id":1}`
	if batch {
		body = "[" + body + "]"
	}
	body += strings.Repeat(" ", a.padding) + a.after
	request := httptest.NewRequest(or(a.method, http.MethodPost), "/api", strings.NewReader(body))
	request.Header.Set("Content-Type", or(a.contentType, "application/json"))
	if a.encoding != "" {
		request.Header.Set("Content-Encoding", a.encoding)
	}
	if !a.noToken {
		request.Header.Set("X-Api-Token", tokenOne)
	}
	if a.late {
		request.Header.Set("Jacinth-Timeout-Ms", "0")
	}
	return request
}

// TestOrder_ofChecks takes each check and the one behind it: a request that is wrong in both ways is refused by the
// first, and one that is wrong in the second way only is refused by that.
func TestOrder_ofChecks(t *testing.T) {
	type outcome struct {
		status, code int
		word         string // in the reply
	}
	notPost := outcome{405, -32600, "POST"}
	notJSON := outcome{415, -32600, "Content-Type"}
	encoded := outcome{415, -32600, "compressed"}
	tooLarge := outcome{413, -32600, "too large"}
	noJSON := outcome{200, -32700, "white space"}
	noRequest := outcome{200, -32600, "jsonrpc"}
	noMethod := outcome{200, -32601, "Method not found"}
	denied := outcome{200, -32001, "Access denied"}
	busy := outcome{503, -32000, "processed"}
	late := outcome{200, -32002, "Deadline exceeded"}
	badParams := outcome{200, -32602, "faults"}
	refused := outcome{200, 2, "middleware"}
	failed := outcome{200, 3, "method"}
	tooLong := outcome{200, -32003, "too large"}

	for _, pair := range []struct {
		name        string
		both        attempt
		first       outcome
		onlySecond  attempt
		second      outcome
		busy        bool // while another call has the only slot
		noMethod    bool // the method does not run
		noMiddle    bool // nor does the middleware
		wholeBodies bool // not of one item of a batch
	}{
		{
			"method, content type",
			attempt{method: "PUT", contentType: "text/plain"},
			notPost,
			attempt{contentType: "text/plain"},
			notJSON, false, true, true, true,
		},
		{
			"content type, encoding",
			attempt{contentType: "text/plain", encoding: "gzip"},
			notJSON,
			attempt{encoding: "gzip"},
			encoded, false, true, true, true,
		},
		{
			"encoding, size",
			attempt{encoding: "gzip", padding: 3000},
			encoded,
			attempt{padding: 3000},
			tooLarge, false, true, true, true,
		},
		{
			"size, scan",
			attempt{padding: 3000, after: "x"},
			tooLarge,
			attempt{after: "x"},
			noJSON, false, true, true, true,
		},
		{
			"scan, envelope",
			attempt{after: "x", version: "1.0"},
			noJSON,
			attempt{version: "1.0"},
			noRequest, false, true, true, false,
		},
		{
			"envelope, look-up",
			attempt{version: "1.0", name: "nowhere"},
			noRequest,
			attempt{name: "nowhere"},
			noMethod, false, true, true, false,
		},
		{
			"look-up, deadline of a private method",
			attempt{name: "nowhere", late: true},
			noMethod,
			attempt{late: true},
			late, false, true, true, false,
		},
		{
			"deadline of a private method, authentication",
			attempt{late: true, noToken: true},
			late,
			attempt{noToken: true},
			denied, false, true, true, false,
		},
		{
			"authentication, slot",
			attempt{noToken: true},
			denied,
			attempt{},
			busy, true, true, true, false,
		},
		{
			"slot, params",
			attempt{params: `[1]`},
			busy,
			attempt{params: `[1]`},
			badParams, true, true, true, false,
		},
		{
			"slot, deadline of a public method",
			attempt{name: "open", late: true},
			busy,
			attempt{name: "open", late: true},
			late, true, true, true, false,
		},
		{
			"deadline, params",
			attempt{late: true, params: `[1]`},
			late,
			attempt{params: `[1]`},
			badParams, false, true, true, false,
		},
		{
			"params, middleware",
			attempt{params: `["refuse",1,2]`},
			badParams,
			attempt{params: `["refuse"]`},
			refused, false, true, false, false,
		},
		{
			"middleware, call",
			attempt{params: `["fail refuse"]`},
			refused,
			attempt{params: `["fail"]`},
			failed, false, false, false, false,
		},
		{
			"call, encoding of the result",
			attempt{params: `["fail",2000]`},
			failed,
			attempt{params: `["run",2000]`},
			tooLong, false, false, false, false,
		},
	} {
		t.Run(pair.name, func(t *testing.T) {
			for _, batch := range []bool{false, true} {
				if batch && pair.wholeBodies {
					continue
				}
				synctest.Test(t, func(t *testing.T) {
					svc, release, middlewareRan, methodRan := orderService()
					if pair.busy {
						go serveHTTP(svc, attempt{name: pair.both.name, params: `["block"]`}.request(false))
						synctest.Wait()
						*middlewareRan, *methodRan = false, false
					}
					check := func(which string, a attempt, want outcome) {
						got := serveHTTP(svc, a.request(batch))
						r := mustReply(t, got.body)
						if got.status != want.status || r.code() != want.code || !strings.Contains(string(got.body), want.word) {
							t.Errorf("batch %v, %s: status %d, %s; want %+v", batch, which, got.status, got.body, want)
						}
					}
					check("wrong in both ways", pair.both, pair.first)
					if *methodRan && pair.first.code != 3 || *middlewareRan && pair.noMiddle {
						t.Errorf("batch %v: what was refused has run: middleware %v, method %v", batch, *middlewareRan, *methodRan)
					}
					if pair.busy && pair.second != busy {
						close(release) // the slot is free again, the time is not back
						synctest.Wait()
					}
					check("wrong in the second way", pair.onlySecond, pair.second)
					if *methodRan && pair.noMethod && !pair.busy {
						t.Errorf("batch %v: what was refused has run the method", batch)
					}
					select {
					case <-release:
					default:
						close(release)
					}
					synctest.Wait()
				})
			}
		})
	}
}

// TestOrder_stoppingComesBehindAuthentication holds that a service that is stopping refuses a denied caller as ever: a
// body may be under way already when it begins to stop.
func TestOrder_stoppingComesBehindAuthentication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, release, _, methodRan := orderService()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- svc.Serve(ctx, newPipes()) }()
		go serveHTTP(svc, attempt{params: `["block"]`}.request(false)) // keeps the service from having stopped
		synctest.Wait()
		let := make(chan struct{})
		answers := make(chan answered, 2)
		for _, noToken := range []bool{true, false} {
			go func() {
				request := attempt{noToken: noToken}.request(false)
				body := `{"jsonrpc":"2.0","method":"do","params":["run"],"id":1}`
				slow := slowRequest(body, let)
				slow.Header = request.Header
				answers <- serveHTTP(svc, slow)
			}()
		}
		synctest.Wait()
		stop()
		time.Sleep(time.Second)
		*methodRan = false
		close(let)
		statuses := map[int]int{} // by code
		for range 2 {
			got := <-answers
			r := mustReply(t, got.body)
			statuses[r.code()] = got.status
			if r.code() == -32000 && !strings.Contains(string(r.Error.Data), "the service is stopping") {
				t.Errorf("the caller with a token is told %s, want that the service is stopping", r.Error.Data)
			}
		}
		if statuses[-32001] != http.StatusOK || statuses[-32000] != http.StatusServiceUnavailable || *methodRan {
			t.Errorf("the statuses by code are %v, the method ran: %v; want 200 for -32001, 503 for -32000, false", statuses, *methodRan)
		}
		close(release)
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
	})
}

// TestOrder_stoppingComesBeforeTheBody holds that a service that is stopping reads no more bodies, be they what they may.
func TestOrder_stoppingComesBeforeTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, release, _, _ := orderService()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- svc.Serve(ctx, newPipes()) }()
		go serveHTTP(svc, attempt{params: `["block"]`}.request(false)) // keeps the service from having stopped
		synctest.Wait()
		stop()
		synctest.Wait()
		request := slowRequest("{}", make(chan struct{})) // which is never let
		got := serveHTTP(svc, request)
		if r := mustReply(t, got.body); got.status != http.StatusServiceUnavailable || r.code() != -32000 {
			t.Errorf("status %d, %s; want 503 and -32000", got.status, got.body)
		}
		request.Method = http.MethodGet
		if got := serveHTTP(svc, request); got.status != http.StatusMethodNotAllowed {
			t.Errorf("GET has status %d, want 405 as ever", got.status)
		}
		close(release)
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
	})
}
