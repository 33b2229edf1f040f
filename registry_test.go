package jacinth_test

import (
	"context"
	"errors"
	"flag"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// board is a registry in memory that can be out of reach.
type board struct {
	mu        sync.Mutex
	instances []jacinth.Instance
	down      bool
	changed   chan struct{}
	last      time.Time    // that it changed
	tried     atomic.Int32 // calls of Register
	closed    atomic.Int32
}

var errBoardDown = errors.New("the board is down")

// change changes the board and tells all watchers.
func (b *board) change(do func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	do()
	b.last = time.Now()
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

func (b *board) set(instances ...jacinth.Instance) {
	b.change(func() { b.instances = instances })
}

func (b *board) setDown(down bool) { b.change(func() { b.down = down }) }

func (b *board) list() []jacinth.Instance {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.instances)
}

func (b *board) Register(_ context.Context, instance jacinth.Instance) (jacinth.Lease, error) {
	err := errBoardDown
	b.change(func() {
		b.tried.Add(1)
		if !b.down {
			b.instances, err = append(b.instances, instance), nil
		}
	})
	return &boardLease{b, instance.ID}, err
}

func (b *board) Watch(ctx context.Context, service string) iter.Seq2[[]jacinth.Instance, error] {
	return func(yield func([]jacinth.Instance, error) bool) {
		for {
			b.mu.Lock()
			if b.changed == nil {
				b.changed = make(chan struct{})
			}
			changed, down := b.changed, b.down
			var set []jacinth.Instance
			for _, instance := range b.instances {
				if instance.Matches(service) {
					set = append(set, instance)
				}
			}
			b.mu.Unlock()
			var err error
			if down {
				set, err = nil, errBoardDown
			}
			if !yield(set, err) {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (b *board) Close() error {
	b.closed.Add(1)
	return nil
}

type boardLease struct {
	board *board
	id    string
}

func (l *boardLease) Ready(_ context.Context, ready bool) error {
	err := errBoardDown
	l.board.change(func() {
		for i := range l.board.instances {
			if l.board.instances[i].ID == l.id && !l.board.down {
				l.board.instances[i].Ready, err = ready, nil
			}
		}
	})
	return err
}

func (l *boardLease) Close(context.Context) error {
	err := errBoardDown
	l.board.change(func() {
		if !l.board.down {
			l.board.instances = slices.DeleteFunc(l.board.instances, func(i jacinth.Instance) bool { return i.ID == l.id })
			err = nil
		}
	})
	return err
}

func TestInstance_matches(t *testing.T) {
	for _, test := range []struct {
		service, name string
		want          bool
	}{
		{"billing", "billing", true},
		{"billing", "Billing", false},
		{"billing", "bill*", false}, // no pattern
		{"billing", "*", true},
		{"billing", "", false},
		{"workers.images", "workers.*", true},
		{"workers.images.small", "workers.*", true},
		{"workers", "workers.*", false},
		{"workers.", "workers.*", false},
		{"workersx.images", "workers.*", false},
		{"workers.*", "workers.*", true},
		{"workers.images", "*.images", false},
	} {
		instance := jacinth.Instance{Service: test.service}
		if got := instance.Matches(test.name); got != test.want {
			t.Errorf("%q matches %q: %v, want %v", test.service, test.name, got, test.want)
		}
	}
}

func TestConfig_refusesPublicURLs(t *testing.T) {
	for _, test := range []struct{ url, why string }{
		{"billing.example.com", "not a full address"},
		{"//billing.example.com", "not a full address"},
		{"ftp://billing.example.com", "not a full address"},
		{"http://", "not a full address"},
		{"http://:8000", "not a full address"},
		{"http://0.0.0.0:8000", "every address of a machine"},
		{"http://[::]:8000", "every address of a machine"},
		{"http://[::ffff:0.0.0.0]:8000", "every address of a machine"},
		{"http://[::%25eth0]:8000", "every address of a machine"},
		{"http://ada:secret@billing.example.com", "a password"},
		{"http://ada@billing.example.com", "a user"},
		{"http://billing.example.com?a=b", "a query"},
		{"http://billing.example.com/?", "a query"},
		{"http://billing.example.com/#there", "a fragment"},
		{"http://billing.example.com/#", "a fragment"},
		{"http://billing.example.com:0", "a port"},
		{"http://billing.example.com:99999", "a port"},
		{"http://ada:secret@billing.example.com:x", "not a full address"},
	} {
		text := panicText(func() { jacinth.New(jacinth.Config{Name: "billing", PublicURL: test.url}) })
		if !strings.Contains(text, test.why) || strings.Contains(text, "secret") {
			t.Errorf("New with PublicURL %q: %q, want a panic that says %q and no secret", test.url, text, test.why)
		}
	}
	for _, url := range []string{"https://billing.example.com", "http://10.0.0.7:8000/", "http://[fd00::1]:80/billing"} {
		if text := panicText(func() { jacinth.New(jacinth.Config{Name: "billing", PublicURL: url}) }); text != "" {
			t.Errorf("New with PublicURL %q panics: %s", url, text)
		}
	}
}

// panicText returns what do panics with, empty if it does not.
func panicText(do func()) (text string) {
	defer func() {
		if value, ok := recover().(string); ok {
			text = value
		}
	}()
	do()
	return ""
}

// TestConfig_Flags_showNoSecret holds that the usage, which a wrong flag writes into the log of a program, has no password
// and no key of the registry in it.
func TestConfig_Flags_showNoSecret(t *testing.T) {
	for _, test := range []struct{ registry, shown string }{
		{"nats://ada:hidden@one.test:4222", "nats://one.test:4222"},
		{"nats://hidden@one.test:4222", "nats://one.test:4222"},
		{"nats://a:hidden@one.test:4222,nats://a:hidden@two.test:4222", "nats://one.test:4222,nats://two.test:4222"},
		{"https://one.test/v3/hidden?key=hidden", "https://one.test"},
		{"nats://one.test:4222", "nats://one.test:4222"},
	} {
		t.Setenv("JACINTH_REGISTRY", test.registry)
		config := quiet("usage")
		config.OpenRegistry = func(context.Context, string) (jacinth.Registry, error) { return nil, errors.New("not opened") }
		var usage strings.Builder
		set := flag.NewFlagSet("usage", flag.ContinueOnError)
		set.SetOutput(&usage)
		if err := config.Flags(set); err != nil {
			t.Fatal(err)
		}
		_ = set.Parse([]string{"-nosuchflag"})
		if text := usage.String(); strings.Contains(text, "hidden") || !strings.Contains(text, test.shown+")") {
			t.Errorf("the usage with the registry %s is %s, want %s in it", test.registry, text, test.shown)
		}
		if config.RegistryURL != test.registry {
			t.Errorf("RegistryURL = %s, want %s", config.RegistryURL, test.registry)
		}
	}
}
