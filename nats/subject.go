package nats

import (
	"fmt"

	"github.com/jacinth-rpc/jacinth/nats/internal/instances"
)

const (
	defaultPrefix = "jacinth"
	queueGroup    = "jacinth" // all instances of a service: each message goes to one of them
)

// subjectOf is where the instances of a service listen.
func subjectOf(prefix, service string) (string, error) {
	if prefix == "" {
		prefix = defaultPrefix
	}
	tokens, err := instances.Tokens(service)
	if err != nil {
		return "", err
	}
	return prefix + "." + tokens, nil
}

// checkPrefix refuses what is not the beginning of a subject.
func checkPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	if _, err := instances.Tokens(prefix); err != nil {
		return fmt.Errorf("the prefix %q cannot begin a subject: use letters, digits and . _ -", prefix)
	}
	return nil
}
