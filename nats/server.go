package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jacinth-rpc/jacinth"
)

// Server answers the calls of a service that come over NATS, beside those over HTTP or instead of them. All instances
// of a service are one queue group, of which NATS chooses one for each call. It is a background task of the service:
//
//	svc.Background((&nats.Server{Conn: conn, Service: svc}).Run)
//
// Or it is all that runs, and the service has no open port: server.Run(ctx).
//
// Calls take the path of those over HTTP, with the same limits, and the same headers mean the same: a token, a
// deadline, a trace. A message that was sent without a reply subject is run, and nobody learns how it went. One whose
// reply subject is no inbox is dropped: it is not run, and not answered. How many were is in the log.
//
// Who may subscribe to the subject of a service by the permissions of NATS can take its calls, and read the tokens in
// them; who may publish to it can call. Give both to those alone who need it.
type Server struct {
	Conn    *nats.Conn // which stays its owner's
	Service *jacinth.Service

	// Prefix goes before the name of the service in its subject, as in jacinth.billing; jacinth.
	Prefix string

	// Inboxes are how the subjects begin that callers may be answered to; _INBOX. The connections of all callers must
	// have inboxes that begin so, which those with nats.CustomInboxPrefix("_INBOX.orders") do. For calls that come by
	// way of a service import from another account of NATS, add _R_.
	Inboxes []string

	subject string
	inboxes inboxes
	log     lines
	strays  tally          // calls that cannot be answered where their callers want it
	config  jacinth.Config // of the service
	calls   chan struct{}  // has as many tokens as messages are being worked on
	bytes   bytesInFlight
	pending int // bytes of messages that have arrived and are not looked at yet
	workers sync.WaitGroup
}

// stopGrace is for handlers to return once their contexts have been ended.
const stopGrace = time.Second

// Run answers calls until ctx ends. Then it leaves the queue group, so that new calls go to other instances, answers
// those that NATS has handed over by then, and returns nil. It returns an error if it cannot begin, or if the
// connection is closed before ctx ends. It does the same, and begins again on another server, when the one that it is
// connected to says that it goes; see [Connect]. A Server runs once.
func (s *Server) Run(ctx context.Context) error {
	if err := s.prepare(); err != nil {
		return err
	}
	defer s.log.settle()
	defer s.strays.stop()
	link := newLink(s.Conn)
	defer link.stop()
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	moves, forget := moving.join(s.Conn)
	defer forget()
	for {
		next, err := s.subscribed(ctx, calls, link, moves)
		if next == nil {
			s.drain(cancel)
			return err
		}
		s.log.add(slog.LevelInfo, "the NATS server goes: moving to another", slog.String("subject", s.subject))
		s.workers.Wait()
		_ = s.Conn.FlushTimeout(stopGrace)
		next.left.Done()
		<-next.made
	}
}

// patience ends with the time for calls under way when the service stops.
func (s *Server) patience() <-chan time.Time {
	if s.config.DrainTimeout == jacinth.Unlimited {
		return nil
	}
	return time.After(s.config.DrainTimeout)
}

func (s *Server) prepare() error {
	switch {
	case s.Conn == nil:
		return errors.New("Server.Conn is nil: it needs a connection to NATS")
	case s.Service == nil:
		return errors.New("Server.Service is nil: it needs a service to answer for")
	case s.calls != nil:
		return errors.New("a Server runs once")
	}
	if err := checkPrefix(s.Prefix); err != nil {
		return err
	}
	s.config = s.Service.Config()
	var err error
	if s.subject, err = subjectOf(s.Prefix, s.config.Name); err != nil {
		return err
	}
	if s.inboxes, err = newInboxes(s.Inboxes, s.subject); err != nil {
		return err
	}
	s.log.logger = func() *slog.Logger { return s.config.Logger }
	s.strays.say = s.sayStrays
	limits := &s.config.Limits
	for _, limit := range []*int{&limits.Body, &limits.BodyInFlight, &limits.InFlight, &limits.Headers} {
		if *limit == jacinth.Unlimited {
			*limit = math.MaxInt
		}
	}
	if s.pending == 0 {
		s.pending = maxPending
	}
	const most = 1 << 16 // goroutines, whatever the service takes
	s.calls = make(chan struct{}, min(s.config.Limits.InFlight, most))
	s.bytes.limit = s.config.Limits.BodyInFlight
	return nil
}

var errClosed = errors.New("the connection to NATS was closed")

// subscribed is part of the queue group until ctx ends, or there is a move to another server to be made, which it
// returns. It has left the group then: all that NATS handed over has a worker, or was refused.
func (s *Server) subscribed(ctx, calls context.Context, link *link, moves <-chan *move) (next *move, err error) {
	subscription, err := s.Conn.QueueSubscribe(s.subject, queueGroup, func(m *nats.Msg) { s.receive(calls, m) })
	if err != nil {
		return nil, fmt.Errorf("cannot subscribe to %s: %w", s.subject, err)
	}
	// Messages wait for no worker, so that what piles up is what the goroutine that takes them has no time for.
	if err := subscription.SetPendingLimits(maxWaiting, s.pending); err != nil {
		return nil, err
	}
	if err := s.refusal(link); err != nil {
		_ = subscription.Unsubscribe()
		return nil, err
	}
	closed := make(chan struct{})
	subscription.SetClosedHandler(func(string) { close(closed) })
	slow := subscription.StatusChanged(nats.SubscriptionSlowConsumer)
	for next == nil && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case next = <-moves:
		case <-closed:
			return nil, errClosed
		case _, ok := <-slow:
			if !ok {
				slow = nil
				continue
			}
			lost, _ := subscription.Dropped()
			s.log.add(slog.LevelWarn, "calls came faster than they could be taken, and some were lost",
				slog.String("subject", s.subject), slog.Int("lost", lost))
		}
	}
	if err := subscription.Drain(); err != nil { // the connection is closed, or being drained as a whole
		return next, nil
	}
	select {
	case <-closed:
	case <-link.over():
	case <-s.patience():
	}
	return next, nil
}

