package nats

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/nats/embedded"
)

// TestHostile_blockedLog holds that calls are answered while the line of a refused one cannot be written.
func TestHostile_blockedLog(t *testing.T) {
	engine := startServer(t, embedded.Config{})
	log := &journal{}
	handler := blocking{slog.NewJSONHandler(log, nil), make(chan struct{}, 1), make(chan struct{})}
	svc := jacinth.New(jacinth.Config{Name: "billing", Logger: slog.New(handler), Limits: jacinth.Limits{Body: 100}})
	stop := serve(t, connect(t, engine), svc)
	client := connect(t, engine)
	large := &nats.Msg{Subject: "jacinth.billing", Data: make([]byte, 200)}
	if err := client.PublishMsg(large); err != nil {
		t.Fatal(err)
	}
	<-handler.began
	defer stop()
	defer close(handler.release)
	for range 10 {
		reply, err := client.RequestMsgWithContext(soon(t), large)
		if err != nil || reply.Header.Get(statusHeader) != "413" {
			t.Fatalf("a call that is too large, while the log is blocked, is answered with %+v, %v, want 413", reply, err)
		}
	}
	small := &nats.Msg{Subject: "jacinth.billing", Data: []byte(`{"jsonrpc":"2.0","method":"m","id":1}`)}
	if reply, err := client.RequestMsgWithContext(soon(t), small); err != nil || !strings.Contains(string(reply.Data), "-32601") {
		t.Errorf("a call while the log is blocked is answered with %+v, %v, want -32601", reply, err)
	}
}

// TestLines holds that a blocked log holds up nobody, that what waits for it is bounded, that what is lost is said, and
// that whoever ends waits for a second.
func TestLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &journal{}
		handler := blocking{slog.NewTextHandler(log, nil), make(chan struct{}, 1), make(chan struct{})}
		lines := &lines{logger: func() *slog.Logger { return slog.New(handler) }}
		lines.add(slog.LevelInfo, "request", slog.Int("status", 413))
		<-handler.began
		for i := range mostLines + 7 {
			lines.add(slog.LevelInfo, fmt.Sprint("line ", i, "."))
		}
		lines.add(slog.LevelDebug, "for nobody")
		began := time.Now()
		lines.settle()
		if waited := time.Since(began); waited != logWait {
			t.Errorf("settle waits %v for a blocked log, want %v", waited, logWait)
		}
		close(handler.release)
		lines.settle()
		text := log.String()
		if n := strings.Count(text, "\n"); n != mostLines+2 || !strings.Contains(text, "lost=8\n") {
			t.Errorf("%d lines are written, want %d, and one that 8 were lost:\n%.300s", n, mostLines+1, text)
		}
		if first, last := strings.Index(text, "line 0."), strings.Index(text, fmt.Sprint("line ", mostLines-1, ".")); first < 0 || last < first {
			t.Error("the lines are not in their order")
		}
		lines.add(slog.LevelDebug, "for nobody")
		lines.add(slog.LevelInfo, "again")
		lines.settle()
		if text := log.String(); !strings.HasSuffix(text, "again\n") || strings.Contains(text, "for nobody") {
			t.Errorf("after the log was blocked, its end is %q", text[max(0, len(text)-200):])
		}
	})
}
