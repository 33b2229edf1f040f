package discovery_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
	"github.com/jacinth-rpc/jacinth/jacinthtest"
	"github.com/jacinth-rpc/jacinth/tokens"
)

// withTokens is a registry whose callers have stored tokens, as the guide has it, and each of which may do everything
// with the names that begin with what it is for. It returns the secrets in the order of the names.
func withTokens(t *testing.T, config discovery.RegistryConfig, names ...string) (*jacinth.Service, []string) {
	t.Helper()
	store, err := tokens.NewMemory()
	if err != nil {
		t.Fatal(err)
	}
	secrets := make([]string, len(names))
	for i, name := range names {
		secret, _, err := tokens.Issue(t.Context(), store, tokens.Draft{
			Name: name, Scopes: tokens.Scopes{"registry:read", "registry:write:" + name + ".*"},
		})
		if err != nil {
			t.Fatal(err)
		}
		secrets[i] = secret.Reveal()
	}
	config.Service.Logger, config.Service.Authorize = silent, tokens.New(store).Authorize
	return discovery.NewRegistryService(config), secrets
}

// renewals counts the requests to renew a lease, and those that were shed.
type renewals struct {
	next      http.RoundTripper
	all, shed *atomic.Int64
}

func (r renewals) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	_ = request.Body.Close()
	request.Body = io.NopCloser(bytes.NewReader(body))
	response, err := r.next.RoundTrip(request)
	if bytes.Contains(body, []byte(`"registry.renew"`)) {
		r.all.Add(1)
		if err != nil || response.StatusCode != http.StatusOK {
			r.shed.Add(1)
		}
	}
	return response, err
}

// TestHostile_watchesLeaveRenewalsTheirRoom is a fleet whose services share a token and each watch some others, which is
// more calls that wait than a token has calls in flight: before, the watches took them all, and healthy services vanished.
func TestHostile_watchesLeaveRenewalsTheirRoom(t *testing.T) {
	instances, watches, length := 45, 3, time.Minute
	if os.Getenv("JACINTH_TEST_LONG") == "1" {
		instances, watches, length = 200, 10, 10*time.Minute
	}
	synctest.Test(t, func(t *testing.T) {
		svc, secrets := withTokens(t, discovery.RegistryConfig{}, "shop")
		var all, shed atomic.Int64
		join := func() *discovery.HTTP {
			client := jacinthtest.New(t, svc)
			client.Token = secrets[0]
			client.Transport = renewals{client.Transport, &all, &shed}
			return newHTTP(t, client)
		}
		ctx, stop := context.WithCancel(t.Context())
		var watching sync.WaitGroup
		var sets atomic.Int64
		var leases []jacinth.Lease
		for i := range instances {
			registry := join()
			leases = append(leases, register(t, registry, instance(fmt.Sprint("shop.", i%watches), fmt.Sprint("i", i))))
			for name := range watches {
				watching.Go(func() {
					for _, err := range registry.Watch(ctx, fmt.Sprint("shop.", name)) {
						if err == nil {
							sets.Add(1)
						}
					}
				})
			}
		}
		least := instances
		everybody := follow(t, join(), "shop.*")
		for range length / (5 * time.Second) {
			pass(5 * time.Second)
			least = min(least, len(everybody.last()))
		}
		t.Logf("%d instances with %d watches each: %d renewals, %d of them shed, at least %d instances seen, %d sets",
			instances, watches, all.Load(), shed.Load(), least, sets.Load())
		if least != instances {
			t.Errorf("of %d healthy instances, %d were seen at the worst", instances, least)
		}
		if want := int64(instances) * int64(length/(6*time.Second)-1); shed.Load() > 0 || all.Load() < want {
			t.Errorf("of %d renewals %d were shed, want none of at least %d", all.Load(), shed.Load(), want)
		}
		if sets.Load() < int64(instances*watches) {
			t.Errorf("%d sets came to %d watches, want one for each at least", sets.Load(), instances*watches)
		}
		stop()
		watching.Wait()
		for _, lease := range leases {
			closeLease(t, lease)
		}
	})
}

