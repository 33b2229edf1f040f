package nats

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/nats/embedded"
)

const token = "a-token-that-nobody-else-has"

// newService makes a service that logs into a buffer.
func newService(name string) (*jacinth.Service, *journal) {
	log := &journal{}
	return jacinth.New(jacinth.Config{
		Name: name, Authorize: jacinth.Tokens(token), DrainTimeout: 10 * time.Second,
		Logger: slog.New(slog.NewJSONHandler(log, nil)),
	}), log
}

type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// serve answers for a service until the test ends or stop is called, and returns when it is subscribed.
func serve(tb testing.TB, conn *nats.Conn, svc *jacinth.Service) (stop func()) {
	tb.Helper()
	return run(tb, &Server{Conn: conn, Service: svc})
}

// run runs a server until stop, or until the test ends.
func run(tb testing.TB, server *Server) (stop func()) {
	tb.Helper()
	conn := server.Conn
	before := conn.NumSubscriptions()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	for conn.NumSubscriptions() == before {
		time.Sleep(time.Millisecond)
	}
	if err := conn.Flush(); err != nil {
		tb.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("Run = %v", err)
		}
	})
	tb.Cleanup(stop)
	return stop
}

func newClient(conn *nats.Conn, service string) *jacinth.Client {
	return &jacinth.Client{URL: "http://" + service + "/", Transport: &Transport{Conn: conn}}
}

type echo struct {
	Text string `json:"text"`
}

func TestTransport(t *testing.T) {
	engine := startServer(t, embedded.Config{})
	svc, log := newService("billing")
	jacinth.Public(svc, "echo", func(_ context.Context, p echo) (string, error) { return p.Text, nil })
	jacinth.Private(svc, "whoami", func(ctx context.Context, _ jacinth.None) (string, error) { return jacinth.CallerFrom(ctx).Name, nil })
	jacinth.Public(svc, "left", func(ctx context.Context, _ jacinth.None) (int64, error) {
		deadline, _ := ctx.Deadline()
		return time.Until(deadline).Milliseconds(), nil
	})
	noted := make(chan string, 1)
	jacinth.Public(svc, "note", func(_ context.Context, p echo) (jacinth.None, error) { noted <- p.Text; return jacinth.None{}, nil })
	serve(t, connect(t, engine), svc)
	spy := connect(t, engine)
	seen := make(chan *nats.Msg, 10_000)
	if _, err := spy.ChanSubscribe(">", seen); err != nil {
		t.Fatal(err)
	}
	client := newClient(connect(t, engine), "billing")
	client.Token = token
	if err := spy.Flush(); err != nil {
		t.Fatal(err)
	}

	for _, coalesce := range []int{0, 4} {
		client := newClient(client.Transport.(*Transport).Conn, "billing")
		client.Token, client.Coalesce = token, coalesce
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				var got string
				if err := client.Call(t.Context(), "echo", echo{fmt.Sprint(i)}, &got); err != nil || got != fmt.Sprint(i) {
					t.Errorf("echo of %d = %q, %v", i, got, err)
				}
			})
		}
		all.Wait()
	}
	var who string
	if err := client.Call(t.Context(), "whoami", nil, &who); err != nil || who != "token 1" {
		t.Errorf("whoami = %q, %v, want token 1", who, err)
	}
	var left int64
	if err := client.Call(t.Context(), "left", nil, &left, jacinth.Timeout(3*time.Second)); err != nil || left > 3000 || left < 1 {
		t.Errorf("the service is left %d ms, %v; want at most the three seconds of the call", left, err)
	}
	if err := client.Notify(t.Context(), "note", echo{"noted"}); err != nil || <-noted != "noted" {
		t.Errorf("Notify = %v", err)
	}
	batch := client.Batch()
	one, missing := batch.Call("echo", echo{"one"}), batch.Call("missing", nil)
	if err := batch.Send(t.Context()); err != nil {
		t.Errorf("Send = %v", err)
	}
	if raw, err := one.Result(); err != nil || string(raw) != `"one"` {
		t.Errorf("the first call of the batch = %s, %v", raw, err)
	}
	if _, err := missing.Result(); !errors.Is(err, jacinth.MethodNotFound) {
		t.Errorf("the second call of the batch = %v, want %v", err, jacinth.MethodNotFound)
	}
	stranger := newClient(client.Transport.(*Transport).Conn, "billing")
	stranger.Token = "another-token-of-enough-length"
	if err := stranger.Call(t.Context(), "whoami", nil, nil); !errors.Is(err, jacinth.AccessDenied) {
		t.Errorf("whoami with a wrong token = %v, want %v", err, jacinth.AccessDenied)
	}

	for len(seen) > 0 {
		if m := <-seen; strings.Contains(m.Subject+m.Reply, token) || bytes.Contains(m.Data, []byte(token)) {
			t.Errorf("a token is in the subject %q, the reply subject %q or the data of a message", m.Subject, m.Reply)
		}
	}
	if text := log.String(); strings.Contains(text, token) || strings.Contains(text, client.Token) ||
		!strings.Contains(text, `"method":"whoami","code":0`) || !strings.Contains(text, `"address":"nats:jacinth.billing"`) {
		t.Errorf("the log holds a token, or no line of the call with where it came from:\n%s", text)
	}
}

