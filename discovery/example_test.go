package discovery_test

import (
	"context"
	"fmt"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
)

// A service registers by itself when it has a registry; this is what it does.
func ExampleMemory() {
	ctx := context.Background()
	registry := new(discovery.Memory)
	lease, err := registry.Register(ctx, jacinth.Instance{ID: "1", Service: "billing", URL: "http://127.0.0.1:8000/api", Ready: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for set, err := range registry.Watch(ctx, "billing") {
		fmt.Println(len(set), err)
		if len(set) == 0 {
			break
		}
		_ = lease.Close(ctx)
	}
	// Output:
	// 1 <nil>
	// 0 <nil>
}

func ExampleOpen() {
	registry, err := discovery.Open(context.Background(), "static:billing=http://10.0.0.7:8000/api")
	if err != nil {
		fmt.Println(err)
		return
	}
	for set, err := range registry.Watch(context.Background(), "billing") {
		fmt.Println(set[0].URL, err)
		break
	}
	_, err = discovery.Open(context.Background(), "10.0.0.7:8500")
	fmt.Println(err)
	// Output:
	// http://10.0.0.7:8000/api <nil>
	// the URL of a registry that is known here begins with memory:, static:, file:, dns:, http: or https:, and not with "10.0.0.7:"
}
