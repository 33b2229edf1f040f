package nats

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/nats/internal/instances"
)

// RegistryConfig says where a [Registry] keeps its records. The zero value of a field is its default.
type RegistryConfig struct {
	Bucket string // the key-value bucket, made when it is not there; jacinth

	// Of a bucket that is made: Replicas is how many servers of a cluster hold it, 1 by default, and 3 to go on when
	// one of them is lost. Memory keeps it off the disk.
	Replicas int
	Memory   bool

	// TTL is how long after its last sign of life an instance is forgotten; it is renewed three times as often. Whole
	// seconds, since NATS knows no shorter times, and at most five minutes; 15s. All registries of a bucket must agree.
	TTL time.Duration

	Logger *slog.Logger // nil is slog.Default()
}

// Registry is a [jacinth.Registry] in a key-value bucket of JetStream. Records expire by themselves, one by one, which
// takes a server of version 2.11 or later.
//
// A record has the key SERVICE.ID, and is believed only if it says the same. So who may publish to
// $KV.jacinth.billing.> by the permissions of NATS, and nobody else, can register an instance of billing.
//
// The bucket that it makes is bounded: a record is at most 9 KiB, all of them 64 MiB, and none is older than five
// minutes, whoever wrote it. When it is full, what was not renewed for the longest time goes. It warns of a bucket that
// was made without such bounds.
//
// It is safe for concurrent use.
type Registry struct {
	conn   *nats.Conn
	owned  bool // Close closes conn
	store  store
	config RegistryConfig

	mu     sync.Mutex
	leases map[string]*lease
}

// store is what a registry needs of a [bucket].
type store interface {
	ensure(ctx context.Context) error
	put(ctx context.Context, key string, record []byte) error
	remove(ctx context.Context, key string) error
	follow(ctx context.Context, filter string) (feed, error)
}

// feed tells changes one after another. What it tells in the end is an error, and then it is of no more use.
type feed interface {
	next(ctx context.Context) (instances.Change, error)
	stop()
}

var bucketName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// NewRegistry returns a registry on a connection, which stays its owner's: it must live as long as the registry is used.
// It says nothing to NATS yet. It fails if config cannot be.
func NewRegistry(conn *nats.Conn, config RegistryConfig) (*Registry, error) {
	if config.Bucket == "" {
		config.Bucket = "jacinth"
	}
	if !bucketName.MatchString(config.Bucket) {
		return nil, fmt.Errorf("RegistryConfig.Bucket %q is not the name of a bucket: use letters, digits and _ -", config.Bucket)
	}
	if config.TTL == 0 {
		config.TTL = 15 * time.Second
	}
	if config.TTL < time.Second || config.TTL > maxAge || config.TTL%time.Second != 0 {
		return nil, fmt.Errorf("RegistryConfig.TTL is %v: NATS wants whole seconds, from one to %d", config.TTL, maxAge/time.Second)
	}
	if config.Replicas < 0 || config.Replicas > 5 {
		return nil, fmt.Errorf("RegistryConfig.Replicas is %d: JetStream has from 1 to 5", config.Replicas)
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	b := &bucket{
		js: js, name: config.Bucket, ttl: config.TTL, replicas: config.Replicas, memory: config.Memory,
		bytes: maxBytes, age: maxAge, logger: config.Logger,
	}
	return &Registry{conn: conn, store: b, config: config, leases: map[string]*lease{}}, nil
}

// Close closes the connection if it was [Open] that made it. It does nothing for any other.
func (r *Registry) Close() error {
	if r.owned {
		r.conn.Close()
	}
	return nil
}

// Register implements [jacinth.Registry].
func (r *Registry) Register(ctx context.Context, instance jacinth.Instance) (jacinth.Lease, error) {
	if _, err := instances.Encode(&instance); err != nil {
		return nil, fmt.Errorf("the instance cannot be registered: %w", err)
	}
	key, err := instances.Key(&instance)
	if err != nil {
		return nil, fmt.Errorf("the instance cannot be registered: %w", err)
	}
	r.mu.Lock()
	old := r.leases[key]
	delete(r.leases, key)
	r.mu.Unlock()
	if old != nil {
		old.end()
	}
	l := &lease{registry: r, key: key, instance: instance}
	if err := r.store.ensure(ctx); err != nil {
		return nil, fmt.Errorf("the registry is out of reach: %w", err)
	}
	if err := l.write(ctx); err != nil {
		return nil, fmt.Errorf("the registry is out of reach: %w", err)
	}
	l.start()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leases[key] = l
	return l, nil
}

// Watch implements [jacinth.Registry].
//
// A set does not shrink because NATS was out of reach. An instance that is gone without having left stays for one TTL
// more if nothing was heard while it was away, since it may be NATS that was: when it is the only one of its service,
// when the connection was lost, or when the bucket had no leader.
func (r *Registry) Watch(ctx context.Context, service string) iter.Seq2[[]jacinth.Instance, error] {
	return func(yield func([]jacinth.Instance, error) bool) {
		filter, err := instances.Filter(service)
		if err != nil {
			if ctx.Err() == nil && yield(nil, err) {
				<-ctx.Done() // it has nothing more to say
			}
			return
		}
		link := newLink(r.conn)
		defer link.stop()
		w := &watch{store: r.store, link: link, filter: filter, view: instances.NewView(service, r.config.TTL), yield: yield}
		w.run(ctx)
	}
}
