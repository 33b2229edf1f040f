package jacinth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/jacinth-rpc/jacinth/internal/codec"
)

// Code says in a number why a call failed. A Code is an error, so that errors.Is(err, jacinth.InvalidParams) tells
// failures apart on both sides of the wire, and a method may return a bare Code where its text says enough.
//
// Codes from -32768 to -32000 belong to the protocol and to jacinth; a service is free to use all others.
type Code int

// The codes of the JSON-RPC 2.0 specification, section 5.1.
const (
	ParseError     Code = -32700 // the body is not JSON; nothing was run
	InvalidRequest Code = -32600 // JSON, but not a request
	MethodNotFound Code = -32601 // no such method
	InvalidParams  Code = -32602 // the params do not fit the method; the data lists every fault
	InternalError  Code = -32603 // the service failed; the data has the id under which it logged why
)

// The codes that jacinth adds, in the range that the specification leaves to servers. Other services mean other things
// by them: to go-ethereum -32000 is any error. A [Client] repeats a call that failed with Unavailable only where the data
// says that it was not run, which nobody but jacinth does, so decide nothing of weight by the code of a foreign service.
const (
	Unavailable      Code = -32000 // busy or stopping: try again later
	AccessDenied     Code = -32001 // a private method, and no token or one that may not call it
	DeadlineExceeded Code = -32002 // the time for the call ran out
	ResponseTooLarge Code = -32003 // the result is larger than the service sends
)

// String is the message that goes with a code when an error brings none of its own.
func (c Code) String() string {
	switch c {
	case ParseError:
		return "Parse error"
	case InvalidRequest:
		return "Invalid Request"
	case MethodNotFound:
		return "Method not found"
	case InvalidParams:
		return "Invalid params"
	case InternalError:
		return "Internal error"
	case Unavailable:
		return "Service unavailable"
	case AccessDenied:
		return "Access denied"
	case DeadlineExceeded:
		return "Deadline exceeded"
	case ResponseTooLarge:
		return "Response too large"
	}
	return "Error " + strconv.Itoa(int(c))
}

// Error makes a Code an error.
func (c Code) Error() string { return c.String() }

// Error is a failure that the caller is meant to read: its Code, Message and Data are sent as they are. A method
// that returns any other error is answered with [InternalError] and the id under which the error was logged, so
// nothing of the inside of a service gets out unless a method says so with an Error.
//
// An Error that a [Client] got from another service is an inside matter too: to pass it on, return a new Error that
// says what it means for your own caller.
type Error struct {
	Code    Code   // 0 is sent as InternalError
	Message string // one sentence; empty is the text of the Code
	Data    any    // sent as JSON; nil sends none, and what cannot be encoded is logged instead
	Cause   error  // for the log and for errors.Is; never sent

	remote bool // came from another service
}

// Errorf returns an Error with a formatted message for the caller. It takes no %w, since a wrapped error would be
// sent along: put that into Cause.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error describes the failure to the developer: message, code and cause.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s (%d)", e.message(), int(e.code()))
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// DecodeData decodes the Data that another service sent into the pointer that into holds. It fails if there is none.
func (e *Error) DecodeData(into any) error {
	raw, ok := e.Data.(json.RawMessage)
	if !ok {
		return errors.New("the error has no data from a service")
	}
	return codec.Decode(raw, into)
}

// Unwrap returns the Cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is the Code of e.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.code()
}

func (e *Error) code() Code {
	if e.Code == 0 && !e.remote {
		return InternalError
	}
	return e.Code
}

func (e *Error) message() string {
	if e.Message == "" {
		return e.code().String()
	}
	return e.Message
}

// CodeOf returns the code that err stands for: 0 for nil, that of the first [Error] or [Code] in its chain,
// [DeadlineExceeded] for context.DeadlineExceeded, and [InternalError] for everything else.
func CodeOf(err error) Code {
	if err == nil {
		return 0
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.code()
	}
	if code, ok := errors.AsType[Code](err); ok {
		return code
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return DeadlineExceeded
	}
	return InternalError
}
