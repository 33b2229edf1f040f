// Package wire reads and builds the messages of JSON-RPC 2.0: requests, replies, and batches of them.
//
// [Scan] and [ScanReplies] walk over a body once. That one pass holds the body to the grammar of JSON (RFC 8259), to
// valid UTF-8 and to a depth, and notes where the members of each message stand; nothing is decoded, copied or looked
// at twice. What a method is given and what it returns is JSON that this package passes on as it is. [AppendResultHead]
// and its neighbours build messages by appending to a buffer.
//
// The package knows nothing of what carries a message and of what answers it. Its functions keep no state, and are
// safe for concurrent use as far as the slices they are given are not shared.
//
// # What is refused, and how
//
// A body that is not JSON is a [SyntaxError], and nothing in it is to be run. Stricter than many readers, and on
// purpose, that includes invalid UTF-8, escapes of half a surrogate pair, a byte order mark, and any byte but white
// space behind the value: where two readers can disagree about what a message says, one of them can be deceived.
//
// A body that is JSON but no message has a [Fault], each item of a batch its own. Names of members are exact, case
// included, and count by the text they stand for, so that "\u006dethod" is "method". A known member that is there
// twice is a fault; unknown members are ignored, however many there are.
package wire

import (
	"errors"
	"fmt"
)

// Kind is which of the kinds of JSON values a value is.
type Kind uint8

// The kinds of JSON values, and Absent, the zero Kind, for a member that is not there.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"nothing", "null", "boolean", "number", "string", "array", "object"}

// String returns the name of the kind in the language of JSON Schema, and "nothing" for Absent.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Value is where a JSON value stands in a scanned body: from Start up to but without End. The zero Value is that of a
// member that is not there.
type Value struct {
	Start, End int
	Kind       Kind
}

// In returns the text of the value in the body it was found in, and nil for a value that is absent. The slice is a
// part of body, without room to append to.
func (v Value) In(body []byte) []byte {
	if v.Kind == Absent {
		return nil
	}
	return body[v.Start:v.End:v.End]
}

// Limits bound what a scan accepts. Each must be set; a limit of zero lets nothing pass.
type Limits struct {
	// Depth is how deep arrays and objects may be nested in the whole body; the outermost counts as one, which in a
	// batch is the array of the batch. It cannot be more than 100,000: the scanner descends with the values.
	Depth int
	// Items is how many messages a batch may have.
	Items int
	// Method is how many bytes the name of a method may have as it is written, escapes included, without its quotes.
	Method int
	// ID is how many bytes an id may have as it is written, the quotes of a string included: what an answer echoes.
	ID int
}

// maxDepth keeps the stack of a scan in the tens of megabytes whatever Limits.Depth says.
const maxDepth = 100_000

// SyntaxError tells where a body stops to be JSON. It is what JSON-RPC calls a parse error.
type SyntaxError struct {
	// Offset is the number of bytes before the first one that cannot stand there, or that begins what cannot: an
	// escape of half a surrogate pair, a sequence of bytes that is not UTF-8. It is the length of a body that ends
	// too soon.
	Offset int
	// Reason is a fixed phrase that quotes nothing of the body.
	Reason string
}

// Error returns the reason and the offset.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at offset %d: %s", e.Offset, e.Reason)
}

// Batches that are refused as a whole. Both are JSON, the latter as far as it was read; JSON-RPC calls them invalid
// requests.
var (
	ErrEmptyBatch    = errors.New("a batch must have at least one item")
	ErrBatchTooLarge = errors.New("the batch has too many items")
)

// Fault is why a JSON value is no request or no reply. The zero Fault is that of a good one. A message with several
// faults has the first of them in the order of the constants.
type Fault uint8

// What can be wrong with a message.
const (
	NoFault           Fault = iota
	NotObject               // it is no JSON object
	DuplicateFault          // a known member is there twice
	VersionFault            // "jsonrpc" is not there or is not "2.0"
	IDFault                 // "id" is neither a string nor a number nor null
	IDLengthFault           // "id" is longer than Limits.ID
	MethodFault             // "method" is not there or is no string
	MethodLengthFault       // "method" is longer than Limits.Method
	ParamsFault             // "params" is a string, a number or a boolean
	NeitherFault            // a reply without "result" and "error"
	BothFault               // a reply with "result" and "error"
)

var faultReasons = [...]string{
	NoFault:           "the message is valid",
	NotObject:         "the message must be a JSON object",
	DuplicateFault:    "a member of the message is there twice",
	VersionFault:      `the member "jsonrpc" must be the string "2.0"`,
	IDFault:           `the member "id" must be a string, a number or null`,
	IDLengthFault:     `the member "id" is too long`,
	MethodFault:       `the member "method" must be a string`,
	MethodLengthFault: `the member "method" is too long`,
	ParamsFault:       `the member "params" must be an object or an array`,
	NeitherFault:      `the reply must have a member "result" or "error"`,
	BothFault:         `the reply must not have both "result" and "error"`,
}

// String returns the fault as a sentence that may be shown to whoever sent the message. It quotes nothing of it.
func (f Fault) String() string {
	if int(f) < len(faultReasons) {
		return faultReasons[f]
	}
	return fmt.Sprintf("fault %d", uint8(f))
}
