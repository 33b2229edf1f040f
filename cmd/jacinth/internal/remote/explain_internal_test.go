package remote

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
)

// TestExplain_anAnswerThatIsTooLong wants no guess at another path where the endpoint was right.
func TestExplain_anAnswerThatIsTooLong(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":"`+strings.Repeat("x", 1000)+`"}`)
	}))
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()
	service := newService(&jacinth.Client{URL: server.URL})
	service.client.MaxResponse = 500
	var result string
	err := service.Explain(service.Client().Call(t.Context(), "m", nil, &result))
	explained, ok := errors.AsType[*failure.Error](err)
	if !ok || explained.Exit != failure.Transport || !strings.Contains(explained.Hint, "longer than this command reads") {
		t.Errorf("Explain of an answer that is too long = %v with the hint %q, want one that says so", err, explained.Hint)
	}
}
