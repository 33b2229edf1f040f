package discovery

import (
	"context"
	"encoding/json"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// What a registry service is told by whoever may call it: what it then lists can be listed, and called by a client.
func FuzzService(f *testing.F) {
	for _, call := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"registry.register","params":{"id":"a","service":"s","url":"http://a.test/api","epoch":1}}`,
		`{"jsonrpc":"2.0","id":1,"method":"registry.register","params":["a","s","http://a.test/api","1",false,"2026-01-01T00:00:00Z",9007199254740991]}`,
		`{"jsonrpc":"2.0","id":1,"method":"registry.renew","params":{"id":"a","service":"s","epoch":1,"ready":false}}`,
		`{"jsonrpc":"2.0","id":1,"method":"registry.leave","params":{"id":"a","service":"s","epoch":1}}`,
		`{"jsonrpc":"2.0","id":1,"method":"registry.list","params":{"service":"s.*"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"registry.watch","params":{"service":"*","revision":-1,"waitMs":0}}`,
		`{"jsonrpc":"2.0","id":1,"method":"ping","params":["s","10.0.0.7",8000]}`,
		`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"name":"s","url":"http://[::1]:8000/api"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"locate_service","params":["[a-z]*"]}`,
		`{"jsonrpc":"2.0","id":1,"method":"ping","params":["s","::ffff:169.254.169.254",80]}`,
	} {
		f.Add([]byte(call))
	}
	r := newRegistryService(RegistryConfig{
		Service: jacinth.Config{
			Authorize: func(context.Context, *jacinth.Request) error { return nil }, Logger: slog.New(slog.DiscardHandler),
		},
		Admit: func(context.Context, jacinth.Instance) error { return nil },
	})
	svc := r.service()
	f.Fuzz(func(t *testing.T, body []byte) {
		r.table = newTable(limits{names: 3, perName: 3, all: 5, waiters: 1}, shares{holder: 100, strangers: 100, perStranger: 3}, slog.New(slog.DiscardHandler))
		r.table.close() // so that nobody waits
		reply := svc.Dispatch(t.Context(), jacinth.Peer{Address: "10.0.0.7:4000"}, body, nil)
		if len(reply) > 0 && !json.Valid(reply) {
			t.Errorf("%s is answered with %s", body, reply)
		}
		for _, known := range r.table.look("*").Instances {
			if err := checkInstance(&known.Instance); err != nil {
				t.Errorf("%s made an instance known that cannot be one: %v", body, err)
			}
		}
		r.table.mu.Lock()
		defer r.table.mu.Unlock()
		if r.table.timer != nil {
			r.table.timer.Stop()
		}
	})
}

// What a file holds: it is refused, or what it tells of can be called, and is the same once it is written again.
func FuzzDecodeFile(f *testing.F) {
	for _, content := range []string{
		``,
		`{"format":1,"instances":[{"service":"billing","url":"http://10.0.0.7:8000/api"}]}`,
		`{"format":1,"instances":[{"id":"a","service":"s","url":"http://a.test","version":"1","ready":false,` +
			`"since":"2026-01-01T00:00:00Z","epoch":7,"beat":"2026-01-01T00:00:05+01:00"}]}`,
		`{"format":1,"instances":[{"service":"s","url":"http://a"},{"service":"s","url":"http://a"}]}`,
		`{"format":1}x`, `{"format":2}`, `[]`, `{"FORMAT":1,"Instances":null}`,
	} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		records, err := decodeFile(data)
		if err != nil {
			if records != nil {
				t.Errorf("decodeFile(%q) = %v and %v", data, records, err)
			}
			return
		}
		keys := map[string]bool{}
		for i := range records {
			instance := records[i].instance()
			if err := checkInstance(&instance); err != nil {
				t.Errorf("decodeFile(%q) lets pass what cannot be: %v", data, err)
			}
			keys[records[i].key()] = true
		}
		if len(keys) != len(records) {
			t.Errorf("decodeFile(%q) lets %d instances pass, which are %d", data, len(records), len(keys))
		}
		again, err := encodeFile(records, maxFile)
		if err != nil {
			return // a time that no file can hold
		}
		back, err := decodeFile(again)
		if err != nil || len(back) != len(records) {
			t.Fatalf("what decodeFile(%q) read is written as %s, and read as %v, %v", data, again, back, err)
		}
		for i := range back {
			a, b := records[i].instance(), back[i].instance()
			if !sameInstance(&a, &b) || records[i].Epoch != back[i].Epoch || !records[i].Beat.Equal(back[i].Beat) {
				t.Errorf("%+v is %+v after it was written and read", records[i], back[i])
			}
		}
	})
}

// What registries say, by whoever has taken one over: what a client is told can be called, is in order, and is said once.
func FuzzMerge(f *testing.F) {
	f.Add([]byte(`{"revision":1,"settled":true,"instances":[{"id":"a","service":"s","url":"http://a.test/api","ready":true,"epoch":2}]}`),
		[]byte(`{"revision":9,"run":2,"instances":[{"id":"a","service":"s","url":"http://b.test/api","epoch":3},{"id":"","service":"*"}]}`))
	f.Add([]byte(`{"instances":null}`), []byte(`{"instances":[{"id":"a","service":"s","url":"http://169.254.169.254"}]}`))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		m := &merger{sources: make([]source, 2)}
		for i, data := range [][]byte{one, two, two, one} {
			var v view
			if json.Unmarshal(data, &v) != nil {
				t.Skip("a client takes no such answer")
			}
			m.take(report{source: i % 2, view: v})
			set, err, news := m.merge()
			if err != nil {
				t.Fatal(err)
			}
			if !news {
				continue
			}
			for j := range set {
				if err := checkInstance(&set[j]); err != nil {
					t.Errorf("%s and %s make %+v: %v", one, two, set[j], err)
				}
				if j > 0 && byServiceAndID(set[j-1], set[j]) >= 0 {
					t.Errorf("%s and %s make a set out of order, or with one twice: %+v", one, two, set)
				}
			}
		}
		if set, _, news := m.merge(); news {
			t.Errorf("nothing was said, and the set is another one: %+v", set)
		}
	})
}

// What whoever runs a program writes as the URL of a registry.
func FuzzOpen(f *testing.F) {
	for _, url := range []string{
		"memory:", "memory:shop", "static:billing=http://10.0.0.7:8000/api,billing=http://10.0.0.8:8000/api",
		"dns:shop.svc.cluster.local?srv=_http._tcp", "dns:?port=8000", "dns:a?interval=1h&path=/x&scheme=https",
		"http://127.0.0.1:8500/api,https://b.test", "http://user:hunter2@a.test", "http://a.test?token=hunter2", "::", "",
		"hunter2", "htp://user:hunter2@a.test", "http://@hunter2",
	} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		if strings.HasPrefix(url, "file:") {
			t.Skip("it would look around in this machine")
		}
		registry, err := Open(t.Context(), url)
		if (registry == nil) != (err != nil) || registry != nil && reflect.ValueOf(registry).IsNil() {
			t.Fatalf("Open(%q) = %v, %v", url, registry, err)
		}
		if err == nil {
			return
		}
		scheme, _, hasScheme := strings.Cut(url, ":")
		mayRepeat := slices.Contains([]string{"memory", "static", "dns"}, scheme) || hasScheme && strings.Contains(scheme, "hunter2")
		if !mayRepeat && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q) = %v, which tells a secret", url, err)
		}
		if len(err.Error()) > 600 || slices.ContainsFunc([]rune(err.Error()), func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("Open(%q) = %q, which is no sentence", url, err)
		}
	})
}
