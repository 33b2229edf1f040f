package jacinth_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// TestConnection_ends holds that a connection says goodbye with the first reply after its time, a fifth less at most, and
// that connections of the same moment do not end in the same one.
func TestConnection_ends(t *testing.T) {
	for _, test := range []struct {
		limit time.Duration
		want  time.Duration // 0 is never
	}{
		{0, 10 * time.Minute},
		{time.Minute, time.Minute},
		{jacinth.Unlimited, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			config := quiet("old")
			config.Limits.Connection = test.limit
			pipe, stop := serve(t, jacinth.New(config))
			pause := time.Minute
			if test.want > 0 {
				pause = test.want / 100
			}
			ages := map[time.Duration]bool{}
			for range 8 {
				here, there := net.Pipe()
				pipe.connections <- there
				reader := bufio.NewReader(here)
				began := time.Now()
				for time.Since(began) < 15*time.Minute {
					const text = `{"jsonrpc":"2.0","id":1,"method":"get_service_specs"}`
					go func() {
						_, _ = io.WriteString(here, "POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 53\r\n\r\n"+text)
					}()
					response, err := http.ReadResponse(reader, nil)
					if err != nil {
						t.Fatalf("after %v: %v", time.Since(began), err)
					}
					if _, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
						t.Errorf("after %v: status %d, %v", time.Since(began), response.StatusCode, err)
					}
					response.Body.Close()
					if response.Close {
						ages[time.Since(began)] = true
						break
					}
					time.Sleep(pause)
				}
				_ = here.Close()
			}
			if test.want == 0 && len(ages) > 0 {
				t.Errorf("without a limit, connections end after %v", ages)
			}
			if test.want > 0 && len(ages) < 3 {
				t.Errorf("with limit %v, connections end after %v, want different times", test.limit, ages)
			}
			for age := range ages {
				if age < test.want*4/5 || age > test.want+pause {
					t.Errorf("with limit %v, a connection ends after %v", test.limit, age)
				}
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestConnection_endsWithHTTP2 does the same with HTTP/2, over which a connection goes away: the calls on it are answered,
// and the next one has another.
func TestConnection_endsWithHTTP2(t *testing.T) {
	config := quiet("old")
	config.TLS = &tls.Config{Certificates: []tls.Certificate{*newAuthority(t).issue(&x509.Certificate{DNSNames: []string{"localhost"}})}}
	config.Limits.Connection = time.Nanosecond
	svc := jacinth.New(config)
	entered, release := make(chan struct{}), make(chan struct{})
	jacinth.Public(svc, "slow", func(context.Context, jacinth.None) (string, error) {
		close(entered)
		<-release
		return "done", nil
	})
	ctx, cancel := context.WithCancel(context.Background())
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- svc.Serve(ctx, listener) }()
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	url := "https://" + listener.Addr().String() + "/api"
	do := func(method string) (reused bool, status int, text string) {
		trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused }}
		request, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodPost, url, strings.NewReader(call(method)))
		if err != nil {
			t.Error(err)
			return false, 0, ""
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Errorf("%s: %v", method, err)
			return false, 0, ""
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.ProtoMajor != 2 {
			t.Errorf("%s: %v by %s", method, err, response.Proto)
		}
		return reused, response.StatusCode, string(body)
	}
	answered := make(chan string, 1)
	go func() { _, _, text := do("slow"); answered <- text }()
	<-entered
	if reused, status, _ := do("get_service_specs"); !reused || status != http.StatusOK {
		t.Errorf("the second call: a connection that was there %v, status %d", reused, status)
	}
	until(t, "another connection is taken", func() bool {
		reused, status, _ := do("get_service_specs")
		return !reused && status == http.StatusOK
	})
	close(release)
	if text := <-answered; !strings.Contains(text, `"result":"done"`) {
		t.Errorf("the call on the old connection is answered with %q", text)
	}
	transport.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestMain_endsSoonAtSIGINT: a person at a terminal waits, and no balancer, though one may have asked.
func TestMain_endsSoonAtSIGINT(t *testing.T) {
	for _, test := range []struct {
		signal os.Signal
		want   bool // that it takes calls when it is not ready any more
	}{
		{syscall.SIGTERM, true},
		{os.Interrupt, false},
	} {
		p, client := start(t, child(t, "-drain-timeout", "30s")), newClient(t)
		answers := fillWithSlowCalls(t, p, client) // or it is gone too soon to be asked
		if got := statusOf(t, client, p.root()+"/readyz"); got != http.StatusOK {
			t.Fatalf("/readyz has status %d", got)
		}
		if err := p.Process.Signal(test.signal); err != nil {
			t.Fatal(err)
		}
		untilNotReady(t, p, client)
		if !test.want {
			untilRefused(t, p, client)
		} else if got := post(t, client, p.url, call("get_service_specs")); got.status != http.StatusOK {
			t.Errorf("after %v a call has status %d, want 200", test.signal, got.status)
		}
		if got := post(t, client, p.root()+"/release", ""); got.status != http.StatusOK {
			t.Errorf("POST /release: status %d", got.status)
		}
		answers()
		client.CloseIdleConnections()
		if err := p.wait(); err != nil {
			t.Errorf("after %v the program ended with %v", test.signal, err)
		}
	}
}
