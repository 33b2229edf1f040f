package jwt

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// kind is a kind of keys.
type kind string

const (
	rsaKey    kind = "*rsa.PublicKey"
	ecKey     kind = "*ecdsa.PublicKey"
	edKey     kind = "ed25519.PublicKey"
	secretKey kind = "[]byte"
)

// known are the algorithms of RFC 7518 and RFC 8037 that sign. "none" is not among them.
var known = map[string]kind{
	"RS256": rsaKey, "RS384": rsaKey, "RS512": rsaKey, "PS256": rsaKey, "PS384": rsaKey, "PS512": rsaKey,
	"ES256": ecKey, "ES384": ecKey, "ES512": ecKey,
	"EdDSA": edKey,
	"HS256": secretKey, "HS384": secretKey, "HS512": secretKey,
}

// curves are the sizes that go with the algorithms on elliptic curves: each has one.
var curves = map[string]int{"ES256": 256, "ES384": 384, "ES512": 521}

func kindOf(algorithm string) kind { return known[algorithm] }

func algorithms() []string { return slices.Sorted(maps.Keys(known)) }

// checkKey says what is wrong with a key for an algorithm.
func checkKey(key any, algorithm string) error {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if kindOf(algorithm) != rsaKey {
			return mismatch(key, algorithm)
		}
		return checkRSA(key)
	case *ecdsa.PublicKey:
		if key == nil || key.Curve == nil || key.Curve.Params().BitSize != curves[algorithm] {
			return mismatch(key, algorithm)
		}
		return nil
	case ed25519.PublicKey:
		if kindOf(algorithm) != edKey || len(key) != ed25519.PublicKeySize {
			return mismatch(key, algorithm)
		}
		return nil
	case []byte:
		if kindOf(algorithm) != secretKey {
			return mismatch(key, algorithm)
		}
		if len(key) < 32 {
			return fmt.Errorf("a secret of %d bytes can be guessed: it has at least 32", len(key))
		}
		return checkSecret(key)
	}
	return mismatch(key, algorithm)
}

func mismatch(key any, algorithm string) error {
	return fmt.Errorf("a %T is no key for %s, whose keys are %s", key, algorithm, kindOf(algorithm))
}

func checkRSA(key *rsa.PublicKey) error {
	switch {
	case key == nil || key.N == nil:
		return errors.New("the RSA key is empty")
	case key.N.BitLen() < 2048:
		return fmt.Errorf("an RSA key of %d bits can be broken: it has at least 2048", key.N.BitLen())
	case key.N.BitLen() > 8192:
		return fmt.Errorf("an RSA key of %d bits takes too long: it has at most 8192", key.N.BitLen())
	case key.E < 3 || key.E%2 == 0:
		return fmt.Errorf("%d is no exponent of an RSA key", key.E)
	}
	return nil
}

// oneKey is the key for every token, whatever key a token names.
type oneKey struct{ key any }

func (k oneKey) find(context.Context, string) (any, error) { return k.key, nil }
