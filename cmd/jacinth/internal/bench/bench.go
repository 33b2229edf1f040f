// Package bench calls one method of a service over and over and says how long the answers took.
//
// The load is bounded in connections, time, calls and bytes, and ends by itself. Where a rate is wanted, calls are due
// at fixed times, whether or not the service keeps up, and the time that a call waits for a free connection counts as
// part of its latency; otherwise a service that stalls would be asked less just then, and look better than it is.
package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/netname"
)

// What no benchmark exceeds.
const (
	MaxConnections = 1024
	MaxDuration    = 10 * time.Minute
	MaxRequests    = 50_000_000
	MaxRate        = 1_000_000 // requests a second
	MaxBatch       = 10_000
	maxReply       = 64 << 20 // bytes
)

// Config says what to send, and how much of it. URL and Method are required.
type Config struct {
	URL    string
	Method string
	Params json.RawMessage // nil for none
	Header http.Header     // sent with each request: a token, for example

	Connections int           // each with one request at a time; 10
	Duration    time.Duration // of what is measured; 10s
	Requests    int           // at most; 0 for as many as there is time for
	Rate        float64       // requests a second; 0 for as many as get answered
	WarmUp      time.Duration // of the same load before, which is not measured
	Batch       int           // calls in a request; 0 sends single calls
	Timeout     time.Duration // of a request; 10s

	// Anywhere allows a target that is not this machine.
	Anywhere bool
	// Transport sends the requests; nil is one with Connections connections to the target.
	Transport http.RoundTripper
	// Progress is told, from time to time, how much of the work is done, from 0 to 1. It may be nil.
	Progress func(done float64)
}

// ErrNotLoopback says that a target is not this machine.
var ErrNotLoopback = errors.New("the target is not this machine, and load can hurt others")

// Check fills in the defaults and says what is wrong with the rest.
func (c *Config) Check() error {
	c.Connections = defaulted(c.Connections, 10)
	c.Duration = defaulted(c.Duration, 10*time.Second)
	c.Timeout = defaulted(c.Timeout, 10*time.Second)
	target, err := url.Parse(c.URL)
	switch {
	case err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https":
		return fmt.Errorf("%q is no URL of a service: it begins with http:// or https://", c.URL)
	case c.Method == "":
		return errors.New("there is no method to call")
	case c.Params != nil && !isParams(c.Params):
		return errors.New("the params are no JSON object or array")
	case c.Connections < 1 || c.Connections > MaxConnections:
		return fmt.Errorf("%d connections cannot be: it is 1 to %d", c.Connections, MaxConnections)
	case c.Duration < 0 || c.WarmUp < 0 || c.Duration+c.WarmUp > MaxDuration:
		return fmt.Errorf("%s cannot be: with its warm-up, a benchmark takes %s at most", c.Duration+c.WarmUp, MaxDuration)
	case c.Requests < 0 || c.Requests > MaxRequests:
		return fmt.Errorf("%d requests cannot be: it is %d at most", c.Requests, MaxRequests)
	case c.Rate < 0 || c.Rate > MaxRate || c.Rate != c.Rate:
		return fmt.Errorf("%v requests a second cannot be: it is %d at most", c.Rate, MaxRate)
	case c.Batch < 0 || c.Batch > MaxBatch:
		return fmt.Errorf("a batch of %d cannot be: it is %d at most", c.Batch, MaxBatch)
	case c.Timeout < 0:
		return errors.New("the timeout of a request is below zero")
	}
	if !c.Anywhere && !netname.IsLoopback(target.Hostname()) {
		return fmt.Errorf("%s: %w", target.Host, ErrNotLoopback)
	}
	return nil
}

func defaulted[T int | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}

func isParams(raw json.RawMessage) bool {
	text := strings.TrimSpace(string(raw))
	return json.Valid(raw) && (text[0] == '{' || text[0] == '[')
}

// transport returns one that keeps the connections of c. Unless c allows it, it connects to this machine only,
// whatever names resolve to.
func (c *Config) transport() http.RoundTripper {
	if c.Transport != nil {
		return c.Transport
	}
	dialer := &net.Dialer{Timeout: c.Timeout}
	if !c.Anywhere {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			if !netname.IsLoopback(address) {
				return fmt.Errorf("%s: %w", address, ErrNotLoopback)
			}
			return nil
		}
	}
	return &http.Transport{ // no proxy: it would be what is measured
		DialContext:            dialer.DialContext,
		MaxConnsPerHost:        c.Connections,
		MaxIdleConnsPerHost:    c.Connections,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
		TLSHandshakeTimeout:    c.Timeout,
	}
}

// Run makes the load and reports on it. When ctx ends early, it reports on what was done until then. It fails only if
// the configuration is wrong.
func Run(ctx context.Context, c Config) (*Report, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	l := newLoad(c)
	l.run(ctx)
	return l.report(ctx.Err() != nil), nil
}
