package jacinth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/jacinthtest"
)

// schedule is a random run of many callers of one coalescing client, drawn from a seed.
type schedule struct {
	t        *testing.T
	random   *rand.Rand
	start    time.Time
	coalesce int
	most     int  // calls that the service takes in a batch
	says     bool // whether it says so
	callers  []*randomCaller

	mu       sync.Mutex
	inFlight int
	faults   []string
}

// randomCaller is one caller, and what becomes of its call.
type randomCaller struct {
	number   int
	at       time.Duration // when it calls
	leaves   time.Duration // when its context ends
	cancels  bool          // by its own hand, and not by a deadline
	slow     time.Duration // that its method takes
	failing  bool          // with code 1000 + number
	shed     int           // times that it is refused unrun
	lost     bool          // it is run, and the connection breaks
	unread   bool          // the service takes whatever it is in for no JSON
	harmless bool
	header   bool // it has one of its own
	token    string

	runs   int // times that the service ran it
	ended  time.Duration
	result json.RawMessage
	err    error
}

// draw makes up a schedule.
func draw(t *testing.T, seed uint64) *schedule {
	random := rand.New(rand.NewPCG(seed, 0))
	chance := func(percent int) bool { return random.IntN(100) < percent }
	s := &schedule{
		t: t, random: random, coalesce: 1 + random.IntN(4), most: 1 + random.IntN(20), says: chance(70),
	}
	trouble := random.IntN(3) // how much of it there is
	for number := range 1 + random.IntN(80) {
		c := &randomCaller{
			number: number,
			at:     time.Duration(random.IntN(1000)) * time.Millisecond,
			slow:   time.Duration(random.IntN(30)) * time.Millisecond,
			token:  []string{"alice", "bob"}[random.IntN(8)/7],
		}
		// An odd number of microseconds, so that nobody leaves in the very moment in which a service answers.
		c.leaves = c.at + 10*time.Second
		if chance(20 * trouble) {
			c.leaves = c.at + time.Duration(1+2*random.IntN(200_000))*time.Microsecond
			c.cancels = chance(50)
		}
		if chance(5 * trouble) {
			c.slow = time.Duration(random.IntN(20)) * time.Second
		}
		c.failing = chance(5)
		c.harmless, c.header = chance(50), chance(5)
		switch {
		case chance(3 * trouble):
			c.shed = 1 + random.IntN(4)
		case chance(2 * trouble):
			c.lost = true
		case chance(2 * trouble):
			c.unread = true
		}
		s.callers = append(s.callers, c)
	}
	return s
}

type callerKey struct{}

// run lets the callers call, inside a bubble.
func (s *schedule) run() {
	s.start = time.Now()
	client := &jacinth.Client{
		URL: "http://remote.test/api", Transport: roundTripper(s.serve), Coalesce: s.coalesce,
		TokenSource: func(ctx context.Context) (string, error) {
			c, _ := ctx.Value(callerKey{}).(*randomCaller)
			return c.token, nil
		},
	}
	var all sync.WaitGroup
	for _, c := range s.callers {
		all.Go(func() {
			time.Sleep(c.at)
			ctx, cancel := context.WithCancel(context.WithValue(context.Background(), callerKey{}, c))
			defer cancel()
			if c.cancels {
				time.AfterFunc(time.Until(s.start.Add(c.leaves)), cancel)
			} else {
				ctx, cancel = context.WithDeadline(ctx, s.start.Add(c.leaves))
				defer cancel()
			}
			if c.header {
				ctx = jacinth.WithHeader(ctx, "X-Caller", fmt.Sprint(c.number))
			}
			var options []jacinth.CallOption
			if c.harmless {
				options = append(options, jacinth.Idempotent())
			}
			c.err = client.Call(ctx, "m", jacinth.Positional{c.number}, &c.result, options...)
			c.ended = time.Since(s.start)
		})
	}
	all.Wait()
	synctest.Wait()
	s.check()
	// Whatever happened, the client is as good as new.
	c := &randomCaller{number: len(s.callers), token: "alice"}
	s.callers = append(s.callers, c)
	c.at, c.leaves = time.Since(s.start), time.Hour
	err := client.Call(context.WithValue(context.Background(), callerKey{}, c), "m", jacinth.Positional{c.number}, nil)
	if took := time.Since(s.start) - c.at; err != nil || took != 0 {
		s.fault("a lone call afterwards took %v and got %v", took, err)
	}
}

