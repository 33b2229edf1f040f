package jacinth

import (
	"errors"
	"io"
	"math/bits"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

var (
	errTooLong = errors.New("the body is longer than the limit")
	errNoRoom  = errors.New("the bodies being worked on are at their limit")
)

// The memory of a body grows with what has come of it: it begins with firstBody bytes at most, whatever the headers
// promise, and is at most doubled when it is full.
const (
	firstBody   = 4 << 10
	unknownBody = 512 // of a body that does not say how long it is
)

// read fills b with the whole body of r, at most limit bytes, and takes room for each piece when it has come: whoever
// sends nothing holds no room. It reads on to the end, since only then does net/http notice that a caller hangs up.
func (e *endpoint) read(b *buffer, w http.ResponseWriter, r *http.Request, limit int) error {
	most := reach(limit, 1) // one more, so that a body that is too long is seen to be
	want := unknownBody
	if r.ContentLength >= 0 {
		want = int(min(r.ContentLength, firstBody-1)) + 1 // one more, so that the end is seen without growing
	}
	want = min(want, most)
	var slow *pace
	defer func() { slow.end() }()
	for {
		b.grow(want)
		n, err := r.Body.Read(b.body[len(b.body):want])
		b.body = b.body[:len(b.body)+n]
		if len(b.body) > limit {
			return errTooLong
		}
		if n > 0 {
			if !e.inFlight.Take(int64(n)) {
				return errNoRoom
			}
			b.reserved += int64(n)
		}
		switch rate := e.service.limits.BodyRate; {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case slow != nil:
			slow.count(n)
		case rate != Unlimited && (len(b.body) >= firstBody || int64(len(b.body)) != r.ContentLength):
			slow = newPace(w, rate) // and not where a small body is whole, and only its end is still to be told
		}
		if len(b.body) == want {
			want = min(most, reach(want, want))
			if left := r.ContentLength + 1 - int64(len(b.body)); left > 0 && left < int64(want-len(b.body)) {
				want = len(b.body) + int(left)
			}
		}
	}
}

// isLate reports whether a body was not read to its end because it took too long.
func isLate(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// paceWindow is how long a body may come more slowly than at its least rate.
const paceWindow = 5 * time.Second

// pace ends the reading of a body that comes too slowly: at the end of each window it looks how much came in it. It
// touches the connection only to end it, so that the deadline of the whole request stays what it is, and nothing is
// left to be undone when the body is whole.
type pace struct {
	w     http.ResponseWriter
	rate  int // bytes a second
	mu    sync.Mutex
	came  int // bytes in this window
	ended bool
	timer *time.Timer
}

func newPace(w http.ResponseWriter, rate int) *pace {
	p := &pace{w: w, rate: rate}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(paceWindow, p.look)
	return p
}

func (p *pace) count(n int) {
	p.mu.Lock()
	p.came += n
	p.mu.Unlock()
}

// look begins the next window, or ends the reading.
func (p *pace) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	if p.came/int(paceWindow/time.Second) < p.rate {
		// A writer that knows no deadlines is none of net/http, and whoever made it bounds its bodies.
		_ = http.NewResponseController(p.w).SetReadDeadline(time.Unix(1, 0))
		return
	}
	p.came = 0
	p.timer.Reset(paceWindow)
}

// end keeps look from touching the connection any more. The pace may be nil.
func (p *pace) end() {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	p.timer.Stop()
}

// buffer holds the bytes of one request and its reply. It is pooled.
type buffer struct {
	body, reply []byte
	block       *block // that holds body; nil if body has memory of its own
	small       []byte // memory of a small body, which waits for the next request while body is in larger memory
	reserved    int64  // of endpoint.inFlight
	room        room   // that reply takes
}

var buffers sync.Pool

// grow makes room for want bytes of the body. To hold a large one takes memory that grew with it: a large buffer that
// is just there would let whoever sends little hold much.
func (b *buffer) grow(want int) {
	switch {
	case cap(b.body) >= want:
		return
	case want <= firstBody:
		b.body = slices.Grow(b.body, want-len(b.body))
		b.body = b.body[:len(b.body):min(cap(b.body), firstBody)] // it may have grown by more than was asked for
		return
	}
	var larger *block
	var body []byte
	if want <= maxPooled {
		larger = takeBlock(want)
		body = larger.bytes[:len(b.body)]
	} else {
		body = make([]byte, len(b.body), want)
	}
	copy(body, b.body)
	b.drop()
	b.body, b.block = body, larger
}

// drop gives the memory of the body back.
func (b *buffer) drop() {
	if b.block != nil {
		b.block.put()
	} else if cap(b.body) <= firstBody {
		b.small = b.body[:0]
	}
	b.body, b.block = nil, nil
}

// release keeps b for another request unless it has grown large.
func (b *buffer) release() {
	if b.body != nil {
		b.drop()
	}
	if cap(b.reply) > maxPooled {
		b.reply = nil
	}
	*b = buffer{body: b.small, reply: b.reply[:0]}
	buffers.Put(b)
}

// block is the memory of a body that is larger than most. It is pooled by its size.
type block struct{ bytes []byte }

// blocks are the pools of those of 8, 16, 32 and 64 KiB.
var blocks [4]sync.Pool

// blockClass returns the pool of the smallest blocks of that size.
func blockClass(size int) int { return bits.Len(uint(size-1)) - bits.Len(uint(firstBody)) }

// takeBlock returns a block for at least size bytes, more than firstBody and at most maxPooled.
func takeBlock(size int) *block {
	class := blockClass(size)
	if b, _ := blocks[class].Get().(*block); b != nil {
		return b
	}
	return &block{bytes: make([]byte, 2*firstBody<<class)}
}

func (b *block) put() { blocks[blockClass(len(b.bytes))].Put(b) }
