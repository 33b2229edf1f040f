package jacinth_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

const wait jacinth.Name[[]int, []int] = "wait"

// waiters starts calls that each take so many seconds, of a service that fails those of 13.
func waiters(ctx context.Context, t *testing.T, seconds ...int) []*jacinth.Pending[[]int] {
	_, client := newRemote(t, func(w http.ResponseWriter, got *received) {
		after, err := time.ParseDuration(strings.Trim(string(got.calls[0].Params), "[]") + "s")
		if err != nil {
			t.Error(err)
		}
		select {
		case <-time.After(after):
		case <-got.context.Done():
			return
		}
		if after == 13*time.Second {
			failing(200, 13, "null")(w, got)
			return
		}
		echoing(w, got)
	})
	client.Timeout = time.Minute
	var pending []*jacinth.Pending[[]int]
	for _, s := range seconds {
		pending = append(pending, wait.Go(ctx, client, []int{s}))
	}
	return pending
}

func TestName_Go(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		p := waiters(t.Context(), t, 1)[0]
		if took := time.Since(start); took != 0 {
			t.Errorf("Go took %v", took)
		}
		select {
		case <-p.Done():
			t.Error("the call is done at once")
		default:
		}
		var readers sync.WaitGroup
		for range 3 {
			readers.Go(func() {
				if got, err := p.Result(); err != nil || !slices.Equal(got, []int{1}) {
					t.Errorf("Result = %v, %v; want [1]", got, err)
				}
			})
		}
		<-p.Done()
		readers.Wait()
		if took := time.Since(start); took != time.Second {
			t.Errorf("the result took %v, want 1s", took)
		}
	})
}

// TestName_Go_takesParamsAtOnce holds that params may be changed once Go has returned.
func TestName_Go_takesParamsAtOnce(t *testing.T) {
	remote, client := newRemote(t, echoing)
	params := []int{1}
	p := wait.Go(t.Context(), client, params)
	params[0] = 2
	if got, err := p.Result(); err != nil || !slices.Equal(got, []int{1}) {
		t.Errorf("Result = %v, %v; want [1]", got, err)
	}
	if got := remote.received()[0].body; !strings.Contains(got, "[1]") {
		t.Errorf("what was sent is %s", got)
	}
}

func TestName_Go_fails(t *testing.T) {
	_, client := newRemote(t, echoing)
	const channels jacinth.Name[[]chan int, int] = "m"
	p := channels.Go(t.Context(), client, []chan int{nil, make(chan int)})
	if _, err := p.Result(); !errors.Is(err, jacinth.ErrNotSent) {
		t.Errorf("params that cannot be encoded: %v, want %v", err, jacinth.ErrNotSent)
	}
	const typed jacinth.Name[[]int, string] = "m"
	if got, err := typed.Go(t.Context(), client, []int{1}).Result(); !errors.Is(err, jacinth.ErrBadReply) || got != "" {
		t.Errorf("a result that does not fit: %q, %v; want %v", got, err, jacinth.ErrBadReply)
	}
	batch := client.Batch()
	queued := typed.Queue(batch, []int{1})
	if err := batch.Send(t.Context()); err != nil {
		t.Errorf("Send = %v, want nil: the call was answered", err)
	}
	if got, err := queued.Result(); !errors.Is(err, jacinth.ErrBadReply) || got != "" {
		t.Errorf("a result that does not fit, in a batch: %q, %v; want %v", got, err, jacinth.ErrBadReply)
	}
}

func TestName_Go_endsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := waiters(ctx, t, 5)[0]
		synctest.Wait()
		cancel()
		if _, err := p.Result(); !errors.Is(err, context.Canceled) || !errors.Is(err, jacinth.ErrNoReply) {
			t.Errorf("Result = %v, want %v and %v", err, context.Canceled, jacinth.ErrNoReply)
		}
	})
}

func TestAsCompleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := waiters(t.Context(), t, 3, 1, 13, 2)
		var order []int
		for i, call := range jacinth.AsCompleted(calls...) {
			got, err := call.Result()
			if call != calls[i] || (err != nil) != (i == 2) {
				t.Errorf("call %d = %v, %v", i, got, err)
			}
			order = append(order, i)
		}
		if want := []int{1, 3, 0, 2}; !slices.Equal(order, want) {
			t.Errorf("the calls completed in the order %v, want %v", order, want)
		}
		if order := completed(calls); !slices.Equal(order, []int{0, 1, 2, 3}) {
			t.Errorf("calls that are done already come in the order %v, want that of the list", order)
		}
	})
}

// completed is the order in which AsCompleted yields calls.
func completed[R any](calls []*jacinth.Pending[R]) (order []int) {
	for i := range jacinth.AsCompleted(calls...) {
		order = append(order, i)
	}
	return order
}

func TestAsCompleted_noneAndTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if order := completed[int](nil); order != nil {
			t.Errorf("of no calls, %v completed", order)
		}
		call := waiters(t.Context(), t, 1)[0]
		if order := completed([]*jacinth.Pending[[]int]{call, call}); !slices.Equal(order, []int{0, 1}) {
			t.Errorf("a call that is listed twice completed as %v", order)
		}
	})
}

// TestAsCompleted_leftEarly holds that a loop which is left does not hold up the calls that it did not wait for.
func TestAsCompleted_leftEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := waiters(t.Context(), t, 3, 1, 2)
		start := time.Now()
		for i := range jacinth.AsCompleted(calls...) {
			if i != 1 {
				t.Errorf("call %d completed first", i)
			}
			break
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("the first call took %v, want 1s", took)
		}
		for i, call := range calls {
			if _, err := call.Result(); err != nil {
				t.Errorf("call %d = %v", i, err)
			}
		}
	})
}

func TestFirstCompleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		got, err := jacinth.FirstCompleted(waiters(t.Context(), t, 13, 15, 14)...)
		if err != nil || !slices.Equal(got, []int{14}) || time.Since(start) != 14*time.Second {
			t.Errorf("FirstCompleted = %v, %v after %v; want [14] after 14s: the call of 13 fails", got, err, time.Since(start))
		}
		if got, err := jacinth.FirstCompleted(waiters(t.Context(), t, 13, 13)...); !errors.Is(err, jacinth.Code(13)) || got != nil {
			t.Errorf("FirstCompleted of calls that fail = %v, %v", got, err)
		} else if text := err.Error(); strings.Count(text, "(13)") != 2 {
			t.Errorf("the error reads %q, want both failures in it", text)
		}
		if _, err := jacinth.FirstCompleted[int](); err == nil {
			t.Error("FirstCompleted of no calls has no error")
		}
		time.Sleep(time.Minute) // for the others to end
	})
}

// TestPending_beforeSend holds that somebody may wait for a call of a batch that somebody else sends.
func TestPending_beforeSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := newRemote(t, echoing)
		batch := client.Batch()
		first, second := wait.Queue(batch, []int{1}), wait.Queue(batch, []int{2})
		done := make(chan []int)
		go func() {
			got, err := jacinth.FirstCompleted(second)
			if err != nil {
				t.Error(err)
			}
			done <- got
		}()
		synctest.Wait()
		select {
		case <-first.Done():
			t.Error("a call is done before its batch was sent")
		default:
		}
		if err := batch.Send(t.Context()); err != nil {
			t.Error(err)
		}
		if got := <-done; !slices.Equal(got, []int{2}) {
			t.Errorf("the second call = %v, want [2]", got)
		}
	})
}
