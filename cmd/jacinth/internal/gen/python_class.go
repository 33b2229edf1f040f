package gen

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// classes writes a class for each group of methods, those inside others first, and returns their names.
func (w *pythonWriter) classes(root *group) map[*group]string {
	written := make(map[*group]string)
	var write func(*group)
	write = func(g *group) {
		for _, inner := range g.groups {
			write(inner)
		}
		if g == root {
			return
		}
		name := "_" + w.taken.take(pascal(split(strings.Join(g.prefix, ".")))+"Methods", "")
		written[g] = name
		w.line("")
		w.line("")
		w.line("class %s:", name)
		w.in(func() {
			w.docstring("The methods that begin with " + line(strings.Join(g.prefix, ".")) + ".")
			w.line("")
			w.line("def __init__(self, transport: _Transport) -> None:")
			w.in(func() { w.members(g, written) })
		})
	}
	write(root)
	return written
}

// members writes the end of a constructor, with the groups in a group, and then its methods.
func (w *pythonWriter) members(g *group, classes map[*group]string) {
	taken := newNames(slices.Concat(pythonKeywords, pythonTypes, pythonModule, slices.Collect(maps.Keys(w.taken.taken)))...)
	methods := make([]string, len(g.methods))
	for i, m := range g.methods {
		methods[i] = taken.take(pythonName(m.base()), "_")
	}
	w.line("self._transport = transport")
	for _, inner := range g.groups {
		name := taken.take(pythonName(inner.prefix[len(inner.prefix)-1]), "_group")
		w.line("self.%s = %s(transport)", name, classes[inner])
	}
	outer := w.indent
	w.indent = strings.TrimSuffix(outer, w.unit)
	for i, m := range g.methods {
		w.line("")
		w.method(m, methods[i])
	}
	w.indent = outer
}

// pythonName is the name that a method, a group or a param has in Python: its own, if it can have that.
func pythonName(name string) string {
	if pythonIdentifier.MatchString(name) {
		return name
	}
	return snake(split(name))
}

func (w *pythonWriter) method(m *method, name string) {
	var parameters, values, arguments []string
	taken := newNames(slices.Concat(pythonKeywords, []string{"self", "UNSET", "_named", "_positional"})...)
	for i := range m.params {
		f := &m.params[i]
		argument := taken.take(pythonName(f.name), "_")
		arguments = append(arguments, argument)
		kind := w.typeOf(f.is)
		if !f.required {
			kind += " | Unset = UNSET"
		}
		parameters = append(parameters, argument+": "+kind)
		if m.byPosition {
			values = append(values, argument)
		} else {
			values = append(values, "("+pythonString(f.name)+", "+argument+")")
		}
	}
	params := "None"
	switch {
	case m.whole != nil:
		parameters, params = []string{"params: " + w.typeOf(m.whole)}, "params"
	case m.byPosition && len(values) > 0:
		params = "_positional(" + strings.Join(values, ", ") + ")"
	case len(values) > 0:
		params = "_named(" + strings.Join(values, ", ") + ")"
	}
	if len(parameters) > 0 && m.whole == nil {
		parameters = append([]string{"*"}, parameters...)
	}
	result, call := w.typeOf(m.result), "return self._transport.call"
	if m.notification {
		result, call = "None", "self._transport.notify"
	}
	parameters = append([]string{"self"}, parameters...)
	if head := fmt.Sprintf("def %s(%s) -> %s:", name, strings.Join(parameters, ", "), result); len(head) <= commentWidth {
		w.line("%s", head)
	} else {
		w.line("def %s(", name)
		for _, parameter := range parameters {
			w.line("    %s,", parameter)
		}
		w.line(") -> %s:", result)
	}
	w.in(func() {
		w.docstring(w.methodDoc(m, arguments)...)
		w.line("%s(%s, %s)", call, pythonString(m.name), params)
	})
}

// methodDoc is what the docstring of a method says. arguments are the names that the params have in Python.
func (w *pythonWriter) methodDoc(m *method, arguments []string) []string {
	doc := m.doc
	if len(doc) == 0 {
		doc = []string{"Calls the method " + line(m.name) + "."}
	}
	first := true
	for i := range m.params {
		f := &m.params[i]
		about := line(strings.Join(f.withDefault(), " "))
		if about == "" {
			continue
		}
		if first {
			doc = slices.Concat(doc, []string{""})
			first = false
		}
		doc = append(doc, arguments[i]+": "+about)
	}
	if m.private {
		doc = slices.Concat(doc, []string{"", "It needs an API token."})
	}
	if m.deprecated {
		doc = slices.Concat(doc, []string{"", "Deprecated: the service says that it should be called no more."})
	}
	return doc
}

func (w *pythonWriter) client(name string, root *group, classes map[*group]string) {
	w.line("")
	w.line("")
	w.line("class %s:", name)
	w.in(func() {
		w.docstring(
			"Calls the methods of the service "+w.titled()+".",
			"",
			"url is that of the endpoint, such as http://127.0.0.1:8000/api. token is the API token, or a function that is",
			"asked for it before each call. timeout is in seconds, for each step of a call: to connect, and to wait for more",
			"of the answer.",
			"",
			"A call raises an RpcError that has what the service answered, or a TransportError when there was no answer.",
		)
		w.line("")
		w.line("def __init__(")
		w.in(func() {
			w.line("self,")
			w.line("url: str,")
			w.line("*,")
			w.line("token: str | Callable[[], str] | None = None,")
			w.line("token_header: str = %s,", pythonString(w.tokenHeader))
			w.line("headers: Mapping[str, str] | None = None,")
			w.line("timeout: float = 10.0,")
			w.line("max_response: int = 8 << 20,")
			w.line("ssl_context: ssl.SSLContext | None = None,")
		})
		w.line(") -> None:")
		w.in(func() {
			w.line("transport = _Transport(url, token, token_header, headers, timeout, max_response, ssl_context)")
			w.members(root, classes)
		})
	})
}
