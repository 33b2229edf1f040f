package jacinth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

const (
	bookToken  = "a token of the library"
	otherToken = "a token of somebody else"
)

type author struct {
	Name string  `json:"name" doc:"As it stands on the cover." minLength:"1"`
	Born *string `json:"born" format:"date"`
}

type book struct {
	ID      int64     `json:"id" min:"1"`
	Title   string    `json:"title" minLength:"1" maxLength:"200"`
	Authors []author  `json:"authors" minItems:"1"`
	Kind    string    `json:"kind,omitzero" enum:"novel,poetry,science"`
	Added   time.Time `json:"added"`
	Sequel  *book     `json:"sequel,omitempty"`
}

type bookSearch struct {
	Words string `json:"words" doc:"What to look for." pattern:"[a-z]"`
	Limit uint8  `json:"limit" min:"1" max:"100" default:"20"`
}

type bookList[T any] struct {
	Items []T `json:"items"`
	More  int `json:"more,omitzero" doc:"How many there are besides."`
}

// newLibrary returns a service that uses everything that a document can say. Only the holder of bookToken may lend, and
// only those who have a token may be told of secrets.
func newLibrary(config jacinth.Config) *jacinth.Service {
	config.Name, config.Logger = "library", quiet("").Logger
	config.Authorize = func(_ context.Context, req *jacinth.Request) error {
		if req.Token == bookToken || req.Token == otherToken && req.Method.Scope == "secrets" {
			return nil
		}
		return jacinth.AccessDenied
	}
	svc := jacinth.New(config)
	first := book{ID: 7, Title: "Notes", Authors: []author{{Name: "Ada"}}, Added: time.Date(1843, 9, 1, 0, 0, 0, 0, time.UTC)}
	jacinth.Public(svc, "books.search", func(context.Context, bookSearch) (bookList[book], error) { return bookList[book]{}, nil },
		jacinth.Doc("Looks for books, e.g. by title. The newest come first."), jacinth.ReadOnly(),
		jacinth.Errors(&jacinth.Error{Code: 12, Message: "Too many books", Data: map[string]int{"most": 1000}}, &jacinth.Error{Code: jacinth.Unavailable}),
		jacinth.Example(bookSearch{Words: "notes", Limit: 1}, bookList[book]{Items: []book{first}}),
		jacinth.Example(jacinth.Positional{"notes"}, json.RawMessage(`{"items":[], "more":0}`)))
	jacinth.Public(svc, "books.find", func(context.Context, bookSearch) (*book, error) { return nil, nil },
		jacinth.Doc("Finds one book."), jacinth.Deprecated("call books.search."))
	jacinth.Private(svc, "books.lend", func(context.Context, book) (jacinth.None, error) { return jacinth.None{}, nil },
		jacinth.Idempotent(), jacinth.Timeout(2*time.Second))
	jacinth.Private(svc, "secrets.all", func(context.Context, jacinth.None) (map[string]secretBook, error) { return nil, nil },
		jacinth.Scope("secrets"))
	jacinth.Public(svc, "sum", func(context.Context, []float64) (float64, error) { return 0, nil },
		jacinth.Example([]int{1, 2}, 3), jacinth.Example(nil, 0))
	jacinth.Public(svc, "stock", func(context.Context, map[string]int) (any, error) { return nil, nil },
		jacinth.Example(map[string]int{"b": 1, "a": 2}, nil))
	svc.Add(jacinth.Method{Name: "raw", Handler: byHandNull, Examples: []jacinth.CallExample{{Params: []any{1, "x"}, Result: "done"}}})
	return svc
}

type secretBook struct {
	Text string `json:"text"`
}

// discovered asks for the document.
func discovered(t testing.TB, svc *jacinth.Service, token string) json.RawMessage {
	t.Helper()
	reply := svc.Dispatch(context.Background(), jacinth.Peer{Token: jacinth.Token(token)}, []byte(call("rpc.discover")), nil)
	var got struct{ Result json.RawMessage }
	if err := json.Unmarshal(reply, &got); err != nil || got.Result == nil {
		t.Fatalf("rpc.discover answers %s", reply)
	}
	return got.Result
}

