package discovery_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
)

// post sends bytes as somebody at an address does, or at one through a proxy at another, and decodes the answer.
func post(t *testing.T, svc *jacinth.Service, address, token string, body []byte, result any) error {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, svc.Endpoint(), strings.NewReader(string(body)))
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("X-Api-Token", token)
	}
	if from, proxy, ok := strings.Cut(address, " by "); ok {
		request.Header.Set("X-Forwarded-For", from)
		address = proxy
	}
	request.RemoteAddr = address
	answer := httptest.NewRecorder()
	svc.ServeHTTP(answer, request)
	var reply struct {
		Result json.RawMessage
		Error  *struct {
			Code    jacinth.Code
			Message string
		}
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &reply); err != nil {
		return fmt.Errorf("the answer %q is no JSON: %w", answer.Body, err)
	}
	if reply.Error != nil {
		return &jacinth.Error{Code: reply.Error.Code, Message: reply.Error.Message}
	}
	if result != nil {
		return json.Unmarshal(reply.Result, result)
	}
	return nil
}

// What is sent here is what the two libraries send: pymicroservice by position, gemstone by name.
func TestService_speaksWithOldCallers(t *testing.T) {
	for _, test := range []struct {
		name         string
		urls         bool
		ping, locate string
		located      string
	}{
		{
			"pymicroservice", false,
			`{"jsonrpc":"2.0","method":"ping","params":["workers.01","10.0.0.7",8001],"id":1}`,
			`{"jsonrpc":"2.0","method":"locate_service","params":["workers.*"],"id":2}`,
			`[{"host":"10.0.0.7","port":8001}]`,
		},
		{
			"gemstone", true,
			`{"jsonrpc":"2.0","method":"ping","params":{"name":"workers.01","url":"http://10.0.0.7:8001/api"},"id":"abcdefghij"}`,
			`{"jsonrpc":"2.0","method":"locate_service","params":{"name":"workers.0?"},"id":"abcdefghij"}`,
			`["http://10.0.0.7:8001/api"]`,
		},
		{
			"gemstone by position", true,
			`{"jsonrpc":"2.0","method":"ping","params":["workers.01","http://10.0.0.7:8001/api"],"id":1}`,
			`{"jsonrpc":"2.0","method":"locate_service","params":["workers.01"],"id":2}`,
			`["http://10.0.0.7:8001/api"]`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config := scoped(nil)
				config.LocateURLs, config.OldNames = test.urls, []string{"workers.*"}
				svc := discovery.NewRegistryService(config)
				send := func(body string, result any) {
					t.Helper()
					if err := post(t, svc, "10.0.0.7:40000", "", []byte(body), result); err != nil {
						t.Fatalf("%s: %v", body, err)
					}
				}
				var located json.RawMessage
				send(test.locate, &located)
				if string(located) != "[]" {
					t.Errorf("locate_service at first = %s, want none", located)
				}
				for range 4 {
					send(test.ping, nil)
					send(test.locate, &located)
					if string(located) != test.located {
						t.Errorf("locate_service = %s, want %s", located, test.located)
					}
					pass(30 * time.Second) // as often as both of them ping
				}
				pass(time.Minute - time.Millisecond)
				send(test.locate, &located)
				if string(located) != test.located {
					t.Errorf("locate_service just before 90 s without a ping = %s", located)
				}
				pass(time.Millisecond)
				send(test.locate, &located)
				if string(located) != "[]" {
					t.Errorf("locate_service after 90 s without a ping = %s", located)
				}
				send(test.ping, nil)
				send(test.locate, &located)
				if string(located) != test.located {
					t.Errorf("locate_service after it came back = %s", located)
				}
			})
		})
	}
}

