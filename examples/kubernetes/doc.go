// Package kubernetes holds manifests for services that find each other in Kubernetes: dns.yaml by headless services, and
// registry.yaml by a registry of their own. docs/guide/discovery.md says when to use which.
package kubernetes
