package jacinth_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// failing answers with an error.
func failing(status int, code jacinth.Code, data string) func(http.ResponseWriter, *received) {
	return replying(status, fmt.Sprintf(`{"jsonrpc":"2.0","id":$0,"error":{"code":%d,"message":"m","data":%s}}`, code, data))
}

const unprocessed = `{"processed":false}`

// TestClient_retries is the table of which calls may be sent again after what.
func TestClient_retries(t *testing.T) {
	const (
		nobody   = iota // may be sent again
		harmless        // calls may
		all             // calls may
	)
	for _, test := range []struct {
		name   string
		answer func(http.ResponseWriter, *received)
		who    int
	}{
		{"busy", busy("0"), all},
		{"busy, without a Retry-After", failing(503, jacinth.Unavailable, unprocessed), all},
		{"too many requests, none run", failing(429, -7, unprocessed), all},
		{"busy, in a batch of its own", failing(200, jacinth.Unavailable, unprocessed), all},
		{"busy, and maybe run", failing(503, jacinth.Unavailable, `{"processed":true}`), harmless},
		{"busy, and who knows", failing(503, jacinth.Unavailable, `null`), harmless},
		{"cut short", failing(200, jacinth.Unavailable, `{"reason":"the call was cut short"}`), nobody},
		{"an error of an application, not run", failing(200, 7, unprocessed), nobody},
		{"no answer", hangingUp, harmless},
		{"half a header", raw("HTTP/1.1 200 OK\nConte"), harmless},
		{"half an answer", raw("HTTP/1.1 200 OK\nContent-Length: 50\n\n{"), harmless},
		{"a bad gateway", replying(502, "<html>"), harmless},
		{"a busy gateway", replying(503, "<html>"), harmless},
		{"a slow gateway", replying(504, "<html>"), harmless},
		{"a gateway's limit", replying(429, "<html>"), harmless},
		{"an internal server error", replying(500, "<html>"), nobody},
		{"text", odd("text"), nobody},
		{"nothing", odd(""), nobody},
		{"the reply to another call", odd(`{"jsonrpc":"2.0","id":4711,"result":1}`), nobody},
		{"a redirect", replying(307, "", "Location", "http://elsewhere.test"), nobody},
		{"an internal error", failing(200, jacinth.InternalError, "null"), nobody},
		{"an internal error with its status", failing(500, jacinth.InternalError, "null"), nobody},
		{"no JSON", failing(200, jacinth.ParseError, "null"), nobody},
		{"no request", failing(400, jacinth.InvalidRequest, "null"), nobody},
		{"no method", failing(404, jacinth.MethodNotFound, "null"), nobody},
		{"wrong params", failing(200, jacinth.InvalidParams, "null"), nobody},
		{"no access", failing(200, jacinth.AccessDenied, "null"), nobody},
		{"no access, with its status", failing(403, jacinth.AccessDenied, "null"), nobody},
		{"no time", failing(200, jacinth.DeadlineExceeded, "null"), nobody},
		{"too large a result", failing(200, jacinth.ResponseTooLarge, "null"), nobody},
		{"too large a request", failing(413, jacinth.InvalidRequest, `{"limit":10}`), nobody},
		{"an error of the application", failing(200, 7, "null"), nobody},
	} {
		for kind, options := range map[string][]jacinth.CallOption{"plain": nil, "read-only": {jacinth.ReadOnly()}, "idempotent": {jacinth.Idempotent()}} {
			t.Run(test.name+", "+kind, func(t *testing.T) {
				want := 1
				if test.who == all || test.who == harmless && options != nil {
					want = 3
				}
				for _, off := range []bool{false, true} {
					synctest.Test(t, func(t *testing.T) {
						remote, client := newRemote(t, test.answer)
						if client.NoRetry = off; off {
							want = 1
						}
						err := client.Call(t.Context(), "m", nil, nil, options...)
						if n := remote.count(); err == nil || n != want {
							t.Errorf("with NoRetry %v, the call was sent %d times (%v), want %d", off, n, err, want)
						}
					})
				}
			})
		}
		t.Run(test.name+", a notification", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				remote, client := newRemote(t, test.answer)
				_ = client.Notify(t.Context(), "m", nil)
				batch := client.Batch()
				batch.Notify("m", nil)
				_ = batch.Send(t.Context())
				if n := remote.count(); n != 2 {
					t.Errorf("two notifications were sent %d times", n)
				}
			})
		})
	}
}

