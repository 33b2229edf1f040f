package lazyctx_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/lazyctx"
)

type key struct{}

// why is the error of a context and the cause that its owner gave.
func why(ctx context.Context) error { return errors.Join(ctx.Err(), context.Cause(ctx)) }

func TestContext(t *testing.T) {
	cause := errors.New("the visitor has left")
	for _, waiting := range []bool{false, true} { // for Done, from the start
		for _, test := range []struct {
			name string
			end  func(b *lazyctx.Context, cancel context.CancelCauseFunc)
			at   time.Duration
			want []error
		}{
			{"at its deadline", func(*lazyctx.Context, context.CancelCauseFunc) {}, time.Minute, []error{context.DeadlineExceeded}},
			{"with its parent", func(_ *lazyctx.Context, cancel context.CancelCauseFunc) { cancel(cause) }, 0, []error{context.Canceled, cause}},
			{"when it is over", func(b *lazyctx.Context, _ context.CancelCauseFunc) { b.End() }, 0, []error{context.Canceled}},
		} {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, "value"))
				defer cancel(nil)
				b := &lazyctx.Context{Context: parent, Until: start.Add(time.Minute)}
				if waiting {
					_ = b.Done()
				}
				if deadline, ok := b.Deadline(); b.Err() != nil || !ok || !deadline.Equal(start.Add(time.Minute)) {
					t.Errorf("at first Err = %v, Deadline = %v, %v", b.Err(), deadline, ok)
				}
				if b.Value(key{}) != "value" {
					t.Errorf("Value = %v, want that of the parent", b.Value(key{}))
				}
				test.end(b, cancel)
				time.Sleep(test.at)
				if waiting {
					<-b.Done()
				}
				err := why(b)
				<-b.Done() // agrees, also if it is asked for now and not before
				for _, want := range test.want {
					if !errors.Is(err, want) || !errors.Is(why(b), want) {
						t.Errorf("%s: it ended with %v and then %v, want %v", test.name, err, why(b), want)
					}
				}
				if took := time.Since(start); took != test.at {
					t.Errorf("%s: it took %v, want %v", test.name, took, test.at)
				}
				b.End()
			})
		}
	}
}

// TestContext_isWatchedForFree holds that a context that is derived from it needs no goroutine to watch it.
func TestContext_isWatchedForFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &lazyctx.Context{Context: t.Context(), Until: time.Now().Add(time.Minute)}
		derived, cancel := context.WithCancel(b)
		defer cancel()
		b.End()
		if derived.Err() == nil { // at once: a goroutine would have to run first
			t.Error("a derived context does not end with it")
		}
	})
}
