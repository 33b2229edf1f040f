// Package netname knows hosts: how one is written, what it means, and which may be called.
//
// Hosts come from registries, settings and headers, and from there go to a dialer, which may read more into them than whoever
// checked them: the C library takes 127.1, 0x7f.1, 0177.0.0.1 and 2130706433 for 127.0.0.1. So there is one spelling here of
// each address, and what has another is no host at all. What is accepted is dialled as the address that it says.
package netname

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Host is a host: an address, or a name of which only a resolver knows what it means. The zero value is none.
type Host struct {
	name    string // in lower case; empty for an address
	address netip.Addr
}

const (
	maxName  = 253 // bytes of a name of DNS
	maxLabel = 63

	letters  = "abcdefghijklmnopqrstuvwxyz0123456789.-_"
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// Parse reads a host without a port, and fails with a sentence if it is not plainly one. An address of IPv6 has no brackets
// here; one that is mapped from IPv4 is that address of IPv4, since every dialer takes it for that.
func Parse(text string) (Host, error) {
	if text == "" {
		return Host{}, errors.New("the host is empty")
	}
	if address, err := netip.ParseAddr(text); err == nil {
		return parseAddress(address)
	}
	if strings.Trim(text, letters+capitals) != "" { // before they are made small, which makes a K of the Kelvin sign
		return Host{}, fmt.Errorf("the host %q has characters that no name of a host has", clip(text))
	}
	return parseName(strings.ToLower(text))
}

func parseAddress(address netip.Addr) (Host, error) {
	if address.Zone() != "" {
		return Host{}, fmt.Errorf("the host %q has a zone, which means something else on every machine", clip(address.String()))
	}
	address = address.Unmap()
	if inner, ok := hidden(address); ok {
		return Host{}, fmt.Errorf("the host %s leads to the address %s by a translator on the way: write that one", address, inner)
	}
	return Host{address: address}, nil
}

func parseName(name string) (Host, error) {
	switch {
	case len(name) > maxName:
		return Host{}, fmt.Errorf("the host %q is longer than the %d bytes of a name", clip(name), maxName)
	case strings.HasSuffix(name, "."):
		return Host{}, fmt.Errorf("the host %q ends in a dot: leave that away", clip(name))
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > maxLabel {
			return Host{}, fmt.Errorf("the host %q is no name: between its dots are from 1 to %d letters", clip(name), maxLabel)
		}
		last = label
	}
	if isNumber(last) {
		return Host{}, fmt.Errorf("the host %q is a number, which some take for an address: write it as four numbers from 0 to 255, such as 10.0.0.7", clip(name))
	}
	if name != localhost && meansThisMachine(name) {
		return Host{}, fmt.Errorf("the host %q is this machine in another spelling: write localhost", clip(name))
	}
	return Host{name: name}, nil
}

// isNumber reports whether a label is what the C library, or a browser, takes for a number: no name of DNS ends in one.
func isNumber(label string) bool {
	if digits, isHex := strings.CutPrefix(label, "0x"); isHex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

const localhost = "localhost"

// meansThisMachine reports whether a name is one of those that the hosts files of some systems, RFC 6761 and resolvers have
// for loopback addresses.
func meansThisMachine(name string) bool {
	switch name {
	case localhost, "localhost.localdomain", "localhost4", "localhost6", "localhost4.localdomain4", "localhost6.localdomain6",
		"ip6-localhost", "ip6-loopback":
		return true
	}
	return strings.HasSuffix(name, "."+localhost)
}

// String is the host in its one spelling, an address of IPv6 without brackets.
func (h Host) String() string {
	if h.address.IsValid() {
		return h.address.String()
	}
	return h.name
}

// Address returns the address that the host is, and reports false for a name.
func (h Host) Address() (netip.Addr, bool) { return h.address, h.address.IsValid() }

// IsLoopback reports whether the host is the machine of whoever says it.
func (h Host) IsLoopback() bool { return h.Class() == Loopback }

// clip shortens a host, for the sentence about it.
func clip(text string) string {
	const most = 64
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
