package nats

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jacinth-rpc/jacinth"
)

const chargeCall = `{"jsonrpc":"2.0","method":"charge","id":1}`

// victim registers billing/b1 and serves it, and returns the registry, the number of charges and the log.
func victim(t *testing.T, conn *nats.Conn) (*Registry, *atomic.Int64, *journal) {
	t.Helper()
	registry := newRegistry(t, conn, RegistryConfig{})
	register(t, registry, instance("billing", "b1"))
	svc, log := newService("billing")
	charges := new(atomic.Int64)
	jacinth.Public(svc, "charge", func(context.Context, jacinth.None) (int64, error) { return charges.Add(1), nil })
	serve(t, conn, svc)
	return registry, charges, log
}

// attack sends calls that want their answers at those subjects, and returns when the service has dealt with them.
func attack(t *testing.T, conn *nats.Conn, subjects []string) {
	t.Helper()
	for _, subject := range subjects {
		message := &nats.Msg{Subject: "jacinth.billing", Reply: subject, Data: []byte(chargeCall)}
		if err := conn.PublishMsg(message); err != nil {
			t.Fatal(err)
		}
	}
	if err := newClient(conn, "billing").Call(soon(t), "charge", nil, nil); err != nil {
		t.Errorf("a good call after the attack = %v", err)
	}
}

// awaitLine waits until the log has a text.
func awaitLine(t *testing.T, log *journal, text string) {
	t.Helper()
	for late := time.Now().Add(10 * time.Second); !strings.Contains(log.String(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("the log does not say %q", text)
		}
	}
}

// TestHostile_replyIntoARecord holds that somebody who may do no more than call billing cannot have it write its answer
// over its own record, nor records beside it. Everybody has the permissions of the guide.
func TestHostile_replyIntoARecord(t *testing.T) {
	engine := guided(t, &server.User{Username: "stranger", Password: "the_strangers_password", Permissions: &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{"jacinth.billing"}},
		Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.stranger.>"}},
	}})
	operator := dial(t, engine.URL(), nats.UserInfo("operator", "the_operators_password"))
	if err := newRegistry(t, operator, RegistryConfig{}).store.ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn := dial(t, engine.URL(), nats.UserInfo("billing", "the_password_of_billing"), nats.CustomInboxPrefix("_INBOX.billing"))
	registry, charges, log := victim(t, conn)
	stranger := dial(t, engine.URL(), nats.UserInfo("stranger", "the_strangers_password"), nats.CustomInboxPrefix("_INBOX.stranger"))
	subjects := []string{"$KV.jacinth.billing.b1"}
	for i := range 1000 {
		subjects = append(subjects, fmt.Sprint("$KV.jacinth.billing.x", i))
	}
	attack(t, stranger, subjects)
	if got := keys(t, operator); got != "billing.b1" {
		t.Errorf("after the attack the bucket has %s, want billing.b1", got)
	}
	if got := charges.Load(); got != 1 {
		t.Errorf("%d calls were run, want the good one", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second) // before the record is renewed
	defer cancel()
	for set, err := range registry.Watch(ctx, "billing") {
		if err != nil || len(set) != 1 {
			t.Errorf("a new caller sees %v, %v, want billing/b1", idsOf(set), err)
		}
		break
	}
	awaitLine(t, log, "are no inboxes")
	if text := log.String(); strings.Count(text, "are no inboxes") > 2 || !strings.Contains(text, `"dropped":`) {
		t.Errorf("1,001 dropped calls are said in %d lines, want a few with the number:\n%.2000s", strings.Count(text, "are no inboxes"), text)
	}
}

