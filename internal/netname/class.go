package netname

import (
	"fmt"
	"net/netip"
)

// Class is what an address means.
type Class int

// What a host can be.
const (
	Named       Class = iota // a name, which may be anything
	Public                   // an address of the internet
	Private                  // of a network of one's own: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7
	Loopback                 // this machine, localhost too
	Shared                   // of a provider's inner network: 100.64.0.0/10
	LinkLocal                // of one cable: 169.254.0.0/16, fe80::/10
	Metadata                 // where clouds tell machines their secrets
	Unspecified              // all addresses of a machine, or none: 0.0.0.0/8, ::
	Group                    // many machines, or none: multicast, broadcast, reserved
)

// metadata are the addresses by which the big clouds give machines what they need to know, their credentials among it, as
// far as they are not link-local in any case.
var metadata = []netip.Prefix{
	netip.MustParsePrefix("fd00:ec2::/32"),          // AWS: ::254 for instances, ::23 for pods
	netip.MustParsePrefix("fd20:ce::254/128"),       // Google Cloud
	netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), // Oracle Cloud
	netip.MustParsePrefix("fd00:42::42/128"),        // Scaleway
	netip.MustParsePrefix("100.100.100.200/32"),     // Alibaba Cloud
	netip.MustParsePrefix("192.0.0.192/32"),         // Oracle Cloud, the old one
	netip.MustParsePrefix("168.63.129.16/32"),       // Azure
}

// metadataNames mean such an address.
var metadataNames = map[string]bool{
	"metadata.google.internal": true, "metadata.goog": true,
	"instance-data": true, "instance-data.ec2.internal": true, "metadata.azure.internal": true, "metadata.azure.com": true,
	"metadata.tencentyun.com": true, "metadata.platformequinix.com": true, "metadata.packet.net": true,
	"rancher-metadata": true, "api.metadata.cloud.ibm.com": true,
}

var (
	shared   = netip.MustParsePrefix("100.64.0.0/10")
	thisNet  = netip.MustParsePrefix("0.0.0.0/8")
	reserved = netip.MustParsePrefix("240.0.0.0/4")    // 255.255.255.255 too
	siteOld  = netip.MustParsePrefix("fec0::/10")      // site-local, which nothing is any more
	localNAT = netip.MustParsePrefix("64:ff9b:1::/48") // NAT64 of one's own, with an address of IPv4 somewhere in it
)

// Class says what the host is.
func (h Host) Class() Class {
	a := h.address
	switch {
	case h.name == localhost:
		return Loopback
	case metadataNames[h.name]:
		return Metadata
	case !a.IsValid():
		return Named
	case a.IsLoopback():
		return Loopback
	case a.IsUnspecified() || thisNet.Contains(a):
		return Unspecified
	case a.IsMulticast() || reserved.Contains(a) || siteOld.Contains(a) || localNAT.Contains(a):
		return Group
	case a.IsLinkLocalUnicast():
		return LinkLocal
	}
	for _, prefix := range metadata {
		if prefix.Contains(a) {
			return Metadata
		}
	}
	switch {
	case a.IsPrivate():
		return Private
	case shared.Contains(a):
		return Shared
	}
	return Public
}

// Near reports whether the host is an address of one's own network or machine, or localhost: what may be called when
// nobody has said more.
func (h Host) Near() bool {
	class := h.Class()
	return class == Loopback || class == Private
}

// Callable is the one rule on which hosts may be registered, and which may be called: those that can be one machine, and the
// same to everybody. It fails with a sentence that begins with what is wrong.
func (h Host) Callable() error {
	switch h.Class() {
	case Unspecified, Group:
		return fmt.Errorf("nobody can call an instance at %s: name the address of one machine", h)
	case LinkLocal:
		return fmt.Errorf("nobody should be sent to %s: the address means something else on every network", h)
	case Metadata:
		return fmt.Errorf("nobody should be sent to %s: there clouds tell machines their secrets", h)
	case Named, Public, Private, Loopback, Shared:
	}
	return nil
}

// translators are the networks of IPv6 whose addresses carry one of IPv4, which is where packets to them end, and the byte
// at which it begins.
var translators = []struct {
	network netip.Prefix
	at      int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},    // NAT64
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12}, // SIIT
	{netip.MustParsePrefix("2002::/16"), 2},        // 6to4
	{netip.MustParsePrefix("::/96"), 12},           // IPv4-compatible
}

// hidden returns the address of IPv4 that one of IPv6 leads to.
func hidden(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() || a.IsUnspecified() || a.IsLoopback() {
		return netip.Addr{}, false
	}
	bytes := a.As16()
	for _, t := range translators {
		if t.network.Contains(a) {
			return netip.AddrFrom4([4]byte(bytes[t.at : t.at+4])), true
		}
	}
	return netip.Addr{}, false
}
