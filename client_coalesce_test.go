package jacinth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/jacinthtest"
)

// slowly gives an answer a second after its request.
func slowly(answer func(http.ResponseWriter, *received)) func(http.ResponseWriter, *received) {
	return func(w http.ResponseWriter, got *received) {
		select {
		case <-time.After(time.Second):
			answer(w, got)
		case <-got.context.Done():
		}
	}
}

// caller calls with its number and keeps what it gets.
type caller struct {
	number int
	result json.RawMessage
	err    error
	took   time.Duration
}

// callAll has callers call at the same time, in the order of their numbers; wait waits until the last is done.
func callAll(ctx context.Context, client *jacinth.Client, from, to int, options ...jacinth.CallOption) (callers []*caller, wait func()) {
	var all sync.WaitGroup
	for number := from; number < to; number++ {
		c := &caller{number: number}
		callers = append(callers, c)
		all.Go(func() {
			begin := time.Now()
			c.err = client.Call(ctx, "m", jacinth.Positional{number}, &c.result, options...)
			c.took = time.Since(begin)
		})
		synctest.Wait()
	}
	return callers, all.Wait
}

// check holds that each caller has its own answer.
func checkEchoed(t *testing.T, callers []*caller) {
	t.Helper()
	for _, c := range callers {
		if want := fmt.Sprintf("[%d]", c.number); c.err != nil || string(c.result) != want {
			t.Errorf("caller %d got %s, %v; want %s", c.number, c.result, c.err, want)
		}
	}
}

// shapes are the requests that a remote got, each as the numbers of its calls, in brackets if it was a batch.
func shapes(remote *remote) []string {
	var list []string
	for _, got := range remote.received() {
		text := numbers(got)
		if got.batch {
			text = "[" + text + "]"
		}
		list = append(list, text)
	}
	return list
}

func checkShapes(t *testing.T, remote *remote, want ...string) {
	t.Helper()
	if got := shapes(remote); !slices.Equal(got, want) {
		t.Errorf("the requests were %q, want %q", got, want)
	}
}

// TestCoalesce_aloneAtOnce holds that a caller who is alone does not wait, and sends what it would send without.
func TestCoalesce_aloneAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, echoing)
		client.Coalesce = 4
		for i := range 3 {
			callers, wait := callAll(t.Context(), client, i, i+1)
			wait()
			checkEchoed(t, callers)
			if callers[0].took != 0 {
				t.Errorf("a lone call took %v", callers[0].took)
			}
		}
		checkShapes(t, remote, "0", "1", "2")
	})
}

// TestCoalesce_together holds that calls which come while as many requests are under way as may be wait for the next
// of them to be answered, and then go together.
func TestCoalesce_together(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, slowly(echoing))
		client.Coalesce = 2
		callers, wait := callAll(t.Context(), client, 0, 8)
		wait()
		checkEchoed(t, callers)
		for i, c := range callers {
			if want := time.Duration(1+min(i/2, 1)) * time.Second; c.took != want {
				t.Errorf("caller %d waited %v, want %v", i, c.took, want)
			}
		}
		checkShapes(t, remote, "0", "1", "[2 3 4 5 6 7]")
		// And when that is over, a lone call is alone again.
		callers, wait = callAll(t.Context(), client, 8, 10)
		wait()
		checkEchoed(t, callers)
		checkShapes(t, remote, "0", "1", "[2 3 4 5 6 7]", "8", "9")
	})
}

// TestCoalesce_one holds that one call that waited goes as a plain call.
func TestCoalesce_one(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, slowly(echoing))
		client.Coalesce = 1
		callers, wait := callAll(t.Context(), client, 0, 2)
		wait()
		checkEchoed(t, callers)
		checkShapes(t, remote, "0", "1")
	})
}

