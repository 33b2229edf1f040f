package jacinth

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// leastRate is how many bytes a second a caller must read. A telephone at the edge of its network does.
	leastRate = 16 << 10

	// hidden is how many bytes a kernel takes of a reply before anybody has read them. Then nothing seems to move until
	// a good part of them is gone.
	hidden = 4 << 20

	// firstPiece is how much of a reply is written under one deadline, and the first of a reply that has many: the fewer they
	// are, the quicker it is sent.
	firstPiece   = 64 << 10
	furtherPiece = 256 << 10

	// hurry is by how much less time there is while replies have no room left.
	hurry = 4

	// promptness is how long a call may take for a short reply of it to need no deadline of its own over HTTP/1.1: the
	// one that its headers were read with is longer by that.
	promptness = 5 * time.Second
)

// bindServer bounds what net/http itself writes: it asks to go on, refuses what is no request, and sends the end of
// every reply. Each reply has a deadline of its own beside that, and http.Server.WriteTimeout is none of them: it begins
// when a request does, so that the slowest method would set it for all.
func (r *replies) bindServer(server *http.Server) {
	if r.write == Unlimited {
		return
	}
	server.HTTP2.WriteByteTimeout = 3 * r.write // of a connection as a whole, where one that waits holds up all others
	if server.ReadTimeout == 0 {
		return // every reply sets its deadline then: see exchange.isLate
	}
	within := server.ReadTimeout + promptness + r.write
	server.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateActive { // the headers have been read; HTTP/2 sets a deadline for each write anyway
			_ = c.SetWriteDeadline(time.Now().Add(within))
		}
	}
}

// allowance says how long the writing of a reply may take.
type allowance struct {
	write time.Duration // from the beginning
	end   time.Time
}

// next is until when n more bytes may take.
func (a *allowance) next(now time.Time, n int) time.Time {
	a.end = a.end.Add(timeFor(n))
	if most := now.Add(a.write + timeFor(hidden)); a.end.After(most) {
		a.end = most
	}
	return a.end
}

// timeFor is how long the slowest reader may take for n bytes.
func timeFor(n int) time.Duration { return time.Duration(n) * (time.Second / leastRate) }

// deliver writes the reply to a call, and gives it up when it is not read in its time. In a server of the user's own,
// the deadline takes the place of that server's, since it is the room of all that is given back at it. Where there are
// no deadlines, as in some tests, the reply is written without.
func (r *replies) deliver(w http.ResponseWriter, reply []byte) {
	if r.write == Unlimited {
		_, _ = w.Write(reply)
		return
	}
	now := time.Now()
	whole := allowance{write: r.write, end: now.Add(r.write)}
	if len(reply) > firstPiece {
		r.deliverLong(&delivery{allowance: whole, start: now, control: http.NewResponseController(w)}, w, reply)
		return
	}
	end := whole.next(now, len(reply))
	if r.used.Load() > r.brim {
		end = now.Add(end.Sub(now) / hurry)
	}
	_ = http.NewResponseController(w).SetWriteDeadline(end)
	_, _ = w.Write(reply)
}

// deliverLong writes a reply in pieces, each under a deadline of its own.
func (r *replies) deliverLong(d *delivery, w http.ResponseWriter, reply []byte) {
	r.mu.Lock()
	r.sending[d] = struct{}{}
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.sending, d)
		r.mu.Unlock()
		d.finish()
	}()
	for size := firstPiece; len(reply) > 0; size = furtherPiece {
		part := reply[:min(len(reply), size)]
		if !d.renew(len(part)) {
			return
		}
		if _, err := w.Write(part); err != nil {
			return // the caller has gone, or reads too slowly, and there is nobody else to tell
		}
		reply = reply[len(part):]
	}
}

// delivery is a reply that is being written.
type delivery struct {
	allowance
	start   time.Time
	control *http.ResponseController
	sent    atomic.Int64 // bytes, with those that are being written

	mu   sync.Mutex
	over bool // given up, or the handler is about to return, after which control is not to be used
}

// renew sets the deadline for n more bytes, and reports false if the reply has been given up.
func (d *delivery) renew(n int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return false
	}
	d.sent.Add(int64(n))
	_ = d.control.SetWriteDeadline(d.next(time.Now(), n))
	return true
}

// isSlow reports whether the reply is read too slowly to be kept while others find no room.
func (d *delivery) isSlow(now time.Time) bool {
	return now.Sub(d.start) > (d.write+timeFor(int(d.sent.Load())))/hurry
}

// cut gives the reply up. The write that is under way fails.
func (d *delivery) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.over {
		d.over = true
		_ = d.control.SetWriteDeadline(time.Unix(1, 0))
	}
}

func (d *delivery) finish() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
}
