package web_test

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/testkit"
	"github.com/jacinth-rpc/jacinth/web"
)

const secret = "a secret that no visitor may read"

// site is a directory to serve, beside one that must not be.
func site(t *testing.T) string {
	t.Helper()
	top := t.TempDir()
	for name, content := range map[string]string{
		"outside/secret.txt":                   secret,
		"public/hello.txt":                     "hello",
		"public/app.js":                        "let a = 1",
		"public/page.html":                     "<p>page",
		"public/dir/index.html":                "<p>index",
		"public/dir/deep/file.css":             "p {}",
		"public/empty/nothing.txt":             "x",
		"public/.env":                          secret,
		"public/.git/config":                   secret,
		"public/dir/.hidden/file.txt":          secret,
		"public/.well-known/security.txt":      "mailto:",
		"public/.well-known/.hidden":           secret,
		"public/trailing.":                     secret,
		"public/a b.txt":                       "space",
		"public/umlaut-ä.txt":                  "ä",
		"public/percent%2e.txt":                "percent",
		"public/back\\slash.txt":               secret,
		"public/stream.txt:alternative":        secret,
		"public/dir/deep/deeper/deepest/x.txt": "deep",
	} {
		path := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"public/out":        filepath.Join(top, "outside"),
		"public/up":         "../outside",
		"public/secret":     "../outside/secret.txt",
		"public/absolute":   filepath.Join(top, "outside", "secret.txt"),
		"public/inside.txt": "hello.txt",
	} {
		if err := os.Symlink(target, filepath.Join(top, link)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(top, "public")
}

func staticService(t *testing.T, fsys fs.FS) *jacinth.Service {
	t.Helper()
	svc := jacinth.New(testkit.Quiet("static"))
	web.Files(svc, "/static", fsys)
	return svc
}

func TestFiles_servesFiles(t *testing.T) {
	svc := staticService(t, os.DirFS(site(t)))
	for _, c := range []struct{ path, contentType, body string }{
		{"/static/hello.txt", "text/plain; charset=utf-8", "hello"},
		{"/static/app.js", "text/javascript; charset=utf-8", "let a = 1"},
		{"/static/page.html", "text/html; charset=utf-8", "<p>page"},
		{"/static/dir/deep/file.css", "text/css; charset=utf-8", "p {}"},
		{"/static/dir/", "text/html; charset=utf-8", "<p>index"},
		{"/static/.well-known/security.txt", "text/plain; charset=utf-8", "mailto:"},
		{"/static/a%20b.txt", "text/plain; charset=utf-8", "space"},
		{"/static/umlaut-%C3%A4.txt", "text/plain; charset=utf-8", "ä"},
		{"/static/inside.txt", "text/plain; charset=utf-8", "hello"},
		{"/static/dir/deep/deeper/deepest/x.txt", "text/plain; charset=utf-8", "deep"},
	} {
		got := testkit.Get(t, svc, c.path)
		if got.Code != http.StatusOK || got.Body.String() != c.body || got.Header().Get("Content-Type") != c.contentType {
			t.Errorf("GET %s: %d %q %q, want 200 %q %q", c.path, got.Code, got.Header().Get("Content-Type"), got.Body, c.contentType, c.body)
		}
		if got.Header().Get("X-Content-Type-Options") != "nosniff" || got.Header().Get("Last-Modified") == "" {
			t.Errorf("GET %s: headers %v, want nosniff and a modification time", c.path, got.Header())
		}
	}
}

// TestFiles_refuses tries the ways out of a directory that other file servers have left open.
func TestFiles_refuses(t *testing.T) {
	directory := site(t)
	svc := staticService(t, os.DirFS(directory))
	paths := []string{
		// names that begin with a dot
		"/static/.env", "/static/.git/config", "/static/.git", "/static/.git/", "/static/dir/.hidden/file.txt", "/static/.well-known/.hidden",
		"/static/%2eenv", "/static/%2Eenv", "/static/.%67it/config", "/static/./.env", "/static//.env", "/static/dir/../.env",
		// out of the directory
		"/static/../outside/secret.txt", "/static/..%2foutside/secret.txt", "/static/%2e%2e/outside/secret.txt",
		"/static/%2e%2e%2foutside%2fsecret.txt", "/static/..%2Foutside%2Fsecret.txt", "/static/..%5coutside%5csecret.txt",
		"/static/..\\outside\\secret.txt", "/static/dir/../../outside/secret.txt", "/static/dir/%2e%2e/%2e%2e/outside/secret.txt",
		"/static/....//outside/secret.txt", "/static/..;/outside/secret.txt", "/static/%252e%252e/outside/secret.txt",
		"/static/..%c0%afoutside/secret.txt", "/static/%c0%ae%c0%ae/outside/secret.txt", "/static/..%00/outside/secret.txt",
		"/static../outside/secret.txt", "/static..%2foutside/secret.txt", "/staticx", "/static/" + directory + "/hello.txt",
		"/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/C:/secret.txt", "/static/file:///etc/passwd",
		// through links
		"/static/out/secret.txt", "/static/out/", "/static/out", "/static/up/secret.txt", "/static/up", "/static/secret", "/static/absolute",
		"/static/dir/../out/secret.txt",
		// listings, and directories that are none
		"/static/", "/static", "/static/empty/", "/static/empty", "/static/dir", "/static/dir/deep/", "/static/hello.txt/", "/static/hello.txt/x",
		// odd names
		"/static/trailing.", "/static/trailing.%20", "/static/hello.txt.", "/static/hello.txt%20", "/static/hello.txt%00", "/static/hello.txt%00.js",
		"/static/hello.txt::$DATA", "/static/stream.txt:alternative", "/static/back%5cslash.txt", "/static/HELLO.TXT", "/static/hello%2etxt%2f",
		"/static/%", "/static/%zz", "/static/\x00", "/static/nothing", "/static/%ff%fe", "/static/" + strings.Repeat("a/", 3000) + "x",
	}
	if len(paths) < 60 {
		t.Fatalf("only %d paths are tried, want at least 60", len(paths))
	}
	for _, path := range paths {
		got := testkit.Get(t, svc, path)
		switch {
		case strings.Contains(got.Body.String(), secret):
			t.Errorf("GET %q reads what it must not", path)
		case got.Code >= 300 && got.Code < 400:
			// The mux cleans a path by a redirect; where that leads must be refused as well.
			if again := testkit.Get(t, svc, got.Header().Get("Location")); again.Code != http.StatusNotFound {
				t.Errorf("GET %q leads to %q, which answers %d, want 404", path, got.Header().Get("Location"), again.Code)
			}
		case got.Code != http.StatusNotFound && got.Code != http.StatusBadRequest:
			t.Errorf("GET %q: %d %q, want 404", path, got.Code, got.Body)
		}
	}
}

func TestFiles_refusesOtherMethods(t *testing.T) {
	files := os.DirFS(site(t))
	svc := staticService(t, files)
	web.Files(svc, "/", files)
	for _, target := range []string{"/static/hello.txt", "/hello.txt"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			recorder := httptest.NewRecorder()
			svc.ServeHTTP(recorder, httptest.NewRequest(method, target, http.NoBody))
			if recorder.Code != http.StatusMethodNotAllowed || recorder.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d with Allow %q, want 405 with GET, HEAD", method, target, recorder.Code, recorder.Header().Get("Allow"))
			}
		}
	}
}