// TestCoalesce_within holds that no more calls go together than a service takes: as many as it said, as many as it
// said when it refused more, as many as it turns out, and never more than a hundred.
func TestCoalesce_within(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer func(http.ResponseWriter, *received)
		calls  int
		want   []string
	}{
		{"by calls", limited(3, 0, true), 8, []string{"0", "[1 2 3 4 5 6 7]", "[1 2 3]", "[4 5 6]", "[7]"}},
		{"by bytes", limited(0, 160, true), 6, []string{"0", "[1 2 3 4 5]", "[1 2 3]", "[4 5]"}},
		{"by calls, of which it does not speak", limited(3, 0, false), 8, []string{"0", "[1 2 3 4 5 6 7]", "[1 2 3 4]", "[1 2]", "[3 4]", "[5 6 7]"}},
		{"by bytes, of which it does not speak", limited(0, 160, false), 6, []string{"0", "[1 2 3 4 5]", "[1 2 3]", "[4 5]"}},
		{"by bytes, of which a proxy speaks", proxied(160), 6, []string{"0", "[1 2 3 4 5]", "[1 2 3]", "[4 5]"}},
		{"by calls, of which the client knows", limited(3, 0, false), 8, []string{"0", "[1 2 3]", "[4 5 6]", "7"}},
		{"no batches at all", limited(1, 0, false), 5, []string{"0", "[1 2 3 4]", "[1 2]", "1", "2", "[3 4]", "3", "4"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				remote, client := newRemote(t, slowly(test.answer))
				client.Coalesce = 1
				if strings.Contains(test.name, "the client knows") {
					client.MaxBatch = 3
				}
				callers, wait := callAll(t.Context(), client, 0, test.calls, jacinth.Timeout(time.Minute))
				wait()
				checkEchoed(t, callers)
				checkShapes(t, remote, test.want...)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, slowly(echoing))
		client.Coalesce = 1
		callers, wait := callAll(t.Context(), client, 0, 251)
		wait()
		checkEchoed(t, callers)
		var sizes []int
		for _, got := range remote.received() {
			sizes = append(sizes, len(got.calls))
		}
		if !slices.Equal(sizes, []int{1, 100, 100, 50}) {
			t.Errorf("250 calls that waited went in requests of %v, want 100, 100 and 50", sizes)
		}
	})
}

// proxied is a service behind a proxy that lets so many bytes through.
func proxied(bytes int) func(http.ResponseWriter, *received) {
	return func(w http.ResponseWriter, got *received) {
		if len(got.body) > bytes {
			replying(413, "<html>")(w, got)
			return
		}
		echoing(w, got)
	}
}

// TestCoalesce_unreadable holds that a call which the service cannot read, because it is nested too deeply when it is
// in a batch, say, takes down no other call, wherever it stands.
func TestCoalesce_unreadable(t *testing.T) {
	for bad := 1; bad < 8; bad++ {
		synctest.Test(t, func(t *testing.T) {
			remote, client := newRemote(t, slowly(func(w http.ResponseWriter, got *received) {
				if slices.Contains(strings.Fields(numbers(got)), fmt.Sprint(bad)) {
					replying(200, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m"}}`)(w, got)
					return
				}
				echoing(w, got)
			}))
			client.Coalesce = 1
			callers, wait := callAll(t.Context(), client, 0, 8)
			wait()
			if err := callers[bad].err; !errors.Is(err, jacinth.ParseError) {
				t.Errorf("caller %d got %v, want %v", bad, err, jacinth.ParseError)
			}
			checkEchoed(t, slices.Delete(callers, bad, bad+1))
			runs := map[string]int{}
			for _, shape := range shapes(remote) {
				if numbers := strings.Fields(strings.Trim(shape, "[]")); !slices.Contains(numbers, fmt.Sprint(bad)) {
					for _, n := range numbers {
						runs[n]++
					}
				}
			}
			for n, times := range runs {
				if times != 1 {
					t.Errorf("call %s ran %d times", n, times)
				}
			}
		})
	}
	// With a service of ours, whose limit of nesting counts the brackets of the batch.
	client := jacinthtest.New(t, calcService())
	client.Coalesce = 1
	deep := json.RawMessage(strings.Repeat("[", 63) + strings.Repeat("]", 63))
	var calls sync.WaitGroup
	for range 4 {
		calls.Go(func() {
			if err := client.Call(t.Context(), "unknown", deep, nil); !errors.Is(err, jacinth.MethodNotFound) {
				t.Errorf("a deep call = %v, want what it is alone: %v", err, jacinth.MethodNotFound)
			}
		})
		calls.Go(func() {
			for range 20 {
				if _, err := tick.Call(t.Context(), client, jacinth.None{}); err != nil {
					t.Errorf("a call beside a deep one = %v", err)
				}
			}
		})
	}
	calls.Wait()
}

// TestCoalesce_leaving holds that a caller who gives up leaves at once, that its call is not sent if it was not yet,
// and that it is told which.
func TestCoalesce_leaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, slowly(echoing))
		client.Coalesce = 1
		callers, wait := callAll(t.Context(), client, 0, 4)
		soon, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		never, waitNever := callAll(soon, client, 4, 6) // wait for call 0, and give up
		later, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		half, waitHalf := callAll(later, client, 6, 8) // are on their way when they give up
		wait()
		waitNever()
		waitHalf()
		checkEchoed(t, callers)
		for _, c := range never {
			if !errors.Is(c.err, jacinth.ErrNotSent) || !errors.Is(c.err, context.DeadlineExceeded) || c.took != 500*time.Millisecond {
				t.Errorf("caller %d, who left before its turn, got %v after %v; want %v after 500ms", c.number, c.err, c.took, jacinth.ErrNotSent)
			}
		}
		for _, c := range half {
			if !errors.Is(c.err, jacinth.ErrNoReply) || !errors.Is(c.err, context.DeadlineExceeded) || c.took != 1500*time.Millisecond {
				t.Errorf("caller %d, who left in between, got %v after %v; want %v after 1.5s", c.number, c.err, c.took, jacinth.ErrNoReply)
			}
		}
		checkShapes(t, remote, "0", "[1 2 3 6 7]")
	})
}

