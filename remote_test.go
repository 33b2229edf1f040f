package jacinth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// remote is a service that is none of ours: it answers as a test wants it to, over HTTP in memory.
type remote struct {
	answer func(w http.ResponseWriter, got *received)

	serving sync.WaitGroup // its handlers, too

	mu  sync.Mutex
	all []*received
}

// received is one request to a remote.
type received struct {
	number  int // from 1
	path    string
	header  http.Header
	body    string
	batch   bool
	calls   []receivedCall
	context context.Context
}

// receivedCall is one call or notification of a request.
type receivedCall struct {
	ID     json.RawMessage `json:"id"` // nil in a notification
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// newRemote starts a remote for the rest of the test and returns it with a client of it.
func newRemote(t testing.TB, answer func(w http.ResponseWriter, got *received)) (*remote, *jacinth.Client) {
	t.Helper()
	r := &remote{answer: answer}
	network := newPipes()
	server := &http.Server{Handler: r}
	r.serving.Go(func() { _ = server.Serve(network) })
	transport := jacinth.NewTransport()
	transport.Proxy = nil
	transport.DialContext = network.dial
	t.Cleanup(func() {
		_ = server.Close()
		r.serving.Wait()
		transport.CloseIdleConnections()
	})
	return r, &jacinth.Client{URL: "http://remote.test/api", Transport: transport}
}

// dial connects to p.
func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.connections <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ServeHTTP notes the request and lets the test answer it.
func (r *remote) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.serving.Add(1)
	defer r.serving.Done()
	got := &received{path: request.URL.Path, header: request.Header, context: request.Context()}
	if !got.read(request.Body) {
		return // the client has gone
	}
	r.mu.Lock()
	r.all = append(r.all, got)
	got.number = len(r.all)
	r.mu.Unlock()
	r.answer(w, got)
}

// read reads the calls of a request, and reports whether they came whole.
func (got *received) read(from io.Reader) bool {
	body, err := io.ReadAll(from)
	if err != nil {
		return false
	}
	got.body = string(body)
	if got.batch = body[0] == '['; got.batch {
		err = json.Unmarshal(body, &got.calls)
	} else {
		got.calls = make([]receivedCall, 1)
		err = json.Unmarshal(body, &got.calls[0])
	}
	if err != nil {
		panic(fmt.Sprintf("a client sent %q: %v", body, err))
	}
	return true
}

// roundTripper is an http.RoundTripper that is a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// received returns the requests so far.
func (r *remote) received() []*received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

// count is the number of requests so far.
func (r *remote) count() int { return len(r.received()) }

// fill puts the ids of the request into text: $0 is the first, $1 the second.
func (got *received) fill(text string) string {
	for i, call := range slices.Backward(got.calls) {
		text = strings.ReplaceAll(text, fmt.Sprintf("$%d", i), string(call.ID))
	}
	return text
}

// replying answers every request with the same text, in which $0 is its id.
func replying(status int, text string, header ...string) func(http.ResponseWriter, *received) {
	return func(w http.ResponseWriter, got *received) {
		w.Header().Set("Content-Type", "application/json")
		for pair := range slices.Chunk(header, 2) {
			w.Header().Set(pair[0], pair[1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, got.fill(text))
	}
}

// inTurn answers the first request as the first of answers does, and so on; the last answers all that follow.
func inTurn(answers ...func(http.ResponseWriter, *received)) func(http.ResponseWriter, *received) {
	return func(w http.ResponseWriter, got *received) {
		answers[min(got.number, len(answers))-1](w, got)
	}
}

// answering answers each call with a result, and notifications with nothing.
func answering(result func(call receivedCall) string) func(http.ResponseWriter, *received) {
	return func(w http.ResponseWriter, got *received) {
		var replies []string
		for _, call := range got.calls {
			if call.ID != nil {
				replies = append(replies, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, call.ID, result(call)))
			}
		}
		text := strings.Join(replies, ",")
		if got.batch && text != "" {
			text = "[" + text + "]"
		}
		_, _ = io.WriteString(w, text)
	}
}

// ok answers each call with "ok".
var ok = answering(func(receivedCall) string { return `"ok"` })

// echoing answers each call with its own params.
var echoing = answering(func(call receivedCall) string { return string(call.Params) })

// hangingUp closes the connection without an answer.
func hangingUp(w http.ResponseWriter, _ *received) {
	writeRaw(w, "")
}

// writeRaw writes bytes to the connection as they are, and closes it.
func writeRaw(w http.ResponseWriter, text string) {
	connection := takeOver(w)
	_, _ = io.WriteString(connection, text)
	_ = connection.Close()
}

// takeOver returns the connection itself, which its caller closes.
func takeOver(w http.ResponseWriter) net.Conn {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	return connection
}

const okReply = `{"jsonrpc":"2.0","id":$0,"result":"ok"}`

// busy is the answer of a service of ours that is too busy to run anything.
func busy(retryAfter string) func(http.ResponseWriter, *received) {
	return replying(http.StatusServiceUnavailable,
		`{"jsonrpc":"2.0","id":$0,"error":{"code":-32000,"message":"Service unavailable","data":{"processed":false}}}`,
		"Retry-After", retryAfter)
}
