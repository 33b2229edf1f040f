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

// queued is a batch of calls that each have a number for params.
type queued struct {
	*jacinth.Batch
	pending []*jacinth.Pending[json.RawMessage]
}

func queue(client *jacinth.Client, calls int, options ...jacinth.CallOption) *queued {
	q := &queued{Batch: client.Batch()}
	for i := range calls {
		q.pending = append(q.pending, q.Call("m", jacinth.Positional{i}, options...))
	}
	return q
}

// check sends the batch and holds each call to what is wanted of it: its own params as the result for nil, an error of
// that kind otherwise.
func (q *queued) check(t *testing.T, wantSend error, want ...error) {
	t.Helper()
	err := q.Send(t.Context())
	if wantSend == nil && err != nil || wantSend != nil && !errors.Is(err, wantSend) {
		t.Errorf("Send = %v, want %v", err, wantSend)
	}
	for i, pending := range q.pending {
		got, err := pending.Result()
		switch own := fmt.Sprintf("[%d]", i); {
		case want[i] == nil && (err != nil || string(got) != own):
			t.Errorf("call %d = %s, %v; want %s", i, got, err, own)
		case want[i] != nil && (!errors.Is(err, want[i]) || got != nil):
			t.Errorf("call %d = %s, %v; want %v", i, got, err, want[i])
		}
	}
}

// numbers are the params of the calls of a request, each the one number in it.
func numbers(got *received) string {
	var list []string
	for _, call := range got.calls {
		list = append(list, strings.Trim(string(call.Params), "[]"))
	}
	return strings.Join(list, " ")
}

func TestBatch_Send(t *testing.T) {
	client := jacinthtest.New(t, calcService())
	batch := client.Batch()
	half := divide.Queue(batch, divideParams{A: 1, B: 2})
	tick.QueueNotify(batch, jacinth.None{})
	byZero := divide.Queue(batch, divideParams{A: 1})
	sum := batch.Call("math.total", jacinth.Positional{1, 2, 3})
	batch.Notify("tick", nil)
	unknown := batch.Call("unknown", nil)
	if n := batch.Len(); n != 6 {
		t.Errorf("Len = %d, want 6", n)
	}
	if err := batch.Send(t.Context()); err != nil {
		t.Errorf("Send = %v", err)
	}
	if got, err := half.Result(); err != nil || got != 0.5 {
		t.Errorf("1/2 = %v, %v; want 0.5", got, err)
	}
	if got, err := byZero.Result(); !errors.Is(err, jacinth.Code(7)) || got != 0 {
		t.Errorf("1/0 = %v, %v; want code 7", got, err)
	}
	if got, err := sum.Result(); err != nil || string(got) != "6" {
		t.Errorf("the total is %s, %v; want 6", got, err)
	}
	if _, err := unknown.Result(); !errors.Is(err, jacinth.MethodNotFound) || err.Error() != "unknown: Method not found (-32601)" {
		t.Errorf("an unknown method: %v", err)
	}
	if got, err := tick.Call(t.Context(), client, jacinth.None{}); err != nil || got != 3 {
		t.Errorf("the tick after two notifications is %d, %v; want 3", got, err)
	}
}

func TestBatch_Send_once(t *testing.T) {
	remote, client := newRemote(t, ok)
	batch := client.Batch()
	batch.Call("m", nil)
	if err := batch.Send(t.Context()); err != nil {
		t.Error(err)
	}
	if err := batch.Send(t.Context()); err == nil || remote.count() != 1 {
		t.Errorf("the batch was sent twice: %v, %d requests", err, remote.count())
	}
	if sentence := panicOf(func() { batch.Call("m", nil) }); !strings.Contains(sentence, "after it had been sent") {
		t.Errorf("adding to a batch that was sent panics with %q", sentence)
	}
}

func TestBatch_Send_empty(t *testing.T) {
	remote, client := newRemote(t, ok)
	if err := client.Batch().Send(t.Context()); err != nil || remote.count() != 0 {
		t.Errorf("Send of an empty batch = %v, %d requests; want nil and none", err, remote.count())
	}
}

