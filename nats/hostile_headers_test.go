package nats

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/nats/embedded"
)

// bomb is a call whose headers fill the largest message that NATS carries.
func bomb(subject, body string) *nats.Msg {
	const line = 4 + len(": \r\n")
	header := nats.Header{}
	for i := range ((1 << 20) - len(body) - 100) / line {
		key := strconv.FormatInt(int64(i), 36)
		header[strings.Repeat("0", 4-len(key))+key] = []string{""}
	}
	return &nats.Msg{Subject: subject, Header: header, Data: []byte(body)}
}

// held is how many bytes the heap holds beyond before.
func held(before uint64) uint64 {
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return now.HeapAlloc - min(before, now.HeapAlloc)
}

// soon returns a context that ends long after everything should have come that a test waits for, so that a test whose
// defence is gone fails with a sentence.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// TestHostile_headerBombs holds that messages which are nothing but headers are refused before a call is run or a header
// is copied, and that nothing of them is kept.
func TestHostile_headerBombs(t *testing.T) {
	engine := startServer(t, embedded.Config{})
	svc, _ := newService("billing")
	release := make(chan struct{})
	jacinth.Public(svc, "wait", func(context.Context, jacinth.None) (int, error) { <-release; return 1, nil })
	serve(t, connect(t, engine), svc)
	client := connect(t, engine)
	bombs := 20
	if long() {
		bombs = 60
	}
	message := bomb("jacinth.billing", `{"jsonrpc":"2.0","method":"wait","id":1}`)
	message.Reply = client.NewInbox()
	replies := make(chan *nats.Msg, bombs)
	if _, err := client.ChanSubscribe(message.Reply, replies); err != nil {
		t.Fatal(err)
	}
	before := held(0)
	for range bombs {
		if err := client.PublishMsg(message); err != nil {
			t.Fatal(err)
		}
	}
	defer close(release)
	late := soon(t).Done()
	for i := range bombs {
		var reply *nats.Msg
		select {
		case reply = <-replies:
		case <-late:
			t.Fatalf("%d of %d header bombs are answered", i, bombs)
		}
		if got := reply.Header.Get(statusHeader); got != "431" || !strings.Contains(string(reply.Data), "the headers are too large") {
			t.Fatalf("a header bomb is answered with status %q and %s, want 431", got, reply.Data)
		}
	}
	if got := held(before); got > 16<<20 {
		t.Errorf("%d refused header bombs hold %d MiB", bombs, got>>20)
	}
}

// pad returns headers that take about that many bytes.
func pad(size int) nats.Header { return nats.Header{"X": {strings.Repeat("x", size)}} }

// many returns that many headers, a few of them with the same name.
func many(number int) nats.Header {
	header := nats.Header{}
	for i := range number {
		key := "X" + strconv.Itoa(i%50)
		header[key] = append(header[key], "")
	}
	return header
}

