package jacinth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// Client calls the methods of one service. The zero value of every field but URL works:
//
//	billing := &jacinth.Client{URL: "http://127.0.0.1:8000/api"}
//	sum, err := Add.Call(ctx, billing, AddParams{A: 1, B: 2}) // typed by a Name
//	err = billing.Call(ctx, "math.add", params, &sum)         // untyped
//
// A call fails with an [Error] that has the code, message and data which the service sent, or with one of
// [ErrNotSent], [ErrNoReply] and [ErrBadReply]; errors.Is and errors.As find what ended it, such as InvalidParams or
// context.DeadlineExceeded.
//
// A call in a context without a deadline has 10 seconds. The service is told how long its caller still waits, and a
// handler that calls on with its own context passes on what is left. A handler's trace context goes along too;
// nothing else of an incoming request does, its token least of all.
//
// A Client is safe for concurrent use and must not be copied or changed after its first call.
type Client struct {
	URL string // of the endpoint, such as http://127.0.0.1:8000/api

	Token       string                                    // API token; empty sends none
	TokenSource func(ctx context.Context) (string, error) // asked for each request instead of Token, so that tokens can rotate
	TokenHeader string                                    // carries the token; X-Api-Token
	Header      http.Header                               // sent with every request; see WithHeader for one call

	// HTTP sends the requests; nil is a client that all Clients share, with HTTP/1.1 and, over TLS, HTTP/2.
	// Redirects are never followed, whatever it says.
	HTTP *http.Client

	Middleware  []Middleware  // around every call; the first is the outermost. The result it sees is a json.RawMessage
	Timeout     time.Duration // of calls whose context has no deadline; 10s, Unlimited for none
	MaxResponse int           // bytes of a reply; 8 MiB

	// Coalesce sends calls that are made at the same time together: that many requests are under way at once, and
	// further calls wait until one is answered and then go as one batch. A lone call never waits. 0 is off; 4 is a good
	// number. The calls of a batch are answered together, so their methods should take about as long as each other.
	Coalesce int

	// NoRetry turns retries off. Otherwise a call is tried up to three times, if it provably was not run, or if it is
	// marked ReadOnly or Idempotent and got no answer; never a notification, never past the deadline, and no more than
	// one in five calls and ten a second.
	NoRetry bool

	once      sync.Once
	http      *http.Client
	ids       atomic.Int64
	learnt    learnt
	budget    budget
	coalescer coalescer
}

// Positional are params by position, for the untyped calls: jacinth.Positional{42, 23}.
type Positional []any

// Call calls method with params, which are encoded as a JSON object or array or are nil for none, and decodes the
// result into the pointer that result holds; a nil result is dropped. Of the options ReadOnly, Idempotent and Timeout
// have a meaning here. See [Name.Call] for the typed way.
func (c *Client) Call(ctx context.Context, method string, params, result any, options ...Option) error {
	encoded, err := encodeParams(params)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", method, ErrNotSent, err)
	}
	raw, err := c.call(ctx, newOutgoing(method, encoded, options))
	if err != nil {
		return err
	}
	return decodeResult(method, raw, result)
}

// Notify sends method as a notification. The service does not answer it: nil means that the service has it, and says
// nothing of how it went.
func (c *Client) Notify(ctx context.Context, method string, params any, options ...Option) error {
	encoded, err := encodeParams(params)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", method, ErrNotSent, err)
	}
	out := newOutgoing(method, encoded, options)
	out.notification = true
	_, err = c.call(ctx, out)
	return err
}

// Specs asks the service to describe itself. The client keeps to the limits that it learns from it.
func (c *Client) Specs(ctx context.Context) (Specs, error) {
	var specs Specs
	if err := c.Call(ctx, specsName, nil, &specs, ReadOnly()); err != nil {
		return Specs{}, err
	}
	c.learnt.items.Store(int64(specs.Limits.BatchItems))
	c.learnt.bytes.Store(int64(specs.Limits.Body))
	return specs, nil
}

// Require checks that the service has all the methods and lets this client's token call them: for a program to find
// out when it starts what it would otherwise find out at the first call.
func (c *Client) Require(ctx context.Context, methods ...string) error {
	specs, err := c.Specs(ctx)
	if err != nil {
		return err
	}
	missing := slices.DeleteFunc(slices.Clone(methods), func(name string) bool {
		return slices.ContainsFunc(specs.Methods, func(m SpecsMethod) bool { return m.Name == name })
	})
	if len(missing) > 0 {
		return fmt.Errorf("%w: service %s at %s has no %s, or this token may not call it",
			MethodNotFound, specs.Name, c.URL, strings.Join(missing, ", "))
	}
	return nil
}

// outgoing is one call on its way out.
type outgoing struct {
	method       Method // its name, and what the options of the call say
	params       []byte // nil for none
	notification bool
}

func newOutgoing(method string, params []byte, options []Option) *outgoing {
	out := &outgoing{method: Method{Name: method}, params: params}
	for _, option := range options {
		option(&out.method)
	}
	return out
}

// replay reports whether sending the call twice does no harm.
func (o *outgoing) replay() bool {
	return !o.notification && (o.method.ReadOnly || o.method.Idempotent)
}

// appendTo appends the call as JSON-RPC.
func (o *outgoing) appendTo(dst []byte, id int64) []byte {
	var text [20]byte
	var raw []byte
	if !o.notification {
		raw = strconv.AppendInt(text[:0], id, 10)
	}
	dst = wire.AppendRequestHead(dst, o.method.Name, raw)
	if o.params != nil {
		dst = append(dst, `,"params":`...)
		dst = append(dst, o.params...)
	}
	return append(dst, '}')
}