// refusal says that NATS does not let the service subscribe. NATS does so later than it is asked.
func (s *Server) refusal(link *link) error {
	if !link.isUp() {
		return nil
	}
	if err := s.Conn.FlushTimeout(5 * time.Second); err != nil {
		return nil //nolint:nilerr // the connection was lost meanwhile, and comes back
	}
	err := s.Conn.LastError()
	if errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(err.Error(), strconv.Quote(s.subject)) {
		return fmt.Errorf("the service may not subscribe to %s: %w", s.subject, err)
	}
	return nil
}

// drain waits for the calls under way.
func (s *Server) drain(cancel context.CancelFunc) {
	done := make(chan struct{})
	go func() {
		s.workers.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-s.patience():
		s.log.add(slog.LevelWarn, "calls were cut short", slog.Duration("after", s.config.DrainTimeout))
		cancel()
		select {
		case <-done:
		case <-time.After(stopGrace):
		}
	}
	// So that the last replies are out before the owner of the connection closes it.
	_ = s.Conn.FlushTimeout(stopGrace)
}

// receive gives a message to a worker, or refuses it. It waits for no caller and for no log. A NATS server that reads
// nothing holds it up, for as long as nats.go takes that for a connection: there is nobody to answer to then.
func (s *Server) receive(ctx context.Context, m *nats.Msg) {
	arrived := time.Now()
	if m.Reply != "" && !s.inboxes.admit(m.Reply) {
		s.strays.add(m.Reply[:min(len(m.Reply), maxExample)])
		return
	}
	if status, reply := s.refusalOf(m); reply != nil {
		s.refuse(m, status, reply)
		return
	}
	size := headerSize(m) + len(m.Data)
	if !s.bytes.take(size) {
		s.refuse(m, http.StatusServiceUnavailable, notRun(busy))
		return
	}
	select {
	case s.calls <- struct{}{}:
	default:
		s.bytes.give(size)
		s.refuse(m, http.StatusServiceUnavailable, notRun(busy))
		return
	}
	s.workers.Go(func() {
		defer func() {
			s.bytes.give(size)
			<-s.calls
		}()
		s.answer(ctx, m, arrived)
	})
}

// maxExample is the most that the log shows of a reply subject.
const maxExample = 64

func (s *Server) sayStrays(count, total int, example string) {
	s.log.add(slog.LevelWarn, "calls were dropped: the subjects that they want to be answered to are no inboxes; see Server.Inboxes",
		slog.String("subject", s.subject), slog.Int("dropped", count), slog.Int("total", total), slog.String("example", example))
}

const busy = "the service is busy: try again later"

// answer runs what is in a message.
func (s *Server) answer(ctx context.Context, m *nats.Msg, arrived time.Time) {
	header := make(http.Header, len(m.Header))
	for key, values := range m.Header {
		key = http.CanonicalHeaderKey(key)
		header[key] = append(header[key], values...)
	}
	peer := s.Service.PeerFrom(header, arrived)
	peer.Address = "nats:" + s.subject
	b, _ := buffers.Get().(*buffer)
	if b == nil {
		b = new(buffer)
	}
	reply, shed := s.Service.Answer(ctx, peer, m.Data, b.bytes[:0])
	switch {
	case shed && len(reply) == 0:
		s.send(m, http.StatusServiceUnavailable, notRun(busy))
	case shed:
		s.send(m, http.StatusServiceUnavailable, reply)
	default:
		s.send(m, http.StatusOK, reply)
	}
	if cap(reply) <= maxPooled {
		b.bytes = reply
		buffers.Put(b)
	}
}

// refuse answers a message of which nothing is run.
func (s *Server) refuse(m *nats.Msg, status int, reply []byte) {
	s.log.add(slog.LevelInfo, "request", slog.String("method", "unknown"),
		slog.Int("status", status), slog.String("address", "nats:"+s.subject))
	s.send(m, status, reply)
}

// send sends a reply. What is too large for NATS is answered with an error that says so.
func (s *Server) send(m *nats.Msg, status int, reply []byte) {
	if m.Reply == "" {
		return
	}
	message := &nats.Msg{Subject: m.Reply, Data: reply}
	if status != http.StatusOK {
		message.Header = nats.Header{statusHeader: {strconv.Itoa(status)}}
	}
	err := s.Conn.PublishMsg(message)
	if errors.Is(err, nats.ErrMaxPayload) {
		message.Data = failure(jacinth.ResponseTooLarge, detail{
			Reason: "the reply is larger than a message of NATS may be: ask for less at a time", Limit: int(s.Conn.MaxPayload()),
		})
		err = s.Conn.PublishMsg(message)
	}
	if err != nil {
		s.log.add(slog.LevelWarn, "a reply could not be sent",
			slog.String("subject", s.subject), slog.Any("error", err))
	}
}

// bytesInFlight counts the bytes of the messages being worked on.
type bytesInFlight struct {
	mu    sync.Mutex
	limit int
	used  int
}

func (b *bytesInFlight) take(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > b.limit-b.used {
		return false
	}
	b.used += n
	return true
}

func (b *bytesInFlight) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
}

// maxPooled is the largest buffer that is kept for another reply.
const maxPooled = 64 << 10

// buffer holds a reply. It is pooled.
type buffer struct{ bytes []byte }

var buffers sync.Pool
