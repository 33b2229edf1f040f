package nats

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/nats/internal/instances"
)

// memoryStore is a store whose records expire, and which can be out of reach. It is what NATS is to a registry, for
// tests in which time is not real.
type memoryStore struct {
	mu      sync.Mutex
	feeds   map[*memoryFeed]bool
	records map[string]*stored
	down    bool
	up      context.Context
	lose    context.CancelFunc
	again   chan struct{}
	puts    []time.Time
}

type stored struct {
	record []byte
	until  time.Time
}

type memoryFeed struct {
	store *memoryStore
	ready chan struct{} // has a token when there may be something in queue
	queue []instances.Change
}

var errDown = errors.New("the store is down")

// newMemoryStore runs a store until ctx ends.
func newMemoryStore(ctx context.Context) *memoryStore {
	s := &memoryStore{feeds: map[*memoryFeed]bool{}, records: map[string]*stored{}, again: make(chan struct{})}
	s.up, s.lose = context.WithCancel(context.Background())
	go func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.do(s.expire)
			case <-ctx.Done():
				return
			}
		}
	}()
	return s
}

func (s *memoryStore) do(run func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	run()
}

func (s *memoryStore) expire() {
	if s.down {
		return
	}
	for key, r := range s.records {
		if r.until.Before(time.Now()) {
			delete(s.records, key)
			s.tell(instances.Change{Kind: instances.Expired, Key: key})
		}
	}
}

func (s *memoryStore) tell(c instances.Change) {
	for f := range s.feeds {
		f.queue = append(f.queue, c)
		select {
		case f.ready <- struct{}{}:
		default:
		}
	}
}

// turn takes the store down or up. It expires what is old as soon as it is up, as NATS does.
func (s *memoryStore) turn(down bool) {
	s.do(func() {
		s.down = down
		if down {
			s.lose()
			return
		}
		s.up, s.lose = context.WithCancel(context.Background())
		close(s.again)
		s.again = make(chan struct{})
		s.expire()
	})
}

func (s *memoryStore) ensure(context.Context) error { return nil }

func (s *memoryStore) put(_ context.Context, key string, record []byte) (err error) {
	s.do(func() {
		s.puts = append(s.puts, time.Now())
		if err = errDown; !s.down {
			err = nil
			s.records[key] = &stored{record, time.Now().Add(15 * time.Second)}
			s.tell(instances.Change{Kind: instances.Renewed, Key: key, Record: record})
		}
	})
	return err
}

func (s *memoryStore) remove(_ context.Context, key string) (err error) {
	s.do(func() {
		if err = errDown; !s.down {
			err = nil
			delete(s.records, key)
			s.tell(instances.Change{Kind: instances.Left, Key: key})
		}
	})
	return err
}

func (s *memoryStore) follow(context.Context, string) (from feed, err error) {
	s.do(func() {
		f := &memoryFeed{store: s, ready: make(chan struct{}, 1)}
		if err = errDown; !s.down {
			from, err = f, nil
			for key, r := range s.records {
				f.queue = append(f.queue, instances.Change{Kind: instances.Renewed, Key: key, Record: r.record})
			}
			f.queue = append(f.queue, instances.Change{Kind: instances.Synced})
			f.ready <- struct{}{}
			s.feeds[f] = true
		}
	})
	return from, err
}

func (f *memoryFeed) stop() { f.store.do(func() { delete(f.store.feeds, f) }) }

func (f *memoryFeed) next(ctx context.Context) (c instances.Change, err error) {
	for {
		found := false
		f.store.do(func() {
			if found = len(f.queue) > 0; found {
				c, f.queue = f.queue[0], f.queue[1:]
			}
		})
		if found {
			return c, nil
		}
		select {
		case <-f.ready:
		case <-ctx.Done():
			return c, ctx.Err()
		}
	}
}

func (s *memoryStore) isUp() (up bool) {
	s.do(func() { up = !s.down })
	return up
}

