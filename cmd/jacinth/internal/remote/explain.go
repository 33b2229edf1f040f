package remote

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
)

// Explain adds to the error of a call what can be done now, where that is known. It returns nil for nil.
func (s *Service) Explain(err error) error {
	if refusal, ok := errors.AsType[*jacinth.Error](err); ok {
		return failure.WithHint(err, s.refused(refusal.Code))
	}
	if errors.Is(err, jacinth.ErrBadReply) {
		return failure.WithHint(err, s.misunderstood())
	}
	return err
}

// refused is what to do about an error that the service answered with.
func (s *Service) refused(code jacinth.Code) string {
	switch code {
	case jacinth.MethodNotFound:
		return "jacinth list " + s.URL + " shows the methods it has."
	case jacinth.AccessDenied:
		if s.HasToken() {
			return "The token may not call this method, or is not known there."
		}
		return "The method wants a token: put it into " + tokenVariable + ", or into a file for --token-file."
	}
	return ""
}

// misunderstood is what to do when something answered that is no JSON-RPC.
func (s *Service) misunderstood() string {
	if s.last.read > int64(s.client.MaxResponse) {
		return "The answer is longer than this command reads: ask for less of it, in pages if the method has some."
	}
	at, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	switch s.last.status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusOK:
		if at.Path != endpoint {
			at.Path = endpoint
			return "Is the endpoint another path of that host? Many services have " + at.String()
		}
		return "Is the endpoint another path of that host, such as / or /rpc?"
	case http.StatusUnauthorized, http.StatusForbidden:
		return "Something before the service wants credentials: --header sends them."
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return "Redirects are not followed, since they would take the token along: use the address that it points to."
	}
	return ""
}
