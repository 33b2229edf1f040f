package remote

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
)

// endpoint is the path that services are called at unless they say otherwise.
const endpoint = "/api"

// URL completes the address of a service as people write it: 127.0.0.1:8000 and :8000 are http and have /api, a port
// 443 is https. What has a scheme is a full address and stays as it is.
func URL(address string) (string, error) {
	if strings.Contains(authority(address), "@") { // checked first: no other message may repeat a password
		return "", failure.Usagef("the address has a user or a password in it; a token goes into " + tokenVariable + " or a --token-file")
	}
	if strings.Contains(address, "://") {
		u, err := url.Parse(address)
		switch {
		case err != nil:
			return "", failure.Usagef("%q is no address: %w", address, cause(err))
		case u.Scheme != "http" && u.Scheme != "https":
			return "", failure.Usagef("%q is no address of a service: it begins with http:// or https://", address)
		case u.Hostname() == "":
			return "", failure.Usagef("%q names no host", address)
		case !isPort(u.Port()):
			return "", failure.Usagef("%q has no port between 1 and 65535", address)
		}
		return address, nil
	}
	hostport, path, slash := strings.Cut(address, "/")
	host, port, err := net.SplitHostPort(hostport)
	if err != nil || port == "" {
		return "", failure.Usagef("%q is no address of a service: it is host:port, such as 127.0.0.1:8000, or a full URL", address)
	}
	if strings.ContainsAny(hostport, " ?#") {
		return "", failure.Usagef("%q is no address of a service: %q is no host:port", address, hostport)
	}
	if !isPort(port) {
		return "", failure.Usagef("%q has no port between 1 and 65535", address)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	complete := url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: endpoint}
	if slash && path != "" {
		complete.Path = "/" + path
	}
	if port == "443" {
		complete.Scheme = "https"
		complete.Host = bracketed(host)
	}
	return complete.String(), nil
}

// authority is the part of an address that a user and a host stand in.
func authority(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	if end := strings.IndexAny(address, "/?#"); end >= 0 {
		return address[:end]
	}
	return address
}

// isPort reports whether a service can listen on a port, which is the usual one where it is empty.
func isPort(port string) bool {
	number, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && number > 0
}

// bracketed is a host as it stands in a URL without a port.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// cause returns what url.Parse found wrong without the address, which the sentence around it has already.
func cause(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
