package discovery_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
	"github.com/jacinth-rpc/jacinth/jacinthtest"
)

// said is what registry.list and registry.watch answer.
type said struct {
	Revision  int64              `json:"revision"`
	Frozen    bool               `json:"frozen"`
	Settled   bool               `json:"settled"`
	Instances []jacinth.Instance `json:"instances"`
}

// caller calls the methods of a registry by hand, as somebody with another client would.
type caller struct {
	t      *testing.T
	client *jacinth.Client
}

func (c caller) call(method string, params, result any) error {
	c.t.Helper()
	return c.client.Call(c.t.Context(), method, params, result, jacinth.Timeout(time.Minute))
}

func (c caller) register(service, id string, epoch int) error {
	c.t.Helper()
	one := instance(service, id)
	return c.call("registry.register", map[string]any{"id": id, "service": service, "url": one.URL, "epoch": epoch}, nil)
}

func (c caller) renew(service, id string, epoch int) error {
	c.t.Helper()
	return c.call("registry.renew", map[string]any{"id": id, "service": service, "epoch": epoch}, nil)
}

func (c caller) leave(service, id string, epoch int) error {
	c.t.Helper()
	return c.call("registry.leave", map[string]any{"id": id, "service": service, "epoch": epoch}, nil)
}

func (c caller) list(name string) said {
	c.t.Helper()
	var view said
	if err := c.call("registry.list", map[string]any{"service": name}, &view); err != nil {
		c.t.Fatal(err)
	}
	return view
}

// wants fails the test unless the registry lists want.
func (c caller) wants(when, want string) {
	c.t.Helper()
	if got := show(c.list("*").Instances); got != want {
		c.t.Errorf("%s: the registry lists %q, want %q", when, got, want)
	}
}

// must ends the test if something failed.
func (c caller) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// isOver fails the test unless err says that a lease is over, and that the last one is epoch.
func (c caller) isOver(when string, err error, epoch int64) {
	c.t.Helper()
	var data struct {
		Epoch int64 `json:"epoch"`
	}
	own, ok := errors.AsType[*jacinth.Error](err)
	if !ok || own.Code != discovery.LeaseOver || own.DecodeData(&data) != nil || data.Epoch != epoch {
		c.t.Errorf("%s: %v (data %+v), want LeaseOver with the epoch %d", when, err, data, epoch)
	}
}

// inService runs a test in a bubble with a registry service in which everybody may do everything.
func inService(t *testing.T, config discovery.RegistryConfig, test func(c caller)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(caller{t, startService(t, config)}) })
}

func TestService_forgetsAfterTheTTL(t *testing.T) {
	inService(t, openConfig, func(c caller) {
		c.must(c.register("billing", "a", 1))
		pass(10 * time.Second)
		c.must(c.renew("billing", "a", 1))
		pass(15*time.Second - time.Millisecond)
		c.wants("just before its TTL is over", "billing/a")
		pass(time.Millisecond)
		c.wants("when its TTL is over", "")
		c.isOver("a beat that comes late", c.renew("billing", "a", 1), 1)
		c.wants("after a beat that came late", "")
	})
}

func TestService_nothingLateRevivesTheDead(t *testing.T) {
	inService(t, openConfig, func(c caller) {
		c.must(c.register("billing", "a", 7))
		c.must(c.leave("billing", "a", 7))
		c.wants("after it left", "")
		c.isOver("registering by the old lease", c.register("billing", "a", 7), 7)
		c.isOver("registering by an older lease", c.register("billing", "a", 6), 7)
		c.isOver("a beat of the old lease", c.renew("billing", "a", 7), 7)
		pass(time.Minute - time.Millisecond)
		c.isOver("registering by the old lease just before the tombstone falls", c.register("billing", "a", 7), 7)
		pass(time.Millisecond)
		c.isOver("a beat when the tombstone has fallen", c.renew("billing", "a", 7), 0)
		c.must(c.register("billing", "a", 8))
		c.wants("after it registered anew", "billing/a")

		c.must(c.leave("billing", "a", 7)) // of the lease before
		c.wants("after the old lease left", "billing/a")
		c.must(c.register("billing", "a", 9))
		c.isOver("a beat of the lease that was replaced", c.renew("billing", "a", 8), 9)
	})
}

