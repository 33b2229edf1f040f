package nats

import (
	"errors"
	"log/slog"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
)

// Connect connects to NATS at one URL, or several with commas between them, for as long as the program runs. It is
// nats.Connect with other defaults, over which options go: a connection that is lost is sought again for ever, also the
// first one, which is made in the background if it cannot be made at once. And when a server says that it goes, each
// [Server] on the connection finishes its calls before they all move to another one together.
func Connect(url string, options ...nats.Option) (*nats.Conn, error) {
	all := nats.GetDefaultOptions()
	for one := range strings.SplitSeq(url, ",") {
		all.Servers = append(all.Servers, strings.TrimSpace(one))
	}
	all.MaxReconnect = -1
	all.RetryOnFailedConnect = true
	for _, option := range options {
		if err := option(&all); err != nil {
			return nil, err
		}
	}
	if all.AsyncErrorCB == nil { // what nats.go has for that prints
		all.AsyncErrorCB = reporter()
	}
	theirs := all.LameDuckModeHandler
	all.LameDuckModeHandler = func(conn *nats.Conn) {
		moving.begin(conn)
		if theirs != nil {
			theirs(conn)
		}
	}
	return all.Connect()
}

// reporter returns what logs the errors that nats.go has nobody to tell. Messages whose headers cannot be read are
// counted, since a stranger can send as many as he likes.
func reporter() nats.ErrHandler {
	log := &lines{logger: slog.Default} // nats.go tells of the end of a server by the goroutine that calls this
	unreadable := &tally{say: func(count, total int, subject string) {
		log.add(slog.LevelWarn, "messages came whose headers cannot be read",
			slog.String("subject", subject), slog.Int("messages", count), slog.Int("total", total))
	}}
	return func(_ *nats.Conn, subscription *nats.Subscription, err error) {
		subject := ""
		if subscription != nil {
			subject = subscription.Subject
		}
		if errors.Is(err, nats.ErrBadHeaderMsg) {
			unreadable.add(subject)
			return
		}
		attributes := []slog.Attr{slog.String("error", err.Error())}
		if subject != "" {
			attributes = append(attributes, slog.String("subject", subject))
		}
		log.add(slog.LevelWarn, "NATS reports an error", attributes...)
	}
}

// moving knows the servers of each connection. A connection has no place for that, and its handlers are set before
// there is anything to handle.
var moving movers

type movers struct {
	mu     sync.Mutex
	joined map[*nats.Conn]map[chan *move]bool
}

// move is the way of a connection from a server that goes to another one.
type move struct {
	left sync.WaitGroup // those that still use the connection
	made chan struct{}  // closed when the connection is being made anew
}

// join returns a channel of the moves to be made. Who gets one says that it has left, then waits until it is made.
func (m *movers) join(conn *nats.Conn) (moves <-chan *move, forget func()) {
	own := make(chan *move, 1)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.joined == nil {
		m.joined = map[*nats.Conn]map[chan *move]bool{}
	}
	if m.joined[conn] == nil {
		m.joined[conn] = map[chan *move]bool{}
	}
	m.joined[conn][own] = true
	return own, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.joined[conn], own)
		if len(m.joined[conn]) == 0 {
			delete(m.joined, conn)
		}
		select {
		case unread := <-own:
			unread.left.Done()
		default:
		}
	}
}

// begin has all who joined leave, and then makes the connection anew.
func (m *movers) begin(conn *nats.Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := &move{made: make(chan struct{})}
	told := 0
	for own := range m.joined[conn] {
		next.left.Add(1)
		select {
		case own <- next:
			told++
		default: // it is about to move already
			next.left.Done()
		}
	}
	if told == 0 {
		return // nobody minds how the connection ends, and the server will end it
	}
	go func() {
		next.left.Wait()
		_ = conn.ForceReconnect()
		close(next.made)
	}()
}
