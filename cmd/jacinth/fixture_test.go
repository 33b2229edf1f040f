package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/handler"
	"github.com/creachadair/jrpc2/jhttp"

	"github.com/jacinth-rpc/jacinth"
)

const townToken = "the key of the town gate"

// fixtures are the environment variables that name the services that scripts talk to.
var fixtures = []string{"TOWN", "SHOP", "JRPC2", "SILENT", "PAGE", "HOSTILE", "SECRET", "NOBODY"}

// arrivals has a channel for each path of PAGE that does not answer, which takes note of requests for it.
var arrivals sync.Map

// slow answers no request until its caller is gone, but for single calls at /slow/batch, which it knows no method for.
func slow(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // or the end of the connection is not noticed
	var call struct {
		ID json.RawMessage `json:"id"`
	}
	if r.URL.Path == "/slow/batch" && json.Unmarshal(body, &call) == nil {
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"Method not found"}}`, call.ID)
		return
	}
	arrived, _ := arrivals.LoadOrStore(r.URL.Path, make(chan struct{}, 100))
	arrived.(chan struct{}) <- struct{}{}
	<-r.Context().Done()
}

// secret has one method, and wants the token of the town for that and for all else.
func secret(w http.ResponseWriter, r *http.Request) {
	var call struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
	}
	body, _ := io.ReadAll(r.Body)
	if json.Unmarshal(body, &call) != nil {
		return
	}
	outcome := `"error":{"code":-32001,"message":"Access denied"}`
	switch {
	case r.Header.Get("X-Api-Token") != townToken:
	case call.Method == "system.listMethods":
		outcome = `"result":["hidden"]`
	default:
		outcome = `"error":{"code":-32601,"message":"Method not found"}`
	}
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,%s}`, call.ID, outcome)
}

// startFixtures starts the services that scripts talk to and returns the environment variables that name them.
func startFixtures(t *testing.T) map[string]string {
	t.Helper()
	serve := func(handler http.Handler) string {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	}
	bridge := func(options *jrpc2.ServerOptions) http.Handler {
		b := jhttp.NewBridge(arithmetic, &jhttp.BridgeOptions{Server: options})
		t.Cleanup(func() { _ = b.Close() })
		return b
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer closed.Close()
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/api", http.StatusPermanentRedirect)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/slow") {
			slow(w, r)
			return
		}
		_, _ = io.WriteString(w, "<!doctype html>\x1b[2J")
	})
	hostile, err := os.ReadFile("testdata/hostile.json")
	if err != nil {
		t.Fatal(err)
	}
	addresses := map[string]string{
		"TOWN":    serve(town()),                                             // a jacinth service
		"JRPC2":   serve(bridge(nil)),                                        // one that nobody here wrote
		"SILENT":  serve(bridge(&jrpc2.ServerOptions{DisableBuiltin: true})), // one that does not describe itself
		"PAGE":    serve(page),                                               // no service at all
		"HOSTILE": serve(&shop{document: hostile}),                           // one that means harm to whoever asks what it can do
		"SECRET":  serve(http.HandlerFunc(secret)),                           // one that talks only to callers with the token
		"NOBODY":  closed.Addr().String(),
	}
	return addresses
}

// arithmetic are the methods of the server of another library.
var arithmetic = handler.Map{
	"add": handler.New(func(_ context.Context, numbers []int) int {
		sum := 0
		for _, n := range numbers {
			sum += n
		}
		return sum
	}),
	"upper": handler.New(func(_ context.Context, p struct{ Text string }) string { return strings.ToUpper(p.Text) }),
	"fail": handler.New(func(context.Context) (any, error) {
		return nil, jrpc2.Errorf(17, "it does that").WithData([]string{"always"})
	}),
}

// citizen is a person in the registry of the town.
type citizen struct {
	Name  string    `json:"name" doc:"what the citizen is called" minLength:"1" maxLength:"60"`
	Age   int       `json:"age" min:"0"`
	Trade *string   `json:"trade" doc:"what the citizen lives on"`
	Since time.Time `json:"since"`
}