func TestService_registeringTwiceIsOnce(t *testing.T) {
	inService(t, openConfig, func(c caller) {
		c.must(c.register("billing", "a", 1))
		revision := c.list("billing").Revision
		pass(10 * time.Second)
		c.must(c.register("billing", "a", 1)) // the answer was lost, and the client sends it again
		if now := c.list("billing").Revision; now != revision {
			t.Errorf("the revision went from %d to %d, but nothing changed", revision, now)
		}
		pass(10 * time.Second)
		c.wants("when it was said again", "billing/a")
	})
}

func TestService_watchIsAnsweredAtTheChange(t *testing.T) {
	inService(t, openConfig, func(c caller) {
		var first, second said
		c.must(c.call("registry.watch", map[string]any{"service": "billing"}, &first))
		begun := time.Now()
		go func() {
			time.Sleep(3 * time.Second)
			_ = c.register("orders", "o", 1) // which does not concern the other
			time.Sleep(3 * time.Second)
			_ = c.register("billing", "a", 1)
		}()
		c.must(c.call("registry.watch", map[string]any{"service": "billing", "revision": first.Revision}, &second))
		if waited := time.Since(begun); waited != 6*time.Second || show(second.Instances) != "billing/a" {
			t.Errorf("watch was answered after %v with %q, want billing/a after 6s", waited, show(second.Instances))
		}
		begun = time.Now()
		c.must(c.call("registry.watch", map[string]any{"service": "billing", "revision": second.Revision, "waitMs": 4000}, &first))
		if waited := time.Since(begun); waited != 4*time.Second || first.Revision != second.Revision {
			t.Errorf("watch was answered after %v with revision %d, want %d after 4s", waited, first.Revision, second.Revision)
		}
		begun = time.Now()
		c.must(c.call("registry.watch", map[string]any{"service": "billing", "revision": second.Revision}, &first))
		if waited := time.Since(begun); waited != 11*time.Second || len(first.Instances) != 0 {
			t.Errorf("watch was answered after %v with %q, want nobody after 11s, when the TTL is over", waited, show(first.Instances))
		}
	})
}

// A revision must tell one state from every other, also when services were forgotten between.
func TestService_revisionTellsStatesApart(t *testing.T) {
	inService(t, openConfig, func(c caller) {
		c.must(c.register("a.x", "1", 1))
		before := c.list("a.*").Revision
		c.must(c.register("a.y", "2", 1))
		c.must(c.leave("a.y", "2", 1))
		for range 13 {
			c.must(c.renew("a.x", "1", 1))
			pass(5 * time.Second)
		}
		if after := c.list("a.*").Revision; after == before {
			t.Error("a service came, went and was forgotten, and the revision is what it was before")
		}
	})
}

