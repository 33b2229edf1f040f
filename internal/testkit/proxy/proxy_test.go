package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/leaktest"
	"github.com/jacinth-rpc/jacinth/internal/testkit/proxy"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Main(m)) }

// TestProxies_reachThePool starts each proxy in front of two servers and asks it until both have answered.
func TestProxies_reachThePool(t *testing.T) {
	for _, test := range []struct {
		name  string
		start func(t *testing.T, first, second string) *proxy.Proxy
	}{
		{"nginx", func(t *testing.T, first, second string) *proxy.Proxy {
			return proxy.Nginx(t, `
				upstream pool { server `+first+`; server `+second+`; }
				server { listen LISTEN; location / { proxy_pass http://pool; } }`)
		}},
		{"haproxy", func(t *testing.T, first, second string) *proxy.Proxy {
			return proxy.HAProxy(t, `
defaults
	mode http
	timeout connect 5s
	timeout client 30s
	timeout server 30s
frontend front
	bind LISTEN
	default_backend pool
backend pool
	server first `+first+`
	server second `+second)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			front := test.start(t, server(t, "first"), server(t, "second"))
			transport := new(http.Transport)
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport}
			seen := make(map[string]bool)
			for range 4 {
				response, err := client.Post(front.URL()+"/path", "text/plain", strings.NewReader("text"))
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(response.Body)
				response.Body.Close()
				if err != nil {
					t.Fatal(err)
				}
				seen[string(body)] = true
			}
			if len(seen) != 2 || !seen["first /path text"] || !seen["second /path text"] {
				t.Errorf("behind the proxy answer %v, want both servers, and that they see path and body", seen)
			}
		})
	}
}

// server starts a server that answers with its name, and the path and body of the request.
func server(t *testing.T, name string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, name+" "+r.URL.Path+" "+string(body))
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}
