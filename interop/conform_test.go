package interop_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/creachadair/jrpc2/handler"
	"github.com/creachadair/jrpc2/jhttp"
	gorilla "github.com/gorilla/rpc/v2"
	"github.com/gorilla/rpc/v2/json2"

	"github.com/jacinth-rpc/jacinth/conform"
)

// wantFailures checks that a server which nobody here wrote fails in the ways that are known of it, and not in those
// that are known to be right.
func wantFailures(t *testing.T, report *conform.Report, wrong, right []string) {
	t.Helper()
	t.Logf("of what MUST be: %+v", report.Of(conform.Must))
	var names []string
	for _, result := range report.Results {
		if result.Outcome == conform.Failed {
			names = append(names, result.Name)
		}
	}
	for _, name := range wrong {
		if !slices.Contains(names, name) {
			t.Errorf("%q did not fail, although it is known to be wrong there", name)
		}
	}
	for _, name := range right {
		if slices.Contains(names, name) {
			t.Errorf("%q failed, although it is known to be right there", name)
		}
	}
	if report.Conforms() {
		t.Error("the server conforms, although it is known not to")
	}
}

// checkConformance runs the cases against a handler.
func checkConformance(t *testing.T, handler http.Handler) *conform.Report {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	report, err := conform.Run(t.Context(), conform.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestConform_findsDeviationsOfJRPC2 checks the HTTP bridge of github.com/creachadair/jrpc2.
func TestConform_findsDeviationsOfJRPC2(t *testing.T) {
	bridge := jhttp.NewBridge(handler.Map{
		"subtract":     handler.NewPos(func(_ context.Context, minuend, subtrahend int) int { return minuend - subtrahend }, "minuend", "subtrahend"),
		"sum":          handler.New(addAll),
		"notify_sum":   handler.New(addAll),
		"update":       handler.New(func(context.Context, []int) error { return nil }),
		"notify_hello": handler.New(func(context.Context, []int) error { return nil }),
		"get_data":     handler.New(func(context.Context) []any { return []any{"hello", 5} }),
	}, nil)
	defer func() {
		if err := bridge.Close(); err != nil {
			t.Error(err)
		}
	}()
	wantFailures(t, checkConformance(t, bridge),
		[]string{
			"rpc call with an empty Array", // 204 and nothing
			"rpc call with invalid JSON",   // a text
			"rpc call with an invalid Batch (but not empty)",
			"id: null is a call",
			"members beside those of the specification",
			"the status of a parse error",
		},
		[]string{
			"rpc call with positional parameters", "rpc call with named parameters", "a Notification",
			"rpc call Batch (all notifications)", "id: a Number beyond the integers of a double", "with a charset", "text/plain",
		})
}

func addAll(_ context.Context, numbers []int) int {
	total := 0
	for _, number := range numbers {
		total += number
	}
	return total
}

// specification is a service for github.com/gorilla/rpc.
type specification struct{}

// Operands are the params of subtract; the library wants an exported type.
type Operands struct {
	Minuend    int `json:"minuend"`
	Subtrahend int `json:"subtrahend"`
}

func (specification) Subtract(_ *http.Request, p *Operands, result *int) error {
	*result = p.Minuend - p.Subtrahend
	return nil
}

// dotted gives methods the names that the library can find.
type dotted struct{ gorilla.Codec }

func (d dotted) NewRequest(r *http.Request) gorilla.CodecRequest {
	return dottedRequest{d.Codec.NewRequest(r)}
}

type dottedRequest struct{ gorilla.CodecRequest }

func (r dottedRequest) Method() (string, error) {
	name, err := r.CodecRequest.Method()
	if name == "subtract" {
		name = "specification.Subtract"
	}
	return name, err
}

// TestConform_findsDeviationsOfGorilla checks github.com/gorilla/rpc with its codec json2.
func TestConform_findsDeviationsOfGorilla(t *testing.T) {
	server := gorilla.NewServer()
	server.RegisterCodec(dotted{json2.NewCodec()}, "application/json")
	if err := server.RegisterService(specification{}, "specification"); err != nil {
		t.Fatal(err)
	}
	wantFailures(t, checkConformance(t, server),
		[]string{
			"rpc call of non-existent method", // -32000
			"rpc call with an empty Array",
			"rpc call with invalid Request object",
			"Method is not method",
			"names in another case",
			"params of a wrong type", // -32600
			"one call",               // no batches
			"without a Content-Type",
		},
		[]string{"rpc call with named parameters", "a Notification", "rpc call with invalid JSON"})
}
