package jacinth

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// blockedPipe is where nothing can be written until it is emptied.
type blockedPipe struct {
	kept

	mu      sync.Mutex
	emptied chan struct{}
}

func (f *blockedPipe) Write(piece []byte) (int, error) {
	f.mu.Lock()
	emptied := f.emptied
	f.mu.Unlock()
	<-emptied
	return f.kept.Write(piece)
}

func blockLog(t *testing.T) *blockedPipe {
	f, before := new(blockedPipe), firstOutput
	firstOutput = f
	t.Cleanup(func() { firstOutput = before })
	setLog(t, f)
	return f
}

// TestHostile_lines writes to a log that takes nothing: what waits is bounded, one call waits for room and none after
// it, and every line is there in the end or counted.
func TestHostile_lines(t *testing.T) {
	f := blockLog(t)
	synctest.Test(t, func(t *testing.T) {
		f.emptied = make(chan struct{})
		l := new(lines)
		l.begin()
		began := time.Now()
		e := entry{at: began, method: "m", address: strings.Repeat("x", 200)}
		added := 0
		for time.Since(began) == 0 {
			l.add(&e)
			added++
		}
		if waited := time.Since(began); waited != roomWait {
			t.Errorf("a call waits for %v, want %v", waited, roomWait)
		}
		if room := mostWaiting + 1024; len(l.text) > room || cap(l.text) > 2*room {
			t.Errorf("%d bytes wait, in room for %d", len(l.text), cap(l.text))
		}
		for range 1000 {
			l.add(&e)
			l.addRecord(slog.NewRecord(e.at, slog.LevelInfo, "other", 0))
			added += 2
		}
		if waited := time.Since(began); waited != roomWait {
			t.Errorf("after that calls wait for %v more, want not at all", waited-roomWait)
		}
		before := time.Now()
		if l.settle() || time.Since(before) != logWait {
			t.Errorf("a stop waits for %v, want %v", time.Since(before), logWait)
		}
		close(f.emptied)
		synctest.Wait()
		l.add(&e)
		added++
		l.end()
		written := strings.Count(f.text(), "INFO ")
		var lost int
		_, notice, _ := strings.Cut(f.text(), "WARN lines of the log were lost, since nobody read it ")
		if _, err := fmt.Sscanf(notice, "lost=%d\n", &lost); err != nil || lost < 2000 || written+lost != added {
			t.Errorf("%d lines are written and %d are said to be lost (%v), want %d together", written, lost, err, added)
		}
		if !strings.HasSuffix(f.text(), " address="+e.address+"\n") || cap(l.text) > maxPooled || cap(l.spare) > maxPooled {
			t.Errorf("in the end there is room for %d and %d bytes, and the log ends with %q", cap(l.text), cap(l.spare), f.text()[len(f.text())-50:])
		}
	})
}

// TestHostile_slowLog has a log that is slow and not blocked: no line is lost.
func TestHostile_slowLog(t *testing.T) {
	k := keepLog(t)
	synctest.Test(t, func(t *testing.T) {
		slow := slowly{k}
		firstOutput = slow
		setLog(t, slow)
		l := new(lines)
		l.begin()
		const callers, each = 8, 2000
		var calling sync.WaitGroup
		for range callers {
			calling.Go(func() {
				for range each {
					l.add(&entry{at: time.Now(), method: "m", address: strings.Repeat("x", 50)})
				}
			})
		}
		calling.Wait()
		l.end()
		if got := strings.Count(k.text(), " INFO request"); got != callers*each {
			t.Errorf("%d lines are written, want all %d", got, callers*each)
		}
	})
}

// slowly takes a millisecond for each piece.
type slowly struct{ *kept }

func (s slowly) Write(piece []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return s.kept.Write(piece)
}