// TestHostile_replyIntoTheAPI holds that a caller cannot have the service empty the registry, on a server of NATS that
// lets everybody do everything.
func TestHostile_replyIntoTheAPI(t *testing.T) {
	engine := guided(t)
	operator := nats.UserInfo("operator", "the_operators_password") // who has no limits
	registry, charges, _ := victim(t, dial(t, engine.URL(), operator))
	stranger := dial(t, engine.URL(), operator)
	attack(t, stranger, []string{"$JS.API.STREAM.PURGE.KV_jacinth", "$JS.API.STREAM.DELETE.KV_jacinth"})
	if got := keys(t, stranger); got != "billing.b1" {
		t.Errorf("after the attack the bucket has %s, want billing.b1", got)
	}
	if got := charges.Load(); got != 1 {
		t.Errorf("%d calls were run, want the good one", got)
	}
	await(t, follow(t, registry, "billing"), "billing/b1")
}

func TestInboxes(t *testing.T) {
	all, err := newInboxes([]string{"_INBOX", "replies.", "_R_"}, "jacinth.billing")
	if err != nil {
		t.Fatal(err)
	}
	for subject, want := range map[string]bool{
		nats.NewInbox(): true, nats.NewInbox() + ".Xy12ab": true, "_INBOX.billing.a.b": true, "replies.1": true, "_R_.abc.123": true,
		"_GR_.abcdef.012345.$KV.jacinth.billing.b1": false,
		"$KV.jacinth.billing.b1":                    false, "$JS.API.STREAM.PURGE.KV_jacinth": false, "jacinth.billing": false, "jacinth.catalog": false,
		"_INBOX": false, "_INBOX.": false, "_INBOX..a": false, "_INBOX.a.": false, "_INBOXES.a": false, "_inbox.a": false, "replies": false,
		"_INBOX.*": false, "_INBOX.>": false, "_INBOX.a*": false, "_INBOX.a b": false, "_INBOX.a\tb": false, "_INBOX.a\r\nPUB": false,
		"_INBOX.\x7f": false, "_INBOX.ü": false, "_INBOX.\u00a0": false, "": false, ".": false,
		"_INBOX." + strings.Repeat("x", 249): true, "_INBOX." + strings.Repeat("x", 250): false,
		"_INBOX" + strings.Repeat(".x", 15): true, "_INBOX" + strings.Repeat(".x", 16): false,
	} {
		if got := all.admit(subject); got != want {
			t.Errorf("admit(%q) = %t, want %t", subject, got, want)
		}
	}
	for _, prefix := range []string{
		"", ".", "$KV", "$JS", "$JS.API", "$SYS", "$KV.jacinth.", "jacinth", "jacinth.billing", "jacinth.replies",
		"a.>", "*", ">", "a b", "a..b", ".a", "a\n", strings.Repeat("x", 200),
	} {
		if _, err := newInboxes([]string{"_INBOX", prefix}, "jacinth.billing"); err == nil {
			t.Errorf("newInboxes(%q) = nil, want an error", prefix)
		}
	}
}

// TestHostile_callByConsumer holds that a service cannot call another one, which its permissions do not let it call, by
// having JetStream deliver a record that is a call.
func TestHostile_callByConsumer(t *testing.T) {
	engine := guided(t)
	operator := dial(t, engine.URL(), nats.UserInfo("operator", "the_operators_password"))
	if err := newRegistry(t, operator, RegistryConfig{}).store.ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	orders, log := newService("orders")
	var ran atomic.Int64
	jacinth.Public(orders, "charge", func(context.Context, jacinth.None) (int64, error) { return ran.Add(1), nil })
	stop := serve(t, operator, orders)
	conn := dial(t, engine.URL(), nats.UserInfo("billing", "the_password_of_billing"), nats.CustomInboxPrefix("_INBOX.billing"))
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "$KV.jacinth.billing.1", []byte(chargeCall)); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreatePushConsumer(t.Context(), "KV_jacinth", jetstream.ConsumerConfig{
		DeliverSubject: "jacinth.orders", DeliverGroup: queueGroup, AckPolicy: jetstream.AckNonePolicy,
	}); err != nil {
		t.Fatal(err)
	}
	awaitLine(t, log, "are no inboxes")
	stop()
	if ran.Load() != 0 {
		t.Error("billing called orders by way of a consumer")
	}
}
