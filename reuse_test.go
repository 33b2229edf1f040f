package jacinth_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// letter has a field of every kind that a value of an earlier call could stay in.
type letter struct {
	Text    string            `json:"text,omitzero"`
	Number  int               `json:"number,omitzero"`
	Pointer *string           `json:"pointer"`
	List    []string          `json:"list,omitempty"`
	Map     map[string]string `json:"map,omitempty"`
	Inner   struct {
		Text string `json:"text,omitzero"`
	} `json:"inner,omitzero"`
	Any any `json:"any,omitzero"`
}

// TestDispatch_keepsNothingOfOtherRequests holds that what is reused from request to request, the frames of methods,
// the buffers and the scanned requests, brings nothing of one into the answer to another: callers who send a secret
// take turns, at the same time, with callers who send nothing, and those must see nothing.
func TestDispatch_keepsNothingOfOtherRequests(t *testing.T) {
	svc := jacinth.New(quiet("post"))
	jacinth.Public(svc, "letter", func(_ context.Context, l letter) (letter, error) { return l, nil })
	jacinth.Public(svc, "list", func(_ context.Context, l []string) ([]string, error) { return l, nil })
	jacinth.Public(svc, "map", func(_ context.Context, m map[string]string) (map[string]string, error) { return m, nil })
	secret := func(caller, turn int) (body, want string) {
		s := fmt.Sprintf(`"secret-%d-%d"`, caller, turn)
		l := fmt.Sprintf(`{"text":%[1]s,"number":77,"pointer":%[1]s,"list":[%[1]s,%[1]s],"map":{%[1]s:%[1]s},"inner":{"text":%[1]s},"any":%[1]s}`, s)
		body = fmt.Sprintf(`[{"jsonrpc":"2.0","id":%[1]s,"method":"letter","params":%[2]s},`+
			`{"jsonrpc":"2.0","id":1,"method":"list","params":[%[1]s,%[1]s]},{"jsonrpc":"2.0","id":2,"method":"map","params":{%[1]s:%[1]s}}]`, s, l)
		want = fmt.Sprintf(`[{"jsonrpc":"2.0","id":%[1]s,"result":%[2]s},{"jsonrpc":"2.0","id":1,"result":[%[1]s,%[1]s]},`+
			`{"jsonrpc":"2.0","id":2,"result":{%[1]s:%[1]s}}]`, s, l)
		return body, want
	}
	nothing := map[string]string{
		`{"jsonrpc":"2.0","id":1,"method":"letter"}`:                                `{"jsonrpc":"2.0","id":1,"result":{"pointer":null}}`,
		`{"jsonrpc":"2.0","id":1,"method":"list"}`:                                  `{"jsonrpc":"2.0","id":1,"result":[]}`,
		`{"jsonrpc":"2.0","id":1,"method":"map"}`:                                   `{"jsonrpc":"2.0","id":1,"result":{}}`,
		`{"jsonrpc":"2.0","method":"letter"}`:                                       ``,
		`[{"jsonrpc":"2.0","id":1,"method":"letter"},{"jsonrpc":"2.0","method":1}]`: ``, // only looked through
	}
	var group sync.WaitGroup
	for caller := range 4 {
		group.Go(func() {
			var reply []byte
			for turn := range 100 {
				body, want := secret(caller, turn)
				if reply = svc.Dispatch(t.Context(), jacinth.Peer{}, []byte(body), reply[:0]); string(reply) != want {
					t.Errorf("the answer to %s is\n%s, want\n%s", body, reply, want)
				}
				for body, want := range nothing {
					reply = svc.Dispatch(t.Context(), jacinth.Peer{}, []byte(body), reply[:0])
					if strings.Contains(string(reply), "secret") || strings.Contains(string(reply), "77") || want != "" && string(reply) != want {
						t.Errorf("the answer to %s is\n%s, want\n%s", body, reply, want)
					}
				}
			}
		})
	}
	group.Wait()
}

// TestDispatch_keepsNothingOfOtherRequests_whenLeft holds that a middleware which returns before the function of its
// method does, as one that sets a time may, does not have that function run with the params of another request.
func TestDispatch_keepsNothingOfOtherRequests_whenLeft(t *testing.T) {
	type params struct{ Sender string }
	svc := jacinth.New(quiet("left"))
	var left sync.WaitGroup
	svc.Use(func(next jacinth.Handler) jacinth.Handler {
		return func(ctx context.Context, req *jacinth.Request) (any, error) {
			left.Go(func() { _, _ = next(ctx, req) })
			return "left", nil
		}
	})
	jacinth.Public(svc, "send", func(ctx context.Context, p params) (string, error) {
		if sender := jacinth.RequestFrom(ctx).Address; p.Sender != sender {
			t.Errorf("the function got the params of %q for a request of %q", p.Sender, sender)
		}
		return "", nil
	})
	var group sync.WaitGroup
	for caller := range 4 {
		group.Go(func() {
			for turn := range 500 {
				sender := fmt.Sprintf("%d-%d", caller, turn)
				body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"send","params":[%q]}`, sender)
				const want = `{"jsonrpc":"2.0","id":1,"result":"left"}`
				if reply := svc.Dispatch(t.Context(), jacinth.Peer{Address: sender}, []byte(body), nil); string(reply) != want {
					t.Errorf("the reply is %s, want %s", reply, want)
				}
			}
		})
	}
	group.Wait()
	left.Wait()
}
