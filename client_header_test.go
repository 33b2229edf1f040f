package jacinth_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/jacinthtest"
)

// sentHeader is the header of the only request that a call made, without what every HTTP client sends.
func sentHeader(t *testing.T, remote *remote) http.Header {
	t.Helper()
	all := remote.received()
	if len(all) != 1 {
		t.Fatalf("%d requests were sent, want 1", len(all))
	}
	header := all[0].header.Clone()
	for _, usual := range []string{"Accept", "Content-Length", "Content-Type", "User-Agent"} {
		if header.Get(usual) == "" {
			t.Errorf("there is no %s", usual)
		}
		header.Del(usual)
	}
	return header
}

func TestClient_sendsNoMoreThanItMust(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, ok)
		if err := client.Call(t.Context(), "m", nil, nil, jacinth.Idempotent()); err != nil {
			t.Fatal(err)
		}
		header := remote.received()[0].header
		if header.Get("Content-Type") != "application/json" || header.Get("Accept") != "application/json" {
			t.Errorf("the header is %v, want JSON to go and to come", header)
		}
		if got := sentHeader(t, remote); len(got) != 1 || got.Get("Jacinth-Timeout-Ms") != "9990" {
			t.Errorf("beside that, the header has %v, want a timeout of 9990 ms", got)
		}
	})
}

