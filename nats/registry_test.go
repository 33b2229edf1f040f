package nats

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/nats/embedded"
)

// told is what a watch yields: a set or an error.
type told struct {
	ids []string
	set []jacinth.Instance
	err error
}

// follow watches in the background until the test ends, and hands over what it is told.
func follow(t *testing.T, registry jacinth.Registry, service string) <-chan told {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	all, done := make(chan told, 1000), make(chan struct{})
	go func() {
		defer close(done)
		for set, err := range registry.Watch(ctx, service) {
			all <- told{idsOf(set), set, err}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return all
}

func idsOf(set []jacinth.Instance) []string {
	ids := []string{}
	for i := range set {
		ids = append(ids, set[i].Service+"/"+set[i].ID)
	}
	return ids
}

// await reads what a watch tells until it is that set of IDs.
func await(t *testing.T, from <-chan told, want ...string) told {
	t.Helper()
	late := time.After(time.Minute)
	var last told
	for {
		select {
		case last = <-from:
			if last.err == nil && slices.Equal(last.ids, append([]string{}, want...)) {
				return last
			}
		case <-late:
			t.Fatalf("the watch does not tell %q; the last it told is %q, %v", want, last.ids, last.err)
		}
	}
}

func register(t *testing.T, registry jacinth.Registry, instance jacinth.Instance) jacinth.Lease {
	t.Helper()
	lease, err := registry.Register(t.Context(), instance)
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	t.Cleanup(func() {
		if !closed {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_ = lease.Close(ctx)
		}
	})
	return lease
}

func TestRegistry(t *testing.T) {
	server := startServer(t, embedded.Config{})
	here := newRegistry(t, connect(t, server), RegistryConfig{Memory: true})
	there := newRegistry(t, connect(t, server), RegistryConfig{Memory: true})
	billing, workers, all := follow(t, there, "billing"), follow(t, there, "workers.*"), follow(t, there, "*")
	await(t, billing)
	await(t, workers)

	one := instance("billing", "1")
	lease := register(t, here, one)
	if got := await(t, billing, "billing/1").set[0]; got != one {
		t.Errorf("the instance is told as %+v, want %+v", got, one)
	}
	if err := lease.Ready(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	for !await(t, billing, "billing/1").set[0].Ready {
	}
	register(t, here, instance("billing", "2"))
	register(t, here, instance("billing.reports", "3"))
	register(t, here, instance("workers", "4"))
	register(t, here, instance("workers.email", "id/with/strange.signs"))
	register(t, here, instance("workers.a..b.", "6"))
	await(t, billing, "billing/1", "billing/2")
	await(t, workers, "workers.a..b./6", "workers.email/id/with/strange.signs")
	await(t, all, "billing/1", "billing/2", "billing.reports/3", "workers/4", "workers.a..b./6", "workers.email/id/with/strange.signs")

	if err := lease.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, billing, "billing/2")
	if err := lease.Ready(t.Context(), true); !errors.Is(err, errOver) {
		t.Errorf("Ready of a closed lease = %v, want %v", err, errOver)
	}
	await(t, follow(t, here, "billing"), "billing/2")
}

// TestRegistry_Register_takesThePlace holds that a second lease for the same instance takes over from the first, and
// that closing the first then takes nothing away.
func TestRegistry_Register_takesThePlace(t *testing.T) {
	registry := newRegistry(t, connect(t, startServer(t, embedded.Config{})), RegistryConfig{Memory: true})
	first := register(t, registry, instance("billing", "1"))
	again := instance("billing", "1")
	again.Version = "2.0.0"
	register(t, registry, again)
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	set := follow(t, registry, "billing")
	if got := await(t, set, "billing/1").set[0].Version; got != "2.0.0" {
		t.Errorf("the version is %s, want that of the second lease", got)
	}
}

// TestRegistry_forgetsTheDead holds that an instance that nobody renews is forgotten while others are there.
func TestRegistry_forgetsTheDead(t *testing.T) {
	server := startServer(t, embedded.Config{})
	config := RegistryConfig{Memory: true, TTL: time.Second}
	dying := connect(t, server)
	register(t, newRegistry(t, dying, config), instance("billing", "dying"))
	registry := newRegistry(t, connect(t, server), config)
	register(t, registry, instance("billing", "living"))
	set := follow(t, registry, "billing")
	await(t, set, "billing/dying", "billing/living")
	dying.Close() // as the death of its process does
	await(t, set, "billing/living")
}

// TestRegistry_survivesItsServer holds that a set stays as it was while the server is gone, even if that takes its
// memory, and for longer than records live; and that leases are taken up again.
func TestRegistry_survivesItsServer(t *testing.T) {
	t.Run("in memory", func(t *testing.T) { t.Parallel(); surviveServer(t, true) })
	t.Run("on disk", func(t *testing.T) { t.Parallel(); surviveServer(t, false) })
}

func surviveServer(t *testing.T, memory bool) {
	config := embedded.Config{Addr: "127.0.0.1:0", Dir: t.TempDir()}
	server := startServer(t, config)
	address := strings.TrimPrefix(server.URL(), "nats://")
	conn := dial(t, server.URL())
	registry := newRegistry(t, conn, RegistryConfig{Memory: memory, TTL: time.Second})
	register(t, registry, instance("billing", "1"))
	register(t, registry, instance("billing", "2"))
	set := follow(t, registry, "billing")
	await(t, set, "billing/1", "billing/2")

	server.Close()
	if got := <-set; got.err == nil {
		t.Errorf("without a server the watch tells %q, want an error", got.ids)
	}
	time.Sleep(1500 * time.Millisecond) // records that are on a disk run out meanwhile
	config.Addr = address
	startServer(t, config)
	settled := time.After(4 * time.Second)
	for recovered := false; ; {
		select {
		case got := <-set:
			if got.err == nil && len(got.ids) != 2 {
				t.Fatalf("after the server came back the watch tells %q, want both instances all the time", got.ids)
			}
			recovered = recovered || got.err == nil
			continue
		case <-settled:
		}
		if !recovered {
			t.Error("after the server came back the watch tells nothing")
		}
		break
	}
	await(t, follow(t, registry, "billing"), "billing/1", "billing/2")
	conn.Close()
}

// TestRegistry_believesKeysOnly holds that a record cannot pass for that of another service: what NATS gives permission
// for is the key.
func TestRegistry_believesKeysOnly(t *testing.T) {
	conn := connect(t, startServer(t, embedded.Config{}))
	registry := newRegistry(t, conn, RegistryConfig{Memory: true})
	register(t, registry, instance("billing", "1"))
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), "jacinth")
	if err != nil {
		t.Fatal(err)
	}
	for key, record := range map[string]string{
		"billing.2": `{"id":"1","service":"billing","url":"http://evil/"}`,
		"billing.3": `{"id":"3","service":"other","url":"http://evil/"}`,
		"billing.4": `{"id":"4","service":"billing","url":"evil"}`,
		"billing.5": `{"id":"5","service":"billing","url":"http://evil/"`,
		"billing.6": `{"id":"6","service":"billing","url":"http://evil/","version":"` + strings.Repeat("x", 8<<10) + `"}`,
		"other.7":   `{"id":"7","service":"billing","url":"http://evil/"}`,
	} {
		if _, err := kv.PutString(t.Context(), key, record); err != nil {
			t.Fatal(err)
		}
	}
	register(t, registry, instance("billing", "8"))
	await(t, follow(t, registry, "billing"), "billing/1", "billing/8")
}

