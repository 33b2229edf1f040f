package jacinth

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestBounded(t *testing.T) {
	cause := errors.New("the visitor has left")
	for _, waiting := range []bool{false, true} { // for Done, from the start
		for _, test := range []struct {
			name string
			end  func(b *bounded, cancel context.CancelCauseFunc)
			at   time.Duration
			want []error
		}{
			{"at its deadline", func(*bounded, context.CancelCauseFunc) {}, time.Minute, []error{context.DeadlineExceeded}},
			{"with its parent", func(_ *bounded, cancel context.CancelCauseFunc) { cancel(cause) }, 0, []error{context.Canceled, cause}},
			{"when it is over", func(b *bounded, _ context.CancelCauseFunc) { b.end() }, 0, []error{context.Canceled}},
		} {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), requestKey{}, "value"))
				defer cancel(nil)
				b := &bounded{Context: parent, deadline: start.Add(time.Minute)}
				if waiting {
					_ = b.Done()
				}
				if deadline, ok := b.Deadline(); b.Err() != nil || !ok || !deadline.Equal(start.Add(time.Minute)) {
					t.Errorf("at first Err = %v, Deadline = %v, %v", b.Err(), deadline, ok)
				}
				if b.Value(requestKey{}) != "value" {
					t.Errorf("Value = %v, want that of the parent", b.Value(requestKey{}))
				}
				test.end(b, cancel)
				time.Sleep(test.at)
				if waiting {
					<-b.Done()
				}
				err := over(b)
				<-b.Done() // agrees, also if it is asked for now and not before
				for _, want := range test.want {
					if !errors.Is(err, want) || !errors.Is(over(b), want) {
						t.Errorf("%s: over = %v and then %v, want %v", test.name, err, over(b), want)
					}
				}
				if took := time.Since(start); took != test.at {
					t.Errorf("%s: it took %v, want %v", test.name, took, test.at)
				}
				b.end()
			})
		}
	}
}

// TestBounded_isWatchedForFree holds that a context that is derived from it needs no goroutine to watch it.
func TestBounded_isWatchedForFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bounded{Context: t.Context(), deadline: time.Now().Add(time.Minute)}
		derived, cancel := context.WithCancel(b)
		defer cancel()
		b.end()
		if derived.Err() == nil { // at once: a goroutine would have to run first
			t.Error("a derived context does not end with it")
		}
	})
}
