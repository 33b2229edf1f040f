package call

import "sync/atomic"

// limits is what a client knows of its service because the service said so. The zero value knows nothing.
type limits struct {
	items    atomic.Int64 // calls in a batch; 0 where no limit is known, as in the next two
	bytes    atomic.Int64 // of a request
	reply    atomic.Int64 // bytes of a reply
	harmless atomic.Pointer[map[string]bool]
}

// Limits are those that a service says it has; 0 where it does not say.
type Limits struct {
	Items int // calls in a batch
	Bytes int // of a request
	Reply int // bytes of a reply
}

// Learn has the engine keep to what the service says of itself: its limits, and the methods that do no harm when they are
// run twice.
func (e *Engine) Learn(said Limits, harmless map[string]bool) {
	l := &e.limits
	l.items.Store(int64(said.Items))
	l.bytes.Store(int64(said.Bytes))
	l.reply.Store(int64(said.Reply))
	l.harmless.Store(&harmless)
}

// isHarmless reports whether the service has said that running a method twice does no harm.
func (l *limits) isHarmless(method string) bool {
	methods := l.harmless.Load()
	return methods != nil && (*methods)[method]
}

// fromRefusal learns from an answer that refuses a batch of calls, or of bytes, for its size. It reports whether the
// limit that it tells is the cure: whether a smaller batch would be another one.
func (l *limits) fromRefusal(got reply, calls, bytes int) bool {
	mostCalls, mostBytes := got.tooLarge()
	switch {
	case calls < 2:
		return false
	case 0 < mostCalls && mostCalls < calls:
		l.items.Store(int64(mostCalls))
		return true
	case 0 < mostBytes && mostBytes < bytes:
		l.bytes.Store(int64(mostBytes))
		return true
	}
	return false
}
