package jacinth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// clientOf returns a client of a service that answers everything with the same bytes.
func clientOf(status int, body []byte, header http.Header) *jacinth.Client {
	answer := func(request *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, request.Body)
		return &http.Response{
			StatusCode: status, Header: header, Request: request, ContentLength: -1, Body: io.NopCloser(bytes.NewReader(body)),
		}, nil
	}
	return &jacinth.Client{
		URL: "http://remote.test/api", Transport: roundTripper(answer), NoRetry: true, MaxResponse: 4 << 10,
	}
}

// FuzzClientReply holds that whatever a service answers, a call ends, once, with a result that is an answer to it or
// with an error that says in few words what is wrong.
func FuzzClientReply(f *testing.F) {
	for _, seed := range []string{
		``, ` `, `null`, `[]`, `[null]`, `{}`, `5`, `"text"`, `<html>`,
		`{"jsonrpc":"2.0","id":1,"result":7}`,
		`{"jsonrpc":"2.0","id":1,"result":7,"error":null}`,
		`{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":7,"message":"m","data":{"processed":false}}}`,
		`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"m","data":{"limit":2}}}`,
		`{"jsonrpc":"2.0","id":"1","result":7}`,
		`{"jsonrpc":"2.0","id":1.0,"result":7}`,
		`{"jsonrpc":"2.0","id":1,"result":7,"result":8}`,
		`{"jsonrpc":"2.0","\u0069d":1,"result":[{}]} `,
		`[{"jsonrpc":"2.0","id":3,"result":{"a":"b"}},{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}},{"jsonrpc":"2.0","id":2,"result":null}]`,
		`[{"jsonrpc":"2.0","id":1,"result":1},{"jsonrpc":"2.0","id":1,"result":2}]`,
		`[{"jsonrpc":"2.0","id":1,"result":1},{"jsonrpc":"2.0","id":4,"result":2}]`,
		`[{"jsonrpc":"2.0","id":1,"result":1},{"jsonrpc":"2.0","result":2},5]`,
	} {
		f.Add(200, []byte(seed), "")
	}
	f.Add(503, []byte(`{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"m"}}`), "5")
	f.Add(307, []byte(nil), "https://elsewhere.test/")
	f.Fuzz(func(t *testing.T, status int, body []byte, header string) {
		if status < 200 || status > 999 {
			return // net/http answers those itself
		}
		headers := http.Header{"Retry-After": {header}, "Location": {header}}
		var result json.RawMessage
		err := clientOf(status, body, headers).Call(t.Context(), "m", nil, &result)
		checkFuzzed(t, status, body, 1, result, err)

		batch := clientOf(status, body, headers).Batch()
		var pending []*jacinth.Pending[json.RawMessage]
		for range 3 {
			pending = append(pending, batch.Call("m", nil))
		}
		sent := batch.Send(t.Context())
		for i, p := range pending {
			select {
			case <-p.Done():
			default:
				t.Fatalf("call %d of a batch is not settled", i)
			}
			result, err := p.Result()
			checkFuzzed(t, status, body, i+1, result, err)
			if _, answered := errors.AsType[*jacinth.Error](err); sent == nil && err != nil && !answered {
				t.Errorf("call %d of a batch was not answered (%v), and Send does not say so", i, err)
			}
		}
		notified := clientOf(status, body, headers).Notify(t.Context(), "m", nil)
		if notified == nil && status >= 300 {
			t.Errorf("a notification that was answered with %d has no error", status)
		}
	})
}

// checkFuzzed holds what one call may make of a body.
func checkFuzzed(t *testing.T, status int, body []byte, id int, result json.RawMessage, err error) {
	t.Helper()
	if err != nil {
		_, failed := errors.AsType[*jacinth.Error](err)
		if !failed && !errors.Is(err, jacinth.ErrBadReply) && !errors.Is(err, jacinth.ErrNoReply) {
			t.Errorf("the error is of no kind: %v", err)
		}
		if !failed && len(err.Error()) > 2500 {
			t.Errorf("the error has %d bytes", len(err.Error()))
		}
		if result != nil {
			t.Errorf("there is a result %s beside the error %v", result, err)
		}
		return
	}
	var items []json.RawMessage
	if json.Unmarshal(body, &items) != nil {
		items = []json.RawMessage{body}
	}
	for _, item := range items {
		var reply map[string]json.RawMessage
		if json.Unmarshal(item, &reply) != nil || string(reply["id"]) != fmt.Sprint(id) {
			continue
		}
		var want, got any
		_ = json.Unmarshal(reply["result"], &want)
		_ = json.Unmarshal(result, &got)
		if fmt.Sprint(want) != fmt.Sprint(got) || string(reply["jsonrpc"]) == "" || status >= 300 {
			t.Errorf("%d %q has the result %s", status, body, result)
		}
		return
	}
	t.Errorf("%q has no result for %d, and the call has %s", body, id, result)
}