// TestFiles_leavesRoomAtTheRoot holds that files at / forbid no pattern, such as those of handlers for any method.
func TestFiles_leavesRoomAtTheRoot(t *testing.T) {
	svc := jacinth.New(testkit.Quiet("static"))
	web.Files(svc, "/", fstest.MapFS{"index.html": {Data: []byte("home")}})
	for _, pattern := range []string{"/metrics", "GET /page", "/tree/", "/{name}"} {
		svc.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("handler")) }))
	}
	for target, want := range map[string]string{"/": "home", "/metrics": "handler", "/page": "handler", "/tree/x": "handler"} {
		if got := testkit.Get(t, svc, target); got.Body.String() != want {
			t.Errorf("GET %s: %q, want %q", target, got.Body, want)
		}
	}
}

func TestFiles_answersRangesAndConditions(t *testing.T) {
	svc := staticService(t, os.DirFS(site(t)))
	part := testkit.Get(t, svc, "/static/hello.txt", "Range", "bytes=1-3")
	if part.Code != http.StatusPartialContent || part.Body.String() != "ell" {
		t.Errorf("a range: %d %q, want 206 ell", part.Code, part.Body)
	}
	modified := testkit.Get(t, svc, "/static/hello.txt").Header().Get("Last-Modified")
	if got := testkit.Get(t, svc, "/static/hello.txt", "If-Modified-Since", modified); got.Code != http.StatusNotModified {
		t.Errorf("a file that was not modified: %d, want 304", got.Code)
	}
}

