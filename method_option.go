package jacinth

import "time"

// MethodOption says of a method what the signature of its function cannot. It is given at registration.
type MethodOption interface{ applyToMethod(m *Method) }

// Option is a [MethodOption] that is also a [CallOption], for a caller who knows of the method what the service does not say.
type Option interface {
	MethodOption
	CallOption
}

type methodOption func(*Method)

func (o methodOption) applyToMethod(m *Method) { o(m) }

// sharedOption is an Option: what it does to a method, and to a call.
type sharedOption struct {
	methodOption
	callOption
}

// Doc describes a method to people.
func Doc(text string) MethodOption { return methodOption(func(m *Method) { m.Doc = text }) }

// Errors declares failures that callers of a method should be ready for, each with a code of its own. Their Cause is
// shown to nobody.
func Errors(list ...*Error) MethodOption {
	return methodOption(func(m *Method) { m.Errors = append(m.Errors, list...) })
}

// Scope names what a caller must be granted to call a private method, for an authorizer that grants scopes. Without it
// that is the full name of the method.
func Scope(scope string) MethodOption { return methodOption(func(m *Method) { m.Scope = scope }) }

// Deprecated says that a method should be called no more: instead is a sentence on what to call in its place.
func Deprecated(instead string) MethodOption {
	return methodOption(func(m *Method) {
		if m.Deprecated = instead; instead == "" {
			panic("jacinth: Deprecated needs a sentence on what to call instead")
		}
	})
}

// MaxInFlight bounds how many calls of a method run at a time; further ones are answered with [Unavailable] at once.
func MaxInFlight(calls int) MethodOption {
	return methodOption(func(m *Method) { m.MaxInFlight = calls })
}

var (
	readOnly   = sharedOption{func(m *Method) { m.ReadOnly = true }, func(c *callOptions) { c.readOnly = true }}
	idempotent = sharedOption{func(m *Method) { m.Idempotent = true }, func(c *callOptions) { c.idempotent = true }}
)

// ReadOnly says that a method changes nothing. Callers may repeat a call of it.
func ReadOnly() Option { return &readOnly }

// Idempotent says that running a method twice has the effect of running it once. Callers may repeat a call of it that
// was not answered.
func Idempotent() Option { return &idempotent }

// Timeout bounds one call of a method. It replaces Limits.Call for the method, be it shorter or longer; for a call of
// a Client, it replaces Client.Timeout, and a nearer deadline of the context still holds.
func Timeout(limit time.Duration) Option {
	return &sharedOption{func(m *Method) { m.Timeout = limit }, func(c *callOptions) { c.timeout = limit }}
}
