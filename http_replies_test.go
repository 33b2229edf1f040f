package jacinth_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// stalled is the ResponseWriter of a caller who reads nothing until let is closed. It knows no deadlines.
type stalled struct {
	*httptest.ResponseRecorder
	let chan struct{}
}

func (s stalled) Write(p []byte) (int, error) {
	<-s.let
	return s.ResponseRecorder.Write(p)
}

// stall sends a call whose reply nobody reads until let is closed, and returns when it waits.
func stall(t *testing.T, svc *jacinth.Service, body string, let chan struct{}) {
	t.Helper()
	request := httptest.NewRequest(http.MethodPost, "/api", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	go svc.ServeHTTP(stalled{httptest.NewRecorder(), let}, request)
	synctest.Wait()
}

func checkRoom(t *testing.T, when string, svc *jacinth.Service, want int64) {
	t.Helper()
	if held := jacinth.RepliesHeld(svc); held != want {
		t.Errorf("%s, %d bytes are held; want %d", when, held, want)
	}
}

// crowded says that a call has run and that there was no room for its reply.
func checkCrowded(t *testing.T, what string, r reply) {
	t.Helper()
	if r.code() != int(jacinth.Unavailable) || strings.Contains(string(r.Error.Data), "processed") {
		t.Errorf("%s: %+v, want code %d and nothing of processed", what, r.Error, jacinth.Unavailable)
	}
}

func textItem(size, id int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"text","params":[%d],"id":%d}`, size, id)
}

// TestReplyInFlight_ofCallsThatHaveRun holds what callers are told whose replies find no room: the truth, which is that the
// call has run, in a reply of its own.
func TestReplyInFlight_ofCallsThatHaveRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 1 << 20
		svc := limitedService(jacinth.Limits{ReplyInFlight: limit})
		let := make(chan struct{})
		stall(t, svc, textCall(900<<10), let)
		held := jacinth.RepliesHeld(svc)
		if held < 900<<10 || held > limit*15/16 {
			t.Fatalf("a reply of 900 KiB that waits holds %d bytes", held)
		}

		got := callHTTP(svc, textCall(500<<10))
		if got.status != http.StatusOK || got.header.Get("Retry-After") != "" {
			t.Errorf("a call whose reply finds no room: status %d, Retry-After %q; want 200 and none", got.status, got.header.Get("Retry-After"))
		}
		if r := mustReply(t, got.body); string(r.ID) != "1" {
			t.Errorf("its reply has the id %s, want 1", r.ID)
		} else {
			checkCrowded(t, "its reply", r)
		}
		checkRoom(t, "after it", svc, held)

		got = callHTTP(svc, `{"jsonrpc":"2.0","method":"complain","params":[10,500000],"id":1}`)
		if r := mustReply(t, got.body); r.code() != 5 || r.Error.Data != nil {
			t.Errorf("an error whose data finds no room is %.200s, want code 5 and no data", got.body)
		}
		got = callHTTP(svc, "["+textItem(10, 1)+","+textItem(500<<10, 2)+","+textItem(10, 3)+"]")
		replies := mustReplies(t, got.body)
		if len(replies) != 3 || replies[0].Error != nil || replies[2].Error != nil {
			t.Errorf("a batch is answered with %.200s, want two results and an error", got.body)
		} else {
			checkCrowded(t, "the item whose reply finds no room", replies[1])
		}
		got = callHTTP(svc, "["+textItem(50<<10, 1)+","+textItem(40<<10, 2)+"]")
		if got.status != http.StatusOK {
			t.Errorf("a batch whose replies find no room together has status %d, want 200", got.status)
		}
		checkCrowded(t, "a batch whose replies find no room together", mustReply(t, got.body))
		if got := callHTTP(svc, `{"jsonrpc":"2.0","method":"text","params":[500000]}`); got.status != http.StatusOK || len(got.body) > 0 {
			t.Errorf("a notification is answered with status %d, %.200s; want 200 and nothing", got.status, got.body)
		}
		checkRoom(t, "after all of them", svc, held)

		close(let)
		synctest.Wait()
		checkRoom(t, "when the reply was read", svc, 0)
		if got := callHTTP(svc, textCall(500<<10)); mustReply(t, got.body).Error != nil {
			t.Errorf("then a call is answered with %.200s", got.body)
		}
		checkRoom(t, "at the end", svc, 0)
	})
}

// TestReplyInFlight_shedsCalls holds that nothing is run while the bound is reached, whatever carries it.
func TestReplyInFlight_shedsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 1 << 20
		svc := limitedService(jacinth.Limits{ReplyInFlight: limit})
		let := make(chan struct{})
		for range 2 {
			stall(t, svc, textCall(500<<10), let)
		}
		if held := jacinth.RepliesHeld(svc); held < limit*15/16 || held > limit {
			t.Fatalf("two replies of 500 KiB that wait hold %d bytes", held)
		}
		checkShed(t, "a call", callHTTP(svc, textCall(1)))
		batch := callHTTP(svc, "["+textItem(1, 1)+","+textItem(1, 2)+"]")
		checkShed(t, "a batch", batch)
		if batch.body[0] == '[' {
			t.Errorf("a batch is answered with %s, want one short error", batch.body)
		}
		checkShed(t, "a notification", callHTTP(svc, `{"jsonrpc":"2.0","method":"text","params":[1]}`))
		checkShed(t, "a batch of notifications", callHTTP(svc, `[{"jsonrpc":"2.0","method":"text","params":[1]}]`))
		reply, shed := svc.Answer(t.Context(), jacinth.Peer{}, []byte(textCall(1)), nil)
		if !shed {
			t.Errorf("without HTTP, a call is answered with %s, want it shed", reply)
		}
		checkNotRun(t, "without HTTP", mustReply(t, reply))
		close(let)
		synctest.Wait()
		checkRoom(t, "afterwards", svc, 0)
		if got := callHTTP(svc, textCall(1)); mustReply(t, got.body).Error != nil {
			t.Errorf("then a call is answered with %s", got.body)
		}
	})
}

// TestHostile_unreadRepliesHoldUpNoShortOne holds that callers who do not read keep nobody from a method whose replies take
// no room in any case: before, replies of lists that nobody read kept a registry from hearing that instances are there.
func TestHostile_unreadRepliesHoldUpNoShortOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := limitedService(jacinth.Limits{ReplyInFlight: 1 << 20})
		jacinth.Public(svc, "renew", func(context.Context, jacinth.None) (jacinth.None, error) { return jacinth.None{}, nil })
		jacinth.Public(svc, "ping", func(context.Context, jacinth.None) (bool, error) { return true, nil })
		let := make(chan struct{})
		for range 2 {
			stall(t, svc, textCall(500<<10), let)
		}
		checkShed(t, "a call with a text as its result", callHTTP(svc, textCall(1)))
		for _, method := range []string{"renew", "ping"} {
			if got := callHTTP(svc, call(method)); got.status != http.StatusOK {
				t.Errorf("a call of %s has status %d, want 200", method, got.status)
			}
		}
		close(let)
	})
}

// TestReplyInFlight_countsWhileRepliesAreMade holds that the replies of a batch count before all of them are there, and
// that a binding beside HTTP has their room given back for it.
func TestReplyInFlight_countsWhileRepliesAreMade(t *testing.T) {
	svc := limitedService(jacinth.Limits{BatchWorkers: 1})
	var held int64
	jacinth.Public(svc, "held", func(context.Context, jacinth.None) (int, error) {
		held = jacinth.RepliesHeld(svc)
		return 0, nil
	})
	svc.Dispatch(t.Context(), jacinth.Peer{}, []byte("["+textItem(500<<10, 1)+","+call("held")+"]"), nil)
	if held < 500<<10 || held > 1<<20 {
		t.Errorf("while a batch runs that has a reply of 500 KiB already, %d bytes are held", held)
	}
	checkRoom(t, "after Dispatch", svc, 0)
}

// ending ends the goroutine that encodes it.
type ending struct{}

func (ending) MarshalJSON() ([]byte, error) {
	runtime.Goexit()
	return nil, nil
}

// TestReplyInFlight_isKept sends all kinds of calls at once, many of whose callers go away, and holds that the bound is
// never passed and that all room comes back.
func TestReplyInFlight_isKept(t *testing.T) {
	const limit = 1 << 20
	svc := limitedService(jacinth.Limits{ReplyInFlight: limit, Response: 300 << 10})
	jacinth.Public(svc, "panic", func(context.Context, jacinth.None) (int, error) { panic("no") })
	type odd struct {
		Text string
		End  ending
	}
	jacinth.Public(svc, "end", func(context.Context, jacinth.None) (odd, error) {
		return odd{Text: strings.Repeat("x", 10<<10)}, nil
	})
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 200 {
				var items []string
				for i := range 1 + rand.IntN(4) {
					items = append(items, []string{
						textItem(rand.IntN(200<<10), i), textItem(rand.IntN(5000), i), textItem(400<<10, i), call("panic"), call("end"),
						`{"jsonrpc":"2.0","method":"complain","params":[10,100000],"id":1}`, `{"jsonrpc":"2.0","method":"text","params":[9999]}`,
					}[rand.IntN(7)])
				}
				body := items[0]
				if len(items) > 1 {
					body = "[" + strings.Join(items, ",") + "]"
				}
				var one sync.WaitGroup
				one.Go(func() { // for a goroutine that is ended
					if rand.IntN(3) == 0 {
						svc.Dispatch(context.Background(), jacinth.Peer{}, []byte(body), nil)
						return
					}
					request := httptest.NewRequest(http.MethodPost, "/api", strings.NewReader(body))
					request.Header.Set("Content-Type", "application/json")
					svc.ServeHTTP(&leaving{ResponseRecorder: httptest.NewRecorder(), after: rand.IntN(200 << 10)}, request)
				})
				one.Wait()
				if held := jacinth.RepliesHeld(svc); held > limit {
					t.Errorf("%d bytes are held, want at most %d", held, limit)
				}
			}
		})
	}
	wait.Wait()
	checkRoom(t, "when all have gone", svc, 0)
}

// leaving is the ResponseWriter of a caller who goes away after that many bytes.
type leaving struct {
	*httptest.ResponseRecorder
	after int
}

func (l *leaving) Write(p []byte) (int, error) {
	if l.after -= len(p); l.after < 0 {
		return 0, http.ErrHandlerTimeout
	}
	return l.ResponseRecorder.Write(p)
}

// TestReplyInFlight_unlimited holds that nothing is counted where there is no limit.
func TestReplyInFlight_unlimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := limitedService(jacinth.Limits{ReplyInFlight: jacinth.Unlimited})
		let := make(chan struct{})
		for range 20 {
			stall(t, svc, textCall(8<<20-100), let)
		}
		checkRoom(t, "without a limit", svc, 0)
		if got := callHTTP(svc, textCall(1)); got.status != http.StatusOK {
			t.Errorf("a call beside 160 MiB of replies has status %d, want 200", got.status)
		}
		close(let)
	})
}

// TestReplyInFlight_givesUpWhoReadsTooSlowly holds that while there is no room, replies that nobody reads are given up
// sooner, and those that are read are not.
func TestReplyInFlight_givesUpWhoReadsTooSlowly(t *testing.T) {
	withLarges(t, jacinth.Config{Limits: jacinth.Limits{ReplyInFlight: 33 << 20}}, func(t *testing.T, m *larges) {
		var wait sync.WaitGroup
		wait.Go(func() {
			if length, took, err := m.read(t, postCall("soon"), 64<<10); err != nil {
				t.Errorf("of a reply that is read, %d bytes came in %v: %v; want all", length, took, err)
			}
		})
		for range 3 {
			wait.Go(func() { m.send(t, postCall("soon")) })
		}
		synctest.Wait()
		if sending := jacinth.RepliesSending(m.Service); sending != 4 {
			t.Fatalf("%d replies wait, want 4", sending)
		}
		time.Sleep(4 * time.Second)
		checkShed(t, "a call while four replies of 8 MiB wait", callHTTP(m.Service, sumCall))
		synctest.Wait()
		if sending := jacinth.RepliesSending(m.Service); sending != 4 {
			t.Errorf("after 4s, %d replies wait, want 4: none is slow yet", sending)
		}
		time.Sleep(4 * time.Second)
		checkShed(t, "a call while they wait still", callHTTP(m.Service, sumCall))
		synctest.Wait()
		if sending := jacinth.RepliesSending(m.Service); sending != 1 {
			t.Errorf("after 8s, %d replies wait, want the one that is read", sending)
		}
		if got := callHTTP(m.Service, sumCall); got.status != http.StatusOK {
			t.Errorf("then a call has status %d, want 200", got.status)
		}
		wait.Wait()
		checkRoom(t, "at the end", m.Service, 0)
	})
}

// TestReplyInFlight_joinsABatchWhereThereIsRoom holds that the replies of a batch are not copied together before there is
// room for the copy beside them.
func TestReplyInFlight_joinsABatchWhereThereIsRoom(t *testing.T) {
	svc := limitedService(jacinth.Limits{ReplyInFlight: 20 << 20, Response: 20 << 20, BatchWorkers: 1})
	jacinth.Public(svc, "mebibyte", func(context.Context, jacinth.None) (string, error) { return largest[:1<<20], nil })
	batch := func(items int) (got answered, spent uint64) {
		body := "[" + strings.TrimSuffix(strings.Repeat(call("mebibyte")+",", items), ",") + "]"
		spent = allocated(func() { got = callHTTP(svc, body) })
		return got, spent
	}
	_, _ = batch(1) // so that what is made once is there
	got, spent := batch(11)
	checkCrowded(t, "a batch whose copy finds no room", mustReply(t, got.body))
	if most := uint64(55 << 20); spent > most { // it is 37, and 83 with the copy
		t.Errorf("a batch whose copy finds no room allocates %d MiB, want at most %d", spent>>20, most>>20)
	}
	checkRoom(t, "afterwards", svc, 0)
}
