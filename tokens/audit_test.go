package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

func TestAudit_tellsWhoDidWhat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, log := newMemory(t), new(journal)
		secret, record := issue(t, store, tokens.Draft{Name: "ada", Scopes: tokens.Scopes{"m"}})
		svc := newService(tokens.New(store, tokens.Audit(log.logger())), "m", "other")
		jacinth.Public(svc, "open", whoAmI)

		call(t, svc, with(secret.Reveal()), "m")
		want := map[string]any{
			"time": time.Now().Format(time.RFC3339Nano), "level": "INFO", "msg": "authorization", "decision": "allow",
			"method": "m", "address": "192.0.2.1:4000", "token": record.ID, "name": "ada", "request_id": "1",
		}
		if got := log.last(t); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("the line of a call that was let through = %v, want %v", got, want)
		}

		call(t, svc, with(secret.Reveal()), "other")
		want["level"], want["decision"], want["method"], want["reason"] = "WARN", "deny", "other", "scope not granted"
		if got := log.last(t); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("the line of a call that was denied = %v, want %v", got, want)
		}

		call(t, svc, with(secret.Reveal()), "open")
		if got := len(log.all()); got != 2 {
			t.Errorf("there are %d lines, want 2: a public method needs no decision", got)
		}
		callBatch(t, svc, with(secret.Reveal()), "m", 5)
		if got := len(log.all()); got != 7 {
			t.Errorf("there are %d lines, want one more for each item of a batch of 5", got)
		}
	})
}

func TestAudit_namesNobodyWhoDidNotProveIt(t *testing.T) {
	store, log := newMemory(t), new(journal)
	secret, record := issue(t, store, tokens.Draft{Name: "ada", Scopes: tokens.Scopes{"m"}})
	svc := newService(tokens.New(store, tokens.Audit(log.logger())), "m")
	call(t, svc, with(wrongSecret(t, secret.Reveal())), "m")
	if line := log.last(t); line["token"] != record.ID || line["name"] != nil || line["reason"] != "wrong secret" {
		t.Errorf("the line of a wrong secret = %v, want the id that was claimed and no name", line)
	}
}

func TestAudit_samplesDenials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, log := newMemory(t), new(journal)
		good, _ := issue(t, store, tokens.Draft{Name: "good", Scopes: tokens.Scopes{"m"}})
		svc := newService(tokens.New(store, tokens.Audit(log.logger())), "m")
		for range 1000 {
			call(t, svc, with("junk"), "m")
		}
		if got := len(log.all()); got != 20 {
			t.Errorf("1000 denials at once left %d lines, want 20", got)
		}
		call(t, svc, with(good.Reveal()), "m")
		call(t, svc, jacinth.Peer{Token: "junk", Address: "192.0.2.2:1"}, "m")
		if got := len(log.all()); got != 22 {
			t.Errorf("a good call, and a denial from elsewhere, left %d lines, want both logged", got-20)
		}
		time.Sleep(time.Second)
		call(t, svc, with("junk"), "m")
		if line := log.last(t); line["dropped"] != 980.0 {
			t.Errorf("the line after a second = %v, want it to tell of 980 dropped", line)
		}
		time.Sleep(time.Second)
		call(t, svc, with("junk"), "m")
		if line := log.last(t); line["dropped"] != nil {
			t.Errorf("the line after that = %v, want none dropped", line)
		}
	})
}

func TestAudit_storeDown(t *testing.T) {
	log := new(journal)
	svc := newService(tokens.New(&flaky{err: errBroken}, tokens.Audit(log.logger())), "m")
	call(t, svc, with(randomToken(t)), "m")
	line := log.last(t)
	if line["reason"] != "the token could not be looked up" || line["error"] != errBroken.Error() {
		t.Errorf("the line = %v, want it to tell what is wrong with the store", line)
	}
}