func TestClient_Header(t *testing.T) {
	remote, client := newRemote(t, ok)
	client.Token = "of-the-client"
	client.Header = http.Header{
		"X-Both": {"client"}, "X-Client": {"1", "2"}, "x-lower": {"3"}, "Content-Type": {"text/plain"}, "Accept": {"text/html"},
		"Jacinth-Timeout-Ms": {"5"}, "Idempotency-Key": {"own"},
	}
	ctx := jacinth.WithHeader(t.Context(), "x-both", "call")
	wide := jacinth.WithHeader(ctx, "X-Wide", "1")
	ctx = jacinth.WithHeader(ctx, "X-Api-Token", "of-the-call")
	if err := client.Call(ctx, "m", nil, nil, jacinth.Idempotent(), jacinth.Timeout(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := remote.received()[0].header; got.Get("Content-Type") != "application/json" || got.Get("Accept") != "application/json" {
		t.Errorf("the header is %v, want JSON to go and to come", got)
	}
	got := sentHeader(t, remote)
	delete(got, "Jacinth-Timeout-Ms") // 359… or thereabouts
	want := http.Header{
		"X-Both": {"call"}, "X-Client": {"1", "2"}, "X-Lower": {"3"}, "X-Api-Token": {"of-the-call"}, "Idempotency-Key": {"own"},
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the header has %v, want %v", got, want)
	}
	if err := client.Call(wide, "m", nil, nil); err != nil {
		t.Fatal(err)
	}
	if got := remote.received()[1].header; got.Get("X-Both") != "call" || got.Get("X-Wide") != "1" || got.Get("X-Api-Token") != "of-the-client" {
		t.Errorf("of contexts that have a parent in common, one has the header %v", got)
	}
}

// TestClient_headerIsNotShared holds that a round tripper which changes a request changes nothing of the client.
func TestClient_headerIsNotShared(t *testing.T) {
	_, client := newRemote(t, ok)
	client.Header = http.Header{"X-Mine": {"1"}}
	client.Transport = meddler{client.Transport}
	for range 2 {
		if err := client.Call(t.Context(), "m", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if want := (http.Header{"X-Mine": {"1"}}); !maps.EqualFunc(client.Header, want, slices.Equal) {
		t.Errorf("Client.Header became %v", client.Header)
	}
}

// meddler does to requests what a round tripper should not.
type meddler struct{ http.RoundTripper }

func (m meddler) RoundTrip(request *http.Request) (*http.Response, error) {
	request.Header.Set("X-Mine", "2")
	request.Header.Add("X-Mine", "3")
	request.URL.Path = "/elsewhere"
	return m.RoundTripper.RoundTrip(request)
}

func TestClient_TokenSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, inTurn(busy("1"), ok))
		asked := 0
		client.Token = "not-this-one"
		client.TokenHeader = "x-key"
		client.TokenSource = func(context.Context) (string, error) {
			asked++
			return fmt.Sprintf("token-%d", asked), nil
		}
		if err := client.Call(t.Context(), "m", nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := client.Notify(t.Context(), "m", nil); err != nil {
			t.Fatal(err)
		}
		batch := client.Batch()
		batch.Call("m", nil)
		batch.Call("m", nil)
		_ = batch.Send(t.Context())
		for i, got := range remote.received() {
			if want := fmt.Sprintf("token-%d", i+1); got.header.Get("X-Key") != want || got.header.Get("X-Api-Token") != "" {
				t.Errorf("request %d has the tokens %q and %q, want %q and none", i+1, got.header.Get("X-Key"), got.header.Get("X-Api-Token"), want)
			}
		}
		if n := remote.count(); n != 4 || asked != 4 {
			t.Errorf("there were %d requests and %d tokens, want 4 of each", n, asked)
		}
	})
}

// TestWithHeader_staysInItsCall holds that a service that is called in the same process passes no header on that was
// set for the call of it, although the context is the same.
func TestWithHeader_staysInItsCall(t *testing.T) {
	remote, next := newRemote(t, ok)
	svc := jacinth.New(quiet("middle"))
	jacinth.Public(svc, "pass", func(ctx context.Context, _ jacinth.None) (string, error) {
		if err := next.Call(ctx, "first", nil, nil); err != nil {
			return "", err
		}
		return "", next.Call(jacinth.WithHeader(ctx, "X-Own", "1"), "second", nil, nil)
	})
	ctx := jacinth.WithHeader(t.Context(), "X-Secret", "canary")
	if r := mustReply(t, svc.Dispatch(ctx, jacinth.Peer{}, []byte(call("pass")), nil)); r.Error != nil {
		t.Fatalf("pass = %+v", r.Error)
	}
	for i, got := range remote.received() {
		if got.header.Get("X-Secret") != "" || (got.header.Get("X-Own") != "") != (i == 1) {
			t.Errorf("call %d has the header %v", i+1, got.header)
		}
	}
}

const goodParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// TestClient_passesOnTheTraceAlone holds that of an incoming request its trace goes on to the next service, and
// neither its token nor anything else.
func TestClient_passesOnTheTraceAlone(t *testing.T) {
	const canary = "canary-canary-canary"
	for _, test := range []struct {
		name     string
		coalesce int
		send     func(ctx context.Context, next *jacinth.Client) error
	}{
		{"a call", 0, func(ctx context.Context, next *jacinth.Client) error { return next.Call(ctx, "m", nil, nil) }},
		{"a lone coalesced call", 1, func(ctx context.Context, next *jacinth.Client) error { return next.Call(ctx, "m", nil, nil) }},
		{"a notification", 0, func(ctx context.Context, next *jacinth.Client) error { return next.Notify(ctx, "m", nil) }},
		{"a batch", 0, func(ctx context.Context, next *jacinth.Client) error {
			batch := next.Batch()
			batch.Notify("m", nil)
			return batch.Send(ctx)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				remote, next := newRemote(t, ok)
				next.Coalesce = test.coalesce
				config := quiet("middle")
				config.Authorize = jacinth.Tokens(canary)
				svc := jacinth.New(config)
				jacinth.Private(svc, "pass", func(ctx context.Context, _ jacinth.None) (jacinth.None, error) {
					return jacinth.None{}, test.send(ctx, next)
				})
				client := jacinthtest.New(t, svc)
				client.Token = canary
				client.Header = http.Header{
					"Traceparent": {goodParent}, "Tracestate": {"a=1", "b=2"},
					"Baggage": {canary}, "Cookie": {"a=" + canary}, "Authorization": {"Bearer " + canary},
					"X-Request-Id": {canary}, "X-Forwarded-For": {canary}, "X-Canary": {canary},
				}
				if err := client.Call(t.Context(), "pass", nil, nil); err != nil {
					t.Fatal(err)
				}
				got := sentHeader(t, remote)
				want := http.Header{"Traceparent": {goodParent}, "Tracestate": {"a=1,b=2"}, "Jacinth-Timeout-Ms": {"9980"}}
				if !maps.EqualFunc(got, want, slices.Equal) {
					t.Errorf("the next service got the header %v, want %v", got, want)
				}
				if body := remote.received()[0].body; strings.Contains(body, canary) {
					t.Errorf("the next service got the body %s", body)
				}
			})
		})
	}
}