func (s *schedule) fault(format string, arguments ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fmt.Sprintf(format, arguments...))
}

// serve is the service, and what it finds wrong with a request.
func (s *schedule) serve(request *http.Request) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(request.Context())
	trace.GetConn("")
	trace.GotConn(httptrace.GotConnInfo{})
	got := new(received)
	got.read(request.Body)
	calls := s.find(request, got)
	coalesced := request.Header.Get("X-Caller") == ""
	if coalesced {
		s.count(1)
		defer s.count(-1)
	}
	reply := httpReply{status: 200}
	if slices.ContainsFunc(calls, func(c *randomCaller) bool { return c.unread }) {
		reply.text = `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m"}}`
		return reply.response(request), nil
	}
	if got.batch && len(calls) > s.most {
		data := "null"
		if s.says {
			data = fmt.Sprintf(`{"limit":%d}`, s.most)
		}
		reply.text = `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"m","data":` + data + `}}`
		return reply.response(request), nil
	}
	var replies []string
	var slowest time.Duration
	broken := false
	for i, c := range calls {
		text := fmt.Sprintf(`"result":[%d]`, c.number)
		s.mu.Lock()
		switch {
		case c.shed > 0:
			c.shed--
			text = `"error":{"code":-32000,"message":"m","data":{"processed":false}}`
		default:
			c.runs++
			slowest = max(slowest, c.slow)
			if c.lost {
				c.lost, broken = false, true
			}
			if c.failing {
				text = fmt.Sprintf(`"error":{"code":%d,"message":"m"}`, 1000+c.number)
			}
		}
		s.mu.Unlock()
		replies = append(replies, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,%s}`, got.calls[i].ID, text))
	}
	select {
	case <-time.After(slowest):
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
	if broken {
		return nil, io.ErrUnexpectedEOF
	}
	if reply.text = strings.Join(replies, ","); got.batch {
		s.mu.Lock()
		s.random.Shuffle(len(replies), func(i, j int) { replies[i], replies[j] = replies[j], replies[i] })
		s.mu.Unlock()
		reply.text = "[" + strings.Join(replies, ",") + "]"
	}
	return reply.response(request), nil
}

// httpReply is an answer without a network.
type httpReply struct {
	status int
	text   string
}

func (r httpReply) response(request *http.Request) *http.Response {
	return &http.Response{
		StatusCode: r.status, Header: http.Header{}, Request: request,
		Body: io.NopCloser(bytes.NewReader([]byte(r.text))), ContentLength: int64(len(r.text)),
	}
}

// find returns the callers of a request, and holds that they may go together and still wait.
func (s *schedule) find(request *http.Request, got *received) []*randomCaller {
	var calls []*randomCaller
	now := time.Since(s.start)
	for _, call := range got.calls {
		var params []int
		_ = json.Unmarshal(call.Params, &params)
		c := s.callers[params[0]]
		calls = append(calls, c)
		if c.leaves < now {
			s.fault("the call of %d was sent at %v, which had left at %v", c.number, now, c.leaves)
		}
		if token := request.Header.Get("X-Api-Token"); token != c.token {
			s.fault("the call of %d, who is %s, was sent in the name of %s", c.number, c.token, token)
		}
		if header := request.Header.Get("X-Caller"); header != "" && (header != fmt.Sprint(c.number) || got.batch) || c.header && header == "" {
			s.fault("the call of %d was sent with the header %q", c.number, header)
		}
		if of, found := request.Context().Value(callerKey{}).(*randomCaller); found && of != c {
			s.fault("the call of %d was sent in the context of %d", c.number, of.number)
		}
	}
	if len(calls) > 100 {
		s.fault("%d calls were sent together", len(calls))
	}
	return calls
}

// count holds that no more requests are under way than should be.
func (s *schedule) count(change int) {
	s.mu.Lock()
	s.inFlight += change
	over := s.inFlight > s.coalesce
	s.mu.Unlock()
	if over {
		s.fault("more than %d requests were under way", s.coalesce)
	}
}

// check holds what each caller got.
func (s *schedule) check() {
	for _, c := range s.callers {
		failure, failed := errors.AsType[*jacinth.Error](c.err)
		over := errors.Is(c.err, context.Canceled) || errors.Is(c.err, context.DeadlineExceeded)
		switch {
		case c.err == nil && string(c.result) != fmt.Sprintf("[%d]", c.number):
			s.fault("caller %d got the result %s", c.number, c.result)
		case c.err == nil && (c.failing || c.unread || c.runs == 0):
			s.fault("caller %d got a result of a call that was run %d times", c.number, c.runs)
		case c.err != nil && c.result != nil:
			s.fault("caller %d got a result and an error", c.number)
		case c.ended > c.leaves:
			s.fault("caller %d left at %v and was there until %v", c.number, c.leaves, c.ended)
		case over && c.ended != c.leaves:
			s.fault("caller %d was told to leave at %v, not %v: %v", c.number, c.ended, c.leaves, c.err)
		case failed && !over && !c.mayFailWith(failure.Code):
			s.fault("caller %d got the error %v", c.number, failure)
		case errors.Is(c.err, jacinth.ErrNotSent) && c.runs > 0 && !c.harmless:
			s.fault("caller %d was told that its call had not been sent, and it ran", c.number)
		case !c.harmless && c.runs > 1:
			s.fault("the call of %d ran %d times", c.number, c.runs)
		case c.runs > 3:
			s.fault("the harmless call of %d ran %d times", c.number, c.runs)
		case c.err != nil && !failed && !over && !errors.Is(c.err, jacinth.ErrNoReply):
			s.fault("caller %d got %v", c.number, c.err)
		}
	}
}

// mayFailWith reports whether a code is that of the caller's own failure.
func (c *randomCaller) mayFailWith(code jacinth.Code) bool {
	switch code {
	case jacinth.ParseError:
		return c.unread
	case jacinth.Unavailable:
		return c.runs == 0 // it was shed to the last
	}
	return c.failing && code == jacinth.Code(1000+c.number)
}

// TestCoalesce_random holds what must be true of every schedule: each caller gets its own answer or its own error,
// once, and not after it has left; nothing is sent of callers who have left before; nothing that does harm runs twice;
// and of those who go together nobody goes in another's name.
func TestCoalesce_random(t *testing.T) {
	seeds := uint64(200)
	if testing.Short() {
		seeds = 50
	}
	batches := 0
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			s := draw(t, seed)
			s.run()
			for _, fault := range s.faults {
				t.Errorf("seed %d: %s", seed, fault)
			}
			batches += len(s.callers)
		})
		if t.Failed() {
			return
		}
	}
	if batches == 0 {
		t.Error("nobody called")
	}
}

// TestCoalesce_real is the same in small, with a service of ours in real time: for the race detector.
func TestCoalesce_real(t *testing.T) {
	svc := calcService()
	jacinth.Public(svc, "m", func(ctx context.Context, p []int) ([]int, error) {
		switch p[0] % 10 {
		case 3:
			return nil, jacinth.Errorf(jacinth.Code(1000+p[0]), "three")
		case 7:
			select {
			case <-time.After(time.Duration(p[0]%5) * time.Millisecond):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		return p, nil
	})
	client := jacinthtest.New(t, svc)
	client.Coalesce = 4
	requests := countRequests(client)
	var all sync.WaitGroup
	var mu sync.Mutex
	kinds := map[string]int{}
	for i := range 32 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			for j := range 50 {
				number := i*1000 + j
				ctx, cancel := context.WithCancel(t.Context())
				if random.IntN(5) == 0 {
					ctx, cancel = context.WithTimeout(ctx, time.Duration(random.IntN(3000))*time.Microsecond)
				}
				var got []int
				err := client.Call(ctx, "m", []int{number}, &got)
				cancel()
				kind := "result"
				switch failure, failed := errors.AsType[*jacinth.Error](err); {
				case err == nil && (len(got) != 1 || got[0] != number):
					t.Errorf("caller %d got %v", number, got)
				case failed && failure.Code == jacinth.Code(1000+number):
					kind = "error"
				case errors.Is(err, context.DeadlineExceeded), failed && failure.Code == jacinth.DeadlineExceeded:
					kind = "too late"
				case err != nil:
					t.Errorf("caller %d got %v", number, err)
				}
				mu.Lock()
				kinds[kind]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(slices.Collect(maps.Keys(kinds))) != 3 || *requests >= 1600 {
		t.Errorf("1,600 calls went in %d requests and came to %v; want fewer requests and something of each", *requests, kinds)
	}
}
