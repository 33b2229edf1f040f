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

// TestHostile_aFleetThatStartsAnewFindsRoom holds that a fleet of one token, all of which is killed and starts anew, is not
// kept out by what was there before. Until that is forgotten it is more than the share of the token, and since too few of the
// new ones were let in, more than half of all was silent, so that nothing was forgotten for five minutes.
func TestHostile_aFleetThatStartsAnewFindsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const fleet = 8
		table := newTable(limits{names: 20, perName: 20, all: 100, waiters: 10}, shares{holder: 5, strangers: 20, perStranger: 16}, slog.New(slog.DiscardHandler))
		shop := holder{name: "shop"}
		known := func(run string) (count int) {
			for i := range fleet {
				id := fmt.Sprint(run, i)
				if table.renew("shop", id, 1, true) == nil || table.register(record{jacinth.Instance{Service: "shop", ID: id}, 1}, shop) == nil {
					count++
				}
			}
			return count
		}
		beats := func(run string, length time.Duration) (count int) {
			for range length / beat {
				count = known(run)
				time.Sleep(beat)
			}
			return count
		}
		if got := beats("before", time.Minute); got != fleet {
			t.Fatalf("of %d instances, %d are known", fleet, got)
		}
		if got := beats("now", 30*time.Second); got != fleet {
			t.Errorf("30 s after all were killed, %d of %d new instances are known", got, fleet)
		}
		beats("now", 2*time.Minute)
		if got := table.status(); got.Instances != fleet || got.Frozen {
			t.Errorf("two minutes later, the table has %d instances, and frozen is %t; want the %d new ones", got.Instances, got.Frozen, fleet)
		}
		if got := known("none"); got >= fleet {
			t.Errorf("beside those that beat, %d more find room, which is beyond the share", got)
		}
		if want := recount(table); !reflect.DeepEqual(table.holdings, want) {
			t.Errorf("holdings are %+v, want %+v", table.holdings, want)
		}
		time.Sleep(10 * time.Minute) // until no timer is left
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
