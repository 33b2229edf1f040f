package wire

// messages is one pass over a body that is one message or a batch of them:
//
//	for m.next() {
//		... m.message ...
//	}
//	... m.err ...
type messages struct {
	scanner
	limits Limits
	batch  bool
	count  int // of the messages so far

	at   int  // where the next message starts, if there are more
	more bool // false from the last message on
	err  error

	message message
}

// message is a scanned value that should be a message.
type message struct {
	kind Kind
	members
}

// The members that every message has come first in the names of both kinds of messages.
const (
	memberVersion = iota
	memberID
)

// start begins the scan of a body.
func (m *messages) start(body []byte, limits Limits, names []string) {
	m.scanner = newScanner(body, limits.Depth)
	m.limits, m.message.names = limits, names
	if m.at, m.err = m.begin(); m.err != nil {
		return
	}
	m.more = true
	if m.batch = body[m.at] == '['; m.batch {
		m.at, m.more, m.err = m.open(m.at, ']')
	}
	if m.err == nil && !m.more {
		m.end()
	}
}

// next scans one message and reports whether there was one. After the last one it makes sure that the body ends.
func (m *messages) next() bool {
	if !m.more || m.err != nil {
		return false
	}
	if m.batch && m.count >= m.limits.Items {
		m.err = ErrBatchTooLarge
		return false
	}
	m.message.forget()
	v, err := m.envelope(m.at, &m.message.members)
	if err != nil {
		m.err = err
		return false
	}
	m.message.kind = v.Kind
	m.count++
	m.at, m.more = v.End, false
	if m.batch {
		m.at, m.more, m.err = m.after(v.End, ']', reasonElement)
	}
	if !m.more && m.err == nil {
		m.end()
	}
	return m.err == nil
}

// end makes sure that the body ends where its messages do, and that there is one of them.
func (m *messages) end() {
	if m.err = m.finish(m.at); m.err == nil && m.count == 0 {
		m.err = ErrEmptyBatch
	}
}

// fault judges of a message what requests and replies have in common.
func (m *messages) fault() Fault {
	switch id := m.message.values[memberID]; {
	case m.message.kind != Object:
		return NotObject
	case m.message.repeated():
		return DuplicateFault
	case !isVersion(m.message.values[memberVersion], m.body):
		return VersionFault
	case !isID(id.Kind):
		return IDFault
	case id.End-id.Start > m.limits.ID:
		return IDLengthFault
	}
	return NoFault
}

// usableID returns the id of a message, whatever else is wrong with it, or an absent value if it has none that can be
// echoed.
func (m *messages) usableID() Value {
	id := m.message.once(memberID)
	if !isID(id.Kind) || id.End-id.Start > m.limits.ID {
		return Value{}
	}
	return id
}

// isID reports whether a member of that kind is an id or none at all.
func isID(kind Kind) bool {
	return kind == Absent || kind == Null || kind == Number || kind == String
}

// isVersion reports whether v is the string "2.0".
func isVersion(v Value, body []byte) bool {
	const version = "2.0"
	if v.Kind != String {
		return false
	}
	quoted := v.In(body)
	if string(quoted) == `"`+version+`"` {
		return true
	}
	var resolved [6 * len(version)]byte
	return len(quoted) <= len(resolved)+2 && string(Unquote(resolved[:0], quoted)) == version
}
