package discovery

import "time"

const (
	crowdedAsk  = 1500 * time.Millisecond // between questions of one who may not wait for the answer
	crowdedEach = 2 * time.Millisecond    // for each of them, so that all of them ask 500 times a second at most
	crowdedMost = 20 * time.Second        // which is as rare as the questions of those who wait
)

// crowd counts those who may not wait, to tell them when to ask again: the more they are, the later. The zero value is
// ready.
type crowd struct {
	since  time.Time
	pause  time.Duration
	turned int // away since then
}

// turn turns one away, and returns how long that one is to leave the registry alone.
func (c *crowd) turn(now time.Time) time.Duration {
	if now.Sub(c.since) >= c.pause { // by now each of them has asked once
		c.since, c.pause, c.turned = now, min(max(crowdedAsk, time.Duration(c.turned)*crowdedEach), crowdedMost), 0
	}
	c.turned++
	return c.pause
}
