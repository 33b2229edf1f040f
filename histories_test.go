package jacinth_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// What a registry promises in the histories.
const (
	historyTTL = 15 * time.Second // until a crashed instance is forgotten
	historyLag = time.Second      // until a watcher hears of a change
)

// lagging is a registry that tells watchers late, and nothing to those that are cut off from it.
type lagging struct {
	*board
	history *history
}

func (l lagging) Watch(ctx context.Context, service string) iter.Seq2[[]jacinth.Instance, error] {
	return func(yield func([]jacinth.Instance, error) bool) {
		for set, err := range l.board.Watch(ctx, service) {
			time.Sleep(rand.N(historyLag))
			if !yield(set, err) {
				return
			}
			if err == nil {
				l.history.told(set)
			}
		}
	}
}

// history is what happened to the instances of one service, as the test knows it.
type history struct {
	t       *testing.T
	seed    uint64
	random  *rand.Rand
	net     *network
	reg     *board
	mu      sync.Mutex
	live    []*machine
	gone    map[string]time.Time // from the registry, by host
	healed  time.Time            // when the client last could hear of it
	cut     bool
	known   []jacinth.Instance // the last set with any in it that the client was told
	serial  int
	blanked []jacinth.Instance // by a registry that lost its memory
}

func (h *history) told(set []jacinth.Instance) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(set) > 0 {
		h.known = set
	}
}

func (h *history) join() {
	h.serial++
	host := fmt.Sprintf("10.0.%d.%d", h.serial/200, h.serial%200+1)
	m := h.net.add(host)
	h.live = append(h.live, m)
	m.instance.Since = time.Now()
	h.reg.change(func() { h.reg.instances = append(h.reg.instances, m.instance) })
}

// leave takes an instance out that goes on answering, so that a call which comes too late is seen.
func (h *history) leave(crash bool) {
	if len(h.live) == 0 {
		return
	}
	i := h.random.IntN(len(h.live))
	m := h.live[i]
	h.live = slices.Delete(h.live, i, i+1)
	remove := func() {
		h.mu.Lock()
		h.gone[m.instance.ID] = time.Now()
		h.mu.Unlock()
		is := func(i jacinth.Instance) bool { return i.ID == m.instance.ID }
		h.reg.change(func() {
			h.reg.instances = slices.DeleteFunc(h.reg.instances, is)
			h.blanked = slices.DeleteFunc(h.blanked, is)
		})
	}
	if crash {
		m.state.Store(refusing)
		m.server.Close()
		time.AfterFunc(historyTTL, remove)
		return
	}
	remove()
}

// part cuts the client off from the registry, or heals that.
func (h *history) part(cut bool) {
	h.mu.Lock()
	if h.cut && !cut {
		h.healed = time.Now()
	}
	h.cut = cut
	h.mu.Unlock()
	h.reg.setDown(cut)
}

// blank has the registry forget all for less time than an empty set is doubted.
func (h *history) blank(client *jacinth.Client) {
	h.reg.change(func() { h.blanked, h.reg.instances = h.reg.instances, nil })
	for range 1 + h.random.IntN(7) {
		time.Sleep(time.Second)
		h.call(client)
	}
	h.reg.change(func() { h.reg.instances, h.blanked = append(h.blanked, h.reg.instances...), nil })
	time.Sleep(2 * historyLag) // lest the client hears of two such times as one
}

// arrived judges a call or a connection that comes to a host.
func (h *history) arrived(host string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	gone, ok := h.gone[host]
	if !ok || h.cut {
		return
	}
	if h.healed.After(gone) {
		gone = h.healed
	}
	if late := time.Since(gone); late > historyTTL+historyLag {
		h.t.Errorf("history %d: %s is called %v after it left", h.seed, host, late)
	}
}

// call calls the service and judges what comes of it.
func (h *history) call(client *jacinth.Client) {
	_, err := who(h.t, client, jacinth.ReadOnly())
	h.mu.Lock()
	defer h.mu.Unlock()
	// A live instance that the client was told of stays known also while the registry has lost its memory.
	lives := func(i jacinth.Instance) bool {
		return slices.ContainsFunc(h.live, func(m *machine) bool { return m.instance.ID == i.ID })
	}
	if err != nil && strings.Contains(err.Error(), "no instance") && slices.ContainsFunc(h.known, lives) {
		h.t.Errorf("history %d: %v, with %d live ones", h.seed, err, len(h.live))
	}
	// With an instance that lives, one that is gone costs a try or two, and the client has three.
	if err != nil && len(h.live) > 0 && !h.cut && h.settled() {
		h.t.Errorf("history %d: %v, with %d live ones and all quiet", h.seed, err, len(h.live))
	}
}

// settled reports whether the registry knows who lives, and for so long that the client does too.
func (h *history) settled() bool {
	h.reg.mu.Lock()
	defer h.reg.mu.Unlock()
	return len(h.reg.instances) == len(h.live) && time.Since(h.reg.last) > 2*historyLag
}

// TestClient_histories tries what the client promises in whatever happens: it calls no instance that has left for longer
// than its time to live and the delay of the watch, and it is never without an instance while there is one.
func TestClient_histories(t *testing.T) {
	histories := 60
	if testing.Short() {
		histories = 10
	}
	for range histories {
		synctest.Test(t, func(t *testing.T) {
			seed := rand.Uint64()
			h := &history{
				t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 1)), net: newNetwork(t), reg: new(board),
				gone: map[string]time.Time{}, healed: time.Now(),
			}
			h.net.came = h.arrived
			client := h.net.client(lagging{h.reg, h})
			h.join()
			for range 80 {
				switch n := h.random.IntN(20); {
				case n < 4 && len(h.live) < 6, len(h.live) == 0 && n < 12:
					h.join()
				case n < 6:
					h.leave(false)
				case n < 8:
					h.leave(true)
				case n == 8 && !h.cut:
					h.part(true)
				case n < 12 && h.cut:
					h.part(false)
				case n == 12 && !h.cut:
					h.blank(client)
				}
				for range h.random.IntN(4) {
					h.call(client)
					time.Sleep(time.Duration(h.random.IntN(3000)) * time.Millisecond)
				}
			}
			h.part(false)
			time.Sleep(2 * historyTTL)
			h.join()
			time.Sleep(2 * historyTTL)
			for range 10 {
				h.call(client)
			}
			if h.serial < 10 {
				t.Errorf("history %d has %d instances, want more to happen", h.seed, h.serial)
			}
		})
	}
}
