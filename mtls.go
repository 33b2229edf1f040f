package jacinth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

var (
	errNoTLS             = errors.New("the connection is not one of TLS")
	errNoCertificate     = errors.New("no client certificate that was verified")
	errCertificateTime   = errors.New("the client certificate is not valid now")
	errUnknownPrincipal  = errors.New("the client certificate is of nobody who is listed")
	errPrincipalWildcard = errors.New("it has a * in it, and a principal is one and not many")
)

// ClientCertificates is a Config.Authorize that accepts the callers whose TLS client certificate names one of the
// principals: as a URI, such as spiffe://example.com/billing, or as a DNS name, exactly as listed. Both are read from
// the subject alternative names of the certificate; its common name says nothing. The request's Caller is named after
// the principal.
//
// The certificate must have been verified in the handshake, which takes a server whose tls.Config has ClientCAs; see
// [MutualTLS]. That it is still valid is looked at with every call, since connections and resumed sessions outlive
// certificates.
//
// It panics when no principal is listed, or one is neither a DNS name nor a URI. To ask for a certificate and a token,
// write a function that calls one Authorize after the other.
func ClientCertificates(principals ...string) func(context.Context, *Request) error {
	if len(principals) == 0 {
		panic("jacinth: ClientCertificates needs at least one principal")
	}
	listed := make(principalList, len(principals))
	for _, principal := range principals {
		if err := checkPrincipal(principal); err != nil {
			panic(fmt.Sprintf("jacinth: ClientCertificates: %q is no principal: %v", principal, err))
		}
		listed[principal] = &principal
	}
	key := new(int) // a map is no key; not of a type without size, whose pointers may all be equal
	return func(ctx context.Context, req *Request) error {
		if req.HTTP == nil || req.HTTP.TLS == nil {
			return errNoTLS
		}
		found, err := req.Once(ctx, key, func() (any, error) { return listed.find(req.HTTP.TLS) })
		if err != nil {
			return err
		}
		name, _ := found.(*string)
		req.Caller.Name = *name
		return nil
	}
}

// principalList holds the names that may call.
type principalList map[string]*string

// find returns the name that the certificate of a connection is of.
func (l principalList) find(connection *tls.ConnectionState) (*string, error) {
	if len(connection.VerifiedChains) == 0 || len(connection.VerifiedChains[0]) == 0 {
		return nil, errNoCertificate // PeerCertificates may hold one that anybody made
	}
	certificate := connection.VerifiedChains[0][0]
	if now := time.Now(); now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		return nil, errCertificateTime
	}
	for _, name := range principalsOf(certificate) {
		if found, is := l[name]; is {
			return found, nil
		}
	}
	return nil, errUnknownPrincipal
}

// principalsOf lists the names that a certificate is issued for. A DNS name that looks like a URI, and a URI that looks
// like a DNS name, are left out: who may have the one need not be who may have the other.
func principalsOf(certificate *x509.Certificate) []string {
	var names []string
	for _, name := range certificate.DNSNames {
		if !strings.Contains(name, ":") {
			names = append(names, name)
		}
	}
	for _, uri := range certificate.URIs {
		if uri.IsAbs() {
			names = append(names, uri.String())
		}
	}
	return names
}

// checkPrincipal says why a name can stand in no certificate, or in that of somebody else.
func checkPrincipal(name string) error {
	switch {
	case name == "":
		return errors.New("it is empty: is its environment variable set?")
	case strings.Contains(name, "*"):
		return errPrincipalWildcard
	case strings.Contains(name, ":"):
		uri, err := url.Parse(name)
		if err != nil || uri.Scheme == "" || uri.Host+uri.Opaque == "" || uri.String() != name {
			return errors.New("as a URI it has a scheme and something after it, written as certificates have it")
		}
		return nil
	}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" {
		return errors.New("as a DNS name it has lower-case letters, digits and . - _")
	}
	return nil
}

// MutualTLS returns the TLS configuration of a service among others: it shows a certificate to its callers, and to the
// services that it calls itself, and verifies theirs against the authorities in a file. All three files are PEM. TLS is
// 1.3 or later.
//
//	t, err := jacinth.MutualTLS("/etc/tls/tls.crt", "/etc/tls/tls.key", "/etc/tls/ca.crt")
//	svc := jacinth.New(jacinth.Config{Name: "billing", TLS: t, Authorize: jacinth.ClientCertificates("crm.internal")})
//	transport := jacinth.NewTransport() // for the calls of billing
//	transport.TLSClientConfig = t
//
// A caller may also come without a certificate, for public methods and health checks; set ClientAuth to
// tls.RequireAndVerifyClientCert to refuse it at the door.
//
// The certificate and its key are read anew when their files change, within a minute and without a restart. A pair that
// cannot be read, which it cannot while one file is new and the other is not, leaves the old one in use. The authorities
// are read once.
func MutualTLS(certificateFile, keyFile, authoritiesFile string) (*tls.Config, error) {
	authorities, err := readAuthorities(authoritiesFile)
	if err != nil {
		return nil, err
	}
	pair := &reloadedPair{certificateFile: certificateFile, keyFile: keyFile}
	if err := pair.load(); err != nil {
		return nil, fmt.Errorf("the certificate cannot be read: %w", err)
	}
	return &tls.Config{
		MinVersion:           tls.VersionTLS13,
		GetCertificate:       func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair.get(), nil },
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair.get(), nil },
		ClientAuth:           tls.VerifyClientCertIfGiven,
		ClientCAs:            authorities,
		RootCAs:              authorities,
	}, nil
}

func readAuthorities(file string) (*x509.CertPool, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the program names its own file
	if err != nil {
		return nil, fmt.Errorf("the authorities cannot be read: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("the file of authorities %s has no certificate in PEM", file)
	}
	return pool, nil
}

// reloadEvery is how old a certificate may be before its files are looked at again.
const reloadEvery = time.Minute

// reloadedPair is a certificate with its key that follows its files.
type reloadedPair struct {
	certificateFile, keyFile string

	mu      sync.Mutex
	looked  time.Time
	changed [2]time.Time // when the files were, as of the pair in use
	pair    *tls.Certificate
}

// get returns the pair to use now.
func (r *reloadedPair) get() *tls.Certificate {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.looked) >= reloadEvery {
		_ = r.load() // the old pair stays
	}
	return r.pair
}

// load reads the pair if its files changed. After New it is called with the lock held.
func (r *reloadedPair) load() error {
	r.looked = time.Now()
	var changed [2]time.Time
	for i, file := range []string{r.certificateFile, r.keyFile} {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		changed[i] = info.ModTime()
	}
	if r.pair != nil && changed == r.changed {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(r.certificateFile, r.keyFile)
	if err != nil {
		return err
	}
	r.pair, r.changed = &pair, changed
	return nil
}
