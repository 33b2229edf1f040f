// Package oracle has no code but tests: they ask a JSON Schema validator that is none of ours whether what a service
// takes is what its description says.
package oracle
