package discovery

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

const (
	dnsInterval = 5 * time.Second
	dnsTimeout  = 5 * time.Second
	maxDNS      = 1000 // instances of one service
)

// DNS is a registry of what DNS says. Instances come to be known there by other means: Kubernetes has the pods behind a
// headless service that are ready in it, and Consul the instances whose checks pass. The zero value of a field is its
// default. It is safe for concurrent use, and must not be changed after its first use.
//
// The name of a service is put before Domain, in lower case and with - for each . and _, since names in DNS have no
// others: workers.mail is looked for as workers-mail.Domain. With a Port, that name has addresses, type A or AAAA, and
// each is an instance. Without one it has records of type SRV with hosts and ports. Those of the best priority count,
// and their weights do not.
type DNS struct {
	Domain string // such as shop.svc.cluster.local; empty leaves it to the search list of the machine
	Port   int    // of every instance; 0 asks for SRV
	SRV    string // what stands before the name for SRV, such as _http._tcp; empty is nothing, as Consul has it

	Scheme   string        // http
	Path     string        // of the endpoint; /api
	Interval time.Duration // between look-ups, give or take a fifth; 5s

	Resolver *net.Resolver // nil is net.DefaultResolver
}

// Register fails with [jacinth.ErrReadOnly].
func (d *DNS) Register(context.Context, jacinth.Instance) (jacinth.Lease, error) {
	return nil, fmt.Errorf("the registry is DNS, which has its instances from elsewhere: %w", jacinth.ErrReadOnly)
}

// Watch yields the instances of a service at first and after each change; see [Registry]. Their IDs are their URLs. A
// name that is not there has no instances, and one that had some is looked up twice before it is believed to have none.
// DNS cannot list, so that a pattern is an error.
func (d *DNS) Watch(ctx context.Context, service string) iter.Seq2[[]jacinth.Instance, error] {
	return func(yield func([]jacinth.Instance, error) bool) {
		err := d.check()
		if err == nil {
			err = checkName(service)
		}
		if err == nil && isPattern(service) {
			err = fmt.Errorf("DNS cannot say which services there are, so that %q cannot be watched: name one", service)
		}
		if err != nil {
			refuse(ctx, err, yield)
			return
		}
		interval := d.Interval
		orDefault(&interval, dnsInterval)
		var last []jacinth.Instance
		begun, failing, doubted := false, false, false
		for {
			set, err := d.lookUp(ctx, service)
			if ctx.Err() != nil {
				return
			}
			doubted = err == nil && len(set) == 0 && len(last) > 0 && !doubted
			news := err == nil && !doubted && (!begun || failing || !sameSet(set, last)) || err != nil && !failing
			if !doubted {
				failing = err != nil
			}
			if err == nil && !doubted {
				begun, last = true, slices.Clone(set)
			}
			if news && !yield(set, err) {
				return
			}
			if !sleep(ctx, spread(interval)) {
				return
			}
		}
	}
}

// check says what is wrong with d.
func (d *DNS) check() error {
	switch {
	case d.Port < 0 || d.Port > 65535:
		return fmt.Errorf("the port %d for instances in DNS is none", d.Port)
	case d.Port > 0 && d.SRV != "":
		return fmt.Errorf("instances in DNS have a port of their own by SRV (%s), or all the port %d: which one?", d.SRV, d.Port)
	case d.Port == 0 && d.Domain == "":
		return errors.New("instances in DNS need a port, for names with addresses, or a domain, for names with SRV records")
	case d.Scheme != "" && d.Scheme != "http" && d.Scheme != "https":
		return fmt.Errorf("instances in DNS are called by http or https, and not by %q", clip(d.Scheme))
	case d.Path != "" && !strings.HasPrefix(d.Path, "/"):
		return fmt.Errorf("the path %q of instances in DNS does not begin with /", clip(d.Path))
	case d.Interval < 0:
		return errors.New("the interval of look-ups in DNS is negative")
	}
	for _, name := range []string{d.Domain, d.SRV} {
		if strings.ContainsAny(name, " /?@:") || strings.HasPrefix(name, ".") {
			return fmt.Errorf("%q is no name in DNS", clip(name))
		}
	}
	return nil
}

