package jacinth

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"
)

// Instance is one running copy of a service, as a [Registry] tells others of it.
type Instance struct {
	ID      string    `json:"id"`      // of this run and no other; the service makes it
	Service string    `json:"service"` // the name of the service
	URL     string    `json:"url"`     // of its endpoint, such as http://10.0.0.7:8000/api
	Version string    `json:"version,omitempty"`
	Ready   bool      `json:"ready"` // it welcomes calls
	Since   time.Time `json:"since"` // when it started
}

// Matches reports whether the instance is of the service that name means: its own name, or a pattern that ends in
// ".*" and means every service whose name begins with what is before the star. A "*" alone means every service.
func (i *Instance) Matches(name string) bool {
	if name == "*" {
		return true
	}
	if prefix, isPattern := strings.CutSuffix(name, "*"); isPattern && strings.HasSuffix(prefix, ".") {
		return len(i.Service) > len(prefix) && strings.HasPrefix(i.Service, prefix)
	}
	return i.Service == name
}

// ErrReadOnly is the error of Register if a [Registry] learns of instances in another way, such as DNS. Trying again does not
// help.
var ErrReadOnly = errors.New("nothing can be registered there")

// Registry knows the running instances of services. Package discovery has registries that need no engine, and nested modules
// have those of an engine. It must be safe for concurrent use.
type Registry interface {
	// Register makes an instance known for as long as the lease that it returns is kept. The registry renews the lease
	// by itself, also when it was out of reach for a while, and forgets the instance some time after its process died.
	// An instance with the ID of one that is registered takes its place. The context bounds the call and not the lease.
	Register(ctx context.Context, instance Instance) (Lease, error)

	// Watch yields the whole set of the instances of a service, or of all that a pattern such as workers.* means: at
	// first what is known, which may be nothing, and then the whole set after each change. What it yields belongs to
	// the receiver. An error says that the registry is out of reach and the last set is the best there is; Watch goes
	// on trying, and yields a set again when it can. It ends with ctx, or when the loop over it does.
	Watch(ctx context.Context, service string) iter.Seq2[[]Instance, error]
}

// Lease is an instance being registered.
type Lease interface {
	// Ready changes whether the instance says that it welcomes calls.
	Ready(ctx context.Context, ready bool) error

	// Close takes the instance out of the registry. It is to be called once, and returns when the registry knows, or
	// when ctx ends; then the lease runs out by itself.
	Close(ctx context.Context) error
}
