package jacinth_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// recorder is a transport that answers everything, and notes where a request went.
type recorder struct {
	mu    sync.Mutex
	hosts []string
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Header.Get("X-Api-Token") != "" {
		r.mu.Lock()
		r.hosts = append(r.hosts, request.URL.Scheme+"://"+request.URL.Host)
		r.mu.Unlock()
	}
	_, _ = io.Copy(io.Discard, request.Body)
	return &http.Response{StatusCode: http.StatusBadGateway, Body: http.NoBody, Request: request}, nil
}

// TestClient_sendsTokensToItsHostsOnly is a registry in which somebody has put what he likes.
func TestClient_sendsTokensToItsHostsOnly(t *testing.T) {
	logTo(t, io.Discard)
	everywhere := []string{
		"http://127.0.0.1:1", "http://localhost:1", "http://10.0.0.7", "https://10.0.0.8:1", "http://192.168.1.1", "http://172.16.0.1",
		"http://[::1]:1", "http://[fd00::1]", "http://[::ffff:10.0.0.9]:1",
		"http://203.0.113.7", "https://203.0.113.8", "https://evil.example", "http://evil.example", "http://billing.example.com",
		"https://billing.example.com", "https://a.billing.example.com:8443", "https://billing.example.com.evil.example",
		"https://evilbilling.example.com", "http://169.254.169.254", "http://100.64.0.1", "http://0.0.0.0:1", "http://[::]:1",
		"http://[fe80::1]:1", "http://[fe80::1%25eth0]:1", "http://[64:ff9b::a00:1]", "http://0x7f.1", "http://127.1",
		"http://2130706433", "http://0177.0.0.1", "http://localhost.evil.example", "http://evil.example#127.0.0.1",
		"http://127.0.0.1@evil.example", "http://10.0.0.7:x@evil.example", "http://ada:x@10.0.0.20", "http://10.0.0.21?x", "http://10.0.0.22#x", "http://evil.example?127.0.0.1", "http://１０.0.0.1",
		"https://billing.example.com。evil.example", "https://evil.example。billing.example.com", "http://%31%30.0.0.1",
		"http://[::ffff:203.0.113.9]", "ftp://10.0.0.7", "nats://10.0.0.7", "//10.0.0.7", "10.0.0.7", "http://", "", "http://a b",
		"http://evil.example/http://10.0.0.7", "http://[fd00::1%25evil]", "http://billing.example.com.", "HTTPS://BILLING2.EXAMPLE.COM",
	}
	near := []string{
		"http://127.0.0.1:1", "http://localhost:1", "http://10.0.0.7", "https://10.0.0.8:1", "http://192.168.1.1", "http://172.16.0.1",
		"http://[::1]:1", "http://[fd00::1]", "http://[::ffff:10.0.0.9]:1",
	}
	for _, test := range []struct {
		hosts []string
		want  []string
	}{
		{nil, near},
		{[]string{}, near},
		{[]string{"10.0.0.7"}, []string{"http://10.0.0.7"}},
		{[]string{"10.0.0.0/24"}, []string{"http://10.0.0.7", "https://10.0.0.8:1", "http://[::ffff:10.0.0.9]:1"}},
		{[]string{"https://10.0.0.0/24"}, []string{"https://10.0.0.8:1"}},
		{[]string{"203.0.113.0/24"}, []string{"https://203.0.113.8"}},
		{[]string{"http://203.0.113.0/24"}, []string{"http://203.0.113.7", "https://203.0.113.8", "http://[::ffff:203.0.113.9]"}},
		{[]string{"fd00::/8", "::1"}, []string{"http://[fd00::1]", "http://[::1]:1"}},
		{[]string{"localhost"}, []string{"http://localhost:1"}},
		{[]string{"billing.example.com"}, []string{"https://billing.example.com"}},
		{[]string{"http://Billing.example.com"}, []string{"https://billing.example.com", "http://billing.example.com"}},
		{[]string{"*.example.com"}, []string{
			"https://billing.example.com", "https://a.billing.example.com:8443", "https://evilbilling.example.com", "https://BILLING2.EXAMPLE.COM",
		}},
		{[]string{"https://*.billing.example.com"}, []string{"https://a.billing.example.com:8443"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			reg := new(board)
			for _, base := range everywhere {
				reg.instances = append(reg.instances, jacinth.Instance{ID: base, Service: "billing", URL: base + "/api", Ready: true})
			}
			sent := new(recorder)
			client := &jacinth.Client{
				Service: "billing", Registry: reg, Hosts: test.hosts, Token: "secret", Transport: sent,
			}
			defer client.Close()
			for range 300 {
				_ = client.Call(t.Context(), "who", nil, nil, jacinth.ReadOnly())
				time.Sleep(500 * time.Millisecond)
			}
			got := slices.Compact(slices.Sorted(slices.Values(sent.hosts)))
			if want := slices.Sorted(slices.Values(test.want)); !slices.Equal(got, want) {
				t.Errorf("with Hosts %q the token went to\n%q, want\n%q", test.hosts, got, want)
			}
		})
	}
}