// TestTransport_saysWhatWasSent holds that a call that nobody got fails as not sent, and one that somebody may have got
// as not answered: the client repeats them by that.
func TestTransport_saysWhatWasSent(t *testing.T) {
	engine := startServer(t, embedded.Config{Addr: "127.0.0.1:0"})
	conn := dial(t, engine.URL(), nats.ReconnectWait(time.Minute), nats.ReconnectJitter(0, 0))
	stuck := connect(t, engine)
	var got atomic.Int64
	handed := make(chan struct{}, 10)
	if _, err := stuck.QueueSubscribe("jacinth.stuck", queueGroup, func(*nats.Msg) { got.Add(1); handed <- struct{}{} }); err != nil {
		t.Fatal(err)
	}
	if err := stuck.Flush(); err != nil {
		t.Fatal(err)
	}
	call := func(service string, timeout, try time.Duration, options ...jacinth.CallOption) error {
		client := newClient(conn, service)
		client.Transport.(*Transport).Try = try
		return client.Call(t.Context(), "m", nil, nil, append(options, jacinth.Timeout(timeout))...)
	}

	if err := call("nobody", time.Minute, 0); !errors.Is(err, jacinth.ErrNotSent) || !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("a call of a service that nobody serves = %v, want %v at once", err, jacinth.ErrNotSent)
	}
	if err := call("no%20name", time.Minute, 0); !errors.Is(err, jacinth.ErrNotSent) {
		t.Errorf("a call of what is no name = %v, want %v", err, jacinth.ErrNotSent)
	}
	if err := call("stuck", 100*time.Millisecond, 0); !errors.Is(err, jacinth.ErrNoReply) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call without an answer = %v, want %v", err, jacinth.ErrNoReply)
	}
	if n := got.Swap(0); n != 1 {
		t.Errorf("it was sent %d times, want once", n)
	}
	if err := call("stuck", time.Minute, 50*time.Millisecond, jacinth.Idempotent()); !errors.Is(err, jacinth.ErrNoReply) || !errors.Is(err, errTry) {
		t.Errorf("an idempotent call whose tries have no answer = %v, want %v", err, errTry)
	}
	if n := got.Swap(0); n != 3 {
		t.Errorf("it was sent %d times, want 3", n)
	}
	for len(handed) > 0 {
		<-handed
	}

	// A connection that is lost takes the calls under way with it, and lets new ones wait.
	failed := make(chan error, 1)
	go func() { failed <- call("stuck", time.Minute, 0) }()
	<-handed
	engine.Close()
	if err := <-failed; !errors.Is(err, jacinth.ErrNoReply) || !errors.Is(err, errLost) {
		t.Errorf("a call whose connection is lost = %v, want %v", err, jacinth.ErrNoReply)
	}
	if err := call("stuck", 50*time.Millisecond, 0); !errors.Is(err, jacinth.ErrNotSent) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call without a connection = %v, want %v", err, jacinth.ErrNotSent)
	}
	closing := connect(t, startServer(t, embedded.Config{}))
	if _, err := closing.Subscribe("jacinth.stuck", func(*nats.Msg) { handed <- struct{}{} }); err != nil {
		t.Fatal(err)
	}
	go func() { failed <- newClient(closing, "stuck").Call(t.Context(), "m", nil, nil) }()
	<-handed
	closing.Close()
	if err := <-failed; !errors.Is(err, jacinth.ErrNoReply) {
		t.Errorf("a call whose connection is closed = %v, want %v", err, jacinth.ErrNoReply)
	}
	conn.Close()
	if err := call("stuck", time.Minute, 0); !errors.Is(err, jacinth.ErrNotSent) || !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("a call on a closed connection = %v, want %v", err, jacinth.ErrNotSent)
	}
}

