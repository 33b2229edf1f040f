package jacinth_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// fewestHostile is how many hostile requests are tried at least.
const fewestHostile = 100

// hostileService counts what it runs, in run, and keeps its log.
func hostileService() (svc *jacinth.Service, runs *int, log *records) {
	log, runs = &records{}, new(int)
	svc = jacinth.New(jacinth.Config{
		Name: "target", Authorize: jacinth.Tokens(tokenOne), Logger: slog.New(log),
		Limits: jacinth.Limits{BatchWorkers: 1},
	})
	type tree struct {
		Text  string          `json:"text,omitzero"`
		Trees []tree          `json:"trees,omitempty"`
		Named map[string]tree `json:"named,omitempty"`
		Any   any             `json:"any,omitzero"`
	}
	jacinth.Public(svc, "do", func(context.Context, tree) (int, error) {
		*runs++
		return *runs, nil
	})
	jacinth.Private(svc, "closed", func(context.Context, tree) (int, error) {
		*runs += 1000
		return *runs, nil
	})
	return svc, runs, log
}

func (h hostile) httpRequest(body io.Reader) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/api", body)
	if h.method != "" {
		r.Method = h.method
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(h.header); i += 2 {
		if h.header[i] == "Content-Type" {
			r.Header.Del("Content-Type")
		}
	}
	for i := 0; i < len(h.header); i += 2 {
		if h.header[i+1] != "" {
			r.Header.Add(h.header[i], h.header[i+1])
		}
	}
	return r
}

func TestHostile(t *testing.T) {
	list := hostileRequests()
	if len(list) < fewestHostile {
		t.Errorf("there are %d hostile requests, want at least %d", len(list), fewestHostile)
	}
	svc, runs, log := hostileService()
	for _, h := range list {
		for _, chunked := range []bool{false, true} {
			var body io.Reader = strings.NewReader(h.body)
			if chunked {
				body = io.NopCloser(body) // hides the length
			}
			*runs = 0
			log.take()
			got := serveHTTP(svc, h.httpRequest(body))
			what := fmt.Sprintf("%s (chunked: %v)", h.name, chunked)
			checkHostile(t, what, h, got)
			if *runs != h.runs {
				t.Errorf("%s: %d calls were run, want %d", what, *runs, h.runs)
			}
			checkHostileLog(t, what, log.take())
		}
	}
	if got := callHTTP(svc, good); mustReply(t, got.body).Error != nil {
		t.Errorf("after all that, a good call is answered with %s", got.body)
	}
}

func checkHostile(t *testing.T, what string, h hostile, got answered) {
	t.Helper()
	status := h.status
	if status == 0 {
		status = http.StatusOK
	}
	if got.status != status {
		t.Errorf("%s: status %d, want %d", what, got.status, status)
	}
	replies, _, err := parseReplies(got.body)
	if err != nil {
		t.Errorf("%s: the reply is %v", what, err)
	}
	codes := make([]int, 0, len(replies))
	for _, r := range replies {
		codes = append(codes, r.code())
	}
	if fmt.Sprint(codes) != fmt.Sprint(append([]int{}, h.codes...)) {
		t.Errorf("%s: the codes are %v, want %v", what, codes, h.codes)
	}
	// Faults are the longest that a request can provoke: 32 of them, each cut, in each item.
	if most := 64<<10 + 300*len(replies); len(got.body) > most {
		t.Errorf("%s: the reply has %d bytes, want at most %d", what, len(got.body), most)
	}
	checkFrame(t, got)
}

// checkHostileLog holds that a request leaves one line, and nothing that its sender made up.
func checkHostileLog(t *testing.T, what string, lines []logLine) {
	t.Helper()
	if len(lines) != 1 {
		t.Errorf("%s: the log has %d lines, want 1", what, len(lines))
	}
	for _, line := range lines {
		if line.message != "request" {
			t.Errorf("%s: the log says %q", what, line.message)
		}
		for key, value := range line.attributes {
			if strings.Contains(value, marker) || strings.Contains(value, tokenOne) || strings.ContainsFunc(value, isControl) || len(value) > 100 {
				t.Errorf("%s: the log says %s=%q", what, key, value)
			}
		}
	}
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f || c == '\u2028' || c == '\ufffd' }

// TestHostile_truncated cuts a good request, and a batch of two, at every byte: no beginning of a request is one.
func TestHostile_truncated(t *testing.T) {
	svc, runs, _ := hostileService()
	for _, whole := range []string{good, "[" + good + "," + good + "]"} {
		for end := range len(whole) {
			got := callHTTP(svc, whole[:end])
			if r := mustReply(t, got.body); got.status != http.StatusOK || r.code() != -32700 || string(r.ID) != "null" {
				t.Errorf("%q is answered with status %d, %s; want -32700 and no id", whole[:end], got.status, got.body)
			}
			if *runs != 0 {
				t.Fatalf("%q has run", whole[:end])
			}
		}
	}
}

// TestHostile_changed changes a good request at every byte, to bytes that matter: whatever it is then, the reply is one.
func TestHostile_changed(t *testing.T) {
	svc, _, _ := hostileService()
	for at := range len(good) {
		for _, b := range []byte("\x00\n \"\\{}[]:,0-eu\x7f\x80\xff") {
			body := []byte(good)
			body[at] = b
			got := callHTTP(svc, string(body))
			if _, _, err := parseReplies(got.body); err != nil || len(got.body) > 4000 {
				t.Errorf("%q is answered with %v in %d bytes", body, err, len(got.body))
			}
		}
	}
}

// TestHostile_takesLittleMemory holds that a mebibyte of items, which would be many times that as values, is refused
// before it is anything but bytes.
func TestHostile_takesLittleMemory(t *testing.T) {
	svc, _, _ := hostileService()
	callHTTP(svc, good)
	for name, body := range map[string]string{
		"of 0": filled("[", "0", "]"), "of {}": filled("[", "{}", "]"), "of []": filled("[", "[]", "]"),
		"of calls": filled("[", good, "]"), "of arrays": strings.Repeat("[", mebibyte), "of members": filled("{", `"a":1`, "}"),
		"of members in params": params("{" + numbered(80_000) + "}"), "of one id": `{"id":"` + strings.Repeat("x", mebibyte-20) + `"}`,
	} {
		raw := []byte(body)
		if spent := allocated(func() { svc.Dispatch(t.Context(), jacinth.Peer{}, raw, nil) }); spent > 256<<10 {
			t.Errorf("a mebibyte %s takes %d KiB to refuse, want at most 256", name, spent>>10)
		}
		request := hostile{}.httpRequest(bytes.NewReader(raw))
		if spent := allocated(func() { serveHTTP(svc, request) }); spent > 4<<20 {
			t.Errorf("a mebibyte %s takes %d KiB to refuse over HTTP, want at most 4096", name, spent>>10)
		}
	}
}

// allocated is how many bytes fn has allocated in all, whether they are still in use or not.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
