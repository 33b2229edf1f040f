package nats

import (
	"errors"
	"fmt"
	"strings"
)

const (
	defaultInbox   = "_INBOX" // what nats.go and all other clients have unless they are told otherwise
	maxInbox       = 256      // bytes of a subject that is answered to; those of nats.go have 38
	maxInboxTokens = 16
)

// inboxes are the beginnings of the subjects that are answered to, each with the dot after it.
//
// The caller chooses the subject of the answer, and it is the service that publishes there, with its permissions and not
// with those of the caller. So it publishes only where nobody keeps anything and nobody takes orders: to inboxes. NATS
// itself would let a service answer into its own record in the registry, or into the API of JetStream.
type inboxes []string

// newInboxes returns the inboxes with those prefixes, _INBOX if there is none, and refuses those that are none: what
// belongs to NATS, and where calls go by that subject.
func newInboxes(prefixes []string, subject string) (inboxes, error) {
	if len(prefixes) == 0 {
		prefixes = []string{defaultInbox}
	}
	var all inboxes
	for _, prefix := range prefixes {
		prefix = strings.TrimSuffix(prefix, ".") + "."
		if err := checkInbox(prefix, subject); err != nil {
			return nil, fmt.Errorf("Server.Inboxes has %.*q: %w", maxInbox, prefix, err)
		}
		all = append(all, prefix)
	}
	return all, nil
}

func checkInbox(prefix, subject string) error {
	calls, _, _ := strings.Cut(subject, ".")
	first, _, _ := strings.Cut(prefix, ".")
	switch {
	case !isPlain(strings.TrimSuffix(prefix, ".")) || len(prefix) > maxInbox/2:
		return errors.New("it must be the first tokens of a subject, without wildcards or spaces, such as _INBOX")
	case strings.HasPrefix(first, "$"):
		return errors.New("subjects that begin with $ are orders to NATS, and the records of the registry")
	case first == calls:
		return errors.New("subjects that begin so are calls of services")
	}
	return nil
}

// admit reports whether a reply may be sent to a subject that a caller gave.
func (all inboxes) admit(subject string) bool {
	if len(subject) > maxInbox || !isPlain(subject) {
		return false
	}
	for _, prefix := range all {
		if strings.HasPrefix(subject, prefix) {
			return true
		}
	}
	return false
}

// isPlain reports whether text is a subject of few tokens that are not empty, in printable ASCII and without wildcards.
func isPlain(text string) bool {
	tokens := 1
	last := byte('.')
	for _, c := range []byte(text) {
		switch {
		case c <= ' ' || c > '~' || c == '*' || c == '>':
			return false
		case c == '.' && last == '.':
			return false
		case c == '.':
			tokens++
		}
		last = c
	}
	return last != '.' && tokens <= maxInboxTokens
}
