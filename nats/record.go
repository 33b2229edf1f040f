package nats

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/jacinth-rpc/jacinth"
)

// maxRecord is the longest record of an instance that is looked at, in bytes.
const maxRecord = 8 << 10

var (
	serviceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	plainID     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// nameTokens is the name of a service as tokens of a NATS subject, so that permissions of NATS can be given for one
// service, workers.email, or for a family of them, workers.> . A token must not be empty, and = is in no name.
func nameTokens(service string) (string, error) {
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

// keyOf is the key that the record of an instance has.
func keyOf(instance *jacinth.Instance) (string, error) {
	tokens, err := nameTokens(instance.Service)
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

// filterOf is the pattern of the keys of all instances that a name, or a pattern such as workers.*, means. It may match
// more.
func filterOf(service string) (string, error) {
	if prefix, isPattern := strings.CutSuffix(service, ".*"); isPattern {
		tokens, err := nameTokens(prefix)
		return tokens + ".>", err
	}
	tokens, err := nameTokens(service)
	return tokens + ".*", err
}

func encode(instance *jacinth.Instance) ([]byte, error) {
	if u, err := url.Parse(instance.URL); err != nil || u.Host == "" {
		return nil, fmt.Errorf("the URL %q of the instance is not a full address", instance.URL)
	}
	record, err := json.Marshal(instance)
	if err == nil && len(record) > maxRecord {
		err = fmt.Errorf("the instance takes %d bytes, and others read at most %d", len(record), maxRecord)
	}
	return record, err
}

// decode reads a record that was found under key, and reports whether it is one. What it says must be what its key
// says, since it is the key that NATS gives permission to write.
func decode(key string, record []byte) (instance jacinth.Instance, ok bool) {
	if len(record) > maxRecord || json.Unmarshal(record, &instance) != nil {
		return jacinth.Instance{}, false
	}
	if own, err := keyOf(&instance); err != nil || own != key {
		return jacinth.Instance{}, false
	}
	if u, err := url.Parse(instance.URL); err != nil || u.Host == "" {
		return jacinth.Instance{}, false
	}
	return instance, true
}
