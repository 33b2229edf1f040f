package discovery_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth/discovery"
	"github.com/jacinth-rpc/jacinth/jacinthtest"
)

// fill does something until it fails, at most some times, and returns how often it did not.
func fill(most int, do func(i int) error) (count int, err error) {
	for ; count < most; count++ {
		if err = do(count); err != nil {
			return count, err
		}
	}
	return count, nil
}

// isFull fails the test unless an error says that a share is full, and whose.
func isFull(t *testing.T, what string, err error, words ...string) {
	t.Helper()
	if !errors.Is(err, discovery.RegistryFull) {
		t.Errorf("%s: %v, want RegistryFull", what, err)
	}
	mentions(t, what, err, words...)
}

// TestHostile_strangersLeaveNamesToHolders holds that callers without a token, from however many addresses, fill their own
// share alone.
func TestHostile_strangersLeaveNamesToHolders(t *testing.T) {
	config := scoped(map[string][]string{"billing": {"registry:read", "registry:write:billing", "registry:write:legacy.*"}})
	config.OldNames = []string{"legacy.*"}
	svc := discovery.NewRegistryService(config)
	ping := func(address, name string, port int) error {
		t.Helper()
		url := fmt.Sprintf("http://%s:%d/api", address, port)
		return from(t, svc, strings.TrimSpace(address)+":4000", "", "ping", map[string]any{"name": name, "url": url}, nil)
	}
	announce := func(name string) error {
		t.Helper()
		return from(t, svc, "10.0.0.9:4000", "billing", "registry.register",
			map[string]any{"id": name, "service": name, "url": "http://10.0.0.9:8000/api", "epoch": 1}, nil)
	}
	address := func(i int) string { return fmt.Sprintf("10.1.%d.%d", i/250, 1+i%250) }
	got := 0
	var last error
	for i := range 2000 {
		if err := ping(address(i/8), fmt.Sprint("legacy.", i), 8000); err != nil {
			last = err
		} else {
			got++
		}
	}
	if got != 400 {
		t.Errorf("strangers of 250 addresses have %d names, want 400, a fifth of all", got)
	}
	isFull(t, "a name beyond that", last, "all callers without a token", "names")
	for _, name := range []string{"billing", "legacy.mine"} {
		if err := announce(name); err != nil {
			t.Errorf("the holder of a token registers %s: %v", name, err)
		}
	}
	// Of one name that both may use, too.
	got = 0
	for i := range 1000 {
		if err := ping(address(1000+i), "legacy.0", 8000); err != nil {
			last = err
		} else {
			got++
		}
	}
	if got != 399 {
		t.Errorf("strangers have %d more instances of one name, want 399, a fifth of all with the one before", got)
	}
	isFull(t, "one beyond that", last, "all callers without a token", "instances of this service")
	if err := announce("legacy.0"); err != nil {
		t.Errorf("the holder of a token registers a name that strangers have: %v", err)
	}
	if err := ping(address(0), "legacy.0", 8000); err != nil {
		t.Errorf("a stranger that is there already pings: %v", err)
	}
	count, err := fill(100, func(i int) error { return ping("10.9.9.9", "legacy.1", 8000+i) })
	if count != 16 {
		t.Errorf("one address has %d instances, want 16", count)
	}
	isFull(t, "one beyond that", err, "at 10.9.9.9")
}

// TestHostile_strangersOfOneNetworkAreOne holds that a machine with 2^64 addresses of IPv6 is one stranger.
func TestHostile_strangersOfOneNetworkAreOne(t *testing.T) {
	config := scoped(nil)
	config.OldNames, config.MaxPerStranger = []string{"legacy"}, 3
	svc := discovery.NewRegistryService(config)
	ping := func(network string) func(int) error {
		return func(i int) error {
			address := fmt.Sprintf("[%s::%x]", network, i+1)
			return from(t, svc, address+":4000", "", "ping", map[string]any{"name": "legacy", "url": "http://" + address + ":8000/api"}, nil)
		}
	}
	count, err := fill(10, ping("2001:db8:0:1"))
	if count != 3 {
		t.Errorf("one /64 network has %d instances, want 3", count)
	}
	isFull(t, "one beyond that", err, "2001:db8:0:1::/64")
	if err := ping("2001:db8:0:2")(0); err != nil {
		t.Errorf("another network: %v", err)
	}
}

