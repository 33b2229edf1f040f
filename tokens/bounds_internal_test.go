package tokens

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

func TestCache_aFloodOfWrongTokensPushesOutNoGoodOne(t *testing.T) {
	var c cache
	now := time.Now()
	good := make([]Hash, 100)
	for i := range good {
		good[i] = HashOf(string(rune('a' + i)))
		c.put(&good[i], &answer{profile: new(profile), asked: now})
	}
	const flood = 2 * cacheShards * shardSize
	for i := range uint64(flood) {
		var number [8]byte
		binary.LittleEndian.PutUint64(number[:], i)
		wrong := HashOf(string(number[:]))
		c.put(&wrong, &answer{reason: unknownToken, asked: now})
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
