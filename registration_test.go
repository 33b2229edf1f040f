package jacinth_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

func TestNew_refusesWhatCannotBe(t *testing.T) {
	for _, test := range []struct {
		config jacinth.Config
		want   string
	}{
		{jacinth.Config{}, "Config.Name is empty"},
		{jacinth.Config{Name: "two words"}, `Config.Name "two words" is not a name`},
		{jacinth.Config{Name: "-x"}, "is not a name"},
		{jacinth.Config{Name: "a\nb"}, "is not a name"},
		{jacinth.Config{Name: strings.Repeat("x", 129)}, "is not a name"},
		{jacinth.Config{Name: "x", Endpoint: "api"}, `Config.Endpoint "api" is not a path`},
		{jacinth.Config{Name: "x", Endpoint: "/a?b"}, "is not a path"},
		{jacinth.Config{Name: "x", Endpoint: "/{any}"}, "is not a path"},
		{jacinth.Config{Name: "x", Endpoint: "/a b"}, "is not a path"},
		{jacinth.Config{Name: "x", TokenHeader: "X Token"}, `Config.TokenHeader "X Token" is not the name of an HTTP header`},
		{jacinth.Config{Name: "x", TokenHeader: "X-Token:"}, "is not the name of an HTTP header"},
		{jacinth.Config{Name: "x", TokenHeader: "authorization"}, "is read as a Bearer token in any case"},
		{jacinth.Config{Name: "x", Endpoint: "/livez"}, "is where the service says how it is"},
		{jacinth.Config{Name: "x", Endpoint: "/readyz"}, "is where the service says how it is"},
		{jacinth.Config{Name: "x", Addr: "8000"}, `Config.Addr "8000" is not host:port`},
		{jacinth.Config{Name: "x", TLS: new(tls.Config)}, "Config.TLS has no certificate to show to callers"},
		{jacinth.Config{Name: "x", PublicURL: "example.com"}, `Config.PublicURL "example.com" is not a full address`},
		{jacinth.Config{Name: "x", PublicURL: "ftp://example.com"}, "is not a full address"},
		{jacinth.Config{Name: "x", PublicURL: "http://0.0.0.0:80"}, "means every address of a machine"},
		{jacinth.Config{Name: "x", PublicURL: "http://[::]:80"}, "means every address of a machine"},
	} {
		sentence := panicOf(func() { jacinth.New(test.config) })
		if !strings.HasPrefix(sentence, "jacinth: ") || !strings.Contains(sentence, test.want) {
			t.Errorf("New(%+v) panics with %q, want %q", test.config, sentence, test.want)
		}
	}
	if sentence := panicOf(func() {
		jacinth.New(jacinth.Config{Name: "A-b_c.9", Endpoint: "/", Addr: ":0", PublicURL: "https://a.test/x", TokenHeader: "T"})
	}); sentence != "" {
		t.Errorf("a good configuration panics with %q", sentence)
	}
}

func doNothing(context.Context, jacinth.None) (jacinth.None, error) { return jacinth.None{}, nil }

