package call

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/redact"
	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// maxName is how long a member of a reply may be that is not looked at, in bytes.
const maxName = 128

// maxQuote is how much of a reply that is no JSON-RPC an error repeats, in bytes.
const maxQuote = 256

// maxSearched is how much of it is searched for secrets, far more than is repeated.
const maxSearched = 16 << 10

// reply is what came back for a message.
type reply struct {
	status   int
	body     []byte
	after    time.Duration                                              // Retry-After
	location string                                                     // where a redirect leads
	closing  bool                                                       // the service ends the connection
	target   *url.URL                                                   // where the request went, which errors keep to themselves
	token    string                                                     // that it carried, which they keep too
	makes    func(code int, message string, data json.RawMessage) error // the error of an answer: see Hooks
	from     *peer                                                      // nil without a registry
}

// receive reads the whole of a response, at most limit bytes.
func receive(ctx context.Context, response *http.Response, target *url.URL, token string, hooks *Hooks, limit int64) (reply, *attemptError) {
	got := reply{
		status:   response.StatusCode,
		after:    retryAfter(response.Header),
		location: response.Header.Get("Location"),
		closing:  response.Close,
		target:   target,
		token:    token,
		makes:    hooks.Failure,
	}
	if got.status == http.StatusSwitchingProtocols {
		return got, got.bad("another protocol") // its body is the connection, which no deadline ends
	}
	// The limit counts what comes out when net/http decompresses, so a small reply cannot become a large one.
	var err error
	got.body, err = readBody(response.Body, response.ContentLength, limit)
	switch {
	case int64(len(got.body)) > limit:
		return got, &attemptError{err: fmt.Errorf("%w: HTTP status %d, more than %d bytes", ErrBadReply, got.status, limit)}
	case err != nil:
		failed := lostOnTheWay(ctx, true, fmt.Errorf("the reply was cut off after %d bytes: %w", len(got.body), err))
		failed.after = got.after
		return got, failed
	}
	return got, nil
}

// readBody reads to the end, or past limit, of a body that is said to have size bytes, -1 if that is not known.
func readBody(from io.Reader, size, limit int64) ([]byte, error) {
	// A header alone gets no more memory than this; the rest comes with the bytes that it promises.
	const most = 64 << 10
	room := int64(512)
	if size >= 0 {
		room = min(size, most) + 1 // so that the end is seen without growing
	}
	body := make([]byte, 0, room)
	for {
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case err == io.EOF: // one that is wrapped is another error, with a cause
			return body, nil
		case err != nil || int64(len(body)) > limit:
			return body, err
		case len(body) == cap(body):
			body = slices.Grow(body, len(body))
		}
	}
}

// retryAfter reads the header of that name: seconds or a date (RFC 9110, section 10.2.3).
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if text == "" {
		return 0
	}
	// A number that is too large for any integer is a long time as well.
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, math.MaxInt32)) * time.Second
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(time.Until(date), 0)
}

// one reads the reply to a single call.
func (got reply) one(id int64, notification bool) (json.RawMessage, *attemptError) {
	if len(got.body) == 0 {
		return nil, got.nothing(notification)
	}
	var room [1]wire.Reply
	replies, batch, failed := got.replies(1, room[:0])
	switch {
	case failed != nil:
		return nil, failed
	case batch:
		return nil, got.bad("a batch of replies to one call")
	}
	return got.result(&replies[0], id, notification)
}

// nothing judges an empty reply.
func (got reply) nothing(expected bool) *attemptError {
	switch got.status {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent:
		if expected {
			return nil
		}
	}
	return got.bad("an empty body")
}

// isEmptyBatch reports whether the reply is [], as some services answer a batch of which nothing is to be answered.
func (got reply) isEmptyBatch() bool {
	inner, opened := bytes.CutPrefix(bytes.TrimSpace(got.body), []byte("["))
	inner, closed := bytes.CutSuffix(inner, []byte("]"))
	return opened && closed && len(bytes.TrimSpace(inner)) == 0
}

// replies reads the body of a reply. The limit of nesting is generous: what the service sends is its own affair.
func (got reply) replies(items int, into []wire.Reply) (replies []wire.Reply, batch bool, failed *attemptError) {
	limits := wire.Limits{Depth: 1000, Items: max(items, 1), Method: maxName, ID: 128}
	replies, batch, err := wire.ScanReplies(got.body, limits, into)
	if err != nil {
		return nil, batch, got.bad(err.Error())
	}
	return replies, batch, nil
}

