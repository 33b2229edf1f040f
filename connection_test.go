package jacinth_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// TestConnection_headers holds the limit of the HTTP headers, which net/http keeps for us with 4 KiB to spare.
func TestConnection_headers(t *testing.T) {
	for _, test := range []struct {
		set, size, status int
	}{
		{0, 15 << 10, http.StatusOK},
		{0, 21 << 10, http.StatusRequestHeaderFieldsTooLarge},
		{1 << 10, 6 << 10, http.StatusRequestHeaderFieldsTooLarge},
		{64 << 10, 60 << 10, http.StatusOK},
		{jacinth.Unlimited, 2 << 20, http.StatusOK},
	} {
		synctest.Test(t, func(t *testing.T) {
			svc := limitedService(jacinth.Limits{Headers: test.set})
			network := newPipes()
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- svc.Serve(ctx, network) }()
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://memory/api", strings.NewReader(textCall(1)))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("X-Padding", strings.Repeat("x", test.size))
			response, err := network.client(t).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if response.StatusCode != test.status {
				t.Errorf("with Headers %d, %d bytes of headers have status %d, want %d", test.set, test.size, response.StatusCode, test.status)
			}
			stop()
			if err := <-ended; err != nil {
				t.Errorf("Serve = %v, want nil", err)
			}
		})
	}
}

// TestConnection_unlimitedTimes holds that a limit in time of a connection can be taken away without the next one
// standing in for it, as net/http would have it.
func TestConnection_unlimitedTimes(t *testing.T) {
	const get = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, test := range []struct {
		name   string
		limits jacinth.Limits
		sent   string
		want   time.Duration // until the service gives up; 0 is never
	}{
		{"Idle", jacinth.Limits{Idle: jacinth.Unlimited}, get, 0},
		{"Idle, set", jacinth.Limits{Idle: time.Second}, get, time.Second},
		{"HeaderRead", jacinth.Limits{HeaderRead: jacinth.Unlimited}, get[:10], 15 * time.Second},
		{"HeaderRead, set", jacinth.Limits{HeaderRead: time.Second}, get[:10], time.Second},
		{"HeaderRead and Read", jacinth.Limits{HeaderRead: jacinth.Unlimited, Read: jacinth.Unlimited}, get[:10], 0},
		{"Read", jacinth.Limits{Read: jacinth.Unlimited, BodyRate: jacinth.Unlimited}, "POST /api HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{", 0},
		{"all", jacinth.Limits{Read: -1, BodyRate: -1, HeaderRead: -1, Idle: -1}, get, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				svc := limitedService(test.limits)
				ctx, stop := context.WithCancel(t.Context())
				network := newPipes()
				ended := make(chan error)
				go func() { ended <- svc.Serve(ctx, network) }()
				here, there := net.Pipe()
				network.connections <- there
				start := time.Now()
				gone := make(chan time.Duration, 1)
				go func() {
					_, _ = io.WriteString(here, test.sent)
					_, _ = io.Copy(io.Discard, here)
					gone <- time.Since(start)
				}()
				time.Sleep(1000 * time.Hour)
				select {
				case took := <-gone:
					if took != test.want {
						t.Errorf("the connection ended after %v, want %v (0 is never)", took, test.want)
					}
				default:
					if test.want != 0 {
						t.Errorf("the connection did not end, want an end after %v", test.want)
					}
				}
				_ = here.Close()
				stop()
				if err := <-ended; err != nil {
					t.Errorf("Serve = %v, want nil", err)
				}
			})
		})
	}
}

// TestServe_tellsTheLength: replies of any size come with their length and not in chunks, though the service leaves it to
// net/http to say that of a short one.
func TestServe_tellsTheLength(t *testing.T) {
	svc := jacinth.New(jacinth.Config{Name: "long", Logger: slog.New(slog.DiscardHandler)})
	jacinth.Public(svc, "text", func(_ context.Context, p struct {
		Size int `json:"size"`
	},
	) (string, error) {
		return strings.Repeat("x", p.Size), nil
	})
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		server := httptest.NewUnstartedServer(svc)
		server.EnableHTTP2 = true
		client := server.Client
		if protocol == "HTTP/2.0" {
			server.StartTLS()
		} else {
			server.Start()
		}
		defer server.Close()
		post := func(body string) (text string, length int64, header http.Header) {
			response, err := client().Post(server.URL+"/api", "application/json", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			read, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.Proto != protocol || len(response.TransferEncoding) > 0 {
				t.Errorf("the reply is sent by %s, as %q", response.Proto, response.TransferEncoding)
			}
			return string(read), response.ContentLength, response.Header
		}
		const around = len(`{"jsonrpc":"2.0","id":1,"result":""}`)
		for _, size := range []int{around, 100, 2046, 2047, 2048, 2049, 4095, 4096, 4097, 100_000} {
			text, length, _ := post(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"text","params":[%d]}`, size-around))
			if len(text) != size || length != int64(size) {
				t.Errorf("%s: a reply of %d bytes, of which %d came, has length %d", protocol, size, len(text), length)
			}
		}
		text, length, header := post(`{"jsonrpc":"2.0","method":"text","params":[1]}`)
		if text != "" || length != 0 || header.Get("Content-Type") != "" {
			t.Errorf("%s: to a notification came %q, of length %d, type %q", protocol, text, length, header.Get("Content-Type"))
		}
	}
}
