package discovery_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
)

func TestOpen_memoryIsOneForTheProcess(t *testing.T) {
	open := func(url string) jacinth.Registry {
		registry, err := discovery.Open(t.Context(), url)
		if err != nil {
			t.Fatalf("Open(%q) = %v", url, err)
		}
		return registry
	}
	if open("memory:") != open("memory:") || open("memory:shop") != open("memory:shop") {
		t.Error("memory: opened twice gives two registries: services of one process would not find each other")
	}
	if open("memory:") == open("memory:shop") {
		t.Error("memory: and memory:shop are one registry")
	}
}

func TestOpen_static(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry, err := discovery.Open(t.Context(),
			"static:billing=http://10.0.0.8:8000/api,billing=http://10.0.0.7:8000/api, workers.mail=https://mail.test")
		if err != nil {
			t.Fatal(err)
		}
		billing, workers, nobody := follow(t, registry, "billing"), follow(t, registry, "workers.*"), follow(t, registry, "nobody")
		pass(seen)
		billing.wants(t, "billing", "billing/http://10.0.0.7:8000/api billing/http://10.0.0.8:8000/api")
		workers.wants(t, "workers.*", "workers.mail/https://mail.test")
		if nobody.count() != 1 || len(nobody.last()) != 0 {
			t.Errorf("nobody: %v, want one empty set", nobody.sets)
		}
		if _, err := registry.Register(t.Context(), instance("billing", "a")); !errors.Is(err, jacinth.ErrReadOnly) {
			t.Errorf("Register = %v, want ErrReadOnly", err)
		}
	})
}

func TestOpen_saysWhatIsWrong(t *testing.T) {
	for url, word := range map[string]string{
		"":                            "static:",
		"billing":                     "static:",
		"redis://127.0.0.1":           "static:",
		"memory:a b":                  "memory:NAME",
		"static:":                     "NAME=URL",
		"static:billing":              "NAME=URL",
		"static:billing=":             "is not the URL of an instance",
		"static:billing=10.0.0.7":     "is not the URL of an instance",
		"static:=http://a.test":       "is not the name of a service",
		"static:a=http://a.test,":     "NAME=URL",
		"static:a=http://0.0.0.0:1/a": "nobody can call",
		"file:":                       "file:relative/path",
		"file://host/path":            "file:relative/path",
		"file:/no/such/folder/a":      "its folder is not there",
		"dns:":                        "a port",
		"dns://8.8.8.8/test":          "no name in DNS",
		"dns:test?port=0":             "no port",
		"dns:test?port=70000":         "is none",
		"dns:test?port=1&srv=_a._tcp": "which one?",
		"dns:test?port=1&port=2":      "twice",
		"dns:test?prot=1":             "prot",
		"dns:test?scheme=ftp":         "ftp",
		"dns:test?path=rpc":           "begin with /",
		"dns:test?interval=1ms":       "from 1s on",
		"dns:test?port=%zz":           "no registry",
		"http:":                       "http://127.0.0.1:8500/api",
		"http://":                     "http://127.0.0.1:8500/api",
		"http://a.test,b.test":        "http://127.0.0.1:8500/api",
		"https://a.test,file:///x":    "http://127.0.0.1:8500/api",
		"http://me:secret@a.test":     "JACINTH_REGISTRY_TOKEN",
		"http://a.test?token=secret":  "JACINTH_REGISTRY_TOKEN",
	} {
		registry, err := discovery.Open(t.Context(), url)
		if registry != nil {
			t.Errorf("Open(%q) = %v, want an error alone", url, registry)
		}
		mentions(t, "Open("+url+")", err, word)
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%q) = %v, which tells the secret", url, err)
		}
	}
}

// TestGuide_registries opens every registry that the guide names, as whoever copies it does.
func TestGuide_registries(t *testing.T) {
	guide, err := os.ReadFile("../docs/guide/discovery.md")
	if err != nil {
		t.Fatal(err)
	}
	urls := regexp.MustCompile("(?:memory|static|dns|http|https):[^`\\s)\"*]*").FindAllString(
		strings.Join(regexp.MustCompile("`[^`]*`|JACINTH_REGISTRY=\\S+").FindAllString(string(guide), -1), "\n"), -1)
	kinds := map[string]bool{}
	for _, url := range urls {
		if strings.HasSuffix(url, "://") || strings.Contains(url, "10.0.0.7:8000/api") && !strings.HasPrefix(url, "static:") {
			continue // where instances are
		}
		registry, err := discovery.Open(t.Context(), url)
		if err != nil {
			t.Errorf("the guide has %s, but: %v", url, err)
			continue
		}
		kinds[fmt.Sprintf("%T", registry)] = true
	}
	if len(kinds) != 4 {
		t.Errorf("the guide has registries of the kinds %v, and was meant to have four beside the file", kinds)
	}
}
