package tokens_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

var (
	requests = flag.Int("requests", 20_000, "calls that TestAuthorize_property makes")
	seed     = flag.Uint64("seed", 1, "of TestAuthorize_property; 0 draws one")
)

// world is a service and what is true of the tokens that are sent to it.
type world struct {
	t      *testing.T
	random *rand.Rand
	keeper tokens.Keeper
	svc    *jacinth.Service
	living []*truth
	made   int // calls
	runs   int // of private methods

	mu  sync.Mutex
	ran map[string]int // "caller method": how often it ran during one request
}

// truth is a token as its owner knows it.
type truth struct {
	token   string
	record  tokens.Record
	revoked time.Time
}

var propertyMethods = map[string]string{ // by scope; "" is public
	"open": "", "a.open": "",
	"a.read": "a.read", "a.write": "a.write", "a.b.read": "a.b.read", "b.read": "b.read", "ab.read": "ab.read",
	"a": "a", "aread": "aread", "special": "c.special", "c.other": "c.other",
}

var propertyScopes = []string{
	"a.read", "a.write", "a.*", "a.b.*", "a.b.read", "b.*", "b.read", "ab.*", "a", "aread", "c.*", "c.special", "special",
	"c.other.*", "open", "A.read", "a.read.*",
}

func TestAuthorize_property(t *testing.T) {
	first := *seed
	if first == 0 {
		first = rand.Uint64()
	}
	t.Logf("go test -run TestAuthorize_property -args -seed %d -requests %d", first, *requests)
	for name, far := range map[string]bool{"near": false, "far": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				memory := newMemory(t)
				store := tokens.Store(memory)
				if far {
					store = tokens.Func(memory.Lookup)
				}
				w := &world{t: t, random: rand.New(rand.NewPCG(first, 1)), keeper: memory, ran: map[string]int{}}
				w.svc = jacinth.New(jacinth.Config{
					Name: "test", Logger: silent,
					Authorize: tokens.New(store, tokens.Guesses(jacinth.Unlimited, 0)).Authorize,
				})
				for _, method := range slices.Sorted(maps.Keys(propertyMethods)) {
					w.register(method, propertyMethods[method])
				}
				for range 40 {
					w.issue()
				}
				for w.made < *requests/2 {
					w.live()
					w.request()
				}
				t.Logf("%d calls, of which %d ran a private method; %d tokens at the end", w.made, w.runs, len(w.living))
				if w.runs < w.made/40 { // of any seed: they ran 5 to 7 in 100, give or take
					t.Errorf("of %d calls only %d ran a private method: this tests little", w.made, w.runs)
				}
			})
		})
	}
}

func (w *world) register(method, scope string) {
	name := jacinth.Name[jacinth.None, string](method)
	handler := func(ctx context.Context, _ jacinth.None) (string, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		caller := jacinth.CallerFrom(ctx).Name
		w.ran[caller+" "+method]++
		return caller, nil
	}
	switch scope {
	case "":
		jacinth.Public(w.svc, name, handler)
	case method:
		jacinth.Private(w.svc, name, handler)
	default:
		jacinth.Private(w.svc, name, handler, jacinth.Scope(scope))
	}
}

// issue makes a token of random properties.
func (w *world) issue() {
	draft := tokens.Draft{
		Name:     fmt.Sprintf("caller%d", w.random.IntN(1e9)),
		Lifetime: time.Second + time.Duration(w.random.Int64N(int64(3*time.Minute))),
	}
	for range w.random.IntN(7) {
		draft.Scopes = append(draft.Scopes, propertyScopes[w.random.IntN(len(propertyScopes))])
	}
	if w.random.IntN(6) == 0 {
		draft.NotBefore = time.Now().Add(time.Duration(w.random.Int64N(int64(time.Minute))))
	}
	if w.random.IntN(6) == 0 {
		draft.Networks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	}
	secret, record := issue(w.t, w.keeper, draft)
	w.living = append(w.living, &truth{token: secret.Reveal(), record: record})
}

