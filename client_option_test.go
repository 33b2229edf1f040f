package jacinth_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// TestCallOption_thatMeansNothing holds that an option is refused where it would do nothing, before anything is sent.
func TestCallOption_thatMeansNothing(t *testing.T) {
	var header http.Header
	remote, client := newRemote(t, ok)
	inBatch := func(option jacinth.CallOption) error {
		batch := client.Batch()
		pending := batch.Call("m", nil, option)
		sent := batch.Send(t.Context())
		_, err := pending.Result()
		if !errors.Is(sent, jacinth.ErrNotSent) {
			t.Errorf("Send = %v, want %v", sent, jacinth.ErrNotSent)
		}
		return err
	}
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"a notification that is idempotent", client.Notify(t.Context(), "m", nil, jacinth.Idempotent()), "leave ReadOnly and Idempotent out"},
		{"a notification that is read-only", client.Notify(t.Context(), "m", nil, jacinth.ReadOnly()), "leave ReadOnly and Idempotent out"},
		{"a timeout in a batch", inBatch(jacinth.Timeout(time.Second)), "the context of Send"},
		{"a header in a batch", inBatch(jacinth.SendHeader("A", "b")), "a context of WithHeader"},
		{"the header of a reply in a batch", inBatch(jacinth.ReplyHeader(&header)), "a context of WithHeader"},
		{"nil", client.Call(t.Context(), "m", nil, nil, nil), "an option of the call is nil"},
		{"a header of the protocol", client.Call(t.Context(), "m", nil, nil, jacinth.SendHeader("content-type", "text/plain")), "sets by itself"},
		{"the time of the protocol", client.Notify(t.Context(), "m", nil, jacinth.SendHeader("Jacinth-Timeout-Ms", "1")), "sets by itself"},
		{"a header of two lines", client.Call(t.Context(), "m", nil, nil, jacinth.SendHeader("A", "b\r\nC: d")), "that HTTP can carry"},
		{"a name with a space", client.Call(t.Context(), "m", nil, nil, jacinth.SendHeader("A b", "c")), "that HTTP can carry"},
		{"no name", client.Call(t.Context(), "m", nil, nil, jacinth.SendHeader("", "c")), "that HTTP can carry"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !errors.Is(test.err, jacinth.ErrNotSent) || !strings.Contains(test.err.Error(), "m: ") || !strings.Contains(test.err.Error(), test.want) {
				t.Errorf("the error is %v, want %v with %q", test.err, jacinth.ErrNotSent, test.want)
			}
		})
	}
	if n := remote.count(); n != 0 {
		t.Errorf("%d requests were sent, want none", n)
	}
}

func TestSendHeader(t *testing.T) {
	remote, client := newRemote(t, ok)
	client.Header, client.Coalesce = http.Header{"X-Of-All": {"a"}, "X-Own": {"a"}}, 2
	ctx := jacinth.WithHeader(t.Context(), "X-Of-Context", "b")
	ctx = jacinth.WithHeader(ctx, "X-Own", "b")
	if err := client.Call(ctx, "m", nil, nil, jacinth.SendHeader("x-own", "c"), jacinth.SendHeader("X-More", "d")); err != nil {
		t.Fatal(err)
	}
	if err := client.Notify(t.Context(), "m", nil, jacinth.SendHeader("X-Own", "e")); err != nil {
		t.Fatal(err)
	}
	if err := client.Call(t.Context(), "m", nil, nil); err != nil {
		t.Fatal(err)
	}
	for i, want := range []map[string]string{
		{"X-Of-All": "a", "X-Of-Context": "b", "X-Own": "c", "X-More": "d", "Content-Type": "application/json"},
		{"X-Own": "e", "X-More": ""},
		{"X-Own": "a", "X-More": "", "X-Of-Context": ""},
	} {
		for name, value := range want {
			if got := remote.received()[i].header.Get(name); got != value {
				t.Errorf("request %d has %s: %q, want %q", i+1, name, got, value)
			}
		}
	}
}

func TestReplyHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := newRemote(t, inTurn(replying(200, okReply, "X-Cost", "7"), busy("0"), ok, hangingUp))
		var header http.Header
		call := func() error {
			return client.Call(t.Context(), "m", nil, nil, jacinth.ReplyHeader(&header))
		}
		if err := call(); err != nil || header.Get("X-Cost") != "7" {
			t.Errorf("the first call = %v with the headers %v, want X-Cost", err, header)
		}
		if err := call(); err != nil || header == nil || header.Get("Retry-After") != "" || header.Get("X-Cost") != "" {
			t.Errorf("a call that was repeated = %v with the headers %v, want those of the last reply", err, header)
		}
		if err := call(); !errors.Is(err, jacinth.ErrNoReply) || header != nil {
			t.Errorf("a call without an answer = %v with the headers %v, want none", err, header)
		}
	})
}

// TestReplyHeader_noneCame holds that nothing of an earlier call is left where no reply came.
func TestReplyHeader_noneCame(t *testing.T) {
	_, client := newRemote(t, ok)
	client.TokenSource = func(context.Context) (string, error) { return "", errors.New("no token") }
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func(option jacinth.CallOption) error{
		"no token":        func(option jacinth.CallOption) error { return client.Call(t.Context(), "m", nil, nil, option) },
		"a context over":  func(option jacinth.CallOption) error { return client.Call(over, "m", nil, nil, option) },
		"params refused":  func(option jacinth.CallOption) error { return client.Call(t.Context(), "m", 1, nil, option) },
		"options refused": func(option jacinth.CallOption) error { return client.Call(t.Context(), "m", nil, nil, option, nil) },
	} {
		header := http.Header{"X-Cost": {"7"}}
		if err := call(jacinth.ReplyHeader(&header)); !errors.Is(err, jacinth.ErrNotSent) || header != nil {
			t.Errorf("%s: the call = %v with the headers %v, want none", name, err, header)
		}
	}
	client = &jacinth.Client{URL: client.URL, Transport: client.Transport}
	if err := client.Call(t.Context(), "m", nil, nil, jacinth.ReplyHeader(nil)); err != nil {
		t.Errorf("a call that leaves the headers out = %v", err)
	}
}

// TestReplyHeader_middleware holds that a middleware may send a call as often as it likes, at the same time, and go on with one
// after it has returned: the caller has the headers of the last reply before that.
func TestReplyHeader_middleware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := newRemote(t, func(w http.ResponseWriter, got *received) {
			w.Header().Set("X-Number", strconv.Itoa(got.number))
			time.Sleep(time.Duration(got.number) * time.Second)
			ok(w, got)
		})
		var hedges sync.WaitGroup
		client.Middleware = []jacinth.Middleware{func(next jacinth.Handler) jacinth.Handler {
			return func(ctx context.Context, r *jacinth.Request) (any, error) {
				first := make(chan any, 3)
				for range cap(first) {
					hedges.Go(func() {
						result, _ := next(ctx, r)
						first <- result
					})
				}
				<-first
				return <-first, nil
			}
		}}
		header := http.Header{}
		if err := client.Call(t.Context(), "m", nil, nil, jacinth.ReplyHeader(&header)); err != nil {
			t.Fatal(err)
		}
		if got := header.Get("X-Number"); got != "2" {
			t.Errorf("the headers are those of reply %q, want 2", got)
		}
		header.Set("X-Number", "mine")
		hedges.Wait()
		if got := header.Get("X-Number"); got != "mine" {
			t.Errorf("the headers became those of reply %q after the call had returned", got)
		}
	})
}

// TestReplyHeader_goesAlone holds that a call that wants headers of its own shares no request with others.
func TestReplyHeader_goesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, func(w http.ResponseWriter, got *received) {
			time.Sleep(time.Second)
			if got.batch {
				t.Errorf("the calls %s went together", got.body)
			}
			ok(w, got)
		})
		client.Coalesce = 1
		done := make(chan error, 8)
		var headers [8]http.Header
		for i := range headers {
			option := jacinth.ReplyHeader(&headers[i])
			if i%2 == 0 {
				option = jacinth.SendHeader("X-Number", string(rune('0'+i)))
			}
			go func() { done <- client.Call(context.WithoutCancel(t.Context()), "m", nil, nil, option) }()
		}
		for range headers {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if n := remote.count(); n != len(headers) {
			t.Errorf("%d requests were sent, want %d", n, len(headers))
		}
	})
}
