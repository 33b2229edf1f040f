// Package testkit is what black-box tests of several packages share.
package testkit

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// Quiet is the configuration of a service that logs nothing.
func Quiet(name string) jacinth.Config {
	return jacinth.Config{Name: name, Logger: slog.New(slog.DiscardHandler)}
}

// Get asks a handler for a target by GET, with headers of a name and a value each.
func Get(t *testing.T, h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	recorder := httptest.NewRecorder()
	parsed, err := request.URL.Parse(target)
	if err != nil {
		// What cannot be parsed never gets to a handler; net/http answers it by itself.
		recorder.Code = http.StatusBadRequest
		return recorder
	}
	request.URL, request.RequestURI = parsed, target
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	h.ServeHTTP(recorder, request)
	return recorder
}