// live lets time pass, revokes and rotates.
func (w *world) live() {
	if w.random.IntN(40) != 0 {
		return
	}
	time.Sleep(time.Duration(w.random.Int64N(int64(4 * time.Second))))
	chosen := w.living[w.random.IntN(len(w.living))]
	switch w.random.IntN(8) {
	case 0:
		if _, err := tokens.Revoke(w.t.Context(), w.keeper, chosen.record.ID); err != nil {
			w.t.Fatal(err)
		}
		if chosen.revoked.IsZero() {
			chosen.revoked = time.Now()
		}
	case 1:
		overlap := time.Minute + time.Duration(w.random.Int64N(int64(time.Minute))) // beyond what a process may not know yet
		secret, record, err := tokens.Rotate(w.t.Context(), w.keeper, chosen.record.ID, overlap)
		if err == nil {
			w.living = append(w.living, &truth{token: secret.Reveal(), record: record})
			if chosen.record, err = w.keeper.Lookup(w.t.Context(), chosen.record.ID); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	w.issue()
	if len(w.living) > 60 { // the dead stay for a while, and are tried too
		w.living = slices.Delete(w.living, 0, len(w.living)-60)
	}
}

// grant is what the truth says of one call.
type grant int

const (
	never grant = iota
	maybe       // it was revoked less than 30 seconds ago
	always
)

// grants decides by itself, from the words of the documentation.
func (w *world) grants(t *truth, address, scope string) grant {
	now := time.Now()
	granted := slices.ContainsFunc(t.record.Scopes, func(s string) bool {
		return s == scope || strings.HasSuffix(s, ".*") && strings.HasPrefix(scope, s[:len(s)-1])
	})
	switch {
	case !granted, now.Before(t.record.NotBefore), !now.Before(t.record.Expires),
		len(t.record.Networks) > 0 && !strings.HasPrefix(address, "10."),
		!t.revoked.IsZero() && now.Sub(t.revoked) > 30*time.Second:
		return never
	case !t.revoked.IsZero():
		return maybe
	}
	return always
}

// request sends one call or a batch of them with one token, and compares what ran with what may run.
func (w *world) request() {
	token, owner := w.draw()
	address := []string{"10.1.2.3:4000", "192.0.2.1:4000"}[w.random.IntN(2)]
	items := 1
	if w.random.IntN(4) == 0 {
		items = 1 + w.random.IntN(20)
	}
	var body []string
	least, most := map[string]int{}, map[string]int{}
	methods := append(slices.Sorted(maps.Keys(propertyMethods)), "a.nothing", "get_service_specs", "rpc.discover")
	for range items {
		method := methods[w.random.IntN(len(methods))]
		body = append(body, w.item(method))
		scope, exists := propertyMethods[method]
		switch {
		case !exists:
		case scope == "":
			least[" "+method]++
			most[" "+method]++
		case owner != nil:
			key := owner.record.Name + " " + method
			switch w.grants(owner, address, scope) {
			case always:
				least[key]++
				most[key]++
			case maybe:
				most[key]++
			case never:
			}
		}
	}
	w.made += items
	text := strings.Join(body, ",")
	if items > 1 {
		text = "[" + text + "]"
	}
	clear(w.ran)
	w.svc.Dispatch(w.t.Context(), jacinth.Peer{Token: jacinth.Token(token), Address: address}, []byte(text), nil)
	for key, count := range w.ran {
		if count > most[key] {
			w.t.Fatalf("%s ran %q %d times, want at most %d; token %s\n%s", address, key, count, most[key], tokens.Redact(token), text)
		}
		if !strings.HasPrefix(key, " ") {
			w.runs += count
		}
	}
	for key, count := range least {
		if w.ran[key] < count {
			w.t.Fatalf("%s ran %q %d times, want at least %d; token %s\n%s", address, key, w.ran[key], count, tokens.Redact(token), text)
		}
	}
}

// draw returns what is sent as a token, and whose it is.
func (w *world) draw() (string, *truth) {
	owner := w.living[w.random.IntN(len(w.living))]
	token := owner.token
	switch w.random.IntN(12) {
	case 0:
		return "", nil
	case 1:
		return []string{"junk", "jcn_", "Bearer " + token, strings.ToLower(token), token + " ", token[:len(token)-1]}[w.random.IntN(6)], nil
	case 2:
		return randomToken(w.t), nil
	case 3:
		return wrongSecret(w.t, token), nil
	case 4: // the id of one with the secret of another
		other := w.living[w.random.IntN(len(w.living))]
		if other == owner {
			return token, owner
		}
		return reseal(owner.record.ID + "_" + other.token[13:45]), nil
	}
	return token, owner
}

// item is a request for a method, its name written in one of the ways that JSON has.
func (w *world) item(method string) string {
	name, err := json.Marshal(method)
	if err != nil {
		w.t.Fatal(err)
	}
	written := string(name)
	if i := w.random.IntN(3 * len(method)); i < len(method) {
		written = fmt.Sprintf(`"%s\u%04x%s"`, method[:i], method[i], method[i+1:])
	}
	switch w.random.IntN(10) {
	case 0:
		return fmt.Sprintf(`{"jsonrpc":"2.0","method":%s}`, written)
	case 1:
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":null,"params":[],"Method":"open","method":%s}`, written)
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%s}`, w.random.IntN(100), written)
}
