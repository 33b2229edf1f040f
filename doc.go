// Package jacinth makes JSON-RPC 2.0 microservices over HTTP out of plain typed Go functions.
//
// # A service
//
// A service is a name and a set of methods:
//
//	type Person struct {
//		Name string `json:"name"`
//	}
//
//	func sayHello(ctx context.Context, p Person) (string, error) { return "Hello " + p.Name, nil }
//
//	func main() {
//		svc := jacinth.New(jacinth.Config{Name: "hello"})
//		jacinth.Public(svc, "say_hello", sayHello)
//		jacinth.Main(svc)
//	}
//
// [Main] reads flags and environment, listens on 127.0.0.1:8000, answers calls that are posted to /api, and stops
// cleanly at SIGTERM. [Service.Run] does the same under a context of yours, and since a [Service] is an http.Handler
// it also lives in any server or test.
//
// # Methods
//
// [Public] registers a method that everybody may call, [Private] one whose callers Config.Authorize must accept:
// with [Tokens], those who send one of a few API tokens in the X-Api-Token header or as Authorization: Bearer.
// Options such as [Doc], [Timeout] and [MaxInFlight] say what a signature cannot. A wrong registration panics, with a
// sentence, when the program starts.
//
// The params of a method are the fields of a struct. Callers give them by name, {"name":"Ada"}, or by position in the
// order of the fields, ["Ada"]. Names are exact. A field is required unless it is a pointer, has omitempty or
// omitzero in its json tag, or has a default tag: `default:"10"`. Anything else in the params, missing ones, unknown
// ones, values of a wrong type and null where there is no pointer, is answered with [InvalidParams] and data that
// lists every fault. A method whose params are a slice takes a list of any length by position: sum(1, 2, 3). One
// without params takes [None].
//
// Values are encoded and decoded as encoding/json/v2 does it: exact names, no duplicates, no invalid UTF-8 in params;
// a nil slice in a result is [] and a nil map {}.
//
// # Rules
//
// Tags ask more of a field than its type does. They mean what the keywords of JSON Schema with their names mean:
//
//	type Search struct {
//		Query string   `json:"query" minLength:"1" maxLength:"100" doc:"Words to look for."`
//		Order string   `json:"order" enum:"newest,oldest" default:"newest"`
//		Limit int      `json:"limit" min:"1" max:"100" default:"20"`
//		SKUs  []string `json:"skus" maxItems:"50" pattern:"^[A-Z]{2}-[0-9]+$" default:"[]"`
//	}
//
// There are min and max for numbers; minLength and maxLength, in characters, pattern and format for strings; enum for
// both, as a list with commas or a JSON array; minItems and maxItems for slices. Rules for single values are for the
// elements where the field is a list, and for what a pointer points to. Of the formats, date, date-time, ipv4, ipv6
// and uuid are checked; any other one only tells readers what is meant. A rule that makes no sense panics at registration.
// For rules that tags cannot express, give the params type, or any type inside of it, a Validate method:
//
//	func (s Search) Validate() error
//
// Its error is for the caller, who reads it in the list of faults: of an [Error] the Message, of any other its text.
//
// # Errors
//
// A method that returns an [Error], made by hand or with [Errorf], says what its caller reads. Every other error, and
// a panic, is logged under an id, and the caller gets [InternalError] with that id and nothing else.
//
// # Groups and middleware
//
// [Service.Group] gives methods a common prefix and middleware of their own. A [Middleware] wraps the call of a
// method; [RequestFrom] finds the request that a handler works for. A reusable module of methods is any function that
// takes a [Registrar].
//
// # Beside the methods
//
// Package web serves files and fills templates of html/template, [Service.Handle] serves anything else over
// HTTP; nothing of that can hide the endpoint. Pages of other sites may not call the service unless Config.Origins lists
// them. [Service.Background] and [Service.Every] run tasks for as long as the service runs. /livez says that the process
// lives and /readyz whether it welcomes work. The method get_service_specs describes the service in few words.
//
// # Many services
//
// A service with a Config.Registry tells others where it is for as long as it runs, and leaves before it stops. A client
// with a Client.Service and the same registry calls its instances by that name, around those that fail:
//
//	svc := jacinth.New(jacinth.Config{Name: "orders", OpenRegistry: discovery.Open}) // -registry http://registry:8500/api
//	billing := &jacinth.Client{Service: "billing", Registry: svc.Registry()}
//
// Package discovery has registries that need nothing else: in memory, in a file, in DNS, and one that is a service itself;
// the nested module nats has one on NATS. What others need to be told, such as an address behind a proxy, Config.PublicURL
// says. [Service.SetReady] says whether calls are welcome.
//
// # The description
//
// The method rpc.discover answers with an OpenRPC document: every method that the caller may call, with JSON Schemas
// of its params and its result. They come from the types that calls are decoded with, so that the schema of the params
// takes what the method takes; only what Validate methods want, no schema says. Types and fields are described by their
// names and by the tag doc, methods by [Doc], [Errors], [Example] and [Deprecated]; a type that encodes itself may
// describe itself, see [openrpc.Describer]. In a result the tags are what the author promises: nothing checks results.
//
// Under Run and Main the page /explorer shows all of this and calls the methods: see Config.Explorer. In a server of
// yours, mount package explorer.
//
// # What never happens by default
//
// No private method runs without an authorizer that accepts its caller; a service with private methods and no
// authorizer does not start. Nothing is unlimited: see [Limits]. No internal error, type name or stack leaves the
// service. No params and no token are logged. No page of another site gets in. The service listens on the loopback
// address until it is told otherwise, and answers to no other name there.
package jacinth
