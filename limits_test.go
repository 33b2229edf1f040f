package jacinth_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// limitedService has methods that are as large as their callers want.
func limitedService(limits jacinth.Limits) *jacinth.Service {
	svc := jacinth.New(jacinth.Config{Name: "limited", Limits: limits, Logger: slog.New(slog.DiscardHandler)})
	jacinth.Public(svc, "size", func(_ context.Context, texts []string) (int, error) {
		size := 0
		for _, text := range texts {
			size += len(text)
		}
		return size, nil
	})
	jacinth.Public(svc, "keep", func(_ context.Context, p encoded) (int, error) { return len(p.Value), nil })
	jacinth.Public(svc, "text", func(_ context.Context, p sized) (string, error) { return strings.Repeat("x", p.Bytes), nil })
	type complaint struct{ Message, Data int }
	jacinth.Public(svc, "complain", func(_ context.Context, p complaint) (string, error) {
		return "", &jacinth.Error{Code: 5, Message: strings.Repeat("m", p.Message), Data: strings.Repeat("d", p.Data)}
	})
	return svc
}

// sizeLimits are the limits of what one request and its reply may hold, with a request that needs exactly n of each.
var sizeLimits = []struct {
	name     string
	standard int // when nothing is set
	small    int
	huge     int // what passes when it is unlimited
	set      func(*jacinth.Limits, int)
	needs    func(n int) string
	status   int
	code     jacinth.Code
	told     bool // the data of the refusal has the limit
}{
	{
		"Body", 1 << 20, 200, 3 << 20,
		func(l *jacinth.Limits, n int) { l.Body = n },
		func(n int) string {
			const frame = `{"jsonrpc":"2.0","method":"size","params":[""],"id":1}`
			return strings.Replace(frame, `""`, `"`+strings.Repeat("x", n-len(frame))+`"`, 1)
		},
		http.StatusRequestEntityTooLarge, jacinth.InvalidRequest, true,
	},
	{
		"BatchItems", 100, 3, 5000,
		func(l *jacinth.Limits, n int) { l.BatchItems = n },
		func(n int) string {
			const item = `{"jsonrpc":"2.0","method":"size","params":[],"id":1}`
			return "[" + strings.Repeat(item+",", n-1) + item + "]"
		},
		http.StatusOK, jacinth.InvalidRequest, true,
	},
	{
		"Depth", 64, 5, 5000,
		func(l *jacinth.Limits, n int) { l.Depth = n },
		func(n int) string {
			value := strings.Repeat("[", n-2) + strings.Repeat("]", n-2)
			return `{"jsonrpc":"2.0","method":"keep","params":{"value":` + value + `},"id":1}`
		},
		http.StatusOK, jacinth.ParseError, false,
	},
	{
		"ID", 128, 10, 5000,
		func(l *jacinth.Limits, n int) { l.ID = n },
		func(n int) string {
			return `{"jsonrpc":"2.0","method":"size","params":[],"id":"` + strings.Repeat("i", n-2) + `"}`
		},
		http.StatusOK, jacinth.InvalidRequest, false,
	},
	{
		"Response", 8 << 20, 200, 9 << 20,
		func(l *jacinth.Limits, n int) { l.Response = n },
		func(n int) string { return textCall(n - len(`{"jsonrpc":"2.0","id":1,"result":""}`)) },
		http.StatusOK, jacinth.ResponseTooLarge, true,
	},
	{
		"Response of a batch", 8 << 20, 200, 9 << 20,
		func(l *jacinth.Limits, n int) { l.Response = n },
		func(n int) string {
			const frame = `{"jsonrpc":"2.0","id":1,"result":""}`
			return "[" + textCall(1) + "," + textCall(n-len("[,]")-2*len(frame)-1) + "]"
		},
		http.StatusOK, jacinth.ResponseTooLarge, false,
	},
}

