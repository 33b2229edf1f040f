package jacinth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/lazyctx"
	"github.com/jacinth-rpc/jacinth/internal/plan"
	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// maxPooled is the largest buffer that is kept for another request; one huge request must not hold its memory.
const maxPooled = 64 << 10

// Dispatch runs the call, notification or batch in body and appends its reply to into, which may be nil; it appends
// nothing where nothing is answered. It knows no transport: HTTP is one binding around it, and another one takes the
// bytes of a message, fills a [Peer] with what it knows of the sender, and sends back the bytes it gets.
//
// Calls see ctx end when it ends. Dispatch returns after every handler has, and keeps nothing of body.
// It is safe for concurrent use.
//
// While it runs, its reply counts towards Limits.ReplyInFlight. Over HTTP it does so until it is sent; another binding
// bounds by itself what waits in its connections.
//
// The path of a call:
//
//	Dispatch          a body: scanned whole before anything runs
//	  answer          one request of it
//	    lookUp        its method
//	    perform       authorize, slot, decode, middleware, call, encode
func (s *Service) Dispatch(ctx context.Context, peer Peer, body, into []byte) []byte {
	reply, _ := s.Answer(ctx, peer, body, into)
	return reply
}

// Answer is [Service.Dispatch] for a transport that can tell more than the reply does, as HTTP can by its status: shed
// reports that nothing was run because the service was too busy or stopping. The sender of a notification, to which
// there is no reply, hears of that in no other way.
func (s *Service) Answer(ctx context.Context, peer Peer, body, into []byte) (reply []byte, shed bool) {
	s.freeze()
	x := newExchange(s)
	reply, shed = x.handle(ctx, peer, body, into, &x.own)
	x.own.give()
	x.release()
	return reply, shed
}

// answer is Answer for a binding that gives the room of the reply back itself. late says that a short reply needs a
// deadline of its own: see promptness.
func (s *Service) answer(ctx context.Context, peer Peer, body, into []byte, room *room) (reply []byte, shed, late bool) {
	x := newExchange(s)
	reply, shed = x.handle(ctx, peer, body, into, room)
	late = s.limits.Read == Unlimited || x.took() > promptness
	x.release()
	return reply, shed, late
}

func newExchange(s *Service) *exchange {
	x, _ := s.exchanges.Get().(*exchange)
	if x == nil {
		x = &exchange{post: s.lookout.post(), memo: new(memo)}
	}
	x.service = s
	return x
}

// handle turns a body into its reply, which takes room.
func (x *exchange) handle(ctx context.Context, peer Peer, body, into []byte, room *room) (reply []byte, shed bool) {
	x.ctx, x.peer, x.body = ctx, peer, body
	x.decoded.Reset(x.service.limits.Decoded)
	x.start = time.Now()
	room.of = &x.service.replies
	x.reply.Bytes, x.reply.Room, x.reply.Free = into, room, reach(len(into), uncounted)
	x.stopping = !x.service.gate.Enter()
	defer x.leave(room) // deferred, since a handler may end the goroutine
	x.serve()
	x.served = true
	shed = x.shed == max(x.size, 1)
	if x.crowded.Load() {
		x.replace(len(into), shed)
	}
	x.log()
	x.done = true
	return x.reply.Bytes, shed
}

// leave ends the work on a body. If there is no reply, nobody else gives its room back.
func (x *exchange) leave(room *room) {
	if !x.served {
		x.gone()
	}
	if !x.done {
		room.give()
	}
	if !x.stopping {
		x.service.gate.Leave()
	}
}

// gone tells the log of a single request whose handler ended the goroutine. Nobody can be told else: who called Answer
// does not go on, and its connection is closed.
func (x *exchange) gone() {
	if x.size > 0 || len(x.requests) == 0 {
		return
	}
	method, _ := x.lookUp(&x.requests[0])
	if method == nil {
		return
	}
	failure := x.service.internal(x.ctx, method, errGone, nil)
	x.last = verdict{code: failure.Code, method: method}
	x.log()
}

