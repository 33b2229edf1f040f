package jacinth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/jacinth-rpc/jacinth"
)

// waiting is a service with a method "wait" whose calls wait until they are released.
type waiting struct {
	*jacinth.Service
	release chan struct{}
	calls   sync.WaitGroup
}

func newWaiting(limits jacinth.Limits, options ...jacinth.MethodOption) *waiting {
	w := &waiting{
		Service: jacinth.New(jacinth.Config{Name: "waiting", Limits: limits, Logger: slog.New(slog.DiscardHandler)}),
		release: make(chan struct{}),
	}
	jacinth.Public(w.Service, "wait", func(context.Context, jacinth.None) (string, error) {
		<-w.release
		return "waited", nil
	}, options...)
	jacinth.Public(w.Service, "sum", sum)
	jacinth.Public(w.Service, "fail", func(context.Context, jacinth.None) (int, error) { return 0, errors.New("no") }, options...)
	jacinth.Public(w.Service, "panic", func(context.Context, jacinth.None) (int, error) { panic("no") }, options...)
	jacinth.Public(w.Service, "strict", func(context.Context, sumParams) (int, error) { return 0, nil }, options...)
	return w
}

// start starts that many calls of "wait", and returns when all of them wait, or were refused.
func (w *waiting) start(t *testing.T, calls int) {
	t.Helper()
	for range calls {
		w.calls.Go(func() {
			got := callHTTP(w.Service, call("wait"))
			if got.status != http.StatusOK || !strings.Contains(string(got.body), `"result":"waited"`) {
				t.Errorf("a call within the limit is answered with status %d, %s", got.status, clip(got.body))
			}
		})
	}
	synctest.Wait()
}

// finish lets the calls that wait, and all further ones, end.
func (w *waiting) finish() {
	close(w.release)
	w.calls.Wait()
}

// checkShed holds that an answer says that nothing was run for lack of room.
func checkShed(t *testing.T, what string, got answered) {
	t.Helper()
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "1" {
		t.Errorf("%s: status %d, Retry-After %q; want 503 and 1", what, got.status, got.header.Get("Retry-After"))
	}
	for _, r := range mustReplies(t, got.body) {
		checkNotRun(t, what, r)
	}
}

func checkNotRun(t *testing.T, what string, r reply) {
	t.Helper()
	if r.code() != int(jacinth.Unavailable) || !strings.Contains(string(r.Error.Data), `"processed":false`) {
		t.Errorf("%s: %+v, want code %d and processed false", what, r.Error, jacinth.Unavailable)
	}
}

func TestMaxInFlight_shedsCallsOfItsMethod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaiting(jacinth.Limits{}, jacinth.MaxInFlight(2))
		w.start(t, 2)
		got := callHTTP(w.Service, call("wait"))
		checkShed(t, "one call too many", got)
		if id := string(mustReply(t, got.body).ID); id != "1" {
			t.Errorf("the refusal has the id %s, want 1", id)
		}
		if got := callHTTP(w.Service, sumCall); got.status != http.StatusOK || mustReply(t, got.body).Error != nil {
			t.Errorf("a call of another method is answered with status %d, %s", got.status, got.body)
		}
		w.finish()
		if got := callHTTP(w.Service, call("wait")); got.status != http.StatusOK {
			t.Errorf("a call when the others have ended has status %d, want 200", got.status)
		}
	})
}

func TestInFlight_shedsCallsOfAllMethods(t *testing.T) {
	for _, test := range []struct{ set, limit int }{{0, 512}, {3, 3}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWaiting(jacinth.Limits{InFlight: test.set})
			w.start(t, test.limit)
			checkShed(t, fmt.Sprintf("call %d of another method", test.limit+1), callHTTP(w.Service, sumCall))
			w.finish()
			if got := callHTTP(w.Service, sumCall); got.status != http.StatusOK {
				t.Errorf("a call when the others have ended has status %d, want 200", got.status)
			}
		})
	}
}

func TestInFlight_unlimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaiting(jacinth.Limits{InFlight: jacinth.Unlimited}, jacinth.MaxInFlight(jacinth.Unlimited))
		w.start(t, 1000)
		w.finish()
	})
}

// TestInFlight_ofBatches holds that each item of a batch takes a slot, and that an HTTP status speaks for all of them.
func TestInFlight_ofBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaiting(jacinth.Limits{}, jacinth.MaxInFlight(1))
		w.start(t, 1)
		mixed := callHTTP(w.Service, "["+call("wait")+","+sumCall+","+call("strict")+"]")
		if mixed.status != http.StatusOK || mixed.header.Get("Retry-After") != "" {
			t.Errorf("a batch that ran in part: status %d, Retry-After %q; want 200 and none", mixed.status, mixed.header.Get("Retry-After"))
		}
		replies := mustReplies(t, mixed.body)
		checkNotRun(t, "the item without room", replies[0])
		if replies[1].Error != nil || replies[2].code() != int(jacinth.InvalidParams) {
			t.Errorf("the other items are answered with %s, want a result and invalid params", mixed.body)
		}
		checkShed(t, "a batch of which nothing ran", callHTTP(w.Service, "["+call("wait")+","+call("wait")+"]"))
		w.finish()
	})
}

// TestInFlight_ofNotifications holds that the sender of a notification that was not run hears of it by the status: it
// has no response to read.
func TestInFlight_ofNotifications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const notification = `{"jsonrpc":"2.0","method":"wait"}`
		w := newWaiting(jacinth.Limits{}, jacinth.MaxInFlight(1))
		w.start(t, 1)
		for _, body := range []string{notification, "[" + notification + "," + notification + "]"} {
			got := callHTTP(w.Service, body)
			checkShed(t, body, got)
			if id := string(mustReply(t, got.body).ID); id != "null" {
				t.Errorf("the refusal of %s has the id %s, want null", body, id)
			}
		}
		w.finish()
	})
}

