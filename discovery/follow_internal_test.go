package discovery

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// What two registries say of one instance may differ while one of them is cut off.
func TestMerger_theLaterLeaseHolds(t *testing.T) {
	said := func(epoch int64, url string, ready bool) view {
		instance := jacinth.Instance{ID: "a", Service: "s", URL: url, Ready: ready}
		return view{Settled: true, Instances: []record{{instance, epoch}}}
	}
	for name, test := range map[string]struct {
		one, two view
		url      string
		ready    bool
	}{
		"another lease":         {said(1, "http://old.test", true), said(2, "http://new.test", false), "http://new.test", false},
		"one that is not ready": {said(1, "http://a.test", true), said(1, "http://a.test", false), "http://a.test", false},
	} {
		for _, views := range [][]view{{test.one, test.two}, {test.two, test.one}} {
			m := &merger{sources: make([]source, 2)}
			m.take(report{source: 0, view: views[0]})
			m.take(report{source: 1, view: views[1]})
			set, err, news := m.merge()
			if err != nil || !news || len(set) != 1 || set[0].URL != test.url || set[0].Ready != test.ready {
				t.Errorf("%s: %v and %v make %v, %v; want %s, ready %t", name, views[0].Instances, views[1].Instances, set, err, test.url, test.ready)
			}
		}
	}
}

// A registry that begins anew twice in a short time has not heard of everybody the second time either.
func TestMerger_aSecondStartIsAStartToo(t *testing.T) {
	saying := func(run int64, settled bool, ids ...string) view {
		v := view{Run: run, Settled: settled}
		for _, id := range ids {
			v.Instances = append(v.Instances, record{jacinth.Instance{ID: id, Service: "s", URL: "http://a.test"}, 1})
		}
		return v
	}
	m := &merger{sources: make([]source, 1)}
	for step, test := range []struct {
		view view
		want int
	}{
		{saying(1, true, "a", "b"), 2},
		{saying(2, false), 2},
		{saying(2, false, "a"), 2},
		{saying(3, false), 2}, // a, of the run before, may be back any moment
		{saying(3, false, "a"), 2},
		{saying(3, false), 1}, // a has left
		{saying(3, true), 0},  // b was not heard of
	} {
		m.take(report{view: test.view})
		if set := setOf(t, m); len(set) != test.want {
			t.Errorf("step %d: the set is %v, want %d", step, set, test.want)
		}
	}
}

func TestMerger_oldTalesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &merger{sources: make([]source, 2)}
		m.take(report{source: 0, view: view{Settled: true, Instances: []record{{jacinth.Instance{ID: "a", Service: "s", URL: "http://a.test"}, 1}}}})
		m.take(report{source: 1, view: view{Settled: true}})
		setOf(t, m)
		m.take(report{source: 0, err: errors.New("gone")})
		if due, ok := m.due(); !ok || time.Until(due) != ttl {
			t.Errorf("due = %v, %t; want that the set is looked at again after a TTL", time.Until(due), ok)
		}
		time.Sleep(ttl - time.Nanosecond)
		if len(setOf(t, m)) != 1 {
			t.Error("what a registry said was dropped before a TTL was over")
		}
		time.Sleep(time.Nanosecond)
		if len(setOf(t, m)) != 0 {
			t.Error("what a registry said a TTL ago still holds beside what another one says")
		}
		if _, ok := m.due(); ok {
			t.Error("there is nothing more that could become too old")
		}
		m.take(report{source: 1, err: errors.New("gone")})
		if set, err, news := m.merge(); set != nil || err == nil || !news {
			t.Errorf("merge = %v, %v, %t; want an error, so that the last set holds", set, err, news)
		}
	})
}

// setOf returns what a client was told last.
func setOf(t *testing.T, m *merger) []jacinth.Instance {
	t.Helper()
	if _, err, _ := m.merge(); err != nil {
		t.Fatal(err)
	}
	return m.last
}
