package web_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing/fstest"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/web"
)

// A program embeds its files, and serves them and a page beside its methods.
func Example() {
	files := fstest.MapFS{ // an embed.FS in a program
		"static/app.css":      {Data: []byte("body { color: teal }")},
		"templates/home.html": {Data: []byte("<h1>Hello, {{.}}</h1>")},
	}
	svc := jacinth.New(jacinth.Config{Name: "shop", Logger: slog.New(slog.DiscardHandler)})
	web.Files(svc, "/", files)
	templates := web.ParseTemplates(files, "templates/*.html")
	svc.Handle("GET /home", web.Page(templates, "home.html", func(r *http.Request) (string, error) {
		return r.FormValue("name"), nil
	}))

	for _, target := range []string{"/static/app.css", "/home?name=<Ada>"} {
		w := httptest.NewRecorder()
		svc.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, http.NoBody))
		fmt.Println(w.Body)
	}
	// Output:
	// body { color: teal }
	// <h1>Hello, &lt;Ada&gt;</h1>
}