func TestClient_passesOnNoBrokenTrace(t *testing.T) {
	const zeros = "00000000000000000000000000000000"
	for _, test := range []struct {
		name       string
		parent     []string
		state      []string
		wantParent string
		wantState  string
	}{
		{"none", nil, nil, "", ""},
		{"a state without a parent", nil, []string{"a=1"}, "", ""},
		{"a parent without a state", []string{goodParent}, nil, goodParent, ""},
		{"a longest state", []string{goodParent}, []string{"a=" + strings.Repeat("x", 510)}, goodParent, "a=" + strings.Repeat("x", 510)},
		{"a state that is too long", []string{goodParent}, []string{"a=" + strings.Repeat("x", 511)}, goodParent, ""},
		{"two parents", []string{goodParent, goodParent}, []string{"a=1"}, "", ""},
		{"text", []string{"trace me"}, []string{"a=1"}, "", ""},
		{"capitals", []string{strings.ToUpper(goodParent)}, []string{"a=1"}, "", ""},
		{"no trace id", []string{"00-" + zeros + "-b7ad6b7169203331-01"}, nil, "", ""},
		{"no parent id", []string{"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"}, nil, "", ""},
		{"too short", []string{goodParent[:54]}, nil, "", ""},
		{"too long for this version", []string{goodParent + "-00"}, nil, "", ""},
		{"a later version", []string{"01" + goodParent[2:]}, nil, "01" + goodParent[2:], ""},
		{"a later version with more", []string{"01" + goodParent[2:] + "-new"}, nil, "01" + goodParent[2:] + "-new", ""},
		{"a later version with something else", []string{"01" + goodParent[2:] + "new"}, nil, "", ""},
		{"a later version with too much", []string{"01" + goodParent[2:] + "-" + strings.Repeat("x", 100)}, nil, "", ""},
		{"the forbidden version", []string{"ff" + goodParent[2:]}, nil, "", ""},
		{"a dash for a digit", []string{"00-0af7651916cd43dd-448eb211c80319c-b7ad6b7169203331-01"}, nil, "", ""},
		{"a digit for a dash", []string{"00-0af7651916cd43dd8448eb211c80319c0b7ad6b7169203331-01"}, nil, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			remote, next := newRemote(t, ok)
			svc := jacinth.New(quiet("middle"))
			jacinth.Public(svc, "pass", func(ctx context.Context, _ jacinth.None) (jacinth.None, error) {
				return jacinth.None{}, next.Call(ctx, "m", nil, nil)
			})
			var header []string
			for _, value := range test.parent {
				header = append(header, "Traceparent", value)
			}
			for _, value := range test.state {
				header = append(header, "Tracestate", value)
			}
			if r := mustReply(t, callHTTP(svc, call("pass"), header...).body); r.Error != nil {
				t.Fatalf("pass = %+v", r.Error)
			}
			got := remote.received()[0].header
			if got.Get("Traceparent") != test.wantParent || got.Get("Tracestate") != test.wantState {
				t.Errorf("the next service got the parent %q and the state %q, want %q and %q",
					got.Get("Traceparent"), got.Get("Tracestate"), test.wantParent, test.wantState)
			}
		})
	}
}

