package jacinth

import (
	"fmt"
	"io"

	"github.com/jacinth-rpc/jacinth/internal/redact"
)

// Token is an API token as a caller sent it. Printed, logged or encoded as text or JSON it is ***, or nothing if there is
// none; string(token) is its text.
type Token string

const masked = "***"

// String returns *** for every token there is.
func (t Token) String() string {
	if t == "" {
		return ""
	}
	return masked
}

// Format prints *** whatever the verb.
func (t Token) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, t.String()) }

// MarshalText returns ***, for log/slog, encoding/json and their like.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// What programs print of a Peer or a Request is where it came from. The token alone could mask itself, but it is also
// in the headers of the HTTP request, and package fmt prints those for verbs that do not suit a pointer, such as %s.

// String names the address of the sender.
func (p Peer) String() string {
	if p.Token == "" {
		return p.Address
	}
	return p.Address + " with token " + masked
}

// Format prints what String returns, whatever the verb.
func (p Peer) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, p.String()) }

// MarshalText returns what String does, for log/slog, encoding/json and their like.
func (p Peer) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// String names the method, the caller and the address, and no params.
func (r Request) String() string {
	text := "call"
	if r.Method != nil {
		text = "call of " + r.Method.Name
	}
	if r.Caller.Name != "" {
		text += " for " + r.Caller.Name
	}
	return text + " from " + r.Peer.String()
}

// Format prints what String returns, whatever the verb.
func (r Request) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, r.String()) }

// MarshalText returns what String does, for log/slog, encoding/json and their like.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// String names the service, or the host of the URL. User, path and query stay out, since a key may be in them, and so do
// token and headers.
func (c *Client) String() string {
	if c.URL == "" {
		return "client of " + c.Service
	}
	return "client of " + redact.URL(c.URL)
}

// Format prints what String returns, whatever the verb.
func (c *Client) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, c.String()) }

// MarshalText returns what String does, for log/slog, encoding/json and their like.
func (c *Client) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Format prints the name of the service, whatever the verb: package fmt would read fields that calls change meanwhile.
func (s *Service) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, "service "+s.config.Name)
}
