package web_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/testkit"
	"github.com/jacinth-rpc/jacinth/web"
)

func TestPage_fillsATemplate(t *testing.T) {
	templates := web.ParseTemplates(fstest.MapFS{
		"pages/hello.html":  {Data: []byte(`{{template "layout.html" .}}`)},
		"pages/layout.html": {Data: []byte(`<h1>{{.}}</h1>`)},
	}, "pages/*.html")
	svc := jacinth.New(testkit.Quiet("page"))
	svc.Handle("GET /hello/{name}", web.Page(templates, "hello.html", func(r *http.Request) (string, error) {
		return r.PathValue("name"), nil
	}))
	svc.Handle("GET /plain", web.Page[any](templates, "layout.html", nil))
	got := testkit.Get(t, svc, "/hello/%3Cscript%3E")
	if want := "<h1>&lt;script&gt;</h1>"; got.Code != http.StatusOK || got.Body.String() != want {
		t.Errorf("the page: %d %q, want 200 %q", got.Code, got.Body, want)
	}
	if kind := got.Header().Get("Content-Type"); kind != "text/html; charset=utf-8" {
		t.Errorf("Content-Type %q, want HTML in UTF-8", kind)
	}
	if got := testkit.Get(t, svc, "/plain"); got.Body.String() != "<h1></h1>" {
		t.Errorf("a page without data: %q", got.Body)
	}
}

func TestPage_sendsNothingHalfDone(t *testing.T) {
	var log bytes.Buffer
	templates := web.ParseTemplates(fstest.MapFS{
		"list.html": {Data: []byte(`<p>begin {{range .}}{{.Missing}}{{end}} end`)},
	}, "*.html")
	svc := jacinth.New(jacinth.Config{Name: "page", Logger: slog.New(slog.NewTextHandler(&log, nil))})
	svc.Handle("GET /template", web.Page(templates, "list.html", func(*http.Request) ([]int, error) { return []int{1}, nil }))
	svc.Handle("GET /data", web.Page(templates, "list.html", func(*http.Request) ([]int, error) {
		return nil, errors.New("password rejected by 10.0.0.7")
	}))
	svc.Handle("GET /missing", web.Page(templates, "list.html", func(*http.Request) ([]int, error) {
		return nil, fmt.Errorf("no such user: %w", fs.ErrNotExist)
	}))
	for path, want := range map[string]int{"/template": 500, "/data": 500, "/missing": 404} {
		got := testkit.Get(t, svc, path)
		if got.Code != want {
			t.Errorf("GET %s: %d, want %d", path, got.Code, want)
		}
		for _, inside := range []string{"begin", "Missing", "password", "no such user", "list.html"} {
			if strings.Contains(got.Body.String(), inside) {
				t.Errorf("GET %s sends %q, want nothing of the inside", path, got.Body)
			}
		}
	}
	for _, reason := range []string{"password rejected", "Missing"} {
		if !strings.Contains(log.String(), reason) {
			t.Errorf("the log has no %q:\n%s", reason, &log)
		}
	}
}

func TestPage_readsTemplatesAnewInDevelopment(t *testing.T) {
	for _, development := range []bool{false, true} {
		directory := t.TempDir()
		write := func(text string) {
			if err := os.WriteFile(filepath.Join(directory, "page.html"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("old")
		config := testkit.Quiet("page")
		config.Development = development
		svc := jacinth.New(config)
		svc.Handle("GET /{$}", web.Page[any](web.ParseTemplates(os.DirFS(directory), "*.html"), "page.html", nil))
		before := testkit.Get(t, svc, "/").Body.String()
		write("new")
		after := testkit.Get(t, svc, "/").Body.String()
		want := map[bool]string{false: "old", true: "new"}[development]
		if before != "old" || after != want {
			t.Errorf("Development %v: %q, then %q; want old, then %s", development, before, after, want)
		}
		write("{{broken")
		if got := testkit.Get(t, svc, "/").Code; development && got != http.StatusInternalServerError {
			t.Errorf("a template that broke in development: %d, want 500", got)
		}
	}
}

func TestParseTemplates_stopsTheStartWithFileAndLine(t *testing.T) {
	for _, c := range []struct {
		name, want string
		run        func()
	}{
		{"a broken template", "broken.html:2", func() {
			web.ParseTemplates(fstest.MapFS{"broken.html": {Data: []byte("<p>\n{{if}}")}}, "*.html")
		}},
		{"no template at all", "no files", func() { web.ParseTemplates(fstest.MapFS{}, "*.html") }},
		{"a page without a template", `"absent.html"`, func() {
			templates := web.ParseTemplates(fstest.MapFS{"there.html": {}}, "*.html")
			web.Page[any](templates, "absent.html", nil)
		}},
		{"a page that uses a template that is not there", "page.html:2:", func() {
			templates := web.ParseTemplates(fstest.MapFS{"page.html": {Data: []byte("<p>\n{{template \"absent\"}}")}}, "*.html")
			web.Page[any](templates, "page.html", nil)
		}},
		{"a page with values where none is safe", "page.html:2:", func() {
			templates := web.ParseTemplates(fstest.MapFS{"page.html": {Data: []byte("<p>\n<a {{if .}}href='{{else}}>{{end}}")}}, "*.html")
			web.Page[any](templates, "page.html", nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, c.want) {
					t.Errorf("panic %q, want one that says %s", text, c.want)
				}
			}()
			c.run()
		})
	}
}
