package tokens_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

// A service whose private methods are for those who have a token.
func Example() {
	ctx := context.Background()
	store, err := tokens.NewMemory() // or OpenFile, or NewSQL
	if err != nil {
		panic(err)
	}
	svc := jacinth.New(jacinth.Config{Name: "billing", Authorize: tokens.New(store).Authorize, Logger: silent})
	jacinth.Private(svc, "invoice.send", func(ctx context.Context, _ jacinth.None) (string, error) {
		return "sent for " + jacinth.CallerFrom(ctx).Name, nil
	})

	secret, _, err := tokens.Issue(ctx, store, tokens.Draft{Name: "crm", Scopes: tokens.Scopes{"invoice.*"}})
	if err != nil {
		panic(err)
	}
	body := []byte(`{"jsonrpc":"2.0","id":1,"method":"invoice.send"}`)
	fmt.Printf("%s\n", svc.Dispatch(ctx, jacinth.Peer{Token: jacinth.Token(secret.Reveal())}, body, nil))
	fmt.Printf("%s\n", svc.Dispatch(ctx, jacinth.Peer{}, body, nil))
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":"sent for crm"}
	// {"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"Access denied"}}
}

func ExampleIssue() {
	directory, err := os.MkdirTemp("", "tokens")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(directory) }()
	store, err := tokens.CreateFile(filepath.Join(directory, "tokens.json"))
	if err != nil {
		panic(err)
	}
	secret, record, err := tokens.Issue(context.Background(), store, tokens.Draft{
		Name:     "nightly report",
		Owner:    "data@example.com",
		Scopes:   tokens.Scopes{"invoice.list", "report.*"},
		Lifetime: 30 * 24 * time.Hour,
		Networks: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")},
		Limits:   tokens.Limits{PerSecond: 10, Burst: 100},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(secret, "begins with its id:", strings.HasPrefix(secret.Reveal(), record.ID))
	fmt.Println(record.Expires.Sub(record.Created))
	// Output:
	// *** begins with its id: true
	// 720h0m0s
}

func ExampleRotate() {
	ctx := context.Background()
	store, err := tokens.NewMemory()
	if err != nil {
		panic(err)
	}
	first, record, err := tokens.Issue(ctx, store, tokens.Draft{Name: "crm"})
	if err != nil {
		panic(err)
	}
	second, _, err := tokens.Rotate(ctx, store, record.ID, tokens.DefaultOverlap)
	if err != nil {
		panic(err)
	}
	for _, secret := range []tokens.Secret{first, second} { // for a day, both work
		_, err := tokens.Verify(ctx, store, secret.Reveal())
		fmt.Println(err)
	}
	if _, err := tokens.Revoke(ctx, store, record.ID); err != nil {
		panic(err)
	}
	_, err = tokens.Verify(ctx, store, first.Reveal())
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
	// the token is revoked
}

// Records that another system keeps.
func ExampleFunc() {
	accounts := map[string]tokens.Record{}
	store := tokens.Func(func(_ context.Context, id string) (tokens.Record, error) {
		record, ok := accounts[id]
		if !ok {
			return tokens.Record{}, tokens.ErrNotFound
		}
		return record, nil
	})
	_, err := tokens.Verify(context.Background(), store, "hunter2")
	fmt.Println(err, errors.Is(err, tokens.ErrMalformed))
	// Output: this is not a token true
}

// Decisions in a log of their own, and limits for the tokens that have none.
func ExampleAudit() {
	store, err := tokens.OpenFile("/etc/billing/tokens.json")
	if err != nil {
		fmt.Println("a service without its tokens does not start")
		return
	}
	audit := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	authorizer := tokens.New(store,
		tokens.Audit(audit),
		tokens.DefaultLimits(tokens.Limits{PerSecond: 50, InFlight: 32}))
	jacinth.Main(jacinth.New(jacinth.Config{Name: "billing", Authorize: authorizer.Authorize}))
	// Output: a service without its tokens does not start
}

// The driver is the program's to choose: import it for its side effects, as database/sql wants it.
func ExampleNewSQL() {
	open := func(ctx context.Context, db *sql.DB) (*tokens.SQL, error) {
		store := tokens.NewSQL(db)
		return store, store.CreateTable(ctx)
	}
	_ = open
}

func ExamplePattern() {
	scanner := regexp.MustCompile(tokens.Pattern("jcn_"))
	fmt.Println(scanner.MatchString("token=jcn_7Qx2LmZ0_Vb3kT9xWq0aYc5RdJ8sLm2NfHg6PeUzE028M2T"))
	// Output: true
}

func ExampleScopes_Allow() {
	scopes := tokens.Scopes{"invoice.*", "report.daily"}
	fmt.Println(scopes.Allow("invoice.send"), scopes.Allow("report.daily"), scopes.Allow("report.weekly"), scopes.Allow("invoice"))
	// Output: true true false false
}
