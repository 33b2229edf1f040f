package jwt_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	golangjwt "github.com/golang-jwt/jwt/v5"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/jwt"
)

const (
	issuer   = "https://login.example.com/"
	audience = "billing"
)

// signers makes one private key for each kind of algorithm; RSA keys take a while.
var signers = sync.OnceValue(func() map[string]crypto.Signer {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	made := map[string]crypto.Signer{"RS256": rsaKey, "PS256": rsaKey, "RS512": rsaKey}
	for name, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		if made[name], err = ecdsa.GenerateKey(curve, rand.Reader); err != nil {
			panic(err)
		}
	}
	if _, made["EdDSA"], err = ed25519.GenerateKey(rand.Reader); err != nil {
		panic(err)
	}
	return made
})

// claims are those of a token that is well, with some of them changed; nil takes one away.
func claims(change map[string]any) golangjwt.MapClaims {
	c := golangjwt.MapClaims{
		"iss": issuer, "aud": audience, "sub": "ada", "scope": "openid m math.*",
		"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
	}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, value any) bool { return value == nil })
	return c
}

// sign makes a token. The headers are added to alg and typ.
func sign(tb testing.TB, algorithm string, key any, headers map[string]any, c golangjwt.MapClaims) string {
	tb.Helper()
	token := golangjwt.NewWithClaims(golangjwt.GetSigningMethod(algorithm), c)
	maps.Copy(token.Header, headers)
	text, err := token.SignedString(key)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func newAuthorizer(tb testing.TB, config jwt.Config) *jwt.Authorizer {
	tb.Helper()
	if config.Issuer == "" {
		config.Issuer, config.Audience = issuer, audience
	}
	if config.Algorithm == "" {
		config.Algorithm = "ES256"
	}
	if config.Key == nil && config.JWKS == "" {
		config.Key = signers()[config.Algorithm].Public()
	}
	authorizer, err := jwt.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	return authorizer
}

// authorize asks for the method m. No error may have a part of the token in it.
func authorize(tb testing.TB, authorizer *jwt.Authorizer, token string) (jacinth.Caller, error) {
	tb.Helper()
	req := &jacinth.Request{Method: &jacinth.Method{Name: "m", Private: true}, Peer: jacinth.Peer{Token: jacinth.Token(token)}}
	err := authorizer.Authorize(context.Background(), req)
	for failure := err; failure != nil; failure = errors.Unwrap(failure) {
		for part := range strings.SplitSeq(token, ".") {
			if text := fmt.Sprintf("%v %#v", failure, failure); len(part) > 8 && strings.Contains(text, part) {
				tb.Errorf("the error has a part of the token in it: %s", text)
			}
		}
	}
	return req.Caller, err
}

var silent = slog.New(slog.DiscardHandler)

// provider publishes keys, without a network.
type provider struct {
	mu       sync.Mutex
	set      any // encoded as JSON, or sent as it is if it is text
	status   int
	header   http.Header
	err      error
	block    chan struct{} // answers wait until it is closed
	requests []*http.Request
}

func (p *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	p.requests = append(p.requests, r)
	set, status, header, err, block := p.set, p.status, p.header, p.err, p.block
	p.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if err != nil {
		return nil, err
	}
	data, ok := set.(string)
	if !ok {
		encoded, err := json.Marshal(set)
		if err != nil {
			return nil, err
		}
		data = string(encoded)
	}
	if status == 0 {
		status = http.StatusOK
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Header: header, Request: r,
		Body: io.NopCloser(bytes.NewReader([]byte(data))),
	}, nil
}

func (p *provider) change(change func(*provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.requests)
}

// entry is a public key as providers publish it.
func entry(tb testing.TB, id, algorithm string, key any) jwkset.JWKMarshal {
	tb.Helper()
	made, err := jwkset.NewJWKFromKey(key, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: id, ALG: jwkset.ALG(algorithm)}})
	if err != nil {
		tb.Fatal(err)
	}
	return made.Marshal()
}

func keySet(entries ...jwkset.JWKMarshal) jwkset.JWKSMarshal {
	return jwkset.JWKSMarshal{Keys: entries}
}