func TestService_callersWithoutATokenAreHeldShort(t *testing.T) {
	config := scoped(map[string][]string{"billing": {"registry:read", "registry:write:billing"}})
	config.OldNames, config.MaxInstances = []string{"legacy", "workers.*"}, 100
	svc := discovery.NewRegistryService(config)
	ping := func(address, name, url string) error {
		t.Helper()
		return from(t, svc, address, "", "ping", map[string]any{"name": name, "url": url}, nil)
	}
	if err := ping("10.0.0.7:4000", "legacy", "http://10.0.0.7:8000/api"); err != nil {
		t.Errorf("its own address: %v", err)
	}
	for what, err := range map[string]error{
		"a name that is not theirs":    ping("10.0.0.7:4000", "billing", "http://10.0.0.7:8000/api"),
		"another's address":            ping("10.0.0.7:4000", "legacy", "http://10.0.0.8:8000/api"),
		"a name of a host":             ping("10.0.0.7:4000", "legacy", "http://evil.test/api"),
		"loopback from afar":           ping("10.0.0.7:4000", "legacy", "http://127.0.0.1/api"),
		"loopback by a proxy":          ping("10.0.0.7 by 127.0.0.1:4000", "legacy", "http://127.0.0.1/api"),
		"the proxy's address":          ping("10.0.0.7 by 10.0.0.8:4000", "legacy", "http://10.0.0.8/api"),
		"a method with leases":         from(t, svc, "10.0.0.7:4000", "", "registry.list", nil, nil),
		"a wrong token":                from(t, svc, "10.0.0.7:4000", "guess", "ping", jacinth.Positional{"legacy", "10.0.0.7", 8000}, nil),
		"locating by a wrong token":    from(t, svc, "10.0.0.7:4000", "guess", "locate_service", jacinth.Positional{"legacy"}, nil),
		"a token for another name":     from(t, svc, "10.0.0.7:4000", "billing", "ping", jacinth.Positional{"legacy", "10.0.0.7", 8000}, nil),
		"an address without a network": ping("pipe", "legacy", "http://10.0.0.7/api"),
	} {
		if !errors.Is(err, jacinth.AccessDenied) {
			t.Errorf("%s: %v, want AccessDenied", what, err)
		}
	}
	for what, err := range map[string]error{
		"everywhere":       from(t, svc, "10.0.0.7:4000", "", "ping", jacinth.Positional{"legacy", "0.0.0.0", 8000}, nil),
		"no host":          from(t, svc, "10.0.0.7:4000", "", "ping", jacinth.Positional{"legacy"}, nil),
		"no such port":     from(t, svc, "10.0.0.7:4000", "", "ping", jacinth.Positional{"legacy", "10.0.0.7", 70000}, nil),
		"a broken pattern": from(t, svc, "10.0.0.7:4000", "", "locate_service", jacinth.Positional{"["}, nil),
		"an id of theirs": from(t, svc, "10.0.0.7:4000", "billing", "registry.register",
			map[string]any{"id": "old:1", "service": "billing", "url": "http://10.0.0.7/api", "epoch": 1}, nil),
	} {
		if !errors.Is(err, jacinth.InvalidParams) {
			t.Errorf("%s: %v, want InvalidParams", what, err)
		}
	}

	// They see their own names and no others.
	if err := from(t, svc, "10.0.0.9:4000", "billing", "registry.register",
		map[string]any{"id": "b", "service": "billing", "url": "http://10.0.0.9:8000/api", "epoch": 1}, nil); err != nil {
		t.Fatal(err)
	}
	var located []struct{ Host string }
	if err := from(t, svc, "10.0.0.7:4000", "", "locate_service", jacinth.Positional{"*"}, &located); err != nil || len(located) != 1 {
		t.Errorf("locate_service of everything = %v, %v; want legacy alone", located, err)
	}
	if err := from(t, svc, "10.0.0.7:4000", "billing", "locate_service", jacinth.Positional{"*"}, &located); err != nil || len(located) != 2 {
		t.Errorf("locate_service of everything with a token = %v, %v; want both", located, err)
	}

	if err := from(t, svc, "10.0.0.9:4000", "billing", "registry.renew",
		map[string]any{"id": "b", "service": "billing", "epoch": 1, "ready": false}, nil); err != nil {
		t.Fatal(err)
	}
	if err := from(t, svc, "10.0.0.7:4000", "billing", "locate_service", jacinth.Positional{"billing"}, &located); err != nil || len(located) != 0 {
		t.Errorf("locate_service of what is not ready = %v, %v; want none", located, err)
	}

	// One of them does not take the room of the others, nor all of them that of those who have tokens.
	fill := func(address string) (count int, err error) {
		for ; count < 200 && err == nil; count++ {
			err = ping(address+":4000", fmt.Sprint("workers.", count), "http://"+address+":8000/api")
		}
		return count - 1, err
	}
	if count, err := fill("10.0.1.1"); count != 16 || !errors.Is(err, discovery.RegistryFull) {
		t.Errorf("one host told of %d services, then %v; want 16, then RegistryFull", count, err)
	}
	if count, err := fill("10.0.1.2"); count != 3 || !errors.Is(err, discovery.RegistryFull) {
		t.Errorf("another one told of %d, then %v; want 3 more, which makes 20 of the 100", count, err)
	}
}

// TestOld_strangersDoNotFreeze holds that callers without a token neither have a registry keep the dead of others, by
// falling silent, nor forget the living, by being there.
func TestOld_strangersDoNotFreeze(t *testing.T) {
	config := scoped(map[string][]string{"billing": {"registry:read", "registry:write:billing"}})
	config.OldNames = []string{"legacy.*"}
	start := func(t *testing.T) (instances func() (count int, frozen bool), beat func(ids ...int)) {
		svc := discovery.NewRegistryService(config)
		call := func(address, token, method string, params, result any) {
			t.Helper()
			if err := from(t, svc, address, token, method, params, result); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 4 {
			call("10.0.0.9:4000", "billing", "registry.register",
				map[string]any{"id": fmt.Sprint(i), "service": "billing", "url": "http://10.0.0.9:8000/api", "epoch": 1}, nil)
		}
		for i := range 16 {
			call("10.0.0.7:4000", "", "ping", map[string]any{"name": fmt.Sprint("legacy.", i), "url": "http://10.0.0.7:8000/api"}, nil)
		}
		instances = func() (int, bool) {
			var view said
			call("10.0.0.9:4000", "billing", "registry.list", map[string]any{"service": "billing"}, &view)
			return len(view.Instances), view.Frozen
		}
		return instances, func(ids ...int) {
			for _, id := range ids {
				call("10.0.0.9:4000", "billing", "registry.renew", map[string]any{"id": fmt.Sprint(id), "service": "billing", "epoch": 1}, nil)
			}
		}
	}
	synctest.Test(t, func(t *testing.T) {
		instances, beat := start(t)
		for range 24 { // for two minutes, in which all strangers fall silent, and one of four instances does in the end
			pass(5 * time.Second)
			beat(0, 1, 2, 3)
		}
		for range 4 {
			pass(5 * time.Second)
			beat(0, 1, 2)
		}
		if count, frozen := instances(); count != 3 || frozen {
			t.Errorf("when one of four died, beside silent strangers, there are %d, frozen is %t; want 3 and false", count, frozen)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		instances, _ := start(t)
		pass(20 * time.Second)
		if count, frozen := instances(); count != 4 || !frozen {
			t.Errorf("when four of four fell silent, beside strangers, there are %d, frozen is %t; want 4 and true", count, frozen)
		}
	})
}