// TestClient_retriesWhatWasNotSent holds that calls of all kinds are sent again when there was nobody to send them to.
func TestClient_retriesWhatWasNotSent(t *testing.T) {
	for _, notification := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			remote, client := newRemote(t, ok)
			transport, _ := client.Transport.(*http.Transport)
			dial, dials := transport.DialContext, 0
			transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				if dials++; dials < 3 {
					return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
				}
				return dial(ctx, network, address)
			}
			if notification {
				err := client.Notify(t.Context(), "m", nil)
				if !errors.Is(err, jacinth.ErrNotSent) || dials != 1 {
					t.Errorf("a notification = %v, after %d attempts; want %v after 1", err, dials, jacinth.ErrNotSent)
				}
				return
			}
			if err := client.Call(t.Context(), "m", nil, nil); err != nil || dials != 3 || remote.count() != 1 {
				t.Errorf("a call = %v, after %d attempts and %d requests; want nil after 3 and 1", err, dials, remote.count())
			}
		})
	}
}

// TestClient_retriesInTheEnd holds that the third try counts as much as the first.
func TestClient_retriesInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, inTurn(hangingUp, busy("1"), ok))
		var got string
		if err := client.Call(t.Context(), "m", nil, &got, jacinth.ReadOnly()); err != nil || got != "ok" || remote.count() != 3 {
			t.Errorf("a call = %q, %v after %d tries; want ok after 3", got, err, remote.count())
		}
		ids := map[string]bool{}
		for _, request := range remote.received() {
			ids[string(request.calls[0].ID)] = true
		}
		if len(ids) != 3 {
			t.Errorf("the three tries have the ids %v, want one each", ids)
		}
	})
}

// pauses are the times between the requests of one call of a service that answers so.
func pauses(t *testing.T, answer func(http.ResponseWriter, *received)) (between []time.Duration, err error) {
	synctest.Test(t, func(t *testing.T) {
		var times []time.Time
		_, client := newRemote(t, func(w http.ResponseWriter, got *received) {
			times = append(times, time.Now())
			answer(w, got)
		})
		err = client.Call(t.Context(), "m", nil, nil, jacinth.Idempotent())
		times = append(times, time.Now())
		for i := range len(times) - 1 {
			between = append(between, times[i+1].Sub(times[i]))
		}
	})
	return between, err
}

// TestClient_retriesWithJitter holds that callers who failed together do not come back together: any pause up to a
// bound that doubles is as good as any other.
func TestClient_retriesWithJitter(t *testing.T) {
	const rounds = 200
	bounds := []time.Duration{50 * time.Millisecond, 100 * time.Millisecond}
	short, long := make([]int, 2), make([]int, 2)
	for range rounds {
		between, _ := pauses(t, hangingUp)
		if len(between) != 3 || between[2] != 0 {
			t.Fatalf("the pauses are %v, want two and the end", between)
		}
		for i, bound := range bounds {
			if between[i] < 0 || between[i] >= bound {
				t.Fatalf("pause %d is %v, want less than %v", i+1, between[i], bound)
			}
			if between[i] < bound/4 {
				short[i]++
			}
			if between[i] > bound*3/4 {
				long[i]++
			}
		}
	}
	for i := range bounds {
		if short[i] < rounds/10 || long[i] < rounds/10 {
			t.Errorf("of %d pauses %d are short and %d are long, want a quarter each", rounds, short[i], long[i])
		}
	}
}

