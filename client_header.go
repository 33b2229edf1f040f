package jacinth

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// ownHeader is a value of a context: the headers that calls in it carry.
type ownHeader struct {
	header http.Header
	of     *Request // the call in whose handler they were set
}

type headerKey struct{}

// WithHeader returns a context whose calls carry one more HTTP header. It goes before the headers of the Client, and
// before its token where it has the same name. Calls with headers of their own are not coalesced with others. For a single
// call there is [SendHeader].
func WithHeader(ctx context.Context, key, value string) context.Context {
	header := headerFrom(ctx).Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set(key, value)
	return context.WithValue(ctx, headerKey{}, ownHeader{header, RequestFrom(ctx)})
}

// headerFrom returns the headers that were set in ctx. What was set outside of the call that ctx belongs to does not
// count: a call that is dispatched in the same process passes on no more than one that comes over a network.
func headerFrom(ctx context.Context) http.Header {
	own, _ := ctx.Value(headerKey{}).(ownHeader)
	if own.of != RequestFrom(ctx) {
		return nil
	}
	return own.header
}

// addHeader adds the headers of a call beside those of the protocol and of SendHeader: what is said of the calls in a context
// goes before what is said of all.
func (c *Client) addHeader(ctx context.Context, header http.Header) {
	propagate(ctx, header)
	for _, more := range []http.Header{c.Header, headerFrom(ctx)} {
		for key, values := range more {
			header[http.CanonicalHeaderKey(key)] = slices.Clip(values)
		}
	}
}

// propagate passes the trace of the request that ctx works for on to the next service, and nothing else of it.
// https://www.w3.org/TR/trace-context/
func propagate(ctx context.Context, header http.Header) {
	incoming := RequestFrom(ctx)
	if incoming == nil {
		return
	}
	parent := incoming.Header["Traceparent"]
	if len(parent) != 1 || !isTraceParent(parent[0]) {
		return // and a state without a parent means nothing (section 3.3)
	}
	header["Traceparent"] = parent
	const most = 512 // what everybody has to pass on (section 3.3.1.5)
	state := strings.Join(incoming.Header["Tracestate"], ",")
	if state != "" && len(state) <= most {
		header["Tracestate"] = []string{state}
	}
}

// isTraceParent reports whether text is version, trace, parent and flags of a trace context, which a later version
// may follow with more (section 3.2).
func isTraceParent(text string) bool {
	const (
		pattern = "00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx"
		most    = 128
	)
	if len(text) < len(pattern) || len(text) > most {
		return false
	}
	for i, want := range []byte(pattern) {
		c := text[i]
		isHex := '0' <= c && c <= '9' || 'a' <= c && c <= 'f'
		if (c == '-') != (want == '-') || c != '-' && !isHex {
			return false
		}
	}
	rest := text[len(pattern):]
	switch {
	case text[:2] == "ff", strings.Trim(text[3:35], "0") == "", strings.Trim(text[36:52], "0") == "":
		return false
	case text[:2] == "00":
		return rest == ""
	}
	return rest == "" || rest[0] == '-' && !strings.ContainsFunc(rest, func(r rune) bool { return r <= ' ' || r > '~' })
}
