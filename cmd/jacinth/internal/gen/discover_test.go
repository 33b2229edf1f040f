package gen_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// discover returns what a service says of itself to whoever has its token.
func discover(t *testing.T, svc *jacinth.Service) []byte {
	t.Helper()
	server := httptest.NewServer(svc)
	defer server.Close()
	client := &jacinth.Client{URL: server.URL + svc.Endpoint(), Token: shopToken}
	var document json.RawMessage
	if err := client.Call(t.Context(), "rpc.discover", nil, &document); err != nil {
		t.Fatal(err)
	}
	return document
}

type (
	// tree holds itself, in the ways that there are.
	tree struct {
		Left  *tree           `json:"left"`
		Right *tree           `json:"right,omitzero"`
		More  []tree          `json:"more"`
		Named map[string]tree `json:"named,omitempty"`
	}

	page[T any] struct {
		Items []T `json:"items"`
		Total int `json:"total"`
	}

	everything struct {
		Bool     bool               `json:"bool"`
		Byte     uint8              `json:"byte"`
		Big      uint64             `json:"big"`
		Float    float32            `json:"float"`
		Text     string             `json:"text" pattern:"^[a-z]+$" maxLength:"10" doc:"Small letters."`
		Kind     string             `json:"kind" enum:"small,large" default:"small"`
		Bytes    []byte             `json:"bytes"`
		Digest   [4]byte            `json:"digest"`
		When     time.Time          `json:"when"`
		Address  netip.Addr         `json:"address"`
		Quoted   int64              `json:"quoted,string"`
		Pair     [2]float64         `json:"pair"`
		Map      map[int]string     `json:"map"`
		Any      any                `json:"any"`
		Raw      json.RawMessage    `json:"raw"`
		Pointers *[]*string         `json:"pointers"`
		Inline   struct{ A, B int } `json:"inline"`
		Tree     tree               `json:"tree"`
	}
)

// shapes is a service with a method for each way in which params and results can look.
func shapes() *jacinth.Service {
	svc := jacinth.New(jacinth.Config{Name: "shapes", Logger: slog.New(slog.DiscardHandler)})
	jacinth.Public(svc, "everything", func(_ context.Context, p everything) (everything, error) { return p, nil })
	jacinth.Public(svc, "tree", func(_ context.Context, p tree) (*tree, error) { return &p, nil })
	jacinth.Public(svc, "list", func(_ context.Context, p []everything) (page[everything], error) { return page[everything]{}, nil })
	jacinth.Public(svc, "pages.of.trees", func(_ context.Context, p map[string]tree) (map[string]page[tree], error) { return nil, nil })
	jacinth.Public(svc, "pair", func(_ context.Context, p [2]string) (*string, error) { return nil, nil })
	jacinth.Public(svc, "raw", func(_ context.Context, p json.RawMessage) (json.RawMessage, error) { return p, nil })
	jacinth.Public(svc, "nothing", func(context.Context, jacinth.None) (jacinth.None, error) { return jacinth.None{}, nil },
		jacinth.Deprecated("Do without it."), jacinth.Errors(jacinth.Errorf(9, "Nothing left")))
	return svc
}

// TestClient_knowsWhatServicesSay holds how documents of our own services are read.
func TestClient_knowsWhatServicesSay(t *testing.T) {
	document := discover(t, shapes())
	for language, wanted := range map[string][]string{
		"go": {
			`Raw jacinth.Name[any, any] = "raw"`, `Pair jacinth.Name[[]string, *string] = "pair"`,
			`PagesOfTrees jacinth.Name[map[string]TreeInput, map[string]PageOfTree]`, `Nothing jacinth.Name[jacinth.None, jacinth.None] = "nothing"`,
			"Big uint64", "Bytes []byte", "When time.Time", `CodeNothingLeft jacinth.Code = 9`, "// Deprecated: Do without it.",
		},
		"ts":     {"pair(params: Array<string>, options?: CallOptions): Promise<string | null>", `kind?: `, `"small" | "large"`},
		"python": {"def pair(self, params: list[str]) -> str | None:", `Literal[\"small\", \"large\"]`},
	} {
		got := strings.Join(strings.Fields(string(client(t, language, document))), " ")
		for _, want := range wanted {
			if !strings.Contains(got, want) {
				t.Errorf("the %s client does not have %s:\n%s", language, want, client(t, language, document))
				break
			}
		}
	}
}
