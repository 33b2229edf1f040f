package tokens

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	noteEvery   = time.Minute      // for each token
	noteDelay   = 10 * time.Second // in which the uses of all tokens gather to be written at once
	noteTimeout = 30 * time.Second
)

// uses are the last uses that the store has not been told of.
type uses struct {
	mu      sync.Mutex
	waiting map[string]time.Time // nil while no writing is due
}

// note remembers that a token was used, at most once a minute.
func (a *Authorizer) note(ctx context.Context, p *profile, now time.Time) {
	last, second := p.usage.noted.Load(), now.Unix()
	if within(last, second, noteEvery) || !p.usage.noted.CompareAndSwap(last, second) {
		return
	}
	a.warn(ctx, p, now)
	if a.toucher == nil {
		return
	}
	a.uses.mu.Lock()
	defer a.uses.mu.Unlock()
	if a.uses.waiting == nil {
		a.uses.waiting = make(map[string]time.Time)
		time.AfterFunc(noteDelay, a.tell)
	}
	a.uses.waiting[p.record.ID] = now
}

// within reports whether a second is the last one or less than a while after it. A last one that is still to come was
// read from a clock that was wrong.
func within(last, second int64, while time.Duration) bool {
	return last <= second && second-last < int64(while/time.Second)
}

// tell writes what has gathered. A use that could not be written is not worth trying again: the next one is near.
func (a *Authorizer) tell() {
	a.uses.mu.Lock()
	waiting := a.uses.waiting
	a.uses.waiting = nil
	a.uses.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.Background(), noteTimeout)
	defer cancel()
	if err := a.toucher.Touch(ctx, waiting); err != nil && a.audit != nil {
		a.audit.LogAttrs(ctx, slog.LevelWarn, "last use of tokens not written",
			slog.Int("tokens", len(waiting)), slog.String("error", err.Error()))
	}
}
