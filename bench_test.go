package jacinth_test

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
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

type sumParams struct {
	A int `json:"a"`
	B int `json:"b"`
}

func sum(_ context.Context, p sumParams) (int, error) { return p.A + p.B, nil }

// record is about 1 KiB of JSON, with a bit of everything.
type record struct {
	ID       int64             `json:"id"`
	Name     string            `json:"name"`
	Email    string            `json:"email"`
	Active   bool              `json:"active"`
	Balance  float64           `json:"balance"`
	Tags     []string          `json:"tags"`
	Scores   []float64         `json:"scores"`
	Labels   map[string]string `json:"labels"`
	Address  address           `json:"address"`
	History  []event           `json:"history"`
	Comment  string            `json:"comment"`
	Referrer *string           `json:"referrer"`
}

type address struct {
	Street  string `json:"street"`
	City    string `json:"city"`
	Zip     string `json:"zip"`
	Country string `json:"country"`
}

type event struct {
	At     int64  `json:"at"`
	Kind   string `json:"kind"`
	Detail string `json:"detail"`
}

func echo(_ context.Context, r record) (record, error) { return r, nil }

func sample() record {
	r := record{
		ID: 9007199254740993, Name: "Ada Lovelace", Email: "ada@example.com", Active: true, Balance: 1234.5678,
		Tags: []string{"mathematician", "writer", "countess"}, Scores: []float64{0.25, 1.5, 99.125, 7},
		Labels:  map[string]string{"team": "engines", "tier": "gold", "region": "eu-west"},
		Address: address{Street: "12 St James's Square", City: "London", Zip: "SW1Y 4JH", Country: "GB"},
		Comment: strings.Repeat("The Analytical Engine weaves algebraic patterns. ", 6),
	}
	for i := range 5 {
		r.History = append(r.History, event{At: 1700000000 + int64(i), Kind: "login", Detail: "from 10.0.0." + strconv.Itoa(i)})
	}
	return r
}

const sumCall = `{"jsonrpc":"2.0","id":1,"method":"sum","params":{"a":300,"b":400}}`

