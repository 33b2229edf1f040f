package discovery_test

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/leaktest"
)

func TestMain(m *testing.M) {
	// What package net makes at the first look-up would belong to the bubble in which that is.
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("nobody is asked")
	}}
	_, _ = resolver.LookupHost(context.Background(), "first.test")
	os.Exit(leaktest.Main(m))
}
