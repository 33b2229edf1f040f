package jacinth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// guarded is a service of private methods named m0, m1, … behind an authorizer that verifies once a body.
type guarded struct {
	*jacinth.Service
	asked, probed, verified atomic.Int64
	verify                  func(context.Context) error
}

type guardKey struct{}

func newGuarded(methods int, limits jacinth.Limits, verify func(context.Context) error) *guarded {
	g := &guarded{verify: verify}
	config := quiet("guarded")
	config.Limits = limits
	config.Authorize = func(ctx context.Context, req *jacinth.Request) error {
		g.count(req)
		_, err := req.Once(ctx, guardKey{}, func() (any, error) {
			g.verified.Add(1)
			return nil, g.verify(ctx)
		})
		return err
	}
	g.Service = jacinth.New(config)
	addPrivate(g.Service, methods)
	return g
}

func addPrivate(svc *jacinth.Service, methods int, options ...jacinth.MethodOption) {
	for i := range methods {
		jacinth.Private(svc, jacinth.Name[jacinth.None, int](fmt.Sprintf("m%d", i)),
			func(context.Context, jacinth.None) (int, error) { return i, nil }, options...)
	}
}

func (g *guarded) count(req *jacinth.Request) {
	g.asked.Add(1)
	if req.Probe {
		g.probed.Add(1)
	}
}

// send sends a batch, or a single call, and returns the codes of the replies in their order.
func (g *guarded) send(t *testing.T, requests ...string) []jacinth.Code {
	t.Helper()
	peer := jacinth.Peer{Token: "forged", Address: "203.0.113.9:4000"}
	reply := g.Dispatch(t.Context(), peer, []byte("["+strings.Join(requests, ",")+"]"), nil)
	if len(reply) == 0 {
		return nil
	}
	var replies []struct {
		Error struct{ Code jacinth.Code }
	}
	if err := json.Unmarshal(reply, &replies); err != nil {
		t.Fatalf("%v in %.200s", err, reply)
	}
	codes := make([]jacinth.Code, len(replies))
	for i := range replies {
		codes[i] = replies[i].Error.Code
	}
	return codes
}

func notification(method string) string { return `{"jsonrpc":"2.0","method":"` + method + `"}` }
func calling(method string) string      { return `{"jsonrpc":"2.0","method":"` + method + `","id":1}` }

var errForged = errors.New("a wrong signature")

func forged(context.Context) error { return errForged }

func TestHostile_aForgedTokenIsVerifiedOnceABody(t *testing.T) {
	for name, requests := range map[string][]string{
		"notifications":     slices.Repeat([]string{notification("m1")}, 100),
		"calls":             slices.Repeat([]string{calling("m1")}, 100),
		"get_service_specs": slices.Repeat([]string{notification("get_service_specs")}, 100),
		"rpc.discover":      slices.Repeat([]string{calling("rpc.discover")}, 100),
		"all of these": slices.Repeat([]string{
			calling("rpc.discover"), notification("m1"), calling("get_service_specs"), calling("m2"),
		}, 25),
	} {
		for _, workers := range []int{1, 4} {
			g := newGuarded(500, jacinth.Limits{BatchWorkers: workers}, forged)
			g.send(t, requests...)
			if got := g.verified.Load(); got != 1 {
				t.Errorf("%s, %d at a time: a forged token is verified %d times a body, want once", name, workers, got)
			}
			g.send(t, requests...)
			if got := g.verified.Load(); got != 2 {
				t.Errorf("%s, %d at a time: a second body has %d verifications, want one of its own", name, workers, got-1)
			}
		}
	}
}

// TestHostile_descriptionsOfABodyAskOnce is for authorizers that do not use Once.
func TestHostile_descriptionsOfABodyAskOnce(t *testing.T) {
	g := newGuarded(500, jacinth.Limits{}, forged)
	requests := append(slices.Repeat([]string{notification("get_service_specs"), notification("rpc.discover")}, 49), notification("m1"))
	g.send(t, requests...)
	if asked, probed := g.asked.Load(), g.probed.Load(); asked != 501 || probed != 500 {
		t.Errorf("98 descriptions of 500 methods and one call ask Authorize %d times, %d of them as probes; want 501 and 500", asked, probed)
	}
}

func TestHostile_descriptionStopsAtTheDeadline(t *testing.T) {
	for _, method := range []string{"rpc.discover", "get_service_specs"} {
		synctest.Test(t, func(t *testing.T) {
			g := newGuarded(0, jacinth.Limits{Call: 10 * time.Second}, nil)
			config := g.Config()
			config.Authorize = func(_ context.Context, req *jacinth.Request) error {
				g.count(req)
				time.Sleep(time.Second) // without a look at ctx
				return errForged
			}
			g.Service = jacinth.New(config)
			addPrivate(g.Service, 500)
			codes := g.send(t, slices.Repeat([]string{calling(method)}, 8)...)
			if want := slices.Repeat([]jacinth.Code{jacinth.DeadlineExceeded}, 8); !slices.Equal(codes, want) {
				t.Errorf("%s that takes too long is answered with %v, want %v", method, codes, want)
			}
			// The three that wait for the first may each begin in the very moment that the deadline passes.
			if asked := g.asked.Load(); asked > 10+3 {
				t.Errorf("%s of 10 s asks %d times at one a second, want about 10", method, asked)
			}
		})
	}
}

