// A small service of other protocols than HTTP's requests: gRPC (the standard health service, with reflection) on PORT, WebSocket echo on METRICS_PORT.
package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/coder/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
)

func main() {
	failEvery, _ := strconv.ParseInt(os.Getenv("FAIL_EVERY"), 10, 64)
	fails := func(asked *atomic.Int64) bool { return failEvery > 0 && asked.Add(1)%failEvery == 0 }

	var called, echoed atomic.Int64
	refuse := func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if fails(&called) {
			return nil, status.Error(codes.Unavailable, "refused on purpose")
		}
		return handle(ctx, request)
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(refuse))
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	reflection.Register(server)
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		panic(err)
	}
	go func() { panic(server.Serve(listener)) }()

	panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("METRICS_PORT"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connection, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer connection.CloseNow()
		for {
			kind, message, err := connection.Read(r.Context())
			if err != nil {
				return
			}
			if fails(&echoed) {
				message = []byte("wrong")
			}
			if connection.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	})))
}
