package jwt_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/jwt"
)

func newWithSecret(secret []byte) error {
	_, err := jwt.New(jwt.Config{Issuer: issuer, Audience: audience, Algorithm: "HS256", Key: secret})
	return err
}

func TestHostile_noPublicKeyIsASecret(t *testing.T) {
	signer, _ := signers()["ES256"].(*ecdsa.PrivateKey)
	public, err := x509.MarshalPKIXPublicKey(&signer.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	rsaSigner, _ := signers()["RS256"].(*rsa.PrivateKey)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &signer.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, signer)
	if err != nil {
		t.Fatal(err)
	}
	point, err := signer.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(keySet(entry(t, "1", "ES256", signer.Public())))
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	based := base64.StdEncoding.EncodeToString(public)
	for name, secret := range map[string][]byte{
		"a public key in PEM":                encode("PUBLIC KEY", public),
		"one with a text before it":          append([]byte("# of the provider\n"), encode("PUBLIC KEY", public)...),
		"one with a byte order mark":         append([]byte("\ufeff"), encode("PUBLIC KEY", public)...),
		"one with line ends of Windows":      bytes.ReplaceAll(encode("PUBLIC KEY", public), []byte("\n"), []byte("\r\n")),
		"a certificate in PEM":               encode("CERTIFICATE", certificate),
		"an RSA key in PEM":                  encode("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaSigner.PublicKey)),
		"the base64 of a key":                []byte(based),
		"the base64 of a key in lines":       []byte(based[:64] + "\n" + based[64:] + "\n"),
		"the base64 of a certificate":        []byte(base64.RawURLEncoding.EncodeToString(certificate)),
		"a public key in DER":                public,
		"an RSA public key in DER":           x509.MarshalPKCS1PublicKey(&rsaSigner.PublicKey),
		"a certificate in DER":               certificate,
		"a request for a certificate in DER": request,
		"a point":                            point,
		"a point in base64":                  []byte(base64.RawURLEncoding.EncodeToString(point)),
		"a JWK":                              []byte(`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}`),
		"a key set":                          append(set, '\n'),
		"an SSH key":                         []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEFV2dFJ0cJ8 ada@example.com\n"),
		"an SSH key on a curve":              []byte("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI"),
		"an SSH key of a token":              []byte("sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2gu"),
		"an SSH key with options":            []byte(`no-pty ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7vbqajDw4o6gJy8Ut`),
		"an SSH key by RFC 4716":             []byte("---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2EAAAADAQABAAAB\n---- END SSH2 PUBLIC KEY ----"),
		"an address":                         []byte("https://login.example.com/.well-known/jwks.json"),
		"a token":                            []byte(sign(t, "ES256", signer, nil, claims(nil))),
		"zeros":                              make([]byte, 64),
	} {
		switch err := newWithSecret(secret); {
		case err == nil:
			t.Errorf("%s is taken for a secret", name)
		case strings.Contains(err.Error(), string(secret[:min(24, len(secret))])):
			t.Errorf("%s is repeated in the error: %v", name, err)
		}
	}
}

func TestNew_takesRealSecrets(t *testing.T) {
	for range 200 {
		secret := make([]byte, 32+len(rand.Text())*2)
		if _, err := rand.Read(secret); err != nil {
			t.Fatal(err)
		}
		for _, form := range [][]byte{secret, []byte(base64.StdEncoding.EncodeToString(secret)), []byte(rand.Text() + rand.Text())} {
			if err := newWithSecret(form); err != nil {
				t.Fatalf("a random secret is refused: %v", err)
			}
		}
	}
	for _, secret := range []string{
		"correct horse battery staple, and one more word", "{not JSON, but a phrase with a brace at its start}",
		"https is not enough of a reason to refuse this", "my ssh-agent had AAAA cells in it, all of them empty",
	} {
		if err := newWithSecret([]byte(secret)); err != nil {
			t.Errorf("the secret %q is refused: %v", secret, err)
		}
	}
}
