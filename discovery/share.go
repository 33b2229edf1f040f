package discovery

import (
	"fmt"
	"net/netip"
	"time"
)

// shares say how much of a table is for whom, whatever others take. The zero value knows no shares.
type shares struct {
	holder      int // percent of each limit that one holder may always take
	strangers   int // percent of names and instances that all callers without a token may take together
	perStranger int // instances of one of their addresses
}

// holder is who brought an entry, or waits: a caller by its name, or a caller without a token by its network.
type holder struct {
	name     string
	stranger bool
}

// allStrangers is where the entries of all callers without a token are counted, beside each of them.
var allStrangers = holder{name: "*", stranger: true}

// holding is what one holder has in a table.
type holding struct {
	tally
	names    map[string]*tally // by the name of the service
	watchers int
}

// tally counts entries.
type tally struct {
	live int
	kept int // the dead ones too
}

// shareError says that a holder has all of a table that it may have.
type shareError struct {
	holder holder
	what   string // that there are no more of
}

func (e *shareError) Error() string {
	switch {
	case e.holder == allStrangers:
		return fmt.Sprintf("the share of all callers without a token is full: they can have no more %s", e.what)
	case e.holder.stranger:
		return fmt.Sprintf("the share of callers without a token at %s is full: they can have no more %s", e.holder.name, e.what)
	}
	return fmt.Sprintf("the share of the caller %q is full: while so much of the registry is taken, it can have no more %s", e.holder.name, e.what)
}

// holding returns what a holder has, nothing if there is none yet. t.mu is held.
func (t *table) holding(of holder) *holding {
	if h := t.holdings[of]; h != nil {
		return h
	}
	return &holding{}
}

// note counts entries of a service up or down. t.mu is held.
func (t *table) note(of holder, service string, live, kept int) {
	t.noteOne(of, service, live, kept)
	if of.stranger {
		t.noteOne(allStrangers, service, live, kept)
	}
}

func (t *table) noteOne(of holder, service string, live, kept int) {
	h := t.open(of)
	name := h.names[service]
	if name == nil {
		if h.names == nil {
			h.names = map[string]*tally{}
		}
		name = &tally{}
		h.names[service] = name
	}
	h.live, h.kept = h.live+live, h.kept+kept
	name.live, name.kept = name.live+live, name.kept+kept
	if name.kept == 0 {
		delete(h.names, service)
	}
	t.shut(of, h)
}

// watching counts those who wait up or down. t.mu is held.
func (t *table) watching(of holder, change int) {
	h := t.open(of)
	h.watchers += change
	t.shut(of, h)
}

// open returns what a holder has, to be changed. t.mu is held.
func (t *table) open(of holder) *holding {
	h := t.holdings[of]
	if h == nil {
		if t.holdings == nil {
			t.holdings = map[holder]*holding{}
		}
		h = &holding{}
		t.holdings[of] = h
	}
	return h
}

// shut forgets a holder that has nothing. t.mu is held.
func (t *table) shut(of holder, h *holding) {
	if h.kept == 0 && h.watchers == 0 {
		delete(t.holdings, of)
	}
}

// room says why there is no room for one more entry of a holder, revived or new, in a group of a service, nil if there is
// some. The dead count too, or a caller could fill the memory with them. t.mu is held.
func (t *table) room(of holder, service string, g *group, isNew bool) error {
	l, own := &t.limits, t.holding(of)
	name := own.names[service]
	if name == nil {
		name = &tally{}
	}
	var fresh int // entries that are kept beyond those there are
	if isNew {
		fresh = 1
	}
	for _, r := range []struct {
		what             string
		grows            int
		used, own, limit int
	}{
		{"names of services", newName(g), len(t.groups), len(own.names), l.names},
		{"instances of this service", 1, g.live, name.live, l.perName},
		{"instances of this service, of those that have just died", fresh, len(g.entries), name.kept, 2 * l.perName},
		{"instances", 1, t.count, own.live, l.all},
		{"instances, of those that have just died", fresh, t.kept, own.kept, 2 * l.all},
	} {
		switch {
		case r.grows == 0 || r.limit == 0:
		case r.used >= r.limit:
			return errFull
		case !of.stranger && t.shares.beyond(r.used, r.own, r.limit):
			return &shareError{of, r.what}
		}
	}
	if of.stranger {
		return t.roomForStranger(of, service, g)
	}
	return nil
}

// yield makes room in the share of a holder, and reports whether it did: an instance that is kept only because nothing is
// forgotten for now gives its place to a new one of the same service and holder. A fleet that was killed and starts anew is
// twice as large until then, and would itself be what is missing. t.mu is held.
func (t *table) yield(of holder, g *group, now time.Time) bool {
	if t.frozen.IsZero() {
		return false // what is silent for so long is forgotten
	}
	for _, e := range g.entries {
		if e.holder == of && e.dead.IsZero() && now.Sub(e.renewed) >= e.ttl {
			t.bury(e, now, true)
			return true
		}
	}
	return false
}

// newName is 1 for a group that is new in a table.
func newName(g *group) int {
	if len(g.entries) == 0 {
		return 1
	}
	return 0
}

// beyond reports whether a holder has its share, and so much is taken by all that the rest is kept for the shares of
// others. Until half is taken, there are no shares: a registry of one holder is its own.
func (s *shares) beyond(used, own, limit int) bool {
	return s.holder > 0 && used >= limit/2 && own >= part(limit, s.holder)
}

// roomForStranger is room for a caller without a token: neither one address nor all of them together leave the others
// without any. t.mu is held.
func (t *table) roomForStranger(of holder, service string, g *group) error {
	l, all := &t.limits, t.holding(allStrangers)
	ofName := 0
	if name := all.names[service]; name != nil {
		ofName = name.kept
	}
	switch {
	case t.holding(of).kept >= t.shares.perStranger:
		return &shareError{of, "instances"}
	case l.all > 0 && all.kept >= part(l.all, t.shares.strangers):
		return &shareError{allStrangers, "instances"}
	case l.perName > 0 && ofName >= part(l.perName, t.shares.strangers):
		return &shareError{allStrangers, "instances of this service"}
	case l.names > 0 && newName(g) > 0 && len(all.names) >= part(l.names, t.shares.strangers):
		return &shareError{allStrangers, "names of services"}
	}
	return nil
}

// mayWait reports whether there is room for one more of a holder to wait. t.mu is held.
func (t *table) mayWait(of holder) bool {
	used, limit := len(t.waiters), t.limits.waiters
	return limit == 0 || used < limit && !t.shares.beyond(used, t.holding(of).watchers, limit)
}

// part is a share of a limit in percent, and at least one.
func part(limit, percent int) int { return max(1, limit*percent/100) }

// strangerAt is a caller without a token, by the host that it calls from: of IPv6 by the network of which one machine has
// all addresses.
func strangerAt(host string) holder {
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap().WithZone("")
		host = ip.String()
		if ip.Is6() {
			host = netip.PrefixFrom(ip, 64).Masked().String()
		}
	}
	return holder{name: orHere(host), stranger: true}
}
