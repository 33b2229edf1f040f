// Package diff compares two OpenRPC documents of one service and says what its callers notice of the difference.
//
// What a method takes may only grow: a value that was right as a param must stay right. What it returns may only
// shrink: a caller that reads all that was promised must be able to read all that comes. The package follows
// references, and looks at recursive schemas once. What it cannot prove to be harmless, a changed pattern for example,
// it calls breaking where params are concerned.
package diff

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

// How many schemas are read, for documents that were made to be hard.
const (
	maxMethodWork = 20_000 // for one method
	maxWork       = 500_000
)

// Documents returns what is different between two documents, the breaking changes first. It changes neither of them.
func Documents(older, newer *openrpc.Document) []Change {
	d := &differ{old: &side{"old", older}, new: &side{"new", newer}, left: maxWork}
	d.service()
	for i := range older.Methods {
		d.method(&older.Methods[i], i)
	}
	for i := range newer.Methods {
		name := newer.Methods[i].Name
		if find(older.Methods, name) < 0 {
			d.methods = []string{name}
			d.add(Compatible, "method-added", d.new, pointer("", "methods", i), "The method %s is new.", name)
		}
	}
	return merge(d.changes)
}

// side is one of the two documents.
type side struct {
	name string
	*openrpc.Document
}

// differ collects the changes.
type differ struct {
	old, new *side
	changes  []Change

	methods []string      // what is being compared at the moment
	seen    map[pair]bool // schemas that are, or were, compared for it
	order   []pair        // those of seen, in the order in which they were compared
	budget  int           // schemas that may still be read for it
	left    int           // schemas that may still be read for all methods
}

// add notes a change at a place of one of the documents.
func (d *differ) add(level Level, rule string, in *side, at, format string, args ...any) {
	d.changes = append(d.changes, Change{
		Level: level, Rule: rule, Methods: d.methods, Document: in.name, Pointer: at, Text: fmt.Sprintf(format, args...),
	})
}

// service compares what the documents say of the service as a whole.
func (d *differ) service() {
	was, is := extension(d.old.Document), extension(d.new.Document)
	if was.Endpoint != "" && is.Endpoint != "" && was.Endpoint != is.Endpoint {
		d.add(Warning, "endpoint-changed", d.new, "/x-jacinth/endpoint",
			"Calls are posted to %s and no longer to %s.", quote(is.Endpoint), quote(was.Endpoint))
	}
	if was.TokenHeader != "" && is.TokenHeader != "" && !strings.EqualFold(was.TokenHeader, is.TokenHeader) {
		d.add(Breaking, "token-header-changed", d.new, "/x-jacinth/tokenHeader",
			"The token travels in the header %s and no longer in %s.", quote(is.TokenHeader), quote(was.TokenHeader))
	}
	for _, limit := range []struct {
		name, of string
		was, is  int64
	}{
		{"body", "the bytes of a request", int64(was.Limits.Body), int64(is.Limits.Body)},
		{"batchItems", "the calls of a batch", int64(was.Limits.BatchItems), int64(is.Limits.BatchItems)},
		{"response", "the bytes of an answer", int64(was.Limits.Response), int64(is.Limits.Response)},
		{"depth", "the depth of a request", int64(was.Limits.Depth), int64(is.Limits.Depth)},
		{"id", "the bytes of an id", int64(was.Limits.ID), int64(is.Limits.ID)},
		{"callTimeoutMs", "the milliseconds that a call may take", was.Limits.CallTimeoutMS, is.Limits.CallTimeoutMS},
	} {
		at := pointer("/x-jacinth/limits", limit.name)
		switch {
		case limit.is == limit.was || limit.is == 0:
		case limit.was == 0:
			d.add(Warning, "limit-lowered", d.new, at, "There is a limit now for %s: %d.", limit.of, limit.is)
		case limit.is < limit.was:
			d.add(Warning, "limit-lowered", d.new, at, "The limit for %s went from %d to %d.", limit.of, limit.was, limit.is)
		}
	}
}

func extension(doc *openrpc.Document) openrpc.DocumentExtension {
	if doc.XJacinth == nil {
		return openrpc.DocumentExtension{}
	}
	return *doc.XJacinth
}

func find(methods []openrpc.Method, name string) int {
	return slices.IndexFunc(methods, func(m openrpc.Method) bool { return m.Name == name })
}

// escape and unescape write and read a part of a JSON pointer.
var (
	escape   = strings.NewReplacer("~", "~0", "/", "~1").Replace
	unescape = strings.NewReplacer("~1", "/", "~0", "~").Replace
)

// pointer appends parts, which are texts and numbers, to a JSON pointer.
func pointer(base string, parts ...any) string {
	for _, part := range parts {
		switch part := part.(type) {
		case int:
			base += "/" + strconv.Itoa(part)
		case string:
			base += "/" + escape(part)
		}
	}
	return base
}

// maxQuote is how many bytes of a document a sentence repeats at a time.
const maxQuote = 80

// quote returns text as the sentences have it: in quotes, without control characters, and not too long.
func quote(text string) string {
	if len(text) > maxQuote {
		text = strings.ToValidUTF8(text[:maxQuote], "") + "…"
	}
	return fmt.Sprintf("%q", text)
}
