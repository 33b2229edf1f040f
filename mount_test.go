package jacinth_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/testkit"
)

// served starts svc and stops it at once. What Serve puts beside the endpoint stays.
func served(t *testing.T, svc *jacinth.Service) error {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	return svc.Serve(ctx, newPipes())
}

func TestServe_hasTheExplorerWhereItIsConfigured(t *testing.T) {
	for _, test := range []struct {
		setting string
		there   []string
		missing []string
	}{
		{"", []string{"/explorer", "/explorer/", "/explorer/main.js"}, nil},
		{"/look/around", []string{"/look/around", "/look/around/", "/look/around/main.js"}, []string{"/explorer"}},
		{"/", []string{"/", "/main.js"}, []string{"/explorer"}},
		{"off", nil, []string{"/explorer", "/explorer/", "/off", "/"}},
	} {
		log := &records{}
		config := quiet("explored")
		config.Explorer, config.Logger = test.setting, newLogger(log)
		svc := jacinth.New(config)
		if err := served(t, svc); err != nil {
			t.Fatalf("with Explorer %q: %v", test.setting, err)
		}
		for _, path := range test.there {
			if got := testkit.Get(t, svc, path); got.Code != http.StatusOK {
				t.Errorf("with Explorer %q, GET %s: %d, want 200", test.setting, path, got.Code)
			}
		}
		for _, path := range test.missing {
			if got := testkit.Get(t, svc, path); got.Code != http.StatusNotFound {
				t.Errorf("with Explorer %q, GET %s: %d, want 404", test.setting, path, got.Code)
			}
		}
		if named := strings.Contains(log.text(), "explorer="); named != (len(test.there) > 0) {
			t.Errorf("with Explorer %q, the log of the start is %s", test.setting, log.text())
		}
	}
}

// TestServe_refusesTwoPagesInOnePlace holds that the explorer hides no page of the program, and says so at the start.
func TestServe_refusesTwoPagesInOnePlace(t *testing.T) {
	for _, register := range []func(*jacinth.Service){
		func(s *jacinth.Service) { s.Handle("/explorer", http.NotFoundHandler()) },
		func(s *jacinth.Service) { s.Handle("GET /explorer/", http.NotFoundHandler()) },
		func(s *jacinth.Service) { s.Handle("GET /explorer/", http.NotFoundHandler()) },
	} {
		svc := jacinth.New(quiet("taken"))
		register(svc)
		if err := served(t, svc); err == nil || !strings.Contains(err.Error(), "Config.Explorer") {
			t.Errorf("Serve = %v, want what to do about the pattern that is taken", err)
		}
	}
	config := quiet("elsewhere")
	config.Explorer = "/look"
	svc := jacinth.New(config)
	svc.Handle("/explorer", http.NotFoundHandler())
	svc.Handle("/{anything}", http.NotFoundHandler())
	if err := served(t, svc); err != nil {
		t.Errorf("Serve = %v, want none with the explorer elsewhere", err)
	}
}

// TestHandle_logsAPanic holds that a page that fails is seen by those who run the service, at the level of failures.
func TestHandle_logsAPanic(t *testing.T) {
	log := &records{}
	config := quiet("panicking")
	config.Logger = newLogger(log)
	svc := jacinth.New(config)
	svc.Handle("GET /page/{name}", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("no such luck") }))
	svc.Handle("GET /abort", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	server := httptest.NewServer(svc)
	defer server.Close()
	for _, path := range []string{"/page/x", "/abort"} {
		if response, err := server.Client().Get(server.URL + path); err == nil {
			response.Body.Close()
			t.Errorf("GET %s: %s, want a connection that is closed", path, response.Status)
		}
	}
	lines := log.take()
	if len(lines) != 1 || lines[0].message != "handler failed" || lines[0].level != slog.LevelError {
		t.Fatalf("the log is %v, want one line of a failure", lines)
	}
	if got := lines[0].attributes; got["pattern"] != "GET /page/{name}" || got["error"] != "panic: no such luck" ||
		!strings.Contains(got["stack"], "TestHandle_logsAPanic") {
		t.Errorf("the line has %v, want the pattern, the panic and its stack", got)
	}
}
