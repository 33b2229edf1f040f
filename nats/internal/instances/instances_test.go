package instances

import (
	"fmt"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

func instance(service, id string) jacinth.Instance {
	return jacinth.Instance{
		ID: id, Service: service, URL: "http://127.0.0.1:8000/api", Version: "1.2.3",
		Since: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC),
	}
}

func record(i jacinth.Instance) Change {
	key, _ := Key(&i)
	raw, _ := Encode(&i)
	return Change{Kind: Renewed, Key: key, Record: raw}
}

// TestView tells short histories of two instances, a and b, and one TTL of 15 seconds, and asks who is there in the end.
func TestView(t *testing.T) {
	type event struct {
		at   int // seconds
		what string
	}
	for _, test := range []struct {
		name   string
		events []event
		at     int
		want   string
	}{
		{"one that leaves is gone", []event{{0, "a"}, {0, "b"}, {1, "left a"}}, 1, "[b]"},
		{
			"one that expires while the other is heard is gone",
			[]event{{0, "a"}, {0, "b"}, {5, "b"}, {10, "b"}, {14, "b"}, {15, "expired a"}},
			15, "[b]",
		},
		{"one that expires in silence stays", []event{{0, "a"}, {0, "b"}, {15, "expired a"}}, 29, "[a b]"},
		{"one that expires in silence is gone after another TTL", []event{{0, "a"}, {0, "b"}, {15, "expired a"}}, 30, "[b]"},
		{"one that is renewed is in doubt no more", []event{{0, "a"}, {15, "expired a"}, {20, "a"}}, 60, "[a]"},
		{
			"all that expire after silence stay",
			[]event{{0, "a"}, {0, "b"}, {20, "expired a"}, {20, "expired b"}, {34, "a"}, {34, "b"}},
			60, "[a b]",
		},
		{
			"what was heard after silence says nothing of before",
			[]event{{0, "a"}, {0, "b"}, {20, "b"}, {20, "expired a"}},
			34, "[a b]",
		},
		{
			"what is not told again stays for a TTL",
			[]event{{0, "a"}, {0, "b"}, {60, "restart"}, {60, "b"}, {60, "synced"}, {65, "b"}, {70, "b"}, {74, "b"}},
			74, "[a b]",
		},
		{
			"what is not told again is gone after it",
			[]event{{0, "a"}, {0, "b"}, {60, "restart"}, {60, "b"}, {60, "synced"}, {65, "b"}, {70, "b"}, {74, "b"}},
			75, "[b]",
		},
		{
			"another restart gives another TTL",
			[]event{{0, "a"}, {20, "restart"}, {20, "synced"}, {30, "restart"}, {30, "synced"}},
			44, "[a]",
		},
		{"what left while nobody followed is gone", []event{{0, "a"}, {20, "restart"}, {20, "left a"}, {20, "synced"}}, 20, "[]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			zero := time.Unix(1_000_000, 0)
			v := NewView("s", 15*time.Second)
			v.Restart(zero)
			for _, e := range test.events {
				now := zero.Add(time.Duration(e.at) * time.Second)
				var what, id string
				if n, _ := fmt.Sscan(e.what, &what, &id); n == 1 {
					id = what
				}
				c := record(instance("s", id))
				switch what {
				case "left":
					c.Kind = Left
				case "expired":
					c.Kind = Expired
				case "synced":
					c = Change{Kind: Synced}
				case "restart":
					v.Restart(now)
					continue
				}
				v.Take(c, now)
				v.Settle(now)
			}
			v.Settle(zero.Add(time.Duration(test.at) * time.Second))
			ids := []string{}
			for _, i := range v.List() {
				ids = append(ids, i.ID)
			}
			if got := fmt.Sprint(ids); got != test.want {
				t.Errorf("after %v the set is %s, want %s", test.events, got, test.want)
			}
		})
	}
}

// TestView_isBounded holds that who may write under one name can neither fill the memory of those who watch all, nor take
// the room of other names; and that there is room again for as many as are gone.
func TestView_isBounded(t *testing.T) {
	now := time.Now()
	v := NewView("*", 15*time.Second)
	v.Restart(now)
	for i := range 1100 {
		v.Take(record(instance("billing", fmt.Sprint(i))), now)
	}
	v.Take(record(instance("orders", "o")), now)
	if n := len(v.List()); n != 1001 {
		t.Errorf("of 1100 instances of billing and one of orders there are %d, want 1000 and the one", n)
	}
	left := record(instance("billing", "0"))
	left.Kind = Left
	v.Take(left, now)
	for i := range 2 {
		v.Take(record(instance("billing", fmt.Sprint("later", i))), now)
	}
	if n := len(v.List()); n != 1001 {
		t.Errorf("after one of billing left and two came there are %d, want 1001", n)
	}
	for service := range 6 {
		for i := range 1000 {
			v.Take(record(instance(fmt.Sprint("workers.", service), fmt.Sprint(i))), now)
		}
	}
	if n := len(v.List()); n != 5000 {
		t.Errorf("of instances of many services there are %d, want 5000", n)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("billing.1", []byte(`{"id":"1","service":"billing","url":"http://127.0.0.1:8000/api","ready":true}`))
	f.Add("a.=.b.=67", []byte(`{"id":"\u0000","service":"a..b","url":"http://h"}`))
	f.Add("billing.1", []byte(`{"id":"1","service":"billing.1","url":"http://h","since":"2026-11-29T12:00:00Z"}`))
	f.Fuzz(func(t *testing.T, key string, raw []byte) {
		got, ok := Decode(key, raw)
		if !ok {
			return
		}
		if own, err := Key(&got); err != nil || own != key {
			t.Fatalf("Decode(%q, %q) = %+v, whose key is %q, %v", key, raw, got, own, err)
		}
		again, err := Encode(&got)
		if err != nil {
			return // what we would not write ourselves, such as a year with five digits
		}
		if twice, ok := Decode(key, again); !ok || !same(&twice, &got) {
			t.Fatalf("Decode(%q, %q) = %+v, %t, want %+v", key, again, twice, ok, got)
		}
	})
}
