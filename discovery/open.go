package discovery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Open returns the registry that a URL means. It is what Config.OpenRegistry of a program wants, whose flag -registry
// then takes:
//
//	memory:                                     the services of this process; memory:NAME for one of several
//	static:billing=http://10.0.0.7:8000/api     NAME=URL, and more of them after commas
//	file:/run/shop/services.json                the processes of this machine
//	dns:shop.svc.cluster.local?srv=_http._tcp   DNS, by SRV records; dns:DOMAIN?port=8000 by addresses; see [DNS]
//	http://127.0.0.1:8500/api                   a registry service, https:// too, and more of them after commas
//
// It fails, with a sentence, for a URL that cannot be, and not for a registry that is out of reach. A token for a registry
// service is never in the URL: it is in the environment, as JACINTH_REGISTRY_TOKEN, or in the file that
// JACINTH_REGISTRY_TOKEN_FILE names, which is read anew for each call.
func Open(_ context.Context, url string) (Registry, error) {
	scheme, rest, ok := strings.Cut(url, ":")
	if !ok { // it may be a token in the wrong place
		return nil, fmt.Errorf("the URL of a registry begins with %s, and this one has no colon", schemes)
	}
	switch scheme {
	case "memory":
		return openMemory(rest)
	case "static":
		return openStatic(rest)
	case "file":
		return openFile(rest)
	case "dns":
		return openDNS(rest)
	case "http", "https":
		return openHTTP(url)
	}
	return nil, fmt.Errorf("the URL of a registry that is known here begins with %s, and not with %q", schemes, clip(scheme+":"))
}

const schemes = "memory:, static:, file:, dns:, http: or https:"

// memories are the registries in memory that have been opened by name. They are for the process as a whole: services
// that are each told to use memory: are told to find each other.
var memories struct {
	sync.Mutex
	byName map[string]*Memory
}

func openMemory(name string) (Registry, error) {
	if name != "" && !serviceName.MatchString(name) {
		return nil, fmt.Errorf("%q is no registry: write memory: alone, or memory:NAME", clip("memory:"+name))
	}
	memories.Lock()
	defer memories.Unlock()
	if memories.byName == nil {
		memories.byName = map[string]*Memory{}
	}
	if memories.byName[name] == nil {
		memories.byName[name] = new(Memory)
	}
	return memories.byName[name], nil
}

func openStatic(list string) (Registry, error) {
	services := map[string][]string{}
	for item := range strings.SplitSeq(list, ",") {
		service, url, ok := strings.Cut(strings.TrimSpace(item), "=")
		if !ok {
			return nil, fmt.Errorf("%q is no registry: write static:NAME=URL, and more NAME=URL after commas", clip("static:"+list))
		}
		services[service] = append(services[service], url)
	}
	static, err := NewStatic(services)
	if err != nil {
		return nil, fmt.Errorf("the URL of the registry, static:…, holds a mistake: %w", err)
	}
	return static, nil
}

func openFile(path string) (Registry, error) {
	if absolute, ok := strings.CutPrefix(path, "//"); ok {
		if path = absolute; !strings.HasPrefix(path, "/") {
			return nil, fmt.Errorf("%q is no registry: write file:/absolute/path or file:relative/path", clip("file://"+path))
		}
	}
	if path == "" {
		return nil, errors.New("file: is no registry: write file:/absolute/path or file:relative/path")
	}
	file, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	return file, nil
}
