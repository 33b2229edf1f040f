// Command hello is the smallest service with a public and a private method.
//
//	go run ./examples/hello
//
// The private method wants the token in HELLO_TOKEN, or hello_world_token when that is not set: fit for a
// demonstration and for nothing else.
package main

import (
	"cmp"
	"context"
	"os"

	"github.com/jacinth-rpc/jacinth"
)

// Person is the params of both methods.
type Person struct {
	Name string `json:"name"`
}

func sayHello(_ context.Context, p Person) (string, error) {
	return "Hello " + p.Name, nil
}

func sayPrivateHello(_ context.Context, p Person) (string, error) {
	return "Hello " + p.Name + ", in private", nil
}

func main() {
	token := cmp.Or(os.Getenv("HELLO_TOKEN"), "hello_world_token")
	svc := jacinth.New(jacinth.Config{
		Name:        "hello.world.service",
		Description: "Greets people.",
		Addr:        "127.0.0.1:5000",
		Authorize:   jacinth.Tokens(token),
	})
	jacinth.Public(svc, "say_hello", sayHello, jacinth.Doc("Greets a person."))
	jacinth.Private(svc, "say_private_hello", sayPrivateHello, jacinth.Doc("Greets a person who has a token."))
	jacinth.Main(svc)
}
