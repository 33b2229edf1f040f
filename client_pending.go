package jacinth

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"sync"
)

// Call calls the method with params and returns its result. See [Client.Call] for options and errors.
func (n Name[P, R]) Call(ctx context.Context, c *Client, params P, options ...CallOption) (R, error) {
	var result, none R
	out, err := c.outgoing(string(n), &params, options, nil)
	if err != nil {
		return none, err
	}
	raw, err := c.call(ctx, out)
	if err != nil {
		return none, err
	}
	if err := decodeResult(string(n), raw, &result); err != nil {
		return none, err
	}
	return result, nil
}

// Notify sends the method as a notification: nil means that the service has it, and says nothing of how it went.
func (n Name[P, R]) Notify(ctx context.Context, c *Client, params P, options ...CallOption) error {
	return c.Notify(ctx, string(n), params, options...)
}

// Go starts a call and returns at once; params may be changed from then on. The call ends with ctx at the latest.
func (n Name[P, R]) Go(ctx context.Context, c *Client, params P, options ...CallOption) *Pending[R] {
	p := newPending[R](string(n))
	out, err := c.outgoing(string(n), &params, options, nil)
	if err != nil {
		p.settle(nil, err)
		return p
	}
	go func() { p.settle(c.call(ctx, out)) }()
	return p
}

// Queue adds a call to a batch. Its result is there once the batch has been sent, and not before: to wait for it
// first is to wait for ever. See [Batch.Call] for options.
func (n Name[P, R]) Queue(b *Batch, params P, options ...CallOption) *Pending[R] {
	p := newPending[R](string(n))
	b.add(string(n), &params, p.settle, options)
	return p
}

// QueueNotify adds a notification to a batch. See [Batch.Notify].
func (n Name[P, R]) QueueNotify(b *Batch, params P) {
	b.add(string(n), params, nil, nil)
}

// Pending is a call whose result may not be there yet: one that [Name.Go] has started, or one of a [Batch]. It is safe
// for concurrent use.
type Pending[R any] struct {
	method string
	done   chan struct{}
	result R // these two are set before done is closed
	err    error

	mu       sync.Mutex
	watchers []func()
}

func newPending[R any](method string) *Pending[R] {
	return &Pending[R]{method: method, done: make(chan struct{})}
}

// Done is closed when the result is there.
func (p *Pending[R]) Done() <-chan struct{} { return p.done }

// Result waits for the call and returns its result, or why there is none.
func (p *Pending[R]) Result() (R, error) {
	<-p.done
	return p.result, p.err
}

// settle ends the call, once.
func (p *Pending[R]) settle(raw json.RawMessage, err error) {
	if err == nil {
		var result R
		if err = decodeResult(p.method, raw, &result); err == nil {
			p.result = result
		}
	}
	p.err = err
	p.mu.Lock()
	close(p.done)
	watchers := p.watchers
	p.watchers = nil
	p.mu.Unlock()
	for _, watch := range watchers {
		watch()
	}
}

// watch calls settled when the result is there, at once if it is there already.
func (p *Pending[R]) watch(settled func()) {
	p.mu.Lock()
	select {
	case <-p.done:
		p.mu.Unlock()
		settled()
	default:
		p.watchers = append(p.watchers, settled)
		p.mu.Unlock()
	}
}

// AsCompleted yields calls as they complete, each with its place in the list:
//
//	for i, call := range jacinth.AsCompleted(calls...) {
//		result, err := call.Result()
//	}
//
// It waits for those that have not; a context that bounds the wait is the one they were started with.
func AsCompleted[R any](calls ...*Pending[R]) iter.Seq2[int, *Pending[R]] {
	return func(yield func(int, *Pending[R]) bool) {
		settled := make(chan int, len(calls)) // room for all, so that nobody waits for a loop that was left early
		for i, call := range calls {
			call.watch(func() { settled <- i })
		}
		for range calls {
			i := <-settled
			if !yield(i, calls[i]) {
				return
			}
		}
	}
}

// FirstCompleted returns the first result that comes in, from whichever of the calls, and the errors of all of them
// when none has one. The other calls go on; end their context to stop them.
func FirstCompleted[R any](calls ...*Pending[R]) (R, error) {
	var failures []error
	for _, call := range AsCompleted(calls...) {
		result, err := call.Result()
		if err == nil {
			return result, nil
		}
		failures = append(failures, err)
	}
	var none R
	if len(failures) == 0 {
		return none, errors.New("there is no call to wait for")
	}
	return none, errors.Join(failures...)
}
