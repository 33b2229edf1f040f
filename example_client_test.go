package jacinth_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// These would be in a package of their own, say calcapi, which the service and its callers import.
type (
	AddParams struct {
		A float64 `json:"a"`
		B float64 `json:"b"`
	}
	WaitParams struct {
		Millis int `json:"millis"`
	}
)

const (
	Add  jacinth.Name[AddParams, float64] = "math.add"
	Wait jacinth.Name[WaitParams, int]    = "wait"
)

// calculator starts a service for an example.
func calculator() *httptest.Server {
	svc := jacinth.New(quiet("calc"))
	jacinth.Public(svc, Add, func(_ context.Context, p AddParams) (float64, error) { return p.A + p.B, nil }, jacinth.ReadOnly())
	jacinth.Public(svc, Wait, func(ctx context.Context, p WaitParams) (int, error) {
		select {
		case <-time.After(time.Duration(p.Millis) * time.Millisecond):
			return p.Millis, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	})
	return httptest.NewServer(svc)
}

// A client is the address of a service. A constant that the service registers is called by the same name, and the
// compiler holds both sides to its params and its result.
func ExampleClient() {
	server := calculator()
	defer server.Close()

	calc := &jacinth.Client{URL: server.URL + "/api"}
	sum, err := Add.Call(context.Background(), calc, AddParams{A: 1, B: 2})
	fmt.Println(sum, err)
	// Output: 3 <nil>
}

// Without a constant, methods are called by their names, with params by name or by position.
func ExampleClient_Call() {
	server := calculator()
	defer server.Close()
	calc := &jacinth.Client{URL: server.URL + "/api"}

	var sum float64
	err := calc.Call(context.Background(), "math.add", map[string]any{"a": 1, "b": 2}, &sum)
	fmt.Println(sum, err)
	err = calc.Call(context.Background(), "math.add", jacinth.Positional{3, 4}, &sum)
	fmt.Println(sum, err)
	// Output:
	// 3 <nil>
	// 7 <nil>
}

// An error that a service answers with is told apart by its code. All others are one of three: the call was not sent,
// it was not answered, or the answer is none.
func ExampleClient_Call_errors() {
	server, gone := calculator(), calculator()
	gone.Close()
	defer server.Close()
	calc := &jacinth.Client{URL: server.URL + "/api"}

	err := calc.Call(context.Background(), "math.add", jacinth.Positional{"one"}, nil)
	if errors.Is(err, jacinth.InvalidParams) {
		fmt.Println(err)
	}
	if failure, ok := errors.AsType[*jacinth.Error](err); ok {
		var data struct {
			Faults []struct {
				Path string `json:"path"`
			} `json:"faults"`
		}
		if failure.DecodeData(&data) == nil {
			fmt.Println(failure.Message, "for", len(data.Faults), "reasons")
		}
	}

	_, err = Add.Call(context.Background(), &jacinth.Client{URL: gone.URL + "/api"}, AddParams{A: 1, B: 2})
	fmt.Println(errors.Is(err, jacinth.ErrNotSent))
	// Output:
	// math.add: Invalid params (-32602)
	// Invalid params for 2 reasons
	// true
}

// A program that needs certain methods finds out when it starts whether they are there. From then on the client also
// keeps to the limits of the service, and repeats calls of methods that the service calls read-only or idempotent.
func ExampleClient_Require() {
	server := calculator()
	defer server.Close()
	calc := &jacinth.Client{URL: server.URL + "/api"}

	fmt.Println(calc.Require(context.Background(), string(Add), string(Wait)))
	err := calc.Require(context.Background(), "math.divide")
	fmt.Println(errors.Is(err, jacinth.MethodNotFound))
	// Output:
	// <nil>
	// true
}

// A token that changes while the program runs comes from a function.
func ExampleClient_tokenSource() {
	config := quiet("vault")
	config.Authorize = jacinth.Tokens("the-token-of-this-week", "the-token-of-next-week")
	svc := jacinth.New(config)
	jacinth.Private(svc, "open", func(ctx context.Context, _ jacinth.None) (string, error) {
		return jacinth.CallerFrom(ctx).Name, nil
	})
	server := httptest.NewServer(svc)
	defer server.Close()

	current := "the-token-of-this-week"
	vault := &jacinth.Client{URL: server.URL + "/api", TokenSource: func(context.Context) (string, error) {
		return current, nil // from a file, or from a service that hands out tokens
	}}
	var name string
	err := vault.Call(context.Background(), "open", nil, &name)
	fmt.Println(name, err)
	current = "the-token-of-next-week"
	err = vault.Call(context.Background(), "open", nil, &name)
	fmt.Println(name, err)
	// Output:
	// token 1 <nil>
	// token 2 <nil>
}

// Middleware of a client has the shape of a service's, and sees every call from the outside: with its retries.
func ExampleClient_middleware() {
	server := calculator()
	defer server.Close()

	count := func(next jacinth.Handler) jacinth.Handler {
		return func(ctx context.Context, req *jacinth.Request) (any, error) {
			result, err := next(ctx, req)
			fmt.Printf("called %s: %d\n", req.Method.Name, jacinth.CodeOf(err))
			return result, err
		}
	}
	calc := &jacinth.Client{URL: server.URL + "/api", Middleware: []jacinth.Middleware{count}}
	_, _ = Add.Call(context.Background(), calc, AddParams{A: 1, B: 2})
	_ = calc.Call(context.Background(), "math.divide", nil, nil)
	// Output:
	// called math.add: 0
	// called math.divide: -32601
}

// A call that may be repeated when no answer came says so, unless the service has said it already: see Require.
func ExampleIdempotent() {
	fails := 2
	calls := 0
	svc := jacinth.New(quiet("shelf"))
	jacinth.Public(svc, "put", func(context.Context, jacinth.None) (string, error) { return "done", nil })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls <= fails {
			w.WriteHeader(http.StatusBadGateway) // something in between is ill
			return
		}
		svc.ServeHTTP(w, r)
	}))
	defer server.Close()

	shelf := &jacinth.Client{URL: server.URL + "/api"}
	var answer string
	err := shelf.Call(context.Background(), "put", nil, &answer, jacinth.Idempotent(), jacinth.Timeout(5*time.Second))
	fmt.Println(answer, err, calls)
	// Output: done <nil> 3
}

