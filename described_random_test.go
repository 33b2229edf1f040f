package jacinth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// TestDescription_isThatOfAServiceWithoutTheRest holds that random callers are told of the methods, and the schemas, that
// they would be told of if there were no others.
func TestDescription_isThatOfAServiceWithoutTheRest(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		scopes := map[string]bool{}
		config := quiet("some")
		config.Authorize = func(_ context.Context, req *jacinth.Request) error {
			scope := req.Method.Scope
			if scope == "" {
				scope = req.Method.Name
			}
			if scopes[scope] {
				return nil
			}
			return jacinth.AccessDenied
		}
		whole, part := jacinth.New(config), jacinth.New(config)
		for i := range random.IntN(30) {
			name, scope, private := fmt.Sprintf("g%d.m%d", random.IntN(4), i), "", random.IntN(3) > 0
			if random.IntN(2) == 0 {
				scope = fmt.Sprintf("s%d", random.IntN(5))
			}
			granted := scope
			if granted == "" {
				granted = name
			}
			if _, known := scopes[granted]; !known {
				scopes[granted] = random.IntN(2) == 0
			}
			kind := random.IntN(len(describedKinds))
			describedKinds[kind](whole, name, scope, private)
			if !private || scopes[granted] {
				describedKinds[kind](part, name, scope, private)
			}
		}
		if got, want := resultOf(t, whole, "t", "get_service_specs"), resultOf(t, part, "t", "get_service_specs"); string(got) != string(want) {
			t.Fatalf("seed %d: get_service_specs is\n%s, of a service without the rest\n%s", seed, got, want)
		}
		got, want := documentOf(t, whole), documentOf(t, part)
		if !slices.Equal(got.names(), want.names()) {
			t.Fatalf("seed %d: a document has the methods %v, of a service without the rest %v", seed, got.names(), want.names())
		}
		// A schema has the same name for all callers, so that of a part of the methods can have another.
		reached := map[string]any{}
		got.follow(got.Methods, reached)
		if !maps.Equal(keysOf(reached), keysOf(got.Components.Schemas)) {
			t.Fatalf("seed %d: a document has the schemas %v, and its methods refer to %v", seed, keysOf(got.Components.Schemas), keysOf(reached))
		}
	}
}

// plainDocument is a document without a look at its types.
type plainDocument struct {
	Methods    []any
	Components struct{ Schemas map[string]any }
}

func documentOf(t *testing.T, svc *jacinth.Service) (d plainDocument) {
	t.Helper()
	if err := json.Unmarshal(resultOf(t, svc, "t", "rpc.discover"), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *plainDocument) names() (names []any) {
	for _, method := range d.Methods {
		members, _ := method.(map[string]any)
		names = append(names, members["name"])
	}
	return names
}

// follow collects the schemas that a value refers to.
func (d *plainDocument) follow(value any, reached map[string]any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			d.follow(item, reached)
		}
	case map[string]any:
		for _, item := range value {
			d.follow(item, reached)
		}
		ref, _ := value["$ref"].(string)
		name, is := strings.CutPrefix(ref, "#/components/schemas/")
		if _, known := reached[name]; is && !known {
			reached[name] = nil
			d.follow(d.Components.Schemas[name], reached)
		}
	}
}

func keysOf(m map[string]any) map[string]bool {
	keys := map[string]bool{}
	for key := range m {
		keys[key] = true
	}
	return keys
}

// describedKinds register methods whose types refer to others.
var describedKinds = []func(svc *jacinth.Service, name, scope string, private bool){
	described[jacinth.None, int], described[book, bookList[author]], described[bookSearch, bookList[book]],
	described[bookList[bookSearch], []author], described[author, map[string]*book],
}

func described[P, R any](svc *jacinth.Service, name, scope string, private bool) {
	register := jacinth.Public[P, R]
	var options []jacinth.MethodOption
	if private {
		register = jacinth.Private[P, R]
		if scope != "" {
			options = append(options, jacinth.Scope(scope))
		}
	}
	register(svc, jacinth.Name[P, R](name), func(context.Context, P) (result R, err error) { return result, nil }, options...)
}
