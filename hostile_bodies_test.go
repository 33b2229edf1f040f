package jacinth_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// promise is the head of a call whose body has that size.
func promise(size int) string {
	return fmt.Sprintf("POST /api HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", size)
}

// servedInMemory serves a service on a listener in memory, in a synctest bubble, until stop is called.
func servedInMemory(t *testing.T, svc *jacinth.Service) (network *pipes, stop func()) {
	t.Helper()
	network = newPipes()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- svc.Serve(ctx, network) }()
	return network, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
	}
}

// TestHostile_promisedBodies holds that headers alone take no room: 1,066 connections that promise 64 MiB between them
// and send no byte of it kept everybody out for 15 s.
func TestHostile_promisedBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, stop := servedInMemory(t, limitedService(jacinth.Limits{}))
		var held []net.Conn
		before := heap()
		for range 1066 {
			here, there := net.Pipe()
			network.connections <- there
			_, _ = io.WriteString(here, promise(65535))
			held = append(held, here)
		}
		synctest.Wait()
		t.Logf("each connection holds %d bytes", (heap()-before)/1066)
		if got := post(t, network.client(t), "http://memory/api", sizeLimits[0].needs(2000)); got.status != http.StatusOK {
			t.Errorf("a call beside 1,066 promises of 64 KiB has status %d, want 200", got.status)
		}
		for _, conn := range held {
			_ = conn.Close()
		}
		stop()
	})
}

// heap is how much memory is in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestHostile_promisedBodiesHTTP2 is the same over HTTP/2, where 20 connections were enough.
func TestHostile_promisedBodiesHTTP2(t *testing.T) {
	const connections, streams = 20, 60
	certificates := httptest.NewUnstartedServer(http.NotFoundHandler())
	certificates.StartTLS()
	defer certificates.Close()
	svc := jacinth.New(jacinth.Config{
		Name: "two", Logger: slog.New(slog.DiscardHandler),
		TLS: &tls.Config{Certificates: certificates.TLS.Certificates, MinVersion: tls.VersionTLS13},
	})
	jacinth.Public(svc, "size", func(_ context.Context, texts []string) (int, error) { return len(texts), nil })
	url := "https://" + listening(t, svc) + "/api"
	var promised, ended sync.WaitGroup
	defer ended.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	newTransport := func() *http.Transport {
		transport := certificates.Client().Transport.(*http.Transport).Clone()
		transport.ForceAttemptHTTP2 = true
		t.Cleanup(transport.CloseIdleConnections)
		return transport
	}
	for range connections {
		transport := newTransport()
		promised.Add(streams)
		for range streams {
			body := &silentBody{asked: promised.Done, ctx: ctx}
			ended.Go(func() {
				request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
				if err != nil {
					t.Error(err)
					return
				}
				request.Header.Set("Content-Type", "application/json")
				request.ContentLength = 65535
				if response, err := transport.RoundTrip(request); err == nil {
					t.Errorf("a call without a body has status %d", response.StatusCode)
					response.Body.Close()
				}
			})
		}
	}
	promised.Wait() // the headers have been written when the body is asked for
	client := &http.Client{Transport: newTransport()}
	for range 3 {
		if got := post(t, client, url, sizeLimits[0].needs(2000)); got.status != http.StatusOK {
			t.Errorf("a call beside %d promises of 64 KiB has status %d, want 200", connections*streams, got.status)
		}
	}
}

// silentBody is a body that never comes.
type silentBody struct {
	once  sync.Once
	asked func()
	ctx   context.Context //nolint:containedctx // it ends the wait
}