func TestMayHaveLeft(t *testing.T) {
	for err, want := range map[error]bool{
		nats.ErrConnectionDraining: false, nats.ErrReconnectBufExceeded: false,
		nats.ErrConnectionClosed: true, nats.ErrDisconnected: true, context.Canceled: true, nats.ErrTimeout: true,
	} {
		if got := mayHaveLeft(fmt.Errorf("request: %w", err)); got != want {
			t.Errorf("mayHaveLeft(%v) = %t, want %t", err, got, want)
		}
	}
}

// TestTransport_sizes holds that what NATS does not carry fails with a sentence, in both directions, and that a batch
// that is too large goes in parts.
func TestTransport_sizes(t *testing.T) {
	engine := startServer(t, embedded.Config{Adjust: func(o *server.Options) { o.MaxPayload = 20_000 }})
	svc, _ := newService("billing")
	jacinth.Public(svc, "size", func(_ context.Context, p echo) (int, error) { return len(p.Text), nil })
	jacinth.Public(svc, "grow", func(_ context.Context, n []int) (string, error) { return strings.Repeat("x", n[0]), nil })
	serve(t, connect(t, engine), svc)
	conn := connect(t, engine)
	client := newClient(conn, "billing")

	err := client.Call(t.Context(), "size", echo{strings.Repeat("x", 30_000)}, nil)
	if !errors.Is(err, jacinth.InvalidRequest) {
		t.Errorf("a request that is too large = %v, want %v", err, jacinth.InvalidRequest)
	}
	err = client.Call(t.Context(), "grow", []int{30_000}, nil)
	var remote *jacinth.Error
	var data detail
	if !errors.As(err, &remote) || remote.Code != jacinth.ResponseTooLarge || remote.DecodeData(&data) != nil || data.Limit != 20_000 {
		t.Errorf("a reply that is too large = %v with %+v, want %v and the limit", err, data, jacinth.ResponseTooLarge)
	}
	batch := client.Batch()
	var sizes []*jacinth.Pending[json.RawMessage]
	for range 10 {
		sizes = append(sizes, batch.Call("size", echo{strings.Repeat("x", 5_000)}))
	}
	if err := batch.Send(t.Context()); err != nil {
		t.Errorf("a batch that is too large = %v, want it to go in parts", err)
	}
	for _, size := range sizes {
		if raw, err := size.Result(); err != nil || string(raw) != "5000" {
			t.Errorf("a call of the batch = %s, %v", raw, err)
		}
	}
}