// TestAudit_masksTokensInErrorsOfTheStore has a store complain about a token that another system gave it.
func TestAudit_masksTokensInErrorsOfTheStore(t *testing.T) {
	token := randomToken(t)
	log := new(journal)
	store := &flaky{err: fmt.Errorf("no such row: %s", token)}
	authorizer := tokens.New(store, tokens.Audit(log.logger()))
	method := &jacinth.Method{Name: "m", Private: true}
	err := authorizer.Authorize(t.Context(), &jacinth.Request{Method: method, Peer: with(randomToken(t))})
	said, _ := errors.AsType[*jacinth.Error](err)
	if said == nil {
		t.Fatalf("Authorize = %v, want a *jacinth.Error", err)
	}
	line := fmt.Sprint(log.last(t)["error"])
	for what, text := range map[string]string{"audit log": line, "log of the service": said.Cause.Error()} {
		if strings.Contains(text, token) || !strings.Contains(text, "no such row: ") {
			t.Errorf("the %s says %q, want the error without the token in it", what, text)
		}
	}
}

func TestAudit_warnsOfTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, log := newMemory(t), new(journal)
		soon, record := issue(t, store, tokens.Draft{Name: "soon", Scopes: tokens.Scopes{"m"}, Lifetime: 16 * day})
		never, _ := issue(t, store, tokens.Draft{Name: "never", Scopes: tokens.Scopes{"m"}, Lifetime: tokens.Never})
		svc := newService(tokens.New(store, tokens.Audit(log.logger())), "m")
		warnings := func(message string) (count int) {
			for _, line := range log.all() {
				if line["msg"] == message {
					count++
				}
			}
			return count
		}
		for range 10 * 24 { // every hour for ten days
			call(t, svc, with(soon.Reveal()), "m")
			call(t, svc, with(never.Reveal()), "m")
			time.Sleep(time.Hour)
		}
		if got := warnings("token expires soon"); got != 8 {
			t.Errorf("ten days of a token that lives 16: %d warnings, want one on each of the last 8 days", got)
		}
		if got := warnings("token never expires"); got != 10 {
			t.Errorf("ten days of a token that never expires: %d warnings, want 10", got)
		}
		for _, line := range log.all() {
			if line["msg"] == "token expires soon" && (line["token"] != record.ID || line["name"] != "soon" || line["expires"] == nil) {
				t.Errorf("the warning = %v, want id, name and end of the token", line)
			}
		}
	})
}

// TestAuthorize_listOfMethods shows that get_service_specs, which asks of each private method whether its caller may
// call it, costs the token nothing and does not fill the log.
func TestAuthorize_listOfMethods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, log := newMemory(t), new(journal)
		secret, record := issue(t, store, tokens.Draft{
			Name: "n", Scopes: tokens.Scopes{"a.*"}, Limits: tokens.Limits{PerSecond: 1e-3, Burst: 3, InFlight: 1},
		})
		svc := newService(tokens.New(store, tokens.Audit(log.logger())), "a.a", "a.b", "a.c", "a.d", "b.a")
		for range 10 {
			got := string(call(t, svc, with(secret.Reveal()), "get_service_specs").Result)
			for method, want := range map[string]bool{"a.a": true, "a.d": true, "b.a": false} {
				if shown := strings.Contains(got, `"`+method+`"`); shown != want {
					t.Errorf("the list shows %s: %v, want %v", method, shown, want)
				}
			}
		}
		if got := log.all(); len(got) != 0 {
			t.Errorf("the list of methods was logged: %v", got)
		}
		time.Sleep(time.Minute)
		if after, _ := store.Lookup(t.Context(), record.ID); !after.LastUsed.IsZero() {
			t.Errorf("LastUsed = %v, want none: nothing was called", after.LastUsed)
		}
		if got := callBatch(t, svc, with(secret.Reveal()), "a.a", 1); got[0] != 1 {
			t.Errorf("a call after that = %v, want it let through", got)
		}

		// But it is no way to try tokens unseen.
		call(t, svc, with(randomToken(t)), "get_service_specs")
		if line := log.last(t); line["decision"] != "deny" || line["reason"] != "unknown token" {
			t.Errorf("the line of a wrong token in get_service_specs = %v, want it denied", line)
		}
	})
}

