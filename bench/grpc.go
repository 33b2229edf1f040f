package main

import (
	"context"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// grpcPeer is grpc-go with its own codec over messages that protobuf brings along as generated code. The description
// of the service, which a generator would write, is written here.
type grpcPeer struct{ noHTTP }

func (grpcPeer) name() string   { return "grpc-go" }
func (grpcPeer) module() string { return "google.golang.org/grpc" }

func (grpcPeer) serve(listener net.Listener) error {
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "bench.Bench", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{grpcMethod("sum", sum), grpcMethod("slow", slow)},
	}, nil)
	return server.Serve(listener)
}

func grpcMethod(name string, fn func(context.Context, SumParams) (int, error)) grpc.MethodDesc {
	handle := func(ctx context.Context, message any) (any, error) {
		request, _ := message.(*timestamppb.Timestamp)
		result, err := fn(ctx, fromProto(request))
		if err != nil {
			return nil, err
		}
		return wrapperspb.Int64(int64(result)), nil
	}
	return grpc.MethodDesc{
		MethodName: name,
		Handler: func(_ any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			message := new(timestamppb.Timestamp)
			if err := decode(message); err != nil {
				return nil, err
			}
			if interceptor == nil {
				return handle(ctx, message)
			}
			return interceptor(ctx, message, &grpc.UnaryServerInfo{FullMethod: "/bench.Bench/" + name}, handle)
		},
	}
}

func (grpcPeer) client() dialer { return dialGRPC }

func dialGRPC(address string) (caller, error) {
	connection, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	return one(func(ctx context.Context, p SumParams, slow bool) (int, error) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		reply := new(wrapperspb.Int64Value)
		if err := connection.Invoke(ctx, "/bench.Bench/"+method(slow), toProto(p), reply); err != nil {
			return 0, err
		}
		return int(reply.GetValue()), nil
	}), nil
}