// result reads one answer. An error without an id is the answer to the whole request, such as a refusal to read it.
func (got reply) result(answer *wire.Reply, id int64, notification bool) (json.RawMessage, *attemptError) {
	ours := isID(answer.ID.In(got.body), id)
	switch {
	case answer.Fault != wire.NoFault:
		return nil, got.bad(answer.Fault.String())
	case answer.Error.Kind != wire.Absent && (ours || isAnonymous(answer) || notification):
		return nil, got.answeredError(answer)
	case notification && got.status < 300:
		return nil, nil // some services answer notifications; that is no reason to call them failed
	case !ours:
		return nil, got.bad("the reply to another call")
	case got.status >= 300:
		return nil, got.bad("a result that the status denies")
	}
	return json.RawMessage(answer.Result.In(got.body)), nil
}

// isID compares the raw id of a reply with the one that was sent.
func isID(raw []byte, id int64) bool {
	var text [20]byte
	return string(raw) == string(strconv.AppendInt(text[:0], id, 10))
}

// isAnonymous reports whether an answer names no call.
func isAnonymous(answer *wire.Reply) bool {
	return answer.ID.Kind == wire.Null || answer.ID.Kind == wire.Absent
}

// The codes of errors that decide whether a call is sent again.
const (
	parseError       = -32700
	invalidRequest   = -32600
	unavailable      = -32000
	responseTooLarge = -32003
)

// hint is what the data of an error says to a client.
type hint struct {
	limit      int           // that the request passed; 0 if it does not say
	notRun     bool          // nothing was run, so that sending again is safe
	retryAfter time.Duration // to wait before that
}

// hintIn reads the data of an error. Each member counts by itself: one of another form says nothing, and takes nothing from
// the others.
func hintIn(data json.RawMessage) (said hint) {
	var members map[string]json.RawMessage
	if data == nil || codec.Decode(data, &members) != nil {
		return said
	}
	member := func(name string, into any) bool {
		raw, has := members[name]
		return has && codec.Decode(raw, into) == nil
	}
	var processed *bool
	if member("processed", &processed) {
		said.notRun = processed != nil && !*processed
	}
	var millis float64
	if member("retryAfterMs", &millis) {
		// What is longer than any service means is a long time as well.
		said.retryAfter = time.Duration(min(max(millis, 0), math.MaxInt32) * float64(time.Millisecond))
	}
	member("limit", &said.limit)
	return said
}

// answeredError reads the error of a reply.
func (got reply) answeredError(answer *wire.Reply) *attemptError {
	raw := answer.Error.In(got.body)
	code, text, data, ok := wire.ScanError(raw)
	if !ok {
		return got.bad("an error without a code and a message")
	}
	failed := &attemptError{remote: true, code: code, after: got.after, from: got.from}
	if data.Kind != wire.Absent && data.Kind != wire.Null {
		failed.data = slices.Clone(data.In(raw)) // an error that is kept does not keep the whole reply
	}
	message := redact.Message(string(wire.Unquote(nil, text.In(raw))), got.target, got.token)
	failed.err = got.makes(code, message, failed.data)
	if code != unavailable && !isTransient(got.status) {
		return failed
	}
	said := hintIn(failed.data)
	failed.after = max(failed.after, said.retryAfter)
	switch {
	case said.notRun:
		failed.repeat = always
	case isTransient(got.status):
		failed.repeat = ifHarmless
	}
	return failed
}

// bad describes a reply that is not JSON-RPC, and quotes its beginning.
func (got reply) bad(why string) *attemptError {
	if got.location != "" && got.status >= 300 && got.status < 400 {
		why = fmt.Sprintf("a redirect to %q, which is not followed: set Client.URL to where the service is", clip(redact.Location(got.location, got.target)))
	}
	// Servers repeat a path that they do not know, and some the headers. Keys are taken out before the text is cut, which could leave half of one.
	text := clip(redact.Within(string(got.body[:min(len(got.body), maxSearched)]), got.target, got.token))
	failed := &attemptError{
		err:    fmt.Errorf("%w: HTTP status %d, %s: %q", ErrBadReply, got.status, why, text),
		after:  got.after,
		from:   got.from,
		unread: got.status == http.StatusRequestEntityTooLarge, // says something on the way that knows no JSON-RPC
	}
	if isTransient(got.status) {
		failed.repeat = ifHarmless
	}
	return failed
}

// clip returns the beginning of text, at most maxQuote bytes of it and no broken characters.
func clip(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxQuote)], "\uFFFD")
}
