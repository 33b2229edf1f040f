package discovery

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

const (
	beat      = 5 * time.Second // of a lease, give or take a fifth
	ttl       = 15 * time.Second
	tombstone = 60 * time.Second // how long a dead lease is remembered, so that nothing that is late revives it
	pingTTL   = 90 * time.Second // of an instance without a lease: pymicroservice pings every 30 seconds

	freezeFrom  = 4 // instances; of fewer, half is no sign of anything
	freezeLimit = 5 * time.Minute
)

// goneError says that a lease is over: the instance was forgotten, has left, or was registered anew.
type goneError struct {
	epoch int64 // of the last lease of the instance that is known; 0 if none is
}

func (e *goneError) Error() string {
	return "the lease is over: the instance was forgotten, has left, or was registered anew"
}

// errFull says that a table takes no more of something, from nobody.
var errFull = errors.New("the registry is full")

// record is an instance with the number of its lease. Whoever registers an instance counts up, so that the later of
// two leases of one instance can be told wherever they meet.
type record struct {
	jacinth.Instance

	Epoch int64 `json:"epoch"`
}

// table is a set of instances that others can wait on. It is what is behind a registry in memory, and behind one that
// is a service. The zero value never forgets an instance by itself; see newTable.
type table struct {
	limits limits
	shares shares
	leased bool         // instances that are not renewed are forgotten
	logger *slog.Logger // told of a freeze; for a leased table alone

	mu       sync.Mutex
	groups   map[string]*group // by the name of the service
	count    int               // of live entries in all groups
	kept     int               // of all entries, the dead ones too
	revision int64             // of the last change
	floor    int64             // revision of the last change of a group that is no more
	waiters  map[*waiter]struct{}
	holdings map[holder]*holding
	crowd    crowd
	closed   bool        // nobody waits any more
	due      time.Time   // when sweep has something to do; zero is never
	timer    *time.Timer // runs it then

	started time.Time
	frozen  time.Time // since when nothing is forgotten; zero when things are
	spent   bool      // the freeze lasted as long as it may
}

// limits bound what the callers of a table can make it keep. Zero is none.
type limits struct {
	names, perName, all, waiters int
}

// group is what a table knows of one service.
type group struct {
	entries    map[string]*entry // by ID, the dead ones too
	live       int
	revision   int64
	instances  []record // the live ones in order; nil when it has to be made anew
	noneCached bool     // instances is empty, and not nil for want of making
}

// entry is an instance, or the tombstone of one.
type entry struct {
	record
	ttl     time.Duration
	renewed time.Time
	dead    time.Time // zero: it is alive
	expired bool      // it did not leave, it was not heard of

	holder holder // who brought it
}

// waiter is somebody who waits for a change.
type waiter struct {
	name string
	wake chan struct{}
}

// view is what a table says of a name.
type view struct {
	Revision  int64    `json:"revision"`
	Instances []record `json:"instances"`
	Frozen    bool     `json:"frozen"`  // more than half vanished at once, and nothing is forgotten
	Settled   bool     `json:"settled"` // everybody who lives has had the time to say so
	Run       int64    `json:"run"`     // of the registry's program: another number after each start

	RetryMS int64 `json:"retryMs,omitzero"` // too many wait: when to ask again, since this was answered without waiting
}

// newTable returns a table that forgets what is not renewed.
func newTable(limits limits, shares shares, logger *slog.Logger) *table {
	now := time.Now()
	// Revisions of two runs of a program are different, or else a client that knew the first could be told that
	// nothing changed. A counter that begins with the time does that, and stays exact as a number in JSON.
	return &table{limits: limits, shares: shares, leased: true, logger: logger, started: now, revision: now.UnixMicro(), floor: now.UnixMicro()}
}