func TestClient_obeysRetryAfter(t *testing.T) {
	in := func(d time.Duration) string { // a bubble begins at midnight UTC 2000-01-01
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(d).Format(http.TimeFormat)
	}
	const end = -1
	for _, test := range []struct {
		header string
		least  time.Duration // end: no second try
	}{
		{"2", 2 * time.Second},
		{"0", 0},
		{"", 0},
		{"soon", 0},
		{"-5", 0},
		{"1.5", 0},
		{in(3 * time.Second), 3 * time.Second},
		{in(-time.Hour), 0},
		{in(time.Hour), end},
		{"10", end}, // the deadline
		{"3600", end},
		{"7200", end},
		{"99999999999", end},
		{"99999999999999999999999999", end},
	} {
		for name, answer := range map[string]func(http.ResponseWriter, *received){
			"busy": busy(test.header), "a page": replying(503, "later", "Retry-After", test.header),
			"a page cut off": raw("HTTP/1.1 503 Later\nRetry-After: " + test.header + "\nContent-Length: 50\n\nlater"),
		} {
			between, err := pauses(t, answer)
			if test.least == end {
				if len(between) != 1 || between[0] != 0 || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s, Retry-After %q: the pauses are %v (%v), want none: it is over at once", name, test.header, between, err)
				}
				continue
			}
			if len(between) != 3 || between[0] < test.least || between[0] >= test.least+50*time.Millisecond {
				t.Errorf("%s, Retry-After %q: the pauses are %v (%v), want %v and a bit", name, test.header, between, err, test.least)
			}
		}
	}
}

// TestClient_obeysRetryAfterOfAnError holds that the wait that an error asks for in its data counts where no header can say
// it: in a batch, and for one call beside a header that asks for less.
func TestClient_obeysRetryAfterOfAnError(t *testing.T) {
	const end = -1
	for _, test := range []struct {
		data  string
		least time.Duration // end: no second try
	}{
		{`{"processed":false,"retryAfterMs":2500}`, 2500 * time.Millisecond},
		{`{"processed":false,"retryAfterMs":0}`, 0},
		{`{"processed":false,"retryAfterMs":-5}`, 0},
		{`{"processed":false}`, 0},
		{`{"processed":false,"retryAfterMs":10000}`, end}, // the deadline
		{`{"processed":false,"retryAfterMs":9223372036854775807}`, end},
		{`{"processed":false,"retryAfterMs":1e300}`, end},
		{`{"processed":false,"retryAfterMs":1500.5}`, 1500*time.Millisecond + 500*time.Microsecond},
		{`{"processed":false,"retryAfterMs":"soon"}`, 0},
		{`{"processed":false,"retryAfterMs":null,"limit":"much"}`, 0},
	} {
		answer := failing(200, jacinth.Unavailable, test.data)
		inBatch := func(w http.ResponseWriter, got *received) {
			replying(200, fmt.Sprintf(`[{"jsonrpc":"2.0","id":$0,"error":{"code":%d,"message":"m","data":%s}}]`, jacinth.Unavailable, test.data))(w, got)
		}
		alone, _ := pauses(t, answer)
		header, _ := pauses(t, failingAfter("1", test.data))
		var together []time.Duration
		synctest.Test(t, func(t *testing.T) {
			var times []time.Time
			_, client := newRemote(t, func(w http.ResponseWriter, got *received) {
				times = append(times, time.Now())
				inBatch(w, got)
			})
			batch := client.Batch()
			batch.Call("m", nil)
			_ = batch.Send(t.Context())
			times = append(times, time.Now())
			for i := range len(times) - 1 {
				together = append(together, times[i+1].Sub(times[i]))
			}
		})
		for name, between := range map[string][]time.Duration{"alone": alone, "in a batch": together, "beside a header": header} {
			least := test.least
			if name == "beside a header" && least != end {
				least = max(least, time.Second)
			}
			switch {
			case least == end:
				if len(between) != 1 || between[0] != 0 {
					t.Errorf("%s, %s: the pauses are %v, want none: it is over at once", test.data, name, between)
				}
			case len(between) != 3 || between[0] < least || between[0] >= least+50*time.Millisecond:
				t.Errorf("%s, %s: the pauses are %v, want %v and a bit", test.data, name, between, least)
			}
		}
	}
}

