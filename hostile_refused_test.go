package jacinth_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/leaktest"
	"github.com/jacinth-rpc/jacinth/internal/testkit/proxy"
	"github.com/jacinth-rpc/jacinth/web"
)

// listening runs a service on a port of its own until the end of the test.
func listening(t *testing.T, svc *jacinth.Service) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- svc.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
	})
	return listener.Addr().String()
}

// strict is a service that has much to refuse.
func strict() *jacinth.Service {
	svc := jacinth.New(quiet("strict"))
	jacinth.Public(svc, "sum", sum)
	web.Files(svc, "/static", fstest.MapFS{"a.txt": {Data: []byte("text")}})
	svc.Handle("POST /unread", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
	}))
	return svc
}

// refusal is a request that is answered before its body has been read.
type refusal struct {
	method, path, kind string
	size               int
	header             string // a line
	status             int
}

var refusals = []refusal{
	{"POST", "/api", "application/json", 5 << 20, "", http.StatusRequestEntityTooLarge},
	{"POST", "/api", "text/plain", 800_000, "", http.StatusUnsupportedMediaType},
	{"POST", "/api", "application/json", 800_000, "Content-Encoding: gzip", http.StatusUnsupportedMediaType},
	{"PUT", "/api", "application/json", 800_000, "", http.StatusMethodNotAllowed},
	{"POST", "/api", "application/json", 800_000, "Origin: https://evil.test", http.StatusForbidden},
	{"POST", "/nothing", "application/json", 5 << 20, "", http.StatusNotFound},
	{"POST", "/static/a.txt", "application/json", 5 << 20, "", http.StatusMethodNotAllowed},
	{"POST", "/explorer", "application/json", 5 << 20, "", http.StatusMethodNotAllowed},
	{"POST", "/livez", "application/json", 5 << 20, "", http.StatusMethodNotAllowed},
	{"POST", "/unread", "application/json", 5 << 20, "", http.StatusAccepted},
	{"POST", "/api", "application/json", 800_000, "X-Odd: a\x01b", http.StatusBadRequest}, // by net/http itself
}

// frontends are proxies with a service each in a pool of two.
var frontends = []struct {
	name  string
	start func(t *testing.T, first, second string) *proxy.Proxy
}{
	{"nginx", nginxWith("")}, // HTTP/1.0, Connection: close, the body buffered
	{"nginx that keeps connections", nginxWith(`proxy_http_version 1.1; proxy_set_header Connection "";`)},
	{"nginx that does not buffer", nginxWith("proxy_request_buffering off;")},
	{"nginx that keeps and does not buffer", nginxWith(`proxy_http_version 1.1; proxy_set_header Connection "";
		proxy_request_buffering off;`)},
	{"HAProxy", haproxyWith("")},
	{"HAProxy that closes", haproxyWith("option httpclose")},
}

func nginxWith(lines string) func(*testing.T, string, string) *proxy.Proxy {
	return func(t *testing.T, first, second string) *proxy.Proxy {
		return proxy.Nginx(t, `
			client_max_body_size 0;
			upstream pool { server `+first+`; server `+second+`; keepalive 8; }
			server {
				listen LISTEN;
				location / { proxy_set_header Host localhost; proxy_pass http://pool; `+lines+` }
			}`)
	}
}

func haproxyWith(lines string) func(*testing.T, string, string) *proxy.Proxy {
	return func(t *testing.T, first, second string) *proxy.Proxy {
		return proxy.HAProxy(t, `
defaults
	mode http
	`+lines+`
	timeout connect 5s
	timeout client 30s
	timeout server 30s
	default-server observe layer7 error-limit 2 on-error mark-down check inter 10s
frontend front
	bind LISTEN
	default_backend pool
backend pool
	option httpchk
	http-check send meth GET uri /livez ver HTTP/1.1 hdr Host localhost
	server first `+first+`
	server second `+second)
	}
}

// TestHostile_refusedBehindProxies holds that whoever is refused gets the answer through every kind of proxy, and that
// no proxy takes an instance for dead because it refused: one anonymous caller could take all of them away otherwise.
func TestHostile_refusedBehindProxies(t *testing.T) {
	const times, calls = 4, 8
	for _, front := range frontends {
		t.Run(front.name, func(t *testing.T) {
			base := front.start(t, listening(t, strict()), listening(t, strict())).URL()
			// A proxy may close a connection after such an answer, just when a client sends the next call over it.
			client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
			for _, r := range refusals {
				if r.header == "X-Odd: a\x01b" && strings.HasPrefix(front.name, "HAProxy") {
					continue // which refuses it itself
				}
				answers := map[string]int{}
				for range times {
					answers[r.through(t, client, base)]++
				}
				if answers[fmt.Sprint(r.status)] != times {
					t.Errorf("%s %s with %d bytes is answered %v, want %d of %d", r.method, r.path, r.size, answers, r.status, times)
				}
				answers = map[string]int{}
				for range calls {
					answers[(&refusal{method: "POST", path: "/api", kind: "application/json"}).through(t, client, base)]++
				}
				if answers["200"] != calls {
					t.Errorf("after %s %s, good calls are answered %v, want 200 of %d", r.method, r.path, answers, calls)
				}
			}
		})
	}
}

