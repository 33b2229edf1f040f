package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A Bar shows how far a long piece of work is. It is seen on a terminal only, so that logs stay readable.
type Bar struct {
	screen *Screen
	total  int // steps; 0 where only the share is known
	done   int
	share  float64 // from 0 to 1
	start  time.Time
	shown  time.Time // when it was drawn last; zero while it is not on the screen
}

const (
	barWidth    = 30
	barInterval = 50 * time.Millisecond // between drawings, which cost more than a call
)

// NewBar returns a bar for so many steps, or, with none, for work of which [Bar.Set] tells the share.
func (s *Screen) NewBar(total int) *Bar { return &Bar{screen: s, total: total, start: time.Now()} }

// Add notes that steps have been done, and draws the bar anew if the last time is not just past.
func (b *Bar) Add(steps int) {
	b.done += steps
	b.Set(float64(b.done) / float64(max(b.total, 1)))
}

// Set notes which share of the work is done, from 0 to 1, and draws the bar as [Bar.Add] does. It is for work that has
// no steps to count.
func (b *Bar) Set(share float64) {
	b.share = share
	if b.screen.Terminal && time.Since(b.shown) >= barInterval {
		b.shown = time.Now()
		_, _ = io.WriteString(b.screen, "\r\x1b[K"+b.line()) // a bar that cannot be drawn is no failure
	}
}

// Clear takes the bar off the screen, for other output or for good. The next Add brings it back.
func (b *Bar) Clear() {
	if !b.shown.IsZero() {
		_, _ = io.WriteString(b.screen, "\r\x1b[K")
		b.shown = time.Time{}
	}
}

func (b *Bar) line() string {
	took := time.Since(b.start).Seconds()
	text := fmt.Sprintf("%3.0f %%  %.0f s", b.share*100, took)
	if b.total > 0 {
		text = fmt.Sprintf("%3.0f %%  %d of %d  %.0f a second", b.share*100, b.done, b.total, float64(b.done)/max(took, 0.001))
	}
	if b.screen.Width <= barWidth+columns(text)+1 {
		return text // a line that wraps could not be drawn over
	}
	full := min(int(b.share*barWidth), barWidth)
	return b.screen.Good(strings.Repeat("━", full)) + b.screen.Faint(strings.Repeat("─", barWidth-full)) + " " + text
}