func TestDiscover_document(t *testing.T) {
	public := jacinth.Config{Version: "1.2.3", Description: "Keeps books.", PublicURL: "https://library.example.com/v1/", Endpoint: "/rpc"}
	bare := jacinth.Config{Limits: jacinth.Limits{
		Body: jacinth.Unlimited, BatchItems: jacinth.Unlimited, Response: jacinth.Unlimited, Depth: jacinth.Unlimited,
		ID: jacinth.Unlimited, Call: jacinth.Unlimited,
	}}
	for _, test := range []struct {
		file, token string
		config      jacinth.Config
	}{
		{"library.json", bookToken, public},
		{"library-public.json", "", public},
		{"library-bare.json", otherToken, bare},
	} {
		var got bytes.Buffer
		if err := json.Indent(&got, discovered(t, newLibrary(test.config), test.token), "", "\t"); err != nil {
			t.Fatal(err)
		}
		got.WriteByte('\n')
		path := filepath.Join("testdata/openrpc", test.file)
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("the document is not that of %s, but\n%s", path, got.Bytes())
		}
	}
}

func TestDiscover_hidesWhatMayNotBeCalled(t *testing.T) {
	svc := newLibrary(jacinth.Config{})
	for token, want := range map[string]string{
		"":         "books.find books.search get_service_specs raw stock sum",
		"nonsense": "books.find books.search get_service_specs raw stock sum",
		otherToken: "books.find books.search get_service_specs raw secrets.all stock sum",
		bookToken:  "books.find books.lend books.search get_service_specs raw secrets.all stock sum",
	} {
		text := discovered(t, svc, token)
		document, err := openrpc.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, method := range document.Methods {
			names = append(names, method.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("with the token %q the methods are %s, want %s", token, got, want)
		}
		if mayKnow := strings.Contains(want, "secrets"); strings.Contains(string(text), "secret") != mayKnow {
			t.Errorf("with the token %q the document speaks of secrets: %v, want %v:\n%s", token, !mayKnow, mayKnow, text)
		}
		for _, property := range document.Components.Schemas {
			for schema := range property.Schema.All() {
				if schema.Ref != "" && document.Schema(schema.Ref) == nil {
					t.Errorf("with the token %q the reference %s leads nowhere", token, schema.Ref)
				}
			}
		}
	}
}

func TestDiscover_isOneDocumentForAll(t *testing.T) {
	svc := newLibrary(jacinth.Config{})
	tokens := []string{"", otherToken, bookToken}
	var documents [24]json.RawMessage
	var callers sync.WaitGroup
	for i := range documents {
		callers.Go(func() { documents[i] = discovered(t, svc, tokens[i%3]) })
	}
	callers.Wait()
	for i, document := range documents {
		if !bytes.Equal(document, documents[i%3]) {
			t.Errorf("callers with the token %q get different documents", tokens[i%3])
		}
	}
	if bytes.Equal(documents[0], documents[1]) || bytes.Equal(documents[1], documents[2]) {
		t.Error("callers with different tokens get one document")
	}
}

// TestDiscover_passesMiddleware holds that the method is one as all others are.
func TestDiscover_passesMiddleware(t *testing.T) {
	svc := jacinth.New(quiet("watched"))
	var seen []string
	svc.Use(func(next jacinth.Handler) jacinth.Handler {
		return func(ctx context.Context, req *jacinth.Request) (any, error) {
			seen = append(seen, req.Method.Name)
			return next(ctx, req)
		}
	})
	discovered(t, svc, "")
	if !slices.Equal(seen, []string{"rpc.discover"}) {
		t.Errorf("the middleware saw %v, want rpc.discover", seen)
	}
	for _, params := range []string{`{}`, `[]`, `null`} {
		body := `{"jsonrpc":"2.0","id":1,"method":"rpc.discover","params":` + params + `}`
		if reply := svc.Dispatch(t.Context(), jacinth.Peer{}, []byte(body), nil); !strings.Contains(string(reply), `"result":{"openrpc":`) {
			t.Errorf("rpc.discover with the params %s answers %s", params, reply)
		}
	}
}

func TestDiscover_summaries(t *testing.T) {
	for doc, want := range map[string]string{
		"":                        "",
		"Adds.":                   "Adds.",
		"Adds numbers":            "Adds numbers",
		"Adds. And more. And on.": "Adds.",
		"Adds, e.g. one. And two": "Adds, e.g. one.",
		"Adds 1.5 to it! Really":  "Adds 1.5 to it!",
		"Adds\nall. And more.":    "Adds",
		" Adds. \n\nMuch more.":   "Adds.",
	} {
		svc := jacinth.New(quiet("summaries"))
		jacinth.Public(svc, "a", doNothing, jacinth.Doc(doc))
		document, err := openrpc.Parse(discovered(t, svc, ""))
		if err != nil {
			t.Fatal(err)
		}
		if got := document.Methods[0]; got.Summary != want || got.Description != "" && got.Description != doc {
			t.Errorf("the doc %q is the summary %q with the description %q, want %q", doc, got.Summary, got.Description, want)
		}
	}
}

func TestRegistration_refusesWhatADocumentCannotSay(t *testing.T) {
	registers := func(options ...jacinth.MethodOption) func() {
		return func() {
			svc := jacinth.New(quiet("refusing"))
			jacinth.Public(svc, "books.search", func(context.Context, bookSearch) (book, error) { return book{}, nil }, options...)
		}
	}
	good := book{ID: 1, Title: "x", Authors: []author{{Name: "y"}}}
	for _, test := range []struct {
		options []jacinth.MethodOption
		want    string
	}{
		{
			[]jacinth.MethodOption{jacinth.Example(map[string]any{"words": "a", "limit": 0}, good)},
			`jacinth: method "books.search" cannot be registered: its example 1 cannot be: the method does not take its params ` +
				`{"limit":0,"words":"a"}: at "/limit": rule "min", want at least 1`,
		},
		{
			[]jacinth.MethodOption{jacinth.Example(jacinth.Positional{"a"}, good), jacinth.Example(jacinth.Positional{"a", 1, 2}, good)},
			`its example 2 cannot be: the method does not take its params ["a",1,2]: at "": rule "position"`,
		},
		{[]jacinth.MethodOption{jacinth.Example(nil, good)}, `at "/words": rule "required", want string`},
		{[]jacinth.MethodOption{jacinth.Example(map[string]any{"words": "a", "more": 1}, good)}, `at "/more": rule "unknown"`},
		{[]jacinth.MethodOption{jacinth.Example("a", good)}, `its params are "a", and must be an object or an array`},
		{[]jacinth.MethodOption{jacinth.Example(make(chan int), good)}, `its params cannot be encoded: `},
		{[]jacinth.MethodOption{jacinth.Example(jacinth.Positional{"a"}, make(chan int))}, `its result cannot be encoded: `},
		{[]jacinth.MethodOption{jacinth.Example(jacinth.Positional{"a"}, map[string]any{"name": "x"})}, `its result {"name":"x"} is none of the method: `},
		{[]jacinth.MethodOption{jacinth.Example(jacinth.Positional{"a"}, 5)}, `its result 5 is none of the method: `},
		{
			[]jacinth.MethodOption{jacinth.Errors(&jacinth.Error{Code: 5}, &jacinth.Error{Code: 6}, &jacinth.Error{Code: 5, Message: "x"})},
			"it declares two errors with the code 5",
		},
		{[]jacinth.MethodOption{jacinth.Errors(&jacinth.Error{Code: 5, Data: func() {}})}, "it declares the error 5, whose Data cannot be encoded: "},
		{[]jacinth.MethodOption{jacinth.Deprecated("")}, "jacinth: Deprecated needs a sentence on what to call instead"},
	} {
		if sentence := panicOf(registers(test.options...)); !strings.HasPrefix(sentence, "jacinth: ") || !strings.Contains(sentence, test.want) {
			t.Errorf("registering panics with\n%s, want\n%s", sentence, test.want)
		}
	}
	if sentence := panicOf(func() {
		jacinth.Public(jacinth.New(quiet("refusing")), "none", doNothing, jacinth.Example(nil, 5))
	}); !strings.Contains(sentence, "the method has no result: give nil") {
		t.Errorf("an example with a result that is none panics with %q", sentence)
	}
	if sentence := panicOf(registers(jacinth.Example(bookSearch{"a", 1}, good), jacinth.Example([]any{"a"}, &good))); sentence != "" {
		t.Errorf("good examples panic with %q", sentence)
	}
}

func TestRegistration_refusesWrongRules(t *testing.T) {
	svc := jacinth.New(quiet("rules"))
	sentence := panicOf(func() {
		jacinth.Public(svc, "find", func(context.Context, struct {
			Age int `json:"age" pattern:"^a"`
		},
		) (int, error) {
			return 0, nil
		})
	})
	if want := `jacinth: method "find": params: field Age (int) has the tag pattern:"^a", which is for strings`; sentence != want {
		t.Errorf("a wrong rule panics with %q, want %q", sentence, want)
	}
	sentence = panicOf(func() {
		jacinth.Public(svc, "find", func(context.Context, jacinth.None) (struct {
			Age int `json:"age" minLength:"1"`
		}, error,
		) {
			panic("never called")
		})
	})
	if want := `jacinth: method "find": result: field Age (int) has the tag minLength:"1", which is for strings`; sentence != want {
		t.Errorf("a wrong rule in a result panics with %q, want %q", sentence, want)
	}
}