// exchange is one body and its reply. It is pooled: release forgets everything but empty buffers.
type exchange struct {
	service  *Service
	ctx      context.Context
	peer     Peer
	body     []byte
	start    time.Time
	ended    time.Time // as the log has it; zero if nothing is logged
	stopping bool      // the body came after the service began to stop
	served   bool      // every handler has returned
	done     bool      // the reply is complete

	requests []wire.Request
	reply    codec.Writer
	own      room        // of reply, unless its binding has one for it
	crowded  atomic.Bool // there was not even room for an error
	memo     *memo
	decoded  plan.Room // of the params of all its requests

	// Of a batch: see runBatch.
	size    int // its requests, 0 for a single one
	workers []worker
	replies []span       // one a request
	next    atomic.Int64 // the request that the next free worker takes
	room    atomic.Int64 // bytes that the replies of the batch may still take
	running sync.WaitGroup
	help    *time.Timer // starts all workers but the first; nil if there is but one

	post *post // of a single request
	tally
}

func (x *exchange) release() {
	for i := range x.workers {
		bytes := x.workers[i].writer.Bytes[:0]
		if cap(bytes) > maxPooled {
			bytes = nil
		}
		x.workers[i].room.give()
		x.workers[i] = worker{writer: codec.Writer{Bytes: bytes}, post: x.workers[i].post}
	}
	clear(x.replies)
	x.memo.forget()
	pool := &x.service.exchanges
	*x = exchange{requests: x.requests[:0], workers: x.workers, replies: x.replies[:0], post: x.post, memo: x.memo}
	pool.Put(x)
}

// verdict is how one request ended.
type verdict struct {
	code   Code // 0: well
	method *registered
	caller string
	reason error // why access was denied; for the log
	shed   bool
}

// serve turns the body into the reply.
func (x *exchange) serve() {
	limits := &x.service.limits
	if len(x.body) > limits.Body {
		x.refuse(errBodyTooLarge.withLimit(limits.Body))
		return
	}
	requests, isBatch, err := wire.Scan(x.body, wire.Limits{
		Depth: limits.Depth, Items: limits.BatchItems, Method: maxMethodName, ID: limits.ID,
	}, x.requests)
	x.requests = requests
	switch {
	case err != nil:
		x.refuse(scanFailure(err, limits))
	case isBatch && x.service.replies.areFull():
		x.size, x.shed = len(requests), len(requests)-1
		x.reply.Bytes = appendFailure(x.reply.Bytes, nil, errBusy)
		x.note(0, verdict{code: Unavailable, shed: true})
	case isBatch:
		x.size = len(requests)
		x.runBatch()
	default:
		x.reply.Limit = reach(len(x.reply.Bytes), limits.Response)
		v := x.answer(&x.reply, x.post, &requests[0])
		x.note(0, v)
		x.last = v
	}
}

// replace sends a short error instead of a reply for which there is no room.
func (x *exchange) replace(start int, shed bool) {
	failure := errCrowded
	if shed {
		failure = errBusy
	}
	x.reply.CutBack(start)
	x.reply.Bytes = appendFailure(x.reply.Bytes, nil, failure)
	x.failed, x.last = max(x.size, 1), verdict{code: Unavailable, method: x.last.method, caller: x.last.caller}
}

// reach is the limit of a writer that may still take size bytes.
func reach(have, size int) int {
	if size > math.MaxInt-have {
		return math.MaxInt
	}
	return have + size
}

// refuse answers a whole body with one failure.
func (x *exchange) refuse(failure *Error) {
	x.reply.Bytes = appendFailure(x.reply.Bytes, nil, failure)
	x.note(0, verdict{code: failure.Code})
}

func scanFailure(err error, limits *Limits) *Error {
	switch {
	case errors.Is(err, wire.ErrEmptyBatch):
		return &Error{Code: InvalidRequest, Data: detail{Reason: "a batch has at least one request"}}
	case errors.Is(err, wire.ErrBatchTooLarge):
		return &Error{Code: InvalidRequest, Data: detail{Reason: "the batch has too many requests", Limit: limits.BatchItems}}
	}
	if syntax, ok := errors.AsType[*wire.SyntaxError](err); ok {
		return &Error{Code: ParseError, Data: detail{Reason: syntax.Reason, Offset: &syntax.Offset}}
	}
	return &Error{Code: ParseError}
}

// answer runs one request and appends its reply to w, unless it is a notification.
func (x *exchange) answer(w *codec.Writer, p *post, request *wire.Request) verdict {
	mark := len(w.Bytes)
	id := request.ID.In(x.body)
	var v verdict
	failure := x.reject(request)
	if failure == nil {
		v.method, failure = x.lookUp(request)
	}
	if failure == nil {
		failure = x.perform(w, p, request, &v)
	}
	notification := id == nil && request.Fault == wire.NoFault
	if failure != nil {
		v.code = failure.code()
		if !notification {
			if unsent := x.fail(w, mark, id, failure); unsent != nil {
				x.service.log(x.ctx, slog.LevelError, "error data not sent",
					slog.String("method", v.method.Name), slog.Int("code", int(v.code)), slog.Any("error", unsent))
			}
		}
	}
	if notification {
		w.Bytes = w.Bytes[:mark]
	}
	return v
}

