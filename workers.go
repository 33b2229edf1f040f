package jacinth

import (
	"errors"
	"slices"

	"github.com/jacinth-rpc/jacinth/internal/codec"
)

// span is where a worker put the reply to one request of a batch.
type span struct {
	worker, start, end int
	verdict            verdict
	done               bool
}

// runBatch answers every request of the batch, each on its own, and appends the array of replies. A few workers take
// the requests in turn; each writes into a buffer of its own.
func (x *exchange) runBatch() {
	limits := &x.service.limits
	count := min(limits.BatchWorkers, len(x.requests))
	x.replies = slices.Grow(x.replies, len(x.requests))[:len(x.requests)]
	for len(x.writers) < count {
		x.writers = append(x.writers, codec.Writer{})
	}
	x.next.Store(0)
	x.room.Store(int64(limits.Response))
	for worker := range count {
		x.workers.Go(func() { x.work(worker) })
	}
	x.workers.Wait()
	x.join()
}

// work answers requests until there are none left. A handler that ends its goroutine (runtime.Goexit, which is what
// testing.T.Fatal does) costs its own call alone: another goroutine goes on in place of this one.
func (x *exchange) work(worker int) {
	finished := false
	defer func() {
		if !finished {
			x.workers.Go(func() { x.work(worker) })
		}
	}()
	w := &x.writers[worker]
	for {
		i := int(x.next.Add(1)) - 1
		if i >= len(x.requests) {
			finished = true
			return
		}
		start := len(w.Bytes)
		w.Limit = reach(start, max(int(x.room.Load()), 0))
		v := x.answer(w, &x.requests[i])
		x.room.Add(int64(start - len(w.Bytes)))
		x.replies[i] = span{worker: worker, start: start, end: len(w.Bytes), verdict: v, done: true}
	}
}

var errGone = errors.New("the handler ended its goroutine instead of returning")

// join appends the replies in the order of their requests. Workers that wrote at the same time may together have
// passed the limit that each of them kept: what does not fit is replaced by an error.
func (x *exchange) join() {
	first := len(x.reply.Bytes)
	limit := reach(first, x.service.limits.Response)
	out := append(x.reply.Bytes, '[')
	for i, reply := range x.replies {
		id := x.requests[i].ID.In(x.body)
		text := x.writers[reply.worker].Bytes[reply.start:reply.end]
		room := limit - len(out) - len(",]")
		switch {
		case !reply.done:
			method, _ := x.lookUp(&x.requests[i])
			failure := x.service.internal(method, errGone, nil)
			reply.verdict = verdict{code: failure.Code, method: method}
			if id != nil {
				text, _ = appendBounded(nil, id, failure, room)
			}
		case len(text) <= room || len(text) == 0:
		case reply.verdict.code == 0:
			reply.verdict.code = ResponseTooLarge
			text, _ = appendBounded(nil, id, errResponseTooLarge.withLimit(x.service.limits.Response), room)
		default:
			text = appendFailure(nil, id, &Error{Code: reply.verdict.code})
		}
		x.note(reply.verdict)
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
}
