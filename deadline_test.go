package jacinth_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// obeying returns a service whose method "obey" runs until its context ends, notes when that was, and returns the
// context's error.
func obeying(limits jacinth.Limits, options ...jacinth.MethodOption) (svc *jacinth.Service, took *time.Duration) {
	svc = jacinth.New(jacinth.Config{Name: "obeying", Limits: limits, Logger: slog.New(slog.DiscardHandler)})
	took = new(time.Duration)
	jacinth.Public(svc, "obey", func(ctx context.Context, _ jacinth.None) (string, error) {
		start := time.Now()
		<-ctx.Done()
		*took = time.Since(start)
		return "too late", fmt.Errorf("stopped: %w", ctx.Err())
	}, options...)
	return svc, took
}

func TestDeadline_isTheNearest(t *testing.T) {
	const never = 0
	for _, test := range []struct {
		name    string
		limit   time.Duration // Limits.Call
		timeout time.Duration // of the method
		peer    time.Duration // until Peer.Deadline
		header  string        // Jacinth-Timeout-Ms
		want    time.Duration
	}{
		{"the default", 0, 0, never, "", 25 * time.Second},
		{"that of the service", 3 * time.Second, 0, never, "", 3 * time.Second},
		{"that of the method, shorter", 3 * time.Second, time.Second, never, "", time.Second},
		{"that of the method, longer", 3 * time.Second, time.Minute, never, "", time.Minute},
		{"that of the sender", 0, 0, 2 * time.Second, "", 2 * time.Second},
		{"that of the sender, capped by the service", 0, 0, time.Hour, "", 25 * time.Second},
		{"that of the sender, capped by the method", 0, time.Second, time.Hour, "", time.Second},
		{"that of the sender, where the service has none", jacinth.Unlimited, 0, time.Hour, "", time.Hour},
		{"that of the sender, where the method has none", 0, jacinth.Unlimited, time.Hour, "", time.Hour},
		{"that of the header", 0, 0, never, "1500", 1500 * time.Millisecond},
		{"that of the header, capped", 0, 0, never, "999999999", 25 * time.Second},
		{"none in the header", 0, 0, never, "soon", 25 * time.Second},
		{"a negative one in the header", 0, 0, never, "-5", 25 * time.Second},
		{"one in the header that no clock holds", 0, 0, never, "9223372036854775807", 25 * time.Second},
		{"one in the header that no number holds", 0, 0, never, "99999999999999999999", 25 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				svc, took := obeying(jacinth.Limits{Call: test.limit}, jacinth.Timeout(test.timeout))
				var got []byte
				if test.header != "" {
					got = callHTTP(svc, call("obey"), "Jacinth-Timeout-Ms", test.header).body
				} else {
					peer := jacinth.Peer{}
					if test.peer != never {
						peer.Deadline = time.Now().Add(test.peer)
					}
					got = svc.Dispatch(t.Context(), peer, []byte(call("obey")), nil)
				}
				if *took != test.want {
					t.Errorf("the context of the call ended after %v, want %v", *took, test.want)
				}
				if r := mustReply(t, got); r.code() != int(jacinth.DeadlineExceeded) || r.Error.Data != nil {
					t.Errorf("the caller got %s, want code %d", got, jacinth.DeadlineExceeded)
				}
			})
		})
	}
}

// TestDeadline_ofTheParent holds that the context of a call knows the deadline of the one that it was dispatched in.
func TestDeadline_ofTheParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := jacinth.New(quiet("derived"))
		jacinth.Public(svc, "left", func(ctx context.Context, _ jacinth.None) (string, error) {
			deadline, _ := ctx.Deadline()
			return time.Until(deadline).String(), nil
		})
		for parent, want := range map[time.Duration]string{time.Second: `"1s"`, time.Hour: `"25s"`} {
			ctx, cancel := context.WithTimeout(t.Context(), parent)
			if r := mustReply(t, svc.Dispatch(ctx, jacinth.Peer{}, []byte(call("left")), nil)); string(r.Result) != want {
				t.Errorf("in a context of %v, a call has %s left, want %s", parent, r.Result, want)
			}
			cancel()
		}
	})
}

// TestDeadline_inTwoHeaders holds that a timeout that is sent twice counts for nothing: which one was meant?
func TestDeadline_inTwoHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, took := obeying(jacinth.Limits{})
		callHTTP(svc, call("obey"), "Jacinth-Timeout-Ms", "1000", "Jacinth-Timeout-Ms", "2000")
		if *took != 25*time.Second {
			t.Errorf("the context of the call ended after %v, want 25s", *took)
		}
	})
}

