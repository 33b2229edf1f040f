package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/MicahParks/jwkset"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/jwt"
)

const address = "https://login.example.com/keys"

var errOffline = errors.New("the provider is offline")

// signed is a token whose header names a key.
func signed(t *testing.T, id string, signer crypto.Signer) string {
	t.Helper()
	headers := map[string]any{}
	if id != "" {
		headers["kid"] = id
	}
	return sign(t, "ES256", signer, headers, claims(nil))
}

func newSigner(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeySet_isFetchedOnceInTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := newSigner(t)
		p := &provider{set: keySet(entry(t, "one", "ES256", key.Public()))}
		authorizer := newAuthorizer(t, jwt.Config{JWKS: address, Transport: p})
		if p.count() != 0 {
			t.Errorf("New fetched %d times, want 0", p.count())
		}
		begin := time.Now()
		for time.Since(begin) < time.Hour {
			if _, err := authorize(t, authorizer, signed(t, "one", key)); err != nil {
				t.Fatalf("Authorize = %v, want none", err)
			}
			time.Sleep(10 * time.Second)
		}
		if p.count() != 6 {
			t.Errorf("in an hour the keys were fetched %d times, want 6", p.count())
		}
	})
}

func TestKeySet_rotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := newSigner(t), newSigner(t)
		p := &provider{set: keySet(entry(t, "old", "ES256", old.Public()))}
		authorizer := newAuthorizer(t, jwt.Config{JWKS: address, Transport: p})
		if _, err := authorize(t, authorizer, signed(t, "old", old)); err != nil {
			t.Fatal(err)
		}
		p.change(func(p *provider) {
			p.set = keySet(entry(t, "old", "ES256", old.Public()), entry(t, "next", "ES256", next.Public()))
		})
		time.Sleep(30 * time.Second)
		if _, err := authorize(t, authorizer, signed(t, "next", next)); err != nil {
			t.Errorf("Authorize with a key that is new = %v, want none", err)
		}
		p.change(func(p *provider) { p.set = keySet(entry(t, "next", "ES256", next.Public())) })
		time.Sleep(10 * time.Minute)
		if _, err := authorize(t, authorizer, signed(t, "old", old)); err == nil {
			t.Error("Authorize with a key that is withdrawn = no error, want one")
		}
		if _, err := authorize(t, authorizer, signed(t, "old", next)); err == nil {
			t.Error("Authorize with a key under another's id = no error, want one")
		}
	})
}

func TestKeySet_unknownKeysCauseFewFetches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := newSigner(t)
		p := &provider{set: keySet(entry(t, "one", "ES256", key.Public()))}
		authorizer := newAuthorizer(t, jwt.Config{JWKS: address, Transport: p})
		for range 600 { // one a second for ten minutes
			if _, err := authorize(t, authorizer, signed(t, "made up", newSigner(t))); err == nil || errors.Is(err, jacinth.Unavailable) {
				t.Fatalf("Authorize with an unknown key = %v, want it denied", err)
			}
			time.Sleep(time.Second)
		}
		if p.count() > 20 {
			t.Errorf("600 unknown keys caused %d fetches in ten minutes, want 20 at most", p.count())
		}
	})
}

func TestKeySet_providerOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := newSigner(t)
		p := &provider{set: keySet(entry(t, "one", "ES256", key.Public())), err: errOffline}
		authorizer := newAuthorizer(t, jwt.Config{JWKS: address, Transport: p})
		_, err := authorize(t, authorizer, signed(t, "one", key))
		if !errors.Is(err, jacinth.Unavailable) || !errors.Is(err, errOffline) {
			t.Errorf("Authorize without keys = %v, want %v because of %v", err, jacinth.Unavailable, errOffline)
		}
		for range 100 {
			_, _ = authorize(t, authorizer, signed(t, "one", key))
		}
		if p.count() != 1 {
			t.Errorf("100 calls at once made %d tries, want 1", p.count())
		}
		p.change(func(p *provider) { p.err = nil })
		time.Sleep(5 * time.Second)
		if _, err := authorize(t, authorizer, signed(t, "one", key)); err != nil {
			t.Errorf("Authorize once the provider is there = %v, want none", err)
		}
		p.change(func(p *provider) { p.err = errOffline })
		begin := time.Now()
		for time.Since(begin) < 59*time.Minute {
			if _, err := authorize(t, authorizer, signed(t, "one", key)); err != nil {
				t.Fatalf("Authorize %v after the provider went = %v, want none", time.Since(begin), err)
			}
			if _, err := authorize(t, authorizer, signed(t, "made up", newSigner(t))); err == nil || errors.Is(err, jacinth.Unavailable) {
				t.Fatalf("Authorize with an unknown key = %v, want it denied", err)
			}
			time.Sleep(time.Minute)
		}
		time.Sleep(time.Minute)
		if _, err := authorize(t, authorizer, signed(t, "one", key)); !errors.Is(err, jacinth.Unavailable) {
			t.Errorf("Authorize more than an hour after = %v, want %v", err, jacinth.Unavailable)
		}
	})
}

func TestKeySet_fetchThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := newSigner(t)
		p := &provider{set: keySet(entry(t, "one", "ES256", key.Public())), block: make(chan struct{})}
		defer close(p.block)
		authorizer := newAuthorizer(t, jwt.Config{JWKS: address, Transport: p})
		var calls sync.WaitGroup
		begin := time.Now()
		for range 50 {
			calls.Go(func() {
				if _, err := authorize(t, authorizer, signed(t, "one", key)); !errors.Is(err, jacinth.Unavailable) {
					t.Errorf("Authorize = %v, want %v", err, jacinth.Unavailable)
				}
			})
		}
		calls.Wait()
		if waited := time.Since(begin); waited != 5*time.Second || p.count() != 1 {
			t.Errorf("50 calls waited %v for %d fetches, want 5s for one", waited, p.count())
		}
	})
}