func (b *silentBody) Read([]byte) (int, error) {
	b.once.Do(b.asked)
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

func (b *silentBody) Close() error { return nil }

// TestHostile_slowBodies holds how long a body may be on its way, and that the deadline leaves no trace.
func TestHostile_slowBodies(t *testing.T) {
	const size = 60_000
	body := sizeLimits[0].needs(size)
	for _, test := range []struct {
		name   string
		limits jacinth.Limits
		first  int           // bytes, at once
		piece  int           // bytes each second after that
		want   int           // status
		after  time.Duration // the answer comes
	}{
		{name: "it stalls", first: 10_000, want: http.StatusRequestTimeout, after: 10 * time.Second},
		{name: "it stalls when nearly whole", first: size - 1, want: http.StatusRequestTimeout, after: 10 * time.Second},
		{name: "it drips", first: 10_000, piece: 239, want: http.StatusRequestTimeout, after: 10 * time.Second},
		{name: "it comes at the least rate", first: size - 2880, piece: 241, want: http.StatusOK, after: 12500 * time.Millisecond},
		{name: "it comes at the least rate, and not in time", first: 10_000, piece: 241, want: http.StatusRequestTimeout, after: 15 * time.Second},
		{name: "nothing comes", want: http.StatusRequestTimeout, after: 15 * time.Second},
		{name: "it stalls, without a limit of time", limits: jacinth.Limits{Read: jacinth.Unlimited}, first: 10_000, want: http.StatusRequestTimeout, after: 10 * time.Second},
		{name: "it drips and may", limits: jacinth.Limits{Read: jacinth.Unlimited, BodyRate: jacinth.Unlimited}, first: size - 100, piece: 1, want: http.StatusOK, after: 100500 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network, stop := servedInMemory(t, limitedService(test.limits))
				defer stop()
				here, there := net.Pipe()
				network.connections <- there
				start := time.Now()
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					_, _ = io.WriteString(here, promise(size))
					if test.first > 0 {
						_, _ = io.WriteString(here, body[:test.first])
					}
					time.Sleep(500 * time.Millisecond)
					for rest := body[test.first:]; rest != "" && test.piece > 0; {
						time.Sleep(time.Second)
						n := min(test.piece, len(rest))
						if _, err := io.WriteString(here, rest[:n]); err != nil {
							return
						}
						rest = rest[n:]
					}
				}()
				heard := make([]byte, 64<<10)
				n, _ := io.ReadAtLeast(here, heard, 12)
				if got, after := statuses(string(heard[:n])), time.Since(start); len(got) != 1 || got[0] != test.want || after != test.after {
					t.Errorf("the answer is %d after %v, want %d after %v: %s", got, after, test.want, test.after, clip(heard[:n]))
				}
				_ = here.Close()
				<-sent
			})
		})
	}
}

// TestHostile_slowBodiesHTTP2 is the same over HTTP/2, where the other calls of the connection go on.
func TestHostile_slowBodiesHTTP2(t *testing.T) {
	certificates := httptest.NewUnstartedServer(http.NotFoundHandler())
	certificates.StartTLS()
	defer certificates.Close()
	pair := certificates.TLS.Certificates
	synctest.Test(t, func(t *testing.T) {
		svc := jacinth.New(jacinth.Config{
			Name: "two", Logger: slog.New(slog.DiscardHandler), TLS: &tls.Config{Certificates: pair, MinVersion: tls.VersionTLS13},
		})
		jacinth.Public(svc, "sum", sum)
		network, stop := servedInMemory(t, svc)
		client := network.client(t)
		transport := client.Transport.(*http.Transport)
		transport.ForceAttemptHTTP2 = true
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}
		body, rest := io.Pipe()
		status, after := make(chan int, 1), time.Now()
		go func() {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://memory/api", body)
			if err != nil {
				t.Error(err)
				return
			}
			request.Header.Set("Content-Type", "application/json")
			request.ContentLength = 60_000
			response, err := client.Do(request)
			if err != nil {
				t.Error(err)
				status <- 0
				return
			}
			response.Body.Close()
			status <- response.StatusCode
		}()
		_, _ = rest.Write(make([]byte, 50_000))
		synctest.Wait()
		if got := post(t, client, "https://memory/api", sumCall); got.status != http.StatusOK {
			t.Errorf("a call beside the slow one has status %d, want 200", got.status)
		}
		if got, took := <-status, time.Since(after); got != http.StatusRequestTimeout || took > 10*time.Second {
			t.Errorf("a body that stalls is answered %d after %v, want 408 after 10s at most", got, took)
		}
		_ = rest.Close()
		transport.CloseIdleConnections()
		stop()
	})
}