// TestHostile_headerLimits holds that the limit of the service for headers is that of its server on NATS, in bytes, and
// that there is one for their number; a client gets the status of HTTP.
func TestHostile_headerLimits(t *testing.T) {
	engine := startServer(t, embedded.Config{})
	client := connect(t, engine)
	for name, limit := range map[string]int{"normal": 0, "small": 100, "open": jacinth.Unlimited} {
		svc := jacinth.New(jacinth.Config{Name: name, Logger: quietLogger, Limits: jacinth.Limits{Headers: limit}})
		jacinth.Public(svc, "m", func(context.Context, jacinth.None) (int, error) { return 1, nil })
		serve(t, connect(t, engine), svc)
	}
	for _, test := range []struct {
		service string
		header  nats.Header
		want    string // status, none for 200
	}{
		{"normal", nil, ""},
		{"normal", pad(16_000), ""},
		{"normal", pad(16 << 10), "431"},
		{"normal", many(100), ""},
		{"normal", many(101), "431"},
		{"small", pad(50), ""},
		{"small", pad(100), "431"},
		{"open", pad(500_000), ""},
		{"open", many(101), "431"},
	} {
		message := &nats.Msg{
			Subject: "jacinth." + test.service, Header: test.header, Data: []byte(`{"jsonrpc":"2.0","method":"m","id":1}`),
		}
		reply, err := client.RequestMsgWithContext(soon(t), message)
		if err != nil {
			t.Fatal(err)
		}
		if got := reply.Header.Get(statusHeader); got != test.want || (got == "") != strings.Contains(string(reply.Data), `"result":1`) {
			t.Errorf("%s with %d headers in %d bytes is answered with %q and %s, want status %q",
				test.service, fields(test.header), message.Size(), got, reply.Data, test.want)
		}
	}
	own := newClient(client, "small")
	own.Header = http.Header{"X": {strings.Repeat("x", 200)}}
	var refusal *jacinth.Error
	if err := own.Call(soon(t), "m", nil, nil); !errors.As(err, &refusal) || refusal.Code != jacinth.InvalidRequest {
		t.Errorf("a client whose headers are too large = %v, want %v", err, jacinth.InvalidRequest)
	}
}

// TestHostile_headersInFlight holds that headers count for the bytes in flight.
func TestHostile_headersInFlight(t *testing.T) {
	engine := startServer(t, embedded.Config{})
	svc := jacinth.New(jacinth.Config{Name: "billing", Logger: quietLogger, Limits: jacinth.Limits{Body: 1000, BodyInFlight: 20_000}})
	inside, release := make(chan struct{}, 10), make(chan struct{})
	jacinth.Public(svc, "wait", func(context.Context, jacinth.None) (int, error) { inside <- struct{}{}; <-release; return 1, nil })
	serve(t, connect(t, engine), svc)
	client := connect(t, engine)
	defer close(release)
	message := &nats.Msg{
		Subject: "jacinth.billing", Header: pad(15_000), Data: []byte(`{"jsonrpc":"2.0","method":"wait"}`),
	}
	if err := client.PublishMsg(message); err != nil {
		t.Fatal(err)
	}
	select {
	case <-inside:
	case <-soon(t).Done():
		t.Fatal("a call with headers for which there is room is not run")
	}
	reply, err := client.RequestMsgWithContext(soon(t), message)
	if err != nil || reply.Header.Get(statusHeader) != "503" {
		t.Errorf("headers for which there is no room are answered with %+v, %v, want 503", reply, err)
	}
}

