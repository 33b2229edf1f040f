package jwt_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	golangjwt "github.com/golang-jwt/jwt/v5"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/jwt"
)

func TestAuthorize_everyAlgorithm(t *testing.T) {
	secret := []byte("a secret of the thirty-two bytes")
	for _, algorithm := range []string{"RS256", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS512"} {
		var private, public any = secret, secret
		if signer, ok := signers()[algorithm]; ok {
			private, public = signer, signer.Public()
		}
		authorizer := newAuthorizer(t, jwt.Config{Algorithm: algorithm, Key: public})
		caller, err := authorize(t, authorizer, sign(t, algorithm, private, nil, claims(nil)))
		if err != nil || caller.Name != "ada" || strings.Join(caller.Scopes, " ") != "openid m math.*" {
			t.Errorf("Authorize of a token signed by %s = %v, %v, want ada with her scopes", algorithm, caller, err)
		}
	}
}

func TestAuthorize_refuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		at := func(d time.Duration) int64 { return now.Add(d).Unix() }
		for name, test := range map[string]struct {
			change map[string]any
			want   string // empty: let through
		}{
			"a token that is well":   {nil, ""},
			"no end":                 {map[string]any{"exp": nil}, "lacks a claim"},
			"the end":                {map[string]any{"exp": at(0)}, "has expired"},
			"past the end":           {map[string]any{"exp": at(-time.Hour)}, "has expired"},
			"an end in words":        {map[string]any{"exp": "tomorrow"}, "not well"},
			"not yet":                {map[string]any{"nbf": at(time.Minute)}, "not valid yet"},
			"from now on":            {map[string]any{"nbf": at(0)}, ""},
			"issued later":           {map[string]any{"iat": at(time.Minute)}, "not valid yet"},
			"no issuer":              {map[string]any{"iss": nil}, "lacks a claim"},
			"another issuer":         {map[string]any{"iss": "https://evil.example.com/"}, "another issuer"},
			"almost the issuer":      {map[string]any{"iss": strings.TrimSuffix(issuer, "/")}, "another issuer"},
			"no audience":            {map[string]any{"aud": nil}, "lacks a claim"},
			"another audience":       {map[string]any{"aud": "payroll"}, "another audience"},
			"an empty audience":      {map[string]any{"aud": ""}, "lacks a claim"},
			"an empty list":          {map[string]any{"aud": []string{}}, "a claim"},
			"one of many audiences":  {map[string]any{"aud": []string{"payroll", audience}}, ""},
			"none of many audiences": {map[string]any{"aud": []string{"payroll", "crm"}}, "another audience"},
			"no subject":             {map[string]any{"sub": nil}, "subject"},
			"an empty subject":       {map[string]any{"sub": ""}, "subject"},
			"a number for a subject": {map[string]any{"sub": 7}, "subject"},
			"a subject with a line":  {map[string]any{"sub": "ada\nlevel=INFO"}, "subject"},
			"a long subject":         {map[string]any{"sub": strings.Repeat("a", 129)}, "subject"},
			"no scope":               {map[string]any{"scope": nil}, "scope not granted"},
			"an empty scope":         {map[string]any{"scope": ""}, "scope not granted"},
			"another scope":          {map[string]any{"scope": "n mm"}, "scope not granted"},
			"a list of scopes":       {map[string]any{"scope": []string{"n", "m"}}, ""},
			"a list of anything":     {map[string]any{"scope": []any{"m", 1}}, "neither text nor"},
			"a scope by number":      {map[string]any{"scope": 1}, "neither text nor"},
			"a scope for everything": {map[string]any{"scope": "*"}, "scope not granted"},
		} {
			_, err := authorize(t, newAuthorizer(t, jwt.Config{}), sign(t, "ES256", signers()["ES256"], nil, claims(test.change)))
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("Authorize of a token with %s = %v, want %q", name, err, test.want)
			}
		}
	})
}

