// Package nats brings services together over NATS: a [Registry] of their instances in a key-value bucket of JetStream,
// and request and reply as another way for calls to travel, with a [Server] on one side and a [Transport] on the other.
// Either can be used without the other.
//
// A program that is told its registry at start takes one on NATS with
//
//	svc := jacinth.New(jacinth.Config{Name: "billing", OpenRegistry: nats.Open}) // -registry nats://127.0.0.1:4222
//
// and one that connects by itself has everything on one connection:
//
//	conn, err := nats.Connect("nats://127.0.0.1:4222")
//	registry, err := nats.NewRegistry(conn, nats.RegistryConfig{Replicas: 3})
//	svc := jacinth.New(jacinth.Config{Name: "billing", Registry: registry})
//	svc.Background((&nats.Server{Conn: conn, Service: svc}).Run)
//
// A program that runs an engine of its own, for tests or on one machine, finds it in package embedded; only that one
// links the server. docs/guide/nats.md says what happens in each failure, and which permissions NATS should give.
package nats
