package nats

import (
	"sync"
	"time"
)

// tallyPause is between two lines about the same kind of thing.
const tallyPause = 10 * time.Second

// tally counts what a stranger can make happen as often as he likes, and says it seldom: the first time at once, and then
// at most once in a tallyPause, with the number. What it says it says elsewhere, so that a slow log holds nobody up.
type tally struct {
	say func(count, total int, example string)

	mu      sync.Mutex
	count   int // since it was said last
	total   int
	example string
	timer   *time.Timer // runs while there was something in the last pause
}

func (t *tally) add(example string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count++
	t.total++
	t.example = example
	if t.timer == nil {
		t.timer = time.AfterFunc(0, t.tell)
	}
}

func (t *tally) tell() {
	t.mu.Lock()
	count, total, example := t.count, t.total, t.example
	t.count, t.example = 0, ""
	if count == 0 {
		t.timer = nil
	}
	t.mu.Unlock()
	if count == 0 {
		return
	}
	t.say(count, total, example)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer != nil {
		t.timer.Reset(tallyPause)
	}
}

// stop says what is not said yet. Nothing may be added after it.
func (t *tally) stop() {
	t.mu.Lock()
	count, total, example := t.count, t.total, t.example
	t.count = 0
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	t.mu.Unlock()
	if count > 0 {
		t.say(count, total, example)
	}
}
