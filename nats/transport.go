package nats

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jacinth-rpc/jacinth"
)

// Transport carries the requests of a [jacinth.Client] to a service that a [Server] serves. The host of the client's
// URL is the name of the service:
//
//	billing := &jacinth.Client{
//		URL:  "http://billing/",
//		Transport: &nats.Transport{Conn: conn},
//	}
//
// All that a client does works as over HTTP: tokens, deadlines, retries, batches, coalescing. NATS chooses the instance.
// A call for which there is none fails with jacinth.ErrNotSent at once; while the connection is lost, new calls wait
// for it until their deadline, and those that were under way fail with jacinth.ErrNoReply.
//
// The inboxes of the connection must be among those that the Server answers to, which is so unless either was told
// otherwise: a call that a Server cannot answer it does not run, and the caller waits until its deadline.
//
// One thing is different: NATS does not tell that an instance died with a call in its hands. Only time does; see Try.
// Nor does a service learn that its caller left: it goes on until the deadline that it was sent.
//
// It is an [http.RoundTripper]. It must not be copied or changed after its first use, and is safe for concurrent use.
type Transport struct {
	Conn   *nats.Conn // which stays its owner's
	Prefix string     // of subjects, as in [Server]; jacinth

	// Try bounds one try of a request, so that a call that may be repeated is, before its deadline, when an instance
	// died with it. 0 is no bound but that of the call.
	Try time.Duration

	once sync.Once
	link *link
}

var (
	errNoConn     = errors.New("Transport.Conn is nil: it needs a connection to NATS")
	errNobody     = errors.New("no instance of the service answers on NATS")
	errTry        = errors.New("no answer within Transport.Try")
	errNotPosted  = errors.New("over NATS there are only POST requests")
	errBodyUnread = errors.New("the body of the request cannot be read")
)

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.GetConn != nil {
		trace.GetConn(request.URL.Host)
	}
	message, err := t.message(request)
	if err != nil {
		return nil, err
	}
	t.once.Do(func() { t.link = newLink(t.Conn) })
	epoch, err := t.link.up(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := during(ctx, epoch)
	defer cancel()
	if t.Try > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, t.Try, errTry)
		defer stop()
	}
	reply, err := t.Conn.RequestMsgWithContext(ctx, message)
	switch {
	case errors.Is(err, nats.ErrMaxPayload):
		return refused(request, int(t.Conn.MaxPayload()), len(message.Data)), nil
	case errors.Is(err, nats.ErrNoResponders):
		return nil, fmt.Errorf("%w: %w", errNobody, err)
	case err != nil && !mayHaveLeft(err):
		return nil, err
	}
	// Whoever asks whether the request left learns it now, when it is known that somebody may have it.
	if trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: noSocket{address(t.Conn.ConnectedUrlRedacted())}, Reused: true})
	}
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && errors.Is(err, ctx.Err()) {
			err = cause
		}
		return nil, err
	}
	return answered(request, reply), nil
}

// mayHaveLeft reports whether a request that failed with err may have been sent. That the connection was closed, NATS
// says of those that were waiting for their answer too.
func mayHaveLeft(err error) bool {
	for _, before := range []error{
		nats.ErrConnectionDraining, nats.ErrReconnectBufExceeded, nats.ErrHeadersNotSupported,
		nats.ErrBadHeaderMsg, nats.ErrBadSubject, // that of the inbox
	} {
		if errors.Is(err, before) {
			return false
		}
	}
	return true
}

// message makes the message of a request.
func (t *Transport) message(request *http.Request) (*nats.Msg, error) {
	var body []byte
	if request.Body != nil {
		defer func() { _ = request.Body.Close() }()
	}
	switch {
	case t.Conn == nil:
		return nil, errNoConn
	case request.Method != http.MethodPost:
		return nil, errNotPosted
	}
	if err := checkPrefix(t.Prefix); err != nil {
		return nil, err
	}
	subject, err := subjectOf(t.Prefix, request.URL.Hostname())
	if err != nil {
		return nil, err
	}
	if request.Body != nil {
		var buffer bytes.Buffer
		if size := request.ContentLength; size > 0 {
			buffer.Grow(int(min(size, 64<<10)) + bytes.MinRead)
		}
		if _, err := buffer.ReadFrom(request.Body); err != nil {
			return nil, fmt.Errorf("%w: %w", errBodyUnread, err)
		}
		body = buffer.Bytes()
	}
	header := make(nats.Header, len(request.Header))
	for key, values := range request.Header {
		switch key {
		case "Content-Type", "Accept": // there is nothing to choose
		default:
			header[key] = values
		}
	}
	return &nats.Msg{Subject: subject, Header: header, Data: body}, nil
}

// answered is the response that a reply is.
func answered(request *http.Request, reply *nats.Msg) *http.Response {
	status := http.StatusOK
	switch reply.Header.Get(statusHeader) { // and no other: whoever answers has not the say of what a client makes of it
	case "400":
		status = http.StatusBadRequest
	case "413":
		status = http.StatusRequestEntityTooLarge
	case "431":
		status = http.StatusRequestHeaderFieldsTooLarge
	case "503":
		status = http.StatusServiceUnavailable
	}
	response := respond(request, status, reply.Data)
	if status == http.StatusServiceUnavailable {
		response.Header.Set("Retry-After", "1")
	}
	return response
}

// refused is the response to a request that is larger than NATS carries: what an HTTP service says to one that is too
// large for it, so that a client makes its batches smaller.
func refused(request *http.Request, limit, size int) *http.Response {
	limit = min(limit, size) - headroom
	return respond(request, http.StatusRequestEntityTooLarge,
		failure(jacinth.InvalidRequest, detail{Reason: "the body is larger than a message of NATS may be", Limit: max(limit, 1)}))
}

// headroom is what the headers of a message may take of what NATS carries.
const headroom = 4 << 10

func respond(request *http.Request, status int, body []byte) *http.Response {
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: request,
	}
}

// noSocket stands for the connection to NATS where net/http shows one.
type noSocket struct{ at address }

type address string

func (a address) Network() string { return "nats" }
func (a address) String() string  { return string(a) }

func (s noSocket) LocalAddr() net.Addr            { return address("") }
func (s noSocket) RemoteAddr() net.Addr           { return s.at }
func (noSocket) Read([]byte) (int, error)         { return 0, io.EOF }
func (noSocket) Write([]byte) (int, error)        { return 0, io.ErrClosedPipe }
func (noSocket) Close() error                     { return nil }
func (noSocket) SetDeadline(time.Time) error      { return nil }
func (noSocket) SetReadDeadline(time.Time) error  { return nil }
func (noSocket) SetWriteDeadline(time.Time) error { return nil }
