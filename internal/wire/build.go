package wire

import "strconv"

// The functions of this file append a message, or the beginning of one, to dst and return the extended slice. An id is
// JSON already, as [Value.In] has it, and goes out byte for byte.

const (
	opening     = `{"jsonrpc":"2.0"`
	idMember    = `,"id":`
	nullID      = `null`
	resultHead  = `,"result":`
	codeHead    = `,"error":{"code":`
	messageHead = `,"message":`
	dataHead    = `,"data":`
	methodHead  = `,"method":`
)

// AppendResultHead appends a reply up to its result. The caller appends the result as JSON, and then '}'. A nil id
// is null.
func AppendResultHead(dst, id []byte) []byte {
	return append(appendReplyHead(dst, id), resultHead...)
}

// AppendError appends a whole reply that is an error. A nil id is null. data is JSON; nil leaves the member out.
func AppendError(dst, id []byte, code int, message string, data []byte) []byte {
	dst = append(appendReplyHead(dst, id), codeHead...)
	dst = strconv.AppendInt(dst, int64(code), 10)
	dst = append(dst, messageHead...)
	dst = AppendString(dst, message)
	if data != nil {
		dst = append(dst, dataHead...)
		dst = append(dst, data...)
	}
	return append(dst, "}}"...)
}

// AppendRequestHead appends a request up to its method. The caller appends `,"params":` and JSON or nothing, and then
// '}'. A nil id leaves the member out: a notification.
func AppendRequestHead(dst []byte, method string, id []byte) []byte {
	dst = append(dst, opening...)
	if id != nil {
		dst = append(dst, idMember...)
		dst = append(dst, id...)
	}
	dst = append(dst, methodHead...)
	return AppendString(dst, method)
}

// appendReplyHead appends what all replies begin with.
func appendReplyHead(dst, id []byte) []byte {
	dst = append(dst, opening...)
	dst = append(dst, idMember...)
	if id == nil {
		return append(dst, nullID...)
	}
	return append(dst, id...)
}
