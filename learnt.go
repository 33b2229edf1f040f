package jacinth

import "sync/atomic"

// learnt is what a client knows of its service because the service said so. The zero value knows nothing.
type learnt struct {
	items    atomic.Int64 // calls in a batch; 0 where no limit is known, as in the next two
	bytes    atomic.Int64 // of a request
	reply    atomic.Int64 // bytes of a reply
	harmless atomic.Pointer[map[string]bool]
}

// take learns what a service says of itself.
func (l *learnt) take(specs *Specs) {
	l.items.Store(int64(specs.Limits.BatchItems))
	l.bytes.Store(int64(specs.Limits.Body))
	l.reply.Store(int64(specs.Limits.Response))
	harmless := map[string]bool{}
	for i := range specs.Methods {
		if m := &specs.Methods[i]; m.ReadOnly || m.Idempotent {
			harmless[m.Name] = true
		}
	}
	l.harmless.Store(&harmless)
}

// isHarmless reports whether running a method twice does no harm.
func (l *learnt) isHarmless(method string) bool {
	methods := l.harmless.Load()
	return methods != nil && (*methods)[method]
}

// fromRefusal learns from an answer that refuses a batch of calls, or of bytes, for its size. It reports whether the
// limit that it tells is the cure: whether a smaller batch would be another one.
func (l *learnt) fromRefusal(got posted, calls, bytes int) bool {
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