// TestRegistration_refuses holds that a method that cannot be served stops the program when it starts, with a sentence
// that names the method and the rule.
func TestRegistration_refuses(t *testing.T) {
	for _, test := range []struct {
		name     string
		register func(svc *jacinth.Service)
		want     []string
	}{
		{"a nil option", func(s *jacinth.Service) { jacinth.Public(s, "a", doNothing, nil) }, []string{`method "a"`, "an option that is nil"}},
		{"a nil middleware", func(s *jacinth.Service) { s.Use(nil) }, []string{"a middleware that is nil"}},
		{"a nil middleware of a group", func(s *jacinth.Service) { s.Group("g").Use(nil) }, []string{"a middleware that is nil"}},
		{"no name", func(s *jacinth.Service) { jacinth.Public(s, "", doNothing) }, []string{`method ""`, "a name is 1 to 128"}},
		{"a space", func(s *jacinth.Service) { jacinth.Public(s, "a b", doNothing) }, []string{`method "a b"`, "a name is 1 to 128"}},
		{"a digit first", func(s *jacinth.Service) { jacinth.Public(s, "1a", doNothing) }, []string{`method "1a"`, "begins with a letter"}},
		{"a dot first", func(s *jacinth.Service) { jacinth.Public(s, ".a", doNothing) }, []string{`method ".a"`, "begins with a letter"}},
		{"beyond ASCII", func(s *jacinth.Service) { jacinth.Public(s, "é", doNothing) }, []string{"cannot be registered", "a name is 1 to 128"}},
		{"a line end", func(s *jacinth.Service) { jacinth.Public(s, "a\n", doNothing) }, []string{`method "a\n"`, "a name is 1 to 128"}},
		{
			"too long", func(s *jacinth.Service) {
				jacinth.Public(s, jacinth.Name[jacinth.None, jacinth.None](strings.Repeat("a", 129)), doNothing)
			}, []string{"a name is 1 to 128"},
		},
		{
			"too long with its group", func(s *jacinth.Service) {
				jacinth.Public(s.Group("g"), jacinth.Name[jacinth.None, jacinth.None](strings.Repeat("a", 127)), doNothing)
			}, []string{`method "g.aaa`, "a name is 1 to 128"},
		},
		{"reserved", func(s *jacinth.Service) { jacinth.Public(s, "rpc.x", doNothing) }, []string{`method "rpc.x"`, `"rpc." belong to the protocol`}},
		{"reserved by a group", func(s *jacinth.Service) { jacinth.Public(s.Group("rpc"), "x", doNothing) }, []string{`method "rpc.x"`, `"rpc."`}},
		{"taken", func(s *jacinth.Service) { jacinth.Public(s, "taken", doNothing) }, []string{`method "taken" is registered twice`}},
		{"taken by a group", func(s *jacinth.Service) { jacinth.Public(s, "group.taken", doNothing) }, []string{`method "group.taken" is registered twice`}},
		{"taken by the service", func(s *jacinth.Service) { jacinth.Public(s, "get_service_specs", doNothing) }, []string{`method "get_service_specs" is registered twice`}},
		{
			"no function", func(s *jacinth.Service) { jacinth.Public[jacinth.None, int](s, "none", nil) },
			[]string{`method "none"`, "has no function"},
		},
		{"no handler", func(s *jacinth.Service) { s.Add(jacinth.Method{Name: "none"}) }, []string{`method "none"`, "has no Handler"}},
		{
			"private without an authorizer", func(s *jacinth.Service) { jacinth.Private(s, "closed", doNothing) },
			[]string{`method "closed" is private`, "Config.Authorize is nil"},
		},
		{
			"private by hand without an authorizer",
			func(s *jacinth.Service) { s.Add(jacinth.Method{Name: "closed", Private: true, Handler: byHandNull}) },
			[]string{`method "closed" is private`, "Config.Authorize is nil"},
		},
		{
			"a negative timeout", func(s *jacinth.Service) { jacinth.Public(s, "slow", doNothing, jacinth.Timeout(-time.Second)) },
			[]string{`method "slow"`, "Timeout is negative: use jacinth.Unlimited"},
		},
		{
			"a negative MaxInFlight", func(s *jacinth.Service) { jacinth.Public(s, "busy", doNothing, jacinth.MaxInFlight(-2)) },
			[]string{`method "busy"`, "MaxInFlight is negative"},
		},
		{
			"a nil error", func(s *jacinth.Service) { jacinth.Public(s, "bad", doNothing, jacinth.Errors(nil)) },
			[]string{`method "bad"`, "declares a nil error"},
		},
		{
			"params that are no JSON", func(s *jacinth.Service) {
				jacinth.Public(s, "pipe", func(context.Context, struct{ Out chan int }) (int, error) { return 0, nil })
			}, []string{`method "pipe": params:`, "Out", "has no JSON form"},
		},
		{
			"a function among the params", func(s *jacinth.Service) {
				jacinth.Public(s, "hook", func(context.Context, struct{ Call func() }) (int, error) { return 0, nil })
			}, []string{`method "hook": params:`, "Call", "has no JSON form"},
		},
		{
			"params that are one value", func(s *jacinth.Service) {
				jacinth.Public(s, "one", func(context.Context, int) (int, error) { return 0, nil })
			}, []string{`method "one": params:`, "object or an array"},
		},
		{
			"a duration among the params", func(s *jacinth.Service) {
				jacinth.Public(s, "wait", func(context.Context, struct{ For time.Duration }) (int, error) { return 0, nil })
			}, []string{`method "wait": params:`, "For", "milliseconds"},
		},
		{
			"a default that does not fit", func(s *jacinth.Service) {
				type page struct {
					Limit int `default:"ten"`
				}
				jacinth.Public(s, "list", func(context.Context, page) (int, error) { return 0, nil })
			}, []string{`method "list": params:`, "Limit", "ten"},
		},
		{
			"a result that is no JSON", func(s *jacinth.Service) {
				jacinth.Public(s, "pipe", func(context.Context, jacinth.None) (chan int, error) { return nil, nil })
			}, []string{`method "pipe": result:`, "has no JSON form"},
		},
		{
			"a duration in the result", func(s *jacinth.Service) {
				jacinth.Public(s, "took", func(context.Context, jacinth.None) (struct{ Took time.Duration }, error) {
					return struct{ Took time.Duration }{}, nil
				})
			}, []string{`method "took": result:`, "Took", "milliseconds"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			svc := jacinth.New(quiet("open"))
			jacinth.Public(svc, "taken", doNothing)
			jacinth.Public(svc.Group("group"), "taken", doNothing)
			sentence := panicOf(func() { test.register(svc) })
			for _, want := range append(test.want, "jacinth: ") {
				if !strings.Contains(sentence, want) {
					t.Errorf("the panic is %q, want %q in it", sentence, want)
				}
			}
		})
	}
}

