package jacinth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/redact"
)

// timeoutHeader carries how long the sender of a request still waits, in milliseconds. It is relative, so that the
// clocks of two machines need not agree.
const timeoutHeader = "Jacinth-Timeout-Ms"

// Failures on the way to a method and back, as opposed to an [Error] that the service answered with. They are
// matched with errors.Is; the context's own error is in the chain too when that is what ended the call.
var (
	// ErrNotSent says that the call never reached a service that could have run it.
	ErrNotSent = errors.New("the call was not sent")
	// ErrNoReply says that the call was sent and its answer did not arrive, or not whole: it may have run or not.
	ErrNoReply = errors.New("the call was not answered")
	// ErrBadReply says that an answer came which is none: the call may well have run.
	ErrBadReply = errors.New("the reply is not valid")
)

// NewTransport returns what a Client without an HTTP of its own sends its requests with: HTTP/1.1 and, over TLS,
// HTTP/2, and connections that are kept for 30 seconds after their last use, long before a service of jacinth closes
// them (120 s), so that no call is written to a connection that is just going away. It is for programs that need the
// same with one thing changed:
//
//	transport := jacinth.NewTransport()
//	transport.TLSClientConfig = &tls.Config{RootCAs: ours, Certificates: mine}
//	billing := &jacinth.Client{URL: url, HTTP: &http.Client{Transport: transport}}
//
// Like every http.Transport it is made once and kept, since the connections are in it.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        30 * time.Second,
		DisableCompression:     true, // between neighbours it costs more than it saves
		MaxResponseHeaderBytes: 64 << 10,
		Protocols:              protocols,
		// All calls share one HTTP/2 connection, which is not closed by a call that times out: a dead one has to be
		// found by pinging.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
	}
}

// sharedTransport keeps the connections of all clients that bring no http.Client.
var sharedTransport = NewTransport()

// prepare makes what all requests share, at the first of them.
func (c *Client) prepare() {
	c.once.Do(func() {
		c.http = http.Client{Transport: sharedTransport}
		if c.HTTP != nil {
			c.http = *c.HTTP
		}
		if c.http.Transport == nil {
			c.http.Transport = http.DefaultTransport
		}
		_, c.standard = c.http.Transport.(*http.Transport)
		if c.tokenHeader = http.CanonicalHeaderKey(c.TokenHeader); c.tokenHeader == "" {
			c.tokenHeader = defaultTokenHeader
		}
		c.misuse = c.check()
	})
}

// newTarget makes what the requests to a URL are copies of.
func newTarget(url string) (*http.Request, error) {
	target, err := http.NewRequest(http.MethodPost, url, http.NoBody) //nolint:noctx // each copy has its own
	if err != nil || target.URL.Host == "" || target.URL.Scheme != "http" && target.URL.Scheme != "https" {
		return nil, errNoURL
	}
	return target, nil
}

var (
	errNoURL   = errors.New("Client.URL is not the address of an endpoint, such as http://127.0.0.1:8000/api")
	errNowhere = errors.New("the client knows no address: set Client.URL to that of an endpoint, such as " +
		"http://127.0.0.1:8000/api, or Client.Service and Client.Registry")
	errTwice      = errors.New("the client has a URL and a Service or Registry: set the one or the other")
	errNoWatch    = errors.New("Client.Registry is nil: a Client.Service is looked up in one")
	errNoService  = errors.New("Client.Service is empty: say which service to look up in Client.Registry")
	errHostsOfURL = errors.New("Client.Hosts is for the instances of a Client.Service, and the client has a URL")
)

// check reads the fields that say where the service is.
func (c *Client) check() (err error) {
	switch {
	case c.URL != "" && (c.Service != "" || c.Registry != nil):
		return errTwice
	case c.URL != "" && c.Hosts != nil:
		return errHostsOfURL
	case c.URL != "":
		target, err := newTarget(c.URL)
		if err == nil {
			c.fixed = &peer{url: c.URL, target: target}
		}
		return err
	case c.Service == "" && c.Registry == nil:
		return errNowhere
	case c.Service == "":
		return errNoService
	case c.Registry == nil:
		return errNoWatch
	}
	c.hosts, err = parseHosts(c.Hosts)
	return err
}

// where names the service in errors and to middleware. Of its URL that is the host, since a key may be in the rest.
func (c *Client) where() string {
	c.prepare()
	if c.fixed == nil {
		return c.Service
	}
	return redact.Host(c.fixed.target.URL)
}

// parcel is one HTTP request to a service: a call, a notification or a batch.
type parcel struct {
	body  []byte
	token string
	tried []*peer
}

// post sends a parcel to the service and reads the whole reply.
func (c *Client) post(ctx context.Context, p parcel) (posted, *setback) {
	if ctx.Err() != nil {
		return posted{}, lostOnTheWay(ctx, false, over(ctx))
	}
	c.prepare()
	to, lost := c.choose(ctx, p.tried)
	if lost != nil {
		return posted{}, lost
	}
	got, lost := c.exchange(ctx, to, p)
	if to == c.fixed {
		return got, lost
	}
	c.balancer.note(to, judge(ctx, &got, lost))
	got.from = to
	if lost != nil {
		lost.from = to
	}
	return got, lost
}

// exchange sends a parcel to an instance and reads the whole reply.
func (c *Client) exchange(ctx context.Context, to *peer, p parcel) (posted, *setback) {
	if limit := c.http.Timeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	var way progress
	response, err := c.send(c.request(way.trace(ctx, c.standard), to, p))
	if err != nil {
		return posted{}, lostOnTheWay(ctx, way.mayHaveSent(c.standard), err)
	}
	defer func() { _ = response.Body.Close() }()
	return receive(ctx, response, to.target.URL, c.maxResponse())
}