// TestHostile_noDescriptionLeavesOutWhatTimeDenied has the deadline pass while the last method is asked for.
func TestHostile_noDescriptionLeavesOutWhatTimeDenied(t *testing.T) {
	for _, method := range []string{"rpc.discover", "get_service_specs"} {
		synctest.Test(t, func(t *testing.T) {
			config := quiet("late")
			config.Limits.Call = time.Second
			config.Authorize = func(ctx context.Context, _ *jacinth.Request) error {
				<-ctx.Done()
				return ctx.Err()
			}
			g := &guarded{Service: jacinth.New(config)}
			addPrivate(g.Service, 1)
			if codes := g.send(t, calling(method)); !slices.Equal(codes, []jacinth.Code{jacinth.DeadlineExceeded}) {
				t.Errorf("%s whose time ends with the last method is answered with %v, want %v", method, codes, jacinth.DeadlineExceeded)
			}
		})
	}
}

func TestHostile_noTokenIsVerifiedPastTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuarded(0, jacinth.Limits{Call: 10 * time.Second, BatchWorkers: 1}, nil)
		config := g.Config()
		config.Authorize = func(_ context.Context, req *jacinth.Request) error {
			g.count(req)
			time.Sleep(4 * time.Second)
			return errForged
		}
		g.Service = jacinth.New(config)
		addPrivate(g.Service, 1)
		codes := g.send(t, slices.Repeat([]string{calling("m0")}, 20)...)
		want := append(slices.Repeat([]jacinth.Code{jacinth.AccessDenied}, 3), slices.Repeat([]jacinth.Code{jacinth.DeadlineExceeded}, 17)...)
		if !slices.Equal(codes, want) || g.asked.Load() != 3 {
			t.Errorf("a batch of 10 s is answered with %v after %d verifications of 4 s, want %v after 3", codes, g.asked.Load(), want)
		}
		g.Dispatch(t.Context(), jacinth.Peer{Deadline: time.Now()}, []byte(calling("m0")), nil)
		if g.asked.Load() != 3 {
			t.Error("the token of a call whose sender waits no more is verified")
		}
	})
}

// TestOnce_whoWaitsWaitsUntilItsDeadline has one item verify for a minute, while another has 10 s.
func TestOnce_whoWaitsWaitsUntilItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ended := make(chan time.Duration, 1)
		g := newGuarded(0, jacinth.Limits{Call: 10 * time.Second}, func(context.Context) error {
			time.Sleep(time.Minute)
			return nil
		})
		authorize := g.Config().Authorize
		config := g.Config()
		config.Authorize = func(ctx context.Context, req *jacinth.Request) error {
			if req.Method.Name == "m1" {
				time.Sleep(time.Second) // behind the other
				defer func() { ended <- time.Since(start) }()
			}
			return authorize(ctx, req)
		}
		g.Service = jacinth.New(config)
		jacinth.Private(g.Service, "patient", func(context.Context, jacinth.None) (int, error) { return 1, nil }, jacinth.Timeout(jacinth.Unlimited))
		addPrivate(g.Service, 2)
		codes := g.send(t, calling("patient"), calling("m1"))
		if want := []jacinth.Code{0, jacinth.DeadlineExceeded}; !slices.Equal(codes, want) {
			t.Errorf("codes = %v, want %v", codes, want)
		}
		if got := <-ended; got != 10*time.Second {
			t.Errorf("the item with 10 s waited for another's verification until %v", got)
		}
	})
}

// TestOnce_aLateVerifierSpeaksForItselfAlone has an item run out of time while it verifies. Another one, with more of
// it, is not to suffer.
func TestOnce_aLateVerifierSpeaksForItselfAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuarded(0, jacinth.Limits{Call: time.Minute, BatchWorkers: 2}, func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(10 * time.Second):
				return nil
			}
		})
		jacinth.Private(g.Service, "hasty", func(context.Context, jacinth.None) (int, error) { return 1, nil }, jacinth.Timeout(time.Second))
		addPrivate(g.Service, 1)
		codes := g.send(t, calling("hasty"), calling("m0"), calling("hasty"), calling("m0"))
		if want := []jacinth.Code{jacinth.DeadlineExceeded, 0, jacinth.DeadlineExceeded, 0}; !slices.Equal(codes, want) || g.verified.Load() != 2 {
			t.Errorf("codes = %v after %d verifications, want %v after 2", codes, g.verified.Load(), want)
		}
	})
}

