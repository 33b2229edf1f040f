package jacinth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// authority issues certificates.
type authority struct {
	t           *testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	issued := a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	key, ok := issued.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatalf("the key is a %T", issued.PrivateKey)
	}
	a.certificate, a.key = issued.Leaf, key
	return a
}

// issue signs a certificate; what the template leaves out is filled in.
func (a *authority) issue(template *x509.Certificate) *tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	if !template.IsCA {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	}
	parent, signer := template, key
	if a.key != nil {
		parent, signer = a.certificate, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// write puts a certificate and its key into files.
func (a *authority) write(certificate *tls.Certificate, certificateFile, keyFile string) {
	a.t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		a.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		certificateFile: {Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}, keyFile: {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
}

func uris(t *testing.T, texts ...string) (list []*url.URL) {
	t.Helper()
	for _, text := range texts {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, u)
	}
	return list
}

// mutualTLS is a service behind TLS whose callers have certificates.
type mutualTLS struct {
	authority *authority
	address   string
	files     [3]string // certificate, key, authorities
	config    *tls.Config
}

func newMutualTLS(t *testing.T, principals ...string) *mutualTLS {
	t.Helper()
	m := &mutualTLS{authority: newAuthority(t)}
	directory := t.TempDir()
	for i, name := range []string{"server.pem", "server.key", "ca.pem"} {
		m.files[i] = filepath.Join(directory, name)
	}
	m.authority.write(&tls.Certificate{Certificate: [][]byte{m.authority.certificate.Raw}, PrivateKey: m.authority.key}, m.files[2], filepath.Join(directory, "ca.key"))
	m.authority.write(m.authority.issue(&x509.Certificate{DNSNames: []string{"service.test"}}), m.files[0], m.files[1])
	var err error
	if m.config, err = jacinth.MutualTLS(m.files[0], m.files[1], m.files[2]); err != nil {
		t.Fatal(err)
	}

	svc := jacinth.New(jacinth.Config{
		Name: "test", TLS: m.config, Authorize: jacinth.ClientCertificates(principals...), Logger: slog.New(slog.DiscardHandler),
	})
	who := func(ctx context.Context, _ jacinth.None) (string, error) {
		return "caller " + jacinth.CallerFrom(ctx).Name, nil
	}
	jacinth.Public(svc, "open", who)
	jacinth.Private(svc, "closed", who)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.address = listener.Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- svc.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return m
}

// client returns a client that shows a certificate, if any, to the service.
func (m *mutualTLS) client(t *testing.T, certificate *tls.Certificate, change ...func(*tls.Config)) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(m.authority.certificate)
	config := &tls.Config{RootCAs: roots, ServerName: "service.test"}
	if certificate != nil {
		// Not Certificates, of which a client keeps to itself what the server did not ask for.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	for _, f := range change {
		f(config)
	}
	transport := &http.Transport{
		TLSClientConfig: config,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", m.address)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// call returns the reply to a call, or the error of the connection.
func (m *mutualTLS) call(t *testing.T, client *http.Client, method string) (string, error) {
	t.Helper()
	body := strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"` + method + `"}`)
	response, err := client.Post("https://localhost/api", "application/json", body)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	return string(data), err
}

const accessDenied = `{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"Access denied"}}`

func TestClientCertificates_principals(t *testing.T) {
	m := newMutualTLS(t, "billing.internal", "spiffe://example.com/crm", "urn:example:cron")
	for name, test := range map[string]struct {
		certificate *x509.Certificate // nil for none
		want        string            // the caller, empty for nobody
	}{
		"no certificate":        {nil, ""},
		"a DNS name":            {&x509.Certificate{DNSNames: []string{"billing.internal"}}, "billing.internal"},
		"a URI":                 {&x509.Certificate{URIs: uris(t, "spiffe://example.com/crm")}, "spiffe://example.com/crm"},
		"a URN":                 {&x509.Certificate{URIs: uris(t, "urn:example:cron")}, "urn:example:cron"},
		"one of several names":  {&x509.Certificate{DNSNames: []string{"a.internal", "billing.internal"}}, "billing.internal"},
		"two that are listed":   {&x509.Certificate{DNSNames: []string{"billing.internal"}, URIs: uris(t, "spiffe://example.com/crm")}, "billing.internal"},
		"another name":          {&x509.Certificate{DNSNames: []string{"payroll.internal"}}, ""},
		"a name below":          {&x509.Certificate{DNSNames: []string{"x.billing.internal"}}, ""},
		"a name above":          {&x509.Certificate{DNSNames: []string{"internal"}}, ""},
		"a wildcard":            {&x509.Certificate{DNSNames: []string{"*.internal"}}, ""},
		"the common name only":  {&x509.Certificate{Subject: pkix.Name{CommonName: "billing.internal"}}, ""},
		"the organization only": {&x509.Certificate{Subject: pkix.Name{Organization: []string{"billing.internal"}}}, ""},
		"an e-mail address":     {&x509.Certificate{EmailAddresses: []string{"billing.internal"}}, ""},
		"a longer URI":          {&x509.Certificate{URIs: uris(t, "spiffe://example.com/crm/admin")}, ""},
		"a URI with a query":    {&x509.Certificate{URIs: uris(t, "spiffe://example.com/crm?x")}, ""},
		"another host":          {&x509.Certificate{URIs: uris(t, "spiffe://example.org/crm")}, ""},
		"an escaped URI":        {&x509.Certificate{URIs: uris(t, "spiffe://example.com/%63rm")}, ""},
		"a DNS name as a URI":   {&x509.Certificate{URIs: uris(t, "billing.internal")}, ""},
		"a URI as a DNS name":   {&x509.Certificate{DNSNames: []string{"spiffe://example.com/crm"}}, ""},
		"no name at all":        {&x509.Certificate{}, ""},
	} {
		var certificate *tls.Certificate
		if test.certificate != nil {
			certificate = m.authority.issue(test.certificate)
		}
		client := m.client(t, certificate)
		want := accessDenied
		if test.want != "" {
			want = `{"jsonrpc":"2.0","id":1,"result":"caller ` + test.want + `"}`
		}
		if got, err := m.call(t, client, "closed"); err != nil || got != want {
			t.Errorf("a private call with %s = %s, %v, want %s", name, got, err, want)
		}
		if got, err := m.call(t, client, "open"); err != nil || got != `{"jsonrpc":"2.0","id":1,"result":"caller "}` {
			t.Errorf("a public call with %s = %s, %v, want it answered", name, got, err)
		}
	}
}

// TestMutualTLS_betweenServices has one configuration serve for what a service answers and for what it calls, over
// HTTP/2.
func TestMutualTLS_betweenServices(t *testing.T) {
	m := newMutualTLS(t, "crm.internal")
	directory := t.TempDir()
	files := [2]string{filepath.Join(directory, "cert"), filepath.Join(directory, "key")}
	m.authority.write(m.authority.issue(&x509.Certificate{DNSNames: []string{"crm.internal"}}), files[0], files[1])
	own, err := jacinth.MutualTLS(files[0], files[1], m.files[2])
	if err != nil {
		t.Fatal(err)
	}
	transport := jacinth.NewTransport()
	transport.TLSClientConfig = own.Clone()
	transport.TLSClientConfig.ServerName = "service.test" // which nobody resolves here
	t.Cleanup(transport.CloseIdleConnections)
	client := &jacinth.Client{URL: "https://" + m.address + "/api", Transport: transport}
	var caller string
	if err := client.Call(t.Context(), "closed", nil, &caller); err != nil || caller != "caller crm.internal" {
		t.Errorf("a call of one service to another = %q, %v, want it to be of crm.internal", caller, err)
	}
	response, err := (&http.Client{Transport: transport}).Get("https://" + m.address + "/livez")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.ProtoMajor != 2 {
		t.Errorf("the services speak %s, want HTTP/2", response.Proto)
	}

	transport = jacinth.NewTransport() // which trusts whom the system trusts
	t.Cleanup(transport.CloseIdleConnections)
	stranger := &jacinth.Client{URL: "https://" + m.address + "/api", Transport: transport}
	if err := stranger.Call(t.Context(), "open", nil, nil); !errors.Is(err, jacinth.ErrNotSent) {
		t.Errorf("a call to a service of an unknown authority = %v, want %v", err, jacinth.ErrNotSent)
	}
	other := newAuthority(t)
	other.write(&tls.Certificate{Certificate: [][]byte{other.certificate.Raw}, PrivateKey: other.key}, filepath.Join(directory, "ca"), filepath.Join(directory, "ca.key"))
	if own, err = jacinth.MutualTLS(files[0], files[1], filepath.Join(directory, "ca")); err != nil {
		t.Fatal(err)
	}
	transport = jacinth.NewTransport()
	transport.TLSClientConfig = own.Clone()
	transport.TLSClientConfig.ServerName = "service.test"
	t.Cleanup(transport.CloseIdleConnections)
	stranger = &jacinth.Client{URL: "https://" + m.address + "/api", Transport: transport}
	if err := stranger.Call(t.Context(), "open", nil, nil); !errors.Is(err, jacinth.ErrNotSent) {
		t.Errorf("a call to a service of another authority = %v, want %v", err, jacinth.ErrNotSent)
	}
}

// TestConfig_TLS_mayBeShared has services and the transport of their calls begin at once on one configuration, as the
// documentation of MutualTLS has it: net/http writes into the one that it is given.
func TestConfig_TLS_mayBeShared(t *testing.T) {
	m := newMutualTLS(t, "crm.internal")
	config, err := jacinth.MutualTLS(m.files[0], m.files[1], m.files[2])
	if err != nil {
		t.Fatal(err)
	}
	config.ServerName = "service.test"
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 2 {
		svc := jacinth.New(jacinth.Config{Name: "test", TLS: config, Logger: slog.New(slog.DiscardHandler)})
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			if err := svc.Serve(ctx, listener); err != nil {
				t.Error(err)
			}
		})
	}
	transport := jacinth.NewTransport()
	transport.TLSClientConfig = config
	t.Cleanup(transport.CloseIdleConnections)
	client := &jacinth.Client{URL: "https://" + m.address + "/api", Transport: transport}
	if err := client.Call(t.Context(), "open", nil, nil); err != nil {
		t.Error(err)
	}
	stop()
	all.Wait()
}

func TestRun_saysHTTPS(t *testing.T) {
	var log strings.Builder
	certificate := newAuthority(t).issue(&x509.Certificate{DNSNames: []string{"localhost"}})
	svc := jacinth.New(jacinth.Config{
		Name: "test", Addr: "127.0.0.1:0", TLS: &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS13},
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	ctx, stop := context.WithCancel(t.Context())
	svc.Background(func(context.Context) error { stop(); return nil })
	if err := svc.Run(ctx); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "url=https://127.0.0.1:") {
		t.Errorf("a service with TLS logs %s, want the address to begin with https", log.String())
	}
}

// TestConfig_TLS_boundsTheStreamsOfAConnection counts the connections that 150 calls at a time take, which they would not
// if they all had room in one.
func TestConfig_TLS_boundsTheStreamsOfAConnection(t *testing.T) {
	m := newMutualTLS(t, "billing.internal")
	client := m.client(t, nil, func(config *tls.Config) { config.NextProtos = []string{"h2"} })
	client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
	if _, err := m.call(t, client, "open"); err != nil {
		t.Fatal(err)
	}
	const calls = 150
	var mu sync.Mutex
	connections := map[string]bool{}
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		mu.Lock()
		defer mu.Unlock()
		connections[got.Conn.LocalAddr().String()] = true
	}})
	var sent sync.WaitGroup
	var bodies []*io.PipeWriter
	for range calls {
		body, writer := io.Pipe() // whose end the service waits for
		bodies = append(bodies, writer)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://localhost/api", body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		sent.Go(func() {
			if response, err := client.Do(request); err == nil {
				_ = response.Body.Close()
			}
		})
	}
	for _, body := range bodies {
		_, _ = io.WriteString(body, "{") // returns when it is on its way, so that its stream is open
	}
	for _, body := range bodies {
		_ = body.Close()
	}
	sent.Wait()
	if len(connections) != 2 {
		t.Errorf("%d calls at a time take %d connections, want 2", calls, len(connections))
	}
}

func TestMutualTLS_refusesAtTheDoor(t *testing.T) {
	m := newMutualTLS(t, "billing.internal")
	names := []string{"billing.internal"}
	client := m.client(t, m.authority.issue(&x509.Certificate{DNSNames: names}))
	if _, err := m.call(t, client, "closed"); err != nil {
		t.Fatalf("a call with a certificate that is well = %v: the cases below would prove nothing", err)
	}
	forgery := newAuthority(t)
	old := func(config *tls.Config) { config.MaxVersion = tls.VersionTLS12 }
	for name, client := range map[string]*http.Client{
		"a certificate of another authority": m.client(t, forgery.issue(&x509.Certificate{DNSNames: names})),
		"a certificate signed by itself":     m.client(t, (&authority{t: t}).issue(&x509.Certificate{DNSNames: names})),
		"an expired certificate": m.client(t, m.authority.issue(&x509.Certificate{
			DNSNames: names, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour),
		})),
		"a certificate of the future": m.client(t, m.authority.issue(&x509.Certificate{
			DNSNames: names, NotBefore: time.Now().Add(time.Hour), NotAfter: time.Now().Add(2 * time.Hour),
		})),
		"TLS 1.2": m.client(t, m.authority.issue(&x509.Certificate{DNSNames: names}), old),
	} {
		if got, err := m.call(t, client, "open"); err == nil {
			t.Errorf("a call with %s = %s, want no connection", name, got)
		}
	}
}

func TestClientCertificates_resumedSession(t *testing.T) {
	m := newMutualTLS(t, "billing.internal")
	cache := func(config *tls.Config) { config.ClientSessionCache = tls.NewLRUClientSessionCache(1) }
	client := m.client(t, m.authority.issue(&x509.Certificate{DNSNames: []string{"billing.internal"}}), cache)
	resumed := false
	for range 3 {
		response, err := client.Post("https://localhost/api", "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"closed"}`))
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(response.Body)
		if err != nil || !strings.Contains(string(data), "caller billing.internal") {
			t.Errorf("a call in a session that is resumed: %v = %s, %v, want it let through", response.TLS.DidResume, data, err)
		}
		resumed = resumed || response.TLS.DidResume
		_ = response.Body.Close()
		client.CloseIdleConnections()
	}
	if !resumed {
		t.Error("no session was resumed: this tests nothing")
	}
}

