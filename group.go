package jacinth

import "slices"

// Group is a set of methods of one service with a common prefix and middleware of its own.
type Group struct {
	service    *Service
	parent     *Group
	prefix     string // with its final dot
	middleware []Middleware
}

// Add registers a method under the group's prefix. It panics like [Service.Add].
func (g *Group) Add(method Method) {
	method.Name = g.prefix + method.Name
	g.service.add(method, g)
}

// Use adds middleware around all methods of the group and of the groups in it, inside that of the service. It
// panics once the service has served a request.
func (g *Group) Use(middleware ...Middleware) {
	g.service.mustBeOpen("Use")
	g.middleware = append(g.middleware, notNil(middleware)...)
}

// Group returns a group inside this one: its methods are named after both prefixes. An empty prefix adds none,
// for middleware around some methods only.
func (g *Group) Group(prefix string) *Group {
	if prefix != "" {
		prefix += "."
	}
	return &Group{service: g.service, parent: g, prefix: g.prefix + prefix}
}

// around lists the middleware from the outermost group inwards.
func (g *Group) around() []Middleware {
	if g == nil {
		return nil
	}
	return slices.Concat(g.parent.around(), g.middleware)
}
