// Package scaffold writes the first files of a new service.
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"golang.org/x/mod/module"
)

//go:embed templates
var templates embed.FS

// A Service is what its first files say of it. Name, Module and Checkout must be set.
type Service struct {
	Name     string // also of its folder and its program
	Module   string // path of its Go module
	Web      bool   // with a page for browsers
	Checkout *Checkout
}

// file is one that is written, and the template that it is made from.
type file struct{ name, template, about string }

var nameRule = regexp.MustCompile(`^[a-z][a-z0-9]*([._-][a-z0-9]+)*$`)

// Check says what is wrong with the name and the module path.
func (s *Service) Check() error {
	if !nameRule.MatchString(s.Name) || len(s.Name) > 64 {
		return fmt.Errorf("%q is no name for a service: it is small letters and digits, with single . _ - between them", s.Name)
	}
	for _, f := range s.files() {
		if first, _, _ := strings.Cut(f.name, "/"); strings.EqualFold(first, s.Name) {
			return fmt.Errorf("%q cannot be the name of a service, whose program is called like that: it has a file %s", s.Name, f.name)
		}
	}
	if err := module.CheckImportPath(s.Module + "/" + s.Package()); err != nil {
		return fmt.Errorf("%q is no path for a Go module: %w", s.Module, reason(err))
	}
	if slices.Contains(strings.Split(s.Module, "/"), "vendor") {
		return fmt.Errorf("%q is no path for a Go module: the go command looks for other things in vendor", s.Module)
	}
	return nil
}

// reason is what is wrong with a path, without the path.
func reason(err error) error {
	if wrong, ok := errors.AsType[*module.InvalidPathError](err); ok {
		return wrong.Err
	}
	return err
}

// Package is the name of the package that callers import.
func (s *Service) Package() string {
	return strings.NewReplacer(".", "", "_", "", "-", "").Replace(s.Name) + "api"
}

// Program is the name of the executable.
func (s *Service) Program() string { return s.Name }

// Variable is the environment variable that the service takes its token from.
func (s *Service) Variable() string {
	return strings.NewReplacer(".", "_", "-", "_").Replace(strings.ToUpper(s.Name)) + "_TOKEN"
}

// files lists what is written, in the order in which a reader wants to see it.
func (s *Service) files() []file {
	list := []file{
		{"main.go", "main.go", "the methods, and what they are registered as"},
		{s.Package() + "/" + s.Package() + ".go", "api.go", "the contract that callers import"},
		{"main_test.go", "main_test.go", "tests that call the service in memory"},
	}
	if s.Web {
		list = append(list,
			file{"page.go", "web/page.go", "a page that calls the service"},
			file{"page_test.go", "web/page_test.go", ""},
			file{"templates/index.html", "web/index.html", ""},
			file{"static/app.js", "web/app.js", ""},
			file{"static/style.css", "web/style.css", ""},
		)
	}
	return append(list,
		file{"health.go", "health.go", "whether it is well, for the container"},
		file{"health_test.go", "health_test.go", ""},
		file{"Dockerfile", "Dockerfile", "an image with the program alone, not run as root"},
		file{".dockerignore", "dockerignore", ""},
		file{"Makefile", "Makefile", "dev, test, build, image"},
		file{"README.md", "README.md", "how to run it and what is where"},
		file{"go.mod", "go.mod", ""},
		file{".gitignore", "gitignore", ""},
	)
}

// Overview lists the files that are worth a look, each with what it is for.
func (s *Service) Overview() [][2]string {
	var lines [][2]string
	for _, f := range s.files() {
		if f.about != "" {
			lines = append(lines, [2]string{f.name, f.about})
		}
	}
	return lines
}

// Write writes the files into dir, which must be empty or not there. No file is ever written over.
func (s *Service) Write(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return fmt.Errorf("%s is there already and not empty: nothing is written over", dir)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s cannot be the folder of a service: %w", dir, err)
	}
	for _, f := range s.files() {
		content, err := s.fill(f.template)
		if err != nil {
			return err
		}
		if err := create(filepath.Join(dir, filepath.FromSlash(f.name)), content); err != nil {
			return err
		}
	}
	return create(filepath.Join(dir, "go.sum"), s.Checkout.sums)
}

// fill returns the content that a template makes.
func (s *Service) fill(name string) ([]byte, error) {
	text, err := fs.ReadFile(templates, "templates/"+name+".tmpl")
	if err != nil {
		return nil, err
	}
	// The usual braces mean something else in a page of html/template.
	parsed, err := template.New(name).Delims("[[", "]]").Parse(string(text))
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	if err := parsed.Execute(&content, s); err != nil {
		return nil, err
	}
	return content.Bytes(), nil
}

// create writes a file that is not there yet, and the folders that it is in.
func create(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // G301: source is for every reader
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // G302: and so are its files
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
