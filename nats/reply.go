package nats

import (
	"encoding/json"

	"github.com/jacinth-rpc/jacinth"
)

// statusHeader carries the HTTP status of a reply that is not 200: what a reply says beside its JSON-RPC.
const statusHeader = "Jacinth-Status"

// detail is the data of the errors that are sent from here; see docs/protocol.md.
type detail struct {
	Reason    string `json:"reason,omitempty"`
	Limit     int    `json:"limit,omitempty"`
	Processed *bool  `json:"processed,omitempty"` // false: nothing was run, so that sending again is safe
}

// failure is the answer to a whole message.
func failure(code jacinth.Code, data detail) []byte {
	type wrong struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Data    detail `json:"data"`
	}
	reply, _ := json.Marshal(struct {
		Version string `json:"jsonrpc"`
		ID      any    `json:"id"`
		Error   wrong  `json:"error"`
	}{"2.0", nil, wrong{int(code), code.String(), data}})
	return reply
}

func notRun(reason string) []byte {
	return failure(jacinth.Unavailable, detail{Reason: reason, Processed: new(false)})
}
