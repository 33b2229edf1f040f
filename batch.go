package jacinth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// Batch collects calls and notifications to send them in one request:
//
//	batch := client.Batch()
//	sum := Add.Queue(batch, AddParams{A: 1, B: 2})
//	product := Mul.Queue(batch, MulParams{A: 3, B: 4})
//	if err := batch.Send(ctx); err != nil { … }
//	s, err := sum.Result()
//
// A service runs the calls of a batch at the same time and in any order. A Batch is for one goroutine; the Pendings
// that come of it are not, but each waits until the batch has been sent.
type Batch struct {
	client *Client
	items  []*item
	sent   bool
}

// item is one call of a batch.
type item struct {
	*outgoing
	settle func(json.RawMessage, error) // nil for a notification, and for a call that was coalesced
	ctx    context.Context              // of such a call's own caller, who may leave before the others

	// Of the last try.
	id       int64
	raw      json.RawMessage
	lost     *setback
	answered bool // raw or lost is the answer to this call, not to the whole request
}

// hasError reports whether the call was answered with an error of its own.
func (it *item) hasError() bool {
	_, remote := errors.AsType[*Error](it.lost.err)
	return it.answered && remote
}

// Batch returns an empty batch of calls to the service.
func (c *Client) Batch() *Batch { return &Batch{client: c} }

// Call adds a call. See [Name.Queue] for the typed way. Of the options ReadOnly and Idempotent have a meaning here;
// how long a batch may take, the context of Send says.
func (b *Batch) Call(method string, params any, options ...Option) *Pending[json.RawMessage] {
	p := newPending[json.RawMessage](method)
	b.add(method, params, p.settle, options)
	return p
}

// Notify adds a notification. One whose params cannot be encoded is not sent, which [Batch.Send] reports.
func (b *Batch) Notify(method string, params any) { b.add(method, params, nil, nil) }

// Len is the number of calls and notifications added so far.
func (b *Batch) Len() int { return len(b.items) }

func (b *Batch) add(method string, params any, settle func(json.RawMessage, error), options []Option) {
	if b.sent {
		panic("jacinth: a batch was added to after it had been sent")
	}
	out, err := b.client.outgoing(method, params, options)
	it := &item{outgoing: out, settle: settle}
	if err != nil {
		it.lost = &setback{err: err}
	} else {
		out.notification = settle == nil
		out.harmless = out.harmless && !out.notification
	}
	b.items = append(b.items, it)
}

// Send sends the batch, once, and returns when every Pending of it is settled. Each call has its own error. That of
// Send is nil if each call was answered, be it with an [Error], and the service has the notifications; otherwise it is
// the first thing that went wrong with that.
//
// A batch larger than Client.MaxBatch, or than the service takes according to [Client.Specs] or to its own refusal, is
// sent in parts, in order. Calls that may be tried again are, without the others. An empty batch is not sent.
// Client.Middleware does not see the calls of a batch.
func (b *Batch) Send(ctx context.Context) error {
	if b.sent {
		return errors.New("the batch has been sent already")
	}
	b.sent = true
	ctx, cancel := b.client.deadline(ctx, 0)
	defer cancel()
	open := make([]*item, 0, len(b.items))
	for _, it := range b.items {
		if it.lost == nil {
			open = append(open, it)
		}
	}
	b.client.deliverAll(ctx, open)
	var first error
	for _, it := range b.items {
		var err error
		if it.lost != nil {
			err = it.lost.err
			if it.outgoing != nil {
				err = fmt.Errorf("%s: %w", it.name, err)
			}
			if first == nil && !it.hasError() {
				first = err
			}
		}
		if it.settle != nil {
			it.settle(it.raw, err)
		}
	}
	return first
}

// deliverAll tries items as often as they may be tried, each judged by itself.
func (c *Client) deliverAll(ctx context.Context, items []*item) {
	if len(items) == 0 {
		return
	}
	c.budget.earn(len(items))
	for attempt := 1; ; attempt++ {
		token, lost := c.token(ctx)
		if lost != nil {
			for _, it := range items {
				it.lost = lost
			}
			return
		}
		c.sendAll(ctx, items, token)
		open, worst := repeatable(items)
		if worst == nil {
			return
		}
		granted, why := c.again(ctx, attempt, len(open), worst)
		if granted == 0 {
			if why != worst {
				for _, it := range open {
					it.lost = it.lost.interrupted(over(ctx))
				}
			}
			return
		}
		items = open[:granted]
	}
}

// repeatable returns those of items that may be sent again, and the setback among theirs that asks for the longest
// wait, nil if there are none.
func repeatable(items []*item) (open []*item, worst *setback) {
	for _, it := range items {
		if it.lost == nil || !it.lost.mayRepeat(it.outgoing) {
			continue
		}
		it.notTo(it.lost.from)
		open = append(open, it)
		if worst == nil || it.lost.after > worst.after {
			worst = it.lost
		}
	}
	return open, worst
}

// sendAll sends items in as many requests as the service's limits ask for, one after the other, and gives each item
// its answer.
func (c *Client) sendAll(ctx context.Context, items []*item, token string) {
	for len(items) > 0 {
		part, body := c.part(items)
		got, lost := c.post(ctx, parcel{body: body, token: token, tried: triedBy(part)})
		if lost == nil && c.learnt.fromRefusal(got, len(part), len(body)) {
			items = staying(items)
			continue // nothing was run, and the next part is smaller
		}
		if lost == nil {
			lost = got.match(part)
		}
		if lost != nil {
			for _, it := range part {
				it.raw, it.lost, it.answered = nil, lost, false
			}
		}
		items = staying(items[len(part):])
	}
}

