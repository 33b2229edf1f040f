package tokens

import (
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// err returns what Authorize returns for a decision: nil, an error that the service answers with AccessDenied whatever
// its text, or one that asks the caller to come back.
func (d *decision) err() error {
	switch d.reason {
	case granted:
		return nil
	case overRate, overInFlight, guessing, guessingTogether, storeDown:
		return &jacinth.Error{Code: jacinth.Unavailable, Data: d.data(), Cause: &refusal{*d}}
	}
	return &refusal{*d}
}

// later is the data of an Unavailable error. A call that was not run may be sent again.
type later struct {
	Reason       string `json:"reason"`
	Processed    bool   `json:"processed"`
	RetryAfterMS int64  `json:"retryAfterMs,omitzero"`
}

func (d *decision) data() later {
	reason := string(d.reason) + ": try again later"
	return later{Reason: reason, RetryAfterMS: int64((d.wait + time.Millisecond - 1) / time.Millisecond)}
}

// refusal is the reason of a denial, for the log.
type refusal struct {
	decision decision
}

func (r *refusal) Error() string {
	d := &r.decision
	text := string(d.reason)
	if d.id != "" {
		text = "token " + d.id + ": " + text
	}
	if d.cause != nil {
		text += ": " + Redact(d.cause.Error()) // a store of yours may say what it likes
	}
	return text
}

// Unwrap returns why the store could not be asked, nil for any other reason.
func (r *refusal) Unwrap() error { return r.decision.cause }
