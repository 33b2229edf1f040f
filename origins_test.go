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

// TestServeHTTP_admitsOriginsAndHosts is the matrix of who may call from a browser.
func TestServeHTTP_admitsOriginsAndHosts(t *testing.T) {
	const app, other = "https://app.example.com", "https://evil.example"
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8000}
	loopback6 := &net.TCPAddr{IP: net.IPv6loopback, Port: 8000}
	public := &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 8000}
	type want struct {
		status int
		allow  string // Access-Control-Allow-Origin
	}
	for _, c := range []struct {
		name      string
		origins   []string
		publicURL string
		local     net.Addr
		host      string
		header    []string
		method    string
		want      want
	}{
		{name: "no browser at all", want: want{200, ""}},
		{name: "a page of the service", header: []string{"Origin", "http://service.test"}, want: want{200, ""}},
		{name: "a page of the service, as fetch metadata says", header: []string{"Sec-Fetch-Site", "same-origin"}, want: want{200, ""}},
		{name: "another site", header: []string{"Origin", other}, want: want{403, ""}},
		{name: "another site, as fetch metadata says", header: []string{"Sec-Fetch-Site", "cross-site"}, want: want{403, ""}},
		{name: "another subdomain", header: []string{"Sec-Fetch-Site", "same-site", "Origin", "http://x.service.test"}, want: want{403, ""}},
		{name: "a page without an origin", header: []string{"Origin", "null"}, want: want{403, ""}},
		{name: "a listed site", origins: []string{app}, header: []string{"Origin", app, "Sec-Fetch-Site", "cross-site"}, want: want{200, app}},
		{name: "a site that is not listed", origins: []string{app}, header: []string{"Origin", other, "Sec-Fetch-Site", "cross-site"}, want: want{403, ""}},
		{name: "a site that begins like a listed one", origins: []string{app}, header: []string{"Origin", app + ".evil.example"}, want: want{403, ""}},
		{name: "a listed site over http", origins: []string{app}, header: []string{"Origin", "http://app.example.com"}, want: want{403, ""}},
		{name: "a listed site on another port", origins: []string{app}, header: []string{"Origin", app + ":8443"}, want: want{403, ""}},
		{name: "null where sites are listed", origins: []string{app}, header: []string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, want: want{403, ""}},
		{name: "everybody", origins: []string{"*"}, header: []string{"Origin", other, "Sec-Fetch-Site", "cross-site"}, want: want{200, "*"}},
		{name: "a preflight of another site", header: []string{"Origin", other, "Access-Control-Request-Method", "POST"}, method: "OPTIONS", want: want{405, ""}},
		{name: "a preflight of a listed site", origins: []string{app}, header: []string{"Origin", app, "Access-Control-Request-Method", "POST"}, method: "OPTIONS", want: want{204, app}},
		{name: "a preflight of an unlisted site", origins: []string{app}, header: []string{"Origin", other, "Access-Control-Request-Method", "POST"}, method: "OPTIONS", want: want{405, ""}},
		{name: "OPTIONS that is no preflight", origins: []string{app}, header: []string{"Origin", app}, method: "OPTIONS", want: want{405, app}},
		{name: "a form", header: []string{"Content-Type", "application/x-www-form-urlencoded"}, want: want{415, ""}},
		{name: "plain text, which needs no preflight", header: []string{"Content-Type", "text/plain"}, want: want{415, ""}},

		{name: "this machine by name", local: loopback, host: "localhost:8000", want: want{200, ""}},
		{name: "this machine by name with a dot", local: loopback, host: "LocalHost.:8000", want: want{200, ""}},
		{name: "this machine by number", local: loopback, host: "127.0.0.1:8000", want: want{200, ""}},
		{name: "this machine by another of its numbers", local: loopback, host: "127.9.9.9", want: want{200, ""}},
		{name: "this machine by IPv6", local: loopback6, host: "[::1]:8000", want: want{200, ""}},
		{name: "a name that points to this machine", local: loopback, host: "evil.example:8000", want: want{403, ""}},
		{name: "a name that points to this machine by IPv6", local: loopback6, host: "evil.example", want: want{403, ""}},
		{name: "a name that begins like this machine", local: loopback, host: "localhost.evil.example", want: want{403, ""}},
		{name: "a number that begins like this machine", local: loopback, host: "127.0.0.1.evil.example", want: want{403, ""}},
		{name: "no host", local: loopback, host: "-", want: want{403, ""}},
		{name: "the public name, behind a proxy on this machine", publicURL: "https://api.example.com", local: loopback, host: "api.example.com", want: want{200, ""}},
		{name: "another name, behind a proxy on this machine", publicURL: "https://api.example.com", local: loopback, host: "evil.example", want: want{403, ""}},
		{name: "any name over the network", local: public, host: "whatever.example", want: want{200, ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := quiet("origins")
			config.Origins, config.PublicURL = c.origins, c.publicURL
			svc := jacinth.New(config)
			ran := false
			jacinth.Public(svc, "run", func(context.Context, jacinth.None) (jacinth.None, error) {
				ran = true
				return jacinth.None{}, nil
			})
			method := c.method
			if method == "" {
				method = http.MethodPost
			}
			request := httptest.NewRequest(method, "http://service.test/api", strings.NewReader(call("run")))
			request.Header.Set("Content-Type", "application/json")
			for i := 0; i < len(c.header); i += 2 {
				request.Header.Set(c.header[i], c.header[i+1])
			}
			if c.host != "" {
				request.Host = strings.TrimPrefix(c.host, "-")
			}
			if c.local != nil {
				request = request.WithContext(context.WithValue(request.Context(), http.LocalAddrContextKey, c.local))
			}
			recorder := httptest.NewRecorder()
			svc.ServeHTTP(recorder, request)
			header := recorder.Header()
			if recorder.Code != c.want.status || header.Get("Access-Control-Allow-Origin") != c.want.allow {
				t.Errorf("status %d, allowed origin %q; want %+v\n%s", recorder.Code, header.Get("Access-Control-Allow-Origin"), c.want, recorder.Body)
			}
			if ran != (c.want.status == http.StatusOK) {
				t.Errorf("the method ran: %v, with status %d", ran, recorder.Code)
			}
			if header.Get("Access-Control-Allow-Credentials") != "" {
				t.Error("credentials are allowed, which they never are")
			}
			if c.origins != nil && c.want.status == http.StatusOK && header.Get("Vary") != "Origin" {
				t.Errorf("Vary %q, want Origin: a cache would hand the reply of one site to another", header.Get("Vary"))
			}
			if c.want.status == http.StatusNoContent {
				for _, name := range []string{"Content-Type", "Authorization", "X-Api-Token", "Jacinth-Timeout-Ms"} {
					if !strings.Contains(header.Get("Access-Control-Allow-Headers"), name) {
						t.Errorf("the preflight does not allow the header %s", name)
					}
				}
			}
		})
	}
}

func TestNew_refusesOriginsThatAreNone(t *testing.T) {
	for _, origins := range [][]string{
		{"app.example.com"},
		{"https://app.example.com/path"},
		{"*", "https://app.example.com"},
		{""},
		{"null"},
		{"https://app.example.com/"},
		{"https://App.example.com"},
		{"https://app.example.com:443"},
		{"http://app.example.com:80"},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Origins %q were accepted, want a panic", origins)
				}
			}()
			config := quiet("origins")
			config.Origins = origins
			jacinth.New(config)
		}()
	}
}

func TestPrivate_refusesAServiceThatIsOpenToEverySite(t *testing.T) {
	config := quiet("origins")
	config.Origins = []string{"*"}
	config.Authorize = jacinth.Tokens("a token of some length")
	defer func() {
		if recover() == nil {
			t.Error(`Origins "*" and a private method were accepted together, want a panic`)
		}
	}()
	jacinth.Private(jacinth.New(config), "shut", func(context.Context, jacinth.None) (jacinth.None, error) { return jacinth.None{}, nil })
}
