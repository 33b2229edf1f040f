package jacinth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// timeoutHeader carries how long the sender of a request still waits, in milliseconds. It is relative, so that the
// clocks of two machines need not agree.
const timeoutHeader = "Jacinth-Timeout-Ms"

// Failures on the way to a method and back, as opposed to an [Error] that the service answered with. They are
// matched with errors.Is; the context's own error is in the chain too when that is what ended the call.
var (
	// ErrNotSent says that the call never reached a service that could have run it.
	ErrNotSent = errors.New("the call was not sent")
	// ErrNoReply says that the call was sent and no answer came: it may have run or not.
	ErrNoReply = errors.New("the call was not answered")
	// ErrBadReply says that an answer came which is none: the call has probably run.
	ErrBadReply = errors.New("the reply is not valid")
)

// maxQuote is how much of a reply that is no JSON-RPC an error repeats, in bytes.
const maxQuote = 256

// idleConnections is shared by all clients that bring no http.Client. Its connections are given up long before a
// service of ours would close them (120 s), so that no call is written to one that is just going away.
var idleConnections = func() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns = 0
	t.MaxIdleConnsPerHost = 256
	t.IdleConnTimeout = 30 * time.Second
	t.DisableCompression = true
	t.MaxResponseHeaderBytes = 64 << 10
	return t
}()

// httpClient returns the http.Client of c, which never follows a redirect: net/http would carry X-Api-Token along to
// whatever host it is sent to.
func (c *Client) httpClient() *http.Client {
	c.once.Do(func() {
		client := http.Client{Transport: idleConnections}
		if c.HTTP != nil {
			client = *c.HTTP
		}
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		c.http = &client
	})
	return c.http
}

// parcel is one HTTP request to a service: a call, a notification or a batch.
type parcel struct {
	body   []byte
	replay bool // safe to send twice: everything in it is idempotent
}

// posted is what came back for a parcel.
type posted struct {
	status     int
	body       []byte
	retryAfter time.Duration
}

