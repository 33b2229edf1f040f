package failure

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"

	"github.com/jacinth-rpc/jacinth"
)

// sentence says what went wrong in the words of whoever ran the command, as far as that is known.
func sentence(err error) string {
	if !isTransport(err) {
		return err.Error()
	}
	if text := network(err); text != "" {
		return text
	}
	text := err.Error()
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Sprintf("%s cannot be reached: %v", wrapped.URL, wrapped.Err)
	}
	if _, reply, ok := strings.Cut(text, jacinth.ErrBadReply.Error()+": "); ok {
		reply = strings.Replace(reply, ": set Client.URL to where the service is", "", 1) // for programs
		return "what answered does not speak JSON-RPC: " + reply
	}
	return text
}

func isTransport(err error) bool {
	f, ok := errors.AsType[*Error](err)
	return ok && f.Exit == Transport || ExitCode(err) == Transport
}

// network explains the failures of networks that happen every day, and returns "" for others.
func network(err error) string {
	address := ""
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Addr != nil {
		address = dial.Addr.String()
	}
	lookup, unknownHost := errors.AsType[*net.DNSError](err)
	unverified, badCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing listens on %s: is the service running there?", address)
	case unknownHost && lookup.IsNotFound:
		return fmt.Sprintf("there is no host named %s", lookup.Name)
	case errors.Is(err, context.DeadlineExceeded):
		return "there was no answer in time; --timeout 1m waits longer"
	case badCertificate:
		return certificate(unverified)
	case notTLS, strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "that address speaks http, not https"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "the connection was closed without an answer: does something else than HTTP listen there, or was the service stopped?"
	}
	return ""
}

func certificate(err *tls.CertificateVerificationError) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "its certificate is signed by nobody that this machine trusts; SSL_CERT_FILE=ca.pem adds an authority"
	}
	return "its certificate is not valid here: " + err.Err.Error()
}
