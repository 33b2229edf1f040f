// Package call is the engine of a client: it takes calls to a service and brings their answers back. [Engine.Deliver] and
// [Engine.DeliverAll] are the way in. Behind them, in the order of a call:
//
//	coalesce    calls that are made at the same time go together (group commit)
//	batch       calls that go in one request, and which answer is whose
//	balance     which instance gets a request: power of two choices, outlier ejection
//	watch       the instances of a service, as a registry tells of them
//	hosts       which of them may be called
//	transport   one HTTP request
//	reply       what came back
//	retry       which calls are sent again, and when
//	limits      what the service says of itself
//
// The engine knows JSON-RPC and HTTP. The types of the API are above it: it meets them in [Hooks].
package call

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/lazyctx"
	"github.com/jacinth-rpc/jacinth/internal/redact"
	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// Config says which service an engine calls, and how. The fields are those of a jacinth.Client, which documents them.
type Config struct {
	URL     string
	Service string
	Watch   func(ctx context.Context, service string) iter.Seq2[[]Instance, error] // nil without a registry
	Hosts   []string

	Token       string
	TokenSource func(ctx context.Context) (string, error)
	TokenHeader string // in the canonical form of http.Header's keys

	Transport http.RoundTripper

	Timeout     time.Duration // 0 is 10s, -1 is none
	MaxResponse int           // 0 is 8 MiB, negative is no limit
	MaxBatch    int
	Coalesce    int
	NoRetry     bool

	Hooks
}

// Hooks are where the engine meets the API above it.
type Hooks struct {
	// Failure makes the error that a call fails with of one that the service answered with.
	Failure func(code int, message string, data json.RawMessage) error

	// Header adds the headers that a call in ctx carries beside those of the protocol.
	Header func(ctx context.Context, header http.Header)

	// Scope returns the request that a call in ctx is made for, nil for none, and WithScope puts it into a context.
	Scope     func(ctx context.Context) any
	WithScope func(ctx context.Context, scope any) context.Context
}

// Engine calls one service. It is safe for concurrent use, and must not be copied.
type Engine struct {
	config   Config
	standard bool  // its transport is net/http's own
	fixed    *peer // at the URL; nil for a Service
	hosts    hosts
	misuse   error // of the fields that say where the service is

	ids       atomic.Int64
	limits    limits
	budget    budget
	coalescer coalescer
	balancer  balancer
}

