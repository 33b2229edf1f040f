package listener

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// lifetime is how long a connection of HTTP may go on, in the context of its requests.
type lifetime struct {
	began time.Time
	limit time.Duration
}

type lifetimeKey struct{}

// MaxAge is for http.Server.ConnContext: it gives a connection its lifetime, up to a fifth less than the limit, so that those which began together, as
// they do after a restart, do not end together.
func MaxAge(limit time.Duration) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, _ net.Conn) context.Context {
		less := rand.N(limit/5 + 1) //nolint:gosec // it need not be a secret
		return context.WithValue(ctx, lifetimeKey{}, &lifetime{time.Now(), limit - less})
	}
}

// IsOld reports whether the connection of a request is to end with its reply, because it has had its lifetime.
func IsOld(r *http.Request) bool {
	l, ok := r.Context().Value(lifetimeKey{}).(*lifetime)
	return ok && time.Since(l.began) > l.limit
}