// TestHostile_slowBodyLeavesNoDeadline holds that a body that was watched ends no call, and no later request of its
// connection.
func TestHostile_slowBodyLeavesNoDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := jacinth.New(jacinth.Config{Name: "long", Logger: slog.New(slog.DiscardHandler), Limits: jacinth.Limits{Call: time.Hour}})
		jacinth.Public(svc, "nap", func(ctx context.Context, _ struct {
			Text string `json:"text"`
		},
		) (string, error) {
			select {
			case <-time.After(time.Minute):
				return "slept", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		})
		network, stop := servedInMemory(t, svc)
		here, there := net.Pipe()
		network.connections <- there
		body := `{"jsonrpc":"2.0","method":"nap","params":{"text":"` + strings.Repeat("x", 5000) + `"},"id":1}`
		reader := newResponses(here)
		for range 3 {
			go func() {
				_, _ = io.WriteString(here, promise(len(body))+body[:4500])
				time.Sleep(4 * time.Second)
				_, _ = io.WriteString(here, body[4500:])
			}()
			if got := reader.next(t); !strings.Contains(got, `"result":"slept"`) {
				t.Errorf("a call that takes a minute after a slow body is answered %s", got)
			}
			time.Sleep(time.Minute) // idle
		}
		_ = here.Close()
		stop()
	})
}

// responses are those that come over one connection.
type responses struct{ *bufio.Reader }

func newResponses(conn net.Conn) responses { return responses{bufio.NewReader(conn)} }

// next reads the body of the next one.
func (r responses) next(t *testing.T) string {
	t.Helper()
	response, err := http.ReadResponse(r.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestHostile_slowBodiesGiveRoomBack holds that the room of a body that came too slowly is free as soon as that is
// known.
func TestHostile_slowBodiesGiveRoomBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 60_000
		network, stop := servedInMemory(t, limitedService(jacinth.Limits{BodyInFlight: size}))
		here, there := net.Pipe()
		network.connections <- there
		body := sizeLimits[0].needs(size)
		_, _ = io.WriteString(here, promise(size)+body[:size-1])
		synctest.Wait()
		client := network.client(t)
		if got := post(t, client, "http://memory/api", textCall(1)); got.status != http.StatusServiceUnavailable {
			t.Errorf("a call while all room is taken has status %d, want 503", got.status)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := post(t, client, "http://memory/api", textCall(1)); got.status != http.StatusOK {
			t.Errorf("a call when the slow body has been given up has status %d, want 200", got.status)
		}
		_ = here.Close()
		stop()
	})
}

// TestBodies_memoryFollowsWhatComes holds that a body takes at most twice what has come of it, or the memory of a small
// one, whatever is in the pools of memory.
func TestBodies_memoryFollowsWhatComes(t *testing.T) {
	svc := limitedService(jacinth.Limits{Body: 4 << 20})
	for range 20 { // fills the pools
		for _, size := range []int{100, 5000, 9000, 20_000, 40_000, 65_000, 1 << 20} {
			callHTTP(svc, sizeLimits[0].needs(size))
		}
	}
	for _, claim := range []int64{-1, 65_535, 4 << 20} {
		seen := &sizesAsked{left: 3 << 20}
		request := httptest.NewRequest(http.MethodPost, "/api", seen)
		request.Header.Set("Content-Type", "application/json")
		request.ContentLength = claim
		serveHTTP(svc, request)
		for came, asked := range seen.asked {
			if most := max(4096, 2*came); came+asked > most {
				t.Fatalf("with %d bytes promised and %d there, %d more are asked for, want %d in all at most", claim, came, asked, most)
			}
		}
		if len(seen.asked) == 0 {
			t.Error("nothing was read")
		}
	}
}

// TestBodies_longerThanPromised holds that a body which has more than its header says is read all the same: a handler
// around the service may have unpacked it.
func TestBodies_longerThanPromised(t *testing.T) {
	svc := limitedService(jacinth.Limits{})
	for _, size := range []int{100, 5000, 100_000} {
		request := httptest.NewRequest(http.MethodPost, "/api", strings.NewReader(sizeLimits[0].needs(size)))
		request.Header.Set("Content-Type", "application/json")
		request.ContentLength = 10
		if got := serveHTTP(svc, request); got.status != http.StatusOK || mustReply(t, got.body).Error != nil {
			t.Errorf("a body of %d bytes that promised 10 has status %d, %s; want a result", size, got.status, clip(got.body))
		}
	}
}

// sizesAsked is a body of spaces that notes how much it was asked for when that much had come. The memory behind what
// is asked for is counted too.
type sizesAsked struct {
	left, came int
	asked      map[int]int
}

func (s *sizesAsked) Read(p []byte) (int, error) {
	if s.asked == nil {
		s.asked = map[int]int{}
	}
	s.asked[s.came] = cap(p)
	if s.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), s.left)
	copy(p, bytes.Repeat([]byte{' '}, n))
	s.left -= n
	s.came += n
	return n, nil
}