func textCall(size int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"text","params":[%d],"id":1}`, size)
}

func TestLimits_ofSizes(t *testing.T) {
	for _, limit := range sizeLimits {
		t.Run(limit.name, func(t *testing.T) {
			for _, set := range []int{limit.small, 0} {
				bound := set
				if bound == 0 {
					bound = limit.standard
				}
				limits := jacinth.Limits{}
				limit.set(&limits, set)
				svc := limitedService(limits)
				exact := callHTTP(svc, limit.needs(bound))
				if code := worst(t, exact); exact.status != http.StatusOK || code != 0 {
					t.Errorf("set to %d, %d is answered with status %d and code %d, want a result", set, bound, exact.status, code)
				}
				over := callHTTP(svc, limit.needs(bound+1))
				if code := worst(t, over); over.status != limit.status || code != int(limit.code) {
					t.Errorf("set to %d, %d is answered with status %d and code %d, want %d and %d",
						set, bound+1, over.status, code, limit.status, limit.code)
				}
				if named := strings.Contains(string(over.body), fmt.Sprintf(`"limit":%d`, bound)); limit.told && !named {
					t.Errorf("set to %d, the refusal %s does not name the limit %d", set, clip(over.body), bound)
				}
				if set > 0 && len(over.body) > max(set, 300) {
					t.Errorf("set to %d, the refusal has %d bytes", set, len(over.body))
				}
			}
			limits := jacinth.Limits{Body: jacinth.Unlimited}
			limit.set(&limits, jacinth.Unlimited)
			if got := callHTTP(limitedService(limits), limit.needs(limit.huge)); worst(t, got) != 0 {
				t.Errorf("unlimited, %d is answered with %s, want a result", limit.huge, clip(got.body))
			}
		})
	}
}

// TestLimits_Body_withoutHTTP holds the limit for bindings that do not count bytes themselves.
func TestLimits_Body_withoutHTTP(t *testing.T) {
	svc := limitedService(jacinth.Limits{Body: 200})
	for size, want := range map[int]int{200: 0, 201: -32600} {
		got := svc.Dispatch(t.Context(), jacinth.Peer{}, []byte(sizeLimits[0].needs(size)), nil)
		if code := mustReply(t, got).code(); code != want {
			t.Errorf("a body of %d bytes is answered with code %d, want %d", size, code, want)
		}
	}
}

// worst is the code of the last failure in an answer, 0 if there is none.
func worst(t *testing.T, got answered) int {
	t.Helper()
	code := 0
	for _, r := range mustReplies(t, got.body) {
		if r.Error != nil {
			code = r.Error.Code
		}
	}
	return code
}

// TestLimits_standard holds the defaults that are documented, as -h shows them.
func TestLimits_standard(t *testing.T) {
	config := jacinth.Config{Name: "standard"}
	if err := config.Flags(flag.NewFlagSet("test", flag.ContinueOnError)); err != nil {
		t.Fatal(err)
	}
	want := jacinth.Limits{
		Body: 1 << 20, BodyInFlight: 64 << 20, BodyRate: 240, Decoded: 16 << 20, DecodedInFlight: 256 << 20, BatchItems: 100, BatchWorkers: 4, Response: 8 << 20, Depth: 64, ID: 128,
		Headers: 16 << 10, HeaderRead: 5 * time.Second, Read: 15 * time.Second, Idle: 120 * time.Second,
		Connection: 10 * time.Minute, Call: 25 * time.Second, InFlight: 512, Waiting: 1024, ReplyInFlight: 128 << 20, Write: 20 * time.Second,
	}
	if config.Limits != want {
		t.Errorf("Limits = %+v, want %+v", config.Limits, want)
	}
	if config.DrainTimeout != 20*time.Second {
		t.Errorf("DrainTimeout = %v, want 20s", config.DrainTimeout)
	}
}

// TestLimits_Response_ofErrors holds that a method cannot pass the limit by way of an error.
func TestLimits_Response_ofErrors(t *testing.T) {
	svc := limitedService(jacinth.Limits{Response: 300})
	for _, test := range []struct {
		message, data   int
		wantMessage     string
		wantData, batch bool
	}{
		{10, 100, "mmmmmmmmmm", true, false},
		{10, 1000, "mmmmmmmmmm", false, false},
		{1000, 10, "Error 5", false, false},
		{10, 100, "mmmmmmmmmm", true, true},
		{10, 1000, "mmmmmmmmmm", false, true},
		{1000, 1000, "Error 5", false, true},
	} {
		body := fmt.Sprintf(`{"jsonrpc":"2.0","method":"complain","params":[%d,%d],"id":1}`, test.message, test.data)
		if test.batch {
			body = "[" + body + "]"
		}
		got := callHTTP(svc, body)
		r := mustReply(t, got.body)
		if r.code() != 5 || r.Error.Message != test.wantMessage || (r.Error.Data != nil) != test.wantData {
			t.Errorf("an error of %d and %d bytes (batch: %v) is sent as %s", test.message, test.data, test.batch, clip(got.body))
		}
		if len(got.body) > 300 {
			t.Errorf("an error of %d and %d bytes (batch: %v) is sent in %d bytes, want at most 300",
				test.message, test.data, test.batch, len(got.body))
		}
	}
}

// TestLimits_Response_ofParallelItems holds the limit where items that run at a time each keep it and together do not.
func TestLimits_Response_ofParallelItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 2000
		svc := limitedService(jacinth.Limits{Response: limit})
		meet := make(chan struct{})
		type meeting struct {
			Bytes int
			Fail  bool `json:",omitzero"`
		}
		jacinth.Public(svc, "meet", func(_ context.Context, p meeting) (string, error) {
			<-meet
			text := strings.Repeat("x", p.Bytes)
			if p.Fail {
				return "", &jacinth.Error{Code: 6, Message: text}
			}
			return text, nil
		})
		item := func(params string) string { return `{"jsonrpc":"2.0","method":"meet","params":` + params + `,"id":1}` }
		for _, test := range []struct {
			params []string
			codes  []int
		}{
			{[]string{"[900]", "[900]", "[900]", "[900]"}, []int{0, 0, -32003, -32003}},
			{[]string{"[900,true]", "[900,true]", "[900,true]", "[900,true]"}, []int{6, 6, 6, 6}},
			{[]string{"[1900]", "[1900]", "[10]", "[10]"}, []int{0, -32003, -32003, -32003}},
		} {
			var got answered
			done := make(chan struct{})
			go func() {
				items := make([]string, len(test.params))
				for i, params := range test.params {
					items[i] = item(params)
				}
				got = callHTTP(svc, "["+strings.Join(items, ",")+"]")
				close(done)
			}()
			synctest.Wait() // all four wait for each other
			for range test.params {
				meet <- struct{}{}
			}
			<-done
			codes := make([]int, 0, len(test.codes))
			for _, r := range mustReplies(t, got.body) {
				codes = append(codes, r.code())
			}
			if fmt.Sprint(codes) != fmt.Sprint(test.codes) {
				t.Errorf("the batch of %v has codes %v, want %v", test.params, codes, test.codes)
			}
			// What is left of an item that does not fit is its code and no more.
			if most := limit + len(test.params)*100; len(got.body) > most {
				t.Errorf("the batch of %v is answered in %d bytes, want at most %d", test.params, len(got.body), most)
			}
		}
	})
}

// TestLimits_Response_stopsEncoding holds that of the results of a batch that no longer fit not much is even encoded: a
// small batch must not make the service build what it then does not send.
func TestLimits_Response_stopsEncoding(t *testing.T) {
	const items, size, rest = 20, 1 << 20, 64 << 10 // a result takes size bytes; beside the first there is room for rest
	svc := jacinth.New(jacinth.Config{
		Name: "frugal", Logger: slog.New(slog.DiscardHandler), Limits: jacinth.Limits{Response: size + rest, BatchWorkers: 1},
	})
	encoded := 0
	jacinth.Public(svc, "large", func(context.Context, jacinth.None) ([]counted, error) {
		list := make([]counted, size/64)
		for i := range list {
			list[i].encoded = &encoded
		}
		return list, nil
	})
	got := callHTTP(svc, "["+strings.Repeat(call("large")+",", items-1)+call("large")+"]")
	if len(mustReplies(t, got.body)) != items || len(got.body) > size+rest {
		t.Errorf("the batch is answered in %d bytes, want at most %d", len(got.body), size+rest)
	}
	// The encoder works in pieces of at most 64 KiB, and hears after each that there is no more room.
	if most := (size + items*(rest+64<<10)) / 64; encoded > most {
		t.Errorf("%d values were encoded, want at most %d of %d", encoded, most, items*size/64)
	}
}

// counted is a value of 63 bytes of JSON that counts how often it is encoded.
type counted struct{ encoded *int }

func (c counted) MarshalJSON() ([]byte, error) {
	*c.encoded++
	return []byte(`"` + strings.Repeat("x", 61) + `"`), nil
}

func TestLimits_BatchWorkers(t *testing.T) {
	const items = 9
	for _, test := range []struct{ set, want int }{{0, 4}, {1, 1}, {3, 3}, {20, items}, {jacinth.Unlimited, items}} {
		synctest.Test(t, func(t *testing.T) {
			svc := jacinth.New(jacinth.Config{
				Name: "workers", Limits: jacinth.Limits{BatchWorkers: test.set}, Logger: slog.New(slog.DiscardHandler),
			})
			started, release := make(chan struct{}, items), make(chan struct{})
			jacinth.Public(svc, "wait", func(context.Context, jacinth.None) (int, error) {
				started <- struct{}{}
				<-release
				return 0, nil
			})
			var got answered
			go func() {
				item := `{"jsonrpc":"2.0","method":"wait","id":1}`
				got = callHTTP(svc, "["+strings.Repeat(item+",", items-1)+item+"]")
			}()
			synctest.Wait()
			if running := len(started); running != 1 {
				t.Errorf("with BatchWorkers %d, %d items run before the first has had its head start, want 1", test.set, running)
			}
			time.Sleep(time.Second)
			if running := len(started); running != test.want {
				t.Errorf("with BatchWorkers %d, %d of %d items run at a time, want %d", test.set, running, items, test.want)
			}
			close(release)
			synctest.Wait()
			if replies := mustReplies(t, got.body); len(replies) != items {
				t.Errorf("with BatchWorkers %d, %d of %d items are answered", test.set, len(replies), items)
			}
		})
	}
}

// TestBatch_endsWhenHelpComes holds that a batch which ends in the moment in which more workers would start is answered
// like any other, and that none of them goes on with the next batch.
func TestBatch_endsWhenHelpComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := jacinth.New(quiet("timely"))
		jacinth.Public(svc, "nap", func(context.Context, jacinth.None) (int, error) {
			time.Sleep(50 * time.Microsecond)
			return 1, nil
		})
		const item = `{"jsonrpc":"2.0","method":"nap","id":1}`
		for turn := range 200 {
			items := turn%5 + 1
			body := "[" + strings.Repeat(item+",", items-1) + item + "]"
			if replies := mustReplies(t, callHTTP(svc, body).body); len(replies) != items || replies[0].code() != 0 {
				t.Fatalf("%d of %d items are answered: %+v", len(replies), items, replies)
			}
		}
	})
}

func TestLimits_refusesNegativeOnes(t *testing.T) {
	for _, limits := range []jacinth.Limits{
		{Body: -2},
		{BodyInFlight: -2},
		{BodyRate: -2},
		{BatchItems: -2},
		{BatchWorkers: -2},
		{Response: -2},
		{Depth: -2},
		{ID: -2},
		{Headers: -2},
		{HeaderRead: -2},
		{Read: -2},
		{Idle: -2},
		{Call: -2},
		{InFlight: -2},
		{Body: math.MinInt},
	} {
		sentence := panicOf(func() { jacinth.New(jacinth.Config{Name: "negative", Limits: limits}) })
		if !strings.Contains(sentence, "is negative: use jacinth.Unlimited") {
			t.Errorf("New with %+v panics with %q, want a sentence that names jacinth.Unlimited", limits, sentence)
		}
	}
	for _, limits := range []jacinth.Limits{{}, {Body: -1, BodyInFlight: -1, Headers: -1, Read: -1, Idle: -1, HeaderRead: -1}} {
		if sentence := panicOf(func() { jacinth.New(jacinth.Config{Name: "well", Limits: limits}) }); sentence != "" {
			t.Errorf("New with %+v panics with %q", limits, sentence)
		}
	}
}

// panicOf runs fn and returns what it panics with, "" if it does not.
func panicOf(fn func()) (sentence string) {
	defer func() {
		if value := recover(); value != nil {
			sentence = fmt.Sprint(value)
		}
	}()
	fn()
	return ""
}

// TestService_Answer_tellsOfShedding holds that a binding learns that a notification was not run, to which there is no
// reply, and hears nothing of the kind when it was.
func TestService_Answer_tellsOfShedding(t *testing.T) {
	config := quiet("busy")
	config.Limits.InFlight = 1
	svc := jacinth.New(config)
	var inner bool
	jacinth.Public(svc, "outer", func(ctx context.Context, _ jacinth.None) (string, error) {
		_, inner = svc.Answer(ctx, jacinth.Peer{}, []byte(`{"jsonrpc":"2.0","method":"outer"}`), nil)
		return "", nil
	})
	if reply, shed := svc.Answer(t.Context(), jacinth.Peer{}, []byte(call("outer")), nil); shed || !inner {
		t.Errorf("the call was answered %s, shed %t, and the notification in it shed %t; want false and true", reply, shed, inner)
	}
	if got := svc.Config().Limits; got.InFlight != 1 || got.Body != 1<<20 {
		t.Errorf("Config().Limits = %+v, want InFlight 1 as set and Body 1 MiB by default", got)
	}
}
