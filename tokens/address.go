package tokens

import (
	"math"
	"net/netip"
	"sync"
	"time"
)

// maxAddresses bounds what is remembered of those who guess.
const maxAddresses = 10_000

// lineRate is how many denials are logged for one address.
var lineRate = newRate(1, 20)

// addresses remembers who failed lately.
type addresses struct {
	guessing rate // tokens that may turn out wrong

	mu   sync.Mutex
	list map[netip.Addr]*address
}

// address is one IPv4 address, or the 64 bits that make a network in IPv6, where one machine has all the rest.
type address struct {
	guesses bucket
	lines   bucket // of the audit log
	dropped int    // lines since the last one; under the lock of addresses
}

// wait returns how long an address has to wait until a token of its is looked up, if it guessed too often.
func (a *addresses) wait(from netip.Addr, now int64) time.Duration {
	if a.guessing.interval == 0 {
		return 0
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
