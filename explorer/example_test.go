package explorer_test

import (
	"net/http"

	"github.com/jacinth-rpc/jacinth/explorer"
)

func ExampleHandler() {
	page := explorer.Handler(explorer.Config{Endpoint: "/rpc"})

	mux := http.NewServeMux()
	mux.Handle("/explorer", page)
	mux.Handle("/explorer/", page)
	// The service itself answers at /rpc.
}