func TestService_freezesWhenMostFallSilent(t *testing.T) {
	var log strings.Builder
	config := openConfig
	config.Service.Logger = slog.New(slog.NewTextHandler(&log, nil))
	inService(t, config, func(c caller) {
		for i := range 10 {
			c.must(c.register("billing", fmt.Sprint(i), 1))
		}
		epochs := map[int]int{}
		alive := func(d time.Duration, ids ...int) {
			for range d / (5 * time.Second) {
				for id := range 10 {
					if slices.Contains(ids, id) {
						c.must(c.renew("billing", fmt.Sprint(id), 1+epochs[id]))
					}
					pass(500 * time.Millisecond) // they do not beat in step
				}
			}
		}
		t := c.t
		count := func(when string, want int, frozen bool) {
			t.Helper()
			if view := c.list("billing"); len(view.Instances) != want || view.Frozen != frozen {
				t.Errorf("%s: %d instances, frozen is %t; want %d and %t", when, len(view.Instances), view.Frozen, want, frozen)
			}
		}
		alive(30*time.Second, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
		count("all beat", 10, false)
		alive(30*time.Second, 0, 1, 2, 3, 4)
		count("half fell silent", 5, false)
		for _, id := range []int{5, 6, 7, 8, 9} {
			epochs[id]++
			c.must(c.register("billing", fmt.Sprint(id), 2))
		}
		alive(20*time.Second, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
		count("all are back", 10, false)
		alive(time.Minute, 0, 1, 2, 3)
		count("six fell silent", 10, true)
		if frozen, err := newHTTP(t, c.client).Frozen(t.Context()); !frozen || err != nil {
			t.Errorf("Frozen = %t, %v; want true", frozen, err)
		}
		if !strings.Contains(log.String(), "more than half of all instances fell silent") {
			t.Errorf("the log does not tell of it: %s", &log)
		}
		alive(20*time.Second, 0, 1, 2, 3, 5, 6, 7, 8, 9) // nobody was forgotten, so that their leases are what they were
		count("all but one are back", 9, false)

		alive(time.Minute, 0, 1)
		count("seven fell silent", 9, true)
		alive(4*time.Minute-20*time.Second, 0, 1)
		count("seven are silent for less than 5 minutes", 9, true)
		alive(45*time.Second, 0, 1)
		count("seven stayed silent", 2, false)
	})
}

func TestService_fewAreNotFrozen(t *testing.T) {
	inService(t, openConfig, func(c caller) {
		for i := range 3 {
			c.must(c.register("billing", fmt.Sprint(i), 1))
		}
		pass(15 * time.Second)
		if view := c.list("billing"); view.Frozen || len(view.Instances) != 0 {
			t.Errorf("three of three fell silent, and %q are kept", show(view.Instances))
		}
	})
}

func TestService_leavingIsNotFallingSilent(t *testing.T) {
	inService(t, openConfig, func(c caller) {
		for i := range 10 {
			c.must(c.register("billing", fmt.Sprint(i), 1))
		}
		pass(5 * time.Second)
		for i := range 8 {
			c.must(c.leave("billing", fmt.Sprint(i), 1))
		}
		c.must(c.renew("billing", "8", 1))
		pass(10 * time.Second)
		if view := c.list("billing"); view.Frozen || show(view.Instances) != "billing/8" {
			t.Errorf("frozen is %t with %q, want that only one of two fell silent", view.Frozen, show(view.Instances))
		}
	})
}

func TestService_settlesAfterTheTTL(t *testing.T) {
	inService(t, openConfig, func(c caller) {
		pass(15*time.Second - time.Millisecond)
		if c.list("*").Settled {
			t.Error("a registry says that it knows everybody before everybody could tell it")
		}
		pass(time.Millisecond)
		if !c.list("*").Settled {
			t.Error("a registry does not say that it knows everybody by now")
		}
	})
}

func TestService_isBounded(t *testing.T) {
	config := openConfig
	config.MaxNames, config.MaxPerName, config.MaxInstances, config.MaxWatchers = 3, 2, 5, 2
	inService(t, config, func(c caller) {
		full := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, discovery.RegistryFull) {
				t.Errorf("%s: %v, want RegistryFull", what, err)
			}
		}
		c.must(c.register("a", "1", 1))
		c.must(c.register("a", "2", 1))
		full("a third instance of one name", c.register("a", "3", 1))
		c.must(c.register("a", "2", 2))
		c.must(c.register("b", "1", 1))
		c.must(c.register("c", "1", 1))
		full("a fourth name", c.register("d", "1", 1))
		c.must(c.register("b", "2", 1))
		full("a sixth instance in all", c.register("c", "2", 1))
		c.must(c.leave("b", "2", 1))

		c.must(c.leave("a", "2", 2))
		for i := range 2 { // the dead take memory too
			c.must(c.register("a", fmt.Sprint("x", i), 1))
			c.must(c.leave("a", fmt.Sprint("x", i), 1))
		}
		full("a name with many dead", c.register("a", "y", 1))
		c.must(c.register("a", "2", 3)) // who was there already may come back

		pass(time.Second)
		revision := c.list("a").Revision
		begun := time.Now()
		for range 3 {
			go func() {
				_ = c.call("registry.watch", map[string]any{"service": "a", "revision": revision, "waitMs": 5000}, nil)
			}()
		}
		pass(time.Second)
		c.must(c.call("registry.watch", map[string]any{"service": "a", "revision": revision, "waitMs": 5000}, nil))
		if waited := time.Since(begun); waited != time.Second {
			t.Errorf("one watcher too many waited %v, want that it is answered at once", waited-time.Second)
		}
		pass(5 * time.Second)
		c.must(c.call("registry.watch", map[string]any{"service": "a", "revision": revision, "waitMs": 1000}, nil))
		if waited := time.Since(begun); waited != 7*time.Second {
			t.Errorf("a watcher did not wait when the others were gone: %v", waited)
		}
	})
}

