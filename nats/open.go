package nats

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
)

// Where Open looks for what is secret, and so not part of a URL.
const (
	credentialsVariable = "JACINTH_NATS_CREDENTIALS"    //nolint:gosec // the name of a variable
	tokenVariable       = "JACINTH_REGISTRY_TOKEN"      //nolint:gosec // the same
	tokenFileVariable   = "JACINTH_REGISTRY_TOKEN_FILE" //nolint:gosec // the same
)

// Open returns the registry that a URL means: one on NATS, or what [discovery.Open] makes of it. It is what
// Config.OpenRegistry of a program wants that may run on NATS:
//
//	nats://127.0.0.1:4222                       tls:// too, and more of them after commas
//	nats://n1:4222,nats://n2:4222?replicas=3    with settings after the last
//
// The settings are bucket; replicas; ca, a file of authorities; and inbox, how the inboxes of the connection begin, for
// permissions that keep those of services apart: inbox=_INBOX.billing.
//
// It fails for a URL that cannot be, and not when NATS is out of reach. Secrets are not part of the URL: they are in the
// file of credentials that JACINTH_NATS_CREDENTIALS names, as NATS makes it, or a token in JACINTH_REGISTRY_TOKEN, or in
// the file that JACINTH_REGISTRY_TOKEN_FILE names. Files are read anew for each connection.
//
// What it returns for NATS is a *[Registry] with a connection of its own, which its Close closes.
func Open(ctx context.Context, registry string) (jacinth.Registry, error) {
	if !strings.HasPrefix(registry, "nats://") && !strings.HasPrefix(registry, "tls://") {
		return discovery.Open(ctx, registry)
	}
	servers, query, _ := strings.Cut(registry, "?")
	for server := range strings.SplitSeq(servers, ",") {
		if err := checkServer(strings.TrimSpace(server)); err != nil {
			return nil, err
		}
	}
	config, options, err := readQuery(query)
	if err != nil {
		return nil, err
	}
	secrets, err := secretsFromEnvironment()
	if err != nil {
		return nil, err
	}
	conn, err := Connect(servers, append(options, secrets...)...)
	if err != nil {
		return nil, fmt.Errorf("NATS at %s cannot be used: %w", servers, err)
	}
	r, err := NewRegistry(conn, config)
	if err != nil {
		conn.Close()
		return nil, err
	}
	r.owned = true
	return r, nil
}

func checkServer(server string) error {
	u, err := url.Parse(server)
	switch {
	case err != nil || u.Scheme != "nats" && u.Scheme != "tls" || u.Hostname() == "" || u.Path != "" || u.Fragment != "":
		return fmt.Errorf("a URL of NATS is nats://HOST:PORT or tls://HOST:PORT, with more of them after commas")
	case u.User != nil:
		return fmt.Errorf("the URL of NATS at %s has a user or a token in it: put them into the environment, as %s or %s",
			u.Host, credentialsVariable, tokenFileVariable)
	}
	return nil
}

func readQuery(query string) (config RegistryConfig, options []nats.Option, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return config, nil, fmt.Errorf("what is after the ? in the URL of NATS cannot be read")
	}
	for key := range values {
		switch value := values.Get(key); key {
		case "bucket":
			config.Bucket = value
		case "replicas":
			if config.Replicas, err = strconv.Atoi(value); err != nil {
				return config, nil, fmt.Errorf("replicas=%s in the URL of NATS is no number", value)
			}
		case "ca":
			options = append(options, nats.RootCAs(value))
		case "inbox":
			if err := checkInbox(value+".", defaultPrefix); err != nil {
				return config, nil, fmt.Errorf("inbox=%.*q in the URL of NATS: %w", maxInbox, value, err)
			}
			options = append(options, nats.CustomInboxPrefix(value))
		default:
			return config, nil, fmt.Errorf("%s in the URL of NATS is not known: there are bucket, replicas, ca and inbox", key)
		}
	}
	return config, options, nil
}

func secretsFromEnvironment() ([]nats.Option, error) {
	if file := os.Getenv(credentialsVariable); file != "" {
		return []nats.Option{nats.UserCredentials(file)}, nil
	}
	if token := os.Getenv(tokenVariable); token != "" {
		return []nats.Option{nats.Token(token)}, nil
	}
	file := os.Getenv(tokenFileVariable)
	if file == "" {
		return nil, nil
	}
	read := func() (string, error) {
		text, err := os.ReadFile(file) //nolint:gosec // the program's user names it
		return strings.TrimSpace(string(text)), err
	}
	if _, err := read(); err != nil {
		return nil, fmt.Errorf("the file that %s names cannot be read: %w", tokenFileVariable, err)
	}
	return []nats.Option{nats.TokenHandler(func() string {
		token, _ := read() // NATS says that it is wrong if there is none any more
		return token
	})}, nil
}
