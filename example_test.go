package jacinth_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// show prints what a service answers to one call.
func show(svc *jacinth.Service, method, params string) {
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params)
	fmt.Printf("%s\n", svc.Dispatch(context.Background(), jacinth.Peer{}, []byte(body), nil))
}

// A service is a name and some functions.
func Example() {
	type Person struct {
		Name string `json:"name"`
	}
	svc := jacinth.New(quiet("hello"))
	jacinth.Public(svc, "say_hello", func(_ context.Context, p Person) (string, error) {
		return "Hello " + p.Name, nil
	})

	show(svc, "say_hello", `{"name":"Ada"}`) // by name
	show(svc, "say_hello", `["Ada"]`)        // by position
	show(svc, "say_hello", `{"nme":7}`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":"Hello Ada"}
	// {"jsonrpc":"2.0","id":1,"result":"Hello Ada"}
	// {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Invalid params","data":{"faults":[{"path":"/nme","rule":"unknown"},{"path":"/name","rule":"required","expected":"string"}]}}}
}

// A private method runs only for callers that Config.Authorize accepts.
func ExamplePrivate() {
	config := quiet("vault")
	config.Authorize = jacinth.Tokens("a-token-from-the-environment")
	svc := jacinth.New(config)
	jacinth.Private(svc, "open", func(context.Context, jacinth.None) (string, error) {
		return "gold", nil
	})

	for _, token := range []string{"", "a-token-from-the-environment"} {
		request := httptest.NewRequest(http.MethodPost, "/api", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"open"}`))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("X-Api-Token", token)
		reply := httptest.NewRecorder()
		svc.ServeHTTP(reply, request)
		fmt.Println(reply.Body)
	}
	// Output:
	// {"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"Access denied"}}
	// {"jsonrpc":"2.0","id":1,"result":"gold"}
}

// An Error is for the caller. Any other error is for the log, and its caller gets an id to ask for it.
func ExampleError() {
	const notFound jacinth.Code = 404
	type Key struct {
		Key string `json:"key"`
	}
	svc := jacinth.New(quiet("store"))
	jacinth.Public(svc, "get", func(_ context.Context, p Key) (string, error) {
		if p.Key == "broken" {
			return "", errors.New("dial tcp 10.0.0.7:5432: connection refused")
		}
		return "", jacinth.Errorf(notFound, "there is no %q", p.Key)
	}, jacinth.Errors(&jacinth.Error{Code: notFound, Message: "there is no such key"}))

	show(svc, "get", `{"key":"blue"}`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"error":{"code":404,"message":"there is no \"blue\""}}
}

// A field is required unless it is a pointer, may be omitted, or has a default.
func ExamplePublic_params() {
	type Search struct {
		Text  string  `json:"text"`
		Limit int     `json:"limit" default:"10"`
		After *string `json:"after"`
	}
	svc := jacinth.New(quiet("search"))
	jacinth.Public(svc, "find", func(_ context.Context, p Search) (string, error) {
		return fmt.Sprintf("%d results for %s", p.Limit, p.Text), nil
	})
	jacinth.Public(svc, "sum", func(_ context.Context, numbers []float64) (float64, error) {
		total := 0.0
		for _, n := range numbers {
			total += n
		}
		return total, nil
	})

	show(svc, "find", `{"text":"jacinth"}`)
	show(svc, "find", `["jacinth",3]`)
	show(svc, "sum", `[1,2,3.5]`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":"10 results for jacinth"}
	// {"jsonrpc":"2.0","id":1,"result":"3 results for jacinth"}
	// {"jsonrpc":"2.0","id":1,"result":6.5}
}

// A module is a function that takes a Registrar; a Group gives its methods a prefix and middleware of their own.
func ExampleGroup() {
	type Pair struct {
		A int `json:"a"`
		B int `json:"b"`
	}
	arithmetic := func(to jacinth.Registrar) {
		jacinth.Public(to, "add", func(_ context.Context, p Pair) (int, error) { return p.A + p.B, nil })
		jacinth.Public(to, "mul", func(_ context.Context, p Pair) (int, error) { return p.A * p.B, nil })
	}
	svc := jacinth.New(quiet("calculator"))
	arithmetic(svc.Group("math"))

	show(svc, "math.mul", `[6,7]`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":42}
}

// A Middleware sees every call that is about to run.
func ExampleService_Use() {
	timing := func(next jacinth.Handler) jacinth.Handler {
		return func(ctx context.Context, req *jacinth.Request) (any, error) {
			start := time.Now()
			result, err := next(ctx, req)
			log.Printf("%s took %v", req.Method.Name, time.Since(start))
			return result, err
		}
	}
	svc := jacinth.New(quiet("timed"))
	svc.Use(timing)
}

// A service serves other things beside its methods, and runs tasks beside them.
func ExampleService_Handle() {
	svc := jacinth.New(quiet("shop"))
	svc.Handle("GET /version", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "1.2.3")
	}))
	svc.Every(time.Hour, func(ctx context.Context) error {
		return nil // tidy up
	})
	reply := httptest.NewRecorder()
	svc.ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/version", http.NoBody))
	fmt.Println(reply.Body)
	// Output:
	// 1.2.3
}
