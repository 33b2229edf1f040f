package netname

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// FromURL reads the host of a URL over HTTP that has nothing but host and path, and fails with a sentence if it is not
// plainly written. The URL is what url.Parse made of a text.
func FromURL(u *url.URL) (Host, error) {
	switch {
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Opaque != "":
		return Host{}, errors.New("it is not one of HTTP")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return Host{}, errors.New("it has a user, a query or a fragment")
	}
	return fromHostPort(u.Host)
}

// ParseURL is FromURL for the text of a URL.
func ParseURL(text string) (*url.URL, Host, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, Host{}, errors.New("it cannot be read as one")
	case strings.Contains(text, "#"): // also one with nothing behind it
		return nil, Host{}, errors.New("it has a fragment")
	}
	host, err := FromURL(u)
	return u, host, err
}

// fromHostPort reads the host and the port of a URL.
func fromHostPort(text string) (Host, error) {
	end := strings.IndexByte(text, ']') + 1 // of an address in brackets
	name, port, hasPort := strings.Cut(text[end:], ":")
	name = text[:end] + name
	if hasPort {
		if err := checkPort(port); err != nil {
			return Host{}, err
		}
	}
	inner, isBracketed := strings.CutPrefix(name, "[")
	inner, isClosed := strings.CutSuffix(inner, "]")
	if isBracketed != isClosed || isBracketed != strings.Contains(inner, ":") {
		return Host{}, fmt.Errorf("the host %q is not plainly one: addresses of IPv6 have brackets, and others have none", clip(text))
	}
	return Parse(inner)
}

// checkPort refuses a port that nobody can call, or that is written in another way than as its number.
func checkPort(text string) error {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 || strconv.FormatUint(port, 10) != text {
		return fmt.Errorf("it has a port that nobody can call, %q: write a number from 1 to 65535", clip(text))
	}
	return nil
}

// IsLoopback reports whether a host, with or without a port, is this machine and nothing but it. It is for what a program
// listens on, a connection has and a header says.
func IsLoopback(hostPort string) bool {
	text := bare(hostPort)
	host, err := Parse(text)
	return err == nil && host.IsLoopback() || strings.EqualFold(text, localhost+".") // as some browsers send it
}

// IsUnspecified reports whether a host, with or without a port, is all addresses of a machine, in any way that dialers read
// it: an address with a zone, a mapped one and an empty host too.
func IsUnspecified(hostPort string) bool {
	text := bare(hostPort)
	if cut := strings.IndexByte(text, '%'); cut >= 0 {
		text = text[:cut]
	}
	host, err := Parse(text)
	return text == "" || err == nil && host.Class() == Unspecified
}

// bare is a host without its port and its brackets.
func bare(hostPort string) string {
	if host, _, err := net.SplitHostPort(hostPort); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(hostPort, "["), "]")
}
