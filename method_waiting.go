package jacinth

import "math"

// Waits says that calls of a method spend their time waiting, such as for something to happen, and do little work before
// and after that. They take their places from Limits.Waiting instead of Limits.InFlight, and an authorizer that bounds
// what one caller has in flight counts them apart, as package tokens does: however many wait, they take no room from
// calls that work. Together, the bodies of calls that wait hold at most half of Limits.BodyInFlight.
//
// The method's Timeout is how long one may wait. In a batch, a call that waits keeps the replies of the others back.
func Waits() MethodOption { return methodOption(func(m *Method) { m.Waits = true }) }

// leastWaitingBody is the least body, in bytes, that a call which waits may have. Limits under which that is more than
// the share of one call are too tight for anybody to wait.
const leastWaitingBody = 512

// waitingBody returns how large the body of a call that waits may be: it is held while the call waits, and all of them
// together are to leave half of the room to calls that work.
func (l *Limits) waitingBody() int {
	if l.BodyInFlight == math.MaxInt || l.Waiting == math.MaxInt {
		return l.Body // who takes such a limit away bounds it in other ways
	}
	return min(l.Body, max(l.BodyInFlight/2/l.Waiting, leastWaitingBody))
}

// enroll finds out where calls of a method take their places.
func (s *Service) enroll(m *registered) {
	m.room, m.mostBody = &s.slots, math.MaxInt
	m.brief = m.typed != nil && m.typed.isBrief()
	if m.Waits {
		m.room, m.mostBody = &s.waiting, s.limits.waitingBody()
	}
}
