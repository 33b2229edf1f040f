package tokens

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

const (
	cacheShards = 64
	shardSize   = 1024 // tokens; a flood of wrong ones pushes out others, but takes no more memory

	maxResolved = 4096 // methods that are remembered with a token; no service has as many
)

// cache remembers what the store said of tokens, by their hashes: a token with a wrong secret is another token than
// the right one, and is as unknown as one that was never issued.
type cache struct {
	shards [cacheShards]shard
}

type shard struct {
	mu      sync.RWMutex
	answers map[Hash]*answer
}

// answer is what the store said of a token. It is never changed.
type answer struct {
	decision // why nobody gets in with it, or granted and the profile if the store has it; no id, which is of the token

	asked time.Time // when the store said so
	until time.Time // when it is asked again
}

func (c *cache) get(hash *Hash) *answer {
	s := &c.shards[hash[0]%cacheShards]
	s.mu.RLock()
	found := s.answers[*hash]
	s.mu.RUnlock()
	return found
}

// put keeps a fresh answer, and reports whether there was none before. Calls that asked at the same time share the
// usage of the first.
func (c *cache) put(hash *Hash, fresh *answer) (news bool) {
	s := &c.shards[hash[0]%cacheShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answers == nil {
		s.answers = make(map[Hash]*answer)
	}
	have, known := s.answers[*hash]
	switch {
	case !known && len(s.answers) >= shardSize:
		s.forget()
	case known && have.profile != nil && fresh.profile != nil:
		fresh.profile = fresh.profile.after(have.profile)
	}
	s.answers[*hash] = fresh
	return !known
}

// forget makes room: of a few answers, in the random order of a map, a no goes before a yes and the older before the
// newer.
func (s *shard) forget() {
	var worst Hash
	var found *answer
	sampled := 0
	for hash, candidate := range s.answers {
		if found == nil || candidate.worthLess(found) {
			worst, found = hash, candidate
		}
		if sampled++; sampled == 16 {
			break
		}
	}
	delete(s.answers, worst)
}

func (a *answer) worthLess(than *answer) bool {
	if (a.profile == nil) != (than.profile == nil) {
		return a.profile == nil
	}
	return a.asked.Before(than.asked)
}

// profile is a record made ready for calls. It is replaced when the record changes.
type profile struct {
	record   Record
	caller   jacinth.Caller
	calls    rate
	inFlight int64 // 0 is no limit
	usage    *usage

	resolved sync.Map // *jacinth.Method -> bool, so that scopes are compared once and not with every call
	count    atomic.Int64
}

// usage is what a token is doing. It outlives changes of the record.
type usage struct {
	work   lane
	wait   lane         // of methods that wait, see [jacinth.Waits]: they take nothing from the others
	noted  atomic.Int64 // the second of the last use that the store was told
	warned atomic.Int64 // the second when its end was last warned of
}

// lane is what the calls of a token that work, or those that wait, have taken of its limits.
type lane struct {
	calls    bucket
	inFlight atomic.Int64
	leave    func() // gives back a slot of inFlight; made once, because a method value is an allocation
}

// waitingPerCall is how many calls of a token may wait for each that may run.
const waitingPerCall = 32

// lane returns where a call of a method is counted, and how many run there at a time, 0 for no limit.
func (p *profile) lane(method *jacinth.Method) (*lane, int64) {
	if method.Waits {
		return &p.usage.wait, min(p.inFlight, math.MaxInt64/waitingPerCall) * waitingPerCall
	}
	return &p.usage.work, p.inFlight
}

func newProfile(known *Record, defaults Limits) *profile {
	record := known.clone() // the store may hand out what it keeps
	limits := record.Limits.or(defaults)
	p := &profile{
		record:   record,
		caller:   jacinth.Caller{Name: record.Name, Scopes: slices.Clone(record.Scopes)},
		calls:    newRate(limits.PerSecond, limits.Burst),
		inFlight: int64(max(limits.InFlight, 0)),
		usage:    newUsage(),
	}
	if !record.LastUsed.IsZero() {
		p.usage.noted.Store(record.LastUsed.Unix())
	}
	return p
}

// after returns the profile that comes after another: the same if the record did not change.
func (p *profile) after(before *profile) *profile {
	if before.record.sameAs(&p.record) {
		return before
	}
	p.usage = before.usage
	return p
}

// mayCall reports whether the record grants a method. No strings are compared after the first time.
func (p *profile) mayCall(method *jacinth.Method) bool {
	if known, ok := p.resolved.Load(method); ok {
		return known == true
	}
	scope := method.Scope
	if scope == "" {
		scope = method.Name
	}
	allowed := p.record.Scopes.Allow(scope)
	if p.count.Add(1) <= maxResolved {
		p.resolved.Store(method, allowed)
	}
	return allowed
}

func newUsage() *usage {
	u := new(usage)
	for _, l := range []*lane{&u.work, &u.wait} {
		l.leave = func() { l.inFlight.Add(-1) }
	}
	return u
}

// enter takes one of the slots for calls in flight, which the call gives back when it is over.
func (l *lane) enter(req *jacinth.Request, limit int64) bool {
	if l.inFlight.Add(1) > limit {
		l.leave()
		return false
	}
	req.AtEnd(l.leave)
	return true
}
