package nats

import (
	"net/http"

	"github.com/nats-io/nats.go"

	"github.com/jacinth-rpc/jacinth"
)

const (
	// What waits for the goroutine that takes messages. nats.go has made a map of the headers by then, which takes up to
	// 18 times their bytes; see docs/limits.md. The number bounds messages that are nothing but their subjects.
	maxPending = 16 << 20
	maxWaiting = 16 << 10

	// maxFields is how many headers a message may have: each costs far more than its bytes.
	maxFields = 100
)

// refusalOf says why nothing of a message is looked at, if so: because of what it weighs, or what can be seen without
// building anything from it.
func (s *Server) refusalOf(m *nats.Msg) (status int, reply []byte) {
	limits := &s.config.Limits
	headers := headerSize(m)
	switch {
	case headers > 0 && m.Header == nil:
		return http.StatusBadRequest, failure(jacinth.InvalidRequest, detail{Reason: "the headers cannot be read"})
	case headers > limits.Headers:
		return http.StatusRequestHeaderFieldsTooLarge,
			failure(jacinth.InvalidRequest, detail{Reason: "the headers are too large", Limit: limits.Headers})
	case fields(m.Header) > maxFields:
		return http.StatusRequestHeaderFieldsTooLarge,
			failure(jacinth.InvalidRequest, detail{Reason: "there are too many headers", Limit: maxFields})
	case len(m.Data) > limits.Body:
		return http.StatusRequestEntityTooLarge,
			failure(jacinth.InvalidRequest, detail{Reason: "the body is too large", Limit: limits.Body})
	}
	return 0, nil
}

// headerSize is how many bytes the headers of a message that was received took on their way.
func headerSize(m *nats.Msg) int { return m.Size() - len(m.Subject) - len(m.Reply) - len(m.Data) }

// fields counts headers, by each of their values.
func fields(header nats.Header) int {
	n := 0
	for _, values := range header {
		n += len(values)
	}
	return n
}
