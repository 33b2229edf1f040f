// Package web serves what a service has for browsers beside its methods: directories of files, and pages of html/template.
package web

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"reflect"
	"strings"
	"sync"

	"github.com/jacinth-rpc/jacinth"
)

// Files has svc serve the files of fsys below prefix, such as "/static". Files are served and nothing else: no listing of a
// directory, though its index.html is its page; no name that begins with a dot, but .well-known; no symbolic link out
// of a directory that was given as os.DirFS or is that of an os.Root, and none at all in others that know links. Whatever
// is refused is a plain 404. Content types, ranges and conditional requests are those of net/http. It panics if the
// directory cannot be opened, if the prefix is taken or would hide the endpoint, or once the service has served a request.
func Files(svc *jacinth.Service, prefix string, fsys fs.FS) {
	if !strings.HasPrefix(prefix, "/") || strings.ContainsAny(prefix, "?#{} \t\r\n") ||
		path.Clean(prefix) != strings.TrimSuffix(prefix, "/") && prefix != "/" {
		panic(fmt.Sprintf("web: Files: the prefix %q is not a clean path that begins with / and has no query, space or braces", prefix))
	}
	contained, isRoot, err := contain(fsys)
	if err != nil {
		panic(fmt.Sprintf("web: Files %q: %v", prefix, err))
	}
	prefix = strings.TrimSuffix(prefix, "/") + "/"
	pattern := "GET " + prefix
	if prefix == "/" {
		pattern = prefix // without a method, so that handlers for any method can stand beside it
	}
	svc.Handle(pattern, &files{prefix: prefix, files: contained, isRoot: isRoot})
}

// contain returns fsys, or, for a directory of the operating system, one that no symbolic link leads out of: os.DirFS
// follows them anywhere, and a check beforehand could be overtaken by whoever can write there. isRoot says that it is
// such a one.
func contain(fsys fs.FS) (contained fs.FS, isRoot bool, err error) {
	if fsys == nil {
		return nil, false, errors.New("the file system is nil")
	}
	value := reflect.ValueOf(fsys)
	switch value.Type() {
	case reflect.TypeOf(os.DirFS(".")):
		root, err := os.OpenRoot(value.String())
		if err != nil {
			return nil, false, err
		}
		return root.FS(), true, nil
	case reflect.TypeOf(new(os.Root).FS()):
		return fsys, true, nil
	}
	return fsys, false, nil
}

// files serves files below a prefix that ends with a slash.
type files struct {
	prefix string
	files  fs.FS
	isRoot bool     // links in files do not lead out of them
	tags   sync.Map // name of a file without a time -> its ETag
}

func (h *files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Files are only read: use GET or HEAD.", http.StatusMethodNotAllowed)
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, h.prefix)
	if !ok {
		http.NotFound(w, r)
		return
	}
	file, info, err := h.open(name)
	if err != nil {
		http.NotFound(w, r) // whatever the reason: a refusal must not tell what exists
		return
	}
	defer func() { _ = file.Close() }()
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	if info.ModTime().IsZero() {
		// Files that are compiled in have no time, so that their content has to tell them apart.
		if tag := h.tag(name, file); tag != "" {
			header.Set("ETag", tag)
		}
	}
	http.ServeContent(w, r, info.Name(), info.ModTime(), file)
}

// tag returns the ETag of a file that cannot change, made of its content the first time, and "" if that cannot be read.
func (h *files) tag(name string, content io.ReadSeeker) string {
	if tag, ok := h.tags.Load(name); ok {
		return tag.(string)
	}
	hash := sha256.New()
	_, err := io.Copy(hash, content)
	if _, again := content.Seek(0, io.SeekStart); err != nil || again != nil {
		return ""
	}
	tag := fmt.Sprintf(`"%x"`, hash.Sum(nil)[:12])
	h.tags.Store(name, tag)
	return tag
}

var errNotServed = errors.New("not served")

// file is what http.ServeContent needs.
type file interface {
	io.ReadSeeker
	io.Closer
}

// open opens the regular file that the path of a request names, or the index.html of a directory.
func (h *files) open(name string) (file, fs.FileInfo, error) {
	directory := name == "" || strings.HasSuffix(name, "/")
	if directory {
		name += "index.html"
	}
	if !servable(name) || !h.isFile(name) {
		return nil, nil, errNotServed
	}
	opened, err := h.files.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := opened.Stat()
	seekable, ok := opened.(file)
	if err != nil || !ok || !info.Mode().IsRegular() {
		_ = opened.Close()
		return nil, nil, errNotServed
	}
	return seekable, info, nil
}

// isFile reports whether name is a regular file that no link leads to, where links could lead anywhere. What is no file
// is not even opened: a named pipe would keep the request until somebody writes into it.
func (h *files) isFile(name string) bool {
	info, err := fs.Stat(h.files, name)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	links, canLink := h.files.(fs.ReadLinkFS)
	if h.isRoot || !canLink {
		return true
	}
	for end, letter := range name + "/" {
		if letter != '/' {
			continue
		}
		if info, err := links.Lstat(name[:end]); err != nil || info.Mode()&fs.ModeSymlink != 0 {
			return false
		}
	}
	return true
}

// servable reports whether a path below a prefix may name a file at all. Backslashes and colons are refused
// everywhere because they lead elsewhere on Windows.
func servable(name string) bool {
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\\:\x00") {
		return false
	}
	for element := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(element, ".") && element != ".well-known" || strings.HasSuffix(element, ".") || strings.HasSuffix(element, " ") {
			return false
		}
	}
	return true
}
