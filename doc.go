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
// [Service.Handle] serves other things over HTTP, [Service.Background] and [Service.Every] run tasks for as long as
// the service runs. /livez says that the process lives and /readyz whether it welcomes work. The method
// get_service_specs describes the service.
//
// # What never happens by default
//
// No private method runs without an authorizer that accepts its caller; a service with private methods and no
// authorizer does not start. Nothing is unlimited: see [Limits]. No internal error, type name or stack leaves the
// service. No params and no token are logged. The service listens on the loopback address until it is told otherwise.
package jacinth
