package wire

import "strconv"

// Reply is where the parts of a reply stand in the scanned body.
type Reply struct {
	// ID is a string, a number or null, and absent in the replies of services that leave it out where they should not.
	ID Value
	// Result and Error are what the call came to: exactly one of them is not absent. A result may be of any kind, null
	// included. An error is of any kind but null; [ScanError] reads it.
	Result, Error Value
	// Fault is why this is no reply. Then Result and Error are absent, and ID is absent too unless it is a valid id.
	Fault Fault
}

var replyNames = []string{memberVersion: "jsonrpc", memberID: "id", memberResult: "result", memberError: "error"}

const (
	memberResult = memberID + 1 + iota
	memberError
)

// ScanReplies reads a body that is one reply or a batch of them, as [Scan] does requests; limits.Method is not used.
//
// Services that were written for older versions of JSON-RPC send both members always, one of them null. They are
// understood: an error that is null is none, and a result that is null beside an error that is not is none either.
func ScanReplies(body []byte, limits Limits, into []Reply) (replies []Reply, batch bool, err error) {
	var m messages
	m.start(body, limits, replyNames)
	replies = into
	for m.next() {
		replies = append(replies, m.reply())
	}
	if m.err != nil {
		replies = replies[:len(into)]
	}
	return replies, m.batch, m.err
}

// reply returns the message as a reply.
func (m *messages) reply() Reply {
	result, failure := m.message.values[memberResult], m.message.values[memberError]
	if failure.Kind == Null {
		failure = Value{}
	}
	if failure.Kind != Absent && result.Kind == Null {
		result = Value{}
	}
	fault := m.fault()
	if fault == NoFault {
		fault = replyFault(result, failure)
	}
	if fault != NoFault {
		return Reply{ID: m.usableID(), Fault: fault}
	}
	return Reply{ID: m.message.values[memberID], Result: result, Error: failure}
}

func replyFault(result, failure Value) Fault {
	switch {
	case result.Kind == Absent && failure.Kind == Absent:
		return NeitherFault
	case result.Kind != Absent && failure.Kind != Absent:
		return BothFault
	}
	return NoFault
}

var errorNames = []string{memberCode: "code", memberMessage: "message", memberData: "data"}

const (
	memberCode = iota
	memberMessage
	memberData
)

// ScanError reads the error of a reply, of which raw is the text. The values it returns are places in raw: message is
// a string, data may be of any kind and absent. It is not ok unless raw is a JSON object with a code, which must be
// written as an integer that fits an int, and a message, and with none of its three members twice.
func ScanError(raw []byte) (code int, message, data Value, ok bool) {
	s := newScanner(raw, maxDepth)
	known := members{names: errorNames}
	at, err := s.begin()
	if err != nil {
		return 0, Value{}, Value{}, false
	}
	v, err := s.envelope(at, &known)
	if err != nil || s.finish(v.End) != nil || known.repeated() {
		return 0, Value{}, Value{}, false
	}
	message, data = known.values[memberMessage], known.values[memberData]
	// What is no number, or is not there, is no text of one either.
	code, err = strconv.Atoi(string(known.values[memberCode].In(raw)))
	if err != nil || message.Kind != String {
		return 0, Value{}, Value{}, false
	}
	return code, message, data, true
}
