package main

import (
	"context"
	"io"
	"net"
	"os"
	"strings"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/remote"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// maxDocument is how many bytes of a file are read as a document.
const maxDocument = 64 << 20

// loadDocument reads the OpenRPC document at a place: a file, - for standard input, or the address of a service, which
// is asked for it by rpc.discover.
func loadDocument(ctx context.Context, options *remote.Options, place string, standardInput io.Reader) (*openrpc.Document, error) {
	if place == "-" {
		return readDocument("standard input", standardInput)
	}
	if !strings.Contains(place, "://") {
		file, err := os.Open(place)
		if err == nil {
			defer func() { _ = file.Close() }()
			return readDocument(place, file)
		}
		hostport, _, _ := strings.Cut(place, "/")
		if _, port, addressErr := net.SplitHostPort(hostport); addressErr != nil || port == "" {
			return nil, failure.WithHint(failure.Usagef("%w", err),
				"A document is a file, - for standard input, or the address of a service, such as :8000 or http://…")
		}
	}
	service, err := options.Service(place)
	if err != nil {
		return nil, err
	}
	description, err := service.Describe(ctx)
	if err != nil {
		return nil, err
	}
	if description.Raw == nil {
		return nil, failure.Workf("%s has no OpenRPC document: it does not answer rpc.discover", service.URL)
	}
	return openrpc.Parse(description.Raw)
}

// readDocument reads a document from a file.
func readDocument(name string, file io.Reader) (*openrpc.Document, error) {
	data, err := io.ReadAll(io.LimitReader(file, maxDocument+1))
	switch {
	case err != nil:
		return nil, failure.Usagef("%s cannot be read: %w", name, err)
	case len(data) > maxDocument:
		return nil, failure.Usagef("%s is longer than %d bytes", name, maxDocument)
	}
	document, err := openrpc.Parse(data)
	if err != nil {
		return nil, failure.Usagef("%s: %w", name, err)
	}
	return document, nil
}
