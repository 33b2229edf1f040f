package call

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/redact"
)

// TimeoutHeader carries how long the sender of a request still waits, in milliseconds. It is relative, so that the
// clocks of two machines need not agree.
const TimeoutHeader = "Jacinth-Timeout-Ms"

// Failures on the way to a method and back, as package jacinth documents them.
var (
	ErrNotSent  = errors.New("the call was not sent")
	ErrNoReply  = errors.New("the call was not answered")
	ErrBadReply = errors.New("the reply is not valid")
)

// newTarget makes what the requests to a URL are copies of.
func newTarget(url string) (*http.Request, error) {
	target, err := http.NewRequest(http.MethodPost, url, http.NoBody) //nolint:noctx // each copy has its own
	if err != nil || target.URL.Host == "" || target.URL.Scheme != "http" && target.URL.Scheme != "https" {
		return nil, errNoURL
	}
	return target, nil
}

// message is what one HTTP request carries: a call, a notification or a batch.
type message struct {
	body  []byte
	token string
	tried []*peer

	header http.Header  // of a single call
	reply  *http.Header // the same, to be set
}

// post sends a message to the service and reads the whole reply.
func (e *Engine) post(ctx context.Context, m message) (reply, *attemptError) {
	if ctx.Err() != nil {
		return reply{}, lostOnTheWay(ctx, false, why(ctx))
	}
	to, failed := e.choose(ctx, m.tried)
	if failed != nil {
		return reply{}, failed
	}
	got, failed := e.exchange(ctx, to, m)
	if to == e.fixed {
		return got, failed
	}
	e.balancer.note(to, classify(ctx, &got, failed))
	got.from = to
	if failed != nil {
		failed.from = to
	}
	return got, failed
}

// exchange sends a message to an instance and reads the whole reply.
func (e *Engine) exchange(ctx context.Context, to *peer, m message) (reply, *attemptError) {
	if m.reply != nil {
		*m.reply = nil
	}
	var way progress
	response, err := e.send(e.request(way.trace(ctx, e.standard), to, m))
	if err != nil {
		return reply{}, lostOnTheWay(ctx, way.mayHaveSent(e.standard), err)
	}
	defer func() { _ = response.Body.Close() }()
	if m.reply != nil {
		*m.reply = response.Header
	}
	return receive(ctx, response, to.target.URL, m.token, &e.config.Hooks, e.maxResponse())
}

