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
// A call in a context without a deadline has 10 seconds. The service is told how long its caller still waits, and a
// handler that calls on with its own context passes on what is left. A handler's trace context goes along too;
// nothing else of an incoming request does, its token least of all.
//
// A Client is safe for concurrent use and must not be copied or changed after its first call. Make one for each
// service and keep it: its retry budget and what it learns of the service live in it.
//
// A service that runs in many places is called by its name instead of a URL:
//
//	billing := &jacinth.Client{Service: "billing", Registry: registry}
//
// Each call, and each batch, goes to one instance, the less busy one of two at random; a retry goes to another one. An
// instance that fails five times in a row before an answer comes gets no calls for 30 seconds, for 60 when that happens
// again, and so on up to 300; then one call tries whether it is back. If more than half fail, each is tried every
// second, and if all do, all are called. Instances that are not ready are called only if none is. While the registry is
// out of reach, the instances are those that it last knew, and that there is none is believed after 10 seconds. The
// first call waits for the registry, and a call when there is no instance fails with ErrNotSent.
type Client struct {
	URL string // of the endpoint, such as http://127.0.0.1:8000/api; empty for one with a Service

	// Service is the name that instances are looked up by in the Registry, or a pattern such as workers.* for those of
	// several services that have the same methods. The first call begins to watch the registry; that ends with Close,
	// or by itself after 5 minutes without a call, and begins again with the next.
	Service  string
	Registry Registry

	// Hosts are the hosts that instances may have, so that nobody who can write to the registry gets the tokens and
	// the params of callers: names (billing.example.com), names in a domain (*.example.com), addresses (10.0.0.7),
	// networks (10.0.0.0/8), or * for all. Without any, localhost and the loopback and private addresses are admitted,
	// and no names. An entry admits other hosts than those over https alone, unless http:// stands before it. An
	// instance with a host that is not admitted is left out, which slog.Default is told, or the caller if there is no
	// other instance.
	Hosts []string

	// Token is the API token, and TokenHeader the header that carries it, X-Api-Token if empty. TokenSource is asked
	// instead of Token for each call or batch, and again when one is repeated, so that tokens can rotate; it must be
	// safe for concurrent use. No token, no header.
	Token       string
	TokenSource func(ctx context.Context) (string, error)
	TokenHeader string

	Header http.Header // sent with every request; see WithHeader for one call

	// Transport sends the requests; nil is one that all Clients share, with HTTP/1.1 and, over TLS, HTTP/2. For one with
	// another certificate, proxy or dialer, change what [NewTransport] returns. Redirects are never followed: they would carry
	// the token to whatever host they lead to.
	Transport http.RoundTripper

	// Middleware goes around every call and notification that is not part of a Batch; the first is the outermost. It
	// is outside of the retries and of the deadline of Timeout. The result it sees is a json.RawMessage, and the
	// Request that it hands on has the method with the options of the call, and the params.
	Middleware []Middleware

	Timeout     time.Duration // of calls whose context has no deadline; 10s, Unlimited for none
	MaxResponse int           // bytes of a reply, decompressed; 8 MiB, Unlimited for no limit

	// MaxBatch is how many calls go into one batch: those of a larger Batch go in parts. 0 is what the service says that
	// it takes, and 100 where it does not say; set it for a service that takes fewer and does not say so.
	MaxBatch int

	// Coalesce sends calls that are made at the same time together: that many requests are under way at once, and
	// further calls wait until one is answered and then go as one batch. A lone call never waits. 0 is off; 2 is a good
	// number, and 4 where some calls take much longer than others: the fewer requests are under way, the more calls go
	// with each, and the longer a slow one holds up the others.
	//
	// It is for a service that takes batches, and for methods that are quick and say little: the calls of a batch are
	// answered together, when the slowest of them is done, and within one limit for the size of a reply. When results
	// suddenly grow, a call may fail as ResponseTooLarge beside others, unless it is ReadOnly or Idempotent: then it is
	// run once more, by itself. Fewer calls go together from then on.
	//
	// Calls with a WithHeader, notifications and batches go by themselves. Calls with different tokens do not go
	// together. Calls that do are in a context without the values of theirs, as far as the transport of HTTP looks for
	// any.
	Coalesce int

	// NoRetry turns retries off. Otherwise a call is tried up to three times, if it provably was not run, or if it is
	// ReadOnly or Idempotent and got no answer; never a notification, never past the deadline, never before the
	// service wants it (Retry-After), and all in all no more often than one in five calls and ten a second.
	NoRetry bool

	once   sync.Once
	called *call.Engine // made of the fields above at the first call
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
	c.once.Do(func() { c.called = call.New(c.config()) })
	return c.called
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
			Alone:   func(ctx context.Context) bool { return headerFrom(ctx) != nil },
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
func (c *Client) Close() { c.engine().Close() }

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
		Harmless: said.readOnly || said.idempotent || c.engine().IsHarmless(method),
	}}
	if len(c.Middleware) > 0 {
		out.method = &Method{Name: method, ReadOnly: said.readOnly, Idempotent: said.idempotent, Timeout: said.timeout}
	}
	return out, nil
}

// call takes one call through the middleware and returns its raw result, nil for a notification.
func (c *Client) call(ctx context.Context, out *outgoing) (json.RawMessage, error) {
	if len(c.Middleware) == 0 {
		return c.engine().Deliver(ctx, &out.Outgoing)
	}
	request := &Request{Method: out.method, Notification: out.Notification, params: out.Params}
	request.Address = c.engine().Where()
	send := func(ctx context.Context, _ *Request) (any, error) {
		own := out.Outgoing // a middleware may send the call twice, also at the same time
		return c.engine().Deliver(ctx, &own)
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
