package jwt

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/golang-jwt/jwt/v5"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

const (
	maxToken  = 8 << 10 // bytes; looked at before anything else is
	maxName   = 128     // bytes of a subject
	maxLeeway = 30 * time.Second
)

// Config says whose tokens are accepted. Issuer, Audience, Algorithm, and one of JWKS and Key are required.
type Config struct {
	Issuer    string // the claim iss, exactly
	Audience  string // what the claim aud must have among others: the name that the provider knows the service by
	Algorithm string // the only one: RS256, PS256, ES256, EdDSA, …; HS256 and its kin for a Key of bytes

	JWKS string // https address where the provider publishes its keys (RFC 7517)
	Key  any    // or the one key: *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey, or at least 32 secret []byte

	Leeway     time.Duration // for clocks that differ; 0 is none, at most 30s
	Type       string        // the header typ, such as at+jwt (RFC 9068), which tells access tokens from others; empty is any
	ScopeClaim string        // text with scopes between spaces, or a list of them; scope

	Transport http.RoundTripper // fetches the JWKS; nil is http.DefaultTransport
}

// Authorizer decides which calls may go on by the JWT that comes with them. Its [Authorizer.Authorize] goes into
// Config.Authorize. It is safe for concurrent use.
type Authorizer struct {
	config Config
	parser *jwt.Parser
	keys   keys
}

// keys finds the key that a token says it is signed with.
type keys interface {
	find(ctx context.Context, id string) (any, error)
}

// New returns an Authorizer, or an error that says which field of config cannot be. It does not fetch keys yet.
func New(config Config) (*Authorizer, error) {
	if config.ScopeClaim == "" {
		config.ScopeClaim = "scope"
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	a := &Authorizer{
		config: config,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{config.Algorithm}),
			jwt.WithIssuer(config.Issuer),
			jwt.WithAudience(config.Audience),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
			jwt.WithLeeway(config.Leeway),
			jwt.WithStrictDecoding(),
		),
	}
	if config.JWKS != "" {
		a.keys = newKeySet(&config)
	} else {
		a.keys = oneKey{config.Key}
	}
	return a, nil
}

func (c *Config) check() error {
	switch {
	case c.Issuer == "":
		return errors.New("Config.Issuer is empty: tokens of anybody would be accepted")
	case c.Audience == "":
		return errors.New("Config.Audience is empty: tokens that were issued for other services would be accepted")
	case c.Leeway < 0 || c.Leeway > maxLeeway:
		return fmt.Errorf("Config.Leeway is %v: it is 0 to %v", c.Leeway, maxLeeway)
	case (c.JWKS == "") == (c.Key == nil):
		return errors.New("Config needs one of JWKS and Key, and not both")
	}
	if kindOf(c.Algorithm) == "" {
		return fmt.Errorf("Config.Algorithm %q is none of %s", c.Algorithm, strings.Join(algorithms(), ", "))
	}
	if c.Key != nil {
		if err := checkKey(c.Key, c.Algorithm); err != nil {
			return fmt.Errorf("Config.Key: %w", err)
		}
		return nil
	}
	if kindOf(c.Algorithm) == secretKey {
		return fmt.Errorf("Config.Algorithm is %s, whose key is secret and cannot be published: it goes into Config.Key",
			c.Algorithm)
	}
	return checkAddress(c.JWKS)
}

// Authorize is a Config.Authorize: it returns nil for a call whose token may make it, and fills in the request's
// Caller. Whatever is wrong with a token, the caller hears the same; the text of the error, for the log, says what.
// A token is verified once for each body, a batch included, and not at all when the call is out of time.
func (a *Authorizer) Authorize(ctx context.Context, req *jacinth.Request) error {
	switch {
	case req.Token == "":
		return errNoToken
	case len(req.Token) > maxToken:
		return errTooLong
	}
	verified, err := req.Once(ctx, a, func() (any, error) { return a.verify(ctx, req.Token) })
	if err != nil {
		return err
	}
	caller, _ := verified.(*jacinth.Caller)
	req.Caller = *caller
	if !tokens.Scopes(caller.Scopes).Allow(scopeOf(req.Method)) {
		return errNoScope
	}
	return nil
}

