package nats

import (
	"cmp"
	"slices"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// kind is what a change of the bucket means.
type kind uint8

const (
	renewed kind = iota // an instance is there, new or as before
	left                // an instance was taken out
	expired             // the record of an instance was not renewed in time
	synced              // all that was there at the beginning has been told
)

// change is one thing that a bucket tells.
type change struct {
	kind   kind
	key    string
	record []byte
}

// view is the set of instances as one who follows a bucket knows it.
//
// That a record expired says that its instance is gone only if instances could renew their records meanwhile. They
// could not while NATS was out of reach or without a leader, and then all records expire at once although every
// instance lives. So an instance that is gone without having said so is believed to be only if others were heard all
// the time that it was not; otherwise it has one TTL more to say that it lives.
type view struct {
	service string
	ttl     time.Duration

	known   map[string]*known // by key
	last    time.Time         // when anything was heard
	steady  time.Time         // since when things have been heard without a gap
	changed bool
}

type known struct {
	instance jacinth.Instance
	told     bool      // since the bucket was followed anew
	until    time.Time // when to give it up, if it is in doubt
}

func newView(service string, ttl time.Duration) *view {
	return &view{service: service, ttl: ttl, known: map[string]*known{}}
}

// beat is how long the holder of a record waits before it renews it, give or take a fifth.
func beat(ttl time.Duration) time.Duration { return ttl / 3 }

// restart notes that the bucket is followed anew.
func (v *view) restart(now time.Time) {
	v.last, v.steady = now, now
	for _, k := range v.known {
		k.told = false
		if !k.until.IsZero() {
			k.until = now.Add(v.ttl)
		}
	}
}

// take notes a change.
func (v *view) take(c change, now time.Time) {
	if gap := beat(v.ttl) * 7 / 5; now.Sub(v.last) > gap {
		v.steady = now
	}
	v.last = now
	k := v.known[c.key]
	switch c.kind {
	case renewed:
		instance, ok := decode(c.key, c.record)
		switch {
		case !ok || !instance.Matches(v.service):
		case k == nil:
			v.known[c.key] = &known{instance: instance, told: true}
			v.changed = true
		default:
			v.changed = v.changed || !same(&k.instance, &instance)
			*k = known{instance: instance, told: true}
		}
	case left:
		if k != nil {
			delete(v.known, c.key)
			v.changed = true
		}
	case expired:
		if k != nil {
			k.told = true
			v.miss(c.key, k, now)
		}
	case synced:
		for key, k := range v.known {
			if !k.told {
				v.miss(key, k, now)
			}
		}
	}
}

// miss notes that an instance is gone, and did not say so.
func (v *view) miss(key string, k *known, now time.Time) {
	switch {
	case now.Sub(v.steady) >= v.ttl:
		delete(v.known, key)
		v.changed = true
	case k.until.IsZero():
		k.until = now.Add(v.ttl)
	}
}

// due is when settle has something to do, zero if never.
func (v *view) due() (first time.Time) {
	for _, k := range v.known {
		if !k.until.IsZero() && (first.IsZero() || k.until.Before(first)) {
			first = k.until
		}
	}
	return first
}

// settle gives up those that have been in doubt for too long.
func (v *view) settle(now time.Time) {
	for key, k := range v.known {
		if !k.until.IsZero() && !now.Before(k.until) {
			delete(v.known, key)
			v.changed = true
		}
	}
}

// list returns the set, in order of services and IDs.
func (v *view) list() []jacinth.Instance {
	v.changed = false
	list := make([]jacinth.Instance, 0, len(v.known))
	for _, k := range v.known {
		list = append(list, k.instance)
	}
	slices.SortFunc(list, func(a, b jacinth.Instance) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.ID, b.ID))
	})
	return list
}

func same(a, b *jacinth.Instance) bool {
	x, y := *a, *b
	x.Since, y.Since = time.Time{}, time.Time{}
	return x == y && a.Since.Equal(b.Since)
}