func TestBatch_Send_notifications(t *testing.T) {
	for _, status := range []int{200, 202, 204} {
		remote, client := newRemote(t, replying(status, ""))
		batch := client.Batch()
		batch.Notify("m", jacinth.Positional{0})
		nothing.QueueNotify(batch, sumParams{A: 1})
		if err := batch.Send(t.Context()); err != nil {
			t.Errorf("Send of notifications, answered with %d = %v", status, err)
		}
		want := `[{"jsonrpc":"2.0","method":"m","params":[0]},{"jsonrpc":"2.0","method":"nothing","params":{"a":1,"b":0}}]`
		if got := remote.received()[0].body; got != want {
			t.Errorf("the batch is %s, want %s", got, want)
		}
	}
	_, client := newRemote(t, replying(500, ""))
	batch := client.Batch()
	batch.Notify("m", nil)
	if err := batch.Send(t.Context()); !errors.Is(err, jacinth.ErrBadReply) {
		t.Errorf("Send of notifications, answered with 500 = %v, want %v", err, jacinth.ErrBadReply)
	}
}

// TestBatch_Send_notAll holds that what cannot be encoded takes nothing else with it, and is not passed over.
func TestBatch_Send_notAll(t *testing.T) {
	for _, notification := range []bool{false, true} {
		remote, client := newRemote(t, echoing)
		q := queue(client, 1)
		if notification {
			q.Notify("bad", 5)
		} else {
			q.pending = append(q.pending, q.Call("bad", make(chan int)))
		}
		q.pending = append(q.pending, q.Call("m", jacinth.Positional{len(q.pending)}))
		want := []error{nil, jacinth.ErrNotSent, nil}
		if notification {
			want = []error{nil, nil}
		}
		q.check(t, jacinth.ErrNotSent, want...)
		if n := len(remote.received()[0].calls); n != 2 {
			t.Errorf("%d calls were sent, want 2", n)
		}
	}
}