// TestClientCertificates_looksAtEveryCall tries states of connections that a handshake would not let come about, or
// that come about long after it.
func TestClientCertificates_looksAtEveryCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leaf := newAuthority(t).issue(&x509.Certificate{DNSNames: []string{"billing.internal"}}).Leaf
		authorize := jacinth.ClientCertificates("billing.internal")
		verified := [][]*x509.Certificate{{leaf}}
		later := *leaf
		later.NotBefore = time.Now().Add(time.Minute)
		for name, test := range map[string]struct {
			http *http.Request
			want bool
		}{
			"a verified certificate":      {&http.Request{TLS: &tls.ConnectionState{VerifiedChains: verified}}, true},
			"one that is valid later":     {&http.Request{TLS: &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{&later}}}}, false},
			"no HTTP":                     {nil, false},
			"no TLS":                      {&http.Request{}, false},
			"no certificate":              {&http.Request{TLS: &tls.ConnectionState{}}, false},
			"one that nobody verified":    {&http.Request{TLS: &tls.ConnectionState{PeerCertificates: verified[0]}}, false},
			"an empty chain":              {&http.Request{TLS: &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{}}}}, false},
			"a name in a header of HTTP":  {&http.Request{Header: http.Header{"X-Client-Cert": {"billing.internal"}}}, false},
			"the name in the server name": {&http.Request{TLS: &tls.ConnectionState{ServerName: "billing.internal"}}, false},
		} {
			req := &jacinth.Request{Peer: jacinth.Peer{HTTP: test.http}}
			if err := authorize(t.Context(), req); (err == nil) != test.want || (req.Caller.Name != "") != test.want {
				t.Errorf("a call with %s = %v, %q, want it let through: %v", name, err, req.Caller.Name, test.want)
			}
		}
		req := &jacinth.Request{Peer: jacinth.Peer{HTTP: &http.Request{TLS: &tls.ConnectionState{VerifiedChains: verified}}}}
		time.Sleep(time.Hour + time.Second)
		if err := authorize(t.Context(), req); err == nil {
			t.Error("a call on a connection that is older than its certificate = no error, want one")
		}
	})
}

