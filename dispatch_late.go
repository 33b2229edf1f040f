package jacinth

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
	"weak"
)

// lookout notices calls that run on after their time, since a context ends nothing that does not look at it. It costs a
// call two writes to memory that no other call writes to: each stands at a post while it runs, and one that begins when
// nobody looks has somebody look a second later, and so on until no call is at its post.
type lookout struct {
	awake atomic.Bool // somebody will look

	mu    sync.Mutex
	posts []weak.Pointer[post] // of exchanges and their workers, as long as a pool keeps them
}

const (
	lookEvery  = time.Second
	lateAfter  = time.Second // after its time: what ends by itself until then is no news
	mostNotice = 10          // calls that are told of at a time; the others are when it is looked again
)

// post is where the call is that an exchange, or a worker of it, runs at the moment.
type post struct{ call atomic.Pointer[callContext] }

// post returns another one.
func (w *lookout) post() *post {
	p := new(post)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.posts = append(w.posts, weak.Make(p))
	return p
}

// enter puts a call at its post.
func (s *Service) enter(p *post, c *callContext) {
	p.call.Store(c)
	if !s.lookout.awake.Load() {
		s.lookLater()
	}
}

// leave says that the call is over, if it was there.
func (p *post) leave() { p.call.Store(nil) }

func (s *Service) lookLater() {
	if s.lookout.awake.CompareAndSwap(false, true) {
		time.AfterFunc(lookEvery, s.lookAtCalls)
	}
}

// lookAtCalls tells the log of those that are late.
func (s *Service) lookAtCalls() {
	s.lookout.awake.Store(false) // before it looks: who comes too late to be seen has it looked again
	now := time.Now()
	late, running := s.lookout.late(now)
	for _, c := range late {
		s.report(c, slog.LevelWarn, "a call runs on after its time: does its handler look at its context?",
			slog.String("method", c.request.Method.Name), slog.Duration("running", now.Sub(time.Unix(0, c.began))),
			slog.Duration("late", now.Sub(c.Until)))
	}
	if running {
		s.lookLater()
	}
}

// late returns calls that are late and were not before, and whether any runs.
func (w *lookout) late(now time.Time) (list []*callContext, running bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := w.posts[:0]
	for _, pointer := range w.posts {
		p := pointer.Value()
		if p == nil {
			continue
		}
		kept = append(kept, pointer)
		c := p.call.Load()
		if c == nil {
			continue
		}
		running = true
		if !c.noticed && !c.Until.IsZero() && now.Sub(c.Until) >= lateAfter && len(list) < mostNotice {
			c.noticed = true
			list = append(list, c)
		}
	}
	clear(w.posts[len(kept):])
	w.posts = kept
	return list, running
}