// New returns an engine. One whose config says wrongly where the service is fails each call with a sentence.
func New(config Config) *Engine {
	e := &Engine{config: config}
	_, e.standard = config.Transport.(*http.Transport)
	e.misuse = e.check()
	return e
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
func (e *Engine) check() (err error) {
	c := &e.config
	switch {
	case c.URL != "" && (c.Service != "" || c.Watch != nil):
		return errTwice
	case c.URL != "" && c.Hosts != nil:
		return errHostsOfURL
	case c.URL != "":
		target, err := newTarget(c.URL)
		if err == nil {
			e.fixed = &peer{url: c.URL, target: target}
		}
		return err
	case c.Service == "" && c.Watch == nil:
		return errNowhere
	case c.Service == "":
		return errNoService
	case c.Watch == nil:
		return errNoWatch
	}
	e.hosts, err = parseHosts(c.Hosts)
	return err
}

// Where names the service in errors and to middleware. Of its URL that is the host, since a key may be in the rest.
func (e *Engine) Where() string {
	if e.fixed == nil {
		return e.config.Service
	}
	return redact.Host(e.fixed.target.URL)
}

// Close ends the watch of the registry. The next call begins another one.
func (e *Engine) Close() { e.balancer.stop(nil) }

// Outgoing is one call on its way out.
type Outgoing struct {
	Name         string
	Params       []byte // JSON; nil for none
	Timeout      time.Duration
	Notification bool
	Harmless     bool // running it twice does no harm, as far as its caller knows; of no meaning in a notification
	Alone        bool // it has headers of its own, and shares no request with others

	Header http.Header  // sent with it beside others; nil for none
	Reply  *http.Header // set to the headers of the reply; may be nil

	tried []*peer
}

// exclude notes that the call failed at p, nil if it came to no instance, so that another one is tried next.
func (o *Outgoing) exclude(p *peer) {
	if p != nil {
		o.tried = append(o.tried, p)
	}
}

// sizeHint is about how many bytes the call has as JSON-RPC.
func (o *Outgoing) sizeHint() int { return 64 + len(o.Name) + len(o.Params) }

// appendTo appends the call as JSON-RPC.
func (o *Outgoing) appendTo(dst []byte, id int64) []byte {
	var text [20]byte
	var raw []byte
	if !o.Notification {
		raw = strconv.AppendInt(text[:0], id, 10)
	}
	dst = wire.AppendRequestHead(dst, o.Name, raw)
	if o.Params != nil {
		dst = append(dst, `,"params":`...)
		dst = append(dst, o.Params...)
	}
	return append(dst, '}')
}

// Deliver gives the call its deadline and tries it as often as it may be. It returns the raw result, nil for a
// notification.
func (e *Engine) Deliver(ctx context.Context, out *Outgoing) (json.RawMessage, error) {
	ctx, cancel := e.WithDeadline(ctx, out.Timeout)
	defer cancel()
	e.budget.earn(1)
	out.Harmless = out.Harmless || e.limits.isHarmless(out.Name)
	for attempt := 1; ; attempt++ {
		raw, failed := e.try(ctx, out)
		if failed == nil {
			return raw, nil
		}
		granted := 0
		if failed.mayRepeat(out) {
			out.exclude(failed.from)
			granted, failed = e.again(ctx, attempt, 1, failed)
		}
		if granted == 0 {
			return nil, fmt.Errorf("%s: %w", out.Name, failed.err)
		}
	}
}

// try sends the call once, alone or with others.
func (e *Engine) try(ctx context.Context, out *Outgoing) (json.RawMessage, *attemptError) {
	token, failed := e.token(ctx)
	switch {
	case failed != nil:
		return nil, failed
	case e.config.Coalesce > 0 && !out.Notification && !out.Alone:
		return e.coalescer.call(ctx, e, out, token)
	}
	return e.single(ctx, out, token)
}

// single sends the call in a request of its own.
func (e *Engine) single(ctx context.Context, out *Outgoing, token string) (json.RawMessage, *attemptError) {
	id := e.ids.Add(1)
	body := out.appendTo(make([]byte, 0, out.sizeHint()), id)
	got, failed := e.post(ctx, message{body: body, token: token, tried: out.tried, header: out.Header, reply: out.Reply})
	if failed != nil {
		return nil, failed
	}
	return got.one(id, out.Notification)
}

// unlimited is jacinth.Unlimited. Any other time below zero is over.
const unlimited = -1

// WithDeadline bounds ctx by the timeout of a call, and by that of the client if ctx is not bounded at all.
func (e *Engine) WithDeadline(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout == 0 {
		if _, ok := ctx.Deadline(); ok {
			return ctx, func() {}
		}
		if timeout = e.config.Timeout; timeout == 0 {
			timeout = 10 * time.Second
		}
	}
	if timeout == unlimited {
		return ctx, func() {}
	}
	if e.config.Coalesce == 0 {
		return context.WithTimeout(ctx, timeout)
	}
	lazy := &lazyctx.Context{Context: ctx, Until: time.Now().Add(timeout)}
	if before, ok := ctx.Deadline(); ok && before.Before(lazy.Until) {
		lazy.Until = before
	}
	return lazy, lazy.End
}

// maxResponse is how many bytes a reply may have.
func (e *Engine) maxResponse() int64 {
	switch limit := e.config.MaxResponse; {
	case limit == 0:
		return 8 << 20
	case limit < 0:
		return math.MaxInt64 - 1
	default:
		return int64(limit)
	}
}
