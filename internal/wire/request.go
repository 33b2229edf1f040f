package wire

// Request is where the parts of a request stand in the scanned body.
type Request struct {
	// Method is a string, quotes included.
	Method Value
	// ID is a string, a number or null, and absent in a notification.
	ID Value
	// Params is an object or an array, absent, or null, which some clients send for absent.
	Params Value
	// Fault is why this is no request. Then Method and Params are absent, and ID is what an answer can echo: absent
	// where the request has none, has two, or has one that is no id.
	Fault Fault
}

var requestNames = []string{memberVersion: "jsonrpc", memberID: "id", memberMethod: "method", memberParams: "params"}

const (
	memberMethod = memberID + 1 + iota
	memberParams
)

// Scan reads a body that is one request or a batch of them. It appends them to into in their order, at most
// limits.Items of them, and returns the extended slice and whether it is a batch. It allocates only what into lacks in
// room, and only for items that are there.
//
// The error is a *[SyntaxError], [ErrEmptyBatch] or [ErrBatchTooLarge]; with the latter the scan ends at the first item
// that is too many, and what follows is not read. With an error there are no requests: Scan then returns into at its
// old length. A value that is no request is no error but has a [Fault], in a batch in its place.
func Scan(body []byte, limits Limits, into []Request) (requests []Request, batch bool, err error) {
	var m messages
	m.start(body, limits, requestNames)
	requests = into
	for m.next() {
		requests = append(requests, m.request())
	}
	if m.err != nil {
		requests = requests[:len(into)]
	}
	return requests, m.batch, m.err
}

// request returns the message as a request.
func (m *messages) request() Request {
	method, params := m.message.values[memberMethod], m.message.values[memberParams]
	fault := m.fault()
	if fault == NoFault {
		fault = requestFault(method, params, m.limits.Method)
	}
	if fault != NoFault {
		return Request{ID: m.usableID(), Fault: fault}
	}
	return Request{Method: method, ID: m.message.values[memberID], Params: params}
}

func requestFault(method, params Value, longest int) Fault {
	switch {
	case method.Kind != String:
		return MethodFault
	case method.End-method.Start-len(`""`) > longest:
		return MethodLengthFault
	}
	switch params.Kind {
	case Bool, Number, String:
		return ParamsFault
	}
	return NoFault
}
