// Command webapp is a service with a page of its own: a guest book. The page is a template that shows the entries, and
// its script adds one by calling the same API that every other caller uses.
//
//	go run ./examples/webapp
//
// Then open http://127.0.0.1:5001/ in a browser. Files and template are those in the program, or in the source folder
// if you are where it is; with -development, edits of the template show at the next request.
package main

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/web"
)

//go:embed static templates
var embedded embed.FS

// Entry is one line of the guest book.
type Entry struct {
	Name string    `json:"name"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// guestBook keeps the latest entries in memory.
type guestBook struct {
	mu      sync.Mutex
	entries []Entry // newest first
}

const mostEntries = 100

// SignParams are the params of sign.
type SignParams struct {
	Name string `json:"name" doc:"who signs" minLength:"1" maxLength:"60"`
	Text string `json:"text" doc:"what they say" minLength:"1" maxLength:"500"`
}

func (b *guestBook) sign(_ context.Context, p SignParams) (Entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	entry := Entry{Name: p.Name, Text: p.Text, At: time.Now().UTC().Truncate(time.Second)}
	b.entries = slices.Insert(b.entries, 0, entry)
	b.entries = b.entries[:min(len(b.entries), mostEntries)]
	return entry, nil
}

func (b *guestBook) list(context.Context, jacinth.None) ([]Entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.entries), nil
}

// register is a module: it adds the methods of the guest book to whatever it is given.
func (b *guestBook) register(to jacinth.Registrar) {
	jacinth.Public(to, "sign", b.sign, jacinth.Doc("Adds an entry to the guest book."))
	jacinth.Public(to, "list", b.list, jacinth.Doc("Lists the entries, newest first."), jacinth.ReadOnly())
}

// files are the embedded ones, or those of the source folder when the program runs there.
func files() fs.FS {
	if _, err := os.Stat("examples/webapp/templates"); err == nil {
		return os.DirFS("examples/webapp")
	}
	return embedded
}

func main() {
	svc := jacinth.New(jacinth.Config{
		Name:        "guestbook",
		Description: "Keeps a guest book.",
		Addr:        "127.0.0.1:5001",
	})
	book := &guestBook{}
	book.register(svc.Group("guestbook"))

	site := files()
	static, err := fs.Sub(site, "static")
	if err != nil {
		panic(err)
	}
	web.Files(svc, "/static", static)
	templates := web.ParseTemplates(site, "templates/*.html")
	svc.Handle("GET /{$}", web.Page(templates, "index.html", func(r *http.Request) ([]Entry, error) {
		return book.list(r.Context(), jacinth.None{})
	}))
	jacinth.Main(svc)
}