// TestClient_deadlineTravels holds that a service which calls on leaves the next one what is left of its caller's
// time.
func TestClient_deadlineTravels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := map[string]time.Duration{}
		service := func(name string, work time.Duration, next *jacinth.Client) *jacinth.Client {
			svc := jacinth.New(quiet(name))
			jacinth.Public(svc, "work", func(ctx context.Context, _ jacinth.None) (jacinth.None, error) {
				deadline, _ := ctx.Deadline()
				left[name] = time.Until(deadline)
				time.Sleep(work)
				if next == nil {
					<-ctx.Done()
					return jacinth.None{}, ctx.Err()
				}
				err := next.Call(ctx, "work", nil, nil)
				if !errors.Is(err, jacinth.DeadlineExceeded) {
					t.Errorf("the call of %s = %v, want %v: the last service knows when to stop", name, err, jacinth.DeadlineExceeded)
				}
				return jacinth.None{}, jacinth.DeadlineExceeded
			})
			return jacinthtest.New(t, svc)
		}
		client := service("first", time.Second, service("second", 2*time.Second, service("third", 0, nil)))
		start := time.Now()
		if err := client.Call(t.Context(), "work", nil, nil, jacinth.Timeout(5*time.Second)); !errors.Is(err, jacinth.DeadlineExceeded) {
			t.Errorf("the call = %v, want %v", err, jacinth.DeadlineExceeded)
		}
		want := map[string]time.Duration{"first": 4990 * time.Millisecond, "second": 3980 * time.Millisecond, "third": 1970 * time.Millisecond}
		if !maps.Equal(left, want) {
			t.Errorf("the services had %v left, want %v", left, want)
		}
		if took := time.Since(start); took != 4970*time.Millisecond {
			t.Errorf("the call took %v, want 4.97s: the answer of the last service arrives in time", took)
		}
	})
}

func TestClient_deadline(t *testing.T) {
	const none = 0
	for _, test := range []struct {
		name    string
		client  time.Duration // Client.Timeout
		option  time.Duration
		context time.Duration
		header  string
		takes   time.Duration
	}{
		{"the default", 0, 0, none, "9990", 10 * time.Second},
		{"that of the client", 3 * time.Second, 0, none, "2990", 3 * time.Second},
		{"that of the call", 3 * time.Second, time.Minute, none, "59990", time.Minute},
		{"that of the context", 3 * time.Second, 0, time.Minute, "59990", time.Minute},
		{"that of the context, without one of the client", jacinth.Unlimited, 0, time.Minute, "59990", time.Minute},
		{"that of the context, before that of the call", 0, time.Hour, time.Minute, "59990", time.Minute},
		{"that of the call, before that of the context", 0, time.Second, time.Minute, "990", time.Second},
		{"a short one", 0, 5 * time.Millisecond, none, "1", 5 * time.Millisecond},
		{"one beyond ten digits", 0, 200 * 24 * time.Hour, none, "9999999999", 200 * 24 * time.Hour},
		{"none", jacinth.Unlimited, 0, none, "", 1000 * time.Hour},
		{"none for the call", 0, jacinth.Unlimited, none, "", 1000 * time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				remote, client := newRemote(t, func(_ http.ResponseWriter, got *received) {
					select {
					case <-got.context.Done():
					case <-time.After(max(1000*time.Hour, 2*test.takes)):
					}
				})
				client.Timeout = test.client
				ctx, cancel := context.WithCancel(t.Context())
				if test.context != none {
					ctx, cancel = context.WithTimeout(t.Context(), test.context)
				}
				defer cancel()
				if test.header == "" {
					time.AfterFunc(test.takes, cancel)
				}
				start := time.Now()
				err := client.Call(ctx, "m", nil, nil, jacinth.Timeout(test.option))
				if took := time.Since(start); took != test.takes {
					t.Errorf("the call took %v, want %v", took, test.takes)
				}
				want := context.DeadlineExceeded
				if test.header == "" {
					want = context.Canceled
				}
				if !errors.Is(err, want) || !errors.Is(err, jacinth.ErrNoReply) {
					t.Errorf("the call = %v, want %v and %v", err, want, jacinth.ErrNoReply)
				}
				if got := remote.received()[0].header.Get("Jacinth-Timeout-Ms"); got != test.header {
					t.Errorf("the service is given %q ms, want %q", got, test.header)
				}
			})
		})
	}
}

