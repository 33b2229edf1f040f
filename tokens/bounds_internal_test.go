package tokens

import (
	"encoding/binary"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

func TestCache_aFloodOfWrongTokensPushesOutNoGoodOne(t *testing.T) {
	var c cache
	now := time.Now()
	good := make([]Hash, 100)
	for i := range good {
		good[i] = HashOf(string(rune('a' + i)))
		c.put(&good[i], &answer{decision: decision{profile: new(profile)}, asked: now})
	}
	const flood = 2 * cacheShards * shardSize
	for i := range uint64(flood) {
		var number [8]byte
		binary.LittleEndian.PutUint64(number[:], i)
		wrong := HashOf(string(number[:]))
		c.put(&wrong, &answer{decision: decision{reason: unknownToken}, asked: now})
	}
	kept := 0
	for i := range c.shards {
		kept += len(c.shards[i].answers)
	}
	if kept > cacheShards*shardSize {
		t.Errorf("after %d wrong tokens %d answers are remembered, want %d at most", flood, kept, cacheShards*shardSize)
	}
	for i := range good {
		if c.get(&good[i]) == nil {
			t.Errorf("good token %d was pushed out", i)
		}
	}
}

func TestAddresses_areBounded(t *testing.T) {
	a := addresses{guessing: newRate(1, 5), list: map[netip.Addr]*address{}}
	worst := netip.MustParseAddr("192.0.2.1")
	for range 5 {
		a.charge(worst, 0)
	}
	for i := range uint32(3 * maxAddresses) {
		var bytes [4]byte
		binary.BigEndian.PutUint32(bytes[:], 10<<24|i)
		a.charge(netip.AddrFrom4(bytes), 0)
	}
	if len(a.list) > maxAddresses {
		t.Errorf("%d addresses are remembered, want %d at most", len(a.list), maxAddresses)
	}
	if a.wait(worst, 0) == 0 {
		t.Error("the address that guessed most was forgotten")
	}
}

func TestProfile_remembersFewMethods(t *testing.T) {
	p := newProfile(&Record{Scopes: Scopes{"m"}}, Limits{})
	for range 2 * maxResolved {
		if !p.mayCall(&jacinth.Method{Name: "m"}) {
			t.Fatal("a method that is granted may not be called")
		}
	}
	count := 0
	p.resolved.Range(func(any, any) bool { count++; return true })
	if count > maxResolved {
		t.Errorf("%d methods are remembered, want %d at most", count, maxResolved)
	}
}

func TestProfile_sharesNothingWithTheStore(t *testing.T) {
	record := Record{Scopes: Scopes{"m"}, Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	p := newProfile(&record, Limits{})
	record.Scopes[0], record.Networks[0] = "n", netip.MustParsePrefix("0.0.0.0/0")
	if p.mayCall(&jacinth.Method{Name: "n"}) || p.record.from(netip.MustParseAddr("192.0.2.1")) || p.caller.Scopes[0] != "m" {
		t.Error("a store that writes to a record that it handed out changed who may call")
	}
}

func TestNewRate_ofAHugeBurstDoesNotOverflow(t *testing.T) {
	r := newRate(1e-6, math.MaxInt)
	var b bucket
	if wait := b.take(int64(10*365*24*time.Hour), r); r.depth <= 0 || wait != 0 {
		t.Errorf("the bucket holds %d ns and has the first call wait %v, want none", r.depth, wait)
	}
}
