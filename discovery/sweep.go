package discovery

import (
	"context"
	"log/slog"
	"time"
)

// sweep forgets instances that were not heard of for their TTL, and tombstones that have stood long enough, if any of
// that is due. t.mu is held.
//
// When more than half of all instances fall silent within one TTL, they have not died: the network between them and
// the registry has. Then nothing is forgotten for a while. They are counted before the first of them is forgotten, by
// the beats that they missed.
func (t *table) sweep(now time.Time) {
	if t.due.IsZero() || now.Before(t.due) {
		return
	}
	overdue, all, silent, lost := t.census(now)
	if all < freezeFrom || 2*(silent+lost) <= all {
		if !t.frozen.IsZero() {
			t.logger.LogAttrs(context.Background(), slog.LevelInfo, "most instances are heard of again")
			for _, e := range overdue { // whose way back may be just open, and who beat in their own time
				e.renewed = now.Add(2*beat - e.ttl)
			}
			overdue = nil
		}
		t.frozen, t.spent = time.Time{}, false
	} else if len(overdue) > 0 && t.frozen.IsZero() && !t.spent {
		t.frozen = now
		t.logger.LogAttrs(context.Background(), slog.LevelWarn, "more than half of all instances fell silent: none is forgotten for a while",
			slog.Int("silent", silent+lost), slog.Int("all", all), slog.Duration("for", freezeLimit))
	}
	if !t.frozen.IsZero() && now.Sub(t.frozen) >= freezeLimit {
		t.logger.LogAttrs(context.Background(), slog.LevelWarn, "instances that stayed silent are forgotten", slog.Int("silent", len(overdue)))
		t.frozen, t.spent = time.Time{}, true
	}
	if t.frozen.IsZero() {
		for _, e := range overdue {
			t.bury(e, now, true)
		}
	}
	for service, g := range t.groups {
		for _, e := range g.entries {
			if !e.dead.IsZero() && now.Sub(e.dead) >= tombstone {
				t.erase(g, e)
			}
		}
		if len(g.entries) == 0 {
			t.drop(service, g)
		}
	}
	t.plan(now)
}

// census finds the instances whose time is over. Of all that are alive, or were forgotten within the last TTL, it counts
// those that missed a beat and those that were forgotten. Callers without a token have no say in whether others are kept:
// theirs do not count. t.mu is held.
func (t *table) census(now time.Time) (overdue []*entry, all, silent, lost int) {
	for _, g := range t.groups {
		for _, e := range g.entries {
			age := now.Sub(e.renewed)
			isLost := e.expired && !e.dead.IsZero() && now.Sub(e.dead) < ttl
			if e.dead.IsZero() && age >= e.ttl {
				overdue = append(overdue, e)
			}
			switch {
			case e.holder.stranger || !e.dead.IsZero() && !isLost:
				continue
			case isLost:
				lost++
			case age >= e.ttl/2: // beats are at most 6 s of 15 apart
				silent++
			}
			all++
		}
	}
	return overdue, all, silent, lost
}

// plan finds out when sweep has something to do again. t.mu is held.
func (t *table) plan(now time.Time) {
	t.due = time.Time{}
	for _, g := range t.groups {
		for _, e := range g.entries {
			switch {
			case !e.dead.IsZero():
				t.sooner(now, e.dead.Add(tombstone))
			case t.frozen.IsZero():
				t.sooner(now, e.renewed.Add(e.ttl))
			}
		}
	}
	if !t.frozen.IsZero() { // to see it end
		t.sooner(now, now.Add(time.Second))
	}
}

// sooner has sweep run at a time, if it does not before that. t.mu is held.
func (t *table) sooner(now, due time.Time) {
	if !t.leased || !t.due.IsZero() && !due.Before(t.due) {
		return
	}
	t.due = due
	if t.timer == nil {
		t.timer = time.AfterFunc(due.Sub(now), t.tick)
		return
	}
	t.timer.Reset(due.Sub(now))
}

// tick is what the timer runs.
func (t *table) tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(time.Now())
}
