package discovery

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// TestTable_countsWhatHoldersHave lets holders come and go at random, and counts anew what each has.
func TestTable_countsWhatHoldersHave(t *testing.T) {
	first := *seed
	if first == 0 {
		first = rand.Uint64()
	}
	t.Logf("go test -run TestTable_countsWhatHoldersHave -args -seed %d", first)
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(first, 0))
		table := newTable(limits{names: 6, perName: 6, all: 20, waiters: 10}, shares{holder: 30, strangers: 50, perStranger: 4}, slog.New(slog.DiscardHandler))
		by := []holder{{name: "a"}, {name: "b"}, {}, strangerAt("10.0.0.7"), strangerAt("10.0.0.8"), strangerAt("::1")}
		full := 0
		for range 5000 {
			time.Sleep(time.Duration(random.Int64N(int64(2 * time.Second))))
			service, id := fmt.Sprint("s", random.IntN(8)), fmt.Sprint(random.IntN(8))
			one := jacinth.Instance{Service: service, ID: id}
			who := by[random.IntN(len(by))]
			var err error
			switch random.IntN(4) {
			case 0:
				err = table.register(record{one, time.Now().UnixMicro()}, who)
			case 1:
				err = table.ping(one, who)
			case 2:
				table.mu.Lock()
				epoch := table.epoch(service, id)
				table.mu.Unlock()
				table.leave(service, id, epoch)
			default:
				table.look("*")
			}
			if err != nil {
				full++
			}
			table.mu.Lock() // its timer runs beside this
			if got, want := table.holdings, recount(table); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Errorf("it counts %+v, want %+v", got, want)
			}
			table.mu.Unlock()
			if t.Failed() {
				return
			}
		}
		if full < 100 || full > 4000 {
			t.Errorf("%d of 5000 were refused: this tests little", full)
		}
		time.Sleep(2 * freezeLimit)
		table.look("*")
		table.mu.Lock()
		defer table.mu.Unlock()
		if len(table.holdings) > 0 || table.kept > 0 || table.count > 0 {
			t.Errorf("when all are forgotten, it counts %+v, %d and %d", table.holdings, table.kept, table.count)
		}
	})
}

// recount counts what holders have by looking at each entry. t.mu is held.
func recount(t *table) map[holder]*holding {
	counted := map[holder]*holding{}
	add := func(of holder, e *entry) {
		h := counted[of]
		if h == nil {
			h = &holding{names: map[string]*tally{}}
			counted[of] = h
		}
		if h.names[e.Service] == nil {
			h.names[e.Service] = &tally{}
		}
		for _, c := range []*tally{&h.tally, h.names[e.Service]} {
			c.kept++
			if e.dead.IsZero() {
				c.live++
			}
		}
	}
	for _, g := range t.groups {
		for _, e := range g.entries {
			add(e.holder, e)
			if e.holder.stranger {
				add(allStrangers, e)
			}
		}
	}
	return counted
}
