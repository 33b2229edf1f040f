// Package failure says what went wrong: to a person in sentences, and to a program by the exit code.
package failure

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jacinth-rpc/jacinth"
)

// The exit codes of every command.
const (
	OK        = 0
	Answered  = 1 // the service answered with an error, or what was asked for was found to be wrong
	Usage     = 2 // the command line, or a file that it names, cannot be meant
	Transport = 3 // no service was reached, or what answered does not speak JSON-RPC

	interrupted = 130 // as shells say it of a program that SIGINT has ended
)

// Error is an error with the exit code that it ends the program with.
type Error struct {
	Exit int
	Err  error
	Hint string // a sentence on what to do now; may be empty
}

// Error returns the sentence without the hint.
func (f *Error) Error() string { return f.Err.Error() }

// Unwrap returns Err.
func (f *Error) Unwrap() error { return f.Err }

// Usagef returns an error of a command line that cannot be meant.
func Usagef(format string, args ...any) error {
	return &Error{Exit: Usage, Err: fmt.Errorf(format, args...)}
}

// Workf returns an error of work that was tried and did not succeed.
func Workf(format string, args ...any) error {
	return &Error{Exit: Answered, Err: fmt.Errorf(format, args...)}
}

// WithHint adds what to do now to err, which may be nil. A hint that is there already stays.
func WithHint(err error, hint string) error {
	if err == nil || hint == "" {
		return err
	}
	if f, ok := errors.AsType[*Error](err); ok && f.Hint != "" {
		return err
	}
	return &Error{Exit: ExitCode(err), Err: err, Hint: hint}
}

// ExitCode is what the program ends with when a command has failed with err, or not, which is nil.
func ExitCode(err error) int {
	if err == nil {
		return OK
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Exit
	}
	if _, ok := errors.AsType[*jacinth.Error](err); ok {
		return Answered
	}
	switch {
	case errors.Is(err, context.Canceled):
		return interrupted
	case errors.Is(err, jacinth.ErrNotSent), errors.Is(err, jacinth.ErrNoReply), errors.Is(err, jacinth.ErrBadReply):
		return Transport
	case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission), errors.Is(err, os.ErrExist):
		return Usage
	}
	return Answered
}