// verify returns whom a token stands for.
func (a *Authorizer) verify(ctx context.Context, token jacinth.Token) (*jacinth.Caller, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	claims := jwt.MapClaims{}
	_, err := a.parser.ParseWithClaims(string(token), claims, func(token *jwt.Token) (any, error) { return a.key(ctx, token) })
	if err != nil {
		return nil, refusalOf(err)
	}
	name, err := subject(claims)
	if err != nil {
		return nil, err
	}
	scopes, err := a.scopes(claims)
	if err != nil {
		return nil, err
	}
	// Calls of one body share the scopes: what one of them appends goes elsewhere.
	return &jacinth.Caller{Name: name, Scopes: slices.Clip(scopes)}, nil
}

// key finds the key for a token whose algorithm has been checked, and whose claims have not.
func (a *Authorizer) key(ctx context.Context, token *jwt.Token) (any, error) {
	if _, critical := token.Header["crit"]; critical {
		return nil, errCritical // RFC 7515, section 4.1.11: what one does not understand there makes a token invalid
	}
	if a.config.Type != "" {
		kind, _ := token.Header["typ"].(string)
		if !strings.EqualFold(strings.TrimPrefix(strings.ToLower(kind), "application/"), a.config.Type) {
			return nil, errType
		}
	}
	id, isText := token.Header["kid"].(string)
	if _, given := token.Header["kid"]; given && !isText {
		return nil, errUnknownKey
	}
	return a.keys.find(ctx, id)
}

// subject is the name of the caller. It goes into logs as it is.
func subject(claims jwt.MapClaims) (string, error) {
	name, err := claims.GetSubject()
	if err != nil || name == "" || len(name) > maxName || strings.ContainsFunc(name, unprintable) {
		return "", errSubject
	}
	return name, nil
}

func unprintable(c rune) bool { return !unicode.IsPrint(c) || c == unicode.ReplacementChar }

// scopes reads the scope claim, in either of the forms that providers give it.
func (a *Authorizer) scopes(claims jwt.MapClaims) (tokens.Scopes, error) {
	switch claim := claims[a.config.ScopeClaim].(type) {
	case nil:
		return nil, nil
	case string:
		return strings.Fields(claim), nil
	case []any:
		list := make(tokens.Scopes, 0, len(claim))
		for _, item := range claim {
			scope, ok := item.(string)
			if !ok {
				return nil, errScopes
			}
			list = append(list, scope)
		}
		return list, nil
	}
	return nil, errScopes
}

func scopeOf(method *jacinth.Method) string {
	if method.Scope == "" {
		return method.Name
	}
	return method.Scope
}

// Why a token is refused. None of it repeats what the token says.
var (
	errNoToken    = errors.New("no token")
	errTooLong    = errors.New("the token is too long")
	errMalformed  = errors.New("not a JSON Web Token")
	errSignature  = errors.New("the signature is not that of the issuer, or of another algorithm")
	errUnknownKey = errors.New("the token is signed with a key that the issuer does not have")
	errCritical   = errors.New("the token asks for checks that are not known here")
	errType       = errors.New("the token is of another type")
	errExpired    = errors.New("the token has expired")
	errNoEnd      = errors.New("the token lacks a claim that is required, such as when it expires")
	errPending    = errors.New("the token is not valid yet")
	errIssuer     = errors.New("the token is of another issuer")
	errAudience   = errors.New("the token is for another audience")
	errClaims     = errors.New("the claims of the token are not well")
	errSubject    = errors.New("the token does not name its subject in characters that can be shown")
	errScopes     = errors.New("the scopes of the token are neither text nor a list of texts")
	errNoScope    = errors.New("scope not granted")
)

// refusalOf says what the parser found, in words that hold nothing of the token.
func refusalOf(err error) error {
	if unavailable, ok := errors.AsType[*jacinth.Error](err); ok {
		return unavailable
	}
	for _, own := range []error{errUnknownKey, errCritical, errType, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, own) {
			return own
		}
	}
	i := slices.IndexFunc(reasons, func(r reason) bool { return errors.Is(err, r.found) })
	if i < 0 {
		return errClaims
	}
	return reasons[i].told
}

type reason struct{ found, told error }

// reasons are in the order of the checks.
var reasons = []reason{
	{jwt.ErrTokenMalformed, errMalformed},
	{jwt.ErrTokenUnverifiable, errSignature}, // an algorithm that there is not
	{jwt.ErrTokenSignatureInvalid, errSignature},
	{jwt.ErrTokenRequiredClaimMissing, errNoEnd},
	{jwt.ErrTokenExpired, errExpired},
	{jwt.ErrTokenNotValidYet, errPending},
	{jwt.ErrTokenUsedBeforeIssued, errPending},
	{jwt.ErrTokenInvalidIssuer, errIssuer},
	{jwt.ErrTokenInvalidAudience, errAudience},
}