// call takes one call through the middleware, the deadline and the retries, and returns its raw result.
func (c *Client) call(ctx context.Context, out *outgoing) (json.RawMessage, error) {
	if len(c.Middleware) == 0 {
		return c.attempt(ctx, out)
	}
	request := &Request{Method: &out.method, Notification: out.notification, params: out.params}
	request.Address = c.URL
	send := func(ctx context.Context, _ *Request) (any, error) { return c.attempt(ctx, out) }
	result, err := chain(send, c.Middleware)(ctx, request)
	if err != nil {
		return nil, err
	}
	if raw, ok := result.(json.RawMessage); ok {
		return raw, nil
	}
	raw, err := codec.Marshal(result) // a middleware that answers by itself
	return raw, err
}

// attempt gives the call its deadline and tries it as often as it may be.
func (c *Client) attempt(ctx context.Context, out *outgoing) (json.RawMessage, error) {
	ctx, cancel := c.deadline(ctx, out.method.Timeout)
	defer cancel()
	var raw json.RawMessage
	err := c.retrying(ctx, func() (again verdictOfTry, err error) {
		raw, again, err = c.try(ctx, out)
		return again, err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", out.method.Name, err)
	}
	return raw, nil
}

// try sends the call once, alone or with others.
func (c *Client) try(ctx context.Context, out *outgoing) (json.RawMessage, verdictOfTry, error) {
	if c.Coalesce > 0 && !out.notification && headerFrom(ctx) == nil {
		return c.coalescer.call(ctx, c, out)
	}
	return c.single(ctx, out)
}

// single sends the call in a request of its own.
func (c *Client) single(ctx context.Context, out *outgoing) (json.RawMessage, verdictOfTry, error) {
	id := c.ids.Add(1)
	got, err := c.post(ctx, parcel{body: out.appendTo(make([]byte, 0, 96+len(out.params)), id), replay: out.replay()})
	if err != nil {
		return nil, judge(err, got, out), err
	}
	raw, err := got.one(id, out.notification)
	return raw, judge(err, got, out), err
}

// one reads the reply to a single call.
func (got posted) one(id int64, notification bool) (json.RawMessage, error) {
	if len(got.body) == 0 {
		return nil, got.nothing(notification)
	}
	replies, batch, err := got.replies(1)
	switch {
	case err != nil:
		return nil, err
	case batch:
		return nil, notJSONRPC(got, "a batch of replies to one call")
	}
	return got.result(&replies[0], id, notification)
}

// nothing judges an empty reply.
func (got posted) nothing(notification bool) error {
	switch got.status {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent:
		if notification {
			return nil
		}
		return fmt.Errorf("%w: HTTP status %d with an empty body", ErrBadReply, got.status)
	}
	return fmt.Errorf("%w: HTTP status %d with an empty body", ErrBadReply, got.status)
}

// result reads one reply. An error without an id is the answer to the whole request, such as a refusal to read it.
func (got posted) result(reply *wire.Reply, id int64, notification bool) (json.RawMessage, error) {
	if reply.Fault != wire.NoFault {
		return nil, notJSONRPC(got, reply.Fault.String())
	}
	if reply.Error.Kind != wire.Absent && (reply.ID.Kind == wire.Null || sameID(reply.ID.In(got.body), id)) {
		return nil, got.failure(reply)
	}
	switch {
	case notification && got.status < 300:
		return nil, nil // some services answer notifications; that is no reason to call them failed
	case !sameID(reply.ID.In(got.body), id):
		return nil, notJSONRPC(got, "the reply to another call")
	case got.status >= 300:
		return nil, notJSONRPC(got, "a result that the status denies")
	}
	return json.RawMessage(reply.Result.In(got.body)), nil
}

// sameID compares the raw id of a reply with the one that was sent.
func sameID(raw []byte, id int64) bool {
	var text [20]byte
	return string(raw) == string(strconv.AppendInt(text[:0], id, 10))
}

// failure reads the error of a reply.
func (got posted) failure(reply *wire.Reply) error {
	raw := reply.Error.In(got.body)
	code, message, data, ok := wire.ScanError(raw)
	if !ok {
		return notJSONRPC(got, "an error without a code and a message")
	}
	e := &Error{Code: Code(code), Message: string(wire.Unquote(nil, message.In(raw))), remote: true}
	if data.Kind != wire.Absent && data.Kind != wire.Null {
		e.Data = json.RawMessage(data.In(raw))
	}
	return e
}

// deadline bounds ctx by the timeout of the call, and by that of the client if ctx is not bounded at all.
func (c *Client) deadline(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout == 0 {
		if _, ok := ctx.Deadline(); ok {
			return ctx, func() {}
		}
		if timeout = c.Timeout; timeout == 0 {
			timeout = 10 * time.Second
		}
	}
	if timeout == Unlimited {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, timeout)
}

var errNoParams = errors.New("params must be encoded as a JSON object or array: use a struct, a map or Positional")

// encodeParams returns params as JSON, nil for none.
func encodeParams(params any) ([]byte, error) {
	switch params.(type) {
	case nil, None:
		return nil, nil
	}
	raw, err := codec.Marshal(params)
	switch {
	case err != nil:
		return nil, fmt.Errorf("params cannot be encoded: %w", err)
	case string(raw) == "null":
		return nil, nil
	case raw[0] != '{' && raw[0] != '[':
		return nil, errNoParams
	}
	return raw, nil
}

// decodeResult decodes what a call came back with; unknown members are ignored, so that a service may add some.
func decodeResult(method string, raw json.RawMessage, into any) error {
	if into == nil || raw == nil {
		return nil
	}
	if err := codec.Decode(raw, into); err != nil {
		return fmt.Errorf("%s: %w: the result does not fit: %w", method, ErrBadReply, err)
	}
	return nil
}