func (s *memoryStore) upNow(ctx context.Context) (epoch context.Context, err error) {
	for {
		var again chan struct{}
		s.do(func() { epoch, again = s.up, s.again })
		if epoch.Err() == nil {
			return epoch, nil
		}
		select {
		case <-again:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

type memoryLink struct{ *memoryStore }

func (l memoryLink) up(ctx context.Context) (context.Context, error) { return l.upNow(ctx) }

// TestRegistry_histories lets instances join, leave and crash, and the store go and come back, at random, and holds that
// a set that is told is never without an instance that lives and never with one that has left, or has been dead for
// longer than two TTLs while the store was there.
func TestRegistry_histories(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			store := newMemoryStore(ctx)
			config := RegistryConfig{TTL: 15 * time.Second, Logger: quietLogger}
			registry := &Registry{store: store, config: config, leases: map[string]*lease{}}
			watched := make(chan []jacinth.Instance, 10_000)
			w := &watch{store: store, link: memoryLink{store}, filter: "s.*", view: instances.NewView("s", config.TTL)}
			w.yield = func(set []jacinth.Instance, err error) bool {
				if err == nil {
					watched <- set
				}
				return true
			}
			watching := make(chan struct{})
			go func() { defer close(watching); w.run(ctx) }()

			leases := map[string]jacinth.Lease{}
			dead := map[string]time.Duration{} // how long the store was there since it died
			var now []string                   // what the watch says
			downFor := 0
			for range 400 { // seconds
				switch n := random.IntN(20); {
				case downFor > 1:
					downFor--
				case downFor == 1:
					downFor = 0
					store.turn(false)
				case n == 0:
					downFor = 1 + random.IntN(40)
					store.turn(true)
				case n < 4 && len(leases) < 5:
					id := fmt.Sprintf("%06d", random.IntN(1_000_000))
					l, err := registry.Register(ctx, instance("s", id))
					if err != nil {
						t.Fatal(err)
					}
					leases[id] = l
				case n < 7 && len(leases) > 1:
					id := anyOf(random, leases)
					if n == 4 {
						if err := leases[id].Close(ctx); err != nil {
							t.Fatal(err)
						}
						dead[id] = time.Hour
					} else {
						leases[id].(*lease).end() // and nobody says so
						dead[id] = 0
					}
					delete(leases, id)
				}
				time.Sleep(time.Second) // in the bubble
				synctest.Wait()
				for len(watched) > 0 {
					now = now[:0]
					for _, i := range <-watched {
						now = append(now, i.ID)
					}
				}
				for id := range leases {
					if !slices.Contains(now, id) && downFor == 0 {
						t.Fatalf("seed %d: %s lives and is not in the set %v", seed, id, now)
					}
				}
				for id := range dead {
					if downFor == 0 {
						dead[id] += time.Second
					} else if dead[id] < time.Hour {
						dead[id] = 0
					}
					if slices.Contains(now, id) && dead[id] > 2*config.TTL+2*time.Second {
						t.Fatalf("seed %d: %s has left or is dead and is in the set %v", seed, id, now)
					}
				}
			}
			for _, l := range leases {
				l.(*lease).end()
			}
			cancel()
			<-watching
		})
	}
}

func anyOf(random *rand.Rand, leases map[string]jacinth.Lease) string {
	ids := make([]string, 0, len(leases))
	for id := range leases {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids[random.IntN(len(ids))]
}

// TestLease_beats holds that a record is renewed each third of its TTL, give or take a fifth, and sooner after a failure.
func TestLease_beats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		store := newMemoryStore(ctx)
		config := RegistryConfig{TTL: 15 * time.Second, Logger: quietLogger}
		registry := &Registry{store: store, config: config, leases: map[string]*lease{}}
		l, err := registry.Register(ctx, instance("s", "1"))
		if err != nil {
			t.Fatal(err)
		}
		gaps := func(spell time.Duration) (shortest, longest time.Duration) {
			store.do(func() { store.puts = nil })
			time.Sleep(spell)
			store.do(func() {
				shortest = spell
				for i := 1; i < len(store.puts); i++ {
					gap := store.puts[i].Sub(store.puts[i-1])
					shortest, longest = min(shortest, gap), max(longest, gap)
				}
			})
			return shortest, longest
		}
		const beat, fifth = 5 * time.Second, time.Second
		if a, b := gaps(10 * time.Minute); a < beat-fifth || b > beat+fifth || b-a < fifth {
			t.Errorf("the beats come after %v to %v, want 4s to 6s", a, b)
		}
		store.turn(true)
		time.Sleep(10 * time.Second)
		if a, b := gaps(time.Minute); a < beat/5-fifth/5 || b > beat/5+fifth/5 {
			t.Errorf("without a registry the beats come after %v to %v, want 0.8s to 1.2s", a, b)
		}
		store.turn(false)
		if err := l.Close(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
	})
}