// send sends a request. Unlike http.Client it follows no redirects, which would carry X-Api-Token along to whatever host they
// lead to.
func (e *Engine) send(request *http.Request) (*http.Response, error) {
	if user := request.URL.User; user != nil && request.Header["Authorization"] == nil {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
	response, err := e.config.Transport.RoundTrip(request)
	if response == nil && err == nil {
		err = errNoResponse
	}
	if err != nil {
		return nil, &url.Error{Op: "Post", URL: redact.Host(request.URL), Err: briefly(err, request.URL, request.Header.Get(e.config.TokenHeader))}
	}
	if response.Body == nil {
		response.Body = http.NoBody
	}
	return response, nil
}

var errNoResponse = errors.New("the transport returned neither a response nor an error")

// brief is an error with another text.
type brief struct {
	error
	text string
}

func (b brief) Error() string { return b.text }
func (b brief) Unwrap() error { return b.error }

// briefly returns err with a text that has no secret of the URL in it and not the token, and is short: some errors of net/http quote all that
// a service sent.
func briefly(err error, target *url.URL, token string) error {
	if inner, ok := errors.AsType[*url.Error](err); ok && inner == err { //nolint:errorlint // what wraps one has a text of its own
		err = inner.Err // of a transport that is an http.Client inside: the URL is said once
	}
	text := redact.Within(err.Error(), target, token)
	if len(text) > maxQuote {
		text = clip(text) + " …"
	}
	if text == err.Error() {
		return err
	}
	return brief{err, text}
}

// progress notes how far net/http came with a request.
type progress struct {
	sought, found atomic.Bool // a connection

	hooks httptrace.ClientTrace
}

func (p *progress) trace(ctx context.Context, standard bool) context.Context {
	p.hooks.GotConn = func(httptrace.GotConnInfo) { p.found.Store(true) }
	if !standard {
		p.hooks.GetConn = func(string) { p.sought.Store(true) }
	}
	return httptrace.WithClientTrace(ctx, &p.hooks)
}

// mayHaveSent reports whether any of a request that failed can have left. A transport that is not net/http's own is
// asked as well, but if it does not say that it was looking for a connection, it may have its own ways.
func (p *progress) mayHaveSent(standard bool) bool {
	return p.found.Load() || !standard && !p.sought.Load()
}

// lostOnTheWay is the failure of a request that was not answered. One of which nothing was sent can be sent again.
func lostOnTheWay(ctx context.Context, sent bool, err error) *attemptError {
	// net/http reports the cause with which a context was cancelled, in place of its error.
	if end := ctx.Err(); end != nil && !errors.Is(err, end) {
		err = fmt.Errorf("%w: %w", end, err)
	}
	if sent {
		return &attemptError{err: fmt.Errorf("%w: %w", ErrNoReply, err), repeat: ifHarmless}
	}
	return &attemptError{err: fmt.Errorf("%w: %w", ErrNotSent, err), repeat: always}
}

// why says why ctx ended, in a chain with the error of ctx and the cause that its owner gave.
func why(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

var errBadToken = errors.New("the token has a line break or another control character: was it read from a file untrimmed?")

// request builds the HTTP request of a message.
func (e *Engine) request(ctx context.Context, to *peer, m message) *http.Request {
	request := to.target.WithContext(ctx)
	if !e.standard {
		address := *request.URL // for round trippers that write to it, as they should not
		request.URL = &address
	}
	// A reader of another type would have net/http send the header by itself first: one more system call for each
	// request, and one that is lost with a connection that was just closed could not be repeated.
	request.Body = io.NopCloser(bytes.NewReader(m.body))
	request.ContentLength = int64(len(m.body))
	request.Header = e.header(ctx, m)
	request.GetBody = func() (io.ReadCloser, error) {
		// Whether a call that may have been run is sent again is not for net/http to decide, which takes such a header
		// for leave to try all the connections that it has kept. Without it, it asks where nothing was written at all.
		if request.Header["Idempotency-Key"] != nil || request.Header["X-Idempotency-Key"] != nil {
			return nil, errHungUp
		}
		return io.NopCloser(bytes.NewReader(m.body)), nil
	}
	return request
}

var errHungUp = errors.New("the service closed the connection without an answer")

// jsonTypes is the value of two headers, shared by all requests.
var jsonTypes = []string{"application/json"}

// header returns the headers of a request: what is said of one call goes before what is said of all, and what the
// protocol needs before both.
func (e *Engine) header(ctx context.Context, m message) http.Header {
	header := make(http.Header, 8)
	if m.token != "" {
		header[e.config.TokenHeader] = []string{m.token}
	}
	e.config.Header(ctx, header)
	maps.Copy(header, m.header)
	header["Content-Type"], header["Accept"] = jsonTypes, jsonTypes
	if deadline, ok := ctx.Deadline(); ok {
		header[TimeoutHeader] = []string{strconv.FormatInt(remaining(deadline), 10)}
	}
	return header
}

// remaining is the time to deadline that a service is told, in milliseconds: at least one, at most ten digits. A bit
// is kept back for the answer to arrive in time.
func remaining(deadline time.Time) int64 {
	const hop, most = 10 * time.Millisecond, 9_999_999_999
	return min(max((time.Until(deadline)-hop).Milliseconds(), 1), most)
}

// token returns the API token for one try.
func (e *Engine) token(ctx context.Context) (string, *attemptError) {
	token := e.config.Token
	if e.config.TokenSource != nil {
		var err error
		if token, err = e.config.TokenSource(ctx); err != nil {
			return "", &attemptError{err: fmt.Errorf("%w: the token source failed: %w", ErrNotSent, err)}
		}
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", &attemptError{err: fmt.Errorf("%w: %w", ErrNotSent, errBadToken)}
	}
	return token, nil
}