// staying returns those of items whose callers have not left.
func staying(items []*item) []*item {
	stay := make([]*item, 0, len(items))
	for _, it := range items {
		if it.ctx != nil && it.ctx.Err() != nil {
			it.lost = lostOnTheWay(it.ctx, false, over(it.ctx))
		} else {
			stay = append(stay, it)
		}
	}
	return stay
}

// part takes as many items from the front as fit into one request, at least one, and encodes them. Their ids follow
// each other.
func (c *Client) part(items []*item) (part []*item, body []byte) {
	items = items[:min(len(items), c.mostCalls())]
	longest := c.learnt.bytes.Load()
	first := c.ids.Add(int64(len(items))) - int64(len(items)) + 1
	size := 2
	for _, it := range items {
		size += it.most()
	}
	if longest > 0 {
		size = int(min(int64(size), longest))
	}
	body = append(make([]byte, 0, size), '[')
	for i, it := range items {
		before := len(body)
		if i > 0 {
			body = append(body, ',')
		}
		it.id = first + int64(i)
		it.raw, it.lost, it.answered = nil, nil, false
		body = it.appendTo(body, it.id)
		if longest > 0 && int64(len(body)) >= longest && i > 0 {
			return items[:i], append(body[:before], ']')
		}
	}
	return items, append(body, ']')
}

// triedBy returns the instances that calls were sent to in vain.
func triedBy(items []*item) (tried []*peer) {
	for _, it := range items {
		for _, p := range it.tried {
			if !slices.Contains(tried, p) {
				tried = append(tried, p)
			}
		}
	}
	return tried
}

// match gives each of items, whose ids follow each other, its own answer, whatever the order. It returns the setback
// of a reply that answers none of them: those that it has answered by then are not to be believed either.
func (got posted) match(items []*item) *setback {
	calls := 0
	for _, it := range items {
		if !it.notification {
			calls++
		}
	}
	if len(got.body) == 0 || calls == 0 && got.isEmptyBatch() {
		return got.nothing(calls == 0)
	}
	replies, batch, lost := got.replies(len(items), make([]wire.Reply, 0, len(items)))
	switch {
	case lost != nil:
		return lost
	case !batch:
		return got.refusal(&replies[0])
	}
	for i := range replies {
		if isAnonymous(&replies[i]) {
			continue // a service could not read an item, whose call will miss its answer, or answers a notification
		}
		it := find(items, replies[i].ID.In(got.body))
		if it == nil || it.answered {
			return got.bad("the reply to another call, or a second one to the same")
		}
		it.raw, it.lost = got.result(&replies[i], it.id, false)
		it.answered = true
		calls--
	}
	if calls > 0 {
		missing := &setback{
			err: fmt.Errorf("%w: the batch was answered without it", ErrNoReply), repeat: ifHarmless, after: got.after, from: got.from,
		}
		for _, it := range items {
			if !it.answered && !it.notification {
				it.lost = missing
			}
		}
	}
	return nil
}

// find returns the call that the raw id of a reply belongs to, nil if there is none. An integer is written in one way
// only in JSON, but for -0, which no call has.
func find(items []*item, id []byte) *item {
	number, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil || number < items[0].id || number > items[len(items)-1].id {
		return nil
	}
	if it := items[number-items[0].id]; !it.notification {
		return it
	}
	return nil
}

// refusal reads the one answer to a whole batch. A service that took it for no JSON or no request has run nothing.
func (got posted) refusal(reply *wire.Reply) *setback {
	if reply.Fault != wire.NoFault || reply.Error.Kind == wire.Absent {
		return got.bad("one reply to a batch")
	}
	lost := got.failure(reply)
	if code := CodeOf(lost.err); code == ParseError || code == InvalidRequest {
		lost.unread = true
	}
	return lost
}

// usualBatch is how many calls go into one batch where nobody says anything else: what our services take by default.
const usualBatch = 100

// mostCalls is how many calls go into one batch at most.
func (c *Client) mostCalls() int {
	known := int(min(c.learnt.items.Load(), math.MaxInt32))
	switch {
	case c.MaxBatch > 0 && known > 0:
		return min(c.MaxBatch, known)
	case c.MaxBatch > 0:
		return c.MaxBatch
	case known > 0:
		return known
	}
	return usualBatch
}

// tooLarge reads from the refusal of a batch for its size how much the service takes: calls, or bytes. Both are 0 if
// it is none, or does not say.
func (got posted) tooLarge() (calls, bytes int) {
	if len(got.body) == 0 || got.body[0] == '[' {
		return 0, 0 // not read twice where there is nothing to see
	}
	replies, batch, lost := got.replies(1, nil)
	if lost != nil || batch || replies[0].Fault != wire.NoFault || replies[0].Error.Kind == wire.Absent {
		return 0, 0
	}
	refusal, ok := errors.AsType[*Error](got.failure(&replies[0]).err)
	var data detail
	if !ok || refusal.Code != InvalidRequest || refusal.DecodeData(&data) != nil {
		return 0, 0
	}
	if got.status == http.StatusRequestEntityTooLarge {
		return 0, data.Limit
	}
	return data.Limit, 0
}