// TestInFlight_givesSlotsBack holds that no way to end a call keeps its slot.
func TestInFlight_givesSlotsBack(t *testing.T) {
	w := newWaiting(jacinth.Limits{InFlight: 1}, jacinth.MaxInFlight(1))
	close(w.release)
	for range 3 {
		for _, method := range []string{"wait", "fail", "panic", "strict"} {
			if got := callHTTP(w.Service, call(method)); got.status != http.StatusOK {
				t.Errorf("%s has status %d, want 200: a slot was not given back", method, got.status)
			}
		}
	}
}

// slowBody is a body that claims a size and comes when it is let, but for what comes at once.
type slowBody struct {
	atOnce, text string
	let          chan struct{}
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.atOnce != "" {
		n := copy(p, b.atOnce)
		b.atOnce = b.atOnce[n:]
		return n, nil
	}
	<-b.let
	if b.text == "" {
		return 0, io.EOF
	}
	n := copy(p, b.text)
	b.text = b.text[n:]
	return n, nil
}

// slowRequest is a request whose headers are here and whose body is not.
func slowRequest(text string, let chan struct{}) *http.Request {
	request := httptest.NewRequest(http.MethodPost, "/api", &slowBody{text: text, let: let})
	request.Header.Set("Content-Type", "application/json")
	request.ContentLength = int64(len(text))
	return request
}

// halfRequest is a request of which all is here but the last byte.
func halfRequest(text string, let chan struct{}) *http.Request {
	request := slowRequest(text, let)
	last := len(text) - 1
	request.Body = io.NopCloser(&slowBody{atOnce: text[:last], text: text[last:], let: let})
	return request
}

func TestBodyInFlight_shedsBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := limitedService(jacinth.Limits{BodyInFlight: 250})
		body := sizeLimits[0].needs(100)
		let := make(chan struct{})
		var bodies sync.WaitGroup
		for range 2 {
			bodies.Go(func() {
				if got := serveHTTP(svc, halfRequest(body, let)); got.status != http.StatusOK {
					t.Errorf("a body within the limit has status %d, want 200", got.status)
				}
			})
		}
		synctest.Wait()
		checkShed(t, "a third body", callHTTP(svc, body))
		if got := callHTTP(svc, `{"jsonrpc":"2.0","method":"x"}`); got.status != http.StatusOK {
			t.Errorf("a body for which there is room has status %d, want 200", got.status)
		}
		close(let)
		bodies.Wait()
		for range 5 {
			if got := callHTTP(svc, body); got.status != http.StatusOK {
				t.Errorf("a body when the others have gone has status %d, want 200", got.status)
			}
		}
	})
}

// TestBodyInFlight_holdsALargestBody holds that a body of the largest size fits where there is room for just one, also
// when it does not say how long it is.
func TestBodyInFlight_holdsALargestBody(t *testing.T) {
	const size = 3000
	svc := limitedService(jacinth.Limits{Body: size, BodyInFlight: size})
	for _, chunked := range []bool{false, true} {
		var body io.Reader = strings.NewReader(sizeLimits[0].needs(size))
		if chunked {
			body = io.NopCloser(body) // hides the length
		}
		request := httptest.NewRequest(http.MethodPost, "/api", body)
		request.Header.Set("Content-Type", "application/json")
		if got := serveHTTP(svc, request); got.status != http.StatusOK {
			t.Errorf("a body of %d bytes (chunked: %v) has status %d, %s; want 200", size, chunked, got.status, got.body)
		}
	}
}

// TestBodyInFlight_countsUnderWork holds that a body takes room for as long as its calls run, not only while it comes.
func TestBodyInFlight_countsUnderWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaiting(jacinth.Limits{BodyInFlight: 2*len(call("wait")) + len(sumCall)/2})
		w.start(t, 2)
		checkShed(t, "a body beside two under work", callHTTP(w.Service, sumCall))
		w.finish()
		if got := callHTTP(w.Service, sumCall); got.status != http.StatusOK {
			t.Errorf("a body when the others have gone has status %d, want 200", got.status)
		}
	})
}

// TestBodyInFlight_isNotTakenByClaims holds that headers which promise large bodies keep nobody else out.
func TestBodyInFlight_isNotTakenByClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := limitedService(jacinth.Limits{BodyInFlight: 1 << 20})
		let := make(chan struct{})
		var bodies sync.WaitGroup
		for range 10 {
			bodies.Go(func() {
				request := slowRequest("", let)
				request.ContentLength = 1 << 20
				serveHTTP(svc, request)
			})
		}
		synctest.Wait()
		if got := callHTTP(svc, textCall(1)); got.status != http.StatusOK {
			t.Errorf("a call beside ten promises of 1 MiB has status %d, want 200", got.status)
		}
		close(let)
		bodies.Wait()
	})
}

func TestBodyInFlight_unlimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := limitedService(jacinth.Limits{BodyInFlight: jacinth.Unlimited})
		let := make(chan struct{})
		var bodies sync.WaitGroup
		for range 1100 {
			bodies.Go(func() {
				request := slowRequest("", let)
				request.ContentLength = 1 << 20 // together more than the 64 MiB that are the default
				serveHTTP(svc, request)
			})
		}
		synctest.Wait()
		if got := callHTTP(svc, textCall(1)); got.status != http.StatusOK {
			t.Errorf("a call has status %d, want 200", got.status)
		}
		close(let)
		bodies.Wait()
	})
}
