package nats

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
)

// TestTally holds that what happens a thousand times is said at once, then seldom, and that no count is lost.
func TestTally(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said []string
		counts := &tally{say: func(count, total int, example string) {
			said = append(said, fmt.Sprintf("%d %d %s", count, total, example))
		}}
		add := func(n int, example string) {
			for range n {
				counts.add(example)
			}
		}
		add(1, "a")
		synctest.Wait()
		add(1000, "b")
		time.Sleep(tallyPause - 1)
		add(1, "c")
		time.Sleep(3 * tallyPause)
		synctest.Wait()
		add(1, "d") // after a pause it is said at once again
		synctest.Wait()
		add(2, "e")
		counts.stop()
		if want := []string{"1 1 a", "1001 1002 c", "1 1003 d", "2 1005 e"}; !slices.Equal(said, want) {
			t.Errorf("said is %q, want %q", said, want)
		}
		time.Sleep(time.Hour)
		if len(said) != 4 {
			t.Errorf("after the stop more was said: %q", said)
		}
	})
}

// TestHostile_unreadableHeadersInTheLog holds that messages with headers that cannot be read do not fill the log.
func TestHostile_unreadableHeadersInTheLog(t *testing.T) {
	log := &journal{}
	before := slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	synctest.Test(t, func(t *testing.T) {
		report := reporter()
		for range 1000 {
			report(nil, &nats.Subscription{Subject: "jacinth.billing"}, nats.ErrBadHeaderMsg)
		}
		report(nil, nil, nats.ErrTimeout)
		time.Sleep(time.Minute)
	})
	text := log.String()
	if n := strings.Count(text, "\n"); n > 3 || !strings.Contains(text, "total=1000") || !strings.Contains(text, "NATS reports an error") {
		t.Errorf("1,000 messages and another error are %d lines:\n%.2000s", n, text)
	}
}
