package tokens

import (
	"math"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// maxAddresses bounds what is remembered of those who guess.
const maxAddresses = 10_000

// lineRate is how many denials are logged for one address.
var lineRate = newRate(1, 20)

// togetherRate is how many tokens that turn out wrong may come from all senders together who have no address of their own.
// A guess gains nothing, however many there are: a secret has 190 bits. What is bounded is what look-ups cost the store,
// and for it a thousand a second are few, while nobody can tell the good token of one such sender from the wrong ones of
// another before it is looked up.
var togetherRate = newRate(1000, 1000)

// guessingTogether is the reason why a token of such a sender is not looked up.
const guessingTogether reason = "too many wrong tokens from senders that share an address"

// Proxies names networks whose addresses stand for many callers, such as that of a proxy or of a NAT. Wrong tokens from
// there are not held against the address, as [Guesses] has it: no caller can take a thousand look-ups a second from the
// others behind it, and no more than these are made for all such addresses together. Those of the machine itself and
// senders without an address, over a Unix socket or NATS, are taken for proxies anyway. A store in memory or in a file is
// not asked more sparingly for them: to refuse a look-up there costs as much as to make it. New panics if a network is
// none.
func Proxies(networks ...netip.Prefix) Option {
	return func(a *Authorizer) {
		for _, network := range networks {
			if !network.IsValid() {
				panic(`tokens: Proxies: a network is not valid: write it as netip.MustParsePrefix("10.1.0.0/16")`)
			}
			a.addresses.proxies = append(a.addresses.proxies, network.Masked())
		}
	}
}

// addresses remembers who failed lately.
type addresses struct {
	guessing rate           // tokens that may turn out wrong
	proxies  []netip.Prefix // whose addresses stand for many callers
	together bucket         // of senders that have no address of their own

	mu   sync.Mutex
	list map[netip.Addr]*address
}

// address is one IPv4 address, or the 64 bits that make a network in IPv6, where one machine has all the rest.
type address struct {
	guesses bucket
	lines   bucket // of the audit log
	dropped int    // lines since the last one; under the lock of addresses
}

// isShared reports whether many callers may send from an address, of which one is not to suffer for another.
func (a *addresses) isShared(from netip.Addr) bool {
	return !from.IsValid() || from.IsLoopback() ||
		slices.ContainsFunc(a.proxies, func(network netip.Prefix) bool { return network.Contains(from) })
}

// wait returns how long an address has to wait until a token of its is looked up, if it guessed too often.
func (a *addresses) wait(from netip.Addr, now int64) time.Duration {
	if a.guessing.interval == 0 {
		return 0
	}
	if a.isShared(from) {
		return a.together.wait(now, togetherRate)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of(from).guesses.wait(now, a.guessing)
}

// charge counts a token that turned out wrong. It is counted when that is known, not before the look-up: many calls
// that begin at once with a good token are no guesses.
func (a *addresses) charge(from netip.Addr, now int64) {
	if a.guessing.interval == 0 {
		return
	}
	if a.isShared(from) {
		a.together.take(now, togetherRate)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of(from).guesses.take(now, a.guessing)
}

// line reports whether one more denial of an address is logged, and how many were not since the last that was.
func (a *addresses) line(from netip.Addr, now int64) (logged bool, dropped int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	one := a.of(from)
	if one.lines.take(now, lineRate) > 0 {
		one.dropped++
		return false, 0
	}
	dropped, one.dropped = one.dropped, 0
	return true, dropped
}

// of returns what is remembered of an address. The lock is held.
func (a *addresses) of(from netip.Addr) *address {
	if from.Is6() {
		from = netip.PrefixFrom(from, 64).Masked().Addr()
	}
	one, ok := a.list[from]
	if !ok {
		if len(a.list) >= maxAddresses {
			a.forget()
		}
		one = new(address)
		a.list[from] = one
	}
	return one
}

// forget makes room: of a few addresses, in the random order of a map, the one that behaved best goes.
func (a *addresses) forget() {
	var best netip.Addr
	least := int64(math.MaxInt64)
	sampled := 0
	for from, one := range a.list {
		if full := max(one.guesses.full.Load(), one.lines.full.Load()); full <= least {
			best, least = from, full
		}
		if sampled++; sampled == 16 {
			break
		}
	}
	delete(a.list, best)
}

// parseAddress reads host:port, or a bare host. What is no IP address is the zero Addr, which is in no network.
func parseAddress(text string) netip.Addr {
	pair, err := netip.ParseAddrPort(text)
	address := pair.Addr()
	if err != nil {
		if address, err = netip.ParseAddr(text); err != nil {
			return netip.Addr{}
		}
	}
	return address.Unmap().WithZone("")
}
