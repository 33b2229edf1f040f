package jacinth_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// resultOf calls a method that describes the service.
func resultOf(t *testing.T, svc *jacinth.Service, token jacinth.Token, method string) json.RawMessage {
	t.Helper()
	reply := svc.Dispatch(t.Context(), jacinth.Peer{Token: token}, []byte(calling(method)), nil)
	var decoded struct{ Result, Error json.RawMessage }
	if err := json.Unmarshal(reply, &decoded); err != nil || decoded.Error != nil {
		t.Fatalf("%s is answered with %s (%v)", method, reply, err)
	}
	return decoded.Result
}

// TestDescription_isWhatItsTypesEncode holds that pieces put together are the JSON of the whole.
func TestDescription_isWhatItsTypesEncode(t *testing.T) {
	svc := newLibrary(jacinth.Config{Description: `a text with "methods":[] in it`})
	for _, token := range []jacinth.Token{"", bookToken, otherToken} {
		for method, into := range map[string]any{"rpc.discover": new(openrpc.Document), "get_service_specs": new(jacinth.Specs)} {
			got := resultOf(t, svc, token, method)
			if err := codec.DecodeKnown(got, into); err != nil {
				t.Fatalf("%s with the token %q: %v", method, token, err)
			}
			want, err := codec.Marshal(into)
			if err != nil || string(got) != string(want) {
				t.Errorf("%s with the token %q is\n%s, its types encode\n%s (%v)", method, token, got, want, err)
			}
		}
	}
}

func TestDescription_isTheSameBehindMiddleware(t *testing.T) {
	plain, wrapped := newLibrary(jacinth.Config{}), newLibrary(jacinth.Config{})
	var seen []any
	wrapped.Use(func(next jacinth.Handler) jacinth.Handler {
		return func(ctx context.Context, req *jacinth.Request) (any, error) {
			result, err := next(ctx, req)
			seen = append(seen, result)
			return result, err
		}
	})
	for _, method := range []string{"rpc.discover", "get_service_specs"} {
		if got, want := resultOf(t, wrapped, bookToken, method), resultOf(t, plain, bookToken, method); string(got) != string(want) {
			t.Errorf("%s behind middleware is\n%s, alone\n%s", method, got, want)
		}
	}
	if _, is := seen[0].(json.RawMessage); !is {
		t.Errorf("a middleware sees a %T as the result of rpc.discover", seen[0])
	}
	if specs, is := seen[1].(jacinth.Specs); !is || len(specs.Methods) == 0 {
		t.Errorf("a middleware sees %v as the result of get_service_specs", seen[1])
	}
}

func TestDescription_canBeChangedByMiddleware(t *testing.T) {
	svc := newLibrary(jacinth.Config{})
	svc.Use(func(next jacinth.Handler) jacinth.Handler {
		return func(ctx context.Context, req *jacinth.Request) (any, error) {
			result, err := next(ctx, req)
			switch result := result.(type) {
			case json.RawMessage:
				return json.RawMessage(strings.Replace(string(result), "library", "changed", 1)), err
			case jacinth.Specs:
				result.Name = "changed"
				return result, err
			}
			return result, err
		}
	})
	for _, method := range []string{"rpc.discover", "get_service_specs"} {
		if got := string(resultOf(t, svc, bookToken, method)); !strings.Contains(got, `"changed"`) {
			t.Errorf("%s does not have what a middleware put into it: %s", method, got)
		}
	}
}

func TestHostile_descriptionsBeyondTheLimitOfAReply(t *testing.T) {
	for _, method := range []string{"rpc.discover", "get_service_specs"} {
		g := newGuarded(300, jacinth.Limits{Response: 10_000}, func(context.Context) error { return nil })
		codes := g.send(t, slices.Repeat([]string{calling(method)}, 100)...)
		if want := slices.Repeat([]jacinth.Code{jacinth.ResponseTooLarge}, 100); !slices.Equal(codes, want) {
			t.Errorf("%s, longer than a reply may be, is answered with %v", method, codes)
		}
		fits := newGuarded(300, jacinth.Limits{Response: 200_000, BatchWorkers: 1}, func(context.Context) error { return nil })
		codes = fits.send(t, slices.Repeat([]string{calling(method)}, 100)...)
		last := slices.Index(codes, jacinth.ResponseTooLarge)
		if last < 1 || slices.ContainsFunc(codes[last:], func(code jacinth.Code) bool { return code == 0 }) {
			t.Errorf("of 100 times %s, of which few fit into a reply: %v", method, codes)
		}
	}
}