// touches is a store that counts what it is told of uses.
type touches struct {
	*tokens.Memory
	mu    sync.Mutex
	times []map[string]time.Time
	err   error
}

func (s *touches) Touch(ctx context.Context, used map[string]time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times = append(s.times, used)
	if s.err != nil {
		return s.err
	}
	return s.Memory.Touch(ctx, used)
}

func TestLastUsed_isWrittenOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &touches{Memory: newMemory(t)}
		one, record := issue(t, store, tokens.Draft{Name: "one", Scopes: tokens.Scopes{"m"}})
		two, _ := issue(t, store, tokens.Draft{Name: "two", Scopes: tokens.Scopes{"m"}})
		svc := newService(tokens.New(store), "m", "other")
		begin := time.Now()
		for time.Since(begin) < 10*time.Minute {
			call(t, svc, with(one.Reveal()), "m")
			call(t, svc, with(two.Reveal()), "m")
			call(t, svc, with(two.Reveal()), "other")
			call(t, svc, with(wrongSecret(t, one.Reveal())), "m")
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		count := map[string]int{}
		for _, used := range store.times {
			for id := range used {
				count[id]++
			}
		}
		if len(store.times) != 10 || len(count) != 2 || count[record.ID] != 10 {
			t.Errorf("in ten minutes the store was told %d times, %v, want 10 times of both tokens together", len(store.times), count)
		}
		after, err := store.Lookup(t.Context(), record.ID)
		if err != nil || after.LastUsed.Before(begin.Add(9*time.Minute)) || after.LastUsed.After(begin.Add(10*time.Minute)) {
			t.Errorf("LastUsed = %v, %v, want within the last minute of %v", after.LastUsed, err, begin.Add(10*time.Minute))
		}
	})
}

func TestLastUsed_thatCannotBeWrittenHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, log := &touches{Memory: newMemory(t), err: errors.New("read-only")}, new(journal)
		secret, _ := issue(t, store, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}})
		svc := newService(tokens.New(store, tokens.Audit(log.logger())), "m")
		for range 30 {
			if got := call(t, svc, with(secret.Reveal()), "m"); got.code() != 0 {
				t.Fatalf("a call = %+v, want it let through", got.Error)
			}
			time.Sleep(10 * time.Second)
		}
		told := 0
		for _, line := range log.all() {
			if line["msg"] == "last use of tokens not written" && line["error"] == "read-only" {
				told++
			}
		}
		if told != 5 {
			t.Errorf("the log tells of it %d times in 5 minutes, want 5", told)
		}
	})
}

// TestAudit_warnsInSpiteOfAUseToCome is for a token whose last use was noted by a machine with a clock that was ahead.
func TestAudit_warnsInSpiteOfAUseToCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, log := newMemory(t), new(journal)
		soon, record := issue(t, store, tokens.Draft{Name: "soon", Scopes: tokens.Scopes{"m"}, Lifetime: day})
		if _, err := store.Change(t.Context(), record.ID, func(r *tokens.Record) error {
			r.LastUsed = time.Now().AddDate(10, 0, 0)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		svc := newService(tokens.New(store, tokens.Audit(log.logger())), "m")
		for range 3 {
			call(t, svc, with(soon.Reveal()), "m")
		}
		warnings := 0
		for _, line := range log.all() {
			if line["msg"] == "token expires soon" {
				warnings++
			}
		}
		if warnings != 1 {
			t.Errorf("three calls with a token that was used in ten years, and ends in a day: %d warnings, want 1", warnings)
		}
		time.Sleep(time.Minute) // in the bubble: what was noted is written
	})
}
