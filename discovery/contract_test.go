package discovery_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
)

// registries are those that can be registered in. All of them keep the same contract, some of them not at once.
var registries = map[string]func(t *testing.T) jacinth.Registry{
	"memory": func(*testing.T) jacinth.Registry { return new(discovery.Memory) },
	"file":   newFile,
	"http":   func(t *testing.T) jacinth.Registry { return newHTTP(t, startService(t, openConfig)) },
	"two over http": func(t *testing.T) jacinth.Registry {
		return newHTTP(t, startService(t, openConfig), startService(t, openConfig))
	},
}

// seen is how long every registry may take to show a change.
const seen = 2 * time.Second

// inEach runs a test with each registry in a bubble of its own.
func inEach(t *testing.T, test func(t *testing.T, registry jacinth.Registry)) {
	for name, open := range registries {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, open(t)) })
		})
	}
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestRegistry_showsWhoIsThere(t *testing.T) {
	inEach(t, func(t *testing.T, registry jacinth.Registry) {
		billing, workers, all := follow(t, registry, "billing"), follow(t, registry, "workers.*"), follow(t, registry, "*")
		pass(seen)
		if billing.count() != 1 || len(billing.last()) != 0 {
			t.Errorf("at first, the sets are %v, want one that is empty", billing.sets)
		}

		b := register(t, registry, instance("billing", "b"))
		a := register(t, registry, instance("billing", "a"))
		m := register(t, registry, instance("workers.mail", "m"))
		pass(seen)
		billing.wants(t, "after three came", "billing/a billing/b")
		workers.wants(t, "after three came", "workers.mail/m")
		all.wants(t, "after three came", "billing/a billing/b workers.mail/m")
		if got, want := billing.last()[0], instance("billing", "a"); got != want {
			t.Errorf("the instance is %+v, want %+v", got, want)
		}

		if err := a.Ready(t.Context(), false); err != nil {
			t.Errorf("Ready = %v", err)
		}
		pass(seen)
		billing.wants(t, "after a is not ready", "billing/a! billing/b")
		count := billing.count()

		pass(5 * time.Minute)
		if billing.count() != count {
			t.Errorf("nothing changed in five minutes, and %d sets were seen", billing.count()-count)
		}
		billing.wants(t, "after five minutes", "billing/a! billing/b")

		closeLease(t, b)
		closeLease(t, m)
		pass(seen)
		billing.wants(t, "after b left", "billing/a!")
		all.wants(t, "after b and m left", "billing/a!")
		closeLease(t, a)
	})
}

func TestRegistry_sameIDTakesThePlace(t *testing.T) {
	inEach(t, func(t *testing.T, registry jacinth.Registry) {
		watch := follow(t, registry, "billing")
		first := register(t, registry, instance("billing", "a"))
		moved := instance("billing", "a")
		moved.URL = "http://elsewhere.test/api"
		second := register(t, registry, moved)
		pass(seen)
		if set := watch.last(); len(set) != 1 || set[0].URL != moved.URL {
			t.Errorf("the set is %+v, want the second instance alone", set)
		}
		_ = first.Close(t.Context()) // it may know by now that it is over
		isAlone := func(when, url string) {
			t.Helper()
			if set := watch.last(); len(set) != 1 || set[0].URL != url {
				t.Errorf("%s: the set is %+v, want the instance at %s alone", when, set, url)
			}
		}
		pass(seen)
		isAlone("after the lease was closed that was replaced", moved.URL)
		pass(20 * time.Second)
		isAlone("some beats later", moved.URL)

		again := moved
		again.URL = "http://nowhere.test/api"
		third := register(t, registry, again)
		pass(20 * time.Second)
		isAlone("when the lease that was replaced stays open", again.URL)
		_ = second.Close(t.Context())
		pass(seen)
		isAlone("after that one was closed too", again.URL)
		closeLease(t, third)
	})
}

func TestRegistry_setsBelongToTheReceiver(t *testing.T) {
	inEach(t, func(t *testing.T, registry jacinth.Registry) {
		lease := register(t, registry, instance("billing", "a"))
		for set, err := range registry.Watch(t.Context(), "billing") {
			if err != nil {
				t.Error(err)
			}
			if len(set) == 1 {
				set[0].URL = "http://changed.test/api"
				break
			}
		}
		watch := follow(t, registry, "billing")
		pass(seen)
		if set := watch.last(); len(set) != 1 || set[0] != instance("billing", "a") {
			t.Errorf("the set is %+v, but another receiver changed its own only", set)
		}
		closeLease(t, lease)
	})
}

