package jacinth_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/web"
)

// closing is the server's side of a connection, and knows when it was closed.
type closing struct {
	net.Conn
	once   sync.Once
	closed chan time.Time
}

func (w *closing) Close() error {
	w.once.Do(func() { w.closed <- time.Now() })
	return w.Conn.Close()
}

// larges is a service that Serve serves in memory.
type larges struct {
	*jacinth.Service
	*pipes
}

// dial returns a connection to the service, and what tells when the service closes it.
func (m *larges) dial() (net.Conn, <-chan time.Time) {
	here, there := net.Pipe()
	w := &closing{Conn: there, closed: make(chan time.Time, 1)}
	m.connections <- w
	return here, w.closed
}

// send sends a request over a new connection and reads nothing of the reply. It returns how long the connection lasted.
func (m *larges) send(t *testing.T, request string) time.Duration {
	t.Helper()
	start := time.Now()
	c, closed := m.dial()
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	return (<-closed).Sub(start)
}

// read sends a request over a new connection and reads the reply, that many bytes a second. It returns the length of
// its body, and how long it took.
func (m *larges) read(t *testing.T, request string, rate int) (length int, took time.Duration, err error) {
	t.Helper()
	start := time.Now()
	c, _ := m.dial()
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReaderSize(slowReader{c, rate}, rate), nil)
	if err != nil {
		return 0, time.Since(start), err
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	return int(n), time.Since(start), err
}

// slowReader reads that many bytes a second.
type slowReader struct {
	net.Conn
	rate int
}

func (s slowReader) Read(p []byte) (int, error) {
	time.Sleep(time.Second)
	return io.ReadFull(s.Conn, p[:min(len(p), s.rate)])
}

const largeSize = 8 << 20 // of what the methods and handlers of larges answer with, but for a little

// withLarges runs a test with a service of large replies, in a bubble of synctest.
func withLarges(t *testing.T, config jacinth.Config, test func(t *testing.T, m *larges)) {
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "large"), make([]byte, largeSize), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		config.Name, config.Logger = "larges", quiet("").Logger
		m := &larges{Service: jacinth.New(config), pipes: newPipes()}
		answer := func(after time.Duration) func(context.Context, jacinth.None) (string, error) {
			return func(context.Context, jacinth.None) (string, error) {
				time.Sleep(after)
				return largest, nil
			}
		}
		jacinth.Public(m.Service, "soon", answer(0))
		jacinth.Public(m.Service, "late", answer(100*time.Second), jacinth.Timeout(jacinth.Unlimited))
		jacinth.Public(m.Service, "late-and-short", func(context.Context, jacinth.None) (int, error) {
			time.Sleep(100 * time.Second)
			return 1, nil
		}, jacinth.Timeout(200*time.Second))
		jacinth.Public(m.Service, "in-10s", func(context.Context, jacinth.None) (string, error) {
			time.Sleep(10 * time.Second)
			return largest[:48<<10], nil
		})
		jacinth.Public(m.Service, "sum", sum)
		web.Files(m.Service, "/files", os.DirFS(directory))
		handle := func(path string, handler func(w http.ResponseWriter) error) {
			m.Handle(path, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = handler(w) }))
		}
		handle("/late", func(w http.ResponseWriter) error {
			time.Sleep(100 * time.Second)
			_, err := io.WriteString(w, largest)
			return err
		})
		handle("/own", func(w http.ResponseWriter) error {
			if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
				return err
			}
			_, err := io.WriteString(w, largest)
			return err
		})
		handle("/none", func(w http.ResponseWriter) error {
			if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil {
				return err
			}
			_, err := io.WriteString(w, largest)
			return err
		})
		handle("/events", func(w http.ResponseWriter) error {
			for i := range 5 {
				if i > 0 {
					time.Sleep(time.Hour)
				}
				_, _ = fmt.Fprintln(w, "event", i)
				w.(http.Flusher).Flush()
			}
			return nil
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- m.Serve(ctx, m.pipes) }()
		test(t, m)
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
	})
}

