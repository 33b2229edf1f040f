package wire

import (
	"bytes"
	"unicode/utf8"
)

// The reasons of syntax errors.
const (
	reasonEmpty     = "the body is empty"
	reasonEnd       = "the body ends before the JSON value does"
	reasonMark      = "a byte order mark is not allowed"
	reasonTrailing  = "only white space may follow the JSON value"
	reasonDepth     = "arrays and objects are nested too deeply"
	reasonValue     = "a JSON value is expected"
	reasonName      = "a member name in double quotes is expected"
	reasonColon     = "a colon is expected behind the member name"
	reasonElement   = "a comma or the end of the array is expected"
	reasonMember    = "a comma or the end of the object is expected"
	reasonLiteral   = "a literal is one of true, false and null"
	reasonDigit     = "a digit is expected"
	reasonZero      = "a number has no leading zeros"
	reasonControl   = "control characters in strings must be escaped"
	reasonUTF8      = "the body is not valid UTF-8"
	reasonEscape    = "a backslash must begin one of the escapes of JSON"
	reasonHex       = "four hexadecimal digits are expected"
	reasonSurrogate = "an escape of one half of a surrogate pair stands alone"
)

// byteOrderMark is U+FEFF in UTF-8.
const byteOrderMark = "\xef\xbb\xbf"

// scanner is one pass over a body. Its methods take the position to go on from and return the one behind what they
// have read. They are the grammar of RFC 8259, a method each rule.
type scanner struct {
	body []byte
	room int // how many arrays and objects may still be opened inside those that are open
}

func newScanner(body []byte, depth int) scanner {
	return scanner{body: body, room: min(depth, maxDepth)}
}

// fail returns the error of a body that cannot go on with the byte at at. Where the body ends there, that is the
// reason.
func (s *scanner) fail(at int, reason string) error {
	if at == len(s.body) {
		reason = reasonEnd
	}
	return &SyntaxError{Offset: at, Reason: reason}
}

// begin returns the position of the first byte that is not white space, of which there is one.
func (s *scanner) begin() (next int, err error) {
	at := s.space(0)
	switch {
	case at == len(s.body):
		return at, &SyntaxError{Offset: at, Reason: reasonEmpty}
	case bytes.HasPrefix(s.body, []byte(byteOrderMark)):
		return at, s.fail(at, reasonMark)
	}
	return at, nil
}

// finish makes sure that nothing but white space is left.
func (s *scanner) finish(at int) error {
	if at = s.space(at); at < len(s.body) {
		return s.fail(at, reasonTrailing)
	}
	return nil
}

