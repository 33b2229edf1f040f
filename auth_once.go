package jacinth

import (
	"context"
	"errors"
	"net/http"
	"sync"
)

// Once runs verify at most once for the body that the request came in, and hands its result to all who ask with the
// same key: the items of a batch, and the probes of a method that describes the service. An error is a result, and so is
// a panic, which everybody gets; so one wrong token in a batch of a hundred is verified once. Calls that run at the same
// time wait for the one that verifies, each until its own ctx ends.
//
// What verify finds may depend on the [Peer] alone, and not on the method or the params. A request whose Token, Address
// or HTTP was changed is another sender, with results of its own. The key is compared by ==: use a pointer to what
// verifies, or a type of your own. verify must not ask for its own key.
//
// Who waits until its ctx ends gets the error of that, and begins nothing. An error of verify that is the one of its ended
// ctx is no result: the next who asks verifies again. A verify that costs much looks at ctx before it begins.
//
// Outside of a body, as in a test that makes its own Request, and when the call is over, Once simply runs verify.
func (r *Request) Once(ctx context.Context, key any, verify func() (any, error)) (any, error) {
	if r.memo == nil {
		return verify()
	}
	return r.memo.once(ctx, r.body, &question{key, r.Token, r.Address, r.HTTP}, verify)
}

// memo is what was found out about the sender of a body. It serves one body after another, since it is pooled: who still
// asks for an earlier one, because a handler left something running, is told nothing of a later one.
type memo struct {
	mu    sync.Mutex
	body  uint64 // which one it is for
	asked bool   // first and found are in use
	first question
	found finding // of first, which is the only question of nearly every body, and costs less here than in a map
	more  map[question]finding
}

func (m *memo) get(q *question) (f finding, asked bool) {
	if m.asked && m.first == *q {
		return m.found, true
	}
	if m.more == nil {
		return finding{}, false
	}
	f, asked = m.more[*q]
	return f, asked
}

func (m *memo) put(q *question, f finding) {
	switch {
	case !m.asked || m.first == *q:
		m.asked, m.first, m.found = true, *q, f
	case m.more == nil:
		m.more = map[question]finding{*q: f}
	default:
		m.more[*q] = f
	}
}

func (m *memo) drop(q *question) {
	if m.asked && m.first == *q {
		m.asked, m.first, m.found = false, question{}, finding{}
		return
	}
	delete(m.more, *q)
}

// question is what was asked, of whom.
type question struct {
	key     any
	token   Token
	address string
	http    *http.Request
}

// finding is the answer to a question, or that somebody is finding it out.
type finding struct {
	done     bool
	value    any
	err      error
	panicked any
	waiting  chan struct{} // closed when it is done or given up; nil while nobody waits
}

// wake ends the waiting for what is being found out.
func (f *finding) wake() {
	if !f.done && f.waiting != nil {
		close(f.waiting)
	}
}

var errUnfinished = errors.New("the verification ended its goroutine instead of returning")

func (m *memo) once(ctx context.Context, body uint64, q *question, verify func() (any, error)) (any, error) {
	for {
		f, begun := m.look(body, q)
		switch {
		case begun:
			return m.find(ctx, body, q, verify)
		case f.panicked != nil:
			panic(f.panicked)
		case f.done:
			return f.value, f.err
		case f.waiting == nil: // the body is over
			return verify()
		}
		select {
		case <-f.waiting:
		case <-ctx.Done():
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// look returns what is known, or has the caller begin to find it out. The zero finding means that the body is over.
func (m *memo) look(body uint64, q *question) (f finding, begun bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.body != body {
		return finding{}, false
	}
	f, asked := m.get(q)
	switch {
	case !asked:
		m.put(q, finding{})
		return finding{}, true
	case !f.done && f.waiting == nil:
		f.waiting = make(chan struct{})
		m.put(q, f)
	}
	return f, false
}

// find runs verify and keeps what comes of it.
func (m *memo) find(ctx context.Context, body uint64, q *question, verify func() (any, error)) (any, error) {
	f := finding{done: true, err: errUnfinished}
	returned := false
	defer func() {
		if !returned {
			f.panicked = recover() // nil if verify ended the goroutine
		}
		m.settle(ctx, body, q, f)
		if f.panicked != nil {
			panic(f.panicked) // in here the stack still shows where it began
		}
	}()
	f.value, f.err = verify()
	returned = true
	return f.value, f.err
}

// settle keeps a finding and wakes those who wait for it.
func (m *memo) settle(ctx context.Context, body uint64, q *question, f finding) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.body != body {
		return
	}
	pending, _ := m.get(q)
	if f.err != nil && isEndOf(ctx, f.err) {
		m.drop(q) // one call was out of time, and others may have more
	} else {
		m.put(q, f)
	}
	pending.wake()
}

// isEndOf reports whether err says that ctx has ended.
func isEndOf(ctx context.Context, err error) bool {
	over := ctx.Err()
	return over != nil && errors.Is(err, over)
}

// forget makes m ready for another body.
func (m *memo) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.body++
	if !m.asked {
		return
	}
	m.found.wake()
	for _, f := range m.more {
		f.wake()
	}
	m.asked, m.first, m.found, m.more = false, question{}, finding{}, nil
}