// register makes an instance of a holder known. It fails with errFull or a shareError, and with a goneError if the lease is
// over already, or a later one of the instance was there. Saying the same once more is no failure.
func (t *table) register(r record, by holder) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.sweep(now)
	if e := t.lease(r.Service, r.ID, r.Epoch); e != nil && sameInstance(&e.Instance, &r.Instance) {
		e.renewed = now
		return nil
	}
	if known := t.epoch(r.Service, r.ID); r.Epoch <= known {
		return &goneError{known}
	}
	return t.add(&entry{record: r, ttl: ttl, renewed: now, holder: by})
}

// ping makes an instance known that has no lease, or keeps it so.
func (t *table) ping(i jacinth.Instance, by holder) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.sweep(now)
	known := t.epoch(i.Service, i.ID)
	if e := t.lease(i.Service, i.ID, known); e != nil {
		e.renewed = now
		return nil
	}
	return t.add(&entry{record: record{i, known + 1}, ttl: pingTTL, renewed: now, holder: by})
}

// add puts an entry in its place. t.mu is held.
func (t *table) add(e *entry) error {
	g := t.groups[e.Service]
	if g == nil {
		g = &group{entries: map[string]*entry{}}
	}
	old := g.entries[e.ID]
	if old == nil || !old.dead.IsZero() {
		err := t.room(e.holder, e.Service, g, old == nil)
		if _, isShare := errors.AsType[*shareError](err); isShare && t.yield(e.holder, g, e.renewed) {
			err = t.room(e.holder, e.Service, g, old == nil)
		}
		if err != nil {
			return err
		}
		g.live++
		t.count++
	}
	if t.groups == nil {
		t.groups = map[string]*group{}
	}
	t.groups[e.Service] = g
	if old == nil {
		t.kept++
	} else {
		t.note(old.holder, e.Service, -alive(old), -1)
	}
	t.note(e.holder, e.Service, 1, 1)
	g.entries[e.ID] = e
	t.changed(e.Service, g)
	t.sooner(e.renewed, e.renewed.Add(e.ttl))
	return nil
}

// alive is 1 for an entry that is no tombstone.
func alive(e *entry) int {
	if e.dead.IsZero() {
		return 1
	}
	return 0
}

// renew keeps an instance known, or fails with a goneError.
func (t *table) renew(service, id string, epoch int64, ready bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.sweep(now)
	e := t.lease(service, id, epoch)
	if e == nil {
		return &goneError{t.epoch(service, id)}
	}
	e.renewed = now
	if e.Ready != ready {
		e.Ready = ready
		t.changed(service, t.groups[service])
	}
	return nil
}

// leave makes an instance unknown. A lease that is over is no failure: the instance is not there by it.
func (t *table) leave(service, id string, epoch int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.sweep(now)
	if e := t.lease(service, id, epoch); e != nil {
		t.bury(e, now, false)
	}
}

// lease returns the live entry of a lease, nil if there is none. t.mu is held.
func (t *table) lease(service, id string, epoch int64) *entry {
	g := t.groups[service]
	if g == nil {
		return nil
	}
	if e := g.entries[id]; e != nil && e.dead.IsZero() && e.Epoch == epoch {
		return e
	}
	return nil
}

// find returns an instance that is known, and reports whether there is one.
func (t *table) find(service, id string) (jacinth.Instance, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(time.Now())
	if g := t.groups[service]; g != nil && g.entries[id] != nil && g.entries[id].dead.IsZero() {
		return g.entries[id].Instance, true
	}
	return jacinth.Instance{}, false
}

// epoch returns the number of the last lease of an instance that is known, 0 if none is. t.mu is held.
func (t *table) epoch(service, id string) int64 {
	if g := t.groups[service]; g != nil && g.entries[id] != nil {
		return g.entries[id].Epoch
	}
	return 0
}

// bury makes an entry a tombstone. t.mu is held.
func (t *table) bury(e *entry, now time.Time, expired bool) {
	g := t.groups[e.Service]
	t.note(e.holder, e.Service, -1, 0)
	e.dead, e.expired = now, expired
	g.live--
	t.count--
	if !t.leased { // nothing is late where there are no beats
		t.erase(g, e)
	}
	t.changed(e.Service, g)
	if len(g.entries) == 0 {
		t.drop(e.Service, g)
	}
	t.sooner(now, now.Add(tombstone))
}

