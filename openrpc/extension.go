package openrpc

// DocumentExtension is what a jacinth service says of itself beyond OpenRPC, in the member x-jacinth of the document.
type DocumentExtension struct {
	Endpoint    string `json:"endpoint,omitzero"`    // path that calls are posted to
	TokenHeader string `json:"tokenHeader,omitzero"` // name of the header that carries an API token
	Limits      Limits `json:"limits,omitzero"`
}

// Limits are what a service bears, so that a client can stay below it. Zero means that nothing is said, not that there
// is no limit.
type Limits struct {
	Body          int   `json:"body,omitzero"`          // bytes of a request
	BatchItems    int   `json:"batchItems,omitzero"`    // calls and notifications in a batch
	Response      int   `json:"response,omitzero"`      // bytes of an answer, whole batches included
	Depth         int   `json:"depth,omitzero"`         // nesting of objects and lists in a request
	ID            int   `json:"id,omitzero"`            // bytes of an id
	CallTimeoutMS int64 `json:"callTimeoutMs,omitzero"` // time a call may take
}

// MethodExtension is what a jacinth service says of a method beyond OpenRPC, in the member x-jacinth of the method.
type MethodExtension struct {
	Private    bool   `json:"private,omitzero"`    // needs an API token
	Scope      string `json:"scope,omitzero"`      // that the token must have
	ReadOnly   bool   `json:"readOnly,omitzero"`   // changes nothing
	Idempotent bool   `json:"idempotent,omitzero"` // calling it twice does what calling it once does
	TimeoutMS  int64  `json:"timeoutMs,omitzero"`  // in place of the document's callTimeoutMs

	// Params is the schema of the params as a whole, where a list of them cannot say what the method takes: any number
	// of values, or members of any name. It is nil where [Method.Params] says it all.
	Params *Schema `json:"params,omitzero"`
}
