package explorer_test

import (
	"html"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/explorer"
)

const maxSize = 100 << 10 // bytes of all files of the page together

func get(t *testing.T, handler http.Handler, method, target string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	maps.Copy(request.Header, header)
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

// page calls check with every file of the page as it is served below /explorer.
func page(t *testing.T, check func(name, content string)) {
	t.Helper()
	handler := explorer.Handler(explorer.Config{})
	err := fs.WalkDir(os.DirFS("page"), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		target := "/explorer/" + name
		if name == "index.html" {
			target = "/explorer"
		}
		response := get(t, handler, http.MethodGet, target, nil)
		if response.Code != http.StatusOK {
			t.Errorf("GET %s = %d, want 200", target, response.Code)
		}
		check(name, response.Body.String())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPage_isSmall(t *testing.T) {
	total := 0
	page(t, func(name, content string) {
		if content == "" {
			t.Errorf("%s is empty", name)
		}
		total += len(content)
	})
	if total >= maxSize {
		t.Errorf("the page has %d bytes in all, want less than %d", total, maxSize)
	}
	t.Logf("the page has %d bytes in all", total)
}

func TestPage_makesNoCodeOrHTMLOfText(t *testing.T) {
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|setHTML|DOMParser|createContextualFragment|` +
		`srcdoc|document\.write|\beval\b|new Function|\bFunction\(|import\(|setTimeout\(['"` + "`" + `]`)
	page(t, func(name, content string) {
		if found := forbidden.FindString(content); found != "" {
			t.Errorf("%s has %q in it, which can turn text into HTML or code", name, found)
		}
	})
}

func TestPage_knowsNoOtherServer(t *testing.T) {
	address := regexp.MustCompile(`(?i)(https?|wss?|ftp):?//[^\s"']*`)
	otherHost := regexp.MustCompile("[\"'`(=]\\s*//\\w\\S*")
	page(t, func(name, content string) {
		for _, found := range address.FindAllString(content, -1) {
			// The name of a namespace is no address: nothing is loaded from there.
			if name == "gem.svg" && found == "http://www.w3.org/2000/svg" {
				continue
			}
			t.Errorf("%s has the address %q in it", name, found)
		}
		if found := otherHost.FindString(content); found != "" {
			t.Errorf("%s has the address of another host, %q, in it", name, found)
		}
	})
}

func TestPage_hasNoInlineCode(t *testing.T) {
	inline := regexp.MustCompile(`(?i)\son\w+\s*=|\sstyle\s*=|<style|<script(?:\s+type="module")?(?:\s+src="[^"]*")?(?:\s+type="module")?>[^<]`)
	page(t, func(name, content string) {
		if !strings.HasSuffix(name, ".html") {
			return
		}
		if found := inline.FindString(content); found != "" {
			t.Errorf("%s has %q in it, which its own policy forbids", name, found)
		}
	})
}

// What tests in a browser hold on to beside the names of methods, [data-method], and of params, [data-path] with the
// [data-input] in it.
func TestPage_keepsTheHooksOfBrowserTests(t *testing.T) {
	page(t, func(name, content string) {
		if name != "index.html" {
			return
		}
		for _, id := range []string{
			"title", "version", "endpoint", "token", "token-use", "token-forget", "token-form", "theme", "help-open", "help", "notice",
			"search", "methods", "count", "any-method", "overview", "call", "method-head", "structure", "by-name", "by-position", "mode",
			"mode-form", "mode-json", "examples", "params-form", "json", "json-fault", "send", "notify", "queue", "reset", "panel",
			"tab-answer", "tab-code", "tab-batch", "tab-history", "answer", "code", "batch", "batch-count", "history", "reference",
		} {
			if !strings.Contains(content, `id="`+id+`"`) {
				t.Errorf("the page has no element with the id %q", id)
			}
		}
	})
}

func TestHandler_sendsTheHeadersOfAStrictPage(t *testing.T) {
	handler := explorer.Handler(explorer.Config{})
	for _, target := range []string{"/explorer", "/explorer/", "/explorer/main.js", "/explorer/style.css", "/explorer/none"} {
		header := get(t, handler, http.MethodGet, target, nil).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
				"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
				"require-trusted-types-for 'script'; trusted-types 'none'",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("GET %s has %s: %q, want %q", target, name, got, want)
			}
		}
	}
}

func TestHandler_namesTheTypeOfEachFile(t *testing.T) {
	handler := explorer.Handler(explorer.Config{})
	for target, want := range map[string]string{
		"/explorer":           "text/html; charset=utf-8",
		"/explorer/":          "text/html; charset=utf-8",
		"/explorer/main.js":   "text/javascript; charset=utf-8",
		"/explorer/style.css": "text/css; charset=utf-8",
		"/explorer/gem.svg":   "image/svg+xml",
	} {
		if got := get(t, handler, http.MethodGet, target, nil).Header().Get("Content-Type"); got != want {
			t.Errorf("GET %s has Content-Type %q, want %q", target, got, want)
		}
	}
	page(t, func(name, _ string) {
		if got := get(t, handler, http.MethodGet, "/explorer/"+name, nil).Header().Get("Content-Type"); got == "" {
			t.Errorf("%s has no Content-Type", name)
		}
	})
}

func TestHandler_hasNothingElse(t *testing.T) {
	handler := explorer.Handler(explorer.Config{})
	for _, target := range []string{
		"/", "/explorer2", "/explorer/index.html", "/explorer/page/index.html", "/explorer/none.js", "/explorer//main.js",
		"/explorer/main.js/", "/explorer/../explorer.go", "/explorer/%2e%2e/explorer.go", "/explorer/..%2fexplorer.go", "/EXPLORER",
		"/explorer/MAIN.JS", "/main.js",
	} {
		if got := get(t, handler, http.MethodGet, target, nil).Code; got != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", target, got)
		}
	}
}

func TestHandler_isOnlyRead(t *testing.T) {
	handler := explorer.Handler(explorer.Config{})
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "BREW"} {
		response := get(t, handler, method, "/explorer", nil)
		if response.Code != http.StatusMethodNotAllowed || response.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s = %d with Allow %q, want 405 with %q", method, response.Code, response.Header().Get("Allow"), "GET, HEAD")
		}
	}
	response := get(t, handler, http.MethodHead, "/explorer", nil)
	length := response.Header().Get("Content-Length")
	if got := response.Body.Len(); response.Code != http.StatusOK || got != 0 || length == "" || length == "0" {
		t.Errorf("HEAD = %d with %d bytes of a length of %q, want 200, none and the length of the page", response.Code, got, length)
	}
}

func TestHandler_isAskedAgainAndSendsOnce(t *testing.T) {
	handler := explorer.Handler(explorer.Config{})
	tags := make(map[string]string)
	for _, target := range []string{"/explorer", "/explorer/", "/explorer/main.js", "/explorer/style.css"} {
		response := get(t, handler, http.MethodGet, target, nil)
		tag := response.Header().Get("ETag")
		if tag == "" || response.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("GET %s has ETag %q and Cache-Control %q, want a tag and no-cache", target, tag, response.Header().Get("Cache-Control"))
		}
		if other, twice := tags[tag]; twice {
			t.Errorf("%s and %s have the same ETag", target, other)
		}
		tags[tag] = target

		again := get(t, handler, http.MethodGet, target, http.Header{"If-None-Match": {tag}})
		if got := again.Body.String(); again.Code != http.StatusNotModified || got != "" {
			t.Errorf("GET %s with its ETag = %d with %d bytes, want 304 with none", target, again.Code, len(got))
		}
		changed := get(t, handler, http.MethodGet, target, http.Header{"If-None-Match": {`"other"`}})
		if changed.Code != http.StatusOK {
			t.Errorf("GET %s with another ETag = %d, want 200", target, changed.Code)
		}
	}
	other := explorer.Handler(explorer.Config{Endpoint: "/rpc"})
	if tag := get(t, other, http.MethodGet, "/explorer", nil).Header().Get("ETag"); tags[tag] != "" {
		t.Error("the pages for two endpoints have the same ETag")
	}
}

var attribute = regexp.MustCompile(`data-(endpoint|token-header)="([^"]*)"|(src|href)="([^"#]+)"`)

func TestHandler_linksToTheEndpointAndItsFiles(t *testing.T) {
	for _, test := range []struct {
		config   explorer.Config
		page     string // path the page is asked for at
		endpoint string // that the browser comes to call
		script   string
	}{
		{explorer.Config{}, "/explorer", "/api", "/explorer/main.js"},
		{explorer.Config{}, "/explorer/", "/api", "/explorer/main.js"},
		{explorer.Config{Path: "/explorer/"}, "/explorer", "/api", "/explorer/main.js"},
		{explorer.Config{Path: "/a/b", Endpoint: "/a/api"}, "/a/b", "/a/api", "/a/b/main.js"},
		{explorer.Config{Path: "/a/b", Endpoint: "/a/api"}, "/a/b/", "/a/api", "/a/b/main.js"},
		{explorer.Config{Path: "/a/b", Endpoint: "/c/d/e/"}, "/a/b", "/c/d/e/", "/a/b/main.js"},
		{explorer.Config{Path: "/x", Endpoint: "/"}, "/x", "/", "/x/main.js"},
		{explorer.Config{Path: "/x", Endpoint: "/"}, "/x/", "/", "/x/main.js"},
		{explorer.Config{Path: "/", Endpoint: "/api"}, "/", "/api", "/main.js"},
		{explorer.Config{Path: "/x", Endpoint: "/x/rpc"}, "/x", "/x/rpc", "/x/main.js"},
		{explorer.Config{Endpoint: `/a"b<`}, "/explorer", "/a%22b%3C", "/explorer/main.js"},
		{explorer.Config{Endpoint: `/javascript:x`}, "/explorer", "/javascript:x", "/explorer/main.js"},
		{explorer.Config{Endpoint: `/a?b#c%2f&amp;'`}, "/explorer", "/a%3Fb%23c%252f&amp;%27", "/explorer/main.js"},
	} {
		content := get(t, explorer.Handler(test.config), http.MethodGet, (&url.URL{Path: test.page}).String(), nil).Body.String()
		here := &url.URL{Scheme: "https", Host: "host.example", Path: test.page}
		found := make(map[string]string)
		for _, match := range attribute.FindAllStringSubmatch(content, -1) {
			name, value := match[1]+match[3], html.UnescapeString(match[2]+match[4])
			link, err := url.Parse(value)
			if err != nil {
				t.Fatalf("with %+v the page has %s=%q: %v", test.config, name, value, err)
			}
			reached := here.ResolveReference(link)
			if name != "token-header" && reached.Host != here.Host {
				t.Errorf("with %+v %s=%q leads to another host, %s", test.config, name, value, reached)
			}
			if name == "endpoint" || strings.HasSuffix(value, "main.js") {
				found[name] = reached.EscapedPath()
			}
		}
		want := strings.NewReplacer("'", "%27").Replace(test.endpoint)
		if got := strings.NewReplacer("'", "%27").Replace(found["endpoint"]); got != want {
			t.Errorf("with %+v the page at %s calls %q, want %q", test.config, test.page, got, want)
		}
		if found["src"] != test.script {
			t.Errorf("with %+v the page at %s loads %q, want %q", test.config, test.page, found["src"], test.script)
		}
	}
}

func TestHandler_writesTheConfigurationAsData(t *testing.T) {
	config := explorer.Config{Path: `/<script>alert(1)<`, Endpoint: `/"><script>alert(2)<`, TokenHeader: `X-"&Own`}
	handler := explorer.Handler(config)
	target := (&url.URL{Path: config.Path}).String()
	content := get(t, handler, http.MethodGet, target, nil).Body.String()
	if strings.Contains(content, "<script>alert") || strings.Contains(content, "{{") {
		t.Errorf("the page has the configuration in it unescaped:\n%s", content)
	}
	if want := `data-token-header="X-&#34;&amp;Own"`; !strings.Contains(content, want) {
		t.Errorf("the page has not %s in it", want)
	}
}

func TestHandler_refusesAWrongConfiguration(t *testing.T) {
	for _, test := range []struct {
		config explorer.Config
		want   string
	}{
		{explorer.Config{Path: "explorer"}, "Path"},
		{explorer.Config{Path: "/a/../b"}, "Path"},
		{explorer.Config{Path: "//evil.example"}, "Path"},
		{explorer.Config{Path: "/a//"}, "Path"},
		{explorer.Config{Endpoint: "api"}, "Endpoint"},
		{explorer.Config{Endpoint: "//evil.example/api"}, "Endpoint"},
		{explorer.Config{Endpoint: "https://evil.example/api"}, "Endpoint"},
		{explorer.Config{Endpoint: "/./api"}, "Endpoint"},
	} {
		func() {
			defer func() {
				message, _ := recover().(string)
				if !strings.HasPrefix(message, "explorer: "+test.want+" ") {
					t.Errorf("Handler(%+v) panics with %q, want a sentence about %s", test.config, message, test.want)
				}
			}()
			explorer.Handler(test.config)
		}()
	}
}
