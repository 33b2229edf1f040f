package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The functions that every peer serves. They do next to nothing, so that what is measured is the way to them.

// SumParams and the types below are exported because gorilla/rpc insists on it.
type SumParams struct {
	A int `json:"a"`
	B int `json:"b"`
}

func sum(_ context.Context, p SumParams) (int, error) { return p.A + p.B, nil }

// nap is how long a slow call takes.
const nap = 5 * time.Millisecond

// slow is sum for the one call in a hundred that takes its time.
func slow(ctx context.Context, p SumParams) (int, error) {
	timer := time.NewTimer(nap)
	defer timer.Stop()
	select {
	case <-timer.C:
		return p.A + p.B, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Record is about 1 KiB of JSON, with a bit of everything.
type Record struct {
	ID      int64             `json:"id"`
	Name    string            `json:"name"`
	Email   string            `json:"email"`
	Active  bool              `json:"active"`
	Balance float64           `json:"balance"`
	Tags    []string          `json:"tags"`
	Scores  []float64         `json:"scores"`
	Labels  map[string]string `json:"labels"`
	Address address           `json:"address"`
	History []event           `json:"history"`
	Comment string            `json:"comment"`
	Manager *string           `json:"manager"`
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

func echo(_ context.Context, r Record) (Record, error) { return r, nil }

func sampleRecord() Record {
	manager := "Charles Babbage"
	r := Record{
		ID: 9007199254740991, Name: "Ada Lovelace", Email: "ada@example.com", Active: true, Balance: 1234.5678,
		Tags: []string{"mathematician", "writer", "countess"}, Scores: []float64{0.25, 1.5, 99.125, 7},
		Labels:  map[string]string{"region": "eu-west", "team": "engines", "tier": "gold"},
		Address: address{Street: "12 St James's Square", City: "London", Zip: "SW1Y 4JH", Country: "GB"},
		Comment: strings.Repeat("The Analytical Engine weaves algebraic patterns. ", 6), Manager: &manager,
	}
	for i := range 5 {
		r.History = append(r.History, event{At: 1700000000 + int64(i), Kind: "login", Detail: "from 10.0.0." + strconv.Itoa(i)})
	}
	return r
}

// Node is a tree; sampleTree is about 64 KiB of it in JSON.
type Node struct {
	Name     string  `json:"name"`
	Weight   float64 `json:"weight"`
	Visible  bool    `json:"visible"`
	Children []Node  `json:"children"`
}

// count returns how many nodes a tree has, so that the reply is short and params are what is measured.
func count(_ context.Context, n Node) (int, error) { return n.size(), nil }

func (n *Node) size() int {
	total := 1
	for i := range n.Children {
		total += n.Children[i].size()
	}
	return total
}

func sampleTree() Node { return tree("root", 4) }

// tree grows five branches a level.
func tree(name string, depth int) Node {
	n := Node{Name: name, Weight: float64(len(name)) + 0.5, Visible: depth%2 == 0, Children: []Node{}}
	if depth > 0 {
		for i := range 5 {
			n.Children = append(n.Children, tree(name+"/"+strconv.Itoa(i), depth-1))
		}
	}
	return n
}

// workload is one row of the comparison of servers.
type workload struct {
	name   string
	about  string
	method string // of sum, echo and count
	params any
	result any // what a reply decodes to
	items  int // calls in one request; more than 1 is a batch
}

const batchItems = 100

func workloads() []workload {
	tree := sampleTree()
	return []workload{
		{"sum", "two integers in, one out", "sum", SumParams{A: 300, B: 400}, 700, 1},
		{"echo", "a struct of 1 KiB there and back", "echo", sampleRecord(), sampleRecord(), 1},
		{"batch", "100 sums in one request", "sum", SumParams{A: 300, B: 400}, 700, batchItems},
		{"nested", "64 KiB of nested params, a number back", "count", tree, tree.size(), 1},
	}
}

// jsonRPC writes the requests of w as JSON-RPC 2.0 with params by name.
func (w *workload) jsonRPC(method string) []byte { return w.requests(method, mustMarshal(w.params)) }

func (w *workload) requests(method string, params []byte) []byte {
	if w.items == 1 {
		return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":0,"method":%q,"params":%s}`, method, params)
	}
	body := []byte("[")
	for id := range w.items {
		if id > 0 {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, id, method, params)
	}
	return append(body, ']')
}

// replies is what the floor answers.
func (w *workload) replies() []byte {
	result := mustMarshal(w.result)
	one := func(id int) []byte { return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,"result":%s}`, id, result) }
	if w.items == 1 {
		return one(0)
	}
	all := make([][]byte, w.items)
	for id := range all {
		all[id] = one(id)
	}
	return slices.Concat([]byte("["), bytes.Join(all, []byte(",")), []byte("]"))
}

// check decodes a reply and compares it with what is right. bare replies have no JSON-RPC around the result.
func (w *workload) check(body []byte, bare bool) error {
	if bare {
		return w.checkResult(body)
	}
	type reply struct {
		ID     int             `json:"id"`
		Result json.RawMessage `json:"result"`
		Error  json.RawMessage `json:"error"`
	}
	replies := make([]reply, 1)
	into := any(&replies[0])
	if w.items > 1 {
		into = &replies
	}
	if err := json.Unmarshal(body, into); err != nil {
		return err
	}
	if len(replies) != w.items {
		return fmt.Errorf("%d replies to %d calls", len(replies), w.items)
	}
	for i, r := range replies {
		if r.ID != i {
			return fmt.Errorf("reply %d is to call %d", i, r.ID)
		}
		if err := w.checkResult(r.Result); err != nil {
			return fmt.Errorf("%w: error %s", err, r.Error)
		}
	}
	return nil
}

var errWrongResult = errors.New("the result is wrong")

func (w *workload) checkResult(raw []byte) error {
	into := reflect.New(reflect.TypeOf(w.result))
	if err := json.Unmarshal(raw, into.Interface()); err != nil {
		return err
	}
	if got := into.Elem().Interface(); !reflect.DeepEqual(got, w.result) {
		return fmt.Errorf("%w: %.200v", errWrongResult, got)
	}
	return nil
}

// mustMarshal is for the samples of this file, which can be encoded.
func mustMarshal(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}
