package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jacinth-rpc/jacinth/nats/internal/instances"
)

const (
	// Headers of the messages of a key-value bucket (nats-architecture-and-design, ADR-8 and ADR-48).
	operationHeader = "KV-Operation"
	rollupHeader    = "Nats-Rollup"

	markerTTL = 5 * time.Minute // that a record is gone is known for so long to those who were away
)

// bucket is a key-value bucket of JetStream, with one record an instance.
type bucket struct {
	js       jetstream.JetStream
	name     string
	ttl      time.Duration
	replicas int
	memory   bool
}

func (b *bucket) stream() string            { return "KV_" + b.name }
func (b *bucket) subject(key string) string { return "$KV." + b.name + "." + key }

// reachable fails while there is no connection: what is sent then would wait, and be sent when it is old.
func (b *bucket) reachable() error {
	if !b.js.Conn().IsConnected() {
		return errLost
	}
	return nil
}

// ensure makes the bucket unless it is there.
func (b *bucket) ensure(ctx context.Context) error {
	if err := b.reachable(); err != nil {
		return err
	}
	kv, err := b.js.KeyValue(ctx, b.name)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		storage := jetstream.FileStorage
		if b.memory {
			storage = jetstream.MemoryStorage
		}
		// Two who make the same bucket at the same time both get it.
		kv, err = b.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: b.name, Description: "Running instances of services.",
			LimitMarkerTTL: markerTTL, Replicas: b.replicas, Storage: storage,
		})
	}
	if errors.Is(err, jetstream.ErrLimitMarkerTTLNotSupported) {
		return fmt.Errorf("the NATS server is too old: records that expire need 2.11 or later: %w", err)
	}
	if err != nil {
		return fmt.Errorf("the bucket %s cannot be had: %w", b.name, err)
	}
	status, err := kv.Status(ctx)
	if err == nil && status.LimitMarkerTTL() == 0 {
		err = fmt.Errorf("the bucket %s was made without marker TTL, so that nothing in it expires by itself: "+
			"delete it, or name another one", b.name)
	}
	return err
}

// put writes a record that expires after the TTL.
func (b *bucket) put(ctx context.Context, key string, record []byte) error {
	if err := b.reachable(); err != nil {
		return err
	}
	message := func() *nats.Msg { return &nats.Msg{Subject: b.subject(key), Data: record} }
	_, err := b.js.PublishMsg(ctx, message(), jetstream.WithMsgTTL(b.ttl))
	if errors.Is(err, jetstream.ErrNoStreamResponse) { // a bucket in memory is gone with its server
		if err := b.ensure(ctx); err != nil {
			return err
		}
		_, err = b.js.PublishMsg(ctx, message(), jetstream.WithMsgTTL(b.ttl))
	}
	return err
}

// remove takes a record out, and leaves a marker for those who follow.
func (b *bucket) remove(ctx context.Context, key string) error {
	if err := b.reachable(); err != nil {
		return err
	}
	message := &nats.Msg{Subject: b.subject(key), Header: nats.Header{
		operationHeader: {"PURGE"}, rollupHeader: {"sub"},
	}}
	_, err := b.js.PublishMsg(ctx, message, jetstream.WithMsgTTL(markerTTL))
	return err
}

// follow tells what is in the bucket under keys that match a filter, and then what changes.
func (b *bucket) follow(ctx context.Context, filter string) (feed, error) {
	if err := b.ensure(ctx); err != nil {
		return nil, err
	}
	consumer, err := b.js.OrderedConsumer(ctx, b.stream(), jetstream.OrderedConsumerConfig{
		FilterSubjects:    []string{b.subject(filter)},
		DeliverPolicy:     jetstream.DeliverLastPerSubjectPolicy,
		MaxResetAttempts:  1, // then it is followed anew, from the beginning
		InactiveThreshold: 30 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	messages, err := consumer.Messages(jetstream.PullExpiry(10*time.Second), jetstream.PullHeartbeat(2*time.Second))
	if err != nil {
		return nil, err
	}
	return &consumed{
		messages: messages, prefix: len(b.subject("")), pending: consumer.CachedInfo().NumPending,
	}, nil
}

// consumed is a feed of a bucket.
type consumed struct {
	messages jetstream.MessagesContext
	prefix   int    // bytes of a subject before the key
	pending  uint64 // messages to come of what was there at the beginning
	synced   bool
}

func (f *consumed) stop() { f.messages.Stop() }

func (f *consumed) next(ctx context.Context) (instances.Change, error) {
	if !f.synced && f.pending == 0 {
		f.synced = true
		return instances.Change{Kind: instances.Synced}, nil
	}
	message, err := f.messages.Next(jetstream.NextContext(ctx))
	if err != nil {
		return instances.Change{}, err
	}
	if !f.synced {
		f.pending--
		// A record that was renewed meanwhile comes once, among what is new.
		if data, err := message.Metadata(); err == nil && data.NumPending == 0 {
			f.pending = 0
		}
	}
	c := instances.Change{Key: message.Subject()[f.prefix:], Record: message.Data()}
	header := message.Headers()
	switch {
	case header.Get(operationHeader) != "":
		c.Kind = instances.Left
	case header.Get(jetstream.MarkerReasonHeader) == "MaxAge":
		c.Kind = instances.Expired
	case header.Get(jetstream.MarkerReasonHeader) != "":
		c.Kind = instances.Left // somebody purged it by hand
	}
	return c, nil
}
