package jacinth

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/gate"
	"github.com/jacinth-rpc/jacinth/internal/listener"
	"github.com/jacinth-rpc/jacinth/internal/plan"
)

// The paths where the service says how it is.
const (
	livePath  = "/livez"
	readyPath = "/readyz"
)

// maxMethodName is the longest method name, in bytes.
const maxMethodName = 128

// Service is a set of methods behind one endpoint, with whatever else its program serves over HTTP. Make one with
// [New], register its methods, then run it with [Main] or [Service.Run], or put it into a server of your own: it is
// an http.Handler. It is safe for concurrent use once it serves; registering is for one goroutine before that.
type Service struct {
	config     Config
	middleware []Middleware
	background []func(context.Context) error
	mux        *http.ServeMux
	methods    map[string]*registered
	registry   ownRegistry
	readiness  readiness
	lines      *lines           // nil where the log is not Go's own
	reports    reports          // where it is not
	served     atomic.Bool      // by Serve, which can be once
	leaving    atomic.Bool      // it has begun to stop
	asked      atomic.Bool      // somebody goes by /readyz
	explore    func() error     // mounts the explorer, once
	listening  func(url string) // told the address of the server when Serve has begun

	// Made by freeze, at the first request.
	once      sync.Once
	frozen    atomic.Bool
	limits    Limits // with Unlimited spelled out
	endpoint  endpoint
	origins   *origins
	documents *documents
	slots     gate.Slots // of calls that work
	waiting   gate.Slots // of calls that wait
	gate      gate.Gate  // of bodies
	replies   replies
	decoded   plan.Room // of the params of all calls

	exchanges sync.Pool
	lookout   lookout
}

// registered is a method with what serving it needs.
type registered struct {
	Method
	group   *Group
	run     Handler // with all middleware around it; nil if its function is called in place: see wrapped
	timeout time.Duration
	slots   gate.Slots

	room     *gate.Slots // of the service, where its calls take their places: see enroll
	mostBody int         // bytes of a body with a call of it
	brief    bool        // its replies are too short to be counted, so that there is room for one at any time
}

// New makes a service without methods of its own but rpc.discover and get_service_specs, with which it describes
// itself. It panics, with a sentence, if config cannot be.
func New(config Config) *Service {
	filled, err := config.withDefaults()
	if err != nil {
		panic("jacinth: " + err.Error())
	}
	filled.TLS = filled.TLS.Clone() // net/http writes into the one that it serves with, and others may have this one too
	s := &Service{config: filled, mux: http.NewServeMux(), methods: map[string]*registered{}}
	s.registry.config = &s.config
	if isGoLog(filled.Logger) {
		s.lines = new(lines)
	}
	s.explore = sync.OnceValue(s.mountExplorer)
	s.mux.HandleFunc("GET "+livePath, s.serveLive)
	s.mux.HandleFunc("GET "+readyPath, s.serveReady)
	s.describeBy(newMethod(false, specsName, s.specs, []MethodOption{Doc("Describes this service and the methods that the caller may call.")}),
		func(w *codec.Writer, visible []int32) error { return s.documents.appendSpecs(w, visible) })
	s.describeBy(newMethod(false, discoverName, s.discover, []MethodOption{ReadOnly(), Doc("Describes this service as an OpenRPC document.")}),
		func(w *codec.Writer, visible []int32) error { return s.documents.appendDocument(w, visible) })
	return s
}

// describeBy registers a method that describes the service. It does without Add, which keeps names of the protocol from
// others.
func (s *Service) describeBy(method Method, appendTo func(w *codec.Writer, visible []int32) error) {
	method.Scope = method.Name
	method.typed = &describing{typed: method.typed, service: s, append: appendTo}
	s.methods[method.Name] = &registered{Method: method}
}

// Add registers a method. It panics if the name is taken or not well formed, if the method is private and there is
// no Config.Authorize, or if the service has served a request. Use [Public] and [Private] for functions with types.
func (s *Service) Add(method Method) { s.add(method, nil) }

func (s *Service) add(method Method, group *Group) {
	s.mustBeOpen("registering " + method.Name)
	if err := method.check(); err != nil {
		panic(fmt.Sprintf("jacinth: method %q cannot be registered: %v", method.Name, err))
	}
	if _, taken := s.methods[method.Name]; taken {
		panic(fmt.Sprintf("jacinth: method %q is registered twice", method.Name))
	}
	if method.Private && slices.Contains(s.config.Origins, anyOrigin) {
		panic(fmt.Sprintf("jacinth: method %q is private, but Config.Origins admits every web site: list those that may call it", method.Name))
	}
	if method.Private && s.config.Authorize == nil {
		panic(fmt.Sprintf("jacinth: method %q is private, but Config.Authorize is nil: nobody could call it", method.Name))
	}
	if method.Scope == "" {
		method.Scope = method.Name
	}
	s.methods[method.Name] = &registered{Method: method, group: group}
}

// Use adds middleware around all methods of the service; the first added is the outermost. It panics once the
// service has served a request.
func (s *Service) Use(middleware ...Middleware) {
	s.mustBeOpen("Use")
	s.middleware = append(s.middleware, notNil(middleware)...)
}