// watchBadName holds that a watch of what is no name says so once, and then lasts as long as any other.
func watchBadName(t *testing.T, registry *Registry) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	all, ended := make(chan error, 10), make(chan struct{})
	go func() {
		defer close(ended)
		for _, err := range registry.Watch(ctx, "no name") {
			all <- err
		}
	}()
	if err := <-all; err == nil {
		t.Error("Watch of what is no name tells a set, want an error")
	}
	select {
	case <-ended:
		t.Error("Watch of what is no name ends before its context does")
	case err := <-all:
		t.Errorf("Watch of what is no name tells more: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	<-ended
	for _, err := range registry.Watch(t.Context(), "no name") {
		if err == nil {
			t.Error("Watch of what is no name tells a set, want an error")
		}
		break // which ends it
	}
}

func TestRegistry_refuses(t *testing.T) {
	conn := connect(t, startServer(t, embedded.Config{}))
	for want, config := range map[string]RegistryConfig{
		"TTL":      {TTL: 1500 * time.Millisecond},
		"to 300":   {TTL: time.Hour},
		"Bucket":   {Bucket: "a.>"},
		"Replicas": {Replicas: 6},
	} {
		if _, err := NewRegistry(conn, config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewRegistry(%+v) = %v, want an error about %s", config, err, want)
		}
	}
	registry := newRegistry(t, conn, RegistryConfig{Memory: true})
	for want, change := range map[string]func(*jacinth.Instance){
		"not the id":      func(i *jacinth.Instance) { i.ID = "" },
		"not the name":    func(i *jacinth.Instance) { i.Service = "a b" },
		"not the URL":     func(i *jacinth.Instance) { i.URL = "/api" },
		"not the version": func(i *jacinth.Instance) { i.Version = strings.Repeat("1", 8<<10) },
		"one machine":     func(i *jacinth.Instance) { i.URL = "http://0.0.0.0/api" },
	} {
		i := instance("billing", "1")
		change(&i)
		if _, err := registry.Register(t.Context(), i); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Register(%.200v) = %v, want an error with %q", i, err, want)
		}
	}
	watchBadName(t, registry)
	// A bucket in which nothing expires would keep the dead for ever.
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "eternal"}); err != nil {
		t.Fatal(err)
	}
	registry = newRegistry(t, conn, RegistryConfig{Bucket: "eternal"})
	if _, err := registry.Register(t.Context(), instance("billing", "1")); err == nil || !strings.Contains(err.Error(), "expires") {
		t.Errorf("Register in a bucket without marker TTL = %v, want an error that says so", err)
	}
}

// TestRegistry_Watch_ends holds that a watch ends with its loop and with its context, also when NATS is away.
func TestRegistry_Watch_ends(t *testing.T) {
	server := startServer(t, embedded.Config{})
	conn := connect(t, server)
	registry := newRegistry(t, conn, RegistryConfig{Memory: true})
	for _, err := range registry.Watch(t.Context(), "billing") {
		if err != nil {
			t.Error(err)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, err := range registry.Watch(ctx, "billing") {
		if err != nil {
			t.Error(err)
		}
		cancel()
	}
	conn.Close()
	closed, cancel := context.WithCancel(t.Context())
	defer cancel()
	errs := 0
	for _, err := range registry.Watch(closed, "billing") {
		if err != nil {
			errs++
		}
		cancel()
	}
	if errs != 1 {
		t.Errorf("a watch on a closed connection told %d errors, want 1", errs)
	}
}