// TestService_deadOfManyNamesAreBounded holds that a caller with a pattern of names cannot have the registry keep the
// dead of each.
func TestService_deadOfManyNamesAreBounded(t *testing.T) {
	config := openConfig
	config.MaxNames, config.MaxPerName, config.MaxInstances = 10, 3, 4
	inService(t, config, func(c caller) {
		c.must(c.register("live", "1", 1))
		churn := func() (kept int, err error) {
			for i := range 30 {
				name, id := fmt.Sprint("a", i%5), fmt.Sprint(i)
				if err := c.register(name, id, 1); err != nil {
					return i, err
				}
				c.must(c.leave(name, id, 1))
			}
			return 30, nil
		}
		if kept, err := churn(); kept != 7 || !errors.Is(err, discovery.RegistryFull) {
			t.Errorf("beside one that lives, %d have died, then %v; want 7, then RegistryFull", kept, err)
		}
		for range 13 {
			pass(5 * time.Second)
			c.must(c.renew("live", "1", 1))
		}
		if kept, err := churn(); kept != 7 || !errors.Is(err, discovery.RegistryFull) {
			t.Errorf("when those are forgotten, %d have died, then %v; want 7, then RegistryFull", kept, err)
		}
	})
}

// scoped is a registry whose tokens are names with their scopes.
func scoped(grants map[string][]string) discovery.RegistryConfig {
	return discovery.RegistryConfig{Service: jacinth.Config{
		Logger: silent,
		Authorize: func(_ context.Context, req *jacinth.Request) error {
			scopes, ok := grants[string(req.Token)]
			if !ok {
				return errors.New("unknown token")
			}
			req.Caller = jacinth.Caller{Name: string(req.Token), Scopes: scopes}
			return nil
		},
	}}
}

func TestService_namesAreBoundToTokens(t *testing.T) {
	var log strings.Builder
	config := scoped(map[string][]string{
		"billing": {"registry:read", "registry:write:billing"},
		"workers": {"registry:read", "registry:write:workers.*"},
		"greedy":  {"registry:read", "registry:write:*", "registry:write:", "registry:write", "registry:*", "registry:write:bill*"},
		"reader":  {"registry:read"},
	})
	config.Service.Logger = slog.New(slog.NewTextHandler(&log, nil))
	synctest.Test(t, func(t *testing.T) {
		svc := discovery.NewRegistryService(config)
		as := func(token string) caller {
			client := jacinthtest.New(t, svc)
			client.Token = token
			return caller{t, client}
		}
		billing, workers := as("billing"), as("workers")
		billing.must(billing.register("billing", "a", 1))
		workers.must(workers.register("workers.mail", "m", 1))

		denied := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, jacinth.AccessDenied) {
				t.Errorf("%s: %v, want AccessDenied", what, err)
			}
		}
		for _, name := range []string{"workers", "greedy", "reader", ""} {
			c := as(name)
			denied(name+" registers under another's name", c.register("billing", "b", 1))
			denied(name+" takes an instance over", c.register("billing", "a", 100))
			denied(name+" keeps another's instance", c.renew("billing", "a", 1))
			denied(name+" takes another's instance out", c.leave("billing", "a", 1))
			denied(name+" pings another's name", c.call("ping", jacinth.Positional{"billing", "10.0.0.66", 80}, nil))
			denied(name+" pings another's name by URL", c.call("ping", map[string]any{"name": "billing", "url": "http://10.0.0.66/api"}, nil))
		}
		denied("a family's token for the bare name", workers.register("workers", "m", 1))
		denied("a family's token for a name that looks alike", workers.register("workersx.mail", "m", 1))
		denied("a token for billing in another case", billing.register("Billing", "a", 1))
		nobody := as("")
		denied("nobody lists", nobody.call("registry.list", nil, nil))
		denied("nobody watches", nobody.call("registry.watch", map[string]any{"service": "*"}, nil))
		denied("nobody locates", nobody.call("locate_service", jacinth.Positional{"billing"}, nil))

		// The same id under another name is another instance.
		workers.must(workers.register("workers.mail", "a", 100))
		as("reader").wants("after all that", "billing/a workers.mail/a workers.mail/m")
		billing.must(billing.renew("billing", "a", 1))
	})
	for _, words := range []string{"registration refused", "name=billing", "caller=greedy", "url=http://10.0.0.66/api"} {
		if !strings.Contains(log.String(), words) {
			t.Errorf("the log has no %q: %s", words, &log)
		}
	}
}