func postCall(method string) string {
	body := call(method)
	return fmt.Sprintf("POST /api HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func getPath(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" }

// TestHostile_repliesNobodyReads_besideAMethodWithoutTimeout holds that a reply that nobody reads is given up when its
// time is over, which begins with the reply, whatever times the methods have.
func TestHostile_repliesNobodyReads_besideAMethodWithoutTimeout(t *testing.T) {
	withLarges(t, jacinth.Config{}, func(t *testing.T, m *larges) {
		const first = 24 * time.Second // 20s, and 4s for the first 64 KiB
		for _, c := range []struct {
			name, request string
			want          time.Duration
		}{
			{"the reply to a prompt call", postCall("soon"), first},
			{"the reply to a call that took 100s", postCall("late"), 100*time.Second + first},
			{"the short reply to a call that took 100s", postCall("late-and-short"), 120*time.Second + 36*time.Second/16384},
			{"what net/http says by itself", "GET / HTTP/1.1\r\n\r\n", 40 * time.Second},
			{"a file", getPath("/files/large"), first},
			{"what a handler writes after 100s", getPath("/late"), 100*time.Second + first},
			{"what a handler writes under a deadline of its own", getPath("/own"), 5 * time.Second},
			{"that there is no such page", getPath("/missing"), 20 * time.Second},
		} {
			if took := m.send(t, c.request); took.Round(100*time.Millisecond) != c.want.Round(100*time.Millisecond) {
				t.Errorf("%s: the connection ended after %v, want %v", c.name, took, c.want)
			}
		}
		if held := jacinth.RepliesHeld(m.Service); held != 0 {
			t.Errorf("%d bytes are held afterwards, want 0", held)
		}
	})
}

// TestDelivery_withoutALimitForRequests holds that short replies have their time where nothing else bounds a request.
func TestDelivery_withoutALimitForRequests(t *testing.T) {
	withLarges(t, jacinth.Config{Limits: jacinth.Limits{Read: jacinth.Unlimited}}, func(t *testing.T, m *larges) {
		if took := m.send(t, postCall("nothing")); took.Round(100*time.Millisecond) != 20*time.Second {
			t.Errorf("the connection ended after %v, want 20s", took)
		}
	})
}

// TestDelivery_unlimited holds that a reply waits for ever where it may.
func TestDelivery_unlimited(t *testing.T) {
	withLarges(t, jacinth.Config{Limits: jacinth.Limits{Write: jacinth.Unlimited}}, func(t *testing.T, m *larges) {
		for _, request := range []string{postCall("soon"), getPath("/files/large")} {
			if length, took, err := m.read(t, request, 1<<10); err != nil || length < largeSize-100 {
				t.Errorf("of the reply to %.30q, %d bytes came in %v: %v; want all", request, length, took, err)
			}
		}
	})
}

// TestDelivery_afterAGoodBegin holds that who reads most of a reply at once does not have the time of all of it for the rest.
func TestDelivery_afterAGoodBegin(t *testing.T) {
	withLarges(t, jacinth.Config{}, func(t *testing.T, m *larges) {
		for _, request := range []string{postCall("soon"), getPath("/files/large")} {
			c, closed := m.dial()
			start := time.Now()
			if _, err := io.WriteString(c, request); err != nil {
				t.Fatal(err)
			}
			if _, err := io.CopyN(io.Discard, c, 7<<20); err != nil {
				t.Fatal(err)
			}
			if took := (<-closed).Sub(start); took.Round(time.Second) != 276*time.Second {
				t.Errorf("the connection of %.30q ended after %v, want 20s and 256s for the 4 MiB that a kernel may have taken", request, took)
			}
			_ = c.Close()
		}
	})
}

// TestDelivery_whileThereIsNoRoom holds that a reply that begins while others find no room has a quarter of its time.
func TestDelivery_whileThereIsNoRoom(t *testing.T) {
	withLarges(t, jacinth.Config{Limits: jacinth.Limits{ReplyInFlight: 17 << 19}}, func(t *testing.T, m *larges) {
		var wait sync.WaitGroup
		wait.Go(func() {
			const want = 10*time.Second + (20*time.Second+3*time.Second)/4
			if took := m.send(t, postCall("in-10s")); took.Round(100*time.Millisecond) != want.Round(100*time.Millisecond) {
				t.Errorf("the connection ended after %v, want %v", took, want)
			}
		})
		synctest.Wait()
		m.send(t, postCall("soon"))
		wait.Wait()
	})
}

// TestDelivery_waitsForWhoReads holds that 16 KiB a second are enough, and half of that is not.
func TestDelivery_waitsForWhoReads(t *testing.T) {
	withLarges(t, jacinth.Config{}, func(t *testing.T, m *larges) {
		for _, request := range []string{postCall("soon"), postCall("late"), getPath("/files/large"), getPath("/late"), getPath("/none")} {
			length, took, err := m.read(t, request, 16<<10)
			if err != nil || length < largeSize-100 {
				t.Errorf("of the reply to %.30q, %d bytes came in %v: %v; want all", request, length, took, err)
			}
		}
		for _, request := range []string{postCall("soon"), postCall("late")} {
			length, took, err := m.read(t, request, 8<<10)
			if err == nil {
				t.Errorf("of the reply to %.30q, all %d bytes came in %v; want it given up", request, length, took)
			}
		}
		// A handler holds none of the room of replies: who reads on gets all of what it writes.
		if length, took, err := m.read(t, getPath("/files/large"), 4<<10); err != nil || length != largeSize {
			t.Errorf("of a file, %d bytes came in %v: %v; want all", length, took, err)
		}
		if length, _, err := m.read(t, getPath("/events"), 1<<10); err != nil || length != 5*len("event 0\n") {
			t.Errorf("of events an hour apart, %d bytes came: %v; want all", length, err)
		}
	})
}

// TestDelivery_leavesNoDeadlineBehind holds that the deadline of one reply does not cut the next one of a connection.
func TestDelivery_leavesNoDeadlineBehind(t *testing.T) {
	withLarges(t, jacinth.Config{Limits: jacinth.Limits{Connection: jacinth.Unlimited}}, func(t *testing.T, m *larges) {
		c, _ := m.dial()
		defer c.Close()
		reader := bufio.NewReader(c)
		for _, request := range []string{
			postCall("soon"), getPath("/late"), postCall("late"), getPath("/events"), getPath("/livez"), postCall("late-and-short"),
			getPath("/none"), getPath("/late"), postCall("sum"),
		} {
			if _, err := io.WriteString(c, request); err != nil {
				t.Fatalf("%.30q: %v", request, err)
			}
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatalf("%.30q: %v", request, err)
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil {
				t.Fatalf("%.30q: %v", request, err)
			}
			_ = response.Body.Close()
			time.Sleep(100 * time.Second)
		}
	})
}

// TestDelivery_overHTTP2 holds of streams what the others hold of connections: a stream that is not read ends alone.
func TestDelivery_overHTTP2(t *testing.T) {
	certificate := testTLS(t)
	withLarges(t, jacinth.Config{TLS: certificate}, func(t *testing.T, m *larges) {
		c, closed := m.dial()
		client := newStreams(t, c, 0)
		go client.hear()
		const first = 24 * time.Second
		for _, test := range []struct {
			name, method, path, body string
			want                     time.Duration
		}{
			{"the reply to a prompt call", http.MethodPost, "/api", call("soon"), first},
			{"the reply to a call that took 100s", http.MethodPost, "/api", call("late"), 100*time.Second + first},
			{"the short reply to a call", http.MethodPost, "/api", call("nothing"), 20 * time.Second},
			{"a file", http.MethodGet, "/files/large", "", 22 * time.Second}, // it is copied 32 KiB at a time
			{"what a handler writes after 100s", http.MethodGet, "/late", "", 100*time.Second + first},
			{"what a handler writes under a deadline of its own", http.MethodGet, "/own", "", 5 * time.Second},
			{"that there is no such page", http.MethodGet, "/missing", "", 20 * time.Second},
		} {
			start := time.Now()
			stream := client.request(test.method, test.path, test.body)
			var f h2frame
			for f = range client.heard {
				if f.stream == stream && f.kind != frameHeaders {
					break
				}
			}
			took := time.Since(start)
			if f.kind != frameReset || took.Round(100*time.Millisecond) != test.want {
				t.Errorf("%s: frame %d came after %v, want a reset after %v", test.name, f.kind, took, test.want)
			}
		}
		stream := client.request(http.MethodGet, "/events", "")
		client.open(stream, 1000)
		var events strings.Builder
		for f := range client.heard {
			if f.kind == frameReset {
				t.Errorf("events an hour apart end with a reset after %q", events.String())
			}
			if f.stream == stream && f.kind == frameData {
				events.Write(f.payload)
			}
			if f.stream == stream && f.flags&flagEndStream != 0 {
				break
			}
		}
		if strings.Count(events.String(), "event") != 5 {
			t.Errorf("the events are %q, want 5", events.String())
		}
		_ = client.Close()
		<-closed
		for range client.heard {
		}
		if held := jacinth.RepliesHeld(m.Service); held != 0 {
			t.Errorf("%d bytes are held afterwards, want 0", held)
		}
	})
}

// TestDelivery_overHTTP2_thatIsNotReadAtAll holds that a connection that takes nothing ends, with all that waits in it.
func TestDelivery_overHTTP2_thatIsNotReadAtAll(t *testing.T) {
	certificate := testTLS(t)
	withLarges(t, jacinth.Config{TLS: certificate}, func(t *testing.T, m *larges) {
		c, closed := m.dial()
		start := time.Now()
		client := newStreams(t, c, 1<<31-1)
		read := make(chan struct{})
		go func() { // the first settings, and no more
			defer close(read)
			var head [9]byte
			_, _ = io.ReadFull(client, head[:])
		}()
		<-read
		client.request(http.MethodPost, "/api", call("soon"))
		took := (<-closed).Sub(start)
		if took > 90*time.Second {
			t.Errorf("the connection ended after %v, want 60s and a little", took)
		}
		_ = c.Close()
		synctest.Wait()
		if held := jacinth.RepliesHeld(m.Service); held != 0 {
			t.Errorf("%d bytes are held afterwards, want 0", held)
		}
	})
}
