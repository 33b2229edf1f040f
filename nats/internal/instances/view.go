package instances

import (
	"cmp"
	"slices"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// A view holds no more instances than a registry over HTTP: whoever may write under one name cannot fill the memory of all
// who watch, nor take the room of other names.
const (
	maxPerService = 1000
	maxAll        = 5000
)

// Kind is what a change of the bucket means.
type Kind uint8

// The kinds of changes.
const (
	Renewed Kind = iota // an instance is there, new or as before
	Left                // an instance was taken out
	Expired             // the record of an instance was not renewed in time
	Synced              // all that was there at the beginning has been told
)

// Change is one thing that a bucket tells.
type Change struct {
	Kind   Kind
	Key    string
	Record []byte
}

// View is the set of instances as one who follows a bucket knows it.
//
// That a record expired says that its instance is gone only if instances could renew their records meanwhile. They
// could not while NATS was out of reach or without a leader, and then all records expire at once although every
// instance lives. So an instance that is gone without having said so is believed to be only if others were heard all
// the time that it was not; otherwise it has one TTL more to say that it lives.
type View struct {
	service string
	ttl     time.Duration

	known  map[string]*known // by key
	counts map[string]int    // of known, by service
	last   time.Time         // when anything was heard
	steady time.Time         // since when things have been heard without a gap

	// Changed reports whether the set is another one than List last said.
	Changed bool
}

type known struct {
	instance jacinth.Instance
	told     bool      // since the bucket was followed anew
	until    time.Time // when to give it up, if it is in doubt
}

// NewView returns an empty view of the instances that a name or pattern means.
func NewView(service string, ttl time.Duration) *View {
	return &View{service: service, ttl: ttl, known: map[string]*known{}, counts: map[string]int{}}
}

// Beat is how long the holder of a record waits before it renews it, give or take a fifth.
func Beat(ttl time.Duration) time.Duration { return ttl / 3 }

// Restart notes that the bucket is followed anew.
func (v *View) Restart(now time.Time) {
	v.last, v.steady = now, now
	for _, k := range v.known {
		k.told = false
		if !k.until.IsZero() {
			k.until = now.Add(v.ttl)
		}
	}
}

// Take notes a change.
func (v *View) Take(c Change, now time.Time) {
	if gap := Beat(v.ttl) * 7 / 5; now.Sub(v.last) > gap {
		v.steady = now
	}
	v.last = now
	k := v.known[c.Key]
	switch c.Kind {
	case Renewed:
		instance, ok := Decode(c.Key, c.Record)
		switch {
		case !ok || !instance.Matches(v.service):
		case k == nil && (v.counts[instance.Service] >= maxPerService || len(v.known) >= maxAll):
		case k == nil:
			v.known[c.Key] = &known{instance: instance, told: true}
			v.counts[instance.Service]++
			v.Changed = true
		default:
			v.Changed = v.Changed || !same(&k.instance, &instance)
			*k = known{instance: instance, told: true}
		}
	case Left:
		if k != nil {
			v.forget(c.Key, k)
		}
	case Expired:
		if k != nil {
			k.told = true
			v.miss(c.Key, k, now)
		}
	case Synced:
		for key, k := range v.known {
			if !k.told {
				v.miss(key, k, now)
			}
		}
	}
}

// miss notes that an instance is gone, and did not say so.
func (v *View) miss(key string, k *known, now time.Time) {
	switch {
	case now.Sub(v.steady) >= v.ttl:
		v.forget(key, k)
	case k.until.IsZero():
		k.until = now.Add(v.ttl)
	}
}

// Due is when Settle has something to do, zero if never.
func (v *View) Due() (first time.Time) {
	for _, k := range v.known {
		if !k.until.IsZero() && (first.IsZero() || k.until.Before(first)) {
			first = k.until
		}
	}
	return first
}

// Settle gives up those that have been in doubt for too long.
func (v *View) Settle(now time.Time) {
	for key, k := range v.known {
		if !k.until.IsZero() && !now.Before(k.until) {
			v.forget(key, k)
		}
	}
}

func (v *View) forget(key string, k *known) {
	delete(v.known, key)
	if v.counts[k.instance.Service]--; v.counts[k.instance.Service] == 0 {
		delete(v.counts, k.instance.Service)
	}
	v.Changed = true
}

// List returns the set, in order of services and IDs.
func (v *View) List() []jacinth.Instance {
	v.Changed = false
	list := make([]jacinth.Instance, 0, len(v.known))
	for _, k := range v.known {
		list = append(list, k.instance)
	}
	slices.SortFunc(list, func(a, b jacinth.Instance) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// same compares the times as times.
func same(a, b *jacinth.Instance) bool {
	x, y := *a, *b
	x.Since, y.Since = time.Time{}, time.Time{}
	return x == y && a.Since.Equal(b.Since)
}
