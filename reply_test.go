package jacinth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/codec"
)

// answered is what a service sent back over HTTP.
type answered struct {
	status int
	header http.Header
	body   []byte
}

// callHTTP posts body to the endpoint of svc with the headers, names and values in turn. It works in the goroutine of
// its caller, without a network.
func callHTTP(svc *jacinth.Service, body string, header ...string) answered {
	request := httptest.NewRequest(http.MethodPost, svc.Endpoint(), strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	for pair := range slices.Chunk(header, 2) {
		request.Header.Add(pair[0], pair[1])
	}
	return serveHTTP(svc, request)
}

// serveHTTP has svc answer request.
func serveHTTP(svc http.Handler, request *http.Request) answered {
	recorder := httptest.NewRecorder()
	svc.ServeHTTP(recorder, request)
	return answered{status: recorder.Code, header: recorder.Header(), body: recorder.Body.Bytes()}
}

// reply is one JSON-RPC response.
type reply struct {
	ID     json.RawMessage
	Result json.RawMessage // nil in a failure
	Error  *replyError     // nil in a success
}

type replyError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// code is that of the failure, 0 for a success.
func (r reply) code() int {
	if r.Error == nil {
		return 0
	}
	return r.Error.Code
}

// parseReplies reads the body of an answer, and holds it to the specification: section 5 for a response, section 6 for
// a batch of them. A single response comes back as a list of one; nothing at all, as an empty list.
func parseReplies(body []byte) (replies []reply, isBatch bool, err error) {
	if len(body) == 0 {
		return nil, false, nil
	}
	if !codec.Valid(body) {
		return nil, false, fmt.Errorf("not JSON, or with a member twice: %q", clip(body))
	}
	if body[0] != '[' {
		one, err := parseReply(body)
		return []reply{one}, false, err
	}
	var items []json.RawMessage
	if err := json.Unmarshal(body, &items); err != nil {
		return nil, true, err
	}
	if len(items) == 0 {
		return nil, true, errors.New("a batch without responses")
	}
	for _, item := range items {
		one, err := parseReply(item)
		if err != nil {
			return nil, true, err
		}
		replies = append(replies, one)
	}
	return replies, true, nil
}

func parseReply(text []byte) (reply, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return reply{}, fmt.Errorf("not an object: %q", clip(text))
	}
	r := reply{ID: members["id"], Result: members["result"]}
	switch {
	case string(members["jsonrpc"]) != `"2.0"`:
		return r, fmt.Errorf("not of version 2.0: %q", clip(text))
	case r.ID == nil:
		return r, fmt.Errorf("without an id: %q", clip(text))
	case len(members) != 3:
		return r, fmt.Errorf("not exactly one of result and error, or with something else: %q", clip(text))
	}
	if r.Result != nil {
		return r, nil
	}
	if members["error"] == nil {
		return r, fmt.Errorf("without result and error: %q", clip(text))
	}
	decoder := json.NewDecoder(bytes.NewReader(members["error"]))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r.Error); err != nil || r.Error == nil {
		return r, fmt.Errorf("with an error that is none: %q", clip(text))
	}
	if r.Error.Code == 0 || r.Error.Message == "" {
		return r, fmt.Errorf("with an error without code or message: %q", clip(text))
	}
	return r, nil
}

// mustReplies is parseReplies for a test that cannot go on without.
func mustReplies(tb testing.TB, body []byte) []reply {
	tb.Helper()
	replies, _, err := parseReplies(body)
	if err != nil {
		tb.Fatalf("the reply is %v", err)
	}
	return replies
}

// mustReply is the one response in body.
func mustReply(tb testing.TB, body []byte) reply {
	tb.Helper()
	replies := mustReplies(tb, body)
	if len(replies) != 1 {
		tb.Fatalf("the reply %q holds %d responses, want 1", clip(body), len(replies))
	}
	return replies[0]
}

// clip keeps a message of a test readable.
func clip(text []byte) []byte {
	const most = 300
	if len(text) <= most {
		return text
	}
	return append(slices.Clone(text[:most]), "…"...)
}
