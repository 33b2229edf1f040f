package conform_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/conform"
)

// A test can check a server of whatever library, here one with a single method of the specification's examples.
func ExampleRun() {
	svc := jacinth.New(jacinth.Config{Name: "calculator", Logger: slog.New(slog.DiscardHandler)})
	jacinth.Public(svc, "subtract", func(_ context.Context, p Operands) (int, error) { return p.Minuend - p.Subtrahend, nil })
	server := httptest.NewServer(svc)
	defer server.Close()
	report, err := conform.Run(context.Background(), conform.Config{URL: server.URL + svc.Endpoint()})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("conforms:", report.Conforms(), "failed:", report.Of(conform.Must).Failed)
	// Output: conforms: true failed: 0
}
