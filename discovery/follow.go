package discovery

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/redact"
)

const (
	watchWait   = 20 * time.Second       // for a change, at the registry
	watchPace   = 100 * time.Millisecond // between questions when changes come in numbers
	idlePace    = time.Second            // between questions when a registry does not let them wait
	settlingAsk = 2 * time.Second        // between questions while a registry has only begun
)

// Watch yields the instances of a service at first and after each change; see [Registry]. It asks each registry all the
// time whether something changed, and is answered at once when it does.
//
// A registry that was started anew knows only those who have told it yet. What it said before holds beside that until
// everybody had the time to do so.
func (h *HTTP) Watch(ctx context.Context, service string) iter.Seq2[[]jacinth.Instance, error] {
	return func(yield func([]jacinth.Instance, error) bool) {
		if err := checkName(service); err != nil {
			refuse(ctx, err, yield)
			return
		}
		ctx, stop := context.WithCancel(ctx)
		var asking sync.WaitGroup
		defer asking.Wait()
		defer stop()
		reports := make(chan report)
		m := &merger{sources: make([]source, len(h.clients))}
		for i, client := range h.clients {
			asking.Go(func() { ask(ctx, client, service, i, reports) })
		}
		for ctx.Err() == nil {
			var stale <-chan time.Time
			if due, ok := m.due(); ok {
				stale = time.After(time.Until(due))
			}
			select {
			case r := <-reports:
				m.take(r)
			case <-stale:
			case <-ctx.Done():
				return
			}
			set, err, news := m.merge()
			if news && !yield(set, err) {
				return
			}
		}
	}
}

// report is what came of asking a registry once.
type report struct {
	source int
	view   view
	err    error
}

// ask asks a registry for its view of a name, again and again.
func ask(ctx context.Context, client *jacinth.Client, service string, source int, reports chan<- report) {
	params := watchParams{Service: service}
	for failures := 0; ; {
		begun := time.Now()
		v, err := watchMethod.Call(ctx, client, params, jacinth.Timeout(watchWait+5*time.Second), jacinth.ReadOnly())
		if ctx.Err() != nil {
			return
		}
		var pause time.Duration
		switch {
		case err == nil:
			failures = 0
			pause = watchPace
			if v.Revision == params.Revision {
				pause = idlePace
			}
			if v.RetryMS > 0 {
				pause = max(pause, min(time.Duration(v.RetryMS)*time.Millisecond, watchWait))
			}
			pause = spread(pause) - time.Since(begun)
			params.Revision, params.WaitMS = v.Revision, watchWait.Milliseconds()
			if !v.Settled {
				params.WaitMS = settlingAsk.Milliseconds()
			}
		case isRefusal(err):
			pause = spread(refusedWait)
		default:
			failures++
			pause = backoff(failures)
		}
		if err != nil {
			err = fmt.Errorf("the registry at %s: %w", redact.URL(client.URL), err)
			// After a failure, the first thing to know is what there is, and not what changes.
			params.Revision = 0
		}
		select {
		case reports <- report{source, v, err}:
		case <-ctx.Done():
			return
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

// merger makes one set of what several registries say.
type merger struct {
	sources []source
	last    []jacinth.Instance
	yielded bool // last is one that was yielded
	failing bool // an error was yielded since
}

// source is what is known from one registry.
type source struct {
	heard     bool              // it has said something, ever
	known     map[string]record // by service and ID
	run       int64             // of the registry's program
	confirmed map[string]record // said in that run
	err       error             // of the last question
	since     time.Time         // when it began to fail
}

func keyOf(r *record) string { return r.Service + "/" + r.ID }

// take takes note of a report.
func (m *merger) take(r report) {
	s := &m.sources[r.source]
	if r.err != nil {
		if s.err == nil {
			s.since = time.Now()
		}
		s.err = r.err
		return
	}
	s.err, s.heard = nil, true
	said := make(map[string]record, len(r.view.Instances))
	for i := range r.view.Instances {
		one := &r.view.Instances[i]
		if checkInstance(&one.Instance) == nil { // a registry is believed no more than anybody else
			said[keyOf(one)] = *one
		}
	}
	if r.view.Settled {
		s.known, s.run, s.confirmed = said, r.view.Run, said
		return
	}
	if s.run != r.view.Run {
		s.run, s.confirmed = r.view.Run, nil
	}
	kept := maps.Clone(said)
	for key, old := range s.known {
		_, isThere := said[key]
		_, was := s.confirmed[key]
		if !isThere && !was {
			kept[key] = old
		}
	}
	confirmed := maps.Clone(said)
	maps.Copy(confirmed, s.confirmed)
	s.known, s.confirmed = kept, confirmed
}

// isStale reports whether what a registry said is too old beside what others say.
func (s *source) isStale(now time.Time) bool { return s.err != nil && now.Sub(s.since) >= ttl }

// due is when what a registry said will be too old, if anything will.
func (m *merger) due() (time.Time, bool) {
	var due time.Time
	now, well := time.Now(), false
	for i := range m.sources {
		s := &m.sources[i]
		well = well || s.heard && s.err == nil
		if s.heard && s.err != nil && !s.isStale(now) && (due.IsZero() || s.since.Add(ttl).Before(due)) {
			due = s.since.Add(ttl)
		}
	}
	return due, well && !due.IsZero()
}

// merge returns what is to be yielded, if it is news.
func (m *merger) merge() (set []jacinth.Instance, err error, news bool) {
	now := time.Now()
	well := slices.ContainsFunc(m.sources, func(s source) bool { return s.heard && s.err == nil })
	if !well {
		var errs []error
		for i := range m.sources {
			if m.sources[i].err == nil {
				return nil, nil, false // it has yet to answer
			}
			errs = append(errs, m.sources[i].err)
		}
		news = !m.failing
		m.failing = true
		return nil, errors.Join(errs...), news
	}
	union := map[string]record{}
	for i := range m.sources {
		if m.sources[i].isStale(now) {
			continue
		}
		for key, r := range m.sources[i].known {
			if other, ok := union[key]; !ok || r.Epoch > other.Epoch || r.Epoch == other.Epoch && !r.Ready {
				union[key] = r
			}
		}
	}
	set = make([]jacinth.Instance, 0, len(union))
	for _, r := range union {
		set = append(set, r.Instance)
	}
	slices.SortFunc(set, byServiceAndID)
	if m.yielded && !m.failing && sameSet(set, m.last) {
		return nil, nil, false
	}
	m.yielded, m.failing, m.last = true, false, slices.Clone(set)
	return set, nil, true
}