func TestOnce_aPanicIsAResult(t *testing.T) {
	g := newGuarded(1, jacinth.Limits{}, func(context.Context) error { panic("a bad key") })
	codes := g.send(t, slices.Repeat([]string{calling("m0")}, 50)...)
	if want := slices.Repeat([]jacinth.Code{jacinth.InternalError}, 50); !slices.Equal(codes, want) || g.verified.Load() != 1 {
		t.Errorf("codes = %v after %d verifications, want internal errors after one", codes, g.verified.Load())
	}
}

func TestOnce_anEndedGoroutineLetsNobodyIn(t *testing.T) {
	g := newGuarded(1, jacinth.Limits{}, func(context.Context) error {
		runtime.Goexit()
		return nil
	})
	codes := g.send(t, slices.Repeat([]string{calling("m0")}, 50)...)
	slices.Sort(codes) // the verifier may be any of them
	want := append([]jacinth.Code{jacinth.InternalError}, slices.Repeat([]jacinth.Code{jacinth.AccessDenied}, 49)...)
	if !slices.Equal(codes, want) || g.verified.Load() != 1 {
		t.Errorf("codes = %v after %d verifications, want %v after one", codes, g.verified.Load(), want)
	}
}

// TestOnce_anotherTokenIsAnotherSender is for an authorizer that takes the token from elsewhere, such as the params.
func TestOnce_anotherTokenIsAnotherSender(t *testing.T) {
	tokens := jacinth.Tokens(tokenOne)
	config := quiet("params")
	config.Authorize = func(ctx context.Context, req *jacinth.Request) error {
		var list []string
		if err := json.Unmarshal(req.Params(), &list); err != nil || len(list) != 1 {
			return errForged
		}
		req.Token = jacinth.Token(list[0])
		return tokens(ctx, req)
	}
	g := &guarded{Service: jacinth.New(config)}
	g.Add(jacinth.Method{Name: "m", Private: true, Handler: func(context.Context, *jacinth.Request) (any, error) { return 1, nil }})
	with := func(token string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","method":"m","id":1,"params":[%q]}`, token)
	}
	codes := g.send(t, with(tokenOne), with(tokenTwo), with(tokenOne), with("wrong"))
	if want := []jacinth.Code{0, jacinth.AccessDenied, 0, jacinth.AccessDenied}; !slices.Equal(codes, want) {
		t.Errorf("items with tokens of their own are answered with %v, want %v", codes, want)
	}
}

// TestOnce_isOverWithTheBody keeps a request, and asks with it while another body is under way in the same room.
func TestOnce_isOverWithTheBody(t *testing.T) {
	var kept *jacinth.Request
	ask := func(req *jacinth.Request, answer string) string {
		got, err := req.Once(context.Background(), guardKey{}, func() (any, error) { return answer, nil })
		if err != nil {
			t.Error(err)
		}
		text, _ := got.(string)
		return text
	}
	svc := jacinth.New(quiet("kept"))
	jacinth.Public(svc, "keep", func(ctx context.Context, _ jacinth.None) (string, error) {
		kept = jacinth.RequestFrom(ctx)
		return ask(kept, "first") + ask(kept, "second"), nil
	})
	jacinth.Public(svc, "other", func(ctx context.Context, _ jacinth.None) (string, error) {
		return ask(kept, "stale") + " " + ask(jacinth.RequestFrom(ctx), "fresh") + " " + ask(kept, "stale"), nil
	})
	for range 20 { // so that the pool has a chance
		reply := string(svc.Dispatch(t.Context(), jacinth.Peer{}, []byte(calling("keep")), nil))
		if !strings.Contains(reply, `"firstfirst"`) {
			t.Fatalf("in one body: %s, want the first answer twice", reply)
		}
		if got := ask(kept, "after"); got != "after" {
			t.Fatalf("after the call, Once returns %q, want it to verify by itself", got)
		}
		reply = string(svc.Dispatch(t.Context(), jacinth.Peer{}, []byte(calling("other")), nil))
		if !strings.Contains(reply, `"stale fresh stale"`) {
			t.Fatalf("with the request of an earlier body: %s, want nothing of one in the other", reply)
		}
	}
	if got := ask(&jacinth.Request{}, "alone"); got != "alone" {
		t.Errorf("outside of a body, Once returns %q", got)
	}
}

func TestTokens_allocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates by itself")
	}
	config := quiet("private")
	config.Authorize = jacinth.Tokens(tokenTwo, tokenOne)
	svc := jacinth.New(config)
	jacinth.Private(svc, "sum", func(_ context.Context, p sumParams) (int, error) { return p.A + p.B, nil })
	body, reply := []byte(sumCall), make([]byte, 0, 256)
	peer := jacinth.Peer{Token: tokenOne}
	got := testing.AllocsPerRun(200, func() { reply = svc.Dispatch(t.Context(), peer, body, reply[:0]) })
	if got > 1 || !strings.Contains(string(reply), `"result":`) {
		t.Errorf("a call of a private method allocates %v times, want at most 1: %s", got, reply)
	}
}
