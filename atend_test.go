package jacinth_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// TestRequest_AtEnd ends calls in every way there is: what Authorize took is given back once for each, in the order that
// defers have, and before anybody has the reply.
func TestRequest_AtEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var events []string
		note := func(event string) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, event)
		}
		svc := jacinth.New(jacinth.Config{
			Name: "test", Logger: slog.New(slog.DiscardHandler), Limits: jacinth.Limits{BatchWorkers: 1},
			Authorize: func(ctx context.Context, req *jacinth.Request) error {
				note("take")
				req.AtEnd(func() { note("give") })
				req.AtEnd(func() {
					note("last first")
					if req.Method.Name == "release_panics" && jacinth.RequestFrom(ctx) == req {
						panic("on purpose")
					}
				})
				if req.Method.Name == "denied" {
					return errors.New("denied after all")
				}
				return nil
			},
		})
		private := func(name jacinth.Name[jacinth.None, any], fn func(ctx context.Context) any, options ...jacinth.MethodOption) {
			jacinth.Private(svc, name, func(ctx context.Context, _ jacinth.None) (any, error) {
				note("run")
				return fn(ctx), nil
			}, options...)
		}
		private("well", func(context.Context) any { return 1 })
		private("denied", func(context.Context) any { return 1 })
		private("panics", func(context.Context) any { panic("on purpose") })
		private("release_panics", func(context.Context) any { return 1 })
		private("exits", func(context.Context) any { runtime.Goexit(); return 1 })
		private("bad_result", func(context.Context) any { return func() {} })
		private("slow", func(ctx context.Context) any { <-ctx.Done(); return 1 }, jacinth.Timeout(time.Second))

		for _, test := range []struct{ body, want string }{
			{call("well"), "take run last first give"},
			{`{"jsonrpc":"2.0","method":"well"}`, "take run last first give"},
			{`{"jsonrpc":"2.0","id":1,"method":"well","params":[1]}`, "take last first give"},
			{call("denied"), "take last first give"},
			{call("panics"), "take run last first give"},
			{call("release_panics"), "take run last first give"},
			{call("exits"), "take run last first give"},
			{call("bad_result"), "take run last first give"},
			{call("slow"), "take run last first give"},
			{`[` + call("well") + `,` + call("panics") + `]`, "take run last first give take run last first give"},
			{call("none"), ""},
			{call("get_service_specs"), strings.Repeat("take last first give ", 7)},
		} {
			events = nil
			done := make(chan struct{})
			go func() { // since a handler may end it
				defer close(done)
				svc.Dispatch(context.Background(), jacinth.Peer{}, []byte(test.body), nil)
			}()
			<-done
			mu.Lock()
			if got := strings.Join(slices.Clone(events), " "); got != strings.TrimSpace(test.want) {
				t.Errorf("%s: %s, want %s", test.body, got, test.want)
			}
			mu.Unlock()
		}
	})
}