func byHandNull(context.Context, *jacinth.Request) (any, error) { return nil, nil }

func TestRegistration_acceptsNames(t *testing.T) {
	svc := jacinth.New(quiet("named"))
	names := []string{"a", "A", "_", "say_hello", "math.add", "a/b", "a:b", "a-b", "rpc", "rpcs.x", "RPC.x", strings.Repeat("n", 128)}
	for _, name := range names {
		jacinth.Public(svc, jacinth.Name[jacinth.None, jacinth.None](name), doNothing)
	}
	for _, name := range names {
		if r := mustReply(t, callHTTP(svc, call(name)).body); r.Error != nil {
			t.Errorf("the method %q is answered with %+v", name, r.Error)
		}
	}
}

// TestRegistration_endsWithTheFirstRequest holds that what is registered later, which some calls would see and others
// not, panics.
func TestRegistration_endsWithTheFirstRequest(t *testing.T) {
	pass := func(next jacinth.Handler) jacinth.Handler { return next }
	requests := map[string]func(*jacinth.Service){
		"a call":       func(svc *jacinth.Service) { callHTTP(svc, call("get_service_specs")) },
		"a dispatch":   func(svc *jacinth.Service) { svc.Dispatch(t.Context(), jacinth.Peer{}, []byte(`{}`), nil) },
		"another path": func(svc *jacinth.Service) { serveHTTP(svc, mustRequest(t, http.MethodGet, "/livez")) },
	}
	for request, serve := range requests {
		svc := jacinth.New(quiet("frozen"))
		group := svc.Group("group")
		for name, register := range map[string]func(){
			"Public":     func() { jacinth.Public(svc, "late", doNothing) },
			"Add":        func() { svc.Add(jacinth.Method{Name: "by_hand", Handler: byHandNull}) },
			"Group.Add":  func() { jacinth.Public(group, "late", doNothing) },
			"Use":        func() { svc.Use(pass) },
			"Group.Use":  func() { group.Use(pass) },
			"Handle":     func() { svc.Handle("/late", http.NotFoundHandler()) },
			"Background": func() { svc.Background(func(context.Context) error { return nil }) },
			"Every":      func() { svc.Every(time.Hour, func(context.Context) error { return nil }) },
		} {
			if sentence := panicOf(register); sentence != "" {
				t.Errorf("%s before the first request panics with %q", name, sentence)
			}
		}
		serve(svc)
		for name, register := range map[string]func(){
			"Public":     func() { jacinth.Public(svc, "later", doNothing) },
			"Add":        func() { svc.Add(jacinth.Method{Name: "by_hand_later", Handler: byHandNull}) },
			"Group.Add":  func() { jacinth.Public(group, "later", doNothing) },
			"Use":        func() { svc.Use(pass) },
			"Group.Use":  func() { group.Use(pass) },
			"Handle":     func() { svc.Handle("/later", http.NotFoundHandler()) },
			"Background": func() { svc.Background(func(context.Context) error { return nil }) },
			"Every":      func() { svc.Every(time.Hour, func(context.Context) error { return nil }) },
		} {
			if sentence := panicOf(register); !strings.Contains(sentence, `after service "frozen" has begun to serve`) {
				t.Errorf("%s after %s panics with %q, want a sentence that says that it is too late", name, request, sentence)
			}
		}
	}
}

