package jwt

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	golangjwt "github.com/golang-jwt/jwt/v5"

	"github.com/jacinth-rpc/jacinth"
)

// countedKey counts how often a signature is about to be verified.
type countedKey struct {
	oneKey

	count *atomic.Int64
}

func (k countedKey) find(ctx context.Context, id string) (any, error) {
	k.count.Add(1)
	return k.oneKey.find(ctx, id)
}

func TestHostile_aForgedTokenIsVerifiedOnceABody(t *testing.T) {
	var signers [2]*ecdsa.PrivateKey
	for i := range signers {
		var err error
		if signers[i], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	authorizer, err := New(Config{Issuer: "issuer", Audience: "us", Algorithm: "ES256", Key: &signers[0].PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	var count atomic.Int64
	authorizer.keys = countedKey{oneKey{&signers[0].PublicKey}, &count}
	svc := jacinth.New(jacinth.Config{Name: "guarded", Logger: slog.New(slog.DiscardHandler), Authorize: authorizer.Authorize})
	for i := range 500 {
		jacinth.Private(svc, jacinth.Name[jacinth.None, int]("m"+strconv.Itoa(i)),
			func(context.Context, jacinth.None) (int, error) { return i, nil })
	}
	for i, signer := range signers {
		token, err := golangjwt.NewWithClaims(golangjwt.SigningMethodES256, golangjwt.MapClaims{
			"iss": "issuer", "aud": "us", "sub": "ada", "scope": "m*", "exp": time.Now().Add(time.Hour).Unix(),
		}).SignedString(signer)
		if err != nil {
			t.Fatal(err)
		}
		peer := jacinth.Peer{Token: jacinth.Token(token), Address: "203.0.113.9:4000"}
		for _, method := range []string{"m1", "get_service_specs", "rpc.discover"} {
			for _, end := range []string{`}`, `,"id":1}`} {
				count.Store(0)
				one := `{"jsonrpc":"2.0","method":"` + method + `"` + end
				svc.Dispatch(t.Context(), peer, []byte("["+strings.Repeat(one+",", 99)+one+"]"), nil)
				if got := count.Load(); got != 1 {
					t.Errorf("token %d: 100 times %s are %d verifications, want one", i, one, got)
				}
			}
		}
		count.Store(0)
		peer.Deadline = time.Now().Add(-time.Second)
		svc.Dispatch(t.Context(), peer, []byte(`{"jsonrpc":"2.0","method":"rpc.discover","id":1}`), nil)
		svc.Dispatch(t.Context(), peer, []byte(`{"jsonrpc":"2.0","method":"m1","id":1}`), nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = authorizer.Authorize(ctx, &jacinth.Request{Method: new(jacinth.Method), Peer: peer})
		if got := count.Load(); got != 0 {
			t.Errorf("token %d is verified %d times for those who wait no more", i, got)
		}
	}
}