// through sends a request over a connection of its own, and returns the status of the answer or the error.
func (r *refusal) through(t *testing.T, client *http.Client, base string) string {
	t.Helper()
	var body io.Reader = strings.NewReader(sumCall)
	if r.size > 0 {
		body = strings.NewReader(strings.Repeat("x", r.size))
	}
	if strings.Contains(r.header, "\x01") {
		return r.raw(t, strings.TrimPrefix(base, "http://"), "HTTP/1.1")
	}
	request, err := http.NewRequestWithContext(t.Context(), r.method, base+r.path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", r.kind)
	if name, value, ok := strings.Cut(r.header, ": "); ok {
		request.Header.Set(name, value)
	}
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return fmt.Sprint(response.StatusCode)
}

// raw sends all of a request before it reads anything, and returns the status of the answer or the error.
func (r *refusal) raw(t *testing.T, address, version string, lines ...string) string {
	t.Helper()
	head := []string{r.method + " " + r.path + " " + version, "Host: " + address, "Content-Type: " + r.kind, fmt.Sprintf("Content-Length: %d", r.size)}
	if r.header != "" {
		head = append(head, r.header)
	}
	head = append(head, lines...)
	return sendAll(t, address, strings.Join(head, "\r\n")+"\r\n\r\n"+strings.Repeat("x", r.size))
}

// sendAll sends a text before it reads anything, and returns the status of the answer or the error.
func sendAll(t *testing.T, address, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(conn, text); err != nil {
		return err.Error()
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	if _, err := io.ReadAll(response.Body); err != nil {
		return err.Error()
	}
	return fmt.Sprint(response.StatusCode)
}

// TestHostile_refusedWhoSendsBeforeReading holds that a client which sends all of its request before it reads, as many
// simple ones do, reads the answer then.
func TestHostile_refusedWhoSendsBeforeReading(t *testing.T) {
	address := listening(t, strict())
	for _, r := range refusals {
		for _, close := range []string{"", "Connection: close"} {
			for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
				lines := []string{}
				if close != "" {
					lines = append(lines, close)
				}
				if got := r.raw(t, address, version, lines...); got != fmt.Sprint(r.status) {
					t.Errorf("%s %s %s %s with %d bytes is answered %s, want %d", r.method, r.path, version, close, r.size, got, r.status)
				}
			}
		}
	}
}

// TestHostile_refusedWhileReading is the same where the service has begun to read the body, or cannot.
func TestHostile_refusedWhileReading(t *testing.T) {
	roomy := listening(t, limitedService(jacinth.Limits{}))
	narrow := listening(t, limitedService(jacinth.Limits{BodyInFlight: 5000}))
	large := strings.Repeat("x", 3<<20)
	const head = "POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
	for _, test := range []struct {
		name, address, text string
		status              int
	}{
		{"no room", narrow, head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", 1<<20, large[:1<<20]), http.StatusServiceUnavailable},
		{"too large, which no header says", roomy, head + "Transfer-Encoding: chunked\r\n\r\n300000\r\n" + large + "\r\n0\r\n\r\n", http.StatusRequestEntityTooLarge},
		{"no chunk", roomy, head + "Transfer-Encoding: chunked\r\n\r\nno\r\n" + large, http.StatusBadRequest},
		{"large headers", roomy, head + "X-Large: " + large + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
		{"no request", roomy, "no\r\n\r\n" + large, http.StatusBadRequest},
	} {
		if got := sendAll(t, test.address, test.text); got != fmt.Sprint(test.status) {
			t.Errorf("%s is answered %s, want %d", test.name, got, test.status)
		}
	}
}

// TestHostile_refusedDoesNotDelayTheStop holds that a service stops though somebody whom it has refused neither reads
// nor hangs up.
func TestHostile_refusedDoesNotDelayTheStop(t *testing.T) {
	before := leaktest.Take()
	svc := strict()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- svc.Serve(ctx, listener) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /api HTTP/1.0\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 800000\r\n\r\n")
	if _, err := io.ReadAll(conn); err != nil { // until the service has closed its side
		t.Errorf("the answer ends with %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Serve = %v, want nil", err)
	}
	for _, stack := range before.Leaked(0) {
		if strings.Contains(stack, "lingerer") {
			t.Errorf("a stopped service still reads a connection:\n%s", stack)
		}
	}
}

// TestHostile_refusedPython holds that the clients of Python's standard library see the answer and no broken pipe.
func TestHostile_refusedPython(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("NOT TESTED with Python, which is missing: install it with make deps")
	}
	address := listening(t, strict())
	const script = `
import http.client, sys, urllib.request, urllib.error
address = sys.argv[1]
for size, kind in (5 << 20, "application/json"), (800_000, "text/plain"):
    c = http.client.HTTPConnection(address)
    c.request("POST", "/api", b"x" * size, {"Content-Type": kind})
    print(c.getresponse().status)
    try:
        urllib.request.urlopen(urllib.request.Request("http://" + address + "/api", b"x" * size, {"Content-Type": kind}))
    except urllib.error.HTTPError as e:
        print(e.code)
`
	output, err := exec.CommandContext(t.Context(), "python3", "-c", script, address).CombinedOutput()
	if got := strings.Join(strings.Fields(string(output)), " "); err != nil || got != "413 413 415 415" {
		t.Errorf("Python prints %s (%v), want 413 413 415 415", output, err)
	}
}
