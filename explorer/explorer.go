// Package explorer is a web page to read and to call the methods of a JSON-RPC service in.
//
// The page asks the service itself for its description, by the method rpc.discover, and makes of it a list of methods
// with search, a form for the params of each, and the calls. It is made of the files in the folder page, which are
// embedded: it needs no other server, no build and no network but the way to its own service.
//
// # Safety
//
// The page is the same for everybody and holds nothing of the service but the path of its endpoint. All else comes
// from rpc.discover, which answers each caller with what that caller may call, and is shown as text only. A strict
// Content-Security-Policy lets the page run no script but its own and talk to no server but the one it came from. It
// calls the one endpoint it was served for, whatever its address says. A token that is typed in stays in that tab, and
// is sent to the endpoint alone.
package explorer

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

//go:embed page
var files embed.FS

// policy allows what the page needs and no more: its own scripts, styles, icon and calls. Trusted types turn every
// way of making HTML or code out of text off.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Config says where the page and the service are. The zero value of every field is its default.
type Config struct {
	Path        string // of the page, as the handler sees it in requests; /explorer
	Endpoint    string // path of the JSON-RPC endpoint on the same server; /api
	TokenHeader string // header that carries an API token, until the description names another; X-Api-Token
}

// Handler returns a handler that serves the page at Path, with or without a slash at its end, and the files that the
// page is made of below it. Any other path is 404, any method but GET and HEAD is 405. Register it for both
// "/explorer" and "/explorer/", without [http.StripPrefix]. Links in the page are relative, so that a proxy in front
// may serve page and endpoint together under another prefix.
//
// It panics if Path or Endpoint is not a clean absolute path: one that begins with a slash and has no empty, "." or
// ".." part.
func Handler(config Config) http.Handler {
	if config.Path == "" {
		config.Path = "/explorer"
	}
	if config.Endpoint == "" {
		config.Endpoint = "/api"
	}
	if config.TokenHeader == "" {
		config.TokenHeader = "X-Api-Token"
	}
	mustBeClean("Path", config.Path)
	mustBeClean("Endpoint", config.Endpoint)

	prefix := strings.TrimSuffix(config.Path, "/")
	served := make(map[string]*file)
	entries, err := files.ReadDir("page")
	if err != nil {
		panic(fmt.Sprintf("explorer: the embedded page cannot be read: %v", err))
	}
	for _, entry := range entries {
		content, err := files.ReadFile("page/" + entry.Name())
		if err != nil {
			panic(fmt.Sprintf("explorer: the embedded page cannot be read: %v", err))
		}
		if entry.Name() != "index.html" {
			served[prefix+"/"+entry.Name()] = newFile(entry.Name(), content)
			continue
		}
		// A browser resolves relative links by the last slash of the address, so that the two addresses of the page
		// need different ones.
		served[prefix+"/"] = newFile("index.html", config.fill(content, prefix+"/"))
		if prefix != "" {
			served[prefix] = newFile("index.html", config.fill(content, prefix))
		}
	}
	return handler(served)
}

func mustBeClean(field, value string) {
	clean := path.Clean("/" + value)
	if value != clean && value != clean+"/" {
		panic(fmt.Sprintf("explorer: %s %q must be a clean path that begins with a slash, such as %q", field, value, clean))
	}
}

// fill puts the configuration into the page that is served at the path page.
func (c *Config) fill(content []byte, page string) []byte {
	base := strings.TrimSuffix(c.Path, "/") + "/"
	return []byte(strings.NewReplacer(
		"{{base}}", html.EscapeString(relative(page, base)),
		"{{endpoint}}", html.EscapeString(relative(page, c.Endpoint)),
		"{{tokenHeader}}", html.EscapeString(c.TokenHeader),
	).Replace(string(content)))
}

// relative returns the link that leads a browser from the page at the path from to the path to of the same server.
func relative(from, to string) string {
	here := strings.Split(from, "/")
	there := strings.Split(to, "/")
	here = here[:len(here)-1]
	common := 0
	for common < len(here) && common < len(there)-1 && here[common] == there[common] {
		common++
	}
	link := "./" + strings.Repeat("../", len(here)-common) + strings.Join(there[common:], "/")
	return (&url.URL{Path: link}).EscapedPath()
}

// file is one file of the page, ready to be served.
type file struct {
	content []byte
	kind    string
	etag    string
}

// contentTypes has every kind of file there is in the page: what the system's own tables say is never asked for.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

func newFile(name string, content []byte) *file {
	sum := sha256.Sum256(content)
	return &file{
		content: content,
		kind:    contentTypes[path.Ext(name)],
		etag:    `"` + hex.EncodeToString(sum[:16]) + `"`,
	}
}

// handler serves files by their path.
type handler map[string]*file

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")

	found, ok := h[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "The explorer is only read: use GET or HEAD.", http.StatusMethodNotAllowed)
		return
	}
	header.Set("Content-Type", found.kind)
	header.Set("Cache-Control", "no-cache") // keep it, but ask each time whether it is still the same
	header.Set("ETag", found.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(found.content))
}