// space returns the position of the first byte that is not white space.
func (s *scanner) space(at int) int {
	for at < len(s.body) && s.body[at] <= ' ' && isSpace(s.body[at]) {
		at++
	}
	return at
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// value scans the value that starts at at.
func (s *scanner) value(at int) (Value, error) {
	v := Value{Start: at}
	if at == len(s.body) {
		return v, s.fail(at, reasonValue)
	}
	var err error
	switch c := s.body[at]; c {
	case '"':
		v.Kind = String
		v.End, err = s.text(at)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		v.Kind = Number
		v.End, err = s.number(at)
	case '{':
		v.Kind = Object
		v.End, err = s.object(at, nil)
	case '[':
		v.Kind = Array
		v.End, err = s.array(at)
	case 't':
		v.Kind = Bool
		v.End, err = s.literal(at, "true")
	case 'f':
		v.Kind = Bool
		v.End, err = s.literal(at, "false")
	case 'n':
		v.Kind = Null
		v.End, err = s.literal(at, "null")
	default:
		err = s.fail(at, reasonValue)
	}
	return v, err
}

// envelope scans the value that starts at at, and tells known of its members if it is an object.
func (s *scanner) envelope(at int, known *members) (Value, error) {
	if at == len(s.body) || s.body[at] != '{' {
		return s.value(at)
	}
	end, err := s.object(at, known)
	return Value{Start: at, End: end, Kind: Object}, err
}

// object scans the object that starts at at. It tells known, unless that is nil, of each member.
func (s *scanner) object(at int, known *members) (end int, err error) {
	at, more, err := s.open(at, '}')
	for more && err == nil {
		name := Value{Start: at, Kind: String}
		if name.End, err = s.name(at); err != nil {
			return at, err
		}
		if at, err = s.colon(name.End); err != nil {
			return at, err
		}
		var v Value
		if v, err = s.value(at); err != nil {
			return at, err
		}
		if known != nil {
			known.note(name.In(s.body), v)
		}
		at, more, err = s.after(v.End, '}', reasonMember)
	}
	return at, err
}

// array scans the array that starts at at.
func (s *scanner) array(at int) (end int, err error) {
	at, more, err := s.open(at, ']')
	for more && err == nil {
		var v Value
		if v, err = s.value(at); err != nil {
			return at, err
		}
		at, more, err = s.after(v.End, ']', reasonElement)
	}
	return at, err
}

// open enters the array or object that starts at at. There is more where it is not empty; its first element or member
// then starts at next.
func (s *scanner) open(at int, closing byte) (next int, more bool, err error) {
	if s.room <= 0 {
		return at, false, s.fail(at, reasonDepth)
	}
	at = s.space(at + 1)
	if at < len(s.body) && s.body[at] == closing {
		return at + 1, false, nil
	}
	s.room--
	return at, true, nil
}

// after goes on behind an element or a member. There is more behind a comma; otherwise the array or object has ended.
func (s *scanner) after(at int, closing byte, reason string) (next int, more bool, err error) {
	at = s.space(at)
	if at < len(s.body) {
		switch s.body[at] {
		case ',':
			return s.space(at + 1), true, nil
		case closing:
			s.room++
			return at + 1, false, nil
		}
	}
	return at, false, s.fail(at, reason)
}

// name scans a member name.
func (s *scanner) name(at int) (end int, err error) {
	if at == len(s.body) || s.body[at] != '"' {
		return at, s.fail(at, reasonName)
	}
	return s.text(at)
}

// colon scans what stands between a member name and its value.
func (s *scanner) colon(at int) (next int, err error) {
	at = s.space(at)
	if at == len(s.body) || s.body[at] != ':' {
		return at, s.fail(at, reasonColon)
	}
	return s.space(at + 1), nil
}

// literal scans true, false or null.
func (s *scanner) literal(at int, word string) (end int, err error) {
	for i := range len(word) {
		if at+i == len(s.body) || s.body[at+i] != word[i] {
			return at, s.fail(at+i, reasonLiteral)
		}
	}
	return at + len(word), nil
}

// number scans a number.
func (s *scanner) number(at int) (end int, err error) {
	if s.body[at] == '-' {
		at++
	}
	first := at
	if at, err = s.digits(at); err != nil {
		return at, err
	}
	if s.body[first] == '0' && at > first+1 {
		return at, s.fail(first+1, reasonZero)
	}
	if at < len(s.body) && s.body[at] == '.' {
		if at, err = s.digits(at + 1); err != nil {
			return at, err
		}
	}
	if at < len(s.body) && (s.body[at] == 'e' || s.body[at] == 'E') {
		at++
		if at < len(s.body) && (s.body[at] == '+' || s.body[at] == '-') {
			at++
		}
		return s.digits(at)
	}
	return at, nil
}

// digits scans one or more digits.
func (s *scanner) digits(at int) (end int, err error) {
	first := at
	for at < len(s.body) && '0' <= s.body[at] && s.body[at] <= '9' {
		at++
	}
	if at == first {
		return at, s.fail(at, reasonDigit)
	}
	return at, nil
}

// text scans the string whose opening quote is at at.
func (s *scanner) text(at int) (end int, err error) {
	body := s.body
	at++
	for {
		if at = PlainEnd(body, at); at == len(body) {
			return at, s.fail(at, reasonEnd)
		}
		switch c := body[at]; {
		case c == '"':
			return at + 1, nil
		case c == '\\':
			if at, err = s.escape(at); err != nil {
				return at, err
			}
		case c < ' ':
			return at, s.fail(at, reasonControl)
		default:
			for at < len(body) && body[at] >= utf8.RuneSelf {
				_, size := utf8.DecodeRune(body[at:])
				if size == 1 {
					return at, s.fail(at, reasonUTF8)
				}
				at += size
			}
		}
	}
}

// escape scans the escape whose backslash is at at, or two of them if they are a surrogate pair.
func (s *scanner) escape(at int) (end int, err error) {
	if at+1 == len(s.body) {
		return at, s.fail(at+1, reasonEscape)
	}
	switch s.body[at+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return at + 2, nil
	case 'u':
	default:
		return at, s.fail(at+1, reasonEscape)
	}
	unit, digits := hexadecimal(s.body[at+2:])
	switch {
	case digits < 4:
		return at, s.fail(at+2+digits, reasonHex)
	case !isSurrogate(unit):
		return at + 6, nil
	case isLowSurrogate(unit) || !bytes.HasPrefix(s.body[at+6:], []byte(`\u`)):
		return at, s.fail(at, reasonSurrogate)
	}
	// What has less than four digits is too small a number to be one.
	if unit, _ = hexadecimal(s.body[at+8:]); !isLowSurrogate(unit) {
		return at, s.fail(at, reasonSurrogate)
	}
	return at + 12, nil
}
