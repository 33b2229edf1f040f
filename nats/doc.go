// Package nats brings services together over NATS: a [Registry] of their instances in a key-value bucket of JetStream,
// and request and reply as another way for calls to travel, with a [Server] on one side and a [Transport] on the other.
//
// A program that runs an engine of its own, for tests or on one machine, finds it in package embedded; only that one
// links the server.
package nats