// fail appends the error reply that failure is to its caller, in as many words as there is room for.
func (x *exchange) fail(w *codec.Writer, mark int, id []byte, failure *Error) (unsent error) {
	if errors.Is(w.Reserve(0), codec.ErrNoRoom) {
		w.CutBack(mark)
	}
	w.Bytes, unsent = appendBounded(w.Bytes[:mark], id, failure, w.Limit)
	if !errors.Is(w.Reserve(0), codec.ErrNoRoom) {
		return unsent
	}
	w.CutBack(mark)
	w.Bytes = appendFailure(w.Bytes, id, &Error{Code: failure.code()})
	if errors.Is(w.Reserve(0), codec.ErrNoRoom) {
		w.CutBack(mark)
		x.crowded.Store(true)
	}
	return unsent
}

// reject refuses what is no request.
func (x *exchange) reject(request *wire.Request) *Error {
	if request.Fault == wire.NoFault {
		return nil
	}
	return &Error{Code: InvalidRequest, Data: detail{Reason: request.Fault.String()}}
}

// lookUp finds the method that a request names.
func (x *exchange) lookUp(request *wire.Request) (*registered, *Error) {
	quoted := request.Method.In(x.body)
	name := quoted[1 : len(quoted)-1]
	method, ok := x.service.methods[string(name)]
	if !ok {
		// Escapes in a name are rare enough to look twice.
		var unquoted [maxMethodName]byte
		method, ok = x.service.methods[string(wire.Unquote(unquoted[:0], quoted))]
	}
	if !ok {
		return nil, errNoMethod
	}
	return method, nil
}

// perform authorizes and runs a request of a known method and appends the result to w.
func (x *exchange) perform(w *codec.Writer, p *post, request *wire.Request, v *verdict) (failure *Error) {
	method := v.method
	c := &callContext{Context: lazyctx.Context{Context: x.ctx, Until: x.deadline(method)}}
	c.request = Request{
		Method:       &method.Method,
		Peer:         x.peer,
		Notification: request.ID.Kind == wire.Absent,
		id:           request.ID.In(x.body),
		params:       request.Params.In(x.body),
		memo:         x.memo,
		body:         x.memo.body,
	}
	defer func() {
		if value := recover(); value != nil {
			failure = x.service.internal(c, method, fmt.Errorf("panic: %v", value), debug.Stack())
		}
		p.leave()
		c.end()
	}()
	defer c.request.finish()
	if failure = x.admit(c, v); failure == nil {
		failure = x.run(c, w, p, method, v)
	}
	return failure
}

// admit checks whether the call may go on.
func (x *exchange) admit(c *callContext, v *verdict) *Error {
	if v.method.Private {
		// Whose time is over is not worth the verification of a token.
		if err := c.ErrAt(x.clock()); err != nil {
			return ended(err)
		}
	}
	denied, reason := x.service.authorize(c, &c.request)
	v.caller = c.request.Caller.Name
	if denied != nil {
		v.reason, v.shed = reason, denied.Code == Unavailable
		return denied
	}
	if x.stopping {
		v.shed = true
		return errStopping
	}
	return nil
}

// run takes the slots that a call needs, and its frame.
//
// It is a function of its own because Go makes a defer cheap only where there are few of them and few returns.
func (x *exchange) run(c *callContext, w *codec.Writer, p *post, method *registered, v *verdict) (failure *Error) {
	if len(x.body) > method.mostBody {
		return errBodyTooLarge.withLimit(method.mostBody)
	}
	if !method.brief && x.service.replies.areFull() || !method.room.Enter() {
		v.shed = true
		return errBusy
	}
	defer method.room.Leave()
	if !method.slots.Enter() {
		v.shed = true
		return errBusy
	}
	defer method.slots.Leave()
	now := x.start
	if x.size > 0 || method.Private {
		now = x.now() // others were before it, and an authorizer may have taken its time
	}
	if err := c.ErrAt(now); err != nil {
		return ended(err)
	}
	c.began = now.UnixNano()
	x.service.enter(p, c)
	c.frame = method.frame()
	c.request.call = c
	failure, v.reason = x.execute(c, w, c.frame, method)
	v.shed = failure == errBusy
	c.giveBack() // not after a panic: what one left half done is not used again
	return failure
}