func TestRegistry_watchEnds(t *testing.T) {
	inEach(t, func(t *testing.T, registry jacinth.Registry) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for set, err := range registry.Watch(ended, "billing") {
			t.Errorf("a Watch whose context has ended yields %v, %v", set, err)
		}
		for _, err := range registry.Watch(t.Context(), "billing") {
			if err != nil {
				t.Error(err)
			}
			break // must return, which the bubble would tell
		}
	})
}

// wrongInstances are ways to spoil an instance so that it cannot be one.
var wrongInstances = map[string]func(*jacinth.Instance){
	"service none":         func(i *jacinth.Instance) { i.Service = "" },
	"service pattern":      func(i *jacinth.Instance) { i.Service = "workers.*" },
	"service star":         func(i *jacinth.Instance) { i.Service = "*" },
	"service long":         func(i *jacinth.Instance) { i.Service = string(make([]byte, 1000)) },
	"service path":         func(i *jacinth.Instance) { i.Service = "../billing" },
	"id none":              func(i *jacinth.Instance) { i.ID = "" },
	"id escape":            func(i *jacinth.Instance) { i.ID = "\x1b[2J" },
	"id line":              func(i *jacinth.Instance) { i.ID = "a\nb" },
	"version line":         func(i *jacinth.Instance) { i.Version = "1\r\n2" },
	"url none":             func(i *jacinth.Instance) { i.URL = "" },
	"url relative":         func(i *jacinth.Instance) { i.URL = "/api" },
	"url bare":             func(i *jacinth.Instance) { i.URL = "10.0.0.7:8000" },
	"url file":             func(i *jacinth.Instance) { i.URL = "file:///etc/passwd" },
	"url unix":             func(i *jacinth.Instance) { i.URL = "unix:///run/x" },
	"url user":             func(i *jacinth.Instance) { i.URL = "http://user:secret@a.test/api" },
	"url query":            func(i *jacinth.Instance) { i.URL = "http://a.test/api?token=secret" },
	"url everywhere":       func(i *jacinth.Instance) { i.URL = "http://0.0.0.0:8000/api" },
	"url everywhere 6":     func(i *jacinth.Instance) { i.URL = "http://[::]:8000/api" },
	"url everywhere 4in6":  func(i *jacinth.Instance) { i.URL = "http://[::ffff:0.0.0.0]:8000/api" },
	"url metadata service": func(i *jacinth.Instance) { i.URL = "http://169.254.169.254/latest" },
	"url metadata 4in6":    func(i *jacinth.Instance) { i.URL = "http://[::ffff:169.254.169.254]/latest" },
	"url link-local":       func(i *jacinth.Instance) { i.URL = "http://[fe80::1]:8000/api" },
	"url multicast":        func(i *jacinth.Instance) { i.URL = "http://224.0.0.1/api" },
	"url broadcast":        func(i *jacinth.Instance) { i.URL = "http://255.255.255.255/api" },
	"url long":             func(i *jacinth.Instance) { i.URL = "http://a.test/" + string(make([]byte, 1000)) },
	"url foreign":          func(i *jacinth.Instance) { i.URL = "http://a.test/\u202eipa" },
	"url control":          func(i *jacinth.Instance) { i.URL = "http://a.test/\x7f" },
}

// wrongNames are no names of services and no patterns.
var wrongNames = []string{"", "**", "workers*", ".*", "a b", "workers.*.mail"}

func TestRegistry_refusesWhatCannotBe(t *testing.T) {
	inEach(t, func(t *testing.T, registry jacinth.Registry) {
		for name, spoil := range wrongInstances {
			one := instance("billing", "a")
			spoil(&one)
			if lease, err := registry.Register(t.Context(), one); err == nil || lease != nil {
				t.Errorf("%s: Register(%+v) = %v, %v; want an error", name, one, lease, err)
			}
		}
		for _, name := range wrongNames {
			watch := follow(t, registry, name)
			pass(seen)
			if watch.count() != 0 || len(watch.errors()) != 1 {
				t.Errorf("Watch(%q) yields %v and errors %v, want one error", name, watch.sets, watch.errors())
			}
		}
	})
}
