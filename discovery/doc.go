// Package discovery has the registries by which services find each other: those that need nothing but this module.
//
// A [Registry] knows the running instances of services. A service that is given one announces itself there, and a
// client that is given one calls a service by its name. [Open] makes one of a URL, for programs that are told at start:
//
//	svc := jacinth.New(jacinth.Config{Name: "billing", OpenRegistry: discovery.Open}) // -registry http://registry:8500/api
//
// What there is:
//
//	memory:           [Memory]  the services of one process
//	static:           [Static]  a fixed list
//	file:             [File]    the processes of one machine, by a JSON file
//	dns:              [DNS]     what DNS says: headless services of Kubernetes, Consul
//	http:, https:     [HTTP]    a registry that is a jacinth service itself, or several of them
//
// The service behind the last is [NewRegistryService]; the command "jacinth registry" runs it as a program.
//
// # What holds for all of them
//
// A registry is a hint and never the truth: an instance may be gone before its entry is. Clients keep the last set
// that they know while a registry is out of reach, and calls go on.
//
// An instance that is registered beats every 5 seconds, give or take a fifth. One that has not been heard of for 15
// seconds, its TTL, is forgotten. In memory nobody beats, since the process is gone as a whole or not at all; what a
// static list or DNS says is not theirs to forget.
//
// Secrets are never part of a URL. [Open] takes the token for an HTTP registry from the environment; [NewHTTP] takes
// clients that have theirs from where you like.
package discovery

import "github.com/jacinth-rpc/jacinth"

// Registry knows the running instances of services.
type Registry = jacinth.Registry