func TestDeadline_none(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, limits := range []jacinth.Limits{{}, {Call: jacinth.Unlimited}} {
			svc := jacinth.New(jacinth.Config{Name: "patient", Limits: limits, Logger: slog.New(slog.DiscardHandler)})
			options := []jacinth.MethodOption{jacinth.Timeout(jacinth.Unlimited)}
			if limits.Call == jacinth.Unlimited {
				options = nil
			}
			jacinth.Public(svc, "wait", func(ctx context.Context, _ jacinth.None) (string, error) {
				if deadline, ok := ctx.Deadline(); ok {
					t.Errorf("the call has the deadline %v, want none", deadline)
				}
				select {
				case <-ctx.Done():
				case <-time.After(1000 * time.Hour):
				}
				return "done", ctx.Err()
			}, options...)
			if got := callHTTP(svc, call("wait")); mustReply(t, got.body).Error != nil {
				t.Errorf("with %+v the caller got %s, want a result", limits, got.body)
			}
		}
	})
}

// TestDeadline_countsFromTheArrival holds that the items of a batch share the time of their request, and that what
// comes too late is not run.
func TestDeadline_countsFromTheArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, _ := obeying(jacinth.Limits{BatchWorkers: 1, Call: 10 * time.Second})
		runs := 0
		jacinth.Public(svc, "run", func(context.Context, jacinth.None) (int, error) {
			runs++
			return runs, nil
		})
		jacinth.Public(svc, "longer", func(ctx context.Context, _ jacinth.None) (string, error) {
			deadline, _ := ctx.Deadline()
			return time.Until(deadline).String(), nil
		}, jacinth.Timeout(15*time.Second))
		start := time.Now()
		got := callHTTP(svc, "["+call("run")+","+call("obey")+","+call("run")+","+call("longer")+"]")
		replies := mustReplies(t, got.body)
		if replies[0].Error != nil || replies[1].code() != -32002 || replies[2].code() != -32002 || string(replies[3].Result) != `"5s"` {
			t.Errorf("the batch is answered with %s, want a result, -32002 twice and 5s", got.body)
		}
		if runs != 1 {
			t.Errorf("the method ran %d times, want once: the second time was too late", runs)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("the batch took %v, want 10s", took)
		}
	})
}

// TestDeadline_passedAlready holds that a call whose sender has gone is not run.
func TestDeadline_passedAlready(t *testing.T) {
	svc := jacinth.New(quiet("late"))
	jacinth.Public(svc, "run", func(context.Context, jacinth.None) (int, error) {
		t.Error("a call past its deadline was run")
		return 0, nil
	})
	peer := jacinth.Peer{Deadline: time.Now().Add(-time.Second)}
	if r := mustReply(t, svc.Dispatch(t.Context(), peer, []byte(call("run")), nil)); r.code() != -32002 {
		t.Errorf("the code is %d, want -32002", r.code())
	}
	if r := mustReply(t, callHTTP(svc, call("run"), "Jacinth-Timeout-Ms", "0").body); r.code() != -32002 {
		t.Errorf("the code over HTTP is %d, want -32002", r.code())
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if r := mustReply(t, svc.Dispatch(gone, jacinth.Peer{}, []byte(call("run")), nil)); r.code() != -32000 {
		t.Errorf("the code for a caller that hung up is %d, want -32000", r.code())
	}
}

// TestDeadline_ofItsOwnCalls holds that a deadline which a method set itself, for something it waits for, is a failure
// of the service: the caller's time is not up.
func TestDeadline_ofItsOwnCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := jacinth.New(quiet("impatient"))
		jacinth.Public(svc, "query", func(ctx context.Context, _ jacinth.None) (int, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			<-ctx.Done()
			return 0, ctx.Err()
		})
		if r := mustReply(t, callHTTP(svc, call("query")).body); r.code() != -32603 || !strings.Contains(string(r.Error.Data), "errorId") {
			t.Errorf("the caller got %+v, want -32603 and an id", r.Error)
		}
	})
}

// TestDeadline_missed holds that a method which finishes in spite of its deadline has its result sent: it is done.
func TestDeadline_missed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := jacinth.New(quiet("late"))
		jacinth.Public(svc, "finish", func(ctx context.Context, _ jacinth.None) (bool, error) {
			time.Sleep(time.Minute)
			return errors.Is(ctx.Err(), context.DeadlineExceeded), nil
		})
		if r := mustReply(t, callHTTP(svc, call("finish")).body); string(r.Result) != "true" {
			t.Errorf("the caller got %s, %+v; want true", r.Result, r.Error)
		}
	})
}