// failingAfter answers that the service is busy, with a header and data.
func failingAfter(header, data string) func(http.ResponseWriter, *received) {
	return replying(503, fmt.Sprintf(`{"jsonrpc":"2.0","id":$0,"error":{"code":%d,"message":"m","data":%s}}`, jacinth.Unavailable, data),
		"Retry-After", header)
}

// TestService_saysWhenToComeBack holds that a call which finds no room in a batch learns how long to wait.
func TestService_saysWhenToComeBack(t *testing.T) {
	config := quiet("full")
	config.Limits = jacinth.Limits{InFlight: 1, BatchWorkers: 2}
	svc := jacinth.New(config)
	entered, release := make(chan struct{}), make(chan struct{})
	jacinth.Public(svc, "wait", func(context.Context, jacinth.None) (int, error) {
		close(entered)
		<-release
		return 1, nil
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		svc.Dispatch(t.Context(), jacinth.Peer{}, []byte(call("wait")), nil)
	}()
	<-entered
	reply := string(svc.Dispatch(t.Context(), jacinth.Peer{}, []byte("["+call("wait")+"]"), nil))
	close(release)
	<-done
	if !strings.Contains(reply, `"processed":false,"retryAfterMs":1000`) {
		t.Errorf("the reply is %s, want a time to come back in it", reply)
	}
}

// TestClient_retriesWithinTheDeadline holds that no try begins after the deadline, and that a call whose time does not
// suffice for another fails at once with what went wrong.
func TestClient_retriesWithinTheDeadline(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			remote, client := newRemote(t, func(w http.ResponseWriter, got *received) {
				time.Sleep(10 * time.Millisecond)
				hangingUp(w, got)
			})
			const timeout = 60 * time.Millisecond
			start := time.Now()
			err := client.Call(t.Context(), "m", nil, nil, jacinth.ReadOnly(), jacinth.Timeout(timeout))
			if took := time.Since(start); took > timeout || !errors.Is(err, jacinth.ErrNoReply) {
				t.Errorf("the call took %v and ended with %v", took, err)
			}
			if n := remote.count(); n > 3 {
				t.Errorf("there were %d tries", n)
			}
		})
	}
}

// TestClient_endsInAPause holds that a caller who leaves while its call waits to be sent again leaves at once, and
// learns of both.
func TestClient_endsInAPause(t *testing.T) {
	cause := errors.New("the visitor has left")
	for _, batch := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			remote, client := newRemote(t, busy("5"))
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(cause) })
			start := time.Now()
			var err error
			if batch {
				b := client.Batch()
				pending := b.Call("m", nil)
				_ = b.Send(ctx)
				_, err = pending.Result()
			} else {
				err = client.Call(ctx, "m", nil, nil)
			}
			for _, want := range []error{context.Canceled, cause, jacinth.Unavailable} {
				if !errors.Is(err, want) {
					t.Errorf("the call = %v, want %v", err, want)
				}
			}
			if took := time.Since(start); took != time.Second || remote.count() != 1 {
				t.Errorf("the call took %v and %d tries, want 1s and 1", took, remote.count())
			}
		})
	}
}