// TestHostile_aBusyRegistryLosesNobody holds that a beat which a registry does not take comes again soon enough: a lease
// does not run out while the registry is busy for the most of it.
func TestHostile_aBusyRegistryLosesNobody(t *testing.T) {
	was := slog.Default()
	slog.SetDefault(silent)
	defer slog.SetDefault(was)
	for range 50 { // since pauses are random
		synctest.Test(t, func(t *testing.T) {
			server := startServer(t)
			way, client := server.connect()
			lease := register(t, newHTTP(t, client), instance("billing", "a"))
			revision := caller{t, server.current}.list("billing").Revision
			pass(3900 * time.Millisecond) // before the next beat
			way.set(true)
			pass(8 * time.Second)
			way.set(false)
			pass(10 * time.Second)
			if now := (caller{t, server.current}).list("billing"); now.Revision != revision || len(now.Instances) != 1 {
				t.Errorf("a registry that was busy for 8 s forgot the instance: revision %d was %d, instances %q", now.Revision, revision, show(now.Instances))
			}
			closeLease(t, lease)
		})
	}
}

// TestHostile_beatsDoNotWaitBehindWatches holds that no client puts the two into one request.
func TestHostile_beatsDoNotWaitBehindWatches(t *testing.T) {
	_, err := discovery.NewHTTP(&jacinth.Client{URL: "http://127.0.0.1:8500/api", Coalesce: 1})
	mentions(t, "NewHTTP with Coalesce", err, "Coalesce", "beats")
}

// TestHostile_oneWatcherTooManySeesAllTheSame holds that who may not wait is answered with what there is, and asks again
// after a while, and that no caller alone takes all the room there is to wait.
func TestHostile_oneWatcherTooManySeesAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, secrets := withTokens(t, discovery.RegistryConfig{MaxWatchers: 40, HolderShare: 10}, "greedy", "shop")
		var asked atomic.Int64
		as := func(secret string) *discovery.HTTP {
			client := jacinthtest.New(t, svc)
			client.Token = secret
			next := client.Transport
			client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				asked.Add(1)
				return next.RoundTrip(r)
			})
			return newHTTP(t, client)
		}
		greedy := as(secrets[0])
		watchers := make([]*follower, 60)
		for i := range watchers {
			watchers[i] = follow(t, greedy, "shop.*")
		}
		pass(20 * time.Second)
		var status struct {
			Watchers int `json:"watchers"`
		}
		client := jacinthtest.New(t, svc)
		client.Token = secrets[1]
		caller{t, client}.must(client.Call(t.Context(), "registry.status", nil, &status))
		if got := status.Watchers; got != 20 {
			t.Errorf("%d calls of one caller wait, want 20, which is half of all there may be", got)
		}
		before := asked.Load()
		pass(time.Minute)
		if polls := asked.Load() - before; polls > 40*50+20*6 {
			t.Errorf("60 watchers asked %d times in a minute, want 40 of them every 1.2 s at most, and 20 to wait", polls)
		}
		shop := as(secrets[1])
		others := make([]*follower, 4)
		for i := range others {
			others[i] = follow(t, shop, "shop.*")
		}
		pass(20 * time.Second)
		lease := register(t, shop, instance("shop.mail", "a"))
		pass(200 * time.Millisecond)
		for _, watch := range others {
			watch.wants(t, "at once, in the share of its caller", "shop.mail/a")
		}
		pass(7 * time.Second)
		for _, watch := range watchers {
			watch.wants(t, "some seconds later, by those beyond it", "shop.mail/a")
			if errs := watch.errors(); len(errs) > 0 {
				t.Fatalf("a watcher was told of %v", errs)
			}
		}
		closeLease(t, lease)
	})
}

// roundTrip is a function as a transport.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