func TestKeySet_refreshThatHangsHoldsUpOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := newSigner(t)
		p := &provider{set: keySet(entry(t, "one", "ES256", key.Public()))}
		authorizer := newAuthorizer(t, jwt.Config{JWKS: address, Transport: p})
		if _, err := authorize(t, authorizer, signed(t, "one", key)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		block := make(chan struct{})
		p.change(func(p *provider) { p.block = block })
		var first sync.WaitGroup
		first.Go(func() {
			if _, err := authorize(t, authorizer, signed(t, "one", key)); err != nil {
				t.Errorf("Authorize of the call that fetches = %v, want none", err)
			}
		})
		synctest.Wait()
		begin := time.Now()
		for range 10 {
			if _, err := authorize(t, authorizer, signed(t, "one", key)); err != nil {
				t.Errorf("Authorize beside it = %v, want none", err)
			}
		}
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("calls with a known key waited %v for another's fetch, want none", waited)
		}
		close(block)
		first.Wait()
	})
}

func TestKeySet_answersThatAreNone(t *testing.T) {
	key := newSigner(t)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	otherCurve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	one := entry(t, "one", "ES256", key.Public())
	with := func(change func(*jwkset.JWKMarshal)) jwkset.JWKSMarshal {
		changed := one
		change(&changed)
		return keySet(changed)
	}
	many := jwkset.JWKSMarshal{}
	for i := range 101 {
		other := one
		other.KID += strings.Repeat("+", i)
		many.Keys = append(many.Keys, other)
	}
	text, err := json.Marshal(keySet(one))
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*provider{
		"an error":             {set: keySet(one), status: http.StatusInternalServerError},
		"no content":           {set: "", status: http.StatusNoContent},
		"another page":         {set: "<html>"},
		"nothing":              {set: ""},
		"null":                 {set: "null"},
		"no keys":              {set: keySet()},
		"many keys":            {set: many},
		"a megabyte":           {set: string(text) + strings.Repeat(" ", 1<<20)},
		"one id twice":         {set: keySet(one, one)},
		"a key to encrypt":     {set: with(func(k *jwkset.JWKMarshal) { k.USE = jwkset.UseEnc })},
		"a key for others":     {set: with(func(k *jwkset.JWKMarshal) { k.ALG = jwkset.AlgES384 })},
		"a point off the line": {set: with(func(k *jwkset.JWKMarshal) { k.Y = k.X })},
		"another curve":        {set: keySet(entry(t, "one", "ES384", otherCurve.Public()))},
		"another kind":         {set: keySet(entry(t, "one", "RS256", signers()["RS256"].Public()))},
		"a weak key":           {set: keySet(entry(t, "one", "RS256", weak.Public()))},
		"a secret":             {set: `{"keys":[{"kty":"oct","kid":"one","k":"YSBzZWNyZXQgb2YgdGhlIHRoaXJ0eS10d28gYnl0ZXM"}]}`},
		"a redirect":           {set: keySet(one), status: http.StatusFound, header: http.Header{"Location": {"https://evil.example.com/keys"}}},
		"a lasting redirect":   {set: keySet(one), status: http.StatusPermanentRedirect, header: http.Header{"Location": {"/keys2"}}},
	} {
		authorizer := newAuthorizer(t, jwt.Config{JWKS: address, Transport: p})
		if _, err := authorize(t, authorizer, signed(t, "one", key)); !errors.Is(err, jacinth.Unavailable) {
			t.Errorf("Authorize when the provider answers with %s = %v, want %v", name, err, jacinth.Unavailable)
		}
		if p.count() != 1 {
			t.Errorf("when the provider answers with %s it is asked %d times, want once", name, p.count())
		}
	}
}

func TestKeySet_takesWhatItNeeds(t *testing.T) {
	key := newSigner(t)
	one := entry(t, "one", "ES256", key.Public())
	bare := one
	bare.ALG, bare.USE, bare.KID = "", "", ""
	signing := one
	signing.USE = jwkset.UseSig
	elsewhere := one
	elsewhere.X5U = "https://evil.example.com/certificate"
	chained := one
	chained.X5C = []string{"bm8gY2VydGlmaWNhdGU="}
	for name, test := range map[string]struct {
		set jwkset.JWKSMarshal
		id  string
	}{
		"one key":                     {keySet(one), "one"},
		"one key, to sign":            {keySet(signing), "one"},
		"one key, and none named":     {keySet(one), ""},
		"one key without id":          {keySet(bare), ""},
		"keys of others":              {keySet(entry(t, "rsa", "RS256", signers()["RS256"].Public()), one, entry(t, "ed", "EdDSA", signers()["EdDSA"].Public())), "one"},
		"an address of a certificate": {keySet(elsewhere), "one"},
		"a key with a broken chain":   {keySet(chained), "one"},
	} {
		p := &provider{set: test.set}
		authorizer := newAuthorizer(t, jwt.Config{JWKS: address, Transport: p})
		if _, err := authorize(t, authorizer, signed(t, test.id, key)); err != nil {
			t.Errorf("Authorize by a set of %s = %v, want none", name, err)
		}
		for _, r := range p.requests {
			if r.URL.String() != address {
				t.Errorf("by a set of %s, %s was asked", name, r.URL)
			}
		}
	}
	p := &provider{set: keySet(one, entry(t, "two", "ES256", newSigner(t).Public()))}
	if _, err := authorize(t, newAuthorizer(t, jwt.Config{JWKS: address, Transport: p}), signed(t, "", key)); err == nil {
		t.Error("Authorize with no key named, by a set of two = no error, want one: which was meant is not to be guessed")
	}
}
