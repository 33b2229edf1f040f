package call

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/jacinth-rpc/jacinth/internal/netname"
)

// hosts are the hosts that the instances of a service may have. Nil admits the loopback and private addresses.
type hosts []hostRule

// hostRule is an entry of Client.Hosts.
type hostRule struct {
	text    string
	scheme  string       // http and https both, or https alone; empty if it does not say
	network netip.Prefix // of addresses, if it is valid
	name    string       // of a host, or the end of one after a *, or empty after a * alone
	suffix  bool         // there is a *
}

// parseHosts reads Client.Hosts.
func parseHosts(entries []string) (hosts, error) {
	var rules hosts
	for _, entry := range entries {
		rule, err := parseHost(entry)
		if err != nil {
			return nil, fmt.Errorf("the entry %q of Client.Hosts is wrong: %w", entry, err)
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

var errNoHost = errors.New("write a host such as billing.example.com or *.example.com, an address such as 10.0.0.7 or " +
	"10.0.0.0/8, or * for all, with http:// before it to admit a connection without TLS")

func parseHost(entry string) (hostRule, error) {
	rule := hostRule{text: entry}
	rest := entry
	if scheme, after, ok := strings.Cut(entry, "://"); ok {
		if scheme != "http" && scheme != "https" {
			return rule, errNoHost
		}
		rule.scheme, rest = scheme, after
	}
	if prefix, err := netip.ParsePrefix(rest); err == nil {
		if prefix != prefix.Masked() {
			return rule, fmt.Errorf("the network is %s", prefix.Masked())
		}
		rule.network = prefix
		return rule, nil
	}
	if address, err := netip.ParseAddr(strings.Trim(rest, "[]")); err == nil {
		if address = address.Unmap(); address.Zone() != "" {
			return rule, errors.New("an address has no zone here")
		}
		rule.network = netip.PrefixFrom(address, address.BitLen())
		return rule, nil
	}
	name, suffix := strings.CutPrefix(rest, "*")
	rule.name, rule.suffix = strings.ToLower(name), suffix
	switch {
	case suffix && name == "":
		return rule, nil
	case suffix && name[0] != '.':
		return rule, errNoHost
	case suffix:
		name = name[1:]
	}
	if _, err := netname.Parse(name); err != nil {
		return rule, errNoHost
	}
	return rule, nil
}

// check returns why an instance at that address is not to be called, nil if it is.
//
// A registry is believed in where a service runs, but not with secrets: whoever can write to it could otherwise send
// for the tokens and the params of all callers. A certificate would not help, since it only proves that
// evil.example is evil.example.
func (h hosts) check(text string) error {
	u, parsed, err := netname.ParseURL(text)
	if err == nil {
		err = parsed.Callable()
	}
	if err != nil {
		return err
	}
	host, near := parsed.String(), parsed.Near()
	address, _ := parsed.Address()
	if h == nil {
		if near {
			return nil
		}
		return errors.New("its host is not a loopback or private address, and Client.Hosts does not admit another")
	}
	withoutTLS := ""
	for _, rule := range h {
		if !rule.matches(host, address) {
			continue
		}
		if u.Scheme == "https" || rule.scheme == "http" || rule.scheme == "" && near {
			return nil
		}
		withoutTLS = rule.text
	}
	if withoutTLS != "" {
		return fmt.Errorf("it is without TLS, and the entry %q of Client.Hosts admits that only with http:// before it", withoutTLS)
	}
	return errors.New("Client.Hosts does not admit its host")
}

// matches reports whether a host is one of those that the rule means; its address is not valid if it is a name.
func (r *hostRule) matches(host string, address netip.Addr) bool {
	switch {
	case r.network.IsValid():
		return r.network.Contains(address)
	case !r.suffix:
		return host == r.name
	case r.name == "":
		return true
	}
	return !address.IsValid() && strings.HasSuffix(host, r.name) && len(host) > len(r.name)
}