// The calls of a batch go in one request. Each has its own result or error.
func ExampleClient_Batch() {
	server := calculator()
	defer server.Close()
	calc := &jacinth.Client{URL: server.URL + "/api"}

	batch := calc.Batch()
	three := Add.Queue(batch, AddParams{A: 1, B: 2})
	seven := Add.Queue(batch, AddParams{A: 3, B: 4})
	wrong := batch.Call("math.divide", nil)
	batch.Notify("wait", WaitParams{Millis: 1})
	if err := batch.Send(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println(three.Result())
	fmt.Println(seven.Result())
	_, err := wrong.Result()
	fmt.Println(err)
	// Output:
	// 3 <nil>
	// 7 <nil>
	// math.divide: Method not found (-32601)
}

// Go starts a call and does not wait for it.
func ExampleName_Go() {
	server := calculator()
	defer server.Close()
	calc := &jacinth.Client{URL: server.URL + "/api"}

	slow := Wait.Go(context.Background(), calc, WaitParams{Millis: 20})
	quick, err := Add.Call(context.Background(), calc, AddParams{A: 1, B: 2})
	fmt.Println(quick, err)
	waited, err := slow.Result()
	fmt.Println(waited, err)
	// Output:
	// 3 <nil>
	// 20 <nil>
}

// Results are taken as they come, whatever the order of the calls.
func ExampleAsCompleted() {
	server := calculator()
	defer server.Close()
	calc := &jacinth.Client{URL: server.URL + "/api"}

	slow := Wait.Go(context.Background(), calc, WaitParams{Millis: 250})
	quick := Wait.Go(context.Background(), calc, WaitParams{Millis: 1})
	for i, call := range jacinth.AsCompleted(slow, quick) {
		waited, err := call.Result()
		fmt.Println(i, waited, err)
	}
	// Output:
	// 1 1 <nil>
	// 0 250 <nil>
}

// Of several services that can answer, the quickest does, and the others are told that nobody waits any more.
func ExampleFirstCompleted() {
	near, far := calculator(), calculator()
	defer near.Close()
	defer far.Close()

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	answer, err := jacinth.FirstCompleted(
		Wait.Go(ctx, &jacinth.Client{URL: far.URL + "/api"}, WaitParams{Millis: 5000}),
		Wait.Go(ctx, &jacinth.Client{URL: near.URL + "/api"}, WaitParams{Millis: 1}))
	fmt.Println(answer, err)
	// Output: 1 <nil>
}

// Many goroutines that call the same service at the same time share its requests, when the client may: while some
// are under way, further calls wait for one to return and then go together.
func ExampleClient_coalesce() {
	server := calculator()
	defer server.Close()

	calc := &jacinth.Client{URL: server.URL + "/api", Coalesce: 2}
	var goroutines sync.WaitGroup
	var mu sync.Mutex
	total := 0.0
	for i := range 100 {
		goroutines.Go(func() {
			sum, err := Add.Call(context.Background(), calc, AddParams{A: float64(i), B: 1})
			if err != nil {
				fmt.Println(err)
			}
			mu.Lock()
			total += sum
			mu.Unlock()
		})
	}
	goroutines.Wait()
	fmt.Println(total)
	// Output: 5050
}

// A header for one call is in its context.
func ExampleWithHeader() {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("X-Tenant"))
	}))
	defer server.Close()
	calc := &jacinth.Client{URL: server.URL, Header: http.Header{"X-Tenant": {"everybody"}}}

	_ = calc.Notify(context.Background(), "log", nil)
	_ = calc.Notify(jacinth.WithHeader(context.Background(), "X-Tenant", "acme"), "log", nil)
	// Output:
	// everybody
	// acme
}

// An authority of one's own, or a certificate for this program, goes into a transport that is otherwise that of every
// client.
func ExampleNewTransport() {
	svc := jacinth.New(quiet("calc"))
	jacinth.Public(svc, Add, func(_ context.Context, p AddParams) (float64, error) { return p.A + p.B, nil })
	server := httptest.NewTLSServer(svc)
	defer server.Close()
	authorities := x509.NewCertPool()
	authorities.AddCert(server.Certificate())

	transport := jacinth.NewTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS13}
	calc := &jacinth.Client{URL: server.URL + "/api", Transport: transport}
	sum, err := Add.Call(context.Background(), calc, AddParams{A: 1, B: 2})
	fmt.Println(sum, err)
	// Output: 3 <nil>
}