// TestClient_retriesWithinTheBudget holds what a client adds to the load of a service that fails every call: a fifth,
// and ten a second.
func TestClient_retriesWithinTheBudget(t *testing.T) {
	const (
		seconds = 30
		burst   = 10
	)
	send := map[string]func(ctx context.Context, client *jacinth.Client){
		"calls": func(ctx context.Context, client *jacinth.Client) {
			_ = client.Call(ctx, "m", nil, nil, jacinth.ReadOnly())
		},
		"batches of five": func(ctx context.Context, client *jacinth.Client) {
			batch := client.Batch()
			for range 5 {
				batch.Call("m", nil, jacinth.ReadOnly())
			}
			_ = batch.Send(ctx)
		},
	}
	for name, send := range send {
		for _, rate := range []int{1, 20, 200} {
			t.Run(fmt.Sprintf("%d %s a second", rate, name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var calls, sent atomic.Int64
					client := &jacinth.Client{URL: "http://remote.test/api", Transport: counting503(&sent)}
					each := int64(1)
					if name != "calls" {
						each = 5
					}
					var callers sync.WaitGroup
					for range rate * seconds {
						callers.Go(func() { send(t.Context(), client) })
						calls.Add(each)
						time.Sleep(time.Second / time.Duration(rate))
					}
					callers.Wait()
					extra := sent.Load() - calls.Load()
					most := calls.Load()/5 + 10*seconds + burst
					if extra > most {
						t.Errorf("%d calls became %d: %d more, want at most %d", calls.Load(), sent.Load(), extra, most)
					}
					if wanted := 2 * calls.Load(); extra < min(most, wanted)*9/10 {
						t.Errorf("%d calls became %d: %d more, want about %d", calls.Load(), sent.Load(), extra, min(most, wanted))
					}
				})
			})
		}
	}
}

// counting503 is a service that is always busy, and counts the calls that it gets.
func counting503(sent *atomic.Int64) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		got := new(received)
		got.read(request.Body)
		sent.Add(int64(len(got.calls)))
		answer := &http.Response{StatusCode: 503, Header: http.Header{}, Body: http.NoBody}
		return answer, nil
	})
}

// TestClient_budgetIsNotHoarded holds that a client which was idle for a day has no more than a hundred retries, and
// its fifth, for the moment in which its service is down.
func TestClient_budgetIsNotHoarded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		client := &jacinth.Client{URL: "http://remote.test/api", Transport: counting503(&sent)}
		call := func() { _ = client.Call(t.Context(), "m", nil, nil, jacinth.ReadOnly()) }
		call()
		time.Sleep(24 * time.Hour)
		sent.Store(0)
		var callers sync.WaitGroup
		for range 200 {
			callers.Go(call)
		}
		callers.Wait()
		if extra := sent.Load() - 200; extra < 100 || extra > 143 {
			t.Errorf("200 calls at once became %d more, want 140 and what a tenth of a second brings", extra)
		}
	})
}

// TestClient_retriesOnKeptConnections holds that net/http sends nothing again by itself when a connection that it kept
// ends without an answer: it would go through all the connections that it has, and on to no other instance.
func TestClient_retriesOnKeptConnections(t *testing.T) {
	const kept = 20
	for _, test := range []struct {
		name    string
		noRetry bool
		batch   bool
		options []jacinth.CallOption
		want    int
	}{
		{"idempotent", false, false, []jacinth.CallOption{jacinth.Idempotent()}, 3},
		{"idempotent, in a batch", false, true, []jacinth.CallOption{jacinth.Idempotent()}, 3},
		{"idempotent, without retries", true, false, []jacinth.CallOption{jacinth.Idempotent()}, 1},
		{"plain", false, false, nil, 1},
		{"plain, with a key for the service", false, false, nil, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var hanging atomic.Bool
				remote, client := newRemote(t, func(w http.ResponseWriter, got *received) {
					if hanging.Load() {
						hangingUp(w, got)
						return
					}
					slowly(ok)(w, got)
				})
				client.NoRetry = test.noRetry
				if strings.Contains(test.name, "a key") {
					client.Header = http.Header{"Idempotency-Key": {"7"}}
				}
				_, wait := callAll(t.Context(), client, 0, kept)
				wait()
				hanging.Store(true)
				var err error
				if test.batch {
					batch := client.Batch()
					batch.Call("m", nil, test.options...)
					err = batch.Send(t.Context())
				} else {
					err = client.Call(t.Context(), "m", nil, nil, test.options...)
				}
				if sent := remote.count() - kept; sent != test.want || !errors.Is(err, jacinth.ErrNoReply) {
					t.Errorf("the call was sent %d times (%v), want %d", sent, err, test.want)
				}
			})
		})
	}
}
