// Package conform checks whether a service over HTTP answers as the JSON-RPC 2.0 specification says. It needs nothing
// but the methods of the specification's own examples: subtract, sum, update, get_data, notify_hello and notify_sum.
//
// Each case names the sentence that it proves. What the specification demands of a server is told apart from what it
// recommends or leaves to be concluded, and both from what it does not speak of: HTTP.
package conform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Config says which service to check.
type Config struct {
	URL     string
	Header  http.Header        // sent with each request, for a token; may be nil
	Timeout time.Duration      // of each request; 5s
	Client  *http.Client       // nil is one that keeps to the limits of this package
	Watch   func(done, of int) // is told of the progress; may be nil
}

const (
	maxReply  = 1 << 20         // bytes that are read of one
	maxTime   = 2 * time.Minute // for all cases
	maxSilent = 3               // requests without an answer in a row, after which it is seen whether anybody is there
)

// ErrNoService says that nothing answered.
var ErrNoService = errors.New("nothing answers there as an HTTP server would")

// Run sends the requests of all cases, one after the other, and reports on the answers. What there is no time left for
// after two minutes, it skips. It fails if nothing answers at all, or if ctx ends.
func Run(ctx context.Context, config Config) (*Report, error) {
	c := &checker{Config: config, client: config.Client}
	if c.Timeout <= 0 {
		c.Timeout = 5 * time.Second
	}
	if c.client == nil {
		transport := &http.Transport{
			DisableCompression: true, MaxResponseHeaderBytes: 64 << 10, Proxy: http.ProxyFromEnvironment,
		}
		defer transport.CloseIdleConnections()
		c.client = &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return c.run(ctx)
}

// checker is a check under way.
type checker struct {
	Config

	client   *http.Client
	silent   int             // requests without an answer, in a row
	absent   map[string]bool // methods that the service does not have
	byName   bool            // subtract takes its params by name only
	badReply *Exchange       // the first reply that is no response at all, whatever was asked
	badWhy   string
}

// run runs all cases.
func (c *checker) run(ctx context.Context) (*Report, error) {
	limited, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	cases := Cases()
	if err := c.look(limited); err != nil {
		return nil, err
	}
	report := &Report{URL: c.URL}
	for i := range cases {
		report.Results = append(report.Results, c.check(limited, &cases[i]))
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("the check did not come to its end: %w", err)
		}
		if silent := c.silent; silent >= maxSilent && limited.Err() == nil && c.send(limited, &request{body: harmless}).err != nil {
			return nil, fmt.Errorf("%d requests in a row were not answered: %w", silent, ErrNoService)
		}
		if c.Watch != nil {
			c.Watch(i+1, len(cases))
		}
	}
	report.Results = append(report.Results, c.frame())
	report.count()
	return report, nil
}

// look finds out which of the methods the service has, and which way subtract takes its params.
func (c *checker) look(ctx context.Context) error {
	c.absent = make(map[string]bool)
	unknown := c.send(ctx, &request{body: harmless})
	got := unknown
	for _, method := range methods {
		if c.silent >= maxSilent {
			break
		}
		got = c.send(ctx, &request{body: method.probe})
		if code := got.errorCode(); code == methodNotFound || code != 0 && code == unknown.errorCode() {
			c.absent[method.name] = true
		}
	}
	if got.err != nil && unknown.err != nil {
		return fmt.Errorf("%w: %w", ErrNoService, got.err)
	}
	byPosition, byName := call("subtract", "[42,23]", "1"), call("subtract", operandsByName, "1")
	c.byName = result("1", "19")(c.send(ctx, &request{body: byPosition})) != "" &&
		result("1", "19")(c.send(ctx, &request{body: byName})) == ""
	return nil
}

// harmless is a request that no server has a reason not to answer.
var harmless = call("there_is_no_such_method", "", "1")

const operandsByName = `{"minuend":42,"subtrahend":23}`

// adapted puts the params of subtract into the form that the service takes, where they are not what the case is about.
func (c *checker) adapted(one *Case, body string) string {
	if !c.byName || one.Section == examplesSection || one.Section == paramsSection {
		return body
	}
	return strings.NewReplacer("[42,23]", operandsByName, "[23,42]", `{"minuend":23,"subtrahend":42}`).Replace(body)
}

// check runs one case.
func (c *checker) check(ctx context.Context, one *Case) Result {
	result := Result{Name: one.Name, Section: one.Section, Level: one.Level, Sentence: one.Sentence}
	for _, method := range one.needs {
		if c.absent[method] {
			result.Outcome, result.Why = Skipped, "the service has no method "+method
			return result
		}
	}
	if ctx.Err() != nil {
		result.Outcome, result.Why = Skipped, "there was no time left for it"
		return result
	}
	for i := range one.requests {
		asked := new(one.requests[i])
		asked.body = c.adapted(one, asked.body)
		got := c.send(ctx, asked)
		exchange := got.exchange(asked)
		var why string
		if got.err != nil {
			why = "there was no answer: " + reason(got.err)
		} else {
			why = asked.want(got)
		}
		result.Exchanges = append(result.Exchanges, exchange)
		if why != "" {
			result.Outcome, result.Why, result.Exchanges = Failed, why, []Exchange{exchange}
			return result
		}
	}
	result.Outcome = Passed
	return result
}

// frame is the case that all replies together make.
func (c *checker) frame() Result {
	result := Result{Name: frameCase.Name, Section: frameCase.Section, Level: frameCase.Level, Sentence: frameCase.Sentence}
	result.Outcome = Passed
	if c.badReply != nil {
		result.Outcome, result.Why, result.Exchanges = Failed, c.badWhy, []Exchange{*c.badReply}
	}
	return result
}

// send sends a request and reads the answer.
func (c *checker) send(ctx context.Context, asked *request) *reply {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	verb := asked.verb
	if verb == "" {
		verb = http.MethodPost
	}
	sent, err := http.NewRequestWithContext(ctx, verb, c.URL, bytes.NewReader([]byte(asked.body)))
	if err != nil {
		c.silent++
		return &reply{err: err}
	}
	for name, values := range c.Header {
		sent.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	if asked.kind != noType {
		sent.Header.Set("Content-Type", asked.contentType())
	}
	sent.Header.Set("Accept", "application/json")
	response, err := c.client.Do(sent)
	if err != nil {
		c.silent++
		return &reply{err: err}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReply+1))
	switch {
	case err != nil:
		c.silent++
		return &reply{err: err}
	case len(body) > maxReply:
		return &reply{err: fmt.Errorf("the answer is longer than %d bytes", maxReply)}
	}
	c.silent = 0
	got := newReply(response, body)
	if why := got.frameFault(); why != "" && c.badReply == nil && asked.verb == "" {
		exchange := got.exchange(asked)
		c.badReply, c.badWhy = &exchange, why
	}
	return got
}

// reason says in short why there was no answer.
func reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "it did not come in time"
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}
