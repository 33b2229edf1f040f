package jacinth

import (
	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/plan"
	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// What callers are told when the service itself refuses a call. Each is shared and never changed.
var (
	errNoMethod         = &Error{Code: MethodNotFound}
	errDenied           = &Error{Code: AccessDenied}
	errBusy             = &Error{Code: Unavailable, Data: notRun("the service is busy: try again later")}
	errStopping         = &Error{Code: Unavailable, Data: notRun("the service is stopping: try another instance")}
	errCancelled        = &Error{Code: Unavailable, Data: detail{Reason: "the call was cut short"}}
	errDeadline         = &Error{Code: DeadlineExceeded}
	errResponseTooLarge = &Error{Code: ResponseTooLarge, Data: detail{Reason: "ask for less at a time"}}
	errBodyTooLarge     = &Error{Code: InvalidRequest, Data: detail{Reason: "the body is too large"}}
	errNotPost          = &Error{Code: InvalidRequest, Data: detail{Reason: "calls are sent by POST"}}
	errNotJSON          = &Error{Code: InvalidRequest, Data: detail{Reason: "the Content-Type must be application/json"}}
	errEncoded          = &Error{Code: InvalidRequest, Data: detail{Reason: "a compressed body is not accepted"}}
	errOtherSite        = &Error{Code: InvalidRequest, Data: detail{Reason: "a page of another site may not call this service: see Config.Origins"}}
	errWrongHost        = &Error{Code: InvalidRequest, Data: detail{Reason: "the Host is not this machine: behind a proxy on it, set -public-url"}}
	errUnread           = &Error{Code: ParseError, Data: detail{Reason: "the body did not arrive whole"}}
)

// detail is the data of the errors that jacinth itself sends.
type detail struct {
	Reason    string `json:"reason,omitzero"`
	Offset    *int   `json:"offset,omitzero"`    // byte of the body where it stops being JSON
	Limit     int    `json:"limit,omitzero"`     // the limit that was passed
	Processed *bool  `json:"processed,omitzero"` // false: nothing was run, so that sending again is safe
	ErrorID   string `json:"errorId,omitzero"`   // of the line in the service's log
}

// faultList is the data of an InvalidParams error.
type faultList struct {
	Faults []plan.Fault `json:"faults"`
}

func notRun(reason string) detail {
	return detail{Reason: reason, Processed: new(false)}
}

// withLimit returns a copy of e that names the limit.
func (e *Error) withLimit(limit int) *Error {
	data, _ := e.Data.(detail)
	data.Limit = limit
	return &Error{Code: e.Code, Message: e.Message, Data: data}
}

// appendFailure appends the error reply that a failure is to its caller.
func appendFailure(dst, id []byte, failure *Error) []byte {
	return wire.AppendError(dst, id, int(failure.code()), failure.message(), encodeData(failure.Data))
}

// appendBounded is appendFailure up to limit bytes in all, since a method can put as much into an error as into a
// result. An error that is too long loses its data, and its message if that is not enough; its code is always sent.
func appendBounded(dst, id []byte, failure *Error, limit int) []byte {
	out := appendFailure(dst, id, failure)
	if len(out) > limit && failure.Data != nil {
		out = appendFailure(dst, id, &Error{Code: failure.code(), Message: failure.Message})
	}
	if len(out) > limit && failure.Message != "" {
		out = appendFailure(dst, id, &Error{Code: failure.code()})
	}
	return out
}

// encodeData returns the data of an error as JSON, nil for none. Data that cannot be encoded is left out: the code and
// the message still tell what happened.
func encodeData(data any) (encoded []byte) {
	if data == nil {
		return nil
	}
	defer func() {
		if recover() != nil { // a type's own method failed, which must not cost more than its data
			encoded = nil
		}
	}()
	encoded, err := codec.Marshal(data)
	if err != nil {
		return nil
	}
	return encoded
}
