package gen_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

const shopToken = "the-token-of-the-shop"

type (
	color string

	item struct {
		ID      uint64    `json:"id"`
		Name    string    `json:"name"`
		Price   float64   `json:"price"`
		Added   time.Time `json:"added"`
		Picture []byte    `json:"picture,omitzero"`
		Color   *color    `json:"color,omitzero"`
		Size    size      `json:"size"`
		Extra   any       `json:"extra,omitzero"`
		OldName *string   `json:"old_name,omitzero"`
		Stock   int       `json:"stock,omitzero"` // which the document does not know yet
	}

	size struct {
		Width int     `json:"width"`
		Unit  *string `json:"unit,omitzero"`
	}

	category struct {
		Name  string     `json:"name"`
		Parts []category `json:"parts"`
		Above *category  `json:"above,omitzero"`
	}

	search struct {
		Query string   `json:"query"`
		Limit int      `json:"limit" default:"20"`
		Tags  []string `json:"tags,omitempty"`
		Color *color   `json:"color"`
		After *string  `json:"after"`
	}

	found struct {
		Items []item  `json:"items"`
		Next  *string `json:"next"`
	}

	order struct {
		ItemID int     `json:"itemId"`
		Count  *int    `json:"count"`
		Type   *string `json:"type"`
	}
)

// shop is the service that testdata/documents/shop.json describes. noted is where log_event puts its texts.
type shop struct {
	mu    sync.Mutex
	noted []string
}

func (s *shop) service() *jacinth.Service {
	svc := jacinth.New(jacinth.Config{
		Name: "shop", Version: "2.1.0", Authorize: jacinth.Tokens(shopToken), Logger: slog.New(slog.DiscardHandler),
	})
	items := svc.Group("items")
	jacinth.Public(items, "find", func(_ context.Context, p search) (found, error) {
		next := strings.Join(p.Tags, "+")
		one := item{ID: 1<<64 - 1, Name: p.Query, Price: float64(p.Limit), Color: p.Color, Size: size{Width: 3}, Picture: []byte{0, 255}, Stock: 5}
		one.Added = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		return found{Items: []item{one}, Next: &next}, nil
	})
	jacinth.Private(items, "add", func(_ context.Context, p struct {
		Item item `json:"item"`
	},
	) (item, error) {
		if p.Item.Name == "" {
			return item{}, &jacinth.Error{Code: 7, Message: "Out of stock", Data: map[string]int{"left": 0}}
		}
		return p.Item, nil
	})
	jacinth.Public(svc, "orders.place", func(_ context.Context, p order) (map[string]float64, error) {
		counts := map[string]float64{"item": float64(p.ItemID), "params": 1}
		if p.Count != nil {
			counts["count"] = float64(*p.Count)
		}
		if p.Type != nil {
			counts[*p.Type] = 1
		}
		return counts, nil
	})
	jacinth.Public(svc, "categories", func(context.Context, jacinth.None) (category, error) {
		return category{Name: "all", Parts: []category{{Name: "books", Parts: []category{}}}}, nil
	})
	jacinth.Public(svc, "tree.turn", func(_ context.Context, p struct {
		Tree  category `json:"tree"`
		Order string   `json:"order" enum:"up,down" default:"up"`
		Depth *int     `json:"depth"`
	},
	) (category, error) {
		name := p.Order + " none"
		if p.Depth != nil {
			name = fmt.Sprint(p.Order, " ", *p.Depth)
		}
		return category{Name: name, Parts: p.Tree.Parts, Above: &p.Tree}, nil
	})
	jacinth.Public(svc, "say_hello", func(_ context.Context, p struct {
		From string `json:"from"`
	},
	) (string, error) {
		return "hello from " + p.From, nil
	})
	jacinth.Public(svc, "ping", func(context.Context, jacinth.None) (jacinth.None, error) { return jacinth.None{}, nil })
	jacinth.Public(svc, "echo", func(_ context.Context, p struct {
		Value any `json:"value"`
	},
	) (any, error) {
		return p.Value, nil
	})
	jacinth.Public(svc, "log_event", func(_ context.Context, p struct {
		Text string `json:"text"`
	},
	) (jacinth.None, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.noted = append(s.noted, p.Text)
		return jacinth.None{}, nil
	})
	return svc
}

// start serves the shop and returns the URL of its endpoint. At the end of the test, it wants the client to have
// notified it of its name.
func start(t *testing.T, name string) string {
	t.Helper()
	s := &shop{}
	server := httptest.NewServer(s.service())
	t.Cleanup(func() {
		server.Close()
		if !t.Skipped() && strings.Join(s.noted, ",") != name {
			t.Errorf("the %s client notified the shop of %q, want its name", name, s.noted)
		}
	})
	return server.URL + "/api"
}

// What the programs in testdata/programs do with a client is the same in each language: they print a line for what each
// call came back with.
const wantPrinted = `found: anvil 20 3 2026-01-02T03:04:05Z
next: heavy+black
color: dark-blue
added: anvil 9.5
error: 7 Out of stock 0
order: 4 2
order: 4 2 gift
categories: all books
tree: up none root leaf twig
tree: down 3 root leaf twig
tree: down none root leaf twig
hello: hello from me
ping
echo: ü"\
denied: -32001
refused
timeout
`

func TestClient_talks(t *testing.T) {
	t.Run("go", func(t *testing.T) {
		module := goModule(t)
		write(t, filepath.Join(module, "shop", "client.go"), client(t, "go", read(t, "shop")))
		write(t, filepath.Join(module, "main.go"), program(t, "main.go.txt"))
		wantOutput(t, run(t, module, "go", "run", ".", start(t, "go"), shopToken))
	})
	t.Run("ts", func(t *testing.T) {
		compiler := nodeTool(t, "tsc")
		dir := t.TempDir()
		write(t, filepath.Join(dir, "package.json"), []byte(`{"type":"module"}`))
		write(t, filepath.Join(dir, "shop.ts"), client(t, "ts", read(t, "shop")))
		write(t, filepath.Join(dir, "main.ts"), program(t, "main.ts"))
		run(t, dir, compiler, "--strict", "--target", "es2022", "--module", "nodenext", "--types", "", "main.ts")
		wantOutput(t, run(t, dir, tool(t, "node"), "main.js", start(t, "ts"), shopToken))
	})
	t.Run("python", func(t *testing.T) {
		python := tool(t, "python3")
		dir := t.TempDir()
		write(t, filepath.Join(dir, "shop.py"), client(t, "python", read(t, "shop")))
		write(t, filepath.Join(dir, "main.py"), program(t, "main.py"))
		wantOutput(t, run(t, dir, python, "main.py", start(t, "python"), shopToken))
	})
}

func program(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "programs", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func wantOutput(t *testing.T, got []byte) {
	t.Helper()
	if string(got) != wantPrinted {
		t.Errorf("the program printed\n%s\nwant\n%s", got, wantPrinted)
	}
}
