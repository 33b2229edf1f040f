package signature

import (
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// Named returns the components of the document that the schemas refer to, and those that these refer to, each once and
// in the order in which a reader meets them.
func Named(document *openrpc.Document, schemas ...*openrpc.Schema) openrpc.Properties {
	var found openrpc.Properties
	var follow func(*openrpc.Schema)
	follow = func(s *openrpc.Schema) {
		for part := range s.All() {
			if part.Ref == "" || found.Get(refName(part.Ref)) != nil {
				continue
			}
			if component := document.Schema(part.Ref); component != nil {
				found.Set(refName(part.Ref), component)
				follow(component)
			}
		}
	}
	for _, s := range schemas {
		follow(s)
	}
	return found
}
