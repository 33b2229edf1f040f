package jacinth_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// TestHostile_keysInURLs holds that a key in the path or the query of a client's URL is in no text that the client makes,
// also where a server or a transport repeats the URL.
func TestHostile_keysInURLs(t *testing.T) {
	const key = "c0ffee5eed0123456789"
	repeated := func(text string) string { return strings.ReplaceAll(text, "KEY", key) }
	for _, target := range []string{
		"http://remote.test/v3/" + key, "http://remote.test/" + key + "/rpc", "http://remote.test/api?api-key=" + key,
		"http://remote.test/?" + key, "http://ada:" + key + "@remote.test/api", "http://" + key + "@remote.test/api",
	} {
		for _, test := range []struct {
			name   string
			answer func(http.ResponseWriter, *received)
			fails  error // what the transport fails with instead
		}{
			{name: "a page that repeats the path", answer: replying(404, repeated("<pre>Cannot POST /v3/KEY</pre>"))},
			{name: "a page that repeats it often", answer: replying(404, strings.Repeat(key, 400))},
			{name: "a redirect", answer: replying(308, "", "Location", repeated("/v3/KEY/"))},
			{name: "a redirect with a query", answer: replying(307, "", "Location", repeated("https://other.test/?token=KEY"))},
			{name: "no answer", answer: hangingUp},
			{name: "half an answer", answer: raw("HTTP/1.1 200 OK\nContent-Length: 50\n\n{")},
			{name: "a page that repeats the token", answer: replying(404, "X-Api-Token: jcn-4711-"+key)},
			{name: "a message that repeats the URL", answer: func(w http.ResponseWriter, _ *received) {
				_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":null,"error":{"code":5,"message":"at /v3/%s"}}`, key)
			}},
			{name: "a transport that tells the token", fails: errors.New("sent with jcn-4711-" + key)},
			{name: "no JSON-RPC", answer: replying(200, repeated(`{"path":"/v3/KEY"}`))},
			{name: "nobody there", fails: errors.New("connection refused")},
			{name: "a transport that tells", fails: fmt.Errorf("cannot reach %s", repeated("/v3/KEY"))},
			{name: "a client as a transport", fails: &url.Error{Op: "Post", URL: target, Err: io.ErrUnexpectedEOF}},
		} {
			t.Run(test.name+" of "+strings.ReplaceAll(target, key, "KEY"), func(t *testing.T) {
				remote, client := newRemote(t, test.answer)
				client.URL, client.Token, client.NoRetry = target, "jcn-4711-"+key, true
				if test.fails != nil {
					client.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, test.fails })
				}
				batch := client.Batch()
				pending := batch.Call("m", nil)
				sent := batch.Send(t.Context())
				_, one := pending.Result()
				texts := []string{
					fmt.Sprint(client.Call(t.Context(), "m", nil, nil)), fmt.Sprint(client.Notify(t.Context(), "m", nil)),
					fmt.Sprint(sent), fmt.Sprint(one), fmt.Sprint(client.Require(t.Context(), "m")), client.String(), fmt.Sprintf("%+v", client),
				}
				for _, text := range texts {
					if strings.Contains(text, key) || strings.Contains(text, "4711") || strings.Contains(text, key[:10]) || strings.Count(text, `Post "`) > 1 {
						t.Errorf("a client of %s says %s", target, text)
					}
				}
				if !strings.Contains(texts[0], "m: ") || test.fails == nil && remote.count() == 0 {
					t.Errorf("the call failed with %q after %d requests", texts[0], remote.count())
				}
			})
		}
	}
}

// TestClient_tellsTheHost holds that what fails is still found: an error of the network names the host and the port.
func TestClient_tellsTheHost(t *testing.T) {
	client := &jacinth.Client{URL: "http://remote.test:8000/v3/c0ffee5eed0123456789", NoRetry: true}
	client.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
	err := client.Call(t.Context(), "m", nil, nil)
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(fmt.Sprint(err), `Post "http://remote.test:8000": unexpected EOF`) {
		t.Errorf("the error is %v, want the host and the cause in it", err)
	}
}

// TestHostile_keysOfInstances holds that an instance of a registry that is not called is named by its host alone.
func TestHostile_keysOfInstances(t *testing.T) {
	const key = "c0ffee5eed0123456789"
	registry := new(board)
	registry.set(jacinth.Instance{ID: "1", Service: "billing", URL: "https://public.test/v3/" + key, Ready: true})
	client := &jacinth.Client{Service: "billing", Registry: registry, NoRetry: true}
	defer client.Close()
	err := client.Call(t.Context(), "m", nil, nil)
	if err == nil || strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "public.test") {
		t.Errorf("the error is %v, want the host in it and no key", err)
	}
}
