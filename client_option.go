package jacinth

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// CallOption says something of one call of a [Client]. An option that means nothing for a call, such as a Timeout for one of
// a [Batch], makes it fail with a sentence before it is sent.
type CallOption interface{ applyToCall(c *callOptions) }

type callOption func(*callOptions)

func (o callOption) applyToCall(c *callOptions) { o(c) }

// callOptions are what the options of one call say.
type callOptions struct {
	readOnly, idempotent bool
	timeout              time.Duration // 0 if there is none
	header               http.Header
	reply                *http.Header
}

// SendHeader sends one more HTTP header with a call. It goes before those of [WithHeader] and of the Client, its token too
// where it has the same name. The call is not coalesced with others. It fails, before it is sent, with a header that HTTP cannot
// carry and with one that the protocol sets by itself, such as Content-Type.
func SendHeader(key, value string) CallOption {
	return callOption(func(c *callOptions) {
		if c.header == nil {
			c.header = http.Header{}
		}
		c.header.Set(key, value)
	})
}

// ReplyHeader sets what into points to, to the HTTP headers of the reply: of the last one if the call was repeated, and nil if
// none came. They are there once the call has returned, or once the [Pending] of [Name.Go] is done; until then nothing else may
// use what into points to. The call is not coalesced with others.
func ReplyHeader(into *http.Header) CallOption {
	return callOption(func(c *callOptions) {
		if c.reply = into; into != nil {
			*into = nil // however early the call fails
		}
	})
}

// replyHeader is where the headers of a reply go of a call that a middleware may send more than once, also at the same time,
// and may leave behind when it returns.
type replyHeader struct {
	mu   sync.Mutex
	into *http.Header // nil once the call has returned
}

func (r *replyHeader) set(header http.Header) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.into != nil {
		*r.into = header
	}
}

func (r *replyHeader) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.into = nil
}

var (
	errNilOption     = errors.New("an option of the call is nil")
	errBatchTimeout  = errors.New("a call of a batch has no Timeout of its own: the context of Send bounds them all")
	errBatchHeader   = errors.New("a call of a batch has no header of its own: give Send a context of WithHeader")
	errHeader        = errors.New("a header of the call is none that HTTP can carry: its name is a token, its value one line")
	errOwnHeader     = errors.New("a header of the call is one that the protocol sets by itself")
	errNotRepeatable = errors.New("a notification is never sent again: leave ReadOnly and Idempotent out")
)

// optionsOf reads the options of a call.
func optionsOf(options []CallOption) (callOptions, error) {
	var c callOptions
	for _, option := range options {
		if option == nil {
			return c, errNilOption
		}
		option.applyToCall(&c)
	}
	return c, checkHeader(c.header)
}

// checkHeader refuses headers that would not arrive.
func checkHeader(header http.Header) error {
	for name, values := range header {
		switch {
		case !headerName.MatchString(name) || strings.ContainsFunc(values[0], func(c rune) bool { return isControl(c) && c != '\t' }):
			return errHeader
		case slices.Contains(protocolHeaders, name):
			return errOwnHeader
		}
	}
	return nil
}

// protocolHeaders are those that each request has, whatever a caller says.
var protocolHeaders = []string{"Content-Type", "Accept", "Content-Length", "Transfer-Encoding", "Host", "Connection", timeoutHeader}

// forBatch refuses what means nothing for one call of several.
func (c *callOptions) forBatch() error {
	switch {
	case c.timeout != 0:
		return errBatchTimeout
	case c.header != nil, c.reply != nil:
		return errBatchHeader
	}
	return nil
}

// forNotification refuses what means nothing where there is no answer to wait for.
func (c *callOptions) forNotification() error {
	if c.readOnly || c.idempotent {
		return errNotRepeatable
	}
	return nil
}
