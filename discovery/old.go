package discovery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/netname"
)

// oldID begins the ids of instances without a lease.
const oldID = "old:"

// oldCaller is the name of a caller without a token that was let through for the names that it may use.
const oldCaller = "a caller without a token"

const (
	pingMethod       jacinth.Name[pingParams, bool]           = "ping"
	locateHostMethod jacinth.Name[locateParams, []oldAddress] = "locate_service"
	locateURLMethod  jacinth.Name[locateParams, []string]     = "locate_service"
)

// pingParams are name, host, port, as pymicroservice has them, or name, url, as gemstone does.
type pingParams struct {
	Name string `json:"name" doc:"The name of the service."`
	Host string `json:"host" default:"" doc:"Where it listens; a URL in this place is taken for url."`
	Port int    `json:"port" default:"0" min:"0" max:"65535" doc:"And at which port."`
	URL  string `json:"url" default:"" doc:"Where others call it, instead of host and port."`
}

type locateParams struct {
	Name string `json:"name" maxLength:"128" doc:"The name of a service, or a pattern of the shell."`
}

type oldAddress struct {
	Host string `json:"host"`
	Port int    `json:"port"`
}

// old registers the methods of registries for pymicroservice and gemstone.
func (r *registryService) old(svc *jacinth.Service) {
	jacinth.Private(svc, pingMethod, r.ping, jacinth.Scope(readScope), jacinth.Idempotent(), jacinth.Errors(errRegistryFull),
		jacinth.Deprecated("Use registry.register, which has leases."),
		jacinth.Doc("Makes a service known for 90 seconds, for services written with pymicroservice or gemstone."))
	options := []jacinth.MethodOption{
		jacinth.Scope(readScope), jacinth.ReadOnly(), jacinth.Deprecated("Use registry.list."),
		jacinth.Doc("Answers with where a service is, for callers written with pymicroservice or gemstone."),
	}
	if r.config.LocateURLs {
		jacinth.Private(svc, locateURLMethod, r.locateURLs, options...)
	} else {
		jacinth.Private(svc, locateHostMethod, r.locateHosts, options...)
	}
}

// authorizer lets callers without a token through to the two methods, which look at the name.
func (r *registryService) authorizer(next func(context.Context, *jacinth.Request) error) func(context.Context, *jacinth.Request) error {
	if next == nil || len(r.config.OldNames) == 0 {
		return next
	}
	return func(ctx context.Context, req *jacinth.Request) error {
		err := next(ctx, req)
		if err != nil && req.Token == "" && (req.Method.Name == string(pingMethod) || req.Method.Name == string(locateHostMethod)) {
			req.Caller = jacinth.Caller{Name: oldCaller}
			return nil
		}
		return err
	}
}

func (r *registryService) ping(ctx context.Context, p pingParams) (bool, error) {
	address := p.URL
	if strings.Contains(p.Host, "://") {
		address = p.Host
	}
	if address == "" {
		address = "http://" + net.JoinHostPort(p.Host, strconv.Itoa(p.Port)) + "/api"
	}
	hash := sha256.Sum256([]byte(address))
	instance := jacinth.Instance{
		ID: oldID + hex.EncodeToString(hash[:8]), Service: p.Name, URL: address, Ready: true, Since: time.Now().UTC(),
	}
	if err := checkInstance(&instance); err != nil {
		return false, jacinth.Errorf(jacinth.InvalidParams, "%v", err)
	}
	if err := r.admitOld(ctx, &instance); err != nil {
		return false, err
	}
	return true, r.added(ctx, &instance, r.table.ping(instance, holderFrom(ctx)))
}

// admitOld decides whether a ping may make an instance known.
func (r *registryService) admitOld(ctx context.Context, instance *jacinth.Instance) error {
	request := jacinth.RequestFrom(ctx)
	if !isOld(request) {
		return r.admit(ctx, instance)
	}
	var err error
	if !r.isOldName(instance.Service) {
		err = jacinth.Errorf(jacinth.AccessDenied, "%q is for callers with a token", instance.Service)
	} else if !isOwn(request, instance.URL) {
		err = jacinth.Errorf(jacinth.AccessDenied, "a caller without a token can tell only of services at its own address")
	}
	if err != nil {
		r.refused(ctx, instance, err)
	}
	return err
}

// holderFrom is who calls, as far as shares of the registry go.
func holderFrom(ctx context.Context) holder {
	request := jacinth.RequestFrom(ctx)
	if !isOld(request) {
		return holder{name: request.Caller.Name}
	}
	host, _, _ := net.SplitHostPort(request.Address)
	return strangerAt(host)
}

// orHere is a host, or a word for this machine where a connection has none.
func orHere(host string) string {
	if host == "" {
		return "localhost"
	}
	return host
}

func isOld(request *jacinth.Request) bool {
	return request.Token == "" && request.Caller.Name == oldCaller
}

func (r *registryService) isOldName(service string) bool {
	probe := jacinth.Instance{Service: service}
	return slices.ContainsFunc(r.config.OldNames, probe.Matches)
}

// isOwn reports whether a URL is at the address that a request came from.
func isOwn(request *jacinth.Request, address string) bool {
	_, host, err := netname.ParseURL(address)
	if err != nil {
		return false
	}
	if host.IsLoopback() {
		return isNear(request)
	}
	from, err := netip.ParseAddrPort(request.Address)
	if err != nil || request.HTTP == nil || isForwarded(request) {
		return false
	}
	ip, ok := host.Address()
	return ok && ip == from.Addr().Unmap()
}

func (r *registryService) locateURLs(ctx context.Context, p locateParams) ([]string, error) {
	urls := []string{}
	err := r.locate(ctx, p.Name, func(i *jacinth.Instance) { urls = append(urls, i.URL) })
	return urls, err
}

func (r *registryService) locateHosts(ctx context.Context, p locateParams) ([]oldAddress, error) {
	addresses := []oldAddress{}
	err := r.locate(ctx, p.Name, func(i *jacinth.Instance) {
		u, err := url.Parse(i.URL)
		if err != nil || u.Scheme != "http" || u.Path != "/api" { // which is where pymicroservice looks, always
			return
		}
		port := 80
		if u.Port() != "" {
			port, _ = strconv.Atoi(u.Port())
		}
		addresses = append(addresses, oldAddress{u.Hostname(), port})
	})
	return addresses, err
}

// locate finds the instances that are ready of the services that a pattern of the shell means.
func (r *registryService) locate(ctx context.Context, pattern string, found func(*jacinth.Instance)) error {
	if _, err := path.Match(pattern, ""); err != nil {
		return jacinth.Errorf(jacinth.InvalidParams, "%q is no pattern: use *, ? and [a-z]", pattern)
	}
	asOld := isOld(jacinth.RequestFrom(ctx))
	view := r.table.look("*")
	for i := range view.Instances {
		instance := &view.Instances[i].Instance
		matches, _ := path.Match(pattern, instance.Service)
		if matches && instance.Ready && (!asOld || r.isOldName(instance.Service)) {
			found(instance)
		}
	}
	return nil
}
