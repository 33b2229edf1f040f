package nats

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/leaktest"
	"github.com/jacinth-rpc/jacinth/nats/embedded"
)

var quietLogger = slog.New(slog.DiscardHandler)

func TestMain(m *testing.M) { os.Exit(leaktest.Main(m)) }

// startServer runs a server for one test.
func startServer(tb testing.TB, config embedded.Config) *embedded.Server {
	tb.Helper()
	config.Logger = quietLogger
	server, err := embedded.Start(config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(server.Close)
	return server
}

// connect connects to a server for one test, quick to come back when the connection is lost.
func connect(tb testing.TB, server *embedded.Server, options ...nats.Option) *nats.Conn {
	tb.Helper()
	options = append([]nats.Option{nats.MaxReconnects(-1), nats.ReconnectWait(20 * time.Millisecond)}, options...)
	conn, err := server.Connect(options...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(conn.Close)
	return conn
}

func newRegistry(tb testing.TB, conn *nats.Conn, config RegistryConfig) *Registry {
	tb.Helper()
	if config.Logger == nil {
		config.Logger = quietLogger
	}
	registry, err := NewRegistry(conn, config)
	if err != nil {
		tb.Fatal(err)
	}
	return registry
}

func instance(service, id string) jacinth.Instance {
	return jacinth.Instance{
		ID: id, Service: service, URL: "http://127.0.0.1:8000/api", Version: "1.2.3",
		Since: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC),
	}
}

// dial connects through a socket.
func dial(tb testing.TB, url string, options ...nats.Option) *nats.Conn {
	tb.Helper()
	options = append([]nats.Option{nats.MaxReconnects(-1), nats.ReconnectWait(20 * time.Millisecond)}, options...)
	conn, err := nats.Connect(url, options...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(conn.Close)
	return conn
}
