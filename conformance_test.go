package jacinth_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

var update = flag.Bool("update", false, "rewrite the responses in testdata/conformance that are not as the service answers")

// fewestTranscripts is how many rules beside the examples of the specification have a transcript of their own at
// least. Whoever takes one away has to say so here.
const fewestTranscripts = 150

// specExamples are the examples of the specification, section 7, by the names of their transcripts.
var specExamples = []string{
	"spec_positional", "spec_named", "spec_notification", "spec_unknown_method", "spec_invalid_json",
	"spec_invalid_request", "spec_batch_invalid_json", "spec_batch_empty", "spec_batch_invalid_one",
	"spec_batch_invalid_three", "spec_batch", "spec_batch_notifications",
}

func TestConformance(t *testing.T) {
	files, err := filepath.Glob("testdata/conformance/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			transcript, err := parseTranscript(text)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			svc := conformanceService()
			changed := false
			for i := range transcript.exchanges {
				exchange := &transcript.exchanges[i]
				got := serveHTTP(svc, exchange.request.httpRequest())
				faults := exchange.response.differences(got)
				if len(faults) > 0 && *update {
					exchange.response.text = exchange.response.rewritten(got)
					changed = true
					continue
				}
				for _, fault := range faults {
					t.Errorf("exchange %d: %s\nrequest: %s\nreply:   %s", i+1, fault, exchange.request.body, got.body)
				}
				if _, _, err := parseReplies(got.body); err != nil {
					t.Errorf("exchange %d: the reply is %v", i+1, err)
				}
				checkFrame(t, got)
			}
			if changed {
				if err := os.WriteFile(file, transcript.format(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestConformance_isWhole(t *testing.T) {
	files, err := filepath.Glob("testdata/conformance/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range specExamples {
		if _, err := os.Stat("testdata/conformance/" + name + ".txtar"); err != nil {
			t.Errorf("the example %q of the specification has no transcript: %v", name, err)
		}
	}
	if own := len(files) - len(specExamples); own < fewestTranscripts {
		t.Errorf("there are %d transcripts beside those of the specification, want at least %d", own, fewestTranscripts)
	}
}

// checkFrame holds what every answer over HTTP has around its body.
func checkFrame(t *testing.T, got answered) {
	t.Helper()
	// net/http adds that of a short body: see TestServe_tellsTheLength.
	if length := got.header.Get("Content-Length"); length != "" && length != fmt.Sprint(len(got.body)) {
		t.Errorf("Content-Length is %q, want %d", length, len(got.body))
	}
	want := ""
	if len(got.body) > 0 {
		want = "application/json"
	}
	if kind := got.header.Get("Content-Type"); kind != want {
		t.Errorf("Content-Type is %q, want %q", kind, want)
	}
}

// httpRequest makes the HTTP request that a section describes.
func (s *section) httpRequest() *http.Request {
	method, path, _ := strings.Cut(s.start, " ")
	if path == "" {
		path = "/api"
	}
	request := httptest.NewRequest(method, path, strings.NewReader(s.body))
	request.Header.Set("Content-Type", "application/json")
	seen := map[string]bool{"Content-Type": false}
	for name, value := range s.headers {
		if !seen[name] {
			request.Header.Del(name)
		}
		seen[name] = true
		if value != "" {
			request.Header.Add(name, value)
		}
	}
	return request
}

// rewritten is the text of a response as it should have been.
func (s *section) rewritten(got answered) string {
	var text strings.Builder
	if got.status != http.StatusOK || len(s.header) > 0 {
		fmt.Fprintf(&text, "HTTP %d\n", got.status)
		for name := range s.headers {
			fmt.Fprintf(&text, "%s: %s\n", name, got.header.Get(name))
		}
		text.WriteString("\n")
	}
	if len(got.body) > 0 {
		fmt.Fprintf(&text, "%s\n", got.body)
	}
	return text.String()
}

// format is the file of a transcript.
func (t *transcript) format() []byte {
	var file strings.Builder
	file.WriteString(t.comment)
	for _, exchange := range t.exchanges {
		for _, part := range []section{exchange.request, exchange.response} {
			fmt.Fprintf(&file, "-- %s --\n%s", part.name, part.text)
		}
	}
	return []byte(file.String())
}

// conformanceToken opens the private methods of the service that the transcripts speak with.
const conformanceToken = "conformance-token-1"

// conformanceService has the methods that the specification's examples call, and one for each rule of ours.
func conformanceService() *jacinth.Service {
	svc := jacinth.New(jacinth.Config{
		Name:      "conformance",
		Authorize: jacinth.Tokens(conformanceToken, "conformance-token-2"),
		Limits:    jacinth.Limits{Body: 64 << 10, BatchItems: 10, Response: 4 << 10},
		Logger:    slog.New(slog.DiscardHandler),
	})
	addSpecMethods(svc)
	addParamsMethods(svc.Group("params"))
	addResultMethods(svc.Group("result"))
	addFailingMethods(svc.Group("fail"))
	addPrivateMethods(svc)
	return svc
}

// addSpecMethods adds the methods of the examples in the specification, section 7.
func addSpecMethods(to jacinth.Registrar) {
	type operands struct {
		Minuend    int `json:"minuend"`
		Subtrahend int `json:"subtrahend"`
	}
	jacinth.Public(to, "subtract", func(_ context.Context, p operands) (int, error) {
		return p.Minuend - p.Subtrahend, nil
	})
	total := func(_ context.Context, numbers []int) (int, error) {
		total := 0
		for _, n := range numbers {
			total += n
		}
		return total, nil
	}
	jacinth.Public(to, "sum", total)
	jacinth.Public(to, "notify_sum", total)
	ignore := func(context.Context, []int) (jacinth.None, error) { return jacinth.None{}, nil }
	jacinth.Public(to, "update", ignore)
	jacinth.Public(to, "notify_hello", ignore)
	jacinth.Public(to, "get_data", func(context.Context, jacinth.None) ([]any, error) {
		return []any{"hello", 5}, nil
	})
}

// search has each way in which a field can be optional.
type search struct {
	Query string   `json:"query"`
	Order string   `json:"order" default:"newest"`
	Limit int      `json:"limit" default:"20"`
	After *string  `json:"after"`
	Tags  []string `json:"tags,omitempty"`
	Exact bool     `json:"exact,omitzero"`
}

type homeAddress struct {
	Street string `json:"street"`
	Zip    *int   `json:"zip"`
}

type customer struct {
	Name    string      `json:"name"`
	Home    homeAddress `json:"home"`
	Numbers []int64     `json:"numbers"`
	Born    time.Time   `json:"born,omitzero"`
}

// The params of methods with one of them.
type (
	number[T any] struct {
		N T `json:"n"`
	}
	textual struct {
		Text string `json:"text"`
	}
	encoded struct {
		Value json.RawMessage `json:"value"`
	}
	sized struct {
		Bytes int `json:"bytes"`
	}
)

// addParamsMethods adds methods whose results show how their params were understood.
func addParamsMethods(to jacinth.Registrar) {
	jacinth.Public(to, "none", func(context.Context, jacinth.None) (string, error) { return "called", nil })
	jacinth.Public(to, "search", func(_ context.Context, p search) (search, error) { return p, nil })
	jacinth.Public(to, "customer", func(_ context.Context, p customer) (customer, error) { return p, nil })
	jacinth.Public(to, "integer", func(_ context.Context, p number[int64]) (int64, error) { return p.N, nil })
	jacinth.Public(to, "byte", func(_ context.Context, p number[uint8]) (uint8, error) { return p.N, nil })
	jacinth.Public(to, "float", func(_ context.Context, p number[float64]) (float64, error) { return p.N, nil })
	jacinth.Public(to, "text", func(_ context.Context, p textual) (string, error) { return p.Text, nil })
	jacinth.Public(to, "point", func(_ context.Context, p [2]float64) ([2]float64, error) { return p, nil })
	jacinth.Public(to, "free", func(_ context.Context, p map[string]int) (map[string]int, error) { return p, nil })
	jacinth.Public(to, "raw", func(_ context.Context, p encoded) (json.RawMessage, error) { return p.Value, nil })
	to.Add(jacinth.Method{Name: "by_hand", Handler: func(_ context.Context, req *jacinth.Request) (any, error) {
		return map[string]json.RawMessage{"got": req.Params()}, nil
	}})
}

// addResultMethods adds methods whose results are odd.
func addResultMethods(to jacinth.Registrar) {
	jacinth.Public(to, "nothing", func(context.Context, jacinth.None) (jacinth.None, error) { return jacinth.None{}, nil })
	jacinth.Public(to, "pointer", func(context.Context, jacinth.None) (*int, error) { return nil, nil })
	jacinth.Public(to, "any", func(context.Context, jacinth.None) (any, error) { return nil, nil })
	jacinth.Public(to, "slice", func(context.Context, jacinth.None) ([]string, error) { return nil, nil })
	jacinth.Public(to, "map", func(context.Context, jacinth.None) (map[string]int, error) { return nil, nil })
	jacinth.Public(to, "bad_text", func(context.Context, jacinth.None) (string, error) { return "a\xffb", nil })
	jacinth.Public(to, "big", func(_ context.Context, p sized) (string, error) { return strings.Repeat("x", p.Bytes), nil })
	type node struct {
		Next *node `json:"next"`
	}
	jacinth.Public(to, "endless", func(context.Context, jacinth.None) (*node, error) {
		n := &node{}
		n.Next = n
		return n, nil
	})
	jacinth.Public(to, "channel", func(context.Context, jacinth.None) (any, error) { return make(chan int), nil })
	jacinth.Public(to, "panicking", func(context.Context, jacinth.None) (panickingValue, error) { return panickingValue{}, nil })
}

// panickingValue panics when it is encoded.
type panickingValue struct{}

func (panickingValue) MarshalJSON() ([]byte, error) { panic("no JSON of me") }

// addFailingMethods adds a method for each way to fail.
func addFailingMethods(to jacinth.Registrar) {
	fail := func(name jacinth.Name[jacinth.None, int], err error) {
		jacinth.Public(to, name, func(context.Context, jacinth.None) (int, error) { return 42, err })
	}
	fail("own", &jacinth.Error{Code: 7, Message: "Out of stock", Data: map[string]any{"left": 0}, Cause: errors.New("secret cause")})
	fail("without_message", &jacinth.Error{Code: jacinth.InvalidParams})
	fail("without_code", &jacinth.Error{Message: "something went wrong"})
	fail("bare_code", jacinth.Code(-5))
	fail("wrapped", fmt.Errorf("secret wrapping: %w", jacinth.Errorf(8, "Sold %d too many", 3)))
	fail("plain", errors.New("secret connection string"))
	fail("bad_data", &jacinth.Error{Code: 9, Message: "Data that JSON has no form for", Data: make(chan int)})
	fail("panicking_data", &jacinth.Error{Code: 11, Message: "Data that panics", Data: panickingValue{}})
	fail("odd_message", &jacinth.Error{Code: 10, Message: "quote \" newline \n byte \xff"})
	jacinth.Public(to, "panic", func(context.Context, jacinth.None) (int, error) { panic("secret panic") })
	jacinth.Public(to, "abort", func(context.Context, jacinth.None) (int, error) { panic(http.ErrAbortHandler) })
	jacinth.Public(to, "nil_pointer", func(context.Context, jacinth.None) (int, error) {
		return nobody.Next.Next.Next.depth, nil
	})
}

// link is one of a chain that leads nowhere.
type link struct {
	Next  *link
	depth int
}

var nobody link

// addPrivateMethods adds methods that want a token.
func addPrivateMethods(to jacinth.Registrar) {
	type person struct {
		Name string `json:"name"`
	}
	jacinth.Private(to, "private.greet", func(_ context.Context, p person) (string, error) { return "Hello " + p.Name, nil })
	jacinth.Private(to, "private.whoami", func(ctx context.Context, _ jacinth.None) (string, error) {
		return jacinth.RequestFrom(ctx).Caller.Name, nil
	})
	jacinth.Private(to, "private.panic", func(context.Context, jacinth.None) (int, error) { panic("secret panic") })
}