// erase forgets an entry that is dead. t.mu is held.
func (t *table) erase(g *group, e *entry) {
	delete(g.entries, e.ID)
	t.kept--
	t.note(e.holder, e.Service, 0, -1)
}

// drop forgets a service without instances. t.mu is held.
func (t *table) drop(service string, g *group) {
	t.floor = max(t.floor, g.revision)
	delete(t.groups, service)
}

// changed takes note of a change and wakes those who wait for it. t.mu is held.
func (t *table) changed(service string, g *group) {
	t.revision++
	g.revision, g.instances, g.noneCached = t.revision, nil, false
	probe := jacinth.Instance{Service: service}
	for w := range t.waiters {
		if probe.Matches(w.name) {
			w.signal()
		}
	}
}

func (w *waiter) signal() {
	select {
	case w.wake <- struct{}{}:
	default: // it has yet to look at the change before
	}
}

// look returns what is known of a name. The instances belong to the table and are not to be changed.
func (t *table) look(name string) view {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.sweep(now)
	v := view{
		Revision: t.floor, Frozen: !t.frozen.IsZero(),
		Settled: t.settled(now), Run: t.started.UnixMicro(),
	}
	if !isPattern(name) {
		if g := t.groups[name]; g != nil {
			v.Revision, v.Instances = max(v.Revision, g.revision), g.list()
		}
		return v
	}
	for _, service := range slices.Sorted(maps.Keys(t.groups)) {
		probe := jacinth.Instance{Service: service}
		if g := t.groups[service]; probe.Matches(name) {
			v.Revision, v.Instances = max(v.Revision, g.revision), append(v.Instances, g.list()...)
		}
	}
	return v
}

// status returns what there is to say of the table as a whole.
func (t *table) status() status {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.sweep(now)
	return status{
		Services: len(t.groups), Instances: t.count, Watchers: len(t.waiters), Frozen: !t.frozen.IsZero(), Settled: t.settled(now),
	}
}

// settled reports whether everybody who lives had the time to say so. t.mu is held.
func (t *table) settled(now time.Time) bool { return now.Sub(t.started) >= ttl }

// list returns the live records of a group in order.
func (g *group) list() []record {
	if g.instances == nil && !g.noneCached {
		for _, e := range g.entries {
			if e.dead.IsZero() {
				g.instances = append(g.instances, e.record)
			}
		}
		slices.SortFunc(g.instances, func(a, b record) int { return strings.Compare(a.ID, b.ID) })
		g.instances = slices.Clip(g.instances)
		g.noneCached = len(g.instances) == 0
	}
	return g.instances
}

// wait returns what is known of a name as soon as its revision is another one, or when ctx ends. Where there is no room for
// one more of the holder to wait, it returns at once and says when to ask again.
func (t *table) wait(ctx context.Context, name string, revision int64, by holder) view {
	w := &waiter{name: name, wake: make(chan struct{}, 1)}
	t.mu.Lock()
	if closed := t.closed; closed || !t.mayWait(by) {
		var pause time.Duration
		if !closed {
			pause = t.crowd.turn(time.Now())
		}
		t.mu.Unlock()
		v := t.look(name)
		v.RetryMS = pause.Milliseconds()
		return v
	}
	if t.waiters == nil {
		t.waiters = map[*waiter]struct{}{}
	}
	t.waiters[w] = struct{}{}
	t.watching(by, 1)
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.waiters, w)
		t.watching(by, -1)
	}()
	for {
		v := t.look(name)
		if v.Revision != revision {
			return v
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
			return t.look(name) // which may have settled meanwhile
		}
		if t.isClosed() {
			return v
		}
	}
}

// close sends away all who wait, now and later.
func (t *table) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for w := range t.waiters {
		w.signal()
	}
}

func (t *table) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}