// Group returns a group whose methods are named prefix.… .
func (s *Service) Group(prefix string) *Group {
	root := &Group{service: s}
	return root.Group(prefix)
}

// Handle serves other things beside the methods: pattern is one of http.ServeMux. A handler that panics is logged, and
// its connection is closed. Handle panics if the pattern is taken or would hide the endpoint, or once the service has
// served a request.
func (s *Service) Handle(pattern string, handler http.Handler) {
	s.mustBeOpen("Handle")
	if _, path, _ := strings.Cut(pattern, "/"); "/"+path == s.config.Endpoint {
		panic(fmt.Sprintf("jacinth: the pattern %q is the service's endpoint", pattern))
	}
	s.mount(pattern, handler)
}

// ourLine is what http.ServeMux says of where a pattern was registered: here, whoever did it.
var ourLine = regexp.MustCompile(` \(registered at [^)]*\)`)

func (s *Service) mount(pattern string, handler http.Handler) {
	defer func() {
		if value := recover(); value != nil {
			why := ourLine.ReplaceAllString(fmt.Sprint(value), "")
			panic(fmt.Sprintf("jacinth: the pattern %q cannot be served: %s", pattern, why))
		}
	}()
	s.mux.Handle(pattern, handler)
}

// Endpoint is the path that calls are posted to.
func (s *Service) Endpoint() string { return s.config.Endpoint }

// Config returns a copy of the service's configuration with the defaults filled in, for a binding beside HTTP to hold to
// the same. What flags and the environment say is in it once the service runs.
func (s *Service) Config() Config { return s.config }

// ServeHTTP answers calls at the endpoint, /livez and /readyz, and what [Service.Handle] was given.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.freeze()
	if listener.IsOld(r) {
		w.Header().Set("Connection", "close") // with HTTP/2, net/http says so by GOAWAY
	}
	atEndpoint := r.URL.Path == s.config.Endpoint
	refuse := func(failure *Error) { s.endpoint.refuse(w, r, http.StatusForbidden, failure) }
	if !s.origins.admit(w, r, refuse, atEndpoint) {
		return
	}
	if atEndpoint {
		s.endpoint.serve(w, r)
		return
	}
	s.serveOther(w, r.WithContext(context.WithValue(r.Context(), serviceKey{}, s)))
}

type serviceKey struct{}

// ServiceFrom returns the service that serves a handler of [Service.Handle], by the context of its request; nil elsewhere.
func ServiceFrom(ctx context.Context) *Service {
	s, _ := ctx.Value(serviceKey{}).(*Service)
	return s
}

// serveOther serves what is beside the endpoint. A handler that panics loses its connection, as net/http has it, and is
// in the log like a method: the log of net/http has the noise of the network in it, and is for debugging.
func (s *Service) serveOther(w http.ResponseWriter, r *http.Request) {
	if s.leaving.Load() {
		w.Header().Set("Connection", "close") // see endpoint.write
	}
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		if value != http.ErrAbortHandler { //nolint:errorlint // net/http knows it by that alone, and so does this
			s.log(r.Context(), slog.LevelError, "handler failed", slog.String("pattern", r.Pattern),
				slog.String("error", fmt.Sprintf("panic: %v", value)), slog.String("stack", string(debug.Stack())))
		}
		panic(http.ErrAbortHandler)
	}()
	s.mux.ServeHTTP(w, r)
}

// serveLive says that the process runs.
func (s *Service) serveLive(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusOK)
}

// serveReady says whether new work is welcome.
func (s *Service) serveReady(w http.ResponseWriter, _ *http.Request) {
	s.asked.Store(true)
	if s.leaving.Load() || s.gate.IsShut() || !s.readiness.isReady() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// freeze ends registration and prepares what calls need, once.
func (s *Service) freeze() {
	s.once.Do(func() {
		s.frozen.Store(true)
		s.limits = s.config.Limits.resolved()
		s.slots.Limit = int64(s.limits.InFlight)
		s.replies.bind(&s.limits)
		s.waiting.Limit = int64(s.limits.Waiting)
		s.decoded.Reset(s.limits.DecodedInFlight)
		s.endpoint = newEndpoint(s)
		s.origins, _ = newOrigins(&s.config) // checked by New
		s.documents = newDocuments(s)
		for _, m := range s.methods {
			m.run = m.wrapped(slices.Concat(s.middleware, m.group.around()))
			s.enroll(m)
			m.slots.Limit = math.MaxInt64
			if m.MaxInFlight > 0 {
				m.slots.Limit = int64(m.MaxInFlight)
			}
			if m.timeout = m.Timeout; m.timeout == 0 {
				m.timeout = s.limits.Call
			}
		}
	})
}

// mustBeOpen panics once the service has served a request: what came later would be seen by some calls and not by
// others.
func (s *Service) mustBeOpen(what string) {
	if s.frozen.Load() {
		panic(fmt.Sprintf("jacinth: %s after service %q has begun to serve", what, s.config.Name))
	}
}

// sorted lists the methods by name.
func (s *Service) sorted() []*registered {
	list := make([]*registered, 0, len(s.methods))
	for _, name := range slices.Sorted(maps.Keys(s.methods)) {
		list = append(list, s.methods[name])
	}
	return list
}