// execute takes an authorized request from params to result.
func (x *exchange) execute(c *callContext, w *codec.Writer, values frame, method *registered) (*Error, error) {
	faults, err := values.decode(c, c.request.params, &x.decoded, &x.service.decoded)
	if err != nil || len(faults) > 0 {
		return undecoded(faults, err), nil
	}
	var result any
	if method.run == nil {
		err = values.callInPlace(c)
	} else {
		result, err = method.run(c, &c.request)
	}
	if err != nil {
		return x.service.failure(c, method, err)
	}
	if c.request.Notification {
		return nil, nil
	}
	return x.encode(c, w, values, result, method), nil
}

// undecoded is what a caller is told whose params were not decoded: because of their faults, or because of err.
func undecoded(faults []plan.Fault, err error) *Error {
	switch {
	case err == nil:
		return invalidParams(faults)
	case errors.Is(err, plan.ErrNoRoom):
		return errBusy
	default:
		return ended(err)
	}
}

// encode appends the reply with the result, which is in the frame if the method has no Handler, within the limit of w.
func (x *exchange) encode(c *callContext, w *codec.Writer, values frame, result any, method *registered) *Error {
	w.Bytes = wire.AppendResultHead(w.Bytes, c.request.id)
	var err error
	if method.run == nil {
		err = values.encodeInPlace(w)
	} else {
		err = values.encode(w, result)
	}
	if err == nil {
		_, err = w.Write(closingBrace)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, codec.ErrTooLarge):
		return errResponseTooLarge.withLimit(x.service.limits.Response)
	case errors.Is(err, codec.ErrNoRoom):
		return errCrowded
	}
	return x.service.internal(c, method, fmt.Errorf("the result cannot be encoded: %w", err), nil)
}

// clock is the time when a request of the body is looked at: that of its arrival for a single one.
func (x *exchange) clock() time.Time {
	if x.size > 0 {
		return x.now()
	}
	return x.start
}

// took is how long the work on the body took. Asking for the time costs more than to remember it.
func (x *exchange) took() time.Duration {
	if x.ended.IsZero() {
		return time.Since(x.start)
	}
	return x.ended.Sub(x.start)
}

// now is time.Now, for which it asks one clock instead of two.
func (x *exchange) now() time.Time { return x.start.Add(time.Since(x.start)) }

var closingBrace = []byte("}")

// deadline is when a call of method must end: all items of a batch count from the arrival of its body.
func (x *exchange) deadline(method *registered) time.Time {
	var deadline time.Time
	if method.timeout != Unlimited {
		deadline = x.start.Add(method.timeout)
	}
	if sender := x.peer.Deadline; !sender.IsZero() && (deadline.IsZero() || sender.Before(deadline)) {
		deadline = sender
	}
	return deadline
}

// failure turns what a handler returned into what its caller is told, and into what the log is told beside that.
func (s *Service) failure(ctx context.Context, method *registered, err error) (*Error, error) {
	if own, ok := errors.AsType[*Error](err); ok {
		switch {
		case own == nil:
			return s.internal(ctx, method, errNilError, nil), nil
		case own.remote:
			return s.internal(ctx, method, err, nil), nil
		}
		return own, own.Cause
	}
	if code, ok := errors.AsType[Code](err); ok {
		return &Error{Code: code}, nil
	}
	// A handler that obeys its context hands back the context's own error, which is no fault of the service.
	if over := ctx.Err(); over != nil && errors.Is(err, over) {
		return ended(over), nil
	}
	return s.internal(ctx, method, err, nil), nil
}

// ended is what a caller is told when the context of its call was over.
func ended(err error) *Error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errDeadline
	}
	return errCancelled
}

// internal logs a failure that is nobody else's business under an id, and returns what the caller gets: that id.
func (s *Service) internal(ctx context.Context, method *registered, err error, stack []byte) *Error {
	id := fmt.Sprintf("%08x", rand.Uint32())
	attributes := []slog.Attr{
		slog.String("method", method.Name), slog.String("error_id", id), slog.Any("error", err),
	}
	if stack != nil {
		attributes = append(attributes, slog.String("stack", string(stack)))
	}
	s.log(ctx, slog.LevelError, "call failed", attributes...)
	return &Error{Code: InternalError, Data: detail{ErrorID: id}}
}
