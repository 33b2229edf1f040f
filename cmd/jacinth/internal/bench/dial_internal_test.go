package bench

import (
	"errors"
	"net/http"
	"testing"
)

// TestTransport_connectsToThisMachineOnly holds what is left when a name that means this machine leads elsewhere.
func TestTransport_connectsToThisMachineOnly(t *testing.T) {
	config := Config{URL: "http://127.0.0.1:1", Method: "m", Connections: 1}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://192.0.2.1:9/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := config.transport().RoundTrip(request)
	if err == nil {
		_ = response.Body.Close()
	}
	if !errors.Is(err, ErrNotLoopback) {
		t.Errorf("RoundTrip to another machine = %v, want ErrNotLoopback before anything is sent", err)
	}
}
