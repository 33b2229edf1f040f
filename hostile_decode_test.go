package jacinth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// large is 512 bytes in memory, and {} in JSON.
type large struct {
	A *int       `json:"a"`
	B [63]*int64 `json:"b,omitempty"`
}

// sleeper is a text that takes a millisecond to decode.
type sleeper struct{}

func (sleeper) UnmarshalText([]byte) error {
	time.Sleep(time.Millisecond)
	return nil
}

// decodingService has methods whose params become far more than their JSON is, or take far longer.
func decodingService(limits jacinth.Limits) *jacinth.Service {
	svc := jacinth.New(jacinth.Config{Name: "decoding", Limits: limits, Logger: slog.New(slog.DiscardHandler)})
	jacinth.Public(svc, "structs", func(_ context.Context, list []large) (int, error) { return len(list), nil })
	jacinth.Public(svc, "any", func(_ context.Context, list []any) (int, error) { return len(list), nil })
	jacinth.Public(svc, "maps", func(_ context.Context, list []map[string]int) (int, error) { return len(list), nil })
	jacinth.Public(svc, "numbers", func(_ context.Context, list []big.Rat) (int, error) { return len(list), nil })
	jacinth.Public(svc, "sleepers", func(_ context.Context, list []sleeper) (int, error) { return len(list), nil })
	type patterns struct {
		Text string `json:"text" pattern:"(a|aa|aaa){100}b" maxLength:"10"`
	}
	jacinth.Public(svc, "pattern", func(context.Context, patterns) (int, error) { return 0, nil })
	type tree struct {
		Kids map[string]tree `json:"kids,omitempty"`
	}
	jacinth.Public(svc, "tree", func(context.Context, tree) (int, error) { return 0, nil })
	jacinth.Public(svc, "panic", func(context.Context, []large) (int, error) { panic("no") })
	jacinth.Public(svc, "fail", func(context.Context, []large) (int, error) { return 0, errors.New("no") })
	jacinth.Public(svc, "exit", func(context.Context, []large) (int, error) {
		runtime.Goexit()
		return 0, nil
	})
	return svc
}