func mustRequest(t *testing.T, method, path string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func TestHandle_refusesTheEndpoint(t *testing.T) {
	for _, pattern := range []string{"/api", "GET /api", "POST /api", "example.com/api", "POST example.com/api"} {
		svc := jacinth.New(quiet("handled"))
		if sentence := panicOf(func() { svc.Handle(pattern, http.NotFoundHandler()) }); !strings.Contains(sentence, "is the service's endpoint") {
			t.Errorf("Handle(%q) panics with %q", pattern, sentence)
		}
	}
	svc := jacinth.New(quiet("handled"))
	svc.Handle("/", http.NotFoundHandler())
	if sentence := panicOf(func() { svc.Handle("/", http.NotFoundHandler()) }); sentence == "" {
		t.Error("a pattern that is taken is accepted")
	}
	if got := callHTTP(svc, call("get_service_specs")); got.status != http.StatusOK {
		t.Errorf("beside a handler of everything, a call has status %d, want 200", got.status)
	}
}

// library is a reusable module of methods: it registers itself wherever it is put.
func library(to jacinth.Registrar) {
	jacinth.Public(to, "sum", sum)
	jacinth.Public(to.Group("deep"), "sum", sum)
}

func TestRegistrar_takesModules(t *testing.T) {
	svc := jacinth.New(quiet("modular"))
	library(svc)
	library(svc.Group("one"))
	library(svc.Group("two").Group("three"))
	for _, method := range []string{"sum", "deep.sum", "one.sum", "one.deep.sum", "two.three.sum", "two.three.deep.sum"} {
		body := `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":[1,2]}`
		if r := mustReply(t, callHTTP(svc, body).body); string(r.Result) != "3" {
			t.Errorf("%s is answered with %s, %+v; want 3", method, r.Result, r.Error)
		}
	}
}

// doubling is a Registrar whose methods are registered by another, with a handler around their own.
type doubling struct{ jacinth.Registrar }

func (d doubling) Add(method jacinth.Method) {
	inner := method.Handler
	method.Handler = func(ctx context.Context, req *jacinth.Request) (any, error) {
		result, err := inner(ctx, req)
		if sum, ok := result.(int); ok {
			return 2 * sum, err
		}
		return result, err
	}
	d.Registrar.Add(method)
	if method.Name == "sum" {
		d.Registrar.Add(jacinth.Method{Name: "taken", Handler: inner}) // which is for the frame of a method with types
	}
}

// TestRegistrar_wrapsHandlers holds that a typed method runs by the Handler that it has, whoever made it, and that the
// Handler of one is no use to another.
func TestRegistrar_wrapsHandlers(t *testing.T) {
	svc := jacinth.New(quiet("wrapped"))
	jacinth.Public(doubling{svc}, "sum", sum)
	if got := callHTTP(svc, `{"jsonrpc":"2.0","id":1,"method":"sum","params":[1,2]}`); string(mustReply(t, got.body).Result) != "6" {
		t.Errorf("a wrapped sum of 1 and 2 is answered with %s, want 6", got.body)
	}
	if got := callHTTP(svc, call("taken")); mustReply(t, got.body).code() != int(jacinth.InternalError) {
		t.Errorf("the handler of another method is answered with %s, want an internal error", got.body)
	}
}

// TestAdd_byHand holds what a method without types gets and may return.
func TestAdd_byHand(t *testing.T) {
	svc := jacinth.New(jacinth.Config{Name: "manual", Authorize: jacinth.Tokens(tokenOne), Logger: quiet("").Logger})
	echo := func(ctx context.Context, req *jacinth.Request) (any, error) {
		if jacinth.RequestFrom(ctx) != req {
			t.Error("RequestFrom is not the request that the handler is given")
		}
		return []any{req.Method.Name, req.ID(), req.Params(), req.Caller.Name}, nil
	}
	svc.Add(jacinth.Method{Name: "echo", Handler: echo})
	svc.Group("group").Add(jacinth.Method{Name: "echo", Handler: echo, Private: true})
	svc.Add(jacinth.Method{Name: "null", Handler: byHandNull})
	svc.Add(jacinth.Method{Name: "fail", Handler: func(context.Context, *jacinth.Request) (any, error) {
		return 1, jacinth.InvalidParams
	}})
	for _, test := range []struct{ body, want string }{
		{`{"jsonrpc":"2.0","id":1.0,"method":"echo","params":{"a":[1.50,{"b":null}]}}`, `"result":["echo",1.0,{"a":[1.50,{"b":null}]},""]`},
		{`{"jsonrpc":"2.0","id":"x","method":"echo","params":[]}`, `"result":["echo","x",[],""]`},
		{`{"jsonrpc":"2.0","id":null,"method":"echo"}`, `"result":["echo",null,null,""]`},
		{`{"jsonrpc":"2.0","id":1,"method":"group.echo"}`, `"result":["group.echo",1,null,"token 1"]`},
		{`{"jsonrpc":"2.0","id":1,"method":"null","params":{"any":1}}`, `"result":null`},
		{`{"jsonrpc":"2.0","id":1,"method":"fail"}`, `"error":{"code":-32602,"message":"Invalid params"}`},
	} {
		if got := callHTTP(svc, test.body, "X-Api-Token", tokenOne); !strings.Contains(string(got.body), test.want) {
			t.Errorf("%s is answered with %s, want %s", test.body, got.body, test.want)
		}
	}
	if got := callHTTP(svc, call("group.echo")); mustReply(t, got.body).code() != -32001 {
		t.Errorf("without a token, the private method is answered with %s", got.body)
	}
}
