package interop_test

import (
	"errors"
	"reflect"
	"sync"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// server is a server that is not ours. All have the same four methods; the rest is their own way.
type server struct {
	*wire

	// Its names for subtract, which takes a Subtraction and returns the difference; overdraw, which fails; nothing,
	// whose result is null; and note, which takes a text.
	subtract, overdraw, nothing, note string

	heard    notes
	position func(values ...any) jacinth.Positional // params by position as it takes them
	named    bool                                   // it takes params by name

	overdrawn jacinth.Error // what it makes of the failure of overdraw; Data is an overdraft or nil
	unknown   jacinth.Code  // of a method that it does not have
	unfit     jacinth.Code  // of params of the wrong type

	// What is wrong with its batches: all, those with a notification, those of nothing else, those with two errors.
	noBatches, noMix, noQuietBatches, mixesErrors bool
}

// positions are params by position as the specification has them.
func positions(values ...any) jacinth.Positional { return values }

// testClient calls methods of s with a client of ours.
func testClient(t *testing.T, s server) {
	client := newClient(t, s.URL)
	subtract := jacinth.Name[Subtraction, int](s.subtract)

	t.Run("by position", func(t *testing.T) {
		var difference int
		if err := client.Call(t.Context(), s.subtract, s.position(42, 23), &difference); err != nil || difference != 19 {
			t.Errorf("%s(42, 23) = %d, %v, want 19", s.subtract, difference, err)
		}
	})
	t.Run("by name", func(t *testing.T) {
		difference, err := subtract.Call(t.Context(), client, Subtraction{Minuend: 42, Subtrahend: 23})
		if s.named && (err != nil || difference != 19) {
			t.Errorf("%s with 42 and 23 by name = %d, %v, want 19", s.subtract, difference, err)
		}
		if !s.named && !errors.Is(err, s.unfit) {
			t.Errorf("%s by name: %v, want the error %d", s.subtract, err, s.unfit)
		}
	})
	t.Run("null", func(t *testing.T) {
		answer := new(7)
		if err := client.Call(t.Context(), s.nothing, nil, &answer); err != nil || answer != nil {
			t.Errorf("%s() = %v, %v, want null", s.nothing, answer, err)
		}
	})
	t.Run("errors", func(t *testing.T) {
		s.overdrew(t, client.Call(t.Context(), s.overdraw, nil, nil))
		before := s.count()
		if err := client.Call(t.Context(), "no_such.method", nil, nil, jacinth.ReadOnly()); !errors.Is(err, s.unknown) {
			t.Errorf("an unknown method: %v, want the error %d", err, s.unknown)
		}
		if s.count() != before+1 {
			t.Errorf("a call that was answered with an error was sent %d times, want once", s.count()-before)
		}
		if err := client.Call(t.Context(), s.subtract, s.position("x", "y"), nil); !errors.Is(err, s.unfit) {
			t.Errorf("params of the wrong type: %v, want the error %d", err, s.unfit)
		}
	})
	t.Run("notification", func(t *testing.T) {
		if err := client.Notify(t.Context(), s.note, s.position("a word")); err != nil {
			t.Errorf("Notify: %v", err)
		}
		s.heard.expect(t, "a word")
	})
	if !s.noBatches {
		t.Run("batch", func(t *testing.T) { s.testBatch(t, client) })
	}
	t.Run("coalesced", func(t *testing.T) { s.testCoalesced(t) })
	s.heard.none(t)
}

// overdrew checks the failure of the method overdraw.
func (s *server) overdrew(t *testing.T, err error) {
	t.Helper()
	want := s.overdrawn
	got, ok := errors.AsType[*jacinth.Error](err)
	if !ok || got.Code != want.Code || got.Message != want.Message || !errors.Is(err, want.Code) {
		t.Errorf("%s() fails with %v, want %d %q", s.overdraw, err, want.Code, want.Message)
		return
	}
	if want.Data == nil {
		return
	}
	var data overdraft
	if err := got.DecodeData(&data); err != nil || !reflect.DeepEqual(data, want.Data) {
		t.Errorf("the data of %s()'s error = %+v, %v, want %+v", s.overdraw, data, err, want.Data)
	}
}

// testBatch sends one batch with all that can be in one, and one of notifications.
func (s *server) testBatch(t *testing.T, client *jacinth.Client) {
	batch := client.Batch()
	first := batch.Call(s.subtract, s.position(42, 23))
	fails := batch.Call(s.overdraw, nil)
	if !s.noMix {
		batch.Notify(s.note, s.position("in between"))
	}
	unknown := batch.Call("no_such.method", nil)
	last := batch.Call(s.subtract, s.position(5, 8))
	before := s.count()
	if err := batch.Send(t.Context()); err != nil {
		t.Errorf("Send: %v", err)
	}
	if s.count() != before+1 {
		t.Errorf("the batch took %d requests, want one", s.count()-before)
	}
	if got, err := first.Result(); err != nil || string(got) != "19" {
		t.Errorf("the first of the batch = %s, %v, want 19", got, err)
	}
	_, err := fails.Result()
	s.overdrew(t, err)
	if _, err := unknown.Result(); !errors.Is(err, s.unknown) {
		t.Errorf("an unknown method in a batch: %v, want the error %d", err, s.unknown)
	}
	if got, err := last.Result(); err != nil || string(got) != "-3" {
		t.Errorf("the last of the batch = %s, %v, want -3", got, err)
	}
	if !s.noMix {
		s.heard.expect(t, "in between")
	}

	if s.noQuietBatches {
		return
	}
	quiet := client.Batch()
	quiet.Notify(s.note, s.position("and this"))
	quiet.Notify(s.note, s.position("and this"))
	if err := quiet.Send(t.Context()); err != nil {
		t.Errorf("Send of notifications: %v", err)
	}
	s.heard.expect(t, "and this")
	s.heard.expect(t, "and this")
}

// testCoalesced makes calls at the same time that the client sends together: each gets its own answer, be it that the
// server takes no batches.
func (s *server) testCoalesced(t *testing.T) {
	const callers = 32
	client := newClient(t, s.URL)
	client.Coalesce = 1
	before := s.count()
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			var difference int
			err := client.Call(t.Context(), s.subtract, s.position(i, 1), &difference)
			if err != nil || difference != i-1 {
				t.Errorf("%s(%d, 1) = %d, %v, want %d", s.subtract, i, difference, err, i-1)
			}
			if !s.mixesErrors {
				s.overdrew(t, client.Call(t.Context(), s.overdraw, nil, nil))
			}
		})
	}
	all.Wait()
	if sent := s.count() - before; !s.noBatches && sent >= callers {
		t.Errorf("%d callers took %d requests, want fewer: no two of them went together", callers, sent)
	}
}