// listCall is a call of method with that item, some size bytes of it.
func listCall(method, item string, size int) string {
	list := strings.Repeat(item+",", size/(len(item)+1)) + item
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"params":[%s],"id":1}`, method, list)
}

// fault is one of the faults of params, as a caller gets them.
type fault struct{ Path, Rule, Expected, Got string }

func faultsIn(t *testing.T, r reply) []fault {
	t.Helper()
	var data struct{ Faults []fault }
	if r.code() != int(jacinth.InvalidParams) {
		t.Fatalf("the code is %d, want %d", r.code(), jacinth.InvalidParams)
	}
	if err := json.Unmarshal(r.Error.Data, &data); err != nil {
		t.Fatalf("the data %s: %v", r.Error.Data, err)
	}
	return data.Faults
}

// TestHostile_bodyBecomesMuch holds that a body of a mebibyte takes no more than the limit when it is decoded, and that
// its caller is told where it was too much. It became 497 MiB of structs, and 62 MiB of any.
func TestHostile_bodyBecomesMuch(t *testing.T) {
	svc := decodingService(jacinth.Limits{})
	callHTTP(svc, good)
	for name, body := range map[string]string{
		"structs": listCall("structs", `{}`, mebibyte-200),
		"any":     listCall("any", `{"":0}`, mebibyte-200),
		"maps":    listCall("maps", `{"":0}`, mebibyte-200),
	} {
		var got answered
		spent := allocated(func() { got = callHTTP(svc, body) })
		faults := faultsIn(t, mustReply(t, got.body))
		if len(faults) != 1 || faults[0].Rule != "memory" || !strings.HasPrefix(faults[0].Path, "/") ||
			faults[0].Expected != "params that take at most 16777216 bytes in memory" {
			t.Errorf("%s: the faults are %v, want one of the rule memory", name, faults)
		}
		if spent > 64<<20 {
			t.Errorf("%s: %d MiB were allocated in all, want at most 64", name, spent>>20)
		}
	}
	if got := callHTTP(decodingService(jacinth.Limits{Decoded: jacinth.Unlimited}), listCall("structs", `{}`, 100<<10)); worst(t, got) != 0 {
		t.Errorf("without the limit, it is answered with %s", clip(got.body))
	}
}

// TestHostile_batchBecomesMuch holds that the items of a batch count together, one after the other too.
func TestHostile_batchBecomesMuch(t *testing.T) {
	svc := decodingService(jacinth.Limits{Decoded: mebibyte, BatchWorkers: 1})
	item := listCall("structs", `{}`, 600) // 200 structs, 100 KiB
	got := callHTTP(svc, "["+strings.Repeat(item+",", 19)+item+"]")
	well := 0
	for i, r := range mustReplies(t, got.body) {
		if r.code() == 0 {
			well++
			continue
		}
		if faults := faultsIn(t, r); len(faults) != 1 || faults[0].Rule != "memory" {
			t.Errorf("item %d has the faults %v, want one of the rule memory", i, faults)
		}
	}
	if well < 5 || well > 12 {
		t.Errorf("%d calls of 100 KiB fit a mebibyte, want some ten", well)
	}
}

// TestHostile_bodiesBecomeMuchTogether holds that bodies that are worked on at a time share a limit, beyond which calls
// are shed before they run, and that their room comes back. Sixty bodies of a mebibyte became 2 GiB of any.
func TestHostile_bodiesBecomeMuchTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := decodingService(jacinth.Limits{Decoded: mebibyte, DecodedInFlight: 4 * mebibyte})
		release := make(chan struct{})
		jacinth.Public(svc, "keep", func(_ context.Context, list []any) (int, error) {
			<-release
			return len(list), nil
		})
		body := listCall("keep", `{}`, 24<<10) // 8,000 maps, more than half a mebibyte
		answers := make(chan answered, 60)
		for range cap(answers) {
			go func() { answers <- callHTTP(svc, body) }()
		}
		synctest.Wait()
		shed := len(answers)
		for range shed {
			checkShed(t, "a body that finds no room", <-answers)
		}
		if running := cap(answers) - shed; running < 4 || running > 8 {
			t.Errorf("%d bodies of half a mebibyte run at a time, want some six", running)
		}
		batch := make(chan answered, 1)
		go func() { batch <- callHTTP(svc, "["+body+","+listCall("structs", `{}`, 10)+"]") }()
		synctest.Wait()
		close(release)
		synctest.Wait()
		got := <-batch
		if r := mustReplies(t, got.body); r[0].code() != int(jacinth.Unavailable) || r[1].code() != 0 {
			t.Errorf("a batch of a large call and a small one is answered with %s", clip(got.body))
		}
		for range cap(answers) - shed {
			if got := <-answers; worst(t, got) != 0 {
				t.Errorf("a body that found room is answered with status %d, %s", got.status, clip(got.body))
			}
		}
		if got := callHTTP(svc, body); worst(t, got) != 0 {
			t.Errorf("after them, one more is answered with status %d, %s", got.status, clip(got.body))
		}
	})
}

// TestHostile_roomOfDecodedComesBack holds that no end of a call keeps what its params took.
func TestHostile_roomOfDecodedComesBack(t *testing.T) {
	svc := decodingService(jacinth.Limits{Decoded: mebibyte, DecodedInFlight: mebibyte})
	left := make(chan struct{})
	svc.Use(func(next jacinth.Handler) jacinth.Handler {
		return func(ctx context.Context, req *jacinth.Request) (any, error) {
			if req.Method.Name != "fail" {
				return next(ctx, req)
			}
			go func() { // which may come too late
				_, _ = next(ctx, req)
				left <- struct{}{}
			}()
			return "gave up", nil
		}
	})
	for range 20 {
		for method, code := range map[string]jacinth.Code{"structs": 0, "panic": jacinth.InternalError, "fail": 0} {
			if got := callHTTP(svc, listCall(method, `{}`, 900)); worst(t, got) != int(code) {
				t.Fatalf("a call of %q is answered with status %d, %s; want code %d", method, got.status, clip(got.body), code)
			}
			if method == "fail" {
				<-left
			}
		}
		callHTTP(svc, listCall("structs", `{}`, 20_000)) // too much
		callHTTP(svc, "["+listCall("exit", `{}`, 900)+"]")
	}
	if got := callHTTP(svc, listCall("structs", `{}`, 900)); worst(t, got) != 0 {
		t.Errorf("after all that, a good call is answered with status %d, %s", got.status, clip(got.body))
	}
}

// TestHostile_decodingPastItsDeadline holds that params that take long to decode end with the time of their call.
func TestHostile_decodingPastItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := decodingService(jacinth.Limits{Call: time.Second})
		start := time.Now()
		got := callHTTP(svc, listCall("sleepers", `""`, 100_000))
		if code := worst(t, got); code != int(jacinth.DeadlineExceeded) {
			t.Errorf("the answer is %s, want code %d", clip(got.body), jacinth.DeadlineExceeded)
		}
		if took := time.Since(start); took < time.Second || took > time.Second+50*time.Millisecond {
			t.Errorf("33,000 texts of a millisecond each take %v, want the second that a call has", took)
		}
	})
}

// TestHostile_patternOnLongText holds that a pattern is not asked about a text that is too long anyway, which took 7.1 s.
func TestHostile_patternOnLongText(t *testing.T) {
	svc := decodingService(jacinth.Limits{})
	body := `{"jsonrpc":"2.0","method":"pattern","params":["` + strings.Repeat("a", mebibyte-100) + `"],"id":1}`
	faults := faultsIn(t, mustReply(t, callHTTP(svc, body).body))
	if len(faults) != 1 || faults[0].Rule != "maxLength" {
		t.Errorf("the faults are %v, want one of the rule maxLength", faults)
	}
}

// TestHostile_hugeNumbers holds that a few bytes are not made into numbers of a million digits, which took 20 s.
func TestHostile_hugeNumbers(t *testing.T) {
	svc := decodingService(jacinth.Limits{})
	callHTTP(svc, listCall("numbers", `"1e4096"`, 100))
	for name, body := range map[string]string{
		"exponents":          listCall("numbers", `"1e999999"`, 6600),
		"negative exponents": listCall("numbers", `"1e-999999"`, 6600),
		"digits":             listCall("numbers", `"`+strings.Repeat("9", mebibyte-200)+`"`, 0),
		"fractions":          listCall("numbers", `"1e-4096"`, mebibyte-200),
	} {
		var got answered
		spent := allocated(func() { got = callHTTP(svc, body) })
		if code := worst(t, got); code != int(jacinth.InvalidParams) {
			t.Errorf("%s: the answer is %s, want code %d", name, clip(got.body), jacinth.InvalidParams)
		}
		if spent > 64<<20 {
			t.Errorf("%s: %d MiB were allocated in all, want at most 64", name, spent>>20)
		}
	}
}

// TestHostile_faultsAreBounded holds that what is wrong with params is told in a length that does not grow with them.
func TestHostile_faultsAreBounded(t *testing.T) {
	svc := decodingService(jacinth.Limits{})
	name := strings.Repeat("~", 64) // each is two bytes of a path
	deep := strings.Repeat(`{"kids":{"`+name+`":`, 29)
	wrong := `{"kids":{` + numbered(40) + `}}`
	item := `{"jsonrpc":"2.0","method":"tree","params":` + deep + wrong + strings.Repeat("}}", 29) + `,"id":1}`
	var got answered
	batch := "[" + strings.Repeat(item+",", 99) + item + "]"
	spent := allocated(func() { got = callHTTP(svc, batch) })
	for _, r := range mustReplies(t, got.body) {
		faults := faultsIn(t, r)
		if len(faults) > 32 {
			t.Fatalf("there are %d faults, want at most 32", len(faults))
		}
		for _, f := range faults {
			if len(f.Path) > 1100 {
				t.Fatalf("a path has %d bytes, want at most 1100", len(f.Path))
			}
		}
	}
	t.Logf("a batch of %d KiB is answered with %d KiB, and %d KiB are allocated", len(batch)>>10, len(got.body)>>10, spent>>10)
	if got.status != http.StatusOK || len(got.body) > 4<<20 || spent > 96<<20 {
		t.Errorf("status %d with %d KiB, and %d KiB allocated; want at most 4096 and 98304", got.status, len(got.body)>>10, spent>>10)
	}
}
