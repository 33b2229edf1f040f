// Package instances knows how instances of services are kept in a key-value bucket: their keys and records, and the set of
// those that are there, as far as it can be known. It knows nothing of NATS.
package instances

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
)

// MaxRecord is the longest record of an instance that is looked at, in bytes.
const MaxRecord = 8 << 10

var (
	serviceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	plainID     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// Tokens is the name of a service as tokens of a NATS subject, so that permissions of NATS can be given for one
// service, workers.email, or for a family of them, workers.> . A token must not be empty, and = is in no name.
func Tokens(service string) (string, error) {
	if !serviceName.MatchString(service) {
		return "", fmt.Errorf("%q is not the name of a service: use up to 128 letters, digits and . _ -", service)
	}
	tokens := strings.Split(service, ".")
	for i, token := range tokens {
		if token == "" {
			tokens[i] = "="
		}
	}
	return strings.Join(tokens, "."), nil
}

// Key is the key that the record of an instance has.
func Key(instance *jacinth.Instance) (string, error) {
	tokens, err := Tokens(instance.Service)
	if err != nil {
		return "", err
	}
	id := instance.ID
	switch {
	case id == "":
		return "", errors.New("the instance has no ID")
	case !plainID.MatchString(id):
		hash := sha256.Sum256([]byte(id))
		id = "=" + hex.EncodeToString(hash[:16])
	}
	return tokens + "." + id, nil
}

// Filter is the pattern of the keys of all instances that a name, or a pattern such as workers.* or *, means. It
// may match more.
func Filter(service string) (string, error) {
	if service == "*" {
		return ">", nil
	}
	if prefix, isPattern := strings.CutSuffix(service, ".*"); isPattern {
		tokens, err := Tokens(prefix)
		return tokens + ".>", err
	}
	tokens, err := Tokens(service)
	return tokens + ".*", err
}

// Encode returns the record of an instance.
func Encode(instance *jacinth.Instance) ([]byte, error) {
	if err := discovery.Check(*instance); err != nil {
		return nil, err
	}
	record, err := json.Marshal(instance)
	if err == nil && len(record) > MaxRecord {
		err = fmt.Errorf("the instance takes %d bytes, and others read at most %d", len(record), MaxRecord)
	}
	return record, err
}

// Decode reads a record that was found under key, and reports whether it is one. What it says must be what its key
// says, since it is the key that NATS gives permission to write.
func Decode(key string, record []byte) (instance jacinth.Instance, ok bool) {
	if len(record) > MaxRecord || json.Unmarshal(record, &instance) != nil || discovery.Check(instance) != nil {
		return jacinth.Instance{}, false
	}
	if own, err := Key(&instance); err != nil || own != key {
		return jacinth.Instance{}, false
	}
	return instance, true
}