// TestFiles_tagsFilesWithoutATime is about embedded files: without a tag a browser would keep an old one for ever.
func TestFiles_tagsFilesWithoutATime(t *testing.T) {
	serve := func(content string) http.Handler {
		return staticService(t, fstest.MapFS{"app.js": {Data: []byte(content)}})
	}
	first, second := testkit.Get(t, serve("one"), "/static/app.js"), testkit.Get(t, serve("two"), "/static/app.js")
	tag := first.Header().Get("ETag")
	if first.Body.String() != "one" || tag == "" || tag == second.Header().Get("ETag") {
		t.Errorf("tags %q and %q of %q and %q, want two that differ", tag, second.Header().Get("ETag"), first.Body, second.Body)
	}
	if got := testkit.Get(t, serve("one"), "/static/app.js", "If-None-Match", tag); got.Code != http.StatusNotModified {
		t.Errorf("with its own tag: %d, want 304", got.Code)
	}
}

// TestFiles_withstandsAnExchangeOfLinks races requests against somebody who swaps a directory for a link out of the
// root and back. A check of the path before it is opened would lose that race now and then.
func TestFiles_withstandsAnExchangeOfLinks(t *testing.T) {
	directory := site(t)
	victim, spare := filepath.Join(directory, "swap"), filepath.Join(directory, "swap-spare")
	if err := os.Mkdir(victim, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(victim, "secret.txt"), []byte("harmless"), 0o600); err != nil {
		t.Fatal(err)
	}
	svc := staticService(t, os.DirFS(directory))
	stop := make(chan struct{})
	var swapping sync.WaitGroup
	swapping.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.Rename(victim, spare)
			_ = os.Symlink("../outside", victim)
			_ = os.Remove(victim)
			_ = os.Rename(spare, victim)
		}
	})
	served := 0
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		got := testkit.Get(t, svc, "/static/swap/secret.txt")
		if strings.Contains(got.Body.String(), secret) {
			t.Fatal("a file outside the directory was read")
		}
		if got.Code == http.StatusOK {
			served++
		}
	}
	close(stop)
	swapping.Wait()
	if served == 0 {
		t.Error("the file inside was never served, so the race proves nothing")
	}
}

