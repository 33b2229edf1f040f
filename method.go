package jacinth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/codec"
	"github.com/jacinth-rpc/jacinth/internal/plan"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// Name is the name of a method that knows its params and its result. A plain string will do at registration; a
// declared constant is a contract that the compiler holds the service and its callers to:
//
//	const Add jacinth.Name[AddParams, float64] = "math.add"
type Name[P, R any] string

// None stands for params or a result that a method does not have. As params it takes none, {} and []; as a result
// it is null.
type None = struct{}

// Method is everything a service knows of one method. [Public] and [Private] make one from a function; the zero
// value of every field but Name and Handler is its default.
type Method struct {
	Name        string        // with the prefix of its group once it is registered
	Private     bool          // callers need a token that Config.Authorize accepts
	Doc         string        // for people: what the method is for
	Errors      []*Error      // failures that callers should be ready for
	Timeout     time.Duration // for one call; 0 is Limits.Call, Unlimited is none
	MaxInFlight int           // calls at a time, further ones get Unavailable; 0 is no limit beside Limits.InFlight
	Waits       bool          // its calls spend their time waiting, and take places of Limits.Waiting; see [Waits]
	ReadOnly    bool          // changes nothing, so that callers may repeat it freely
	Scope       string        // what the caller of a private method must be granted; empty is its full name
	Idempotent  bool          // running it twice is the same as once, so that callers may repeat it when unanswered
	Deprecated  string        // why it should be called no more, and what instead; empty if it may be
	Examples    []CallExample // calls to show to people, checked when the method is registered

	// Handler runs the method. The handler of a method made by Public or Private reads its decoded params from the
	// request; one that is set by hand gets whatever params were sent, through Request.Params.
	Handler Handler

	typed typed // nil for a Handler set by hand
}

// Registrar is where methods are registered: a [Service] or a [Group] of one. A reusable module of methods is any
// function that takes a Registrar.
type Registrar interface {
	Add(method Method)            // panics if the method cannot be served
	Use(middleware ...Middleware) // around all methods registered here, before or after
	Group(prefix string) *Group   // for methods named prefix.…
}

// Public registers fn as a method that everybody may call. It panics if the name is taken or not well formed, or if
// P or R cannot travel as JSON.
//
// P is a struct whose fields are the params by name or by position, a slice for a plain list, a map for free names,
// or [None]. The package documentation has the rules.
func Public[P, R any](to Registrar, name Name[P, R], fn func(context.Context, P) (R, error), options ...MethodOption) {
	register(to, false, name, fn, options)
}

// Private registers fn as a method for callers that Config.Authorize accepts, and panics if there is none;
// otherwise it is like [Public].
func Private[P, R any](to Registrar, name Name[P, R], fn func(context.Context, P) (R, error), options ...MethodOption) {
	register(to, true, name, fn, options)
}

func register[P, R any](to Registrar, private bool, name Name[P, R], fn func(context.Context, P) (R, error), options []MethodOption) {
	to.Add(newMethod(private, name, fn, options))
}

// newMethod makes a method of a function with types.
func newMethod[P, R any](private bool, name Name[P, R], fn func(context.Context, P) (R, error), options []MethodOption) Method {
	if fn == nil {
		panic(fmt.Sprintf("jacinth: method %q has no function", string(name)))
	}
	binding, err := bind(fn)
	if err != nil {
		panic(fmt.Sprintf("jacinth: method %q: %v", string(name), err))
	}
	method := Method{Name: string(name), Private: private, Handler: callTyped, typed: binding}
	for _, option := range options {
		if option == nil {
			panic(fmt.Sprintf("jacinth: method %q is registered with an option that is nil", string(name)))
		}
		option.applyToMethod(&method)
	}
	return method
}

