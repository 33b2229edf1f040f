package nats

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/jacinth-rpc/jacinth/nats/embedded"
)

func TestOpen(t *testing.T) {
	const secret = "secret-of-the-engine"
	engine := startServer(t, embedded.Config{Addr: "127.0.0.1:0", Adjust: func(o *server.Options) { o.Authorization = secret }})
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for variable, value := range map[string]string{tokenVariable: secret, tokenFileVariable: file} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, value)
			registry, err := Open(t.Context(), engine.URL()+", "+engine.URL()+"?bucket=other&replicas=1")
			if err != nil {
				t.Fatal(err)
			}
			own := registry.(*Registry)
			t.Cleanup(func() {
				if err := own.Close(); err != nil || !own.conn.IsClosed() {
					t.Errorf("Close = %v, and the connection is closed: %t", err, own.conn.IsClosed())
				}
			})
			register(t, registry, instance("billing", "1"))
			await(t, follow(t, registry, "billing"), "billing/1")
			if got := own.config.Bucket; got != "other" {
				t.Errorf("the bucket is %s, want other", got)
			}
		})
	}
	t.Run("out of reach", func(t *testing.T) {
		registry, err := Open(t.Context(), "nats://127.0.0.1:0") // where nobody can listen
		if err != nil {
			t.Fatalf("Open of what is out of reach = %v, want a registry", err)
		}
		defer registry.(*Registry).Close()
		for _, err := range registry.Watch(t.Context(), "billing") {
			if err == nil {
				t.Error("Watch of what is out of reach tells a set, want an error")
			}
			break
		}
		if _, err := registry.Register(t.Context(), instance("billing", "1")); err == nil {
			t.Error("Register with what is out of reach succeeds")
		}
	})
	if registry, err := Open(t.Context(), "static:billing=http://127.0.0.1:8000/api"); err != nil || registry == nil {
		t.Errorf("Open of a static list = %v, %v, want what package discovery makes of it", registry, err)
	}
	t.Setenv(tokenFileVariable, filepath.Join(t.TempDir(), "none"))
	for url, want := range map[string]string{
		"nats://user:" + secret + "@127.0.0.1:4222": "put them into the environment",
		"nats://" + secret + "@127.0.0.1:4222":      "put them into the environment",
		"nats://":                                   "nats://HOST:PORT",
		"nats://a:4222,b:4222":                      "nats://HOST:PORT",
		"nats://a:4222/path":                        "nats://HOST:PORT",
		"nats://a:4222?bucket=%zz":                  "cannot be read",
		"nats://a:4222?inbox=":                      "first tokens of a subject",
		"nats://a:4222?inbox=a%20b":                 "first tokens of a subject",
		"nats://a:4222?inbox=a%0d%0aPUB":            "first tokens of a subject",
		"nats://a:4222?inbox=a..b":                  "first tokens of a subject",
		"nats://a:4222?inbox=$JS.API":               "begin with $",
		"nats://a:4222?inbox=jacinth.billing":       "calls of services",
		"nats://a:4222?replicas=many":               "no number",
		"nats://a:4222?token=" + secret:             "token in the URL of NATS is not known",
		"nats://a:4222?ca=/no/such/file":            "cannot be",
		"nats://a:4222":                             tokenFileVariable,
		"gopher://a":                                "gopher",
	} {
		_, err := Open(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("Open(%q) = %v, want an error with %q and no secret", url, err, want)
		}
	}
}