// TestServer_limits holds that the limits of the service are those of its server, and that what it sheds says so.
func TestServer_limits(t *testing.T) {
	engine := startServer(t, embedded.Config{})
	svc := jacinth.New(jacinth.Config{
		Name: "billing", Logger: quietLogger, Limits: jacinth.Limits{InFlight: 2, Body: 1000, BodyInFlight: 1500},
	})
	inside, release := make(chan struct{}), make(chan struct{})
	jacinth.Public(svc, "wait", func(_ context.Context, _ echo) (jacinth.None, error) {
		inside <- struct{}{}
		<-release
		return jacinth.None{}, nil
	})
	jacinth.Public(svc, "one", func(_ context.Context, _ jacinth.None) (jacinth.None, error) {
		inside <- struct{}{}
		<-release
		return jacinth.None{}, nil
	}, jacinth.MaxInFlight(1))
	jacinth.Public(svc, "size", func(_ context.Context, p echo) (int, error) { return len(p.Text), nil })
	serve(t, connect(t, engine), svc)
	client := newClient(connect(t, engine), "billing")
	client.NoRetry = true
	var waiting sync.WaitGroup
	occupy := func(text string) {
		waiting.Go(func() {
			if err := client.Call(t.Context(), "wait", echo{text}, nil); err != nil {
				t.Errorf("wait = %v", err)
			}
		})
		<-inside
	}
	if err := client.Call(t.Context(), "size", echo{strings.Repeat("x", 1000)}, nil); !errors.Is(err, jacinth.InvalidRequest) {
		t.Errorf("a body over the limit = %v, want %v", err, jacinth.InvalidRequest)
	}
	batch := client.Batch()
	for range 3 {
		batch.Call("size", echo{strings.Repeat("x", 300)})
	}
	if err := batch.Send(t.Context()); err != nil {
		t.Errorf("a batch over the limit = %v, want it to go in parts", err)
	}
	small := make(chan error, 1)
	go func() { small <- client.Call(t.Context(), "one", nil, nil) }()
	<-inside
	if err := client.Notify(t.Context(), "one", nil); !errors.Is(err, jacinth.Unavailable) {
		t.Errorf("a notification for which its method has no room = %v, want %v", err, jacinth.Unavailable)
	}
	release <- struct{}{}
	if err := <-small; err != nil {
		t.Errorf("one = %v", err)
	}
	occupy(strings.Repeat("x", 700))
	if err := client.Call(t.Context(), "size", echo{strings.Repeat("x", 800)}, nil); !errors.Is(err, jacinth.Unavailable) {
		t.Errorf("a body that there is no room for = %v, want %v", err, jacinth.Unavailable)
	}
	occupy("")
	if err := client.Call(t.Context(), "size", echo{}, nil); !errors.Is(err, jacinth.Unavailable) {
		t.Errorf("one call too many = %v, want %v", err, jacinth.Unavailable)
	}
	if err := client.Notify(t.Context(), "size", echo{}); !errors.Is(err, jacinth.Unavailable) {
		t.Errorf("one notification too many = %v, want %v", err, jacinth.Unavailable)
	}
	close(release)
	waiting.Wait()
	if err := client.Call(t.Context(), "size", echo{}, nil); err != nil {
		t.Errorf("with room again = %v", err)
	}
}

// TestServer_leavesFirst holds that a server that stops takes no new calls and finishes those that it has.
func TestServer_leavesFirst(t *testing.T) {
	engine := startServer(t, embedded.Config{})
	release, inside := make(chan struct{}), make(chan struct{}, 1)
	start := func(name string) func() {
		svc, _ := newService("billing")
		jacinth.Public(svc, "name", func(_ context.Context, _ jacinth.None) (string, error) { return name, nil })
		jacinth.Public(svc, "wait", func(_ context.Context, _ jacinth.None) (string, error) {
			inside <- struct{}{}
			<-release
			return name, nil
		})
		return serve(t, connect(t, engine), svc)
	}
	stop := start("first")
	client := newClient(connect(t, engine), "billing")
	answer := make(chan string, 1)
	go func() {
		var got string
		if err := client.Call(t.Context(), "wait", nil, &got); err != nil {
			t.Errorf("the call under way = %v", err)
		}
		answer <- got
	}()
	<-inside
	start("second")
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	for alone := 0; alone < 50; { // until the first has left, and then
		var got string
		if err := client.Call(t.Context(), "name", nil, &got); err != nil {
			t.Fatalf("a call while an instance leaves = %v", err)
		}
		if alone++; got != "second" {
			alone = 0
		}
	}
	select {
	case <-stopped:
		t.Error("the server stopped with a call under way")
	default:
	}
	close(release)
	if got := <-answer; got != "first" {
		t.Errorf("the call under way was answered by %q, want first", got)
	}
	<-stopped
}

