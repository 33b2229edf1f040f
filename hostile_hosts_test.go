package jacinth_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// TestHostile_namesPointedAtTheService sends requests for names over the network, as a page does whose owner has pointed
// its name at the service.
func TestHostile_namesPointedAtTheService(t *testing.T) {
	public := &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 8000}
	for _, test := range []struct {
		publicURL, host, path string
		want                  int
	}{
		{"https://billing.example.com", "evil.example", "/api", 403},
		{"https://billing.example.com", "evil.example:8000", "/page", 403},
		{"https://billing.example.com", "billing.example.com.evil.example", "/api", 403},
		{"https://billing.example.com", "x.billing.example.com", "/api", 403},
		{"https://billing.example.com", "10.1.2.3.evil.example", "/api", 403},
		{"https://billing.example.com", "evil.local.example", "/api", 403},
		{"https://billing.example.com", "127.1", "/api", 403},
		{"https://billing.example.com:8443", "evil.example:8443", "/api", 403},
		{"https://billing.example.com", "billing.example.com", "/api", 200},
		{"https://billing.example.com", "BILLING.example.com.:443", "/api", 200},
		{"https://billing.example.com:8443", "billing.example.com", "/api", 200},
		{"https://billing.example.com", "app.example.com", "/api", 200}, // listed in Origins
		{"https://billing.example.com", "10.1.2.3:8000", "/api", 200},
		{"https://billing.example.com", "[fd00::1]:8000", "/api", 200},
		{"https://billing.example.com", "billing", "/api", 200},
		{"https://billing.example.com", "pool:8000", "/api", 200}, // as nginx names its upstreams
		{"https://billing.example.com", "billing.prod.svc.cluster.local:8000", "/api", 200},
		{"https://billing.example.com", "billing.prod.svc", "/api", 200},
		{"https://billing.example.com", "", "/api", 200}, // HTTP/1.0
		{"https://billing.example.com", "evil.example", "/livez", 200},
		{"https://billing.example.com", "evil.example", "/readyz", 200},
		{"http://10.1.2.3:8000", "billing.example.com", "/api", 200}, // an address is no name to go by
		{"http://billing.internal", "billing.example.com", "/api", 200},
		{"", "evil.example", "/api", 200},
	} {
		config := quiet("known")
		config.PublicURL, config.Origins = test.publicURL, []string{"https://app.example.com"}
		svc := jacinth.New(config)
		jacinth.Public(svc, "m", func(context.Context, jacinth.None) (jacinth.None, error) { return jacinth.None{}, nil })
		svc.Handle("/page", http.NotFoundHandler())
		method := http.MethodPost
		if test.path != "/api" {
			method = http.MethodGet
		}
		request := httptest.NewRequest(method, "http://service.test"+test.path, strings.NewReader(call("m")))
		request.Header.Set("Content-Type", "application/json")
		request.Host = test.host
		request = request.WithContext(context.WithValue(request.Context(), http.LocalAddrContextKey, public))
		recorder := httptest.NewRecorder()
		svc.ServeHTTP(recorder, request)
		if recorder.Code != test.want {
			t.Errorf("with PublicURL %q, %s for %q has status %d, want %d", test.publicURL, test.path, test.host, recorder.Code, test.want)
		}
	}
}