// TestCoalesce_allLeave holds that a request whose callers have all left is given up, and makes room for the next.
func TestCoalesce_allLeave(t *testing.T) {
	for _, refused := range []bool{false, true} { // before, so that it was sent in halves
		synctest.Test(t, func(t *testing.T) {
			remote, client := newRemote(t, func(w http.ResponseWriter, got *received) {
				switch {
				case strings.HasPrefix(numbers(got), "0"), numbers(got) == "5", refused && numbers(got) == "1 2 3 4":
					slowly(limited(3, 0, false))(w, got)
				default:
					<-got.context.Done() // or never
				}
			})
			client.Coalesce = 1
			first, wait := callAll(t.Context(), client, 0, 1)
			soon, cancel := context.WithCancel(t.Context())
			_, waitSoon := callAll(soon, client, 1, 5, jacinth.Timeout(time.Hour))
			wait()
			checkEchoed(t, first)
			time.Sleep(2 * time.Second)
			next, wait := callAll(t.Context(), client, 5, 6)
			time.Sleep(2 * time.Second)
			cancel()
			waitSoon()
			wait()
			checkEchoed(t, next)
			if took := next[0].took; took != 3*time.Second {
				t.Errorf("the next call took %v, want 3s: it waits for those that left", took)
			}
			if refused {
				checkShapes(t, remote, "0", "[1 2 3 4]", "[1 2]", "5")
			} else {
				checkShapes(t, remote, "0", "[1 2 3 4]", "5")
			}
		})
	}
}

// TestCoalesce_deadline holds that a request with several calls has as long as the most patient of them, and that the
// service is told so.
func TestCoalesce_deadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, func(_ http.ResponseWriter, got *received) { <-got.context.Done() })
		client.Coalesce = 1
		_, wait1 := callAll(t.Context(), client, 0, 1, jacinth.Timeout(time.Second))
		callers, wait2 := callAll(t.Context(), client, 1, 3, jacinth.Timeout(10*time.Second))
		more, wait3 := callAll(t.Context(), client, 3, 4, jacinth.Timeout(20*time.Second))
		wait1()
		wait2()
		wait3()
		for _, c := range slices.Concat(callers, more) {
			if want := time.Duration(10*(1+c.number/3)) * time.Second; c.took != want || !errors.Is(c.err, context.DeadlineExceeded) {
				t.Errorf("caller %d got %v after %v, want its deadline after %v", c.number, c.err, c.took, want)
			}
		}
		if got := remote.received()[1].header.Get("Jacinth-Timeout-Ms"); got != "18990" {
			t.Errorf("the service is given %q ms, want 18990", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, slowly(echoing))
		client.Coalesce = 1
		callers, wait := callAll(t.Context(), client, 0, 2)
		more, waitMore := callAll(t.Context(), client, 2, 3, jacinth.Timeout(jacinth.Unlimited))
		wait()
		waitMore()
		checkEchoed(t, slices.Concat(callers, more))
		if got := remote.received()[1].header.Get("Jacinth-Timeout-Ms"); got != "" {
			t.Errorf("with a caller who waits for ever, the service is given %q ms", got)
		}
	})
}

