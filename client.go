package jacinth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/call"
	"github.com/jacinth-rpc/jacinth/internal/codec"
)

// Client calls the methods of one service. The zero value of every field but URL, or Service and Registry, works:
//
//	billing := &jacinth.Client{URL: "http://127.0.0.1:8000/api"}
//	sum, err := Add.Call(ctx, billing, AddParams{A: 1, B: 2}) // typed by a Name
//	err = billing.Call(ctx, "math.add", params, &sum)         // untyped
//
// A call fails with an [Error] that has the code, message and data which the service sent, or with one of
// [ErrNotSent], [ErrNoReply] and [ErrBadReply]; errors.Is and errors.As find what ended it, such as InvalidParams or
// context.DeadlineExceeded.
//
// A call in a context without a deadline has 10 seconds. The client tells the service how long the caller still waits: a
// handler that calls another service with its own context passes on the time that is left. It passes on the trace context of
// the request too, and nothing else of it, least of all the token.
//
// A Client is safe for concurrent use and must not be copied or changed after its first call. Make one for each
// service and keep it: it holds the retry budget and what it has learned of the service.
//
// A service with several instances is called by its name instead of a URL:
//
//	billing := &jacinth.Client{Service: "billing", Registry: registry}
//
// Each call, and each batch, goes to one instance: of two at random, the one with fewer requests in flight. A retry goes to
// another instance. An instance that fails five times in a row is ejected: it gets no calls for 30 seconds, the next time for
// 60, and so on up to 300. Then a single call tries it again. If more than half of the instances fail, each is tried every
// second; if all fail, all are called. An instance that is not ready is called only if no other is.
//
// The first call waits for the registry. If the registry cannot be reached, the client keeps the last known instances. An
// empty set takes effect only after the registry has reported it for 10 seconds. A call without an instance to go to fails
// with ErrNotSent.
type Client struct {
	URL string // of the endpoint, such as http://127.0.0.1:8000/api; empty for one with a Service

	// Service is the name to look up in the Registry, or a pattern such as workers.* for several services that have the same
	// methods. The first call begins to watch the registry. The watch ends with Close or after 5 minutes without a call, and
	// the next call begins it again.
	Service  string
	Registry Registry

	// Hosts are the hosts that instances may have: names (billing.example.com), names in a domain (*.example.com), addresses
	// (10.0.0.7), networks (10.0.0.0/8), or * for all. They keep somebody who can write to the registry from sending the
	// tokens and the params of callers elsewhere. Nil admits localhost and the loopback and private addresses, and no names.
	// An entry allows https only. Write http:// before it to allow plain HTTP as well; loopback and private addresses never
	// need that. An instance on another host is left out: slog.Default gets a warning, and the caller an error if no other
	// instance is left.
	Hosts []string

	// Token is the API token, and TokenHeader the header that carries it; X-Api-Token. TokenSource replaces Token: it is asked
	// for each attempt of a call or batch, so that tokens can rotate. It must be safe for concurrent use. Without a token, no
	// header is sent.
	Token       string
	TokenSource func(ctx context.Context) (string, error)
	TokenHeader string

	Header http.Header // sent with every request; see SendHeader for one call, and WithHeader for those of a context

	// Transport sends the requests; nil is one that all Clients share, with HTTP/1.1 and, over TLS, HTTP/2. For one with
	// another certificate, proxy or dialer, change what [NewTransport] returns. Redirects are never followed: they would
	// carry the token to whatever host they lead to.
	Transport http.RoundTripper

	// Middleware wraps every call and notification that is not part of a Batch; the first is the outermost. Retries and the
	// Timeout are inside of it. It sees the result as a json.RawMessage, and a Request with the params, and with the method
	// as the options of the call describe it.
	Middleware []Middleware

	Timeout     time.Duration // of calls whose context has no deadline; 10s, Unlimited for none
	MaxResponse int           // bytes of a reply, decompressed; 8 MiB, Unlimited for no limit

	// MaxBatch is how many calls go into one request: a larger Batch is sent in parts. 0 is what the service says that it
	// takes, or 100 if it does not say. Set it for a service that takes fewer and does not say so.
	MaxBatch int

	// Coalesce combines concurrent calls into batches. At most that many requests are under way; further calls wait until one
	// is answered, and then go together. A lone call never waits. 0 is off. Use 2, or 4 if some calls take much longer than
	// others: with fewer requests under way, more calls share one, and a slow call holds up more of them.
	//
	// It is for a service that takes batches, and for methods that are quick and have small results: the calls of a batch are
	// answered together, when the slowest is done, and share the limit for the size of a reply. If results suddenly grow, a
	// call may fail with ResponseTooLarge. One that is ReadOnly or Idempotent is then sent again by itself. Fewer calls go
	// together from then on.
	//
	// Calls with different tokens are not combined. Notifications, batches, and calls with headers of their own (WithHeader,
	// SendHeader, ReplyHeader) go by themselves. Coalesced calls share one context, which has none of the callers' values:
	// only a Transport of your own can tell.
	Coalesce int

	// NoRetry turns retries off. Otherwise a call is tried up to three times, if it provably did not run, or if it is
	// ReadOnly or Idempotent and got no answer. A notification is never retried, and nothing is past its deadline or before
	// the service wants it (Retry-After). All retries together are at most one for five calls, and ten a second.
	NoRetry bool

	once   sync.Once
	called atomic.Pointer[call.Engine] // made of the fields above at the first call
}