// town is a jacinth service with what there can be to describe and to print.
func town() http.Handler {
	svc := jacinth.New(jacinth.Config{
		Name: "town", Version: "1.2.0", Description: "Keeps the registry of a town.",
		Authorize: jacinth.Tokens(townToken), Limits: jacinth.Limits{BatchItems: 3},
		Logger: slog.New(slog.DiscardHandler),
	})
	smith := "smith"
	citizens := []citizen{
		{"Ada", 36, &smith, time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC)},
		{"Béla", 7, nil, time.Date(1881, 3, 25, 0, 0, 0, 0, time.UTC)},
	}
	type search struct {
		Name  string `json:"name,omitempty" doc:"part of the name"`
		Limit int    `json:"limit" doc:"how many at most" default:"10" min:"1" max:"100"`
		Exact bool   `json:"exact,omitempty"`
	}
	registry := svc.Group("registry")
	jacinth.Public(registry, "search", func(_ context.Context, p search) ([]citizen, error) {
		found := slices.DeleteFunc(slices.Clone(citizens), func(c citizen) bool { return !strings.Contains(c.Name, p.Name) })
		return found[:min(p.Limit, len(found))], nil
	}, jacinth.Doc("Finds citizens. The name may be a part of theirs."), jacinth.ReadOnly(),
		jacinth.Example(map[string]any{"name": "Béla", "limit": 1}, citizens[1:]))
	jacinth.Private(registry, "add", func(_ context.Context, c citizen) (string, error) {
		return c.Name + " lives here now", nil
	}, jacinth.Doc("Registers a citizen."), jacinth.Errors(jacinth.Errorf(1001, "The town is full")), jacinth.Timeout(3*time.Second))
	jacinth.Public(svc, "greet", func(_ context.Context, p struct {
		Name  string `json:"name" doc:"who is greeted"`
		Times int    `json:"times,omitempty" doc:"how often"`
	},
	) (string, error) {
		return "Hello " + p.Name + strings.Repeat("!", p.Times), nil
	}, jacinth.Doc("Greets somebody."))
	jacinth.Public(svc, "sum", func(_ context.Context, numbers []float64) (float64, error) {
		total := 0.0
		for _, n := range numbers {
			total += n
		}
		return total, nil
	}, jacinth.Doc("Adds numbers."), jacinth.Example(jacinth.Positional{1, 2.5}, 3.5))
	jacinth.Public(svc, "full", func(context.Context, jacinth.None) (jacinth.None, error) {
		return jacinth.None{}, &jacinth.Error{Code: 1001, Message: "The town is full\x1b[31m", Data: map[string]int{"citizens": 2}}
	}, jacinth.Doc("Fails."))
	jacinth.Public(svc, "weather", func(context.Context, jacinth.None) (map[string]any, error) {
		return map[string]any{"rain": true, "degrees": 7.5, "wind": nil}, nil
	})
	return svc
}

// shop is a service whose document is made by hand, and that answers every call with what it was sent.
type shop struct {
	document json.RawMessage

	mu    sync.Mutex
	noted []json.RawMessage // notifications
}

// startShop starts a shop and returns its address and what ends it.
func startShop() (address string, stop func(), err error) {
	document, err := os.ReadFile("testdata/shop.json")
	if err != nil {
		return "", nil, err
	}
	server := httptest.NewServer(&shop{document: document})
	return server.Listener.Addr().String(), server.Close, nil
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var batch []json.RawMessage
	if json.Unmarshal(body, &batch) != nil {
		_, _ = w.Write(s.answer(r, body))
		return
	}
	var replies [][]byte
	for _, call := range batch {
		if reply := s.answer(r, call); reply != nil {
			replies = append(replies, reply)
		}
	}
	if len(replies) > 0 {
		_, _ = w.Write(slices.Concat([]byte("["), bytes.Join(replies, []byte(",")), []byte("]")))
	}
}

func (s *shop) answer(r *http.Request, raw []byte) []byte {
	var call struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	if json.Unmarshal(raw, &call) != nil {
		return nil
	}
	if call.ID == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.noted = append(s.noted, call.Params)
		return nil
	}
	var result any
	switch call.Method {
	case "rpc.discover":
		result = s.document
	case "headers":
		result = map[string]string{
			"token": r.Header.Get("X-Api-Token"), "authorization": r.Header.Get("Authorization"), "shop": r.Header.Get("Shop"),
		}
	case "noted":
		s.mu.Lock()
		defer s.mu.Unlock()
		result = s.noted
	default:
		result = map[string]json.RawMessage{call.Method: call.Params}
	}
	reply, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": call.ID, "result": result})
	if err != nil {
		return nil
	}
	return reply
}