// TestCoalesce_goesBy holds that what does not belong together does not go together.
func TestCoalesce_goesBy(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, slowly(echoing))
		client.Coalesce = 1
		client.TokenSource = func(ctx context.Context) (string, error) {
			token, _ := ctx.Value(key{}).(string)
			return token, nil
		}
		inner := client.Transport
		client.Transport = roundTripper(func(request *http.Request) (*http.Response, error) {
			// What a round tripper takes from the context of one call, as some do with tenants, is not for others.
			request.Header["X-Seen"] = []string{fmt.Sprint(request.Context().Value(key{}))}
			return inner.RoundTrip(request)
		})
		var waits []func()
		var callers []*caller
		add := func(ctx context.Context, from, to int, options ...jacinth.CallOption) {
			more, wait := callAll(ctx, client, from, to, options...)
			callers, waits = append(callers, more...), append(waits, wait)
		}
		alice, bob := context.WithValue(t.Context(), key{}, "alice"), context.WithValue(t.Context(), key{}, "bob")
		add(alice, 0, 1)
		add(alice, 1, 2)
		add(bob, 2, 4)
		add(alice, 4, 5)
		add(jacinth.WithHeader(alice, "X-Own", "1"), 5, 6)
		var notified error
		var notifying sync.WaitGroup
		notifying.Go(func() { notified = client.Notify(alice, "m", jacinth.Positional{6}) })
		synctest.Wait()
		add(bob, 7, 8)
		add(context.WithValue(t.Context(), key{}, "carol"), 8, 9)
		for _, wait := range waits {
			wait()
		}
		notifying.Wait()
		if notified != nil {
			t.Error(notified)
		}
		checkEchoed(t, callers)
		checkShapes(t, remote, "0", "5", "6", "[1 4]", "[2 3 7]", "8")
		for i, want := range []string{"alice/alice/", "alice/alice/1", "alice/alice/", "alice/<nil>/", "bob/<nil>/", "carol/carol/"} {
			header := remote.received()[i].header
			if got := header.Get("X-Api-Token") + "/" + header.Get("X-Seen") + "/" + header.Get("X-Own"); got != want {
				t.Errorf("request %d has the token, the value and the header %q, want %q", i, got, want)
			}
		}
	})
}

// TestCoalesce_trace holds that calls which a handler makes at the same time keep its trace, and those of different
// handlers have none.
func TestCoalesce_trace(t *testing.T) {
	const otherParent = "00-11111111111111111111111111111111-2222222222222222-01"
	synctest.Test(t, func(t *testing.T) {
		remote, next := newRemote(t, slowly(echoing))
		next.Coalesce = 1
		svc := jacinth.New(quiet("middle"))
		jacinth.Public(svc, "pass", func(ctx context.Context, p []int) (jacinth.None, error) {
			var calls sync.WaitGroup
			for _, number := range p {
				calls.Go(func() {
					if err := next.Call(ctx, "m", jacinth.Positional{number}, nil); err != nil {
						t.Error(err)
					}
				})
			}
			calls.Wait()
			return jacinth.None{}, nil
		})
		client := jacinthtest.New(t, svc)
		pass := func(parent string, numbers ...int) {
			if err := client.Call(jacinth.WithHeader(t.Context(), "Traceparent", parent), "pass", numbers, nil); err != nil {
				t.Error(err)
			}
		}
		pass(goodParent, 1, 2, 3)
		synctest.Wait()
		var both sync.WaitGroup
		both.Go(func() { pass(goodParent, 4, 5) })
		synctest.Wait()
		both.Go(func() { pass(otherParent, 6, 7) })
		both.Wait()
		all := remote.received()
		for i, want := range []struct {
			calls int
			trace string
		}{{1, goodParent}, {2, goodParent}, {1, goodParent}, {3, ""}} {
			if got := all[i].header.Get("Traceparent"); got != want.trace || len(all[i].calls) != want.calls {
				t.Errorf("request %d has %d calls and belongs to the trace %q, want %d and %q", i, len(all[i].calls), got, want.calls, want.trace)
			}
		}
	})
}

