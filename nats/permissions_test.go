package nats

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/nats/embedded"
)

// guided starts a server with the configuration in the guide, and with more users in the account of its services.
func guided(t *testing.T, more ...*server.User) *embedded.Server {
	t.Helper()
	guide, err := os.ReadFile("../docs/guide/nats.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(guide), "```\naccounts:")
	text, _, _ = strings.Cut(text, "```")
	t.Setenv("OPERATOR_PASSWORD", "the_operators_password")
	t.Setenv("BILLING_PASSWORD", "the_password_of_billing")
	var parsed server.Options
	if err := parsed.ProcessConfigString("accounts:" + text); err != nil {
		t.Fatalf("the configuration in the guide = %v", err)
	}
	for _, user := range more {
		user.Account = parsed.Accounts[0]
		parsed.Users = append(parsed.Users, user)
	}
	return startServer(t, embedded.Config{Addr: "127.0.0.1:0", Adjust: func(o *server.Options) {
		o.Accounts, o.Users = parsed.Accounts, parsed.Users
	}})
}

// TestPermissions holds that the configuration in the guide is one, that a service has all it needs by it, and that it
// can neither register as another one nor take its calls or the replies to others.
func TestPermissions(t *testing.T) {
	engine := guided(t)
	operator := dial(t, engine.URL(), nats.UserInfo("operator", "the_operators_password"))
	if err := newRegistry(t, operator, RegistryConfig{}).store.ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	catalog, _ := newService("catalog")
	jacinth.Public(catalog, "price", func(context.Context, jacinth.None) (int, error) { return 350, nil })
	serve(t, operator, catalog)

	denied := make(chan error, 10)
	conn := dial(t, engine.URL(), nats.UserInfo("billing", "the_password_of_billing"), nats.CustomInboxPrefix("_INBOX.billing"),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { denied <- err }))
	registry := newRegistry(t, conn, RegistryConfig{})
	lease := register(t, registry, instance("billing", "1"))
	all := follow(t, registry, "*")
	await(t, all, "billing/1")
	if err := lease.Close(t.Context()); err != nil {
		t.Error(err)
	}
	await(t, all)
	billing, _ := newService("billing")
	jacinth.Public(billing, "charge", func(ctx context.Context, _ jacinth.None) (cents int, err error) {
		err = newClient(conn, "catalog").Call(ctx, "price", nil, &cents)
		return cents, err
	})
	serve(t, conn, billing)
	var cents int
	if err := newClient(operator, "billing").Call(t.Context(), "charge", nil, &cents); err != nil || cents != 350 {
		t.Errorf("charge = %d, %v", cents, err)
	}
	if len(denied) > 0 {
		t.Errorf("NATS denied a service what it needs: %v", <-denied)
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := registry.Register(ctx, instance("catalog", "1")); err == nil {
		t.Error("billing can register as catalog")
	}
	if err := <-denied; !errors.Is(err, nats.ErrPermissionViolation) {
		t.Errorf("registering as catalog = %v, want %v", err, nats.ErrPermissionViolation)
	}
	another, _ := newService("catalog")
	if err := (&Server{Conn: conn, Service: another}).Run(t.Context()); !errors.Is(err, nats.ErrPermissionViolation) {
		t.Errorf("answering for catalog = %v, want %v", err, nats.ErrPermissionViolation)
	}
	client := &jacinth.Client{URL: "http://orders/", Transport: &Transport{Conn: conn}, Timeout: time.Second}
	if err := client.Call(t.Context(), "m", nil, nil); err == nil {
		t.Error("billing can call orders")
	}
	for _, subject := range []string{"_INBOX.>", "jacinth.>", "jacinth.billing", "$KV.>"} {
		if _, err := conn.SubscribeSync(subject); err != nil {
			t.Fatal(err)
		}
		awaitDenial(denied, "Subscription to "+strconv.Quote(subject))
	}
	for _, subject := range []string{
		"_INBOX.orders.1", "$JS.API.STREAM.PURGE.KV_jacinth", "$JS.API.STREAM.UPDATE.KV_jacinth", "$KV.jacinth.catalog.1",
	} {
		if err := conn.Publish(subject, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		awaitDenial(denied, "Publish to "+strconv.Quote(subject))
	}
}

// awaitDenial waits until NATS has denied that.
func awaitDenial(denied <-chan error, what string) {
	for err := range denied {
		if errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(err.Error(), what) {
			return
		}
	}
}