// TestFiles_followsNoLinkElsewhere serves the same directory as other kinds of file systems, which cannot keep links in.
func TestFiles_followsNoLinkElsewhere(t *testing.T) {
	directory := site(t)
	sub, err := fs.Sub(os.DirFS(filepath.Dir(directory)), filepath.Base(directory))
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for name, test := range map[string]struct {
		files  fs.FS
		inside int // what a link to a file beside it answers
	}{
		"fs.Sub":                    {sub, http.StatusNotFound},
		"a root":                    {root.FS(), http.StatusOK},
		"a root below another type": {struct{ fs.ReadLinkFS }{sub.(fs.ReadLinkFS)}, http.StatusNotFound},
	} {
		svc := staticService(t, test.files)
		for _, path := range []string{"/static/out/secret.txt", "/static/up/secret.txt", "/static/secret", "/static/absolute"} {
			if got := testkit.Get(t, svc, path); got.Code != http.StatusNotFound || strings.Contains(got.Body.String(), secret) {
				t.Errorf("%s: GET %s: %d %q, want 404", name, path, got.Code, got.Body)
			}
		}
		if got := testkit.Get(t, svc, "/static/inside.txt"); got.Code != test.inside {
			t.Errorf("%s: a link to a file beside it: %d, want %d", name, got.Code, test.inside)
		}
		if got := testkit.Get(t, svc, "/static/dir/deep/file.css"); got.Body.String() != "p {}" {
			t.Errorf("%s: a file: %d %q, want it", name, got.Code, got.Body)
		}
	}
}

func TestFiles_refusesAtStart(t *testing.T) {
	for name, register := range map[string]func(*jacinth.Service){
		"a directory that is not there": func(s *jacinth.Service) { web.Files(s, "/static", os.DirFS("no such directory")) },
		"no file system":                func(s *jacinth.Service) { web.Files(s, "/static", nil) },
		"a prefix without a slash":      func(s *jacinth.Service) { web.Files(s, "static", fstest.MapFS{}) },
		"a prefix with dots":            func(s *jacinth.Service) { web.Files(s, "/a/../b", fstest.MapFS{}) },
		"a prefix with a wildcard":      func(s *jacinth.Service) { web.Files(s, "/{x}", fstest.MapFS{}) },
		"a prefix with two slashes":     func(s *jacinth.Service) { web.Files(s, "/a//", fstest.MapFS{}) },
		"the same prefix twice": func(s *jacinth.Service) {
			web.Files(s, "/static", fstest.MapFS{})
			web.Files(s, "/static/", fstest.MapFS{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				sentence, _ := recover().(string)
				if ours := strings.HasPrefix(sentence, "web: ") || strings.HasPrefix(sentence, "jacinth: "); !ours || strings.Contains(sentence, ".go:") {
					t.Errorf("it ends with %q, want a panic with a sentence", sentence)
				}
			}()
			register(jacinth.New(testkit.Quiet("static")))
		})
	}
}

// TestFiles_cannotHideTheEndpoint serves files from the root of the service, the endpoint's own name among them.
func TestFiles_cannotHideTheEndpoint(t *testing.T) {
	svc := jacinth.New(testkit.Quiet("static"))
	web.Files(svc, "/", fstest.MapFS{"api": {Data: []byte("shadow")}, "index.html": {Data: []byte("home")}})
	if got := testkit.Get(t, svc, "/api"); got.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET /api: %d %q, want 405 of the endpoint", got.Code, got.Body)
	}
	if got := testkit.Get(t, svc, "/"); got.Body.String() != "home" {
		t.Errorf("GET /: %q, want the index page", got.Body)
	}
}

// unreadable is a file in memory whose content cannot be read.
type unreadable struct{ fstest.MapFS }

type unreadableFile struct{ fs.File }

func (u unreadable) Open(name string) (fs.File, error) {
	file, err := u.MapFS.Open(name)
	return unreadableFile{file}, err
}

func (unreadableFile) Read([]byte) (int, error)       { return 0, errors.New("the disk is broken") }
func (unreadableFile) Seek(int64, int) (int64, error) { return 0, nil }

// TestFiles_withoutATag holds that a file whose content cannot be read has no empty ETag, which would be the same for all.
func TestFiles_withoutATag(t *testing.T) {
	svc := jacinth.New(testkit.Quiet("files"))
	web.Files(svc, "/files/", unreadable{fstest.MapFS{"one.txt": {Data: []byte("one")}}})
	w := httptest.NewRecorder()
	svc.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/files/one.txt", http.NoBody))
	if tag, has := w.Header()["Etag"]; has {
		t.Errorf("the ETag is %q, want none", tag)
	}
}