func TestAuthorize_leeway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authorizer := newAuthorizer(t, jwt.Config{Leeway: 30 * time.Second})
		for late, want := range map[time.Duration]bool{29 * time.Second: true, 30 * time.Second: false, time.Hour: false} {
			token := sign(t, "ES256", signers()["ES256"], nil, claims(map[string]any{"exp": time.Now().Add(-late).Unix()}))
			if _, err := authorize(t, authorizer, token); (err == nil) != want {
				t.Errorf("Authorize %v after the end, with a leeway of 30s = %v, want it let through: %v", late, err, want)
			}
		}
	})
}

// TestAuthorize_confusion tries what JWT libraries have fallen for.
func TestAuthorize_confusion(t *testing.T) {
	rsaSigner, _ := signers()["RS256"].(*rsa.PrivateKey)
	public, err := x509.MarshalPKIXPublicKey(rsaSigner.Public())
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	well := sign(t, "RS256", rsaSigner, nil, claims(nil))
	parts := strings.Split(well, ".")
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	payload, err := json.Marshal(claims(map[string]any{"sub": "root"}))
	if err != nil {
		t.Fatal(err)
	}

	authorizer := newAuthorizer(t, jwt.Config{Algorithm: "RS256"})
	if _, err := authorize(t, authorizer, well); err != nil {
		t.Fatalf("Authorize of the token that is well = %v: the cases below would prove nothing", err)
	}
	for name, token := range map[string]string{
		"alg none":               sign(t, "none", golangjwt.UnsafeAllowNoneSignatureType, nil, claims(nil)),
		"alg None":               encode(`{"alg":"None"}`) + "." + parts[1] + ".",
		"alg nOnE":               encode(`{"alg":"nOnE"}`) + "." + parts[1] + ".",
		"no alg":                 encode(`{"typ":"JWT"}`) + "." + parts[1] + "." + parts[2],
		"alg a number":           encode(`{"alg":1}`) + "." + parts[1] + "." + parts[2],
		"alg unknown":            encode(`{"alg":"XX256"}`) + "." + parts[1] + "." + parts[2],
		"HS256 by the key's PEM": sign(t, "HS256", publicPEM, nil, claims(nil)),
		"HS256 by the key's DER": sign(t, "HS256", public, nil, claims(nil)),
		"HS256 by the modulus":   sign(t, "HS256", rsaSigner.N.Bytes(), nil, claims(nil)),
		"RS512":                  sign(t, "RS512", rsaSigner, nil, claims(nil)),
		"PS256":                  sign(t, "PS256", rsaSigner, nil, claims(nil)),
		"ES256 by another key":   sign(t, "ES256", own, nil, claims(nil)),
		"a key in the header":    sign(t, "ES256", own, map[string]any{"jwk": entry(t, "", "ES256", own.Public())}, claims(nil)),
		"an address of one":      sign(t, "ES256", own, map[string]any{"jku": "https://evil.example.com/keys"}, claims(nil)),
		"a critical header":      sign(t, "RS256", rsaSigner, map[string]any{"crit": []string{"b64"}, "b64": false}, claims(nil)),
		"an empty crit":          sign(t, "RS256", rsaSigner, map[string]any{"crit": nil}, claims(nil)),
		"a kid that is a number": sign(t, "RS256", rsaSigner, map[string]any{"kid": 1}, claims(nil)),
		"other claims":           parts[0] + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + parts[2],
		"no signature":           parts[0] + "." + parts[1] + ".",
		"two parts":              parts[0] + "." + parts[1],
		"four parts":             well + "." + parts[2],
		"five parts":             well + ".." + parts[2],
		"padding":                well + "=",
		"a space":                well + " ",
		"a line":                 well[:100] + "\n" + well[100:],
		"Bearer":                 "Bearer " + well,
		"plus and slash":         parts[0] + "." + parts[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(parts[2]) + "+",
		"another last character": well[:len(well)-1] + map[bool]string{true: "Q", false: "A"}[well[len(well)-1] == 'A'],
		"a bit of no meaning":    well[:len(well)-1] + string(well[len(well)-1]+1), // of the last character, two bits count
		"none at all":            "",
		"dots":                   "..",
		"a megabyte of dots":     strings.Repeat(".", 1<<20),
		"a megabyte":             strings.Repeat("A", 1<<20) + "." + parts[1] + "." + parts[2],
		"deep claims":            encode(`{"alg":"RS256"}`) + "." + encode(strings.Repeat("[", 5000)) + "." + parts[2],
		"claims that are a list": encode(`{"alg":"RS256"}`) + "." + encode(`[]`) + "." + parts[2],
		"claims that are null":   encode(`{"alg":"RS256"}`) + "." + encode(`null`) + "." + parts[2],
		"a token of jacinth":     "jcn_7Qx2LmZ0_Vb3kT9xWq0aYc5RdJ8sLm2NfHg6PeUzE028M2T",
	} {
		caller, err := authorize(t, authorizer, token)
		if err == nil || caller.Name != "" {
			t.Errorf("Authorize of a token with %s = %v, %v, want an error", name, caller, err)
			continue
		}
		if errors.Is(err, jacinth.Unavailable) {
			t.Errorf("Authorize of a token with %s = %v, want it denied", name, err)
		}
		for part := range strings.SplitSeq(token, ".") {
			if len(part) > 12 && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), part[:12]) {
				t.Errorf("the reason for a token with %s repeats it: %v", name, err)
			}
		}
	}
}

