// Package jwt authorizes calls by JSON Web Tokens (RFC 7519) that an identity provider signs, as OAuth 2.0 access tokens
// mostly are:
//
//	authorizer, err := jwt.New(jwt.Config{
//		Issuer:    "https://login.example.com/",
//		Audience:  "billing",
//		Algorithm: "RS256",
//		JWKS:      "https://login.example.com/.well-known/jwks.json",
//	})
//	if err != nil { … }
//	svc := jacinth.New(jacinth.Config{Name: "billing", Authorize: authorizer.Authorize})
//
// A token is accepted if it is signed by one of the provider's keys with exactly this algorithm, says that it was issued
// by the issuer for the audience, names a subject, and has not expired; a token without an end is none. The claim scope
// grants methods as the scopes of package tokens do: invoice.send for one, invoice.* for a family. The request's Caller
// is named after the subject.
//
// Everything that a token says about how to check it is passed over but the id of the key: a key, or an address of one,
// that comes with a token is not used, and a token that is critical about more is refused.
//
// The keys of a provider are fetched when the first token comes, kept for ten minutes, and fetched again before that for
// a key that is not among them, at most once in half a minute. While the provider cannot be reached the keys are
// honoured for an hour; without any, callers are told to come back ([jacinth.Unavailable]).
//
// A JWT cannot be revoked: it is good until it expires. Where that matters, let the provider issue short ones, or use
// package tokens.
package jwt
