package main

import (
	"io"
	"net"
	"net/http"
	"strconv"
)

// floor reads the body and writes fixed, correct bytes: what net/http itself costs a handler.
type floor struct{ noClient }

func (floor) name() string   { return "net/http floor" }
func (floor) module() string { return "" }

func (floor) serve(listener net.Listener) error {
	mux := http.NewServeMux()
	for _, w := range append(workloads(), grownWorkloads()...) {
		reply := w.replies()
		mux.HandleFunc("/"+w.name, func(rw http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err != nil {
				http.Error(rw, err.Error(), http.StatusBadRequest)
				return
			}
			rw.Header().Set("Content-Type", "application/json")
			rw.Header().Set("Content-Length", strconv.Itoa(len(reply)))
			_, _ = rw.Write(reply)
		})
	}
	return serveHTTP(listener, mux)
}

func (floor) request(w *workload) (request, bool) {
	return request{path: "/" + w.name, body: w.jsonRPC(w.method)}, true
}
