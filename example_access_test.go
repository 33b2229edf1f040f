package jacinth_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jacinth-rpc/jacinth"
)

// A service that knows others by their certificates, and is known to them by its own.
func ExampleMutualTLS() {
	config, err := jacinth.MutualTLS("/etc/billing/tls.crt", "/etc/billing/tls.key", "/etc/billing/ca.crt")
	if err != nil {
		panic(err)
	}
	svc := jacinth.New(jacinth.Config{
		Name:      "billing",
		TLS:       config,
		Authorize: jacinth.ClientCertificates("crm.internal", "spiffe://example.com/reports"),
	})
	transport := jacinth.NewTransport()
	transport.TLSClientConfig = config
	ledger := &jacinth.Client{URL: "https://ledger.internal:8000/api", Transport: transport}

	jacinth.Private(svc, "invoice.send", func(ctx context.Context, _ jacinth.None) (string, error) {
		if err := ledger.Call(ctx, "entry.add", nil, nil); err != nil {
			return "", err
		}
		return "sent for " + jacinth.CallerFrom(ctx).Name, nil
	})
	jacinth.Main(svc)
}

// A caller has to show a certificate and a token.
func ExampleClientCertificates() {
	certificate := jacinth.ClientCertificates("crm.internal")
	token := jacinth.Tokens("a-token-from-the-environment")
	both := func(ctx context.Context, req *jacinth.Request) error {
		if err := certificate(ctx, req); err != nil {
			return err
		}
		return token(ctx, req) // which names the caller
	}
	config := jacinth.Config{Name: "billing", Authorize: both}
	_ = config
}

// A service with one secret, which its callers know too.
func ExampleTokens() {
	svc := jacinth.New(jacinth.Config{
		Name:      "hello",
		Authorize: jacinth.Tokens(os.Getenv("HELLO_TOKEN")), // an empty one ends the program here
	})
	jacinth.Private(svc, "say_private_hello", func(ctx context.Context, _ jacinth.None) (string, error) {
		return "Hello " + jacinth.CallerFrom(ctx).Name, nil
	})
	jacinth.Main(svc)
}

// Authorize is a function, and any other will do.
func ExampleConfig_authorize() {
	sessions := map[string]string{"a-session-of-ada": "Ada"}
	config := quiet("notes")
	config.Authorize = func(_ context.Context, req *jacinth.Request) error {
		name, ok := sessions[string(req.Token)]
		if !ok {
			return errors.New("unknown session") // for the log: the caller reads "Access denied"
		}
		req.Caller.Name = name
		return nil
	}
	svc := jacinth.New(config)
	jacinth.Private(svc, "list", func(ctx context.Context, _ jacinth.None) (string, error) {
		return "the notes of " + jacinth.CallerFrom(ctx).Name, nil
	})
	body := []byte(`{"jsonrpc":"2.0","id":1,"method":"list"}`)
	fmt.Printf("%s\n", svc.Dispatch(context.Background(), jacinth.Peer{Token: "a-session-of-ada"}, body, nil))
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":"the notes of Ada"}
}