// TestServer_balances holds that the instances of a service share its calls.
func TestServer_balances(t *testing.T) {
	engine := startServer(t, embedded.Config{})
	var counts [3]atomic.Int64
	for i := range counts {
		svc, _ := newService("billing")
		jacinth.Public(svc, "count", func(_ context.Context, _ jacinth.None) (jacinth.None, error) {
			counts[i].Add(1)
			return jacinth.None{}, nil
		})
		serve(t, connect(t, engine), svc)
	}
	client := newClient(connect(t, engine), "billing")
	const calls = 900
	for range calls {
		if err := client.Call(t.Context(), "count", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	total := int64(0)
	for i := range counts {
		n := counts[i].Load()
		total += n
		if n < calls/6 {
			t.Errorf("instance %d got %d of %d calls, want about a third", i, n, calls)
		}
	}
	if total != calls {
		t.Errorf("the instances got %d calls, want %d: each message goes to one", total, calls)
	}
}

// TestServer_lameDuck holds that a server that is told that NATS goes finishes what it has, and moves over without a
// call being lost.
func TestServer_lameDuck(t *testing.T) {
	cluster := startCluster(t, 2)
	svc, log := newService("billing")
	inside, release := make(chan struct{}, 1), make(chan struct{})
	jacinth.Public(svc, "wait", func(_ context.Context, _ jacinth.None) (string, error) {
		inside <- struct{}{}
		<-release
		return "done", nil
	})
	jacinth.Public(svc, "quick", func(_ context.Context, _ jacinth.None) (string, error) { return "", nil })
	conn, err := Connect(cluster[0].URL(), nats.ReconnectWait(10*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	serve(t, conn, svc)
	client := newClient(dial(t, cluster[1].URL()), "billing")
	for client.Call(t.Context(), "quick", nil, nil) != nil { // until the interest is known over there
	}
	answer := make(chan error, 1)
	go func() { answer <- client.Call(t.Context(), "wait", nil, nil) }()
	<-inside
	lost, moved := conn.StatusChanged(nats.RECONNECTING), conn.StatusChanged(nats.CONNECTED)
	gone := make(chan struct{})
	go func() { cluster[0].LameDuck(); close(gone) }()
	for !strings.Contains(log.String(), "moving to another") {
		time.Sleep(time.Millisecond)
	}
	select {
	case <-lost:
		t.Error("the connection was given up while a call was under way")
	case <-time.After(100 * time.Millisecond):
	}
	close(release)
	if err := <-answer; err != nil {
		t.Errorf("the call under way = %v", err)
	}
	select {
	case <-moved:
	case <-time.After(20 * time.Second): // long before the server would end the connection
		t.Fatal("the service stays where it is")
	}
	for client.Call(t.Context(), "quick", nil, nil) != nil {
	}
	if got := conn.ConnectedUrl(); !strings.Contains(got, strings.TrimPrefix(cluster[1].URL(), "nats://")) {
		t.Errorf("the service is connected to %s, want the other server, %s", got, cluster[1].URL())
	}
	cluster[0].Close()
	<-gone
}

func TestServer_refuses(t *testing.T) {
	conn := connect(t, startServer(t, embedded.Config{}))
	svc, _ := newService("billing")
	odd, _ := newService("odd..name.")
	for want, s := range map[string]*Server{
		"Server.Conn":    {Service: svc},
		"Server.Service": {Conn: conn},
		"the prefix":     {Conn: conn, Service: svc, Prefix: "a.>"},
		"Server.Inboxes": {Conn: conn, Service: svc, Inboxes: []string{"$KV"}},
	} {
		if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Run of %+v = %v, want an error about %s", s, err, want)
		}
	}
	jacinth.Public(odd, "m", func(context.Context, jacinth.None) (jacinth.None, error) { return jacinth.None{}, nil })
	serve(t, conn, odd)
	if err := newClient(conn, "odd..name.").Call(t.Context(), "m", nil, nil); err != nil {
		t.Errorf("a service with an odd name = %v", err)
	}
	closing := connect(t, startServer(t, embedded.Config{}))
	failed := make(chan error, 1)
	go func() { failed <- (&Server{Conn: closing, Service: svc}).Run(t.Context()) }()
	for closing.NumSubscriptions() == 0 {
		time.Sleep(time.Millisecond)
	}
	closing.Close()
	if err := <-failed; !errors.Is(err, errClosed) {
		t.Errorf("Run on a connection that is closed = %v, want %v", err, errClosed)
	}
}

// blocking is a log handler that takes no line of a request that was too large until it is released.
type blocking struct {
	slog.Handler
	began   chan struct{}
	release chan struct{}
}

func (b blocking) Handle(ctx context.Context, r slog.Record) error {
	large := false
	r.Attrs(func(a slog.Attr) bool {
		large = large || a.Key == "status" && a.Value.Int64() == http.StatusRequestEntityTooLarge
		return true
	})
	if large {
		select {
		case b.began <- struct{}{}:
		default:
		}
		<-b.release
	}
	return b.Handler.Handle(ctx, r)
}

// TestServer_slowConsumer holds that a server that cannot keep up loses messages and says so, and then goes on.
func TestServer_slowConsumer(t *testing.T) {
	engine := startServer(t, embedded.Config{})
	svc, log := newService("billing")
	jacinth.Public(svc, "quick", func(context.Context, jacinth.None) (string, error) { return "", nil })
	conn, err := engine.Connect(nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	server := &Server{Conn: conn, Service: svc, pending: 10_000}
	server.bytes.mu.Lock() // which the goroutine that takes messages waits for
	go func() { done <- server.Run(ctx) }()
	client := connect(t, engine)
	for conn.NumSubscriptions() == 0 || conn.Flush() != nil {
	}
	for range 30 {
		if err := client.Publish("jacinth.billing", make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	awaitLine(t, log, "some were lost")
	server.bytes.mu.Unlock()
	for newClient(client, "billing").Call(t.Context(), "quick", nil, nil, jacinth.Timeout(100*time.Millisecond)) != nil {
	} // what comes while there is no room is lost
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
}

// TestServer_drainsInTime holds that a server that stops waits no longer than the service says, and ends the contexts of
// those calls that have not ended by then.
func TestServer_drainsInTime(t *testing.T) {
	engine := startServer(t, embedded.Config{})
	svc := jacinth.New(jacinth.Config{Name: "billing", Logger: quietLogger, DrainTimeout: 50 * time.Millisecond})
	inside, ended := make(chan struct{}), make(chan struct{})
	jacinth.Public(svc, "obey", func(ctx context.Context, _ jacinth.None) (jacinth.None, error) {
		close(inside)
		<-ctx.Done()
		close(ended)
		return jacinth.None{}, ctx.Err()
	})
	stop := serve(t, connect(t, engine), svc)
	client := newClient(connect(t, engine), "billing")
	client.NoRetry = true
	answer := make(chan error, 1)
	go func() { answer <- client.Call(t.Context(), "obey", nil, nil) }()
	<-inside
	stop()
	select {
	case <-ended:
	default:
		t.Error("Run returned before it ended the context of the call")
	}
	if err := <-answer; !errors.Is(err, jacinth.Unavailable) {
		t.Errorf("a call that was cut short = %v, want %v", err, jacinth.Unavailable)
	}
}
