package jacinth

import (
	"errors"
	"slices"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/codec"
)

// headStart is how long one worker has a batch to itself before others help it. Most batches are done by then, and
// starting a goroutine costs as much as several small calls.
const headStart = 100 * time.Microsecond

// worker is what one worker of a batch has for itself.
type worker struct {
	writer codec.Writer // of the replies to the requests it took
	room   room         // of writer
	post   *post
	tally
}

// span is where a worker put the reply to one request of a batch. It holds no pointers, so that a hundred of them are
// nothing to the garbage collector.
type span struct {
	worker, start, end int
	code               Code
	done               bool
}

// runBatch answers every request of the batch, each on its own, and appends the array of replies. A few workers take
// the requests in turn; each writes into a buffer of its own.
func (x *exchange) runBatch() {
	limits := &x.service.limits
	count := min(limits.BatchWorkers, len(x.requests))
	x.replies = slices.Grow(x.replies, len(x.requests))[:len(x.requests)]
	for len(x.workers) < count {
		x.workers = append(x.workers, worker{post: x.service.lookout.post()})
	}
	for i := range x.workers[:count] {
		w := &x.workers[i]
		w.room.of = &x.service.replies
		w.writer.Room, w.writer.Free = &w.room, uncounted
	}
	x.next.Store(0)
	x.room.Store(int64(limits.Response))
	if count > 1 {
		x.running.Add(1) // for the timer, until it has been stopped or its function is done
		x.help = time.AfterFunc(headStart, func() {
			defer x.running.Done()
			for i := range x.workers[1:count] {
				x.running.Go(func() { x.work(&x.workers[1+i], 1+i) })
			}
		})
	}
	x.running.Go(func() { x.work(&x.workers[0], 0) })
	x.running.Wait()
	x.join(x.workers[:count])
}

// work answers requests until there are none left. A handler that ends its goroutine (runtime.Goexit, which is what
// testing.T.Fatal does) costs its own call alone: another goroutine goes on in place of this one.
func (x *exchange) work(own *worker, number int) {
	finished := false
	defer func() {
		if !finished {
			x.running.Go(func() { x.work(own, number) })
		}
	}()
	w := &own.writer
	for {
		i := int(x.next.Add(1)) - 1
		if i >= len(x.requests) {
			finished = true
			if number == 0 && x.help != nil && x.help.Stop() {
				x.running.Done()
			}
			return
		}
		start := len(w.Bytes)
		w.Limit = reach(start, max(int(x.room.Load()), 0))
		v := x.answer(w, own.post, &x.requests[i])
		x.room.Add(int64(start - len(w.Bytes)))
		x.replies[i] = span{worker: number, start: start, end: len(w.Bytes), code: v.code, done: true}
		own.note(i, v)
	}
}

var errGone = errors.New("the handler ended its goroutine instead of returning")

// join appends the replies in the order of their requests. Workers that wrote at the same time may together have
// passed the limit that each of them kept: what does not fit is replaced by an error.
func (x *exchange) join(workers []worker) {
	for i := range workers {
		x.add(&workers[i].tally)
	}
	first := len(x.reply.Bytes)
	limit := reach(first, x.service.limits.Response)
	if x.reply.Limit = limit; !x.fits(workers) {
		x.crowded.Store(true)
		return
	}
	out := append(x.reply.Bytes, '[')
	for i, reply := range x.replies {
		text := workers[reply.worker].writer.Bytes[reply.start:reply.end]
		room := limit - len(out) - len(",]")
		if !reply.done || len(text) > room && len(text) > 0 {
			text = x.instead(i, reply, room)
		}
		if len(text) == 0 {
			continue
		}
		if len(out) > first+1 {
			out = append(out, ',')
		}
		out = append(out, text...)
	}
	if len(out) == first+1 {
		out = out[:first] // notifications only: nothing is sent, not even an empty array
	} else {
		out = append(out, ']')
	}
	x.reply.Bytes = out
	if errors.Is(x.reply.Reserve(0), codec.ErrNoRoom) { // what stands instead of a reply can be longer
		x.crowded.Store(true)
	}
}

// fits takes room for all replies of a batch together.
func (x *exchange) fits(workers []worker) bool {
	size := len("[]") + len(x.replies)
	for i := range workers {
		size += len(workers[i].writer.Bytes)
	}
	return x.reply.Reserve(min(size, x.service.limits.Response)) == nil
}

// instead returns the reply to a request of a batch whose own is missing or too long.
func (x *exchange) instead(i int, reply span, room int) []byte {
	id := x.requests[i].ID.In(x.body)
	switch {
	case !reply.done:
		method, _ := x.lookUp(&x.requests[i])
		failure := x.service.internal(x.ctx, method, errGone, nil)
		x.note(i, verdict{code: failure.Code, method: method})
		if id == nil {
			return nil
		}
		text, _ := appendBounded(nil, id, failure, room)
		return text
	case reply.code == 0:
		method, _ := x.lookUp(&x.requests[i])
		x.note(i, verdict{code: ResponseTooLarge, method: method})
		text, _ := appendBounded(nil, id, errResponseTooLarge.withLimit(x.service.limits.Response), room)
		return text
	}
	return appendFailure(nil, id, &Error{Code: reply.code})
}
