package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
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

	// What a bucket may take. Records have a time of their own, which is shorter: the age is for what others wrote.
	maxAge   = markerTTL
	maxValue = instances.MaxRecord + 1<<10 // and the headers of the message
	maxBytes = 64 << 20                    // more than all the records that a watcher holds
)

// bucket is a key-value bucket of JetStream, with one record an instance.
type bucket struct {
	js       jetstream.JetStream
	name     string
	ttl      time.Duration
	replicas int
	memory   bool
	bytes    int64         // that all records take at most
	age      time.Duration // of what has no time of its own
	logger   *slog.Logger
	warned   sync.Once
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
	stream, err := b.js.Stream(ctx, b.stream())
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = b.create(ctx)
	}
	if err != nil {
		return fmt.Errorf("the bucket %s cannot be had: %w", b.name, err)
	}
	config := &stream.CachedInfo().Config
	if config.SubjectDeleteMarkerTTL == 0 {
		return fmt.Errorf("the bucket %s was made without marker TTL, so that nothing in it expires by itself: "+
			"delete it, or name another one", b.name)
	}
	if !isBounded(config) {
		b.warned.Do(func() { b.warn(ctx) })
	}
	return nil
}

// create makes the bucket: a key-value bucket as nats.go makes one, but that the oldest gives way when it is full, and
// not what comes. So a renewal always has room, on one server and on a cluster, and so has a new instance; what nobody
// renews goes first. On a cluster the other way would refuse renewals too, and whoever filled the bucket once would have
// all instances forgotten.
func (b *bucket) create(ctx context.Context) (jetstream.Stream, error) {
	account, err := b.js.AccountInfo(ctx)
	if err != nil {
		return nil, err
	}
	if account.API.Level < 1 {
		return nil, fmt.Errorf("the NATS server is too old: records that expire need 2.11 or later: %w",
			jetstream.ErrLimitMarkerTTLNotSupported)
	}
	config := jetstream.StreamConfig{
		Name: b.stream(), Description: "Running instances of services.", Subjects: []string{b.subject(">")},
		Replicas: max(b.replicas, 1), Storage: jetstream.FileStorage,
		Discard: jetstream.DiscardOld, MaxMsgsPerSubject: 1, MaxAge: b.age, MaxBytes: b.bytes, MaxMsgSize: maxValue,
		MaxMsgs: -1, MaxConsumers: -1, Duplicates: min(2*time.Minute, b.age),
		AllowMsgTTL: true, SubjectDeleteMarkerTTL: markerTTL,
		AllowRollup: true, AllowDirect: true, DenyDelete: true,
	}
	if b.memory {
		config.Storage = jetstream.MemoryStorage
	}
	stream, err := b.js.CreateStream(ctx, config) // two who make the same one at the same time both get it
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return b.js.Stream(ctx, b.stream()) // somebody made another one meanwhile
	}
	return stream, err
}

// isBounded reports whether a bucket cannot be filled by strangers so that it stays full, or keeps others out.
func isBounded(config *jetstream.StreamConfig) bool {
	return config.MaxBytes > 0 && config.Discard == jetstream.DiscardOld && config.MaxAge > 0 &&
		config.MaxMsgSize > 0 && config.MaxMsgsPerSubject == 1
}

// warn says how to give bounds to a bucket that an operator, or an earlier version, made without. The service does not
// do so itself: it should not have the permission.
func (b *bucket) warn(ctx context.Context) {
	b.logger.LogAttrs(ctx, slog.LevelWarn, "the bucket of the registry has no bounds, so that strangers can fill it",
		slog.String("bucket", b.name), slog.String("remedy", fmt.Sprintf(
			"nats stream edit %s --discard=old --max-bytes=%dMiB --max-age=%v --max-msg-size=%d --max-msgs-per-subject=1",
			b.stream(), maxBytes>>20, maxAge, maxValue)))
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
