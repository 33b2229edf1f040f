package jwt_test

import (
	"context"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/jwt"
)

func Example() {
	authorizer, err := jwt.New(jwt.Config{
		Issuer:    "https://login.example.com/",
		Audience:  "billing",
		Algorithm: "RS256",
		JWKS:      "https://login.example.com/.well-known/jwks.json",
		Type:      "at+jwt",
	})
	if err != nil {
		panic(err)
	}
	svc := jacinth.New(jacinth.Config{Name: "billing", Authorize: authorizer.Authorize})
	jacinth.Private(svc, "invoice.send", func(ctx context.Context, _ jacinth.None) (string, error) {
		return "sent for " + jacinth.CallerFrom(ctx).Name, nil
	})
}
