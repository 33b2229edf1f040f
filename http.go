package jacinth

import (
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/gate"
)

// endpoint binds the dispatcher to HTTP. It is the only place that knows methods, content types and status codes.
type endpoint struct {
	service     *Service
	tokenHeader string     // in the canonical form of http.Header's keys
	inFlight    gate.Slots // bytes of the bodies being worked on
}

func newEndpoint(s *Service) endpoint {
	return endpoint{
		service:     s,
		tokenHeader: http.CanonicalHeaderKey(s.config.TokenHeader),
		inFlight:    gate.Slots{Limit: int64(s.limits.BodyInFlight)},
	}
}

// serve answers one HTTP request: cheap and anonymous checks first, and none of the body is read before them.
func (e *endpoint) serve(w http.ResponseWriter, r *http.Request) {
	var arrived time.Time
	if r.Header[timeoutHeader] != nil { // rarely, and asking for the time costs more than a look
		arrived = time.Now()
	}
	switch {
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		e.refuse(w, r, http.StatusMethodNotAllowed, errNotPost)
		return
	case !isJSON(r.Header["Content-Type"]):
		e.refuse(w, r, http.StatusUnsupportedMediaType, errNotJSON)
		return
	case isEncoded(r.Header["Content-Encoding"]):
		e.refuse(w, r, http.StatusUnsupportedMediaType, errEncoded)
		return
	case e.service.gate.IsShut():
		e.refuse(w, r, http.StatusServiceUnavailable, errStopping)
		return
	}
	limit := e.service.limits.Body
	if r.ContentLength > int64(limit) {
		e.refuse(w, r, http.StatusRequestEntityTooLarge, errBodyTooLarge.withLimit(limit))
		return
	}
	b, _ := buffers.Get().(*buffer)
	if b == nil {
		b = new(buffer)
	}
	defer func() {
		e.inFlight.Give(b.reserved)
		b.room.give()
		b.release()
	}()
	switch err := e.read(b, w, r, limit); {
	case err == nil:
		e.answer(w, r, b, arrived)
	case errors.Is(err, errTooLong):
		e.refuse(w, r, http.StatusRequestEntityTooLarge, errBodyTooLarge.withLimit(limit))
	case errors.Is(err, errNoRoom):
		e.refuse(w, r, http.StatusServiceUnavailable, errBusy)
	case isLate(err):
		e.refuse(w, r, http.StatusRequestTimeout, errTooSlow)
	default:
		e.refuse(w, r, http.StatusBadRequest, errUnread)
	}
}

// answer hands the body to the dispatcher and writes the reply.
func (e *endpoint) answer(w http.ResponseWriter, r *http.Request, b *buffer, arrived time.Time) {
	peer := e.peer(r.Header, arrived)
	peer.Address, peer.HTTP = r.RemoteAddr, r
	var shed, late bool
	b.reply, shed, late = e.service.answer(r.Context(), peer, b.body, b.reply, &b.room)
	status := http.StatusOK
	if shed {
		status = http.StatusServiceUnavailable
		if len(b.reply) == 0 {
			b.reply = appendFailure(b.reply, nil, errBusy)
		}
	}
	e.write(w, r, status, b.reply, late)
}

// PeerFrom reads what the headers of a request that arrived at a time say of its sender: its token and deadline, by
// the rules of HTTP. It is for a binding whose transport is not HTTP and has headers too; their names must be
// canonical, as those of an http.Header are. The Address is left to the binding.
func (s *Service) PeerFrom(header http.Header, arrived time.Time) Peer {
	s.freeze()
	return s.endpoint.peer(header, arrived)
}

func (e *endpoint) peer(header http.Header, arrived time.Time) Peer {
	peer := Peer{Deadline: deadlineFrom(header, arrived), Header: header}
	peer.Token, peer.ambiguous = tokenFrom(header, e.tokenHeader)
	return peer
}

// refuse answers a request that never gets to the dispatcher. What is left of its body is not worth reading here: see
// internal/listener for what becomes of it.
func (e *endpoint) refuse(w http.ResponseWriter, r *http.Request, status int, failure *Error) {
	w.Header().Set("Connection", "close")
	e.service.logRefusal(r.Context(), r.RemoteAddr, status, failure)
	e.write(w, r, status, appendFailure(nil, nil, failure), false)
}

// write sends a reply. late says that the call took its time; see Service.answer.
func (e *endpoint) write(w http.ResponseWriter, r *http.Request, status int, reply []byte, late bool) {
	header := w.Header()
	if e.service.leaving.Load() {
		// Whoever still comes takes another connection, and the next time another instance. To close idle connections
		// instead would lose the calls that are just being written to them.
		header.Set("Connection", "close")
	}
	// The names are in their canonical form, and the values share one allocation: with Set, these headers are a third of
	// what a call allocates. Of a short reply net/http says the length, which costs no entry in the map and no copy of it.
	if len(reply) == 0 || len(reply) > buffered {
		header["Content-Length"] = []string{strconv.Itoa(len(reply))}
	}
	if len(reply) > 0 {
		values := [...]string{"application/json", "nosniff"}
		header["Content-Type"], header["X-Content-Type-Options"] = values[0:1:1], values[1:2:2]
	}
	if status == http.StatusServiceUnavailable {
		header.Set("Retry-After", strconv.Itoa(int(busyPause/time.Second)))
	}
	w.WriteHeader(status)
	if len(reply) > buffered || late || r.ProtoMajor > 1 {
		e.service.replies.deliver(w, reply)
		return
	}
	// Short and prompt: it does not wait here, and the deadline that its headers were read with is far enough away. An
	// error means that the caller has gone, and there is nobody else to tell.
	_, _ = w.Write(reply)
}

// buffered is the longest reply, in bytes, that net/http has as a whole before it sends any of it: with HTTP/2 that is
// more.
const buffered = 2048

// isJSON reports whether a request says that its body is JSON. A web page of another site can post text or a form
// without asking first, but not these types.
func isJSON(types []string) bool {
	if len(types) != 1 {
		return false
	}
	if types[0] == "application/json" {
		return true
	}
	kind, parameters, err := mime.ParseMediaType(types[0])
	if err != nil {
		return false
	}
	charset := parameters["charset"]
	if charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii") {
		return false
	}
	switch kind {
	case "application/json", "application/json-rpc", "application/jsonrequest":
		return true
	}
	return false
}

// deadlineFrom returns when the sender of a request that arrived at that time stops waiting for its reply, zero if it
// did not say so in whole milliseconds of at most ten digits. The limits of the service hold either way, so that what
// cannot be understood can be left aside.
func deadlineFrom(header http.Header, arrived time.Time) time.Time {
	const most = 10 // digits: four months
	values := header[timeoutHeader]
	if len(values) != 1 || len(values[0]) > most {
		return time.Time{}
	}
	millis, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil || millis < 0 || values[0][0] == '+' {
		return time.Time{}
	}
	return arrived.Add(time.Duration(millis) * time.Millisecond)
}

// isEncoded reports whether a body is compressed, which would let a small one become large in here.
func isEncoded(encodings []string) bool {
	for _, encoding := range encodings {
		if encoding != "" && !strings.EqualFold(encoding, "identity") {
			return true
		}
	}
	return false
}