// TestHostile_unreadableHeaders holds that a message whose headers are none is refused: its token and its deadline are
// lost.
func TestHostile_unreadableHeaders(t *testing.T) {
	engine := startServer(t, embedded.Config{Addr: "127.0.0.1:0"})
	svc, _ := newService("billing")
	ran := false
	jacinth.Public(svc, "m", func(context.Context, jacinth.None) (int, error) { ran = true; return 1, nil })
	conn := connect(t, engine, nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	stop := serve(t, conn, svc)
	raw, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(engine.URL(), "nats://"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	_ = raw.SetDeadline(time.Now().Add(10 * time.Second))
	const header, body = "NATS/1.0\r\nno colon\r\n\r\n", `{"jsonrpc":"2.0","method":"m","id":1}`
	fmt.Fprintf(raw, "CONNECT {\"headers\":true,\"verbose\":false}\r\nSUB _INBOX.raw 1\r\nHPUB jacinth.billing _INBOX.raw %d %d\r\n%s%s\r\n",
		len(header), len(header)+len(body), header, body)
	lines := bufio.NewScanner(raw)
	for lines.Scan() {
		if strings.Contains(lines.Text(), `"jsonrpc"`) {
			if !strings.Contains(lines.Text(), "the headers cannot be read") {
				t.Errorf("a message with broken headers is answered with %s", lines.Text())
			}
			break
		}
	}
	if err := lines.Err(); err != nil {
		t.Errorf("a message with broken headers is not answered: %v", err)
	}
	stop()
	if ran {
		t.Error("a message with broken headers was run")
	}
}

// TestHostile_emptyMessages holds that messages which have no bytes to count are counted by their number while they wait.
func TestHostile_emptyMessages(t *testing.T) {
	engine := startServer(t, embedded.Config{})
	svc, log := newService("billing")
	conn := connect(t, engine, nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	server := &Server{Conn: conn, Service: svc}
	server.bytes.mu.Lock() // which the goroutine that takes messages waits for
	stop := run(t, server)
	defer stop()
	defer server.bytes.mu.Unlock()
	client := connect(t, engine)
	for range maxWaiting + 1000 {
		if err := client.Publish("jacinth.billing", nil); err != nil {
			t.Fatal(err)
		}
	}
	awaitLine(t, log, "some were lost")
}

// TestHostile_responder holds that whoever answers in the place of a service cannot fill its caller with headers, nor
// make up a status.
func TestHostile_responder(t *testing.T) {
	engine := startServer(t, embedded.Config{})
	conn := connect(t, engine)
	heavy := bomb("", `{"jsonrpc":"2.0","result":1,"id":1}`)
	var answer atomic.Pointer[nats.Msg]
	if _, err := conn.Subscribe("jacinth.billing", func(m *nats.Msg) {
		var call struct {
			ID json.RawMessage `json:"id"`
		}
		_ = json.Unmarshal(m.Data, &call)
		reply := *answer.Load()
		reply.Subject, reply.Data = m.Reply, fmt.Appendf(nil, `{"jsonrpc":"2.0","result":1,"id":%s}`, call.ID)
		_ = conn.PublishMsg(&reply)
	}); err != nil {
		t.Fatal(err)
	}
	caller := connect(t, engine)
	transport := &Transport{Conn: caller}
	body := `{"jsonrpc":"2.0","method":"m","id":1}`
	ask := func() *http.Response {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://billing/", strings.NewReader(body))
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response
	}
	for status, want := range map[string]int{
		"": 200, "413": 413, "431": 431, "400": 400, "503": 503, "302": 200, "101": 200, "999999": 200, "-1": 200,
	} {
		answer.Store(&nats.Msg{Header: nats.Header{statusHeader: {status}, "Location": {"http://evil/"}, "Set-Cookie": {"a=b"}}})
		response := ask() //nolint:bodyclose // ask does
		if response.StatusCode != want || response.Header.Get("Location") != "" {
			t.Errorf("a reply with status %q is a response with %d and %v, want %d", status, response.StatusCode, response.Header, want)
		}
	}
	answer.Store(heavy)
	before := held(0)
	responses := []*http.Response{}
	for range 5 {
		responses = append(responses, ask()) //nolint:bodyclose // ask does
	}
	if got := held(before); got > 30<<20 { // a message for each: its body is a piece of it
		t.Errorf("%d replies with %d headers hold %d MiB", len(responses), len(heavy.Header), got>>20)
	}
	runtime.KeepAlive(responses)
}

// TestTransport_notSent holds that what NATS does not take is known not to have run.
func TestTransport_notSent(t *testing.T) {
	engine := startServer(t, embedded.Config{})
	conn := connect(t, engine)
	odd := connect(t, engine, nats.CustomInboxPrefix("a b"))
	for name, client := range map[string]*jacinth.Client{
		"a header":  {URL: "http://billing/", Transport: &Transport{Conn: conn}, Header: http.Header{"X y": {"z"}}},
		"a service": {URL: "http://*/", Transport: &Transport{Conn: conn}},
		"an inbox":  {URL: "http://billing/", Transport: &Transport{Conn: odd}},
	} {
		client.NoRetry = true
		if err := client.Call(soon(t), "m", nil, nil); !errors.Is(err, jacinth.ErrNotSent) {
			t.Errorf("a call with %s that cannot be = %v, want %v", name, err, jacinth.ErrNotSent)
		}
	}
}