// TestHostile_holdersLeaveEachOtherTheirShares holds that no holder of a token crowds out another: not by names, not by
// instances of all names or of one, not by dead ones. The limits are a hundredth of what they are by default.
func TestHostile_holdersLeaveEachOtherTheirShares(t *testing.T) {
	const half, share = 50, 10
	for name, test := range map[string]struct {
		config discovery.RegistryConfig
		do     func(c caller, as string, i int) error
		most   int // of a holder that is alone
		what   string
	}{
		"names": {
			discovery.RegistryConfig{MaxNames: 2 * half},
			func(c caller, as string, i int) error { return c.register(fmt.Sprint(as, ".", i), "a", 1) },
			half, "names of services",
		},
		"instances": {
			discovery.RegistryConfig{MaxInstances: 2 * half},
			func(c caller, as string, i int) error {
				return c.register(fmt.Sprint(as, ".", i%5), fmt.Sprint(as, i), 1)
			},
			half, "instances",
		},
		"instances of one service": {
			discovery.RegistryConfig{MaxPerName: 2 * half},
			func(c caller, as string, i int) error { return c.register("both", fmt.Sprint(as, i), 1) },
			half, "instances of this service",
		},
		"dead instances": {
			discovery.RegistryConfig{MaxInstances: half},
			func(c caller, as string, i int) error {
				id := fmt.Sprint(as, i)
				if err := c.register(as+".a", id, 1); err != nil {
					return err
				}
				return c.leave(as+".a", id, 1)
			},
			half, "just died",
		},
		"dead instances of one service": {
			discovery.RegistryConfig{MaxPerName: half},
			func(c caller, as string, i int) error {
				id := fmt.Sprint(as, i)
				if err := c.register("both", id, 1); err != nil {
					return err
				}
				return c.leave("both", id, 1)
			},
			half, "just died",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				grants := map[string][]string{}
				for _, holder := range []string{"greedy", "modest", "late"} {
					grants[holder] = []string{"registry:read", "registry:write:both", "registry:write:" + holder + ".*"}
				}
				config := test.config
				config.Service, config.HolderShare = scoped(grants).Service, share
				svc := discovery.NewRegistryService(config)
				as := func(token string) caller {
					client := jacinthtest.New(t, svc)
					client.Token = token
					return caller{t, client}
				}
				greedy, modest, late := as("greedy"), as("modest"), as("late")
				count, err := fill(10*half, func(i int) error { return test.do(greedy, "greedy", i) })
				if count != test.most {
					t.Errorf("a holder that is alone has %d, want %d, which is half", count, test.most)
				}
				isFull(t, "one beyond that", err, `"greedy"`, test.what)
				for who, c := range map[string]caller{"modest": modest, "late": late} {
					count, err := fill(10*half, func(i int) error { return test.do(c, who, i) })
					if count != share {
						t.Errorf("%s has %d, want its share of %d", who, count, share)
					}
					isFull(t, "one beyond that", err, `"`+who+`"`, test.what)
				}
			})
		})
	}
}

// TestHostile_whoIsThereKeepsItsPlace holds that what a holder has beyond its share stays when others come, and may come
// back after a break.
func TestHostile_whoIsThereKeepsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, secrets := withTokens(t, discovery.RegistryConfig{MaxNames: 20, HolderShare: 10}, "greedy", "modest")
		as := func(i int) caller {
			client := jacinthtest.New(t, svc)
			client.Token = secrets[i]
			return caller{t, client}
		}
		greedy, modest := as(0), as(1)
		for i := range 10 {
			greedy.must(greedy.register(fmt.Sprint("greedy.", i), "a", 1))
		}
		for i := range 2 {
			modest.must(modest.register(fmt.Sprint("modest.", i), "a", 1))
		}
		for range 4 {
			pass(10 * time.Second)
			for i := range 10 {
				greedy.must(greedy.renew(fmt.Sprint("greedy.", i), "a", 1))
			}
			greedy.must(greedy.register("greedy.0", "a", 1)) // said once more
		}
		greedy.must(greedy.register("greedy.0", "a", 2)) // anew
		isFull(t, "a name more", greedy.register("greedy.10", "a", 1), "greedy")
		greedy.must(greedy.leave("greedy.0", "a", 2))
		greedy.must(greedy.register("greedy.0", "a", 3)) // it was there a moment ago
		greedy.must(greedy.leave("greedy.0", "a", 3))
		for i := range 9 {
			greedy.must(greedy.leave(fmt.Sprint("greedy.", 1+i), "a", 1))
		}
		pass(time.Minute) // when they are forgotten, so is what was counted
		for i := range 8 {
			modest.must(modest.register(fmt.Sprint("modest.", 10+i), "a", 1))
		}
	})
}

func TestNewRegistryService_refusesSharesThatCannotBe(t *testing.T) {
	for _, spoil := range []func(*discovery.RegistryConfig){
		func(c *discovery.RegistryConfig) { c.HolderShare = -1 },
		func(c *discovery.RegistryConfig) { c.HolderShare = 101 },
		func(c *discovery.RegistryConfig) { c.StrangerShare = -1 },
		func(c *discovery.RegistryConfig) { c.StrangerShare = 101 },
		func(c *discovery.RegistryConfig) { c.MaxPerStranger = -1 },
	} {
		config := openConfig
		spoil(&config)
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, "RegistryConfig") {
					t.Errorf("%+v: it panics with %q, want a sentence", config, text)
				}
			}()
			discovery.NewRegistryService(config)
		}()
	}
}
