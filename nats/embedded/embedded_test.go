package embedded_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jacinth-rpc/jacinth/internal/leaktest"
	"github.com/jacinth-rpc/jacinth/nats/embedded"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Main(m)) }

var quiet = slog.New(slog.DiscardHandler)

// TestStart_keepsItsFiles holds that what JetStream has in a directory is there after a restart, and that a server
// without one leaves nothing behind.
func TestStart_keepsItsFiles(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	for _, dir := range []string{t.TempDir(), ""} {
		for run := range 2 {
			s, err := embedded.Start(embedded.Config{Dir: dir, Logger: quiet})
			if err != nil {
				t.Fatal(err)
			}
			conn, err := s.Connect()
			if err != nil {
				t.Fatal(err)
			}
			js, err := jetstream.New(conn)
			if err != nil {
				t.Fatal(err)
			}
			_, err = js.KeyValue(t.Context(), "kept")
			if found, want := err == nil, dir != "" && run == 1; found != want {
				t.Errorf("in run %d in directory %q the bucket is there: %t (%v), want %t", run+1, dir, found, err, want)
			}
			if _, err := js.CreateOrUpdateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "kept"}); err != nil {
				t.Fatal(err)
			}
			if s.URL() != "" {
				t.Errorf("a server that listens nowhere has the URL %s", s.URL())
			}
			conn.Close()
			s.Close()
		}
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("%d temporary files are left, %v", len(left), err)
	}
}

func TestStart_refuses(t *testing.T) {
	for want, config := range map[string]embedded.Config{
		"without asking who": {Addr: "0.0.0.0:0"},
		"not host:port":      {Addr: "127.0.0.1"},
		"no number":          {Addr: "127.0.0.1:nats"},
		"cannot be made":     {Adjust: func(o *server.Options) { o.MaxPayload, o.MaxPending = 1<<20, 1<<10 }},
		"does not start":     {Dir: os.DevNull},
	} {
		config.Logger = quiet
		s, err := embedded.Start(config)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Start(%+v) = %v, want an error with %q", config, err, want)
		}
	}
}
