package nats

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/nats/embedded"
	"github.com/jacinth-rpc/jacinth/nats/internal/instances"
)

// long reports whether tests may take minutes.
func long() bool { return os.Getenv("JACINTH_TEST_LONG") != "" }

// keys are what the bucket holds.
func keys(t *testing.T, conn *nats.Conn) string {
	t.Helper()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), "jacinth")
	if err != nil {
		t.Fatal(err)
	}
	all, err := kv.Keys(t.Context())
	if err != nil {
		return err.Error()
	}
	if len(all) > 3 {
		return fmt.Sprintf("%d keys", len(all))
	}
	return strings.Join(all, " ")
}

// small returns a registry whose bucket takes little.
func small(t *testing.T, conn *nats.Conn, config RegistryConfig) *Registry {
	t.Helper()
	registry := newRegistry(t, conn, config)
	registry.store.(*bucket).bytes = 256 << 10
	return registry
}

// flood writes records of that many instances of a service, which expire at no time of their own.
func flood(t *testing.T, conn *nats.Conn, service string, number int) {
	t.Helper()
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(1000))
	if err != nil {
		t.Fatal(err)
	}
	for i := range number {
		foreign := instance(service, fmt.Sprint("x", i))
		key, _ := instances.Key(&foreign)
		record, err := instances.Encode(&foreign)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := js.PublishAsync("$KV.jacinth."+key, record); err != nil {
			t.Fatal(err)
		}
		if i%500 == 499 {
			<-js.PublishAsyncComplete()
		}
	}
	<-js.PublishAsyncComplete()
}

// size is how many bytes and messages the bucket holds.
func size(t *testing.T, conn *nats.Conn) (bytes, messages uint64) {
	t.Helper()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), "KV_jacinth")
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State.Bytes, stream.CachedInfo().State.Msgs
}

// TestHostile_fullBucket holds that a bucket that was filled takes renewals and new instances all the same.
func TestHostile_fullBucket(t *testing.T) {
	number := 5000
	if long() {
		number = 20_000
	}
	t.Run("on disk", func(t *testing.T) {
		fill(t, connect(t, startServer(t, embedded.Config{})), RegistryConfig{}, number)
	})
	t.Run("in memory", func(t *testing.T) {
		fill(t, connect(t, startServer(t, embedded.Config{})), RegistryConfig{Memory: true}, number)
	})
	t.Run("on a cluster", func(t *testing.T) {
		fill(t, connect(t, startCluster(t, 3)[0]), RegistryConfig{Replicas: 3}, number)
	})
}

func fill(t *testing.T, conn *nats.Conn, config RegistryConfig, number int) {
	registry := small(t, conn, config)
	for late := time.Now().Add(time.Minute); registry.store.ensure(t.Context()) != nil; { // a cluster takes a while
		if time.Now().After(late) {
			t.Fatal("the bucket cannot be made")
		}
		time.Sleep(50 * time.Millisecond)
	}
	lease := register(t, registry, instance("orders", "1"))
	flood(t, conn, "billing", number)
	bytes, messages := size(t, conn)
	if bytes > 256<<10 {
		t.Errorf("the bucket holds %d bytes, want at most %d", bytes, 256<<10)
	}
	t.Logf("of %d foreign records %d are there, in %d bytes", number, messages, bytes)
	for _, ready := range []bool{true, false} { // which is longer by a byte
		if err := lease.Ready(t.Context(), ready); err != nil {
			t.Errorf("Ready(%t) in a bucket that is full = %v", ready, err)
		}
	}
	register(t, registry, instance("orders", "2"))
	await(t, follow(t, registry, "orders"), "orders/1", "orders/2")
}

// TestHostile_manyRecords holds that who follows a bucket with many foreign records keeps a bounded number of them, and
// sees the instances of other services.
func TestHostile_manyRecords(t *testing.T) {
	conn := connect(t, startServer(t, embedded.Config{}))
	registry := newRegistry(t, conn, RegistryConfig{Memory: true})
	if err := registry.store.ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	number := 5000
	if long() {
		number = 20_000
	}
	flood(t, conn, "billing", number)
	register(t, registry, instance("orders", "1"))
	for set, err := range registry.Watch(t.Context(), "*") {
		if err != nil || len(set) != 1001 || set[1000].Service != "orders" {
			t.Errorf("the watch tells %d instances and %v, want 1000 of billing and the one of orders", len(set), err)
		}
		break
	}
}

// TestHostile_recordsWithoutEnd holds that what was written without a time of its own goes too.
func TestHostile_recordsWithoutEnd(t *testing.T) {
	conn := connect(t, startServer(t, embedded.Config{}))
	registry := newRegistry(t, conn, RegistryConfig{Memory: true})
	registry.store.(*bucket).age = time.Second
	register(t, registry, instance("orders", "1")) // so that somebody is heard meanwhile
	flood(t, conn, "billing", 10)
	for late := time.Now().Add(time.Minute); keys(t, conn) != "orders.1"; time.Sleep(50 * time.Millisecond) {
		if strings.Contains(keys(t, conn), "no keys") { // the record of orders is as old, and about to be renewed
			break
		}
		if time.Now().After(late) {
			t.Fatalf("after a minute the bucket has %s", keys(t, conn))
		}
	}
}

// TestRegistry_warns holds that a bucket without bounds is used, with a warning that says how to mend it, once.
func TestRegistry_warns(t *testing.T) {
	conn := connect(t, startServer(t, embedded.Config{}))
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{
		Bucket: "jacinth", LimitMarkerTTL: markerTTL, Storage: jetstream.MemoryStorage,
	}); err != nil {
		t.Fatal(err)
	}
	log := &journal{}
	registry := newRegistry(t, conn, RegistryConfig{Logger: slog.New(slog.NewTextHandler(log, nil))})
	for i := range 3 {
		register(t, registry, instance("billing", fmt.Sprint(i)))
	}
	if text := log.String(); strings.Count(text, "has no bounds") != 1 || !strings.Contains(text, "nats stream edit KV_jacinth") {
		t.Errorf("the log of a bucket without bounds is\n%s", text)
	}
	// What the remedy does.
	stream, err := js.Stream(t.Context(), "KV_jacinth")
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.Discard, config.MaxBytes, config.MaxAge, config.MaxMsgSize = jetstream.DiscardOld, maxBytes, maxAge, maxValue
	if stream, err = js.UpdateStream(t.Context(), config); err != nil {
		t.Fatalf("the remedy = %v", err)
	}
	if !isBounded(&stream.CachedInfo().Config) {
		t.Error("after the remedy the bucket is not bounded")
	}
	own := newRegistry(t, conn, RegistryConfig{Bucket: "own", Memory: true})
	register(t, own, jacinth.Instance{ID: "1", Service: "billing", URL: "http://127.0.0.1:1/"})
	if stream, err = js.Stream(t.Context(), "KV_own"); err != nil || !isBounded(&stream.CachedInfo().Config) {
		t.Errorf("a bucket that was made anew is not bounded, %v", err)
	}
}
