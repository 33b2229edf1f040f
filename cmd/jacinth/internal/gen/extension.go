package gen

import "github.com/jacinth-rpc/jacinth/openrpc"

// wholeParams returns the schema of the params as a whole, nil where there is none.
func wholeParams(*openrpc.Method) *openrpc.Schema { return nil }
