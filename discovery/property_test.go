package discovery_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// Bounds of what clients see, with what they wait in the worst case.
const (
	ttl   = 15 * time.Second
	delay = 10 * time.Second // for a beat (6 s) after a pause (6 s at most, mostly less), and the answer to who waits
	calm  = 6 * time.Minute  // a freeze, and then the TTL
)

// fleet is a registry with its instances and a client, on a network that somebody tears at.
type fleet struct {
	t      *testing.T
	server *server
	random *rand.Rand
	log    []string

	members []*member
	watch   *follower
	eye     *link // of the client to the registry

	serverSince, eyeSince time.Time // since when they are as they are now
	serverDown, eyeCut    bool
	most                  int // instances at a time
}

// member is an instance, of a process of its own.
type member struct {
	id    string
	way   *link
	lease jacinth.Lease

	cut, dead bool
	since     time.Time // since when it is as it is now
	told      bool      // the registry took its leave
}

func (f *fleet) note(format string, args ...any) {
	f.log = append(f.log, time.Now().Format("04:05.000 ")+fmt.Sprintf(format, args...))
}

// step does something at random.
func (f *fleet) step() {
	switch f.random.IntN(10) {
	case 0, 1, 2:
		f.join()
	case 3:
		if m := f.one(false); m != nil {
			err := m.lease.Close(f.t.Context())
			m.dead, m.told, m.since = true, err == nil, time.Now()
			f.note("%s leaves: %v", m.id, err)
		}
	case 4: // kill -9
		if m := f.one(false); m != nil {
			m.way.set(true)
			m.dead, m.since = true, time.Now()
			f.note("%s dies", m.id)
		}
	case 5, 6:
		if m := f.one(false); m != nil {
			m.cut, m.since = !m.cut, time.Now()
			m.way.set(m.cut)
			f.note("%s is cut off: %t", m.id, m.cut)
		}
	case 7:
		f.eyeCut, f.eyeSince = !f.eyeCut, time.Now()
		f.eye.set(f.eyeCut)
		f.note("the client is cut off: %t", f.eyeCut)
	case 8:
		f.serverSince = time.Now()
		if f.serverDown = !f.serverDown; f.serverDown {
			f.server.kill()
		} else {
			f.server.restart()
		}
		f.note("the registry is down: %t", f.serverDown)
	}
}

// one returns a member, dead or alive.
func (f *fleet) one(dead bool) *member {
	var candidates []*member
	for _, m := range f.members {
		if m.dead == dead {
			candidates = append(candidates, m)
		}
	}
	if len(candidates) == 0 {
		return nil
	}
	return candidates[f.random.IntN(len(candidates))]
}

func (f *fleet) join() {
	alive := 0
	for _, m := range f.members {
		if !m.dead {
			alive++
		}
	}
	if alive >= f.most || f.serverDown {
		return
	}
	way, client := f.server.connect()
	m := &member{id: fmt.Sprint(len(f.members)), way: way, lease: register(f.t, newHTTP(f.t, client), instance("s", fmt.Sprint(len(f.members))))}
	m.since = time.Now()
	f.members = append(f.members, m)
	f.note("%s joins", m.id)
}

// check compares what the client sees with what it may.
func (f *fleet) check() error {
	if f.watch.count() == 0 {
		return nil
	}
	seen := map[string]bool{}
	for _, one := range f.watch.last() {
		seen[one.ID] = true
	}
	now := time.Now()
	if f.serverDown || f.eyeCut {
		return nil // it keeps what it knows, which is all it can
	}
	open := min(now.Sub(f.serverSince), now.Sub(f.eyeSince)) // for that long it could hear everything
	for _, m := range f.members {
		since := now.Sub(m.since)
		switch {
		case !m.dead && !m.cut && min(since, open) > ttl && !seen[m.id]:
			return fmt.Errorf("%s lives, is in reach for %v, and is not seen", m.id, min(since, open))
		case m.dead && m.told && min(since, open) > ttl+delay && seen[m.id]:
			return fmt.Errorf("%s left %v ago, and is seen", m.id, since)
		case m.dead && f.most < 4 && min(since, open) > ttl+delay && seen[m.id]: // too few for a freeze
			return fmt.Errorf("%s is dead for %v, and is seen", m.id, since)
		case m.dead && min(since, open) > calm && seen[m.id]:
			return fmt.Errorf("%s is dead for %v, and is seen", m.id, since)
		}
	}
	return nil
}

var runs = flag.Int("runs", 8, "random histories of a fleet")

func TestHTTP_property(t *testing.T) {
	first := uint64(time.Now().UnixNano())
	if given := flag.Lookup("seed").Value.String(); given != "0" {
		_, _ = fmt.Sscan(given, &first)
	}
	t.Logf("go test -run TestHTTP_property -args -seed %d -runs %d", first, *runs)
	for run := range *runs {
		synctest.Test(t, func(t *testing.T) {
			f := &fleet{t: t, server: startServer(t), random: rand.New(rand.NewPCG(first, uint64(run))), most: []int{3, 8}[run%2]}
			way, client := f.server.connect()
			f.eye, f.watch = way, follow(t, newHTTP(t, client), "s")
			f.serverSince, f.eyeSince = time.Now(), time.Now()
			end := func() {
				ended, cancel := context.WithCancel(context.Background())
				cancel()
				for _, m := range f.members {
					_ = m.lease.Close(ended)
				}
			}
			defer end()
			for range 40 {
				f.step()
				pass(time.Duration(f.random.Int64N(int64(12 * time.Second))))
				if err := f.check(); err != nil {
					t.Fatalf("run %d: %v; the set is %q\n%s", run, err, show(f.watch.last()), lines(f.log))
				}
			}
			// When everything is mended, the client knows exactly who lives.
			if f.serverDown {
				f.server.restart()
			}
			f.eye.set(false)
			want := map[string]bool{}
			for _, m := range f.members {
				if !m.dead {
					m.way.set(false)
					want[m.id] = true
				}
			}
			pass(calm)
			set := f.watch.last()
			if len(set) != len(want) {
				t.Fatalf("run %d: in the end the set is %q, want %v\n%s", run, show(set), want, lines(f.log))
			}
			for _, one := range set {
				if !want[one.ID] {
					t.Fatalf("run %d: in the end the set is %q, want %v\n%s", run, show(set), want, lines(f.log))
				}
			}
		})
	}
}

func lines(log []string) string {
	text := ""
	for _, line := range log {
		text += line + "\n"
	}
	return text
}
