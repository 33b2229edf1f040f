package jacinth

import (
	"fmt"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/plan"
	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// busyPause is how long callers of a busy service are asked to wait.
const busyPause = time.Second

// What callers are told when the service itself refuses a call. Each is shared and never changed.
var (
	errNoMethod = &Error{Code: MethodNotFound}
	errDenied   = &Error{Code: AccessDenied}
	errBusy     = &Error{Code: Unavailable, Data: detail{
		Reason: "the service is busy: try again later", Processed: new(false), RetryAfter: busyPause.Milliseconds(),
	}}
	errCrowded = &Error{Code: Unavailable, Data: detail{
		Reason: "what was called has run, but there was no room for its reply: ask for less, or later",
	}}
	errStopping         = &Error{Code: Unavailable, Data: notRun("the service is stopping: try another instance")}
	errCancelled        = &Error{Code: Unavailable, Data: detail{Reason: "the call was cut short"}}
	errDeadline         = &Error{Code: DeadlineExceeded}
	errResponseTooLarge = &Error{Code: ResponseTooLarge, Data: detail{Reason: "ask for less at a time"}}
	errBodyTooLarge     = &Error{Code: InvalidRequest, Data: detail{Reason: "the body is too large"}}
	errNotPost          = &Error{Code: InvalidRequest, Data: detail{Reason: "calls are sent by POST"}}
	errNotJSON          = &Error{Code: InvalidRequest, Data: detail{Reason: "the Content-Type must be application/json"}}
	errEncoded          = &Error{Code: InvalidRequest, Data: detail{Reason: "a compressed body is not accepted"}}
	errOtherSite        = &Error{Code: InvalidRequest, Data: detail{Reason: "a page of another site may not call this service: see Config.Origins"}}
	errWrongHost        = &Error{Code: InvalidRequest, Data: detail{Reason: "the Host is no name of this service: set -public-url to the one that it has, and list others in Origins"}}
	errUnread           = &Error{Code: ParseError, Data: detail{Reason: "the body did not arrive whole"}}
	errTooSlow          = &Error{Code: ParseError, Data: detail{Reason: "the body did not arrive in time"}}
)

// detail is the data of the errors that jacinth itself sends.
type detail struct {
	Reason    string `json:"reason,omitzero"`
	Offset    *int   `json:"offset,omitzero"`    // byte of the body where it stops being JSON
	Limit     int    `json:"limit,omitzero"`     // the limit that was passed
	Processed *bool  `json:"processed,omitzero"` // false: nothing was run, so that sending again is safe

	RetryAfter int64  `json:"retryAfterMs,omitzero"` // milliseconds to wait before that
	ErrorID    string `json:"errorId,omitzero"`      // of the line in the service's log
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

// appendFailure appends the error reply that one of jacinth's own failures is to its caller.
func appendFailure(dst, id []byte, failure *Error) []byte {
	data, _ := encodeData(failure.Data)
	return wire.AppendError(dst, id, int(failure.code()), failure.message(), data)
}

// appendBounded appends the error reply of any failure up to limit bytes in all, since a method can put as much into an
// error as into a result. An error that is too long loses its data, and its message if that is not enough; its code is
// always sent. So it is where the data cannot be encoded: the code and the message still tell what happened, and unsent
// is for the log.
func appendBounded(dst, id []byte, failure *Error, limit int) (out []byte, unsent error) {
	code, message := failure.code(), failure.message()
	data, unsent := encodeData(failure.Data)
	out = wire.AppendError(dst, id, int(code), message, data)
	if len(out) > limit && data != nil {
		out = wire.AppendError(dst, id, int(code), message, nil)
	}
	if len(out) > limit && failure.Message != "" {
		out = wire.AppendError(dst, id, int(code), code.String(), nil)
	}
	return out, unsent
}

// encodeData returns the data of an error as JSON, nil for none.
func encodeData(data any) (encoded []byte, err error) {
	if data == nil {
		return nil, nil
	}
	defer func() {
		if value := recover(); value != nil { // a type's own method failed, which must not cost more than its data
			encoded, err = nil, fmt.Errorf("panic: %v", value)
		}
	}()
	if encoded, err = codec.Marshal(data); err != nil {
		return nil, err
	}
	return encoded, nil
}
