package jacinth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

const (
	defaultTokenHeader = "X-Api-Token"

	minToken = 16      // characters of a configured token; fewer can be guessed
	maxToken = 8 << 10 // characters of a token that is looked at, which a JSON Web Token with many claims may need
)

var (
	errNoToken      = errors.New("no token")
	errUnknownToken = errors.New("unknown token")
	errManyTokens   = errors.New("several different tokens in one request")
	errNilError     = errors.New("a nil *jacinth.Error was returned as an error: return a plain nil")
)

// Tokens is a Config.Authorize that accepts the listed API tokens. To rotate a token, list the old and the new one
// until no caller sends the old one. The request's Caller is named after the token's place in the list: "token 1".
//
// It panics when a token is empty, which is what an unset environment variable looks like, shorter than 16 characters,
// longer than 8192, or not fit for a header, such as one with the line break of the file that it was read from. Tokens are
// kept as hashes and compared in constant time.
func Tokens(tokens ...string) func(context.Context, *Request) error {
	if len(tokens) == 0 {
		panic("jacinth: Tokens needs at least one token")
	}
	list := &tokenList{hashes: make([][sha256.Size]byte, len(tokens)), names: make([]string, len(tokens))}
	for i, token := range tokens {
		list.names[i] = fmt.Sprintf("token %d", i+1)
		if err := checkToken(token); err != nil {
			panic(fmt.Sprintf("jacinth: Tokens: %s %v", list.names[i], err))
		}
		list.hashes[i] = sha256.Sum256([]byte(token))
	}
	return list.authorize
}

// tokenList is what Tokens was given.
type tokenList struct {
	hashes [][sha256.Size]byte
	names  []string
}

func (l *tokenList) authorize(ctx context.Context, req *Request) error {
	if req.Token == "" {
		return errNoToken
	}
	found, err := req.Once(ctx, l, func() (any, error) { return l.find(req.Token) })
	if err != nil {
		return err
	}
	name, _ := found.(*string)
	req.Caller.Name = *name
	return nil
}

// find returns the name of a token.
func (l *tokenList) find(token Token) (*string, error) {
	sent := sha256.Sum256([]byte(token))
	var found *string
	for i := range l.hashes {
		if subtle.ConstantTimeCompare(sent[:], l.hashes[i][:]) == 1 {
			found = &l.names[i]
		}
	}
	if found == nil {
		return nil, errUnknownToken
	}
	return found, nil
}

// checkToken says why a token cannot be one that callers send.
func checkToken(token string) error {
	switch {
	case token == "":
		return errors.New("is empty: is its environment variable set?")
	case strings.TrimRight(token, "\r\n") != token:
		return errors.New("ends with a line break, which no header can carry: was it read from a file? Trim it")
	case strings.ContainsFunc(token, isControl):
		return errors.New("has a control character, which no header can carry")
	case strings.TrimSpace(token) != token:
		return errors.New("begins or ends with a space, which headers lose on the way: trim it")
	case len(token) < minToken:
		return fmt.Errorf("is shorter than %d characters and could be guessed", minToken)
	case len(token) > maxToken:
		return fmt.Errorf("is longer than %d characters, which is more than is read", maxToken)
	}
	return nil
}

// isControl reports whether a header cannot carry a character (RFC 9110, section 5.5).
func isControl(c rune) bool { return c < ' ' || c == 0x7f }

// tokenFrom takes the API token from the headers of a request. The named header and Authorization: Bearer (RFC 6750,
// scheme in any case) are equal; ambiguous means that they, or repeated headers, differ: which one was meant is not
// for us to guess.
func tokenFrom(header http.Header, name string) (token Token, ambiguous bool) {
	for _, value := range header[name] {
		token, ambiguous = oneToken(token, Token(value), ambiguous)
	}
	for _, value := range header["Authorization"] {
		if scheme, credentials, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "Bearer") {
			token, ambiguous = oneToken(token, Token(strings.TrimSpace(credentials)), ambiguous)
		}
	}
	if ambiguous || len(token) > maxToken {
		return "", ambiguous
	}
	return token, false
}

func oneToken(have, next Token, ambiguous bool) (Token, bool) {
	switch {
	case next == "":
		return have, ambiguous
	case have != "" && have != next:
		return have, true
	}
	return next, ambiguous
}

// authorize decides whether a call of a private method may go on, and returns what its caller is told if not.
// The reason is for the log: the caller learns only that access is denied.
func (s *Service) authorize(ctx context.Context, req *Request) (denied *Error, reason error) {
	if !req.Method.Private {
		return nil, nil
	}
	if req.ambiguous {
		return errDenied, errManyTokens
	}
	err := s.config.Authorize(ctx, req)
	if err == nil {
		return nil, nil
	}
	own, ok := errors.AsType[*Error](err)
	switch {
	case ok && own == nil: // an error that holds a nil *Error is not nil, and a mistake must not open a door
		return errDenied, errNilError
	case ok && !own.remote: // what another service answered is an inside matter
		return own, err
	}
	if isEndOf(ctx, err) {
		return ended(err), err
	}
	return errDenied, err
}