func TestAuthorize_longTokensAreNotLookedAt(t *testing.T) {
	authorizer := newAuthorizer(t, jwt.Config{})
	for size, want := range map[int]bool{7000: true, 9000: false} {
		token := sign(t, "ES256", signers()["ES256"], nil, claims(map[string]any{"fill": strings.Repeat("a", size*3/4-300)}))
		if _, err := authorize(t, authorizer, token); (err == nil) != want {
			t.Errorf("Authorize of %d bytes = %v, want it let through: %v", len(token), err, want)
		}
	}
}

func TestAuthorize_type(t *testing.T) {
	authorizer := newAuthorizer(t, jwt.Config{Type: "at+jwt"})
	for kind, want := range map[any]bool{"at+jwt": true, "AT+JWT": true, "application/at+jwt": true, "JWT": false, "": false, 1: false, nil: false} {
		token := sign(t, "ES256", signers()["ES256"], map[string]any{"typ": kind}, claims(nil))
		if _, err := authorize(t, authorizer, token); (err == nil) != want {
			t.Errorf("Authorize of the type %v = %v, want it let through: %v", kind, err, want)
		}
	}
}

func TestAuthorize_inAService(t *testing.T) {
	svc := jacinth.New(jacinth.Config{Name: "test", Authorize: newAuthorizer(t, jwt.Config{ScopeClaim: "scp"}).Authorize, Logger: silent})
	jacinth.Private(svc, "math.add", func(ctx context.Context, _ jacinth.None) (string, error) { return jacinth.CallerFrom(ctx).Name, nil })
	jacinth.Private(svc, "special", func(ctx context.Context, _ jacinth.None) (string, error) { return "special", nil }, jacinth.Scope("math.hidden"))
	jacinth.Private(svc, "other", func(ctx context.Context, _ jacinth.None) (string, error) { return "other", nil })
	token := sign(t, "ES256", signers()["ES256"], nil, claims(map[string]any{"scp": []string{"math.*"}}))
	denied := `{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"Access denied"}}`
	for _, test := range []struct{ token, method, want string }{
		{token, "math.add", `{"jsonrpc":"2.0","id":1,"result":"ada"}`},
		{token, "special", `{"jsonrpc":"2.0","id":1,"result":"special"}`},
		{token, "other", denied},
		{"", "math.add", denied},
		{token + "A", "math.add", denied},
	} {
		body := []byte(`{"jsonrpc":"2.0","id":1,"method":"` + test.method + `"}`)
		if got := string(svc.Dispatch(t.Context(), jacinth.Peer{Token: jacinth.Token(test.token)}, body, nil)); got != test.want {
			t.Errorf("a call of %s = %s, want %s", test.method, got, test.want)
		}
	}
}