var methodName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./:-]{0,127}$`)

// check says what is wrong with a method that is about to be registered.
func (m *Method) check() error {
	switch {
	case strings.HasPrefix(m.Name, protocolPrefix):
		return errors.New(`names that begin with "rpc." belong to the protocol (JSON-RPC 2.0, section 8)`)
	case !methodName.MatchString(m.Name):
		return errors.New("a name is 1 to 128 letters, digits and _ . / : -, and begins with a letter or _")
	case m.Handler == nil:
		return errors.New("it has no Handler")
	case m.Timeout < 0 && m.Timeout != Unlimited:
		return errors.New("its Timeout is negative: use jacinth.Unlimited for none")
	case m.MaxInFlight < 0 && m.MaxInFlight != Unlimited:
		return errors.New("its MaxInFlight is negative: leave it out for no limit")
	}
	return errors.Join(m.checkErrors(), m.checkExamples())
}

// typed is what a function with types brings to its method: frames to run calls in.
type typed interface {
	frame() frame
	example() []byte // params to show how a call looks, nil when it takes none
	isBrief() bool   // whether every result is a few bytes

	describe(d *plan.Definitions) (params plan.Description, result *openrpc.Schema)
	checkExample(params, result json.RawMessage) (encoded json.RawMessage, err error)
}

// frame holds the values of one call between bytes and bytes. It is reused, and zeroed before that.
type frame interface {
	// decode puts params into the frame. What they take is room of those of their body and of all, until settle.
	decode(ctx context.Context, params []byte, body, all *plan.Room) ([]plan.Fault, error)
	settle()
	call(ctx context.Context) (any, error)
	encode(w *codec.Writer, result any) error
	// The result stays in the frame between these two, for calls that nobody else takes part in.
	callInPlace(ctx context.Context) error
	encodeInPlace(w *codec.Writer) error
	release()
}

// function is the typed of a fn. All that needs reflection on types is done once, in bind.
type function[P, R any] struct {
	fn     func(context.Context, P) (R, error)
	params *plan.Params
	result *plan.Result
	null   bool // R is None
	frames sync.Pool
}

func bind[P, R any](fn func(context.Context, P) (R, error)) (*function[P, R], error) {
	params, err := plan.CompileParams(reflect.TypeFor[P]())
	if err != nil {
		return nil, fmt.Errorf("params: %w", err)
	}
	result, err := plan.CompileResult(reflect.TypeFor[R]())
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	return &function[P, R]{fn: fn, params: params, result: result, null: reflect.TypeFor[R]() == reflect.TypeFor[None]()}, nil
}

func (f *function[P, R]) frame() frame {
	if pooled, ok := f.frames.Get().(*values[P, R]); ok {
		return pooled
	}
	fresh := &values[P, R]{function: f}
	fresh.target = reflect.ValueOf(&fresh.params).Elem()
	fresh.source = reflect.ValueOf(&fresh.result).Elem()
	return fresh
}

func (f *function[P, R]) isBrief() bool { return f.null || reflect.TypeFor[R]().Kind() == reflect.Bool }

func (f *function[P, R]) example() []byte { return f.params.Example() }

func (f *function[P, R]) describe(d *plan.Definitions) (params plan.Description, result *openrpc.Schema) {
	if f.null {
		return f.params.Describe(d), &openrpc.Schema{Type: openrpc.Types{"null"}}
	}
	return f.params.Describe(d), f.result.Describe(d)
}

// values is the frame of a function. fn gets a copy of params, so nothing of a frame outlives its call.
type values[P, R any] struct {
	function *function[P, R]
	params   P
	result   R
	target   reflect.Value // addresses params
	source   reflect.Value // addresses result
	budget   plan.Budget   // of params
}

func (v *values[P, R]) decode(ctx context.Context, params []byte, body, all *plan.Room) ([]plan.Fault, error) {
	v.budget.Begin(ctx, body, all)
	faults := v.function.params.DecodeWithin(params, v.target, &v.budget)
	return faults, v.budget.Err()
}

func (v *values[P, R]) settle() { v.budget.End() }

func (v *values[P, R]) call(ctx context.Context) (any, error) {
	result, err := v.function.fn(ctx, v.params)
	if err != nil {
		return nil, err
	}
	return result, nil
}

func (v *values[P, R]) encode(w *codec.Writer, result any) error {
	typed, ok := result.(R)
	if !ok {
		return codec.Encode(w, result)
	}
	v.result = typed // where it can be addressed, which saves a copy
	return v.encodeInPlace(w)
}

func (v *values[P, R]) callInPlace(ctx context.Context) (err error) {
	v.result, err = v.function.fn(ctx, v.params)
	return err
}

func (v *values[P, R]) encodeInPlace(w *codec.Writer) error {
	if v.function.null {
		_, err := w.Write([]byte("null"))
		return err
	}
	return v.function.result.Append(w, v.source)
}

func (v *values[P, R]) release() {
	var params P
	var result R
	v.params, v.result = params, result
	v.function.frames.Put(v)
}

// frame returns what a call of m runs in.
func (m *Method) frame() frame {
	if m.typed == nil {
		return raw{}
	}
	return m.typed.frame()
}

// wrapped returns the handler of a method with middleware around it: nil for a typed method that has neither middleware nor
// a handler of its user's. The function of that is called in place, and its result needs no allocation.
func (m *Method) wrapped(middleware []Middleware) Handler {
	own := reflect.ValueOf(m.Handler).Pointer() == reflect.ValueOf(callTyped).Pointer()
	if own && m.typed != nil && len(middleware) == 0 {
		return nil
	}
	return chain(m.Handler, middleware)
}

// callTyped is the innermost Handler of every typed method.
func callTyped(ctx context.Context, req *Request) (any, error) {
	if req == nil || req.call == nil {
		return nil, errors.New("a middleware did not hand on the request it was given")
	}
	return req.call.call(ctx)
}

var errNoFunction = errors.New("a raw method has no function")

// raw is the frame of a method whose Handler was set by hand.
type raw struct{}

func (raw) decode(context.Context, []byte, *plan.Room, *plan.Room) ([]plan.Fault, error) {
	return nil, nil
}

func (raw) settle()                                  {}
func (raw) call(context.Context) (any, error)        { return nil, errNoFunction }
func (raw) encode(w *codec.Writer, result any) error { return codec.Encode(w, result) }
func (raw) callInPlace(context.Context) error        { return errNoFunction }
func (raw) encodeInPlace(*codec.Writer) error        { return errNoFunction }
func (raw) release()                                 {}
