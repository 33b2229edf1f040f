package plan

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
)

// A Room is a number of bytes that several budgets share: those of the calls of one body, or of all bodies. The zero
// value holds nothing.
type Room struct {
	limit int64 // math.MaxInt for no end: then nothing is counted, since counting in one place slows all processors
	taken atomic.Int64
}

// Reset makes r an empty room for that many bytes.
func (r *Room) Reset(limit int) {
	r.limit = int64(limit)
	r.taken.Store(0)
}

// Taken is how many bytes are in the room.
func (r *Room) Taken() int { return int(r.taken.Load()) }

func (r *Room) take(n int) bool {
	if r.limit == math.MaxInt {
		return true
	}
	if r.taken.Add(int64(n)) > r.limit {
		r.taken.Add(int64(-n))
		return false
	}
	return true
}

func (r *Room) give(n int) {
	if r.limit != math.MaxInt {
		r.taken.Add(int64(-n))
	}
}

const (
	// free is how many bytes a call may take before any are counted in a room, so that small calls have nothing to do
	// with each other.
	free = 16 << 10
	// stride is how many bytes are taken from a room at a time, as long as it has them.
	stride = 64 << 10
	// interval is how much work lies between two looks at the context, in values: about a tenth of a millisecond.
	interval = 4096
	// foreignWork is the work that a method of somebody else's type counts as, since nobody knows what it does.
	foreignWork = 256
	// foreignText is how many bytes of text are as much work for such a method as a small value.
	foreignText = 16
)

// ErrNoRoom is the [Budget.Err] of params that found the room of all bodies full.
var ErrNoRoom = errors.New("other params take all the memory that there is for params")

// A Budget bounds what decoding the params of one call may cost: the memory that they come to, and the time that it
// takes. Memory is counted before it is allocated. Begin it before [Params.DecodeWithin], and end it when the params are
// needed no more. A nil Budget has no bounds. It is not safe for concurrent use.
type Budget struct {
	spare int // bytes that may be taken before the rooms are asked for more
	asked int // bytes that are taken from the rooms
	left  int // work until the context is looked at
	body  *Room
	all   *Room
	ctx   context.Context //nolint:containedctx // of the one call that the budget is for, from Begin to End
	full  bool            // the room of the body has no more
	err   error           // why decoding came to an end that has nothing to do with the params
}

// Begin starts to count for a call: what its params take is taken from the rooms of its body and of all bodies, but for
// the first few kibibytes, and decoding ends when ctx does.
func (b *Budget) Begin(ctx context.Context, body, all *Room) {
	*b = Budget{left: interval, body: body, all: all, ctx: ctx, spare: int(min(free, body.limit))}
}

// trim gives back what decoding has taken for a while and needs no more.
func (b *Budget) trim() {
	if b == nil || b.asked == 0 {
		return
	}
	if rest := min(b.spare, b.asked); rest > 0 {
		b.spare -= rest
		b.asked -= rest
		b.body.give(rest)
		b.all.give(rest)
	}
}

// End gives back to the room of all bodies what the params have taken. That of their own body does not get it back: there
// it counts what all its calls come to, be it one after the other. End may be called twice.
func (b *Budget) End() {
	if b.asked > 0 {
		b.all.give(b.asked)
	}
	b.asked = 0
	b.ctx, b.body, b.all = nil, nil, nil // which a budget that waits for its next call must not hold
}

// Err says why the params were not decoded when that is no fault of theirs: [ErrNoRoom], or the error of the context.
// The faults that were found are not to be shown then.
func (b *Budget) Err() error { return b.err }

// take counts n bytes that are about to be allocated. It reports false when there is no room for them, and always from
// then on.
func (b *Budget) take(n int) bool {
	if b == nil {
		return true
	}
	b.spare -= n
	return b.spare >= 0 || b.more()
}

// more asks the rooms for what is missing.
func (b *Budget) more() bool {
	if b.over() {
		return false
	}
	n := max(-b.spare, stride)
	if !b.body.take(n) {
		n = -b.spare
		if !b.body.take(n) {
			b.full = true
			return false
		}
	}
	if !b.all.take(n) {
		b.body.give(n)
		b.err = ErrNoRoom
		return false
	}
	b.spare += n
	b.asked += n
	return true
}

// refund takes back n of the bytes that were counted.
func (b *Budget) refund(n int) {
	if b != nil {
		b.spare += n
	}
}

// work counts what takes as long as that many small values, and looks at the context now and then. It reports false
// when that is over.
func (b *Budget) work(values int) bool {
	if b == nil {
		return true
	}
	b.left -= values
	return b.left >= 0 || b.look()
}

func (b *Budget) look() bool {
	if b.over() {
		return false
	}
	b.left = interval
	b.err = b.ctx.Err()
	return b.err == nil
}

// over reports whether decoding has come to an end before that of the params.
func (b *Budget) over() bool { return b != nil && (b.full || b.err != nil) }

// stop is what a shape returns when take or work report false: the end of everything, so that whatever is around it
// stops as well, and the fault of the place where it was.
func (b *Budget) stop(src []byte) (int, []Fault) { return len(src), b.fault() }

func (b *Budget) fault() []Fault {
	return []Fault{{Rule: Memory, Expected: fmt.Sprintf("params that take at most %d bytes in memory", b.body.limit)}}
}

// rounded is what an allocation of n bytes takes.
func rounded(n int) int { return (n + 7) &^ 7 }