// TestBatch_Send_matches is what services make of a batch of three calls, and each call's share of it.
func TestBatch_Send_matches(t *testing.T) {
	const (
		a       = `{"jsonrpc":"2.0","id":$0,"result":[0]}`
		b       = `{"jsonrpc":"2.0","id":$1,"result":[1]}`
		c       = `{"jsonrpc":"2.0","id":$2,"result":[2]}`
		failedB = `{"jsonrpc":"2.0","id":$1,"error":{"code":7,"message":"m"}}`
	)
	noReply, badReply := jacinth.ErrNoReply, jacinth.ErrBadReply
	for _, test := range []struct {
		name   string
		answer func(http.ResponseWriter, *received)
		want   []error
		send   error
	}{
		{"in order", odd(`[` + a + `,` + b + `,` + c + `]`), []error{nil, nil, nil}, nil},
		{"in another order", odd(`[` + c + `,` + a + `,` + b + `]`), []error{nil, nil, nil}, nil},
		{"with an error", odd(`[` + failedB + `,` + a + `,` + c + `]`), []error{nil, jacinth.Code(7), nil}, nil},
		{"with one missing", odd(`[` + a + `,` + c + `]`), []error{nil, noReply, nil}, noReply},
		{"with all missing but one", odd(`[` + b + `]`), []error{noReply, nil, noReply}, noReply},
		{"with one that could not be read", odd(`[` + a + `,` + c + `,{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"m"}}]`), []error{nil, noReply, nil}, noReply},
		{"with one that has no id", odd(`[` + a + `,` + c + `,{"jsonrpc":"2.0","result":[1]}]`), []error{nil, noReply, nil}, noReply},
		{"with one for nobody", odd(`[{"jsonrpc":"2.0","id":null,"result":1},` + a + `,` + c + `]`), []error{nil, noReply, nil}, noReply},
		{"with one that is none", odd(`[` + a + `,{"jsonrpc":"2.0","id":$1},` + c + `]`), []error{nil, badReply, nil}, badReply},
		{"with an error that is none", odd(`[` + a + `,{"jsonrpc":"2.0","id":$1,"error":"m"},` + c + `]`), []error{nil, badReply, nil}, badReply},
		{"with one that is no object", odd(`[` + a + `,5,` + c + `]`), []error{nil, noReply, nil}, noReply},
		{"with one of another batch", odd(`[` + a + `,` + c + `,{"jsonrpc":"2.0","id":4711,"result":1}]`), []error{badReply, badReply, badReply}, badReply},
		{"with one twice", odd(`[` + a + `,` + c + `,` + a + `]`), []error{badReply, badReply, badReply}, badReply},
		{"with an error beside the result", odd(`[` + b + `,` + c + `,` + failedB + `]`), []error{badReply, badReply, badReply}, badReply},
		{"with an id as a string", odd(`[` + a + `,{"jsonrpc":"2.0","id":"$1","result":[1]},` + c + `]`), []error{badReply, badReply, badReply}, badReply},
		{"with an id as a fraction", odd(`[` + a + `,{"jsonrpc":"2.0","id":$1.0,"result":[1]},` + c + `]`), []error{badReply, badReply, badReply}, badReply},
		{"with an id beyond all integers", odd(`[` + a + `,{"jsonrpc":"2.0","id":99999999999999999999,"result":[1]},` + c + `]`), []error{badReply, badReply, badReply}, badReply},
		{"with an id of 0", odd(`[` + a + `,{"jsonrpc":"2.0","id":-0,"result":[1]},` + c + `]`), []error{badReply, badReply, badReply}, badReply},
		{"with too many", odd(`[` + a + `,` + b + `,` + c + `,` + a + `]`), []error{badReply, badReply, badReply}, badReply},
		{"cut short", odd(`[` + a + `,` + b + `,` + c), []error{badReply, badReply, badReply}, badReply},
		{"empty", odd(`[]`), []error{badReply, badReply, badReply}, badReply},
		{"with one answer to all", odd(a), []error{badReply, badReply, badReply}, badReply},
		{"with one error for all", odd(`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"m"}}`), []error{jacinth.InvalidRequest, jacinth.InvalidRequest, jacinth.InvalidRequest}, jacinth.InvalidRequest},
		{"with an error that is none for all", odd(`{"jsonrpc":"2.0","id":null,"error":"m"}`), []error{badReply, badReply, badReply}, badReply},
		{"with a status that denies it", replying(500, `[`+a+`,`+failedB+`,`+c+`]`), []error{badReply, jacinth.Code(7), badReply}, badReply},
		{"with nothing", odd(""), []error{badReply, badReply, badReply}, badReply},
		{"with text", odd("text"), []error{badReply, badReply, badReply}, badReply},
		{"with a redirect", replying(308, "", "Location", "http://elsewhere.test"), []error{badReply, badReply, badReply}, badReply},
		{"not at all", hangingUp, []error{noReply, noReply, noReply}, noReply},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				remote, client := newRemote(t, test.answer)
				queue(client, 3).check(t, test.send, test.want...)
				if n := remote.count(); n != 1 {
					t.Errorf("there were %d requests, want 1", n)
				}
			})
		})
	}
}

// TestBatch_Send_answeredNotifications holds that services which answer notifications, as pymicroservice did, confuse
// nobody.
func TestBatch_Send_answeredNotifications(t *testing.T) {
	for _, id := range []string{"", `"id":null,`} {
		_, client := newRemote(t, odd(`[{"jsonrpc":"2.0","id":$1,"result":[0],"error":null},{"jsonrpc":"2.0",`+id+`"result":5,"error":null}]`))
		batch := client.Batch()
		batch.Notify("m", nil)
		pending := batch.Call("m", nil)
		if err := batch.Send(t.Context()); err != nil {
			t.Errorf("Send = %v", err)
		}
		if got, err := pending.Result(); err != nil || string(got) != "[0]" {
			t.Errorf("the call = %s, %v; want [0]", got, err)
		}
	}
	// The place of a notification in the batch is nobody's id.
	_, client := newRemote(t, func(w http.ResponseWriter, got *received) {
		var id int
		_ = json.Unmarshal(got.calls[0].ID, &id)
		odd(fmt.Sprintf(`[{"jsonrpc":"2.0","id":$0,"result":1},{"jsonrpc":"2.0","id":%d,"result":2}]`, id+1))(w, got)
	})
	batch := client.Batch()
	pending := batch.Call("m", nil)
	batch.Notify("m", nil)
	if err := batch.Send(t.Context()); !errors.Is(err, jacinth.ErrBadReply) {
		t.Errorf("Send = %v, want %v", err, jacinth.ErrBadReply)
	}
	if _, err := pending.Result(); !errors.Is(err, jacinth.ErrBadReply) {
		t.Errorf("the call = %v, want %v", err, jacinth.ErrBadReply)
	}
}

