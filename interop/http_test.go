package interop_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// newClient returns a client of ours for the endpoint at url.
func newClient(t *testing.T, url string) *jacinth.Client {
	t.Helper()
	transport := jacinth.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	return &jacinth.Client{URL: url, Transport: transport}
}

// newHTTPClient returns what a client that is not ours sends its requests with, each with the token if there is one.
func newHTTPClient(t *testing.T, token string) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: roundTripper(func(request *http.Request) (*http.Response, error) {
		if token != "" {
			request = request.Clone(request.Context())
			request.Header.Set("X-Api-Token", token)
		}
		return transport.RoundTrip(request)
	})}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

// wire is a handler on loopback, with all that went over its connections.
type wire struct {
	URL     string
	handler http.Handler

	mu        sync.Mutex
	exchanges []exchange
}

// exchange is a request and what came of it.
type exchange struct {
	sent, answered string
}

// listen serves handler for the rest of the test.
func listen(t *testing.T, handler http.Handler) *wire {
	t.Helper()
	over := &wire{handler: handler}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client has gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		reply := httptest.NewRecorder()
		handler.ServeHTTP(reply, r)
		over.mu.Lock()
		over.exchanges = append(over.exchanges, exchange{string(body), reply.Body.String()})
		over.mu.Unlock()
		maps.Copy(w.Header(), reply.Header())
		w.WriteHeader(reply.Code)
		_, _ = w.Write(reply.Body.Bytes())
	}))
	t.Cleanup(server.Close)
	over.URL = server.URL
	return over
}

// last returns what went over the wire at last.
func (over *wire) last() exchange {
	over.mu.Lock()
	defer over.mu.Unlock()
	return over.exchanges[len(over.exchanges)-1]
}

// count is the number of requests so far.
func (over *wire) count() int {
	over.mu.Lock()
	defer over.mu.Unlock()
	return len(over.exchanges)
}