// logTo has the default logger write elsewhere for the length of a test.
func logTo(tb testing.TB, to io.Writer) {
	was := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(to, nil)))
	tb.Cleanup(func() { slog.SetDefault(was) })
}

func TestClient_saysWhichInstanceItLeavesOut(t *testing.T) {
	var log bytes.Buffer
	logTo(t, &log)
	synctest.Test(t, func(t *testing.T) {
		net, reg := newNetwork(t), new(board)
		a := net.add(hostA)
		evil := jacinth.Instance{ID: "evil", Service: "billing", URL: "http://ada:secret@evil.example/\u202eapi", Ready: true}
		reg.set(a.instance, evil)
		client := net.client(reg)
		if got := whoMany(t, client, 10); got[hostA] != 10 {
			t.Errorf("calls went to %v", got)
		}
		for range 5 {
			reg.set(a.instance, evil)
			synctest.Wait()
		}
		reg.set(evil)
		synctest.Wait()
		_, err := who(t, client)
		if err == nil || !strings.Contains(err.Error(), "evil.example") || strings.Contains(err.Error(), "secret") {
			t.Errorf("who = %v, want that no instance may be called, and no secret", err)
		}
		plain := evil
		plain.URL = "http://billing.example.com/api"
		reg.set(plain)
		synctest.Wait()
		if _, err = who(t, client); err == nil || !strings.Contains(err.Error(), "Client.Hosts") {
			t.Errorf("who = %v, want the rule that leaves the instance out", err)
		}
	})
	text := log.String()
	if strings.Count(text, "evil.example") != 1 || strings.Contains(text, "secret") || strings.Contains(text, "\u202e") {
		t.Errorf("the log has not one line without a secret and without control characters:\n%s", text)
	}
}

func TestClient_refusesHostsThatCannotBe(t *testing.T) {
	for _, entry := range []string{
		"", "*example.com", "*.", "**", "a.*.example.com", ".example.com", "example.com:443", "http://example.com/api", "ftp://example.com",
		"example.com/24", "10.0.0.7/8", "fe80::1%eth0", "exämple.com", "a b", "://", "http://",
	} {
		client := &jacinth.Client{Service: "billing", Registry: new(board), Hosts: []string{entry}}
		err := client.Call(t.Context(), "who", nil, nil)
		if err == nil || !strings.Contains(err.Error(), "Client.Hosts is wrong") {
			t.Errorf("with the host %q a call = %v, want that the entry is wrong", entry, err)
		}
		client.Close()
	}
}

// FuzzClient_hosts holds that whatever URL a registry has, what is called by default is near by.
func FuzzClient_hosts(f *testing.F) {
	logTo(f, io.Discard)
	for _, text := range []string{
		"http://127.0.0.1:8000/api", "http://evil.example/", "http://[::ffff:10.0.0.1]/", "http://10.0.0.1@evil.example",
		"https://[fd00::1%25en0]/", "http://localhost", "http://10.0.0.1\\@evil.example", "http://１２７.0.0.1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sent := new(recorder)
		reg := &board{instances: []jacinth.Instance{{ID: "a", Service: "billing", URL: text}}}
		client := &jacinth.Client{Service: "billing", Registry: reg, Token: "secret", NoRetry: true, Transport: sent}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_ = client.Call(ctx, "who", nil, nil)
		client.Close()
		for _, host := range sent.hosts {
			u, err := url.Parse(host)
			if err != nil {
				t.Fatalf("%q led to %q", text, host)
			}
			name := strings.ToLower(u.Hostname())
			ok := name == "localhost"
			for _, start := range []string{"127.", "10.", "192.168.", "172.", "::1", "fc", "fd", "::ffff:", "0"} {
				ok = ok || strings.HasPrefix(name, start) && strings.Trim(name, "0123456789abcdef.:") == ""
			}
			if !ok {
				t.Errorf("%q led to %q", text, host)
			}
		}
	})
}
