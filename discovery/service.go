package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/netname"
)

// RegistryConfig says what a registry that is a service is. Service.Authorize is required, and every other field is
// its default when it is left out.
type RegistryConfig struct {
	// Service is the configuration of the service. Its Name is "registry" if it is empty. Its Authorize decides who may
	// call the methods: who registers instances and who looks for them alike has to be granted registry:read.
	Service jacinth.Config

	// Admit decides whether the caller of a method, see [jacinth.CallerFrom], may register an instance, renew it and
	// take it out. It must be safe for concurrent use. Nil is [ByScope].
	Admit func(ctx context.Context, instance jacinth.Instance) error

	// OldNames are the names of services, or patterns such as legacy.*, that callers without a token may ping and
	// locate, because they are written with pymicroservice or gemstone, which send none. They can tell only of
	// services at the address that they call from, and so not through a proxy. None by default.
	OldNames []string

	// LocateURLs has locate_service answer with URLs, as gemstone wants it, instead of hosts and ports, as
	// pymicroservice does.
	LocateURLs bool

	MaxNames     int // names of services; 2000
	MaxPerName   int // instances of one service; 2000
	MaxInstances int // instances in all; 10000
	MaxWatchers  int // calls that wait for a change; 4000, and further ones are answered at once

	// HolderShare is how much of each of these limits is for one caller whatever others take, in percent; 5. While less
	// than half of a limit is taken, a caller may have more of it; beyond that it gets no more than its share, so that
	// nobody can crowd out others. What it has, it keeps, but for an instance that is silent and kept only because most
	// are: that one makes room for a new one of the same service. Callers are told apart by their names, see
	// [jacinth.Caller]; 100 is for a registry in which all have one.
	HolderShare int

	// StrangerShare is how many of the names and instances all callers without a token may have together, in percent;
	// 20. MaxPerStranger is how many instances those at one address may have, or in one /64 network of IPv6; 16. See
	// OldNames.
	StrangerShare  int
	MaxPerStranger int
}

// NewRegistryService makes a registry that is a service itself, for [HTTP] on other machines. The command "jacinth
// registry" is one.
//
//	svc := discovery.NewRegistryService(discovery.RegistryConfig{
//		Service: jacinth.Config{Addr: ":8500", Authorize: tokens.New(store).Authorize},
//	})
//	jacinth.Main(svc)
//
// It keeps everything in memory: when it starts anew, the services tell it within a beat. It forgets an instance that
// was silent for 15 seconds, and does not let anything that is late revive it for 60 more. When more than half of all
// instances fall silent at once, of four or more, it takes that for a fault of the network and forgets nothing for up to
// 5 minutes; its answers and its log say so. Instances of callers without a token do not count there.
//
// It panics, with a sentence, if config cannot be.
func NewRegistryService(config RegistryConfig) *jacinth.Service {
	return newRegistryService(config).service()
}

// registryService is what the methods of a registry work on.
type registryService struct {
	config RegistryConfig
	table  *table
}

// newRegistryService makes what the methods of a registry work on.
func newRegistryService(config RegistryConfig) *registryService {
	orDefault(&config.Service.Name, "registry")
	orDefault(&config.Service.Description, "Knows which instances of services run, and where.")
	orDefault(&config.MaxNames, 2000)
	orDefault(&config.MaxPerName, 2000)
	orDefault(&config.MaxInstances, 10_000)
	orDefault(&config.MaxWatchers, 4000)
	orDefault(&config.HolderShare, 5)
	orDefault(&config.StrangerShare, 20)
	orDefault(&config.MaxPerStranger, 16)
	orDefault(&config.Service.Limits.Waiting, 2*config.MaxWatchers) // since those that are one too many are answered too
	for _, limit := range []int{config.MaxNames, config.MaxPerName, config.MaxInstances, config.MaxWatchers, config.MaxPerStranger} {
		if limit < 0 {
			panic("discovery: a limit of a RegistryConfig is negative: there is no registry without limits")
		}
	}
	for _, share := range []int{config.HolderShare, config.StrangerShare} {
		if share < 1 || share > 100 {
			panic("discovery: a share of a RegistryConfig is a percentage, from 1 to 100")
		}
	}
	for _, name := range config.OldNames {
		if err := checkName(name); err != nil || name == "*" {
			panic(fmt.Sprintf("discovery: RegistryConfig.OldNames has %q, which is no name of a service and no pattern such as legacy.*", name))
		}
	}
	if config.Admit == nil {
		config.Admit = ByScope
	}
	if config.Service.Logger == nil {
		config.Service.Logger = slog.Default()
	}
	return &registryService{config: config, table: newTable(limits{
		names: config.MaxNames, perName: config.MaxPerName, all: config.MaxInstances, waiters: config.MaxWatchers,
	}, shares{
		holder: config.HolderShare, strangers: config.StrangerShare, perStranger: config.MaxPerStranger,
	}, config.Service.Logger)}
}