// Failures on the way to a method and back, as opposed to an [Error] that the service answered with. They are
// matched with errors.Is; the context's own error is in the chain too when that is what ended the call.
var (
	// ErrNotSent says that the call never reached a service that could have run it.
	ErrNotSent = call.ErrNotSent
	// ErrNoReply says that the call was sent and its answer did not arrive, or not whole: it may have run or not.
	ErrNoReply = call.ErrNoReply
	// ErrBadReply says that the response was not valid JSON-RPC: the call may have run.
	ErrBadReply = call.ErrBadReply
)

// timeoutHeader carries how long the sender of a request still waits, in milliseconds.
const timeoutHeader = call.TimeoutHeader

// engine returns what takes the calls of the client to the service.
func (c *Client) engine() *call.Engine {
	c.once.Do(func() { c.called.Store(call.New(c.config())) })
	return c.called.Load()
}

func (c *Client) config() call.Config {
	config := call.Config{
		URL: c.URL, Service: c.Service, Hosts: c.Hosts,
		Token: c.Token, TokenSource: c.TokenSource, TokenHeader: http.CanonicalHeaderKey(c.TokenHeader),
		Transport: c.Transport,
		Timeout:   c.Timeout, MaxResponse: c.MaxResponse, MaxBatch: c.MaxBatch, Coalesce: c.Coalesce, NoRetry: c.NoRetry,
		Hooks: call.Hooks{
			Failure: remoteError,
			Header:  c.addHeader,
			Scope:   scopeOf,
			WithScope: func(ctx context.Context, scope any) context.Context {
				return context.WithValue(ctx, requestKey{}, scope)
			},
		},
	}
	orDefault(&config.TokenHeader, defaultTokenHeader)
	if config.Transport == nil {
		config.Transport = sharedTransport
	}
	if c.Registry != nil {
		config.Watch = c.watch
	}
	return config
}

// watch tells the engine of the instances that a registry knows.
func (c *Client) watch(ctx context.Context, service string) iter.Seq2[[]call.Instance, error] {
	return func(yield func([]call.Instance, error) bool) {
		for set, err := range c.Registry.Watch(ctx, service) {
			var instances []call.Instance
			for i := range set {
				if instance := &set[i]; instance.Matches(service) {
					instances = append(instances, call.Instance{ID: instance.ID, URL: instance.URL, Ready: instance.Ready, Since: instance.Since})
				}
			}
			if !yield(instances, err) {
				return
			}
		}
	}
}

// remoteError is the error of a call that a service answered with one.
func remoteError(code int, message string, data json.RawMessage) error {
	e := &Error{Code: Code(code), Message: message, remote: true}
	if data != nil {
		e.Data = data
	}
	return e
}

// scopeOf returns the request that a call in ctx is made for, nil for none.
func scopeOf(ctx context.Context) any {
	if request := RequestFrom(ctx); request != nil {
		return request
	}
	return nil
}

// Close ends the watch of the registry that a client with a Service has, and does nothing to one with a URL. Calls
// under way go on, and a call after Close begins to watch again. A client that is no longer needed has to be closed
// only by those who mind the five minutes until the watch ends by itself.
func (c *Client) Close() {
	if engine := c.called.Load(); engine != nil {
		engine.Close()
	}
}

// Positional are params by position, for the untyped calls: jacinth.Positional{42, 23}.
type Positional []any

// Call calls method with params, which are encoded as a JSON object or array or are nil for none, and decodes the
// result into the pointer that result holds; a nil result is dropped. See [Name.Call] for the typed way.
func (c *Client) Call(ctx context.Context, method string, params, result any, options ...CallOption) error {
	if target := reflect.ValueOf(result); result != nil && (target.Kind() != reflect.Pointer || target.IsNil()) {
		return fmt.Errorf("%s: %w: the result must be decoded into a pointer, not %T", method, ErrNotSent, result)
	}
	out, err := c.outgoing(method, params, options, nil)
	if err != nil {
		return err
	}
	raw, err := c.call(ctx, out)
	if err != nil {
		return err
	}
	return decodeResult(method, raw, result)
}

// Notify sends method as a notification. The service does not answer it: nil means that the service has it, and says
// nothing of how it went.
func (c *Client) Notify(ctx context.Context, method string, params any, options ...CallOption) error {
	out, err := c.outgoing(method, params, options, (*callOptions).forNotification)
	if err != nil {
		return err
	}
	out.Notification = true
	_, err = c.call(ctx, out)
	return err
}