// send does what http.Client.Do does, but for following redirects, which would carry X-Api-Token along to whatever
// host they lead to.
func (c *Client) send(request *http.Request) (*http.Response, error) {
	if user := request.URL.User; user != nil && request.Header["Authorization"] == nil {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
	if c.http.Jar != nil {
		for _, cookie := range c.http.Jar.Cookies(request.URL) {
			request.AddCookie(cookie)
		}
	}
	response, err := c.http.Transport.RoundTrip(request)
	if response == nil && err == nil {
		err = errNoResponse
	}
	if err != nil {
		return nil, &url.Error{Op: "Post", URL: redact.Host(request.URL), Err: briefly(err, request.URL)}
	}
	if response.Body == nil {
		response.Body = http.NoBody
	}
	if c.http.Jar != nil {
		c.http.Jar.SetCookies(request.URL, response.Cookies())
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

// briefly returns err with a text that has no secret of the URL in it, and is short: some errors of net/http quote all that
// a service sent.
func briefly(err error, target *url.URL) error {
	if inner, ok := errors.AsType[*url.Error](err); ok && inner == err { //nolint:errorlint // what wraps one has a text of its own
		err = inner.Err // of a transport that is an http.Client inside: the URL is said once
	}
	text := redact.Within(err.Error(), target)
	if len(text) > maxQuote {
		text = clipped(text) + " …"
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

// lostOnTheWay is the setback of a request that was not answered. One of which nothing was sent can be sent again.
func lostOnTheWay(ctx context.Context, sent bool, err error) *setback {
	// net/http reports the cause with which a context was cancelled, in place of its error.
	if end := ctx.Err(); end != nil && !errors.Is(err, end) {
		err = fmt.Errorf("%w: %w", end, err)
	}
	if sent {
		return &setback{err: fmt.Errorf("%w: %w", ErrNoReply, err), repeat: ifHarmless}
	}
	return &setback{err: fmt.Errorf("%w: %w", ErrNotSent, err), repeat: always}
}

// over says why ctx ended, in a chain with the error of ctx and the cause that its owner gave.
func over(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

var errBadToken = errors.New("the token has a line break or another control character: was it read from a file untrimmed?")

// request builds the HTTP request of a parcel.
func (c *Client) request(ctx context.Context, to *peer, p parcel) *http.Request {
	request := to.target.WithContext(ctx)
	if !c.standard {
		address := *request.URL // for round trippers that write to it, as they should not
		request.URL = &address
	}
	// A reader of another type would have net/http send the header by itself first: one more system call for each
	// request, and one that is lost with a connection that was just closed could not be repeated.
	request.Body = io.NopCloser(bytes.NewReader(p.body))
	request.ContentLength = int64(len(p.body))
	request.Header = c.header(ctx, p)
	request.GetBody = func() (io.ReadCloser, error) {
		// Whether a call that may have been run is sent again is not for net/http to decide, which takes such a header
		// for leave to try all the connections that it has kept. Without it, it asks where nothing was written at all.
		if request.Header["Idempotency-Key"] != nil || request.Header["X-Idempotency-Key"] != nil {
			return nil, errHungUp
		}
		return io.NopCloser(bytes.NewReader(p.body)), nil
	}
	return request
}

var errHungUp = errors.New("the service closed the connection without an answer")

// jsonTypes is the value of two headers, shared by all requests.
var jsonTypes = []string{"application/json"}

// header returns the headers of a request: what is said of one call goes before what is said of all, and what the
// protocol needs before both.
func (c *Client) header(ctx context.Context, p parcel) http.Header {
	header := make(http.Header, 8)
	propagate(ctx, header)
	if p.token != "" {
		header[c.tokenHeader] = []string{p.token}
	}
	for _, more := range []http.Header{c.Header, headerFrom(ctx)} {
		for key, values := range more {
			header[http.CanonicalHeaderKey(key)] = slices.Clip(values)
		}
	}
	header["Content-Type"], header["Accept"] = jsonTypes, jsonTypes
	if deadline, ok := ctx.Deadline(); ok {
		header[timeoutHeader] = []string{strconv.FormatInt(remaining(deadline), 10)}
	}
	return header
}

// remaining is the time to deadline that a service is told, in milliseconds: at least one, at most ten digits. A bit
// is kept back for the answer to arrive in time.
func remaining(deadline time.Time) int64 {
	const hop, most = 10 * time.Millisecond, 9_999_999_999
	return min(max((time.Until(deadline)-hop).Milliseconds(), 1), most)
}

func (c *Client) maxResponse() int64 {
	switch {
	case c.MaxResponse == 0:
		return 8 << 20
	case c.MaxResponse < 0:
		return math.MaxInt64 - 1
	}
	return int64(c.MaxResponse)
}

// token returns the API token for one try.
func (c *Client) token(ctx context.Context) (string, *setback) {
	token := c.Token
	if c.TokenSource != nil {
		var err error
		if token, err = c.TokenSource(ctx); err != nil {
			return "", &setback{err: fmt.Errorf("%w: the token source failed: %w", ErrNotSent, err)}
		}
	}
	if strings.ContainsFunc(token, isControl) {
		return "", &setback{err: fmt.Errorf("%w: %w", ErrNotSent, errBadToken)}
	}
	return token, nil
}
