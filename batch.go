package jacinth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"

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
// A service runs the calls of a batch at the same time and in any order. It is for one goroutine; the Pendings that
// come of it are not.
type Batch struct {
	client *Client
	items  []*item
	sent   bool
}

// item is one call of a batch.
type item struct {
	*outgoing
	settle func(json.RawMessage, error) // nil for a notification
	id     int64
	raw    json.RawMessage
	err    error
	again  verdictOfTry
}

// Batch returns an empty batch of calls to the service.
func (c *Client) Batch() *Batch { return &Batch{client: c} }

// Call adds a call. See [Name.Queue] for the typed way.
func (b *Batch) Call(method string, params any, options ...Option) *Pending[json.RawMessage] {
	p := newPending[json.RawMessage](method)
	b.add(method, params, p.settle, options)
	return p
}

// Notify adds a notification.
func (b *Batch) Notify(method string, params any) { b.add(method, params, nil, nil) }

// Len is the number of calls and notifications added so far.
func (b *Batch) Len() int { return len(b.items) }

func (b *Batch) add(method string, params any, settle func(json.RawMessage, error), options []Option) {
	if b.sent {
		panic("jacinth: a batch was added to after it had been sent")
	}
	encoded, err := encodeParams(params)
	it := &item{outgoing: newOutgoing(method, encoded, options), settle: settle}
	it.notification = settle == nil
	if err != nil {
		it.err = fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	b.items = append(b.items, it)
}

// Send sends the batch, once, and returns when every Pending of it is settled. Each call has its own error; that of
// Send is nil if the whole batch was sent and answered, and otherwise the first thing that went wrong with that.
// A batch larger than the service takes is sent in parts, in order. Calls that may be tried again are, without the
// others. Client.Middleware does not see the calls of a batch.
func (b *Batch) Send(ctx context.Context) error {
	if b.sent {
		return errors.New("the batch has been sent already")
	}
	b.sent = true
	ctx, cancel := b.client.deadline(ctx, 0)
	defer cancel()
	var open []*item
	var failed error
	for _, it := range b.items {
		if it.err == nil {
			open = append(open, it)
		} else if failed == nil {
			failed = it.err
		}
	}
	err := b.client.retrying(ctx, func() (v verdictOfTry, err error) {
		err = b.client.sendAll(ctx, open)
		open = slices.DeleteFunc(open, func(it *item) bool { return !it.again.again })
		for _, it := range open {
			v.again, v.after = true, max(v.after, it.again.after)
		}
		return v, err
	})
	for _, it := range b.items {
		if it.settle == nil {
			continue
		}
		if it.err != nil {
			it.err = fmt.Errorf("%s: %w", it.method.Name, it.err)
		}
		it.settle(it.raw, it.err)
	}
	if err != nil && !isAnswer(err) {
		return err
	}
	return failed
}

// isAnswer reports whether err is what the service said of one call, which is that call's own business.
func isAnswer(err error) bool {
	_, ok := errors.AsType[*Error](err)
	return ok
}

// learnt are the limits that the service told of, 0 where it did not.
type learnt struct{ items, bytes atomic.Int64 }

// sendAll sends items in as many requests as the service's limits ask for, gives each its answer, and returns the
// first failure.
func (c *Client) sendAll(ctx context.Context, items []*item) (first error) {
	for len(items) > 0 {
		part, body := c.part(items)
		got, err := c.post(ctx, parcel{body: body, replay: allReplay(part)})
		if err == nil && c.tooLarge(got, len(part)) {
			continue // nothing was run; the limit is known now
		}
		settleAll(part, got, err)
		for _, it := range part {
			it.again = judge(it.err, got, it.outgoing)
			if first == nil {
				first = it.err
			}
		}
		items = items[len(part):]
	}
	return first
}

// part takes as many items from the front as fit into one request, and encodes them.
func (c *Client) part(items []*item) (part []*item, body []byte) {
	most := len(items)
	if limit := c.learnt.items.Load(); limit > 0 {
		most = min(most, int(limit))
	}
	bytes := int(c.learnt.bytes.Load())
	body = append(body, '[')
	for i, it := range items[:most] {
		before := len(body)
		if i > 0 {
			body = append(body, ',')
		}
		it.id = c.ids.Add(1)
		it.raw, it.err = nil, nil
		body = it.appendTo(body, it.id)
		if bytes > 0 && len(body)+1 > bytes && i > 0 {
			return items[:i], append(body[:before], ']')
		}
	}
	return items[:most], append(body, ']')
}

func allReplay(items []*item) bool {
	for _, it := range items {
		if !it.replay() {
			return false
		}
	}
	return true
}

// tooLarge reports whether the service refused a batch as a whole for its size and told its limit, so that it can be
// sent again in smaller parts.
func (c *Client) tooLarge(got posted, count int) bool {
	if count < 2 || len(got.body) == 0 {
		return false
	}
	replies, batch, err := got.replies(1)
	if err != nil || batch || replies[0].Fault != wire.NoFault || replies[0].Error.Kind == wire.Absent {
		return false
	}
	refusal, ok := errors.AsType[*Error](got.failure(&replies[0]))
	if !ok || refusal.Code != InvalidRequest {
		return false
	}
	var data detail
	if refusal.DecodeData(&data) != nil || data.Limit < 1 {
		return false
	}
	if got.status == http.StatusRequestEntityTooLarge {
		return c.learn(&c.learnt.bytes, data.Limit)
	}
	return data.Limit < count && c.learn(&c.learnt.items, data.Limit)
}

// learn notes a limit and reports whether it is news; what is not cannot be the cure.
func (c *Client) learn(limit *atomic.Int64, value int) bool {
	old := limit.Load()
	return (old == 0 || int64(value) < old) && limit.CompareAndSwap(old, int64(value))
}

// settleAll gives every item of a request its own answer, by id, whatever the order.
func settleAll(items []*item, got posted, err error) {
	if err == nil {
		err = matchAll(items, got)
	}
	if err == nil {
		return
	}
	for _, it := range items {
		if it.raw == nil {
			it.err = err
		}
	}
}

// matchAll reads the replies to a batch. Its error is one that every item without an answer shares.
func matchAll(items []*item, got posted) error {
	calls := make(map[string]*item, len(items))
	for _, it := range items {
		if !it.notification {
			calls[strconv.FormatInt(it.id, 10)] = it
		}
	}
	if len(got.body) == 0 {
		return got.nothing(len(calls) == 0)
	}
	replies, batch, err := got.replies(len(items))
	if err != nil {
		return err
	}
	if !batch {
		// One answer to the whole request is a refusal of it.
		if reply := &replies[0]; reply.Fault == wire.NoFault && reply.Error.Kind != wire.Absent {
			return got.failure(reply)
		}
		return notJSONRPC(got, "one reply to a batch")
	}
	if got.status >= 300 {
		return notJSONRPC(got, "replies that the status denies")
	}
	answered := make(map[string]bool, len(replies))
	for i := range replies {
		id := string(replies[i].ID.In(got.body))
		it, known := calls[id]
		switch {
		case !known && replies[i].ID.Kind == wire.Null:
			continue // a service that could not read an item; its call is the one without an answer
		case !known || answered[id]:
			return refuseAll(calls, notJSONRPC(got, "the reply to another call"))
		}
		answered[id] = true
		it.raw, it.err = got.result(&replies[i], it.id, false)
	}
	for id, it := range calls {
		if !answered[id] {
			it.err = fmt.Errorf("%w: the batch was answered without it", ErrNoReply)
		}
	}
	return nil
}

// refuseAll drops what was matched of a reply that cannot be trusted.
func refuseAll(calls map[string]*item, err error) error {
	for _, it := range calls {
		it.raw, it.err = nil, nil
	}
	return err
}