// post sends a parcel and reads the whole reply. Its error is one of the Err… of this file.
func (c *Client) post(ctx context.Context, p parcel) (posted, error) {
	sent := &sentBody{}
	request, err := c.request(ctx, p, sent)
	if err != nil {
		return posted{}, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	response, err := c.httpClient().Do(request)
	if err != nil {
		if sent.begun.Load() {
			return posted{}, fmt.Errorf("%w: %w", ErrNoReply, err)
		}
		return posted{}, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	defer func() { _ = response.Body.Close() }()
	limit := c.maxResponse()
	var reply bytes.Buffer
	if size := response.ContentLength; size > 0 && size <= limit {
		reply.Grow(int(size) + bytes.MinRead) // so that the end is read without growing
	}
	// The limit counts what comes out when net/http decompresses, so a small reply cannot become a large one.
	_, err = reply.ReadFrom(io.LimitReader(response.Body, limit+1))
	got := posted{status: response.StatusCode, body: reply.Bytes(), retryAfter: retryAfter(response.Header)}
	switch {
	case int64(reply.Len()) > limit:
		return got, fmt.Errorf("%w: it is longer than %d bytes", ErrBadReply, limit)
	case err != nil && reply.Len() == 0:
		return got, fmt.Errorf("%w: %w", ErrNoReply, err)
	case err != nil:
		return got, fmt.Errorf("%w: %w: %w", ErrBadReply, errCutOff, err)
	}
	return got, nil
}

// request builds the HTTP request of a parcel.
func (c *Client) request(ctx context.Context, p parcel, sent *sentBody) (*http.Request, error) {
	if c.URL == "" {
		return nil, errors.New("the client has no URL")
	}
	token, err := c.token(ctx)
	if err != nil {
		return nil, fmt.Errorf("the token source failed: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, http.NoBody)
	if err != nil {
		return nil, err
	}
	sent.Reader.Reset(p.body)
	request.Body = sent
	request.ContentLength = int64(len(p.body))
	request.GetBody = func() (io.ReadCloser, error) {
		again := &sentBody{}
		again.Reader.Reset(p.body)
		sent.begun.Store(true) // net/http asks again only for a request that it had begun to send
		return again, nil
	}
	header := request.Header
	propagate(ctx, header)
	for key, values := range c.Header {
		header[http.CanonicalHeaderKey(key)] = values
	}
	for key, values := range headerFrom(ctx) {
		header[key] = values
	}
	header.Set("Content-Type", "application/json")
	header.Set("Accept", "application/json")
	if token != "" {
		name := c.TokenHeader
		if name == "" {
			name = defaultTokenHeader
		}
		header.Set(name, token)
	}
	if deadline, ok := ctx.Deadline(); ok {
		header.Set(timeoutHeader, strconv.FormatInt(remaining(deadline), 10))
	}
	if p.replay {
		// An empty list is not sent, and tells net/http that it may repeat this POST on another connection.
		header["Idempotency-Key"] = []string{}
	}
	return request, nil
}

// hopMargin is kept from the time that a service is given, so that its answer still arrives in time.
const hopMargin = 10 * time.Millisecond

// remaining is the time to deadline that a service is told, in milliseconds and at least one.
func remaining(deadline time.Time) int64 {
	return max(1, (time.Until(deadline) - hopMargin).Milliseconds())
}

// sentBody is the body of a request that notes whether any of it was read, that is, whether it could have left.
type sentBody struct {
	bytes.Reader
	begun atomic.Bool
}

func (b *sentBody) Read(p []byte) (int, error) {
	b.begun.Store(true)
	return b.Reader.Read(p)
}

// WriteTo is what net/http uses where it can.
func (b *sentBody) WriteTo(w io.Writer) (int64, error) {
	b.begun.Store(true)
	return b.Reader.WriteTo(w)
}

func (b *sentBody) Close() error { return nil }

func (c *Client) maxResponse() int64 {
	switch {
	case c.MaxResponse == 0:
		return 8 << 20
	case c.MaxResponse < 0:
		return math.MaxInt64 - 1
	}
	return int64(c.MaxResponse)
}

func (c *Client) token(ctx context.Context) (string, error) {
	if c.TokenSource != nil {
		return c.TokenSource(ctx)
	}
	return c.Token, nil
}

// propagate passes the trace of the request that ctx works for on to the next service, and nothing else of it.
// https://www.w3.org/TR/trace-context/
func propagate(ctx context.Context, header http.Header) {
	const most = 512
	incoming := RequestFrom(ctx)
	if incoming == nil || incoming.HTTP == nil {
		return
	}
	for _, name := range []string{"Traceparent", "Tracestate"} {
		if values := incoming.HTTP.Header[name]; len(values) == 1 && len(values[0]) <= most {
			header[name] = values
		}
	}
}

type headerKey struct{}

// WithHeader returns a context whose calls carry one more HTTP header. Calls with headers of their own are not
// coalesced with others.
func WithHeader(ctx context.Context, key, value string) context.Context {
	header := headerFrom(ctx).Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set(key, value)
	return context.WithValue(ctx, headerKey{}, header)
}

func headerFrom(ctx context.Context) http.Header {
	header, _ := ctx.Value(headerKey{}).(http.Header)
	return header
}

// retryAfter reads the header of that name when it is a number of seconds (RFC 9110, section 10.2.3).
func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 || seconds > 3600 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// notJSONRPC describes a reply that is none, with the beginning of what it is.
func notJSONRPC(got posted, why string) error {
	text := strings.ToValidUTF8(string(got.body[:min(len(got.body), maxQuote)]), "")
	return fmt.Errorf("%w: HTTP status %d, %s: %q", ErrBadReply, got.status, why, text)
}

// replies reads the body of a reply. limits of nesting are generous: what the service sends is its own affair.
func (got posted) replies(items int) ([]wire.Reply, bool, error) {
	replies, batch, err := wire.ScanReplies(got.body, wire.Limits{Depth: 1000, Items: max(items, 1), Method: maxMethodName, ID: 128}, nil)
	if err != nil {
		return nil, batch, notJSONRPC(got, err.Error())
	}
	return replies, batch, nil
}