func TestService_refusesWhatCannotBe(t *testing.T) {
	inService(t, openConfig, func(c caller) {
		for name, spoil := range wrongInstances {
			one := instance("billing", "a")
			spoil(&one)
			err := c.call("registry.register", map[string]any{
				"id": one.ID, "service": one.Service, "url": one.URL, "version": one.Version, "epoch": 1,
			}, nil)
			if !errors.Is(err, jacinth.InvalidParams) {
				c.t.Errorf("%s: %v, want InvalidParams", name, err)
			}
		}
		// What is refused is not sent back at length either.
		long := strings.Repeat("a", 1<<16)
		for _, err := range []error{c.renew(long, "a", 1), c.renew("a", long, 1), c.leave(long, "a", 1), c.leave("a", long, 1)} {
			if !errors.Is(err, jacinth.InvalidParams) || len(err.Error()) > 1000 {
				c.t.Errorf("a name of 64 KiB: %.200v, want a short InvalidParams", err)
			}
		}
		for _, name := range wrongNames {
			for _, method := range []string{"registry.list", "registry.watch"} {
				if err := c.call(method, map[string]any{"service": name}, nil); !errors.Is(err, jacinth.InvalidParams) {
					c.t.Errorf("%s of %q: %v, want InvalidParams", method, name, err)
				}
			}
		}
		for _, epoch := range []any{0, -1, 1 << 53, 1.5, "x", nil} {
			err := c.call("registry.register", map[string]any{"id": "a", "service": "s", "url": "http://a.test", "epoch": epoch}, nil)
			if !errors.Is(err, jacinth.InvalidParams) {
				c.t.Errorf("the epoch %v: %v, want InvalidParams", epoch, err)
			}
		}
	})
}

func TestService_refusesItsOwnMachineFromAnother(t *testing.T) {
	svc := discovery.NewRegistryService(openConfig)
	for _, test := range []struct {
		from, url string
		ok        bool
	}{
		{"10.0.0.7:4000", "http://127.0.0.1:8000/api", false},
		{"10.0.0.7:4000", "http://127.8.9.1:8000/api", false},
		{"10.0.0.7:4000", "http://[::1]:8000/api", false},
		{"10.0.0.7:4000", "http://[::ffff:127.0.0.1]:8000/api", false},
		{"10.0.0.7:4000", "http://localhost:8000/api", false},
		{"10.0.0.7:4000", "http://LOCALHOST.:8000/api", false},
		{"10.0.0.7:4000", "http://a.localhost:8000/api", false},
		{"10.0.0.7:4000", "http://10.0.0.8:8000/api", true},
		{"10.0.0.7 by 127.0.0.1:4000", "http://127.0.0.1:8000/api", false},
		{"127.0.0.1:4000", "http://127.0.0.1:8000/api", true},
		{"[::1]:4000", "http://localhost:8000/api", true},
	} {
		id := strings.NewReplacer("[", "", "]", "", " ", "").Replace(test.from + test.url)
		err := from(t, svc, test.from, "", "registry.register", map[string]any{"id": id, "service": "a", "url": test.url, "epoch": 1}, nil)
		if (err == nil) != test.ok {
			t.Errorf("%s from %s: %v, want ok %t", test.url, test.from, err, test.ok)
		}
	}
}

func TestNewRegistryService_saysWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		config discovery.RegistryConfig
		word   string
	}{
		"no authorizer":  {discovery.RegistryConfig{}, "Config.Authorize is nil"},
		"negative limit": {discovery.RegistryConfig{MaxNames: -1, Service: openConfig.Service}, "no registry without limits"},
		"old names all":  {discovery.RegistryConfig{OldNames: []string{"*"}, Service: openConfig.Service}, "OldNames"},
		"old names none": {discovery.RegistryConfig{OldNames: []string{""}, Service: openConfig.Service}, "OldNames"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, test.word) {
					t.Errorf("it panics with %q, want %q in it", text, test.word)
				}
			}()
			discovery.NewRegistryService(test.config)
		})
	}
}

// from calls a method as somebody at an address does, over HTTP as far as the service can tell.
func from(t *testing.T, svc *jacinth.Service, address, token, method string, params, result any) error {
	t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	return post(t, svc, address, token, body, result)
}