func TestClientCertificates_panics(t *testing.T) {
	for _, principals := range [][]string{
		nil,
		{""},
		{"*.internal"},
		{"*"},
		{"Billing.internal"},
		{"a b"},
		{"spiffe:"},
		{"://x"},
		{"CN=billing"},
		{"a.internal", ""},
		{"spiffe://example.com/a b"},
		{"10.0.0.1:80"},
		{"spiffe://example.com/*"},
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "jacinth: ClientCertificates") {
					t.Errorf("ClientCertificates(%q) did not panic with a sentence, but with %q", principals, text)
				}
			}()
			jacinth.ClientCertificates(principals...)
		}()
	}
}

func TestMutualTLS_readsTheCertificateAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, directory := newAuthority(t), t.TempDir()
		certificateFile, keyFile, authoritiesFile := filepath.Join(directory, "cert"), filepath.Join(directory, "key"), filepath.Join(directory, "ca")
		a.write(&tls.Certificate{Certificate: [][]byte{a.certificate.Raw}, PrivateKey: a.key}, authoritiesFile, filepath.Join(directory, "ca.key"))
		changed := time.Now()
		renew := func(name string, files ...string) {
			t.Helper()
			if len(files) == 0 {
				files = []string{certificateFile, keyFile}
			}
			a.write(a.issue(&x509.Certificate{DNSNames: []string{name}, NotAfter: time.Now().Add(24 * time.Hour)}), files[0], files[1])
			changed = changed.Add(time.Second) // the clock of files is not that of the bubble
			for _, file := range files {
				if err := os.Chtimes(file, changed, changed); err != nil {
					t.Fatal(err)
				}
			}
		}
		renew("first.test")
		config, err := jacinth.MutualTLS(certificateFile, keyFile, authoritiesFile)
		if err != nil {
			t.Fatal(err)
		}
		shown := func() string {
			t.Helper()
			certificate, err := config.GetCertificate(&tls.ClientHelloInfo{})
			if err != nil {
				t.Fatal(err)
			}
			if own, err := config.GetClientCertificate(&tls.CertificateRequestInfo{}); err != nil || own != certificate {
				t.Errorf("to services that it calls it shows another certificate than to its callers (%v)", err)
			}
			return certificate.Leaf.DNSNames[0]
		}
		if got := shown(); got != "first.test" {
			t.Errorf("the certificate = %s, want first.test", got)
		}
		renew("second.test")
		time.Sleep(time.Minute)
		if got := shown(); got != "second.test" {
			t.Errorf("the certificate a minute after it was renewed = %s, want second.test", got)
		}
		renew("third.test", certificateFile, filepath.Join(directory, "elsewhere")) // the key is still that of the second
		time.Sleep(time.Minute)
		if got := shown(); got != "second.test" {
			t.Errorf("the certificate while the files do not fit = %s, want second.test", got)
		}
		if err := os.Remove(keyFile); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := shown(); got != "second.test" {
			t.Errorf("the certificate while a file is gone = %s, want second.test", got)
		}
		renew("fourth.test")
		time.Sleep(time.Minute)
		if got := shown(); got != "fourth.test" {
			t.Errorf("the certificate once all is well = %s, want fourth.test", got)
		}
	})
}

