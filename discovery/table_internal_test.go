package discovery

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

var (
	seed      = flag.Uint64("seed", 0, "of the random histories; 0 is another one each time")
	histories = flag.Int("histories", 1000, "random histories of a table")
)

// model is a table as it is described: what is alive, what is dead, and since when.
type model struct {
	lives map[string]*life
}

type life struct {
	epoch         int64
	ready         bool
	renewed, dead time.Time // dead is zero while it is alive
}

// expire lets time do its work.
func (m *model) expire(now time.Time) {
	for id, l := range m.lives {
		if l.dead.IsZero() && now.Sub(l.renewed) >= ttl {
			l.dead = l.renewed.Add(ttl)
		}
		if !l.dead.IsZero() && now.Sub(l.dead) >= tombstone {
			delete(m.lives, id)
		}
	}
}

func (m *model) register(id string, epoch int64, ready bool, now time.Time) error {
	l := m.lives[id]
	if l != nil && l.dead.IsZero() && l.epoch == epoch && l.ready == ready {
		l.renewed = now
		return nil
	}
	if l != nil && epoch <= l.epoch {
		return &goneError{l.epoch}
	}
	m.lives[id] = &life{epoch: epoch, ready: ready, renewed: now}
	return nil
}

func (m *model) renew(id string, epoch int64, ready bool, now time.Time) error {
	l := m.lives[id]
	if l == nil {
		return &goneError{}
	}
	if !l.dead.IsZero() || l.epoch != epoch {
		return &goneError{l.epoch}
	}
	l.renewed, l.ready = now, ready
	return nil
}

func (m *model) leave(id string, epoch int64, now time.Time) {
	if l := m.lives[id]; l != nil && l.dead.IsZero() && l.epoch == epoch {
		l.dead = now
	}
}

func (m *model) show() string {
	var alive []string
	for id, l := range m.lives {
		if l.dead.IsZero() {
			alive = append(alive, fmt.Sprintf("%s:%d:%t", id, l.epoch, l.ready))
		}
	}
	slices.Sort(alive)
	return strings.Join(alive, " ")
}

// sayBack fails with whatever is different between two errors of a table.
func sayBack(got, want error) error {
	g, _ := errors.AsType[*goneError](got)
	w, _ := errors.AsType[*goneError](want)
	if (g == nil) != (w == nil) || g != nil && *g != *w || g == nil && got != nil {
		return fmt.Errorf("it returns %v (%+v), want %v (%+v)", got, g, want, w) //nolint:errorlint // they are values to show
	}
	return nil
}

// TestTable_property lets few instances, too few for a freeze, come, go and fall silent at random, and compares.
func TestTable_property(t *testing.T) {
	first := *seed
	if first == 0 {
		first = rand.Uint64()
	}
	t.Logf("go test -run TestTable_property -args -seed %d -histories %d", first, *histories)
	synctest.Test(t, func(t *testing.T) {
		counts := map[string]int{}
		for history := range *histories {
			if err := tableHistory(rand.New(rand.NewPCG(first, uint64(history))), counts); err != nil {
				t.Fatalf("history %d: %v", history, err)
			}
		}
		for what, least := range map[string]int{"over": *histories, "expired": *histories, "revision": *histories} {
			if counts[what] < least {
				t.Errorf("%q happened %d times in %d histories: this tests little", what, counts[what], *histories)
			}
		}
	})
}

func tableHistory(random *rand.Rand, counts map[string]int) error {
	table := newTable(limits{}, shares{}, slog.New(slog.DiscardHandler))
	defer func() { // so that no timer of it runs on
		table.mu.Lock()
		defer table.mu.Unlock()
		if table.timer != nil {
			table.timer.Stop()
		}
	}()
	m := &model{lives: map[string]*life{}}
	seen := map[int64]string{} // what was shown with a revision
	for step := range 40 {
		time.Sleep(time.Duration(random.Int64N(int64([]time.Duration{time.Millisecond, 6 * time.Second, 20 * time.Second, 70 * time.Second}[random.IntN(4)]))))
		now := time.Now()
		before := m.show()
		m.expire(now)
		if m.show() != before {
			counts["expired"]++
		}
		id := []string{"a", "b", "c"}[random.IntN(3)]
		epoch, ready := 1+random.Int64N(6), random.IntN(2) == 0
		var err, want error
		var did string
		switch random.IntN(4) {
		case 0:
			did = "register"
			r := record{jacinth.Instance{ID: id, Service: "s", Ready: ready}, epoch}
			err, want = table.register(r, holder{}), m.register(id, epoch, ready, now)
		case 1, 2:
			did = "renew"
			err, want = table.renew("s", id, epoch, ready), m.renew(id, epoch, ready, now)
		default:
			did = "leave"
			table.leave("s", id, epoch)
			m.leave(id, epoch, now)
		}
		if want != nil {
			counts["over"]++
		}
		if err := sayBack(err, want); err != nil {
			return fmt.Errorf("step %d, %s(%s, %d, %t): %w", step, did, id, epoch, ready, err)
		}
		view := table.look([]string{"s", "*"}[random.IntN(2)])
		var alive []string
		for _, r := range view.Instances {
			alive = append(alive, fmt.Sprintf("%s:%d:%t", r.ID, r.Epoch, r.Ready))
		}
		if got := strings.Join(alive, " "); got != m.show() {
			return fmt.Errorf("step %d, after %s(%s, %d, %t): it shows %q, want %q", step, did, id, epoch, ready, got, m.show())
		}
		if old, ok := seen[view.Revision]; ok && old != m.show() {
			return fmt.Errorf("step %d: revision %d was of %q and is of %q", step, view.Revision, old, m.show())
		}
		seen[view.Revision] = m.show()
		counts["revision"]++
	}
	return nil
}