// TestClient_deadlineHasPassed holds that a time that is over, as one that was calculated may be, is not taken for none.
func TestClient_deadlineHasPassed(t *testing.T) {
	for _, coalesce := range []int{0, 2} {
		remote, client := newRemote(t, ok)
		client.Coalesce = coalesce
		err := client.Call(t.Context(), "m", nil, nil, jacinth.Timeout(-time.Second))
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, jacinth.ErrNotSent) || remote.count() != 0 {
			t.Errorf("with Coalesce %d the call = %v with %d requests, want %v and none", coalesce, err, remote.count(), context.DeadlineExceeded)
		}
	}
}

// TestClient_contextEnds holds that a call which its caller ends says so, whatever cause the caller gave.
func TestClient_contextEnds(t *testing.T) {
	cause := errors.New("the visitor has left")
	for _, coalesce := range []int{0, 1} {
		t.Run(fmt.Sprintf("Coalesce %d", coalesce), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, client := newRemote(t, func(_ http.ResponseWriter, got *received) { <-got.context.Done() })
				client.Coalesce = coalesce
				for i, want := range []error{jacinth.ErrNotSent, jacinth.ErrNoReply} {
					ctx, cancel := context.WithCancelCause(t.Context())
					if i == 0 {
						cancel(cause)
					} else {
						time.AfterFunc(time.Second, func() { cancel(cause) })
					}
					err := client.Call(ctx, "m", nil, nil, jacinth.ReadOnly())
					for _, want := range []error{want, context.Canceled, cause} {
						if !errors.Is(err, want) {
							t.Errorf("call %d = %v, want %v", i, err, want)
						}
					}
				}
			})
		})
	}
}

// TestService_PeerFrom holds that a binding that is not HTTP treats what its headers say as HTTP does: the token, also
// one that is ambiguous, the deadline, and the trace that goes on to the next service.
func TestService_PeerFrom(t *testing.T) {
	const token, other = "a-token-of-16-characters", "another-token-of-16-characters"
	synctest.Test(t, func(t *testing.T) {
		remote, next := newRemote(t, ok)
		config := quiet("middle")
		config.TokenHeader = "x-key"
		config.Authorize = jacinth.Tokens(token)
		svc := jacinth.New(config)
		var left time.Duration
		jacinth.Private(svc, "pass", func(ctx context.Context, _ jacinth.None) (jacinth.None, error) {
			deadline, _ := ctx.Deadline()
			left = time.Until(deadline)
			return jacinth.None{}, next.Call(ctx, "m", nil, nil)
		})
		for _, test := range []struct {
			header http.Header
			code   jacinth.Code
		}{
			{http.Header{"X-Key": {token}, "Jacinth-Timeout-Ms": {"3000"}, "Traceparent": {goodParent}}, 0},
			{http.Header{"X-Key": {token}, "Authorization": {"Bearer " + other}}, jacinth.AccessDenied},
			{http.Header{"X-Api-Token": {token}}, jacinth.AccessDenied},
			{nil, jacinth.AccessDenied},
		} {
			peer := svc.PeerFrom(test.header, time.Now().Add(-time.Second))
			if r := mustReply(t, svc.Dispatch(t.Context(), peer, []byte(call("pass")), nil)); r.code() != int(test.code) {
				t.Errorf("with the headers %v the code is %d, want %d", test.header, r.code(), test.code)
			}
		}
		if want := 2 * time.Second; left != want {
			t.Errorf("the handler had %v left, want %v", left, want)
		}
		if got := remote.received(); len(got) != 1 || got[0].header.Get("Traceparent") != goodParent {
			t.Errorf("the next service got %+v, want one request with the trace", got)
		}
	})
}
