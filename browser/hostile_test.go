package browser_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/explorer"
)

// hostileDocument is one that no service of jacinth could answer with: names that are markup, addresses or members of
// every object in JavaScript, and schemas that lead in circles and nowhere.
const hostileDocument = `{"openrpc":"<script>window.hacked=1</script>","info":{"title":"<img src=x onerror=window.hacked=1>",
	"version":"javascript:window.hacked=1","description":"<svg onload=window.hacked=1>"},
	"x-jacinth":{"tokenHeader":"X-Evil\r\nHost: evil.example","limits":{"__proto__":1,"body":1e999,"depth":"<b>"}},
	"methods":[
		{"name":"<img src=x onerror=window.hacked=1>","params":[]},
		{"name":"javascript:window.hacked=1","tags":[{"name":"<script>window.hacked=1</script>"}],"params":[]},
		{"name":"__proto__","params":[{"name":"__proto__","schema":{"$ref":"#/components/schemas/__proto__"}},
			{"name":"constructor","schema":{"type":"object","properties":{"__proto__":{"type":"string"}},"additionalProperties":true}},
			{"name":"a","schema":{"$ref":"#/components/schemas/circle"}},{"name":"b","schema":{"$ref":"#/components/schemas/self"}},
			{"name":"c","schema":{"$ref":"https://evil.example/schema"}},{"name":"d","schema":{"anyOf":[{"$ref":"#/components/schemas/any"}]}}],
			"errors":[{"code":"<script>window.hacked=1</script>","message":"<script>window.hacked=1</script>"},null,7],
			"examples":[{"name":"<script>window.hacked=1</script>","params":[{"name":"__proto__","value":{"__proto__":{"hacked":1}}}]}],
			"result":{"name":"r","schema":{"$ref":"#/components/schemas/circle"}}},
		{"name":"constructor","params":"none","result":7,"tags":7,"errors":"x","examples":{},"x-jacinth":{"params":{"$ref":"#/components/schemas/list"}}},
		{"name":"twice","params":[]},{"name":"twice","params":[]},{"name":7},null,"text",[]],
	"components":{"schemas":{"circle":{"$ref":"#/components/schemas/circle"},
		"self":{"type":"object","required":["s"],"properties":{"s":{"$ref":"#/components/schemas/self"}}},
		"any":{"anyOf":[{"$ref":"#/components/schemas/any"}]},"list":{"type":"array","items":{"$ref":"#/components/schemas/list"}}}}}`

func TestExplorer_livesThroughAHostileDocument(t *testing.T) {
	mux := http.NewServeMux()
	page := explorer.Handler(explorer.Config{})
	mux.Handle("GET /explorer", page)
	mux.Handle("GET /explorer/", page)
	mux.HandleFunc("POST /api", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `"rpc.discover"`) {
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":1,"result":%s}`, hostileDocument)
			return
		}
		fmt.Fprint(w, `{"jsonrpc":"2.0","id":1,"error":{"code":"<b>","message":7,"data":{"faults":[{"path":"/__proto__/x","rule":"<script>window.hacked=1</script>"},7,null]}}}`)
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	p := explore(t, server.URL)
	names := []string{"<img src=x onerror=window.hacked=1>", "javascript:window.hacked=1", "__proto__", "constructor", "twice"}
	if got := evaluate[[]string](p, `[...document.querySelectorAll("[data-method]")].map(a => a.dataset.method)`); len(got) != len(names) {
		t.Errorf("the page lists %q, want %q", got, names)
	}
	for _, name := range names {
		p.choose(name)
		if evaluate[int](p, `document.querySelectorAll("[data-example]").length`) > 0 {
			p.click(`[data-example="0"]`)
		}
		p.click("#send")
		p.wait("#answer[data-state=error]")
		p.click("#tab-code")
		p.click("#tab-answer")
	}
	if evaluate[bool](p, `"hacked" in window || "hacked" in {}`) {
		t.Error("something of the document was run, or got into the objects of the page")
	}
	if hrefs := evaluate[[]string](p, `[...document.querySelectorAll("a")].map(a => a.protocol).filter(p => !p.startsWith("http"))`); len(hrefs) > 0 {
		t.Errorf("links lead to %q", hrefs)
	}
	if complaints := p.complaints(); len(complaints) > 0 {
		t.Errorf("the page complained: %q", complaints)
	}
}
