package main

import (
	"context"

	"github.com/jacinth-rpc/jacinth"
)

func main() {
	svc := jacinth.New(jacinth.Config{Name: "hello"})
	jacinth.Public(svc, "say_hello", func(_ context.Context, p struct{ Name string }) (string, error) { return "Hello " + p.Name, nil })
	jacinth.Main(svc)
}
