package tokens_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

func TestAuthorize_overHTTP(t *testing.T) {
	memory := newMemory(t)
	store := &flaky{store: memory}
	secret, _ := issue(t, memory, tokens.Draft{Name: "ada", Scopes: tokens.Scopes{"m"}, Limits: tokens.Limits{PerSecond: 1e-3, Burst: 2}})
	svc := newService(tokens.New(store), "m")
	post := func(header, value string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(http.MethodPost, "/api", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"m"}`))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set(header, value)
		recorder := httptest.NewRecorder()
		svc.ServeHTTP(recorder, request)
		return recorder
	}
	for header, value := range map[string]string{"X-Api-Token": secret.Reveal(), "Authorization": "bearer " + secret.Reveal()} {
		if got := post(header, value); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), `"result":"ada"`) {
			t.Errorf("a call with the token in %s = %d %s, want it let through", header, got.Code, got.Body)
		}
	}
	for header, value := range map[string]string{"X-Api-Token": randomToken(t), "Authorization": "Basic " + secret.Reveal(), "Cookie": "token=" + secret.Reveal()} {
		if got := post(header, value); !strings.Contains(got.Body.String(), `"code":-32001`) {
			t.Errorf("a call with %s: %s = %d %s, want %v", header, tokens.Redact(value), got.Code, got.Body, jacinth.AccessDenied)
		}
	}
	for name, prepare := range map[string]func() string{
		"over its rate":             secret.Reveal,
		"while the store is broken": func() string { store.set(errBroken, false); return randomToken(t) },
	} {
		got := post("X-Api-Token", prepare())
		if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" || !strings.Contains(got.Body.String(), `"processed":false`) {
			t.Errorf("a call %s = %d %v %s, want 503 with Retry-After, and data that says nothing was run", name, got.Code, got.Header(), got.Body)
		}
	}
}
