package jacinth

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// Handler runs one call whose params have been decoded already. A typed function becomes one at registration.
type Handler func(ctx context.Context, req *Request) (result any, err error)

// Middleware wraps the Handler of a method: to measure, trace, audit or refuse calls. It sees the calls that passed
// authorization and whose params are well, each item of a batch by itself, and must hand on the request it was given.
// It should wait for next: to set a time, give it a context with a deadline.
type Middleware func(next Handler) Handler

// Peer is what a binding knows of who sent a request. [Service.ServeHTTP] fills it from the HTTP request; a caller
// of [Service.Dispatch] fills it from what its own transport knows, with [Service.PeerFrom] where that has headers.
type Peer struct {
	Token    Token         // the API token that was sent; empty if none
	Address  string        // where the request came from, for logs
	Deadline time.Time     // when the sender stops waiting; zero if it did not say
	Header   http.Header   // what else was sent along, by canonical names; nil if the transport has no headers
	HTTP     *http.Request // nil when the request did not come over HTTP

	ambiguous bool // several different tokens were sent
}

// Caller is who a token stands for. Authorize may fill it in; the zero value is an unnamed caller.
type Caller struct {
	Name   string   // shown in logs
	Scopes []string // what the caller may do, in the terms of whoever authorized it
}

// Request is one call: a single request, or one item of a batch. It is valid until its handler returns.
type Request struct {
	Method *Method // as registered; not to be changed
	Peer
	Caller       Caller // set by Authorize; zero in public methods
	Notification bool   // nobody will see the result

	// Probe says that nobody calls the method: a description asks which methods its caller may call, and asks Authorize of
	// each private one. An authorizer that charges, audits, or holds something for the time of a call had better not.
	Probe bool

	id, params []byte
	call       *callContext // from when the params are decoded
	end        func()       // see AtEnd
	memo       *memo        // of the body; see Once
	body       uint64
}

// ID returns a copy of the request's id as it was sent, nil for a notification.
func (r *Request) ID() json.RawMessage { return slices.Clone(r.id) }

// Params returns a copy of the params as they were sent, nil if there were none.
func (r *Request) Params() json.RawMessage { return slices.Clone(r.params) }

// AtEnd lets Config.Authorize take something for the time of a call, such as a slot, and give it back: release runs
// once, when the call is over, however it ends. That is before its reply is sent, and for an item of a batch when that
// item is over. What was added last runs first.
func (r *Request) AtEnd(release func()) {
	if before := r.end; before != nil {
		r.end = func() {
			defer before()
			release()
		}
		return
	}
	r.end = release
}

// finish runs what AtEnd was given.
func (r *Request) finish() {
	if r.end != nil {
		r.end()
	}
}

type requestKey struct{}

// RequestFrom returns the request that ctx belongs to, nil outside a call.
func RequestFrom(ctx context.Context) *Request {
	request, _ := ctx.Value(requestKey{}).(*Request)
	return request
}

// CallerFrom returns who calls: what Config.Authorize made of the token. It is the zero Caller in public methods and
// outside a call.
func CallerFrom(ctx context.Context) Caller {
	if request := RequestFrom(ctx); request != nil {
		return request.Caller
	}
	return Caller{}
}

// notNil panics if one of the middlewares is nil, which would otherwise be found out at the first request.
func notNil(middleware []Middleware) []Middleware {
	for _, m := range middleware {
		if m == nil {
			panic("jacinth: Use was given a middleware that is nil")
		}
	}
	return middleware
}

// chain wraps handler so that the first middleware of the list is the outermost.
func chain(handler Handler, middleware []Middleware) Handler {
	for _, wrap := range slices.Backward(middleware) {
		handler = wrap(handler)
	}
	return handler
}
