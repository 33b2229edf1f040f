package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load is a benchmark under way.
type load struct {
	Config

	client  *http.Client
	head    []byte // of a call, up to its id
	tail    []byte // of a call, from behind its id
	start   time.Time
	measure time.Time // when the warm-up is over
	end     time.Time // when no more is sent
	next    atomic.Int64
	workers []worker
}

// worker is what one connection has done. Nobody else looks at it before it has ended.
type worker struct {
	histogram      Histogram
	requests       int // measured ones
	late           int // that were due before the end and taken up after it
	failures       map[string]int
	sent, received int64
	reply          bytes.Buffer
	body           []byte
}

func newLoad(c Config) *load {
	method, _ := json.Marshal(c.Method) // a string can always be encoded
	l := &load{Config: c, workers: make([]worker, c.Connections), head: []byte(`{"jsonrpc":"2.0","id":`)}
	l.tail = append([]byte(`,"method":`), method...)
	if c.Params != nil {
		l.tail = append(append(l.tail, `,"params":`...), c.Params...)
	}
	l.tail = append(l.tail, '}')
	l.client = &http.Client{
		Transport:     c.transport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return l
}

// run lets the workers work until the end.
func (l *load) run(ctx context.Context) {
	l.start = time.Now()
	l.measure = l.start.Add(l.WarmUp)
	l.end = l.measure.Add(l.Duration)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var done, watched sync.WaitGroup
	for i := range l.workers {
		w := &l.workers[i]
		w.failures = make(map[string]int)
		done.Go(func() { l.work(ctx, w) })
	}
	if l.Progress != nil {
		watched.Go(func() { l.watch(ctx) })
	}
	done.Wait()
	cancel()
	watched.Wait()
	l.client.CloseIdleConnections()
}

// watch tells of the progress until ctx ends.
func (l *load) watch(ctx context.Context) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			done := float64(time.Since(l.start)) / float64(l.end.Sub(l.start))
			if l.Requests > 0 {
				done = max(done, float64(l.next.Load())/float64(l.Requests))
			}
			l.Progress(min(done, 1))
		}
	}
}

// work sends one request after the other.
func (l *load) work(ctx context.Context, w *worker) {
	for ctx.Err() == nil {
		number := l.next.Add(1) - 1
		if l.Requests > 0 && number >= int64(l.Requests) {
			return
		}
		due := time.Now()
		from := due
		if l.Rate > 0 {
			due = l.due(number)
			if !due.Before(l.end) {
				return
			}
			// Who has waited for the time to come is not to blame for waking late; who comes late is.
			if from = due; wait(ctx, due) {
				from = time.Now()
			} else if !time.Now().Before(l.end) {
				w.late++
				return
			}
		}
		if ctx.Err() != nil || !due.Before(l.end) {
			return
		}
		failure := l.send(ctx, w, number)
		if due.Before(l.measure) || ctx.Err() != nil {
			continue
		}
		w.requests++
		w.histogram.Add(time.Since(from))
		if failure != "" {
			w.count(failure)
		}
	}
}

// due is when a request should be sent.
func (l *load) due(number int64) time.Time {
	return l.start.Add(time.Duration(float64(number) / l.Rate * float64(time.Second)))
}

// wait waits until a time and reports whether that was still to come.
func wait(ctx context.Context, until time.Time) bool {
	left := time.Until(until)
	if left <= 0 {
		return false
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return true
}

// send sends a request and reads the answer. It returns the kind of failure, or "".
func (l *load) send(ctx context.Context, w *worker, number int64) string {
	ctx, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	first := number*int64(max(l.Batch, 1)) + 1
	w.body = l.append(w.body[:0], first)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL, bytes.NewReader(w.body))
	if err != nil {
		return kindOf(err)
	}
	maps.Copy(request.Header, l.Header)
	request.Header.Set("Content-Type", "application/json")
	response, err := l.client.Do(request)
	if err != nil {
		return kindOf(err)
	}
	defer func() { _ = response.Body.Close() }()
	w.reply.Reset()
	length, err := w.reply.ReadFrom(io.LimitReader(response.Body, maxReply+1))
	if !time.Now().Before(l.measure) {
		w.sent += int64(len(w.body))
		w.received += length
	}
	switch {
	case err != nil:
		return kindOf(err)
	case length > maxReply:
		return "the reply is too long"
	case response.StatusCode != http.StatusOK:
		return "HTTP " + strconv.Itoa(response.StatusCode)
	}
	return judge(w.reply.Bytes(), first, l.Batch)
}

// append writes a request whose first call has the id first.
func (l *load) append(body []byte, first int64) []byte {
	if l.Batch == 0 {
		return l.appendCall(body, first)
	}
	body = append(body, '[')
	for i := range int64(l.Batch) {
		if i > 0 {
			body = append(body, ',')
		}
		body = l.appendCall(body, first+i)
	}
	return append(body, ']')
}

func (l *load) appendCall(body []byte, id int64) []byte {
	body = append(body, l.head...)
	body = strconv.AppendInt(body, id, 10)
	return append(body, l.tail...)
}

// maxKinds bounds how many kinds of failures are told apart: a service could answer with a new code each time.
const maxKinds = 32

// count counts a failure of a measured request.
func (w *worker) count(failure string) {
	if _, known := w.failures[failure]; !known && len(w.failures) >= maxKinds {
		failure = "others"
	}
	w.failures[failure]++
}