// limited is a service that takes so many calls and bytes, says so or not, and echoes.
func limited(calls, bytes int, says bool) func(http.ResponseWriter, *received) {
	return func(w http.ResponseWriter, got *received) {
		data := "null"
		switch {
		case bytes > 0 && len(got.body) > bytes:
			if says {
				data = fmt.Sprintf(`{"limit":%d}`, bytes)
			}
			replying(413, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"m","data":`+data+`}}`)(w, got)
		case calls > 0 && len(got.calls) > calls:
			if says {
				data = fmt.Sprintf(`{"limit":%d}`, calls)
			}
			replying(200, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"m","data":`+data+`}}`)(w, got)
		default:
			echoing(w, got)
		}
	}
}

func TestBatch_Send_splits(t *testing.T) {
	for _, test := range []struct {
		name         string
		calls, bytes int
		want         []string // what was sent in turn, by numbers
	}{
		{"by calls", 3, 0, []string{"0 1 2 3 4 5 6", "0 1 2", "3 4 5", "6"}},
		{"by calls, one at a time", 1, 0, []string{"0 1 2 3 4 5 6", "0", "1", "2", "3", "4", "5", "6"}},
		// A call has up to 51 bytes here, and is followed by a comma or the end.
		{"by bytes", 0, 1 + 3*52, []string{"0 1 2 3 4 5 6", "0 1 2", "3 4 5", "6"}},
		{"by bytes, too few", 0, 152, []string{"0 1 2 3 4 5 6", "0 1", "2 3", "4 5", "6"}},
		{"by both", 4, 1 + 3*52, []string{"0 1 2 3 4 5 6", "0 1 2", "3 4 5", "6"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			remote, client := newRemote(t, limited(test.calls, test.bytes, true))
			queue(client, 7).check(t, nil, make([]error, 7)...)
			var got []string
			for _, request := range remote.received() {
				got = append(got, numbers(request))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("the batch was sent as %q, want %q", got, test.want)
			}
			// What was learnt is kept.
			before := remote.count()
			queue(client, 7).check(t, nil, make([]error, 7)...)
			if n := remote.count() - before; n != len(test.want)-1 {
				t.Errorf("the next batch was sent in %d parts, want %d", n, len(test.want)-1)
			}
		})
	}
}

// TestBatch_Send_keepsToTheSpecs holds that a client which has asked splits a batch at once.
func TestBatch_Send_keepsToTheSpecs(t *testing.T) {
	config := quiet("narrow")
	config.Limits = jacinth.Limits{BatchItems: 10, Body: 1000}
	svc := jacinth.New(config)
	var mu sync.Mutex
	var order []int
	const note jacinth.Name[[]int, int] = "note"
	jacinth.Public(svc, note, func(_ context.Context, p []int) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, p[0]/10)
		return p[0], nil
	})
	client := jacinthtest.New(t, svc)
	counter := countRequests(client)
	if _, err := client.Specs(t.Context()); err != nil {
		t.Fatal(err)
	}
	batch := client.Batch()
	var pending []*jacinth.Pending[int]
	for i := range 95 {
		pending = append(pending, note.Queue(batch, []int{i}))
	}
	if err := batch.Send(t.Context()); err != nil {
		t.Error(err)
	}
	for i, p := range pending {
		if got, err := p.Result(); err != nil || got != i {
			t.Errorf("call %d = %d, %v", i, got, err)
		}
	}
	if *counter != 11 || !slices.IsSorted(order) {
		t.Errorf("there were %d requests, and the calls ran in the order of tens %v; want 11, and one ten after the other", *counter, order)
	}
	// A call by itself that is too large is its own fault.
	batch = client.Batch()
	small, large := note.Queue(batch, []int{1}), note.Queue(batch, make([]int, 1000))
	if err := batch.Send(t.Context()); !errors.Is(err, jacinth.InvalidRequest) {
		t.Errorf("Send = %v, want %v", err, jacinth.InvalidRequest)
	}
	if got, err := small.Result(); err != nil || got != 1 {
		t.Errorf("the small call = %d, %v", got, err)
	}
	if _, err := large.Result(); !errors.Is(err, jacinth.InvalidRequest) {
		t.Errorf("the large call = %v, want %v", err, jacinth.InvalidRequest)
	}
}