// TestCoalesce_largeResults holds that calls whose results are together too large for one reply are not failed by it
// for good, that they are run once more at most, and that fewer go together from then on.
func TestCoalesce_largeResults(t *testing.T) {
	for _, noRetry := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			svc, runs := wordyService(1000, 8000)
			client := jacinthtest.New(t, svc)
			client.Coalesce, client.NoRetry = 1, noRetry
			if _, err := client.Specs(t.Context()); err != nil {
				t.Fatal(err)
			}
			failed, again := 0, 0
			callers, wait := callAll(t.Context(), client, 0, 51, jacinth.ReadOnly()) // all but the first go together
			wait()
			for _, c := range callers {
				if c.err != nil {
					if failed++; !errors.Is(c.err, jacinth.ResponseTooLarge) {
						t.Errorf("a call beside others: %v", c.err)
					}
				}
				if again += runs[c.number] - 1; runs[c.number] > 2 {
					t.Errorf("a call was run %d times", runs[c.number])
				}
			}
			if (failed == 0) == noRetry || (again == 0) != noRetry {
				t.Errorf("with NoRetry %v, %d calls failed beside others, and %d were run again", noRetry, failed, again)
			}
			callers, wait = callAll(t.Context(), client, 51, 101)
			wait()
			for _, c := range callers {
				if c.err != nil || runs[c.number] != 1 {
					t.Errorf("once it is known how large the results are, a call was still run %d times: %v", runs[c.number], c.err)
				}
			}
		})
	}
}

// wordyService is a service whose method m takes a moment and has a result of that size, but for the first call, and
// which says no more than limit at a time. It counts the runs of each call.
func wordyService(size, limit int) (*jacinth.Service, map[int]int) {
	config := quiet("wordy")
	config.Limits.Response = limit
	svc := jacinth.New(config)
	var mu sync.Mutex
	runs := map[int]int{}
	jacinth.Public(svc, "m", func(_ context.Context, p []int) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if runs[p[0]]++; p[0] == 0 {
			return "short", nil
		}
		return strings.Repeat("x", size), nil
	})
	svc.Use(func(next jacinth.Handler) jacinth.Handler {
		return func(ctx context.Context, req *jacinth.Request) (any, error) {
			time.Sleep(time.Millisecond)
			return next(ctx, req)
		}
	})
	return svc, runs
}

func TestCoalesce_retries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusal := replying(503, `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"m","data":{"processed":false}}}`, "Retry-After", "2")
		remote, client := newRemote(t, slowly(inTurn(echoing, refusal, echoing)))
		client.Coalesce = 1
		callers, wait := callAll(t.Context(), client, 0, 5)
		wait()
		checkEchoed(t, callers)
		sent := 0
		for _, got := range remote.received() {
			sent += len(got.calls)
		}
		if sent != 1+4+4 {
			t.Errorf("5 calls, four of which were refused once, were sent %d times: %q", sent, shapes(remote))
		}
	})
}

func TestCoalesce_middleware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, slowly(echoing))
		client.Coalesce = 1
		var seen []string
		client.Middleware = []jacinth.Middleware{func(next jacinth.Handler) jacinth.Handler {
			return func(ctx context.Context, req *jacinth.Request) (any, error) {
				seen = append(seen, string(req.Params()))
				return next(ctx, req)
			}
		}}
		callers, wait := callAll(t.Context(), client, 0, 4)
		wait()
		checkEchoed(t, callers)
		checkShapes(t, remote, "0", "[1 2 3]")
		if !slices.Equal(seen, []string{"[0]", "[1]", "[2]", "[3]"}) {
			t.Errorf("the middleware saw %q", seen)
		}
	})
}

// TestCoalesce_again holds that callers who call again as soon as they have their answer go with the next request, all
// of them, and do not fall apart into groups that take turns.
func TestCoalesce_again(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector shuffles who runs next")
	}
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, slowly(echoing))
		client.Coalesce = 1
		const callers, calls = 8, 50
		var all sync.WaitGroup
		for number := range callers {
			all.Go(func() {
				for range calls {
					if err := client.Call(t.Context(), "m", jacinth.Positional{number}, nil, jacinth.Timeout(time.Hour)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		// One request for each round is what is possible, and two are what comes of taking turns.
		if n := remote.count(); n > calls*17/10 {
			t.Errorf("%d rounds of %d calls went in %d requests", calls, callers, n)
		}
	})
}
