package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// connectPeer is connect-go. The server of the first tables speaks unary JSON through encoding/json and plain structs,
// which costs less than the protojson that connect uses for generated messages. Pairs speak binary protobuf, which is
// what a connect client does by default, with messages that protobuf brings along as generated code.
type connectPeer struct{}

func (connectPeer) name() string   { return "connect-go" }
func (connectPeer) module() string { return "connectrpc.com/connect" }

// plainJSON is a codec for structs that no generator made.
type plainJSON struct{}

func (plainJSON) Name() string                          { return "json" }
func (plainJSON) Marshal(v any) ([]byte, error)         { return json.Marshal(v) }
func (plainJSON) Unmarshal(data []byte, into any) error { return json.Unmarshal(data, into) }

func (connectPeer) serve(listener net.Listener) error {
	mux := http.NewServeMux()
	unary(mux, "/bench.Bench/sum", sum)
	unary(mux, "/bench.Bench/echo", echo)
	unary(mux, "/bench.Bench/count", count)
	unaryProto(mux, "/bench.Proto/sum", sum)
	unaryProto(mux, "/bench.Proto/slow", slow)
	return serveHTTP(listener, mux)
}

func unary[P, R any](mux *http.ServeMux, path string, fn func(context.Context, P) (R, error)) {
	mux.Handle(path, connect.NewUnaryHandler(path,
		func(ctx context.Context, request *connect.Request[P]) (*connect.Response[R], error) {
			result, err := fn(ctx, *request.Msg)
			if err != nil {
				return nil, err
			}
			return connect.NewResponse(&result), nil
		}, connect.WithCodec(plainJSON{})))
}

func unaryProto(mux *http.ServeMux, path string, fn func(context.Context, SumParams) (int, error)) {
	mux.Handle(path, connect.NewUnaryHandler(path,
		func(ctx context.Context, request *connect.Request[timestamppb.Timestamp]) (*connect.Response[wrapperspb.Int64Value], error) {
			result, err := fn(ctx, fromProto(request.Msg))
			if err != nil {
				return nil, err
			}
			return connect.NewResponse(wrapperspb.Int64(int64(result))), nil
		}))
}

func (connectPeer) request(w *workload) (request, bool) {
	return request{path: "/bench.Bench/" + w.method, body: mustMarshal(w.params), bare: true}, w.items == 1
}

func (connectPeer) client() dialer { return dialConnect }

func dialConnect(address string) (caller, error) {
	transport := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: 30 * time.Second}}
	client := func(name string) *connect.Client[timestamppb.Timestamp, wrapperspb.Int64Value] {
		return connect.NewClient[timestamppb.Timestamp, wrapperspb.Int64Value](transport, "http://"+address+"/bench.Proto/"+name)
	}
	quick, napping := client(method(false)), client(method(true))
	return one(func(ctx context.Context, p SumParams, slow bool) (int, error) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		chosen := quick
		if slow {
			chosen = napping
		}
		response, err := chosen.CallUnary(ctx, connect.NewRequest(toProto(p)))
		if err != nil {
			return 0, err
		}
		return int(response.Msg.GetValue()), nil
	}), nil
}

// toProto carries two numbers in the one message with two numbers that protobuf brings along as generated code.
func toProto(p SumParams) *timestamppb.Timestamp {
	return &timestamppb.Timestamp{Seconds: int64(p.A), Nanos: int32(p.B)} //nolint:gosec // the numbers are the small ones of SumParams
}

func fromProto(message *timestamppb.Timestamp) SumParams {
	return SumParams{A: int(message.GetSeconds()), B: int(message.GetNanos())}
}