// Specs asks the service to describe itself, and has the client keep to what it says: batches are split by its
// limits, and methods that it calls read-only or idempotent are repeated without being marked at the call.
func (c *Client) Specs(ctx context.Context) (Specs, error) {
	var specs Specs
	if err := c.Call(ctx, specsName, nil, &specs, ReadOnly()); err != nil {
		return Specs{}, err
	}
	harmless := map[string]bool{}
	for i := range specs.Methods {
		if m := &specs.Methods[i]; m.ReadOnly || m.Idempotent {
			harmless[m.Name] = true
		}
	}
	c.engine().Learn(call.Limits{Items: specs.Limits.BatchItems, Bytes: specs.Limits.Body, Reply: specs.Limits.Response}, harmless)
	return specs, nil
}

// Require checks that the service has all the methods and lets this client's token call them: for a program to find
// out when it starts what it would otherwise find out at the first call. Its error is MethodNotFound to errors.Is if
// any is missing.
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
			MethodNotFound, specs.Name, c.engine().Where(), strings.Join(missing, ", "))
	}
	return nil
}

// outgoing is one call on its way out.
type outgoing struct {
	call.Outgoing
	method *Method // what the options of the call say, for the middleware; nil without any
}

// outgoing encodes a call, whose options fit may refuse. Its errors are whole.
func (c *Client) outgoing(method string, params any, options []CallOption, fit func(*callOptions) error) (*outgoing, error) {
	said, err := optionsOf(options)
	if err == nil && fit != nil {
		err = fit(&said)
	}
	var encoded []byte
	if err == nil {
		encoded, err = encodeParams(params)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", method, ErrNotSent, err)
	}
	out := &outgoing{Outgoing: call.Outgoing{
		Name: method, Params: encoded, Timeout: said.timeout, Header: said.header, Reply: said.reply,
		Harmless: said.readOnly || said.idempotent,
	}}
	if len(c.Middleware) > 0 {
		out.method = &Method{Name: method, ReadOnly: said.readOnly, Idempotent: said.idempotent, Timeout: said.timeout}
	}
	return out, nil
}

// call takes one call through the middleware and returns its raw result, nil for a notification.
func (c *Client) call(ctx context.Context, out *outgoing) (json.RawMessage, error) {
	if len(c.Middleware) == 0 {
		return c.deliver(ctx, &out.Outgoing)
	}
	request := &Request{Method: out.method, Notification: out.Notification, params: out.Params}
	request.Address = c.engine().Where()
	send := func(ctx context.Context, _ *Request) (any, error) {
		own := out.Outgoing // a middleware may send the call twice, also at the same time
		return c.deliver(ctx, &own)
	}
	if out.Reply != nil {
		heard := &replyHeader{into: out.Reply}
		defer heard.end()
		send = func(ctx context.Context, _ *Request) (any, error) {
			own, header := out.Outgoing, http.Header(nil)
			own.Reply = &header
			defer func() { heard.set(header) }()
			return c.deliver(ctx, &own)
		}
	}
	result, err := chain(send, c.Middleware)(ctx, request)
	if err != nil {
		return nil, err
	}
	if raw, ok := result.(json.RawMessage); ok {
		return raw, nil
	}
	raw, err := codec.Marshal(result) // a middleware answers by itself
	if err != nil {
		return nil, fmt.Errorf("%s: %w: a middleware's result cannot be encoded: %w", out.Name, ErrBadReply, err)
	}
	return raw, nil
}

// deliver takes one call to the service.
func (c *Client) deliver(ctx context.Context, out *call.Outgoing) (json.RawMessage, error) {
	out.Alone = out.Header != nil || out.Reply != nil || headerFrom(ctx) != nil
	return c.engine().Deliver(ctx, out)
}

var errNoParams = errors.New("params must be encoded as a JSON object or array: use a struct, a map or Positional")

// encodeParams returns params as JSON, nil for none.
func encodeParams(params any) ([]byte, error) {
	switch params.(type) {
	case nil, None, *None:
		return nil, nil
	}
	raw, err := codec.Marshal(params)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the params cannot be encoded: %w", err)
	case string(raw) == "null":
		return nil, nil
	case raw[0] != '{' && raw[0] != '[':
		return nil, errNoParams
	}
	return raw, nil
}

// decodeResult decodes what a call came back with. Unknown members are ignored, and so is a result that the caller
// takes to be None, so that a service may add what it did not say before.
func decodeResult(method string, raw json.RawMessage, into any) error {
	switch into.(type) {
	case nil, *None:
		return nil
	}
	if err := codec.Decode(raw, into); err != nil {
		return fmt.Errorf("%s: %w: the result does not fit: %w", method, ErrBadReply, err)
	}
	return nil
}