func TestMutualTLS_refusesFiles(t *testing.T) {
	a, directory := newAuthority(t), t.TempDir()
	file := func(name string) string { return filepath.Join(directory, name) }
	a.write(&tls.Certificate{Certificate: [][]byte{a.certificate.Raw}, PrivateKey: a.key}, file("ca"), file("ca.key"))
	a.write(a.issue(&x509.Certificate{DNSNames: []string{"service.test"}}), file("cert"), file("key"))
	if err := os.WriteFile(file("text"), []byte("nothing of the kind"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := jacinth.MutualTLS(file("cert"), file("key"), file("ca")); err != nil {
		t.Fatal(err)
	}
	for _, files := range [][3]string{
		{"none", "key", "ca"},
		{"cert", "none", "ca"},
		{"cert", "key", "none"},
		{"cert", "key", "text"},
		{"cert", "key", "key"},
		{"cert", "ca.key", "ca"},
		{"text", "key", "ca"},
		{"cert", "text", "ca"},
	} {
		if _, err := jacinth.MutualTLS(file(files[0]), file(files[1]), file(files[2])); err == nil {
			t.Errorf("MutualTLS(%q) = no error, want one", files)
		}
	}
	if _, err := jacinth.MutualTLS("", "", ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("MutualTLS of no files = %v, want %v", err, os.ErrNotExist)
	}
}