// countRequests counts the requests of a client from now on.
func countRequests(client *jacinth.Client) *int {
	inner, count := client.Transport, new(int)
	var mu sync.Mutex
	client.Transport = roundTripper(func(request *http.Request) (*http.Response, error) {
		mu.Lock()
		*count++
		mu.Unlock()
		return inner.RoundTrip(request)
	})
	return count
}

// TestBatch_Send_limitIsNoCure holds that limits which make no sense do not have a client send for ever.
func TestBatch_Send_limitIsNoCure(t *testing.T) {
	refusal := func(status int, limit string) func(http.ResponseWriter, *received) {
		return replying(status, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"m","data":{"limit":`+limit+`}}}`)
	}
	for name, answer := range map[string]func(http.ResponseWriter, *received){
		"a limit that was kept": refusal(200, "3"), "a wide limit": refusal(200, "100"), "a limit of 0": refusal(200, "0"),
		"a negative limit": refusal(200, "-1"), "a wide limit of bytes": refusal(413, "100000"), "a limit that is text": refusal(200, `"2"`),
		"no limit": limited(1, 0, false), "another error": failing(200, 7, `{"limit":1}`),
	} {
		remote, client := newRemote(t, answer)
		q := queue(client, 3)
		if err := q.Send(t.Context()); err == nil || remote.count() != 1 {
			t.Errorf("%s: Send = %v after %d requests, want an error after 1", name, err, remote.count())
		}
	}
	remote, client := newRemote(t, refusal(200, "1"))
	q := queue(client, 3)
	if err := q.Send(t.Context()); !errors.Is(err, jacinth.InvalidRequest) || remote.count() != 4 {
		t.Errorf("a limit that is not true: Send = %v after %d requests, want %v after 4", err, remote.count(), jacinth.InvalidRequest)
	}
}

// TestBatch_Send_retriesSingleCalls holds that of a batch only those calls are sent again that may be.
func TestBatch_Send_retriesSingleCalls(t *testing.T) {
	const shed = `"error":{"code":-32000,"message":"busy","data":{"processed":false}}`
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, inTurn(
			odd(`[{"jsonrpc":"2.0","id":$0,"result":[0]},{"jsonrpc":"2.0","id":$1,`+shed+`},{"jsonrpc":"2.0","id":$3,"error":{"code":7,"message":"m"}}]`),
			echoing))
		q := &queued{Batch: client.Batch()}
		q.pending = append(q.pending,
			q.Call("m", jacinth.Positional{0}, jacinth.ReadOnly()), // answered
			q.Call("m", jacinth.Positional{1}),                     // shed: not run
			q.Call("m", jacinth.Positional{2}),                     // without an answer: may have run
			q.Call("m", jacinth.Positional{3}, jacinth.ReadOnly()), // failed
			q.Call("m", jacinth.Positional{4}, jacinth.ReadOnly()), // without an answer, but harmless
		)
		q.Notify("m", jacinth.Positional{5})
		q.check(t, jacinth.ErrNoReply, nil, nil, jacinth.ErrNoReply, jacinth.Code(7), nil)
		all := remote.received()
		if len(all) != 2 || numbers(all[0]) != "0 1 2 3 4 5" || numbers(all[1]) != "1 4" {
			t.Errorf("%d requests were sent, the last with %s; want 1 and 4 in the second", len(all), numbers(all[len(all)-1]))
		}
	})
}

// TestBatch_Send_retriesAll holds that a batch that was not run is sent again as a whole, after the pause that the
// service asks for, and that its notifications are not.
func TestBatch_Send_retriesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusal := replying(503, `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"m","data":{"processed":false}}}`, "Retry-After", "2")
		remote, client := newRemote(t, inTurn(refusal, echoing))
		q := queue(client, 3)
		q.Notify("m", jacinth.Positional{3})
		start := time.Now()
		q.check(t, jacinth.Unavailable, nil, nil, nil) // the notification was not taken
		if took := time.Since(start); took < 2*time.Second || took >= 2050*time.Millisecond {
			t.Errorf("the batch took %v, want 2s and a bit", took)
		}
		if all := remote.received(); len(all) != 2 || numbers(all[1]) != "0 1 2" {
			t.Errorf("the second of %d requests had %s, want 0 1 2", len(all), numbers(all[len(all)-1]))
		}
	})
}

// TestBatch_Send_retriesWhatAServiceSheds is the same with a service of ours that is full: it answers 503, and each
// call by itself.
func TestBatch_Send_retriesWhatAServiceSheds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := quiet("narrow")
		config.Limits.InFlight = 1
		svc := jacinth.New(config)
		jacinth.Public(svc, "m", func(_ context.Context, p []int) ([]int, error) { return p, nil })
		jacinth.Public(svc, "fill", func(context.Context, jacinth.None) (jacinth.None, error) {
			time.Sleep(500 * time.Millisecond)
			return jacinth.None{}, nil
		})
		client := jacinthtest.New(t, svc)
		var filling sync.WaitGroup
		filling.Go(func() {
			if err := client.Call(t.Context(), "fill", nil, nil); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		start := time.Now()
		queue(client, 1).check(t, nil, nil)
		if took := time.Since(start); took < time.Second || took >= 1050*time.Millisecond {
			t.Errorf("the batch took %v, want the 1s that the service asked for, and a bit", took)
		}
		filling.Wait()
	})
}

// TestBatch_Send_retriesInParts holds that a client whose budget does not suffice for a whole batch sends what it
// suffices for.
func TestBatch_Send_retriesInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, inTurn(replying(503, ""), echoing))
		q := queue(client, 50, jacinth.ReadOnly())
		err := q.Send(t.Context())
		if all := remote.received(); len(all) != 2 || len(all[1].calls) != 20 { // ten, and a fifth of fifty
			t.Errorf("there were %d requests, the last with %d calls; want 2, and 20 in the second", len(all), len(all[len(all)-1].calls))
		}
		if !errors.Is(err, jacinth.ErrBadReply) {
			t.Errorf("Send = %v, want %v: of some there is no answer", err, jacinth.ErrBadReply)
		}
		for i, pending := range q.pending {
			if _, err := pending.Result(); (err == nil) != (i < 20) {
				t.Errorf("call %d = %v", i, err)
			}
		}
	})
}

func TestBatch_Send_tokenSourceFails(t *testing.T) {
	locked := errors.New("the vault is locked")
	remote, client := newRemote(t, ok)
	client.TokenSource = func(context.Context) (string, error) { return "", locked }
	q := queue(client, 2)
	q.check(t, locked, locked, jacinth.ErrNotSent)
	if n := remote.count(); n != 0 {
		t.Errorf("%d requests were sent, want none", n)
	}
}

// TestBatch_Send_contextEnds holds that all calls of a batch are settled when its time is up.
func TestBatch_Send_contextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, client := newRemote(t, func(_ http.ResponseWriter, got *received) { <-got.context.Done() })
		client.Timeout = time.Minute
		start := time.Now()
		queue(client, 3, jacinth.ReadOnly()).check(t, context.DeadlineExceeded, context.DeadlineExceeded, jacinth.ErrNoReply, jacinth.ErrNoReply)
		if took := time.Since(start); took != time.Minute {
			t.Errorf("the batch took %v, want 1m", took)
		}
		if got := remote.received()[0].header.Get("Jacinth-Timeout-Ms"); got != "59990" {
			t.Errorf("the service is given %q ms, want 59990", got)
		}
	})
}

// TestClient_MaxBatch holds how many calls go into one batch: no more than the client says, nor than the service does,
// and a hundred where neither says anything.
func TestClient_MaxBatch(t *testing.T) {
	for _, test := range []struct {
		name       string
		most, says int // Client.MaxBatch, and what the service says it takes
		calls      int
		want       []int
	}{
		{"neither", 0, 0, 250, []int{100, 100, 50}},
		{"the client", 3, 0, 7, []int{3, 3, 1}},
		{"the client, more than is usual", 200, 0, 250, []int{200, 50}},
		{"the service", 0, 2, 5, []int{2, 2, 1}},
		{"the service, more than is usual", 0, 200, 250, []int{200, 50}},
		{"both, the client less", 2, 3, 5, []int{2, 2, 1}},
		{"both, the service less", 3, 2, 5, []int{2, 2, 1}},
		{"nonsense", -1, -1, 101, []int{100, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			remote, client := newRemote(t, func(w http.ResponseWriter, got *received) {
				if !got.batch && got.calls[0].Method == "rpc.discover" || got.calls[0].Method == "get_service_specs" {
					odd(fmt.Sprintf(`{"jsonrpc":"2.0","id":$0,"result":{"name":"s","limits":{"batch_items":%d},"methods":[]}}`, test.says))(w, got)
					return
				}
				echoing(w, got)
			})
			client.MaxBatch = test.most
			if _, err := client.Specs(t.Context()); err != nil {
				t.Fatal(err)
			}
			queue(client, test.calls).check(t, nil, make([]error, test.calls)...)
			var sizes []int
			for _, got := range remote.received()[1:] {
				sizes = append(sizes, len(got.calls))
			}
			if !slices.Equal(sizes, test.want) {
				t.Errorf("the calls went in batches of %v, want %v", sizes, test.want)
			}
		})
	}
}

// TestBatch_Send_nothingInBrackets holds that services which answer a batch of notifications with an empty one have
// taken it, and that this is the answer to nothing else.
func TestBatch_Send_nothingInBrackets(t *testing.T) {
	for _, text := range []string{"[]", " [ \n] "} {
		_, client := newRemote(t, odd(text))
		batch := client.Batch()
		batch.Notify("m", nil)
		batch.Notify("m", nil)
		if err := batch.Send(t.Context()); err != nil {
			t.Errorf("notifications that are answered with %q = %v", text, err)
		}
		batch = client.Batch()
		batch.Notify("m", nil)
		batch.Call("m", nil)
		if err := batch.Send(t.Context()); !errors.Is(err, jacinth.ErrBadReply) {
			t.Errorf("a call that is answered with %q = %v, want %v", text, err, jacinth.ErrBadReply)
		}
	}
	for _, answer := range []func(http.ResponseWriter, *received){replying(500, "[]"), odd("[ ,]"), odd("[]]"), odd("[")} {
		_, client := newRemote(t, answer)
		batch := client.Batch()
		batch.Notify("m", nil)
		if err := batch.Send(t.Context()); !errors.Is(err, jacinth.ErrBadReply) {
			t.Errorf("Send = %v, want %v", err, jacinth.ErrBadReply)
		}
	}
}

// TestBatch_Send_answeredWithAnyError holds that Send counts a call as answered whatever the error is that it was answered
// with, also when it was about to be sent again.
func TestBatch_Send_answeredWithAnyError(t *testing.T) {
	for name, answer := range map[string]string{
		"the code 0":                    `[{"jsonrpc":"2.0","id":$0,"error":{"code":0,"message":"zero"}}]`,
		"busy, until the caller leaves": `[{"jsonrpc":"2.0","id":$0,"error":{"code":-32000,"message":"busy","data":{"processed":false,"retryAfterMs":5000}}}]`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, client := newRemote(t, replying(200, answer))
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				batch := client.Batch()
				pending := batch.Call("m", nil)
				if err := batch.Send(ctx); err != nil {
					t.Errorf("Send = %v, want nil: the call was answered", err)
				}
				if _, err := pending.Result(); !isRemote(err) {
					t.Errorf("the call = %v, want the error of the service", err)
				}
			})
		})
	}
}

// isRemote reports whether a service answered with err.
func isRemote(err error) bool {
	_, ok := errors.AsType[*jacinth.Error](err)
	return ok
}
