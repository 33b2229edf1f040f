package discovery_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
	"github.com/jacinth-rpc/jacinth/jacinthtest"
)

// evilURLs are URLs that lead elsewhere than they say, or where nobody is to be sent.
var evilURLs = map[string]string{
	"loopback in two numbers":    "http://127.1:8000/api",
	"loopback in one number":     "http://2130706433/api",
	"loopback in hex":            "http://0x7f.1/api",
	"loopback in octal":          "http://0177.0.0.1/api",
	"loopback by another name":   "http://a.localhost:8000/api",
	"metadata in hex":            "http://0xa9fea9fe/api",
	"metadata in octal":          "http://0251.0376.0251.0376/api",
	"metadata":                   "http://169.254.169.254/api",
	"metadata with a dot":        "http://169.254.169.254./api",
	"metadata, mapped":           "http://[::ffff:169.254.169.254]/api",
	"metadata through NAT64":     "http://[64:ff9b::169.254.169.254]/api",
	"metadata of AWS over IPv6":  "http://[fd00:ec2::254]/api",
	"metadata of Google by name": "http://metadata.google.internal/api",
	"metadata of Alibaba":        "http://100.100.100.200/api",
	"all addresses":              "http://0.0.0.0:8000/api",
	"all addresses in one":       "http://0/api",
	"port 0":                     "http://10.0.0.7:0/api",
	"port 99999":                 "http://10.0.0.7:99999/api",
	"an empty port":              "http://10.0.0.7:/api",
	"a zone":                     "http://[fe80::1%25eth0]:8000/api",
	"an empty user":              "http://@10.0.0.7/api",
	"an empty query":             "http://10.0.0.7/api?",
	"an empty fragment":          "http://10.0.0.7/api#",
}

// TestHostile_addresses holds that no registry takes such a URL, whoever says it, nor believes one that does.
func TestHostile_addresses(t *testing.T) {
	for name, url := range evilURLs {
		t.Run(name, func(t *testing.T) {
			one := jacinth.Instance{ID: "a", Service: "billing", URL: url, Ready: true}
			if err := discovery.Check(one); err == nil {
				t.Error("Check takes it")
			}
			svc := discovery.NewRegistryService(openConfig)
			for _, address := range []string{"10.0.0.7:4000", "127.0.0.1:4000"} {
				err := from(t, svc, address, "", "registry.register", map[string]any{"id": "a", "service": "billing", "url": url, "epoch": 1}, nil)
				if !errors.Is(err, jacinth.InvalidParams) {
					t.Errorf("registry.register from %s = %v, want InvalidParams", address, err)
				}
				if err := from(t, svc, address, "", "ping", map[string]any{"name": "billing", "url": url}, nil); !errors.Is(err, jacinth.InvalidParams) {
					t.Errorf("ping from %s = %v, want InvalidParams", address, err)
				}
			}
			if _, err := discovery.NewStatic(map[string][]string{"billing": {url}}); err == nil {
				t.Error("NewStatic takes it")
			}
			if _, err := new(discovery.Memory).Register(t.Context(), one); err == nil {
				t.Error("Memory takes it")
			}
			path := filepath.Join(t.TempDir(), "services.json")
			if err := os.WriteFile(path, []byte(`{"format":1,"instances":[{"id":"a","service":"billing","url":"`+url+`"}]}`), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := discovery.OpenFile(path); err == nil {
				t.Error("OpenFile takes a file with it")
			}
		})
	}
}

// TestHostile_anEvilRegistry holds that a client of a registry that was taken over does not hear of such URLs.
func TestHostile_anEvilRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		evil := jacinth.New(jacinth.Config{Name: "registry", Logger: silent})
		answer := map[string]any{"revision": 1, "settled": true}
		list := []map[string]any{{"id": "good", "service": "billing", "url": "http://10.0.0.7:8000/api", "ready": true, "epoch": 1}}
		for name, url := range evilURLs {
			list = append(list, map[string]any{"id": idOf(name), "service": "billing", "url": url, "ready": true, "epoch": 1})
		}
		answer["instances"] = list
		jacinth.Public(evil, "registry.watch", func(_ context.Context, _ map[string]any) (map[string]any, error) { return answer, nil })
		watch := follow(t, newHTTP(t, jacinthtest.New(t, evil)), "billing")
		pass(5 * time.Second)
		watch.wants(t, "of an evil registry", "billing/good")
	})
}

// idOf makes an ID of words.
func idOf(words string) string { return strings.NewReplacer(" ", "-", ",", "").Replace(words) }