func echoCall(tb testing.TB) string {
	params, err := json.Marshal(sample())
	if err != nil {
		tb.Fatal(err)
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"echo","params":%s}`, params)
}

func batchCall() string {
	return "[" + strings.Repeat(sumCall+",", 99) + sumCall + "]"
}

func benchService() *jacinth.Service {
	svc := jacinth.New(jacinth.Config{Name: "bench", Logger: slog.New(slog.DiscardHandler)})
	jacinth.Public(svc, "sum", sum)
	jacinth.Public(svc, "echo", echo)
	return svc
}

// poster sends the same request to a handler again and again, at almost no cost of its own.
type poster struct {
	request *http.Request
	body    *bytes.Reader
	text    string
	header  http.Header
	status  int
	written int
}

func newPoster(body string) *poster {
	p := &poster{body: bytes.NewReader(nil), text: body, header: http.Header{}}
	p.request = httptest.NewRequest(http.MethodPost, "/api", http.NoBody)
	p.request.Header.Set("Content-Type", "application/json")
	p.request.ContentLength = int64(len(body))
	// As a server has it, so that the checks of where a request comes from have their work.
	p.request.Host = "127.0.0.1:8000"
	local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8000}
	p.request = p.request.WithContext(context.WithValue(p.request.Context(), http.LocalAddrContextKey, local))
	p.request.Body = io.NopCloser(p.body)
	return p
}

func (p *poster) Header() http.Header         { return p.header }
func (p *poster) WriteHeader(status int)      { p.status = status }
func (p *poster) Write(b []byte) (int, error) { p.written += len(b); return len(b), nil }

func (p *poster) post(h http.Handler) {
	p.body.Reset([]byte(p.text))
	clear(p.header)
	p.written = 0
	h.ServeHTTP(p, p.request)
}

// bare reads the body and writes fixed bytes: what net/http itself costs a handler.
func bare(reply string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, reply)
	})
}

// byHand answers one method with encoding/json and nothing else: no checks, no limits, no other methods.
func byHand[P, R any](fn func(context.Context, P) (R, error)) http.Handler {
	type call struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Method  string          `json:"method"`
		Params  P               `json:"params"`
	}
	type reply struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Result  R               `json:"result"`
	}
	answer := func(ctx context.Context, c *call) reply {
		result, err := fn(ctx, c.Params)
		if err != nil {
			panic(err)
		}
		return reply{JSONRPC: "2.0", ID: c.ID, Result: result}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		w.Header().Set("Content-Type", "application/json")
		var out any
		if body[0] == '[' {
			var calls []call
			if err := json.Unmarshal(body, &calls); err != nil {
				panic(err)
			}
			replies := make([]reply, 0, len(calls))
			for i := range calls {
				replies = append(replies, answer(r.Context(), &calls[i]))
			}
			out = replies
		} else {
			var c call
			if err := json.Unmarshal(body, &c); err != nil {
				panic(err)
			}
			out = answer(r.Context(), &c)
		}
		if err := json.NewEncoder(w).Encode(out); err != nil {
			panic(err)
		}
	})
}

func BenchmarkServeHTTP(b *testing.B) {
	for _, work := range []struct {
		name, body string
		byHand     http.Handler
	}{
		{"sum", sumCall, byHand(sum)},
		{"echo", echoCall(b), byHand(echo)},
		{"batch100", batchCall(), byHand(sum)},
	} {
		for _, way := range []struct {
			name    string
			handler http.Handler
		}{
			{"jacinth", benchService()},
			{"bare", bare(`{"jsonrpc":"2.0","id":1,"result":700}`)},
			{"by-hand", work.byHand},
		} {
			b.Run(work.name+"/"+way.name, func(b *testing.B) {
				p := newPoster(work.body)
				b.ReportAllocs()
				for b.Loop() {
					p.post(way.handler)
				}
				if p.written == 0 {
					b.Fatal("nothing was answered")
				}
			})
		}
	}
}

// naive is how a JSON-RPC dispatcher is written without a second thought: the envelope by encoding/json, the call by
// reflection. It is the yardstick of Dispatch.
type naive map[string]any

func (methods naive) dispatch(ctx context.Context, body []byte) []byte {
	var call struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Method  string          `json:"method"`
		Params  json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(body, &call); err != nil {
		panic(err)
	}
	fn := reflect.ValueOf(methods[call.Method])
	params := reflect.New(fn.Type().In(1))
	if err := json.Unmarshal(call.Params, params.Interface()); err != nil {
		panic(err)
	}
	results := fn.Call([]reflect.Value{reflect.ValueOf(ctx), params.Elem()})
	reply, err := json.Marshal(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Result  any             `json:"result"`
	}{"2.0", call.ID, results[0].Interface()})
	if err != nil {
		panic(err)
	}
	return reply
}

func BenchmarkDispatch(b *testing.B) {
	methods := naive{"sum": sum, "echo": echo}
	for _, work := range []struct{ name, body string }{{"sum", sumCall}, {"echo", echoCall(b)}} {
		b.Run(work.name+"/jacinth", func(b *testing.B) {
			svc, body := benchService(), []byte(work.body)
			var reply []byte
			b.ReportAllocs()
			for b.Loop() {
				reply = svc.Dispatch(b.Context(), jacinth.Peer{}, body, reply[:0])
			}
			if !bytes.Contains(reply, []byte(`"result":`)) {
				b.Fatalf("reply = %s, want a result", reply)
			}
		})
		b.Run(work.name+"/naive", func(b *testing.B) {
			body := []byte(work.body)
			b.ReportAllocs()
			for b.Loop() {
				_ = methods.dispatch(b.Context(), body)
			}
		})
	}
}

// TestDispatch_allocatesLittle holds what the benchmarks show: beside what its values need, a call costs the context of
// the call, and the result on its way through middleware where there is any.
func TestDispatch_allocatesLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates by itself")
	}
	around := benchService()
	around.Use(func(next jacinth.Handler) jacinth.Handler { return next })
	for _, test := range []struct {
		name string
		svc  *jacinth.Service
		most float64
	}{{"alone", benchService(), 1}, {"with middleware", around, 2}} {
		body, reply := []byte(sumCall), make([]byte, 0, 256)
		got := testing.AllocsPerRun(200, func() {
			reply = test.svc.Dispatch(t.Context(), jacinth.Peer{}, body, reply[:0])
		})
		if got > test.most {
			t.Errorf("a call of sum %s allocates %v times, want at most %v", test.name, got, test.most)
		}
	}
}

// TestServeHTTP_allocatesLittle holds the same over HTTP, beside a handler that does nothing but read and write.
func TestServeHTTP_allocatesLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates by itself")
	}
	count := func(h http.Handler) float64 {
		p := newPoster(sumCall)
		return testing.AllocsPerRun(200, func() { p.post(h) })
	}
	floor := count(bare(`{"jsonrpc":"2.0","id":1,"result":700}`))
	if got := count(benchService()); got >= floor {
		t.Errorf("a call over HTTP allocates %v times, want less than the bare handler's %v", got, floor)
	}
}
