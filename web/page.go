package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/jacinth-rpc/jacinth"
)

// Templates are pages of html/template from files. They are parsed when the program starts, so that a broken one
// stops it, and once more for each request while Config.Development of the service is set, so that an edit shows at the next reload.
type Templates struct {
	files    fs.FS
	patterns []string
	parsed   *template.Template
	untried  *template.Template // the same, to try pages on
}

// ParseTemplates parses the files of fsys that match the patterns of path.Match; each is a template named after its
// file, and they may use each other. It panics, with file and line, if one is broken or if nothing matches.
func ParseTemplates(fsys fs.FS, patterns ...string) *Templates {
	parsed, err := template.ParseFS(fsys, patterns...)
	if err != nil {
		panic(fmt.Sprintf("web: %v", err))
	}
	return &Templates{files: fsys, patterns: patterns, parsed: parsed, untried: template.Must(parsed.Clone())}
}

// try finds what package html/template looks for only when a template is first filled: templates that are missing, and
// places in the HTML where nothing is safe.
func (t *Templates) try(name string) error {
	broken, _ := errors.AsType[*template.Error](template.Must(t.untried.Clone()).ExecuteTemplate(full{}, name, nil))
	if broken == nil {
		return nil // without data much may fail that does not with it
	}
	return broken
}

// full is a writer that ends what it is used for at once.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// now returns the templates as of the start or, in development, as of this moment.
func (t *Templates) now(ctx context.Context) (*template.Template, error) {
	if s := jacinth.ServiceFrom(ctx); s != nil && s.Config().Development {
		return template.ParseFS(t.files, t.patterns...)
	}
	return t.parsed, nil
}

// Page returns a handler that fills the named template with what data returns for a request; a nil data fills it
// with nothing. It panics if there is no such template, and with file and line if it uses one that is not there or puts
// values where no escaping makes them safe.
//
// The page is sent only once it is complete. If data or the template fails, the visitor gets a plain 404 for an error
// that is fs.ErrNotExist and a plain 500 for any other, and the log gets the error.
func Page[D any](templates *Templates, name string, data func(r *http.Request) (D, error)) http.Handler {
	if templates.parsed.Lookup(name) == nil {
		panic(fmt.Sprintf("web: there is no template %q%s", name, templates.parsed.DefinedTemplates()))
	}
	if err := templates.try(name); err != nil {
		panic(fmt.Sprintf("web: %v", err))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, err := render(templates, name, data, r)
		if err != nil {
			failPage(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = page.WriteTo(w)
	})
}

func render[D any](templates *Templates, name string, data func(*http.Request) (D, error), r *http.Request) (*bytes.Buffer, error) {
	var fill D
	if data != nil {
		var err error
		if fill, err = data(r); err != nil {
			return nil, err
		}
	}
	set, err := templates.now(r.Context())
	if err != nil {
		return nil, err
	}
	page := new(bytes.Buffer)
	return page, set.ExecuteTemplate(page, name, fill)
}

func failPage(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		http.NotFound(w, r)
		return
	}
	logger := slog.Default()
	if s := jacinth.ServiceFrom(r.Context()); s != nil {
		logger = s.Config().Logger
	}
	logger.LogAttrs(r.Context(), slog.LevelError, "page failed",
		slog.String("pattern", r.Pattern), slog.String("error", err.Error()))
	http.Error(w, "Internal Server Error", http.StatusInternalServerError)
}