// lookUp asks DNS once.
func (d *DNS) lookUp(ctx context.Context, service string) ([]jacinth.Instance, error) {
	ctx, cancel := context.WithTimeout(ctx, dnsTimeout)
	defer cancel()
	name := strings.NewReplacer(".", "-", "_", "-").Replace(strings.ToLower(service))
	if d.Domain != "" {
		name += "." + d.Domain
	}
	hosts, err := d.hosts(ctx, name)
	if err != nil {
		if missing, ok := errors.AsType[*net.DNSError](err); ok && missing.IsNotFound {
			return []jacinth.Instance{}, nil
		}
		return nil, fmt.Errorf("DNS does not say where %s is: %w", service, err)
	}
	scheme, path := d.Scheme, d.Path
	orDefault(&scheme, "http")
	orDefault(&path, "/api")
	set := make([]jacinth.Instance, 0, len(hosts))
	for _, host := range hosts {
		address := url.URL{Scheme: scheme, Host: host, Path: path}
		instance := jacinth.Instance{ID: address.String(), Service: service, URL: address.String(), Ready: true}
		if len(instance.ID) > maxID {
			instance.ID = host
		}
		if checkInstance(&instance) == nil { // whoever answers for DNS is believed no more than anybody else
			set = append(set, instance)
		}
	}
	slices.SortFunc(set, byServiceAndID)
	set = slices.CompactFunc(set, func(a, b jacinth.Instance) bool { return a.ID == b.ID })
	return set[:min(len(set), maxDNS)], nil
}

// hosts returns the host:port of each instance.
func (d *DNS) hosts(ctx context.Context, name string) ([]string, error) {
	resolver := d.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	var hosts []string
	if d.Port > 0 {
		addresses, err := resolver.LookupNetIP(ctx, "ip", name)
		if err != nil {
			return nil, err
		}
		for _, address := range addresses {
			hosts = append(hosts, net.JoinHostPort(address.Unmap().String(), strconv.Itoa(d.Port)))
		}
		return hosts, nil
	}
	if d.SRV != "" {
		name = d.SRV + "." + name
	}
	_, records, err := resolver.LookupSRV(ctx, "", "", name)
	// Records that were not well are left out and told of by an error beside the others.
	if err != nil && len(records) == 0 {
		return nil, err
	}
	for _, record := range records { // the best priority comes first; the target . says that there is none (RFC 2782)
		if record.Priority == records[0].Priority {
			hosts = append(hosts, net.JoinHostPort(strings.TrimSuffix(record.Target, "."), strconv.Itoa(int(record.Port))))
		}
	}
	return hosts, nil
}

// openDNS reads a URL such as dns:shop.svc.cluster.local?srv=_http._tcp.
func openDNS(text string) (Registry, error) {
	domain, query, _ := strings.Cut(text, "?")
	d := &DNS{Domain: strings.TrimSuffix(domain, ".")}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("%q is no registry: %w", clip("dns:"+text), err)
	}
	for key, list := range values {
		value := list[0]
		if len(list) > 1 {
			return nil, fmt.Errorf("%q is no registry: %q is there twice", clip("dns:"+text), clip(key))
		}
		switch key {
		case "port":
			if d.Port, err = strconv.Atoi(value); err != nil || d.Port < 1 {
				return nil, fmt.Errorf("%q is no registry: %q is no port", clip("dns:"+text), clip(value))
			}
		case "srv":
			d.SRV = value
		case "scheme":
			d.Scheme = value
		case "path":
			d.Path = value
		case "interval":
			if d.Interval, err = time.ParseDuration(value); err != nil || d.Interval < time.Second {
				return nil, fmt.Errorf("%q is no registry: %q is no time such as 10s, from 1s on", clip("dns:"+text), clip(value))
			}
		default:
			return nil, fmt.Errorf("%q is no registry: it takes port, srv, scheme, path and interval, and not %q", clip("dns:"+text), clip(key))
		}
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("%q is no registry: %w", clip("dns:"+text), err)
	}
	return d, nil
}
