package jacinth_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// largest is a text whose reply is as large as replies may be.
var largest = strings.Repeat("x", 8<<20-64)

// lineCount is a log that counts the requests that have been answered, which it hears of before their callers do.
type lineCount struct {
	slog.Handler
	lines atomic.Int64
}

func (c *lineCount) Enabled(context.Context, slog.Level) bool { return true }

func (c *lineCount) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "request" {
		c.lines.Add(1)
	}
	return nil
}

// eventually waits for work of others that nothing tells the end of.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after a minute still not: %s", what)
		}
	}
}

// reached is a service with a method "largest" and one "sum" at a port of loopback.
type reached struct {
	*jacinth.Service
	address string
	log     *lineCount
	runs    atomic.Int64
}

func newReached(t *testing.T, config jacinth.Config) *reached {
	t.Helper()
	s := &reached{log: &lineCount{Handler: slog.DiscardHandler}}
	config.Name, config.Logger = "served", slog.New(s.log)
	s.Service = jacinth.New(config)
	jacinth.Public(s.Service, "largest", func(context.Context, jacinth.None) (string, error) {
		s.runs.Add(1)
		return largest, nil
	})
	jacinth.Public(s.Service, "sum", sum)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
	})
	return s
}

func (s *reached) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// heapInUse is how many bytes of memory are in use.
func heapInUse() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapInuse)
}

// TestHostile_repliesNobodyReads_overHTTP2 holds that one connection that takes no bytes of its streams cannot have the
// service keep more than its limit: 100 replies of 8 MiB were 808 MiB.
func TestHostile_repliesNobodyReads_overHTTP2(t *testing.T) {
	const limit = 128 << 20
	s := newReached(t, jacinth.Config{TLS: testTLS(t)})
	before := heapInUse()
	attack := newStreams(t, s.dial(t), 0)
	go attack.hear()
	const calls = 100
	for range calls {
		attack.request(http.MethodPost, "/api", call("largest"))
	}
	eventually(t, "every call has run or was refused", func() bool { return s.log.lines.Load() == calls })
	eventually(t, "replies wait", func() bool { return jacinth.RepliesSending(s.Service) > 0 })
	held, sending := jacinth.RepliesHeld(s.Service), jacinth.RepliesSending(s.Service)
	if held > limit || sending > limit>>23 {
		t.Errorf("%d replies of 8 MiB hold %d bytes, want at most %d", sending, held, limit)
	}
	t.Logf("%d of %d calls ran, %d replies wait, %d MiB counted, %d MiB of heap", s.runs.Load(), calls, sending, held>>20, (heapInUse()-before)>>20)

	_ = attack.Close()
	for range attack.heard {
	}
	eventually(t, "all room is given back", func() bool { return jacinth.RepliesHeld(s.Service) == 0 })
}

// TestHostile_repliesNobodyReads_overHTTP1 holds the same for 300 connections, and that callers are told while the bound is
// reached, before anything of theirs runs.
func TestHostile_repliesNobodyReads_overHTTP1(t *testing.T) {
	const limit = 128 << 20
	s := newReached(t, jacinth.Config{Limits: jacinth.Limits{Write: time.Hour}}) // so that none is given up meanwhile
	before := heapInUse()
	const calls = 300
	var attack []net.Conn
	for range calls {
		c := s.dial(t)
		_ = c.(*net.TCPConn).SetReadBuffer(4096)
		body := call("largest")
		_, _ = fmt.Fprintf(c, "POST /api HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		attack = append(attack, c)
	}
	eventually(t, "every call has run or was refused", func() bool { return s.log.lines.Load() == calls })
	held, ran := jacinth.RepliesHeld(s.Service), s.runs.Load()
	if held > limit {
		t.Errorf("%d bytes are held, want at most %d", held, limit)
	}
	t.Logf("%d of %d calls ran, %d replies wait, %d MiB counted, %d MiB of heap",
		ran, calls, jacinth.RepliesSending(s.Service), held>>20, (heapInUse()-before)>>20)

	got := s.post(t, call("sum"))
	checkShed(t, "a call while the bound is reached", got)
	checkShed(t, "a batch while the bound is reached", s.post(t, batchCall()))
	if s.runs.Load() != ran {
		t.Error("a call was run while the bound is reached")
	}
	for _, c := range attack {
		_ = c.Close()
	}
	eventually(t, "all room is given back", func() bool { return jacinth.RepliesHeld(s.Service) == 0 })
	if got := s.post(t, sumCall); mustReply(t, got.body).Error != nil {
		t.Errorf("a call when the others have gone is answered with %s", got.body)
	}
}

// post sends a body over a connection of its own.
func (s *reached) post(t *testing.T, body string) answered {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Post("http://"+s.address+"/api", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{status: response.StatusCode, header: response.Header, body: text}
}
