package jwt

import (
	"bytes"
	"crypto/ecdh"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// checkSecret refuses what is plainly no secret for HS256 and its kin. Whoever has the public key of a service, or its
// certificate, could otherwise sign tokens for it: the oldest attack on JWT turned round, by a mistake in a setting.
func checkSecret(key []byte) error {
	text := bytes.TrimSpace(bytes.TrimPrefix(key, []byte("\ufeff")))
	if what := publicKind(text); what != "" {
		return fmt.Errorf("it is %s and no secret: others may have it, and could sign tokens with it. For a public key, "+
			"parse it and set an Algorithm that goes with it; for a secret, use at least 32 random bytes", what)
	}
	if len(bytes.Trim(key, string(key[:1]))) == 0 {
		return errors.New("all its bytes are the same: was it never filled?")
	}
	return nil
}

var (
	armoured = regexp.MustCompile(`(?m)^-{4,5} ?BEGIN `)                             // PEM, and SSH public keys by RFC 4716
	sshKey   = regexp.MustCompile(`(?:^|\s)(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+ AAAA`) // as in authorized_keys and known_hosts
	address  = regexp.MustCompile(`^(?i:https?)://[!-~]+$`)
	segments = regexp.MustCompile(`^eyJ[A-Za-z0-9_-]*\.eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*$`)
)

// publicKind says what a text is that is no secret, or nothing.
func publicKind(text []byte) string {
	switch {
	case armoured.Match(text):
		return "a key or certificate in PEM"
	case len(text) > 0 && text[0] == '{' && json.Valid(text), len(text) > 0 && text[0] == '[' && json.Valid(text):
		return "JSON, such as a JWK or a key set,"
	case sshKey.Match(text):
		return "an SSH public key"
	case address.Match(text):
		return "an address"
	case segments.Match(text):
		return "a JSON Web Token"
	case isPublicDER(text) || isPoint(text):
		return "a public key or a certificate"
	}
	packed := bytes.Join(bytes.Fields(text), nil)
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if decoded, err := encoding.DecodeString(string(packed)); err == nil && (isPublicDER(decoded) || isPoint(decoded)) {
			return "a public key or a certificate in base64" // PEM without its first and last line, as consoles show keys
		}
	}
	return ""
}

// isPublicDER reports whether data is a certificate, a request for one, or a public key.
func isPublicDER(data []byte) bool {
	if len(data) == 0 || data[0] != 0x30 { // all of them are a SEQUENCE
		return false
	}
	if _, err := x509.ParsePKIXPublicKey(data); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PublicKey(data); err == nil {
		return true
	}
	if _, err := x509.ParseCertificateRequest(data); err == nil {
		return true
	}
	_, err := x509.ParseCertificate(data)
	return err == nil
}

// isPoint reports whether data is a point on a curve, which no random bytes are.
func isPoint(data []byte) bool {
	for _, curve := range []ecdh.Curve{ecdh.P256(), ecdh.P384(), ecdh.P521()} {
		if _, err := curve.NewPublicKey(data); err == nil {
			return true
		}
	}
	return false
}
