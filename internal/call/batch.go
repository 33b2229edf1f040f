package call

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/jacinth-rpc/jacinth/internal/wire"
)

// Item is one call of a batch.
type Item struct {
	*Outgoing

	ctx context.Context // of the caller of a coalesced call, who may leave before the others

	// Of the last attempt.
	id       int64
	raw      json.RawMessage
	failed   *attemptError
	answered bool // raw or failed is the answer to this call, not to the whole request
}

// Result returns the raw result of the call, or why it has none. Answered reports whether the service answered this call
// by itself, be it with an error.
func (it *Item) Result() (raw json.RawMessage, answered bool, err error) {
	if it.failed == nil {
		return it.raw, true, nil
	}
	return nil, it.answered && it.failed.remote, fmt.Errorf("%s: %w", it.Name, it.failed.err)
}

// DeliverAll sends calls together, and tries them as often as they may be tried, each judged by itself. It returns when
// each item has its result.
func (e *Engine) DeliverAll(ctx context.Context, items []*Item) {
	if len(items) == 0 {
		return
	}
	e.budget.earn(len(items))
	for _, it := range items {
		it.Harmless = it.Harmless || e.limits.isHarmless(it.Name)
	}
	for attempt := 1; ; attempt++ {
		token, failed := e.token(ctx)
		if failed != nil {
			for _, it := range items {
				it.failed = failed
			}
			return
		}
		e.sendAll(ctx, items, token)
		open, worst := repeatable(items)
		if worst == nil {
			return
		}
		granted, last := e.again(ctx, attempt, len(open), worst)
		if granted == 0 {
			if last != worst {
				for _, it := range open {
					it.failed = it.failed.interrupted(why(ctx))
				}
			}
			return
		}
		items = open[:granted]
	}
}

// repeatable returns those of items that may be sent again, and the failure among theirs that asks for the longest
// wait, nil if there are none.
func repeatable(items []*Item) (open []*Item, worst *attemptError) {
	for _, it := range items {
		if it.failed == nil || !it.failed.mayRepeat(it.Outgoing) {
			continue
		}
		it.exclude(it.failed.from)
		open = append(open, it)
		if worst == nil || it.failed.after > worst.after {
			worst = it.failed
		}
	}
	return open, worst
}

// sendAll sends items in as many requests as the service's limits ask for, one after the other, and gives each item
// its answer.
func (e *Engine) sendAll(ctx context.Context, items []*Item, token string) {
	for len(items) > 0 {
		part, body := e.part(items)
		got, failed := e.post(ctx, message{body: body, token: token, tried: triedBy(part)})
		if failed == nil && e.limits.fromRefusal(got, len(part), len(body)) {
			items = stillWaiting(items)
			continue // nothing was run, and the next part is smaller
		}
		if failed == nil {
			failed = got.match(part)
		}
		if failed != nil {
			for _, it := range part {
				it.raw, it.failed, it.answered = nil, failed, false
			}
		}
		items = stillWaiting(items[len(part):])
	}
}

// stillWaiting returns those of items whose callers have not left.
func stillWaiting(items []*Item) []*Item {
	stay := make([]*Item, 0, len(items))
	for _, it := range items {
		if it.ctx != nil && it.ctx.Err() != nil {
			it.failed = lostOnTheWay(it.ctx, false, why(it.ctx))
		} else {
			stay = append(stay, it)
		}
	}
	return stay
}

// part takes as many items from the front as fit into one request, at least one, and encodes them. Their ids follow
// each other.
func (e *Engine) part(items []*Item) (part []*Item, body []byte) {
	items = items[:min(len(items), e.mostCalls())]
	longest := e.limits.bytes.Load()
	first := e.ids.Add(int64(len(items))) - int64(len(items)) + 1
	size := 2
	for _, it := range items {
		size += it.sizeHint()
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
		it.raw, it.failed, it.answered = nil, nil, false
		body = it.appendTo(body, it.id)
		if longest > 0 && int64(len(body)) >= longest && i > 0 {
			return items[:i], append(body[:before], ']')
		}
	}
	return items, append(body, ']')
}

// triedBy returns the instances that calls were sent to in vain.
func triedBy(items []*Item) (tried []*peer) {
	for _, it := range items {
		for _, p := range it.tried {
			if !slices.Contains(tried, p) {
				tried = append(tried, p)
			}
		}
	}
	return tried
}

// match gives each of items, whose ids follow each other, its own answer, whatever the order. It returns the failure
// of a reply that answers none of them: those that it has answered by then are not to be believed either.
func (got reply) match(items []*Item) *attemptError {
	calls := 0
	for _, it := range items {
		if !it.Notification {
			calls++
		}
	}
	if len(got.body) == 0 || calls == 0 && got.isEmptyBatch() {
		return got.nothing(calls == 0)
	}
	replies, batch, failed := got.replies(len(items), make([]wire.Reply, 0, len(items)))
	switch {
	case failed != nil:
		return failed
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
		it.raw, it.failed = got.result(&replies[i], it.id, false)
		it.answered = true
		calls--
	}
	if calls > 0 {
		missing := &attemptError{
			err: fmt.Errorf("%w: the batch was answered without it", ErrNoReply), repeat: ifHarmless, after: got.after, from: got.from,
		}
		for _, it := range items {
			if !it.answered && !it.Notification {
				it.failed = missing
			}
		}
	}
	return nil
}

// find returns the call that the raw id of a reply belongs to, nil if there is none. An integer is written in one way
// only in JSON, but for -0, which no call has.
func find(items []*Item, id []byte) *Item {
	number, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil || number < items[0].id || number > items[len(items)-1].id {
		return nil
	}
	if it := items[number-items[0].id]; !it.Notification {
		return it
	}
	return nil
}

// refusal reads the one answer to a whole batch. A service that took it for no JSON or no request has run nothing.
func (got reply) refusal(answer *wire.Reply) *attemptError {
	if answer.Fault != wire.NoFault || answer.Error.Kind == wire.Absent {
		return got.bad("one reply to a batch")
	}
	failed := got.answeredError(answer)
	if failed.code == parseError || failed.code == invalidRequest {
		failed.unread = true
	}
	return failed
}

// usualBatch is how many calls go into one batch where nobody says anything else: what our services take by default.
const usualBatch = 100

// mostCalls is how many calls go into one batch at most.
func (e *Engine) mostCalls() int {
	known := int(min(e.limits.items.Load(), math.MaxInt32))
	switch {
	case e.config.MaxBatch > 0 && known > 0:
		return min(e.config.MaxBatch, known)
	case e.config.MaxBatch > 0:
		return e.config.MaxBatch
	case known > 0:
		return known
	}
	return usualBatch
}

// tooLarge reads from the refusal of a batch for its size how much the service takes: calls, or bytes. Both are 0 if
// it is none, or does not say.
func (got reply) tooLarge() (calls, bytes int) {
	if len(got.body) == 0 || got.body[0] == '[' {
		return 0, 0 // not read twice where there is nothing to see
	}
	replies, batch, failed := got.replies(1, nil)
	if failed != nil || batch || replies[0].Fault != wire.NoFault || replies[0].Error.Kind == wire.Absent {
		return 0, 0
	}
	refusal := got.answeredError(&replies[0])
	if refusal.code != invalidRequest {
		return 0, 0
	}
	limit := hintIn(refusal.data).limit
	if got.status == http.StatusRequestEntityTooLarge {
		return 0, limit
	}
	return limit, 0
}
