// Package openrpc holds the Go types of an OpenRPC 1.4 document, the machine-readable description of a JSON-RPC 2.0
// service that the method rpc.discover returns, and of the JSON Schema 2020-12 that such documents describe params
// and results with.
//
// The types are made to be written and to be read. encoding/json and encoding/json/v2 both turn a [Document] into
// JSON that the specification accepts: what is required is always there, lists that must be lists are never null, and
// the properties of a schema keep the order in which they were declared. Documents of other programs are read with
// [Parse]: keywords of a schema that this package does not know are kept as they came, members of other objects that
// it does not know are ignored, and [Document.Resolve] puts what the document names by reference in the place of the
// reference.
//
// What OpenRPC has no member for stands in x-jacinth: [DocumentExtension] and [MethodExtension].
//
// The specification is at https://spec.open-rpc.org.
package openrpc
