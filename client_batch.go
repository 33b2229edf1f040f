package jacinth

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/jacinth-rpc/jacinth/internal/call"
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
	items  []*batchItem
	sent   bool
}

// batchItem is one call of a batch.
type batchItem struct {
	call.Item
	settle func(json.RawMessage, error) // nil for a notification
	err    error                        // why the call cannot be sent
}

// Batch returns an empty batch of calls to the service.
func (c *Client) Batch() *Batch { return &Batch{client: c} }

// Call adds a call. See [Name.Queue] for the typed way. It takes the options ReadOnly and Idempotent. How long
// a batch may take, the context of Send says.
func (b *Batch) Call(method string, params any, options ...CallOption) *Pending[json.RawMessage] {
	p := newPending[json.RawMessage](method)
	b.add(method, params, p.settle, options)
	return p
}

// Notify adds a notification. One whose params cannot be encoded is not sent, which [Batch.Send] reports.
func (b *Batch) Notify(method string, params any) { b.add(method, params, nil, nil) }

// Len is the number of calls and notifications added so far.
func (b *Batch) Len() int { return len(b.items) }

func (b *Batch) add(method string, params any, settle func(json.RawMessage, error), options []CallOption) {
	if b.sent {
		panic("jacinth: a batch was added to after it had been sent")
	}
	it := &batchItem{settle: settle}
	out, err := b.client.outgoing(method, params, options, (*callOptions).forBatch)
	if err != nil {
		it.err = err
	} else {
		out.Notification = settle == nil
		it.Outgoing = &out.Outgoing
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
	engine := b.client.engine()
	ctx, cancel := engine.WithDeadline(ctx, 0)
	defer cancel()
	open := make([]*call.Item, 0, len(b.items))
	for _, it := range b.items {
		if it.err == nil {
			open = append(open, &it.Item)
		}
	}
	engine.DeliverAll(ctx, open)
	var first error
	for _, it := range b.items {
		raw, answered, err := json.RawMessage(nil), false, it.err
		if err == nil {
			raw, answered, err = it.Result()
		}
		if first == nil && !answered {
			first = err
		}
		if it.settle != nil {
			it.settle(raw, err)
		}
	}
	return first
}