func TestNew_refuses(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	ec := signers()["ES256"].Public()
	modulus := new(big.Int).Lsh(big.NewInt(1), 2047)
	for name, config := range map[string]jwt.Config{
		"no issuer":            {Audience: "a", Algorithm: "ES256", Key: ec},
		"no audience":          {Issuer: "i", Algorithm: "ES256", Key: ec},
		"no algorithm":         {Issuer: "i", Audience: "a", Key: ec},
		"none":                 {Issuer: "i", Audience: "a", Algorithm: "none", Key: ec},
		"another algorithm":    {Issuer: "i", Audience: "a", Algorithm: "es256", Key: ec},
		"no key":               {Issuer: "i", Audience: "a", Algorithm: "ES256"},
		"two keys":             {Issuer: "i", Audience: "a", Algorithm: "ES256", Key: ec, JWKS: "https://example.com/"},
		"a key of another":     {Issuer: "i", Audience: "a", Algorithm: "RS256", Key: ec},
		"a curve of another":   {Issuer: "i", Audience: "a", Algorithm: "ES384", Key: ec},
		"a private key":        {Issuer: "i", Audience: "a", Algorithm: "ES256", Key: signers()["ES256"]},
		"a weak key":           {Issuer: "i", Audience: "a", Algorithm: "RS256", Key: weak.Public()},
		"a huge key":           {Issuer: "i", Audience: "a", Algorithm: "RS256", Key: &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 8192), E: 65537}},
		"an exponent of one":   {Issuer: "i", Audience: "a", Algorithm: "RS256", Key: &rsa.PublicKey{N: modulus, E: 1}},
		"an even exponent":     {Issuer: "i", Audience: "a", Algorithm: "RS256", Key: &rsa.PublicKey{N: modulus, E: 65536}},
		"a nil key":            {Issuer: "i", Audience: "a", Algorithm: "RS256", Key: (*rsa.PublicKey)(nil)},
		"an empty key":         {Issuer: "i", Audience: "a", Algorithm: "ES256", Key: &ecdsa.PublicKey{}},
		"a short Ed25519 key":  {Issuer: "i", Audience: "a", Algorithm: "EdDSA", Key: ed25519.PublicKey("x")},
		"a short secret":       {Issuer: "i", Audience: "a", Algorithm: "HS256", Key: []byte("secret")},
		"a secret for RS256":   {Issuer: "i", Audience: "a", Algorithm: "RS256", Key: make([]byte, 64)},
		"published secrets":    {Issuer: "i", Audience: "a", Algorithm: "HS256", JWKS: "https://example.com/"},
		"a text for a key":     {Issuer: "i", Audience: "a", Algorithm: "HS256", Key: "a secret of the thirty-two bytes"},
		"much leeway":          {Issuer: "i", Audience: "a", Algorithm: "ES256", Key: ec, Leeway: time.Minute},
		"negative leeway":      {Issuer: "i", Audience: "a", Algorithm: "ES256", Key: ec, Leeway: -1},
		"keys by http":         {Issuer: "i", Audience: "a", Algorithm: "ES256", JWKS: "http://example.com/"},
		"keys from a file":     {Issuer: "i", Audience: "a", Algorithm: "ES256", JWKS: "file:///etc/keys"},
		"keys from nowhere":    {Issuer: "i", Audience: "a", Algorithm: "ES256", JWKS: "https:///keys"},
		"keys with a password": {Issuer: "i", Audience: "a", Algorithm: "ES256", JWKS: "https://me:secret@example.com/"},
	} {
		if _, err := jwt.New(config); err == nil || !strings.HasPrefix(err.Error(), "Config") {
			t.Errorf("New with %s = %v, want an error that names the field", name, err)
		}
	}
}

func FuzzAuthorize(f *testing.F) {
	authorizer := newAuthorizer(f, jwt.Config{})
	well := sign(f, "ES256", signers()["ES256"], nil, claims(nil))
	for _, seed := range []string{well, "", "..", strings.Replace(well, ".", "..", 1), sign(f, "none", golangjwt.UnsafeAllowNoneSignatureType, nil, claims(nil))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if token == well {
			t.Skip()
		}
		if caller, err := authorize(t, authorizer, token); err == nil {
			t.Errorf("Authorize(%q) = %v, want an error: nobody signed it", token, caller)
		}
	})
}

func BenchmarkAuthorize(b *testing.B) {
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		b.Run(algorithm, func(b *testing.B) {
			authorizer := newAuthorizer(b, jwt.Config{Algorithm: algorithm})
			token := sign(b, algorithm, signers()[algorithm], nil, claims(nil))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := authorize(b, authorizer, token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