// service makes the service with the methods.
func (r *registryService) service() *jacinth.Service {
	config := r.config.Service
	config.Authorize = r.authorizer(config.Authorize)
	svc := jacinth.New(config)
	jacinth.Private(svc, registerMethod, r.register, jacinth.Scope(readScope), jacinth.Idempotent(), jacinth.Errors(errLeaseOver, errRegistryFull),
		jacinth.Doc("Makes an instance known for 15 seconds, if the caller is granted registry:write: and the name."))
	jacinth.Private(svc, renewMethod, r.renew, jacinth.Scope(readScope), jacinth.Idempotent(), jacinth.Errors(errLeaseOver),
		jacinth.Doc("Keeps an instance known for 15 more seconds."))
	jacinth.Private(svc, leaveMethod, r.leave, jacinth.Scope(readScope), jacinth.Idempotent(), jacinth.Doc("Makes an instance unknown."))
	jacinth.Private(svc, listMethod, r.list, jacinth.Scope(readScope), jacinth.ReadOnly(), jacinth.Doc("Answers with the instances of a service."))
	jacinth.Private(svc, watchMethod, r.watch, jacinth.Scope(readScope), jacinth.ReadOnly(), jacinth.Waits(), jacinth.Timeout(maxWait+5*time.Second),
		jacinth.Doc("Answers with the instances of a service once their revision is another one, or when the time to wait is over."))
	jacinth.Private(svc, statusMethod, r.status, jacinth.Scope(readScope), jacinth.ReadOnly(), jacinth.Doc("Tells how the registry is."))
	r.old(svc)
	// Who waits for a change would keep a service that stops waiting for them.
	svc.Background(func(ctx context.Context) error {
		<-ctx.Done()
		r.table.close()
		return nil
	})
	return svc
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// ByScope admits a caller whose scopes, see [jacinth.Caller], have registry:write: and the name of the service, or a
// pattern that means it: registry:write:billing, registry:write:workers.*
func ByScope(ctx context.Context, instance jacinth.Instance) error {
	for _, scope := range jacinth.CallerFrom(ctx).Scopes {
		name, ok := strings.CutPrefix(scope, writeScope)
		if ok && name != "*" && instance.Matches(name) {
			return nil
		}
	}
	return jacinth.Errorf(jacinth.AccessDenied, "this token is not granted %s%s", writeScope, instance.Service)
}

var (
	errLeaseOver    = jacinth.Errorf(LeaseOver, "the lease is over: register the instance anew, if it is still meant to be known")
	errRegistryFull = jacinth.Errorf(RegistryFull, "the registry is full")
)

func (r *registryService) register(ctx context.Context, p registerParams) (jacinth.None, error) {
	instance := jacinth.Instance{ID: p.ID, Service: p.Service, URL: p.URL, Version: p.Version, Ready: p.Ready, Since: p.Since}
	if err := checkInstance(&instance); err != nil {
		return jacinth.None{}, jacinth.Errorf(jacinth.InvalidParams, "%v", err)
	}
	if strings.HasPrefix(p.ID, oldID) {
		return jacinth.None{}, jacinth.Errorf(jacinth.InvalidParams, "ids that begin with %s are for services without a lease", oldID)
	}
	if err := r.admit(ctx, &instance); err != nil {
		return jacinth.None{}, err
	}
	return jacinth.None{}, r.added(ctx, &instance, r.table.register(record{instance, p.Epoch}, holderFrom(ctx)))
}

func (r *registryService) renew(ctx context.Context, p renewParams) (jacinth.None, error) {
	if err := r.may(ctx, p.Service, p.ID); err != nil {
		return jacinth.None{}, err
	}
	return jacinth.None{}, failureOf(r.table.renew(p.Service, p.ID, p.Epoch, p.Ready))
}

func (r *registryService) leave(ctx context.Context, p leaveParams) (jacinth.None, error) {
	if err := r.may(ctx, p.Service, p.ID); err != nil {
		return jacinth.None{}, err
	}
	r.table.leave(p.Service, p.ID, p.Epoch)
	return jacinth.None{}, nil
}

func (r *registryService) list(_ context.Context, p listParams) (view, error) {
	if err := checkName(p.Service); err != nil {
		return view{}, jacinth.Errorf(jacinth.InvalidParams, "%v", err)
	}
	return r.table.look(p.Service), nil
}

func (r *registryService) watch(ctx context.Context, p watchParams) (view, error) {
	if err := checkName(p.Service); err != nil {
		return view{}, jacinth.Errorf(jacinth.InvalidParams, "%v", err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(p.WaitMS)*time.Millisecond)
	defer cancel()
	return r.table.wait(ctx, p.Service, p.Revision, holderFrom(ctx)), nil
}

func (r *registryService) status(context.Context, jacinth.None) (status, error) {
	return r.table.status(), nil
}

// admit decides whether an instance may be made known by the caller.
func (r *registryService) admit(ctx context.Context, instance *jacinth.Instance) error {
	err := r.config.Admit(ctx, *instance)
	if err == nil {
		err = checkNear(jacinth.RequestFrom(ctx), instance.URL)
	}
	if err != nil {
		r.refused(ctx, instance, err)
	}
	return err
}

// may decides whether the caller may do something with an instance that is known, or with the name of one that is not.
func (r *registryService) may(ctx context.Context, service, id string) error {
	instance, ok := r.table.find(service, id)
	if !ok {
		instance = jacinth.Instance{Service: service, ID: id}
	}
	err := r.config.Admit(ctx, instance)
	if err != nil {
		r.refused(ctx, &instance, err)
	}
	return err
}

// refused writes that somebody was kept from a name: that is either a mistake or an attack.
func (r *registryService) refused(ctx context.Context, instance *jacinth.Instance, err error) {
	request := jacinth.RequestFrom(ctx)
	r.config.Service.Logger.LogAttrs(ctx, slog.LevelWarn, "registration refused",
		slog.String("name", clip(instance.Service)), slog.String("url", clip(instance.URL)),
		slog.String("caller", request.Caller.Name), slog.String("address", request.Address), slog.String("error", err.Error()))
}

// added is what a caller learns of its instance being added to the table. That there is no room for it is in the log too.
func (r *registryService) added(ctx context.Context, instance *jacinth.Instance, err error) error {
	err = failureOf(err)
	if errors.Is(err, RegistryFull) {
		r.refused(ctx, instance, err)
	}
	return err
}

// failureOf is what a caller learns of a failure of the table.
func failureOf(err error) error {
	if gone, ok := errors.AsType[*goneError](err); ok {
		return &jacinth.Error{Code: LeaseOver, Message: errLeaseOver.Message, Data: known{gone.epoch}}
	}
	if share, ok := errors.AsType[*shareError](err); ok {
		return jacinth.Errorf(RegistryFull, "%v", share)
	}
	if errors.Is(err, errFull) {
		return errRegistryFull
	}
	return err
}

// checkNear refuses an address that means this machine from a caller who is on another.
func checkNear(request *jacinth.Request, address string) error {
	if _, host, err := netname.ParseURL(address); err == nil && host.IsLoopback() && !isNear(request) {
		return jacinth.Errorf(jacinth.InvalidParams, "%q means every caller's own machine: name an address that others can reach", address)
	}
	return nil
}

// isNear reports whether a request came from this machine: over loopback, or by HTTP without a network.
func isNear(request *jacinth.Request) bool {
	if request.HTTP == nil || isForwarded(request) {
		return false
	}
	_, _, err := net.SplitHostPort(request.Address)
	return err != nil || netname.IsLoopback(request.Address)
}

// isForwarded reports whether a request came through a proxy that says so, whose address is not that of the caller. Such a
// header is believed only in that it takes away from a caller.
func isForwarded(request *jacinth.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "Via"} {
		if len(request.HTTP.Header.Values(name)) > 0 {
			return true
		}
	}
	return false
}
