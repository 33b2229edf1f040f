package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/discovery"
	"github.com/jacinth-rpc/jacinth/internal/netname"
	"github.com/jacinth-rpc/jacinth/tokens"
)

// registryToken is the variable of the environment that has the token for a registry; package discovery reads it too.
const registryToken = "JACINTH_REGISTRY_TOKEN" //nolint:gosec // G101: the name of a variable, not what is in it

// leastToken is how many characters jacinth.Tokens wants a token to have.
const leastToken = 16

func newRegistryCommand() *cobra.Command {
	var o registryOptions
	cmd := &cobra.Command{
		Use:     "registry",
		Short:   "Run a registry in which services find each other",
		GroupID: groupMany,
		Long: `Runs a registry: a service that knows which instances of other services run, and
where. Services announce themselves there with -registry URL, and clients find
them by their names.

Who may announce what is said by tokens. With --tokens, a token needs the scope
registry:read to ask, and registry:write:NAME, or registry:write:workers.* for
many, to announce a service of that name. Without it, JACINTH_REGISTRY_TOKEN has
the one token that may do everything. With --open nobody needs one, which is for
trying things out and works on a loopback address alone.

No holder of a token can crowd out others: once half of the names, instances or
watches that a registry takes are taken, one gets --holder-share percent of them
and no more, and keeps what it has.

The registry keeps everything in memory. When it starts anew, the services tell
it within seconds, and clients keep what they know until then. An instance that
is silent for 15 seconds is forgotten.

Services written with pymicroservice or gemstone call ping and locate_service,
and send no token. --old names the services that they may announce and find,
each at the address that it calls from; so they must not come through a proxy.

It speaks HTTP. Where others could listen, put a proxy with TLS before it, which
adds X-Forwarded-For: then nobody passes for a caller on the registry's machine.`,
		Example: `  jacinth registry --open
  JACINTH_REGISTRY_TOKEN=$(cat secret) jacinth registry --addr 10.0.0.5:8500
  jacinth registry --addr 10.0.0.5:8500 --tokens /etc/registry/tokens.json
  jacinth registry --tokens tokens.json --old 'legacy.*'`,
		Args: words(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8500", "`HOST:PORT` to listen on")
	flags.StringVar(&o.tokens, "tokens", "", "`FILE` of tokens, as package tokens keeps it")
	flags.BoolVar(&o.open, "open", false, "let everybody on this machine announce everything, without a token")
	flags.StringArrayVar(&o.old, "old", nil, "service `NAME`, or a pattern such as legacy.*, that callers without a token may ping and locate; may be given several times")
	flags.IntVar(&o.share, "holder-share", 5, "`PERCENT` of names, instances and watches that are for the holder of one token, whatever others take")
	flags.BoolVar(&o.locateURLs, "locate-urls", false, "answer locate_service with URLs, for gemstone, instead of hosts and ports")
	return cmd
}

type registryOptions struct {
	addr, tokens     string
	open, locateURLs bool
	old              []string
	share            int
}

func (o *registryOptions) run(ctx context.Context) error {
	config, err := o.config()
	if err != nil {
		return err
	}
	return discovery.NewRegistryService(config).Run(ctx)
}

// config turns what the flags and the environment say into a configuration.
func (o *registryOptions) config() (discovery.RegistryConfig, error) {
	host, _, err := net.SplitHostPort(o.addr)
	if err != nil {
		return discovery.RegistryConfig{}, failure.Usagef("--addr %q is not host:port, such as 127.0.0.1:8500 or :8500", o.addr)
	}
	for _, name := range o.old {
		if probe := strings.TrimSuffix(name, ".*"); probe == "" || strings.ContainsAny(probe, "*? ") {
			return discovery.RegistryConfig{}, failure.Usagef("--old %q is no name of a service, and no pattern such as legacy.*", name)
		}
	}
	if o.share < 1 || o.share > 100 {
		return discovery.RegistryConfig{}, failure.Usagef("--holder-share %d is no percentage from 1 to 100", o.share)
	}
	config := discovery.RegistryConfig{
		Service: jacinth.Config{
			Addr: o.addr, Version: version(), Logger: slog.New(quiet{slog.NewTextHandler(os.Stderr, nil)}),
		},
		OldNames: o.old, LocateURLs: o.locateURLs, HolderShare: o.share,
	}
	everything := func(context.Context, jacinth.Instance) error { return nil }
	secret := strings.TrimSpace(os.Getenv(registryToken))
	switch {
	case o.tokens != "" && o.open:
		return config, failure.Usagef("--tokens and --open do not go together: is a token needed, or is none?")
	case o.tokens != "":
		store, err := tokens.OpenFile(o.tokens)
		if err != nil {
			return config, failure.Usagef("%w", err)
		}
		config.Service.Authorize = tokens.New(store).Authorize
	case o.open:
		if !netname.IsLoopback(host) {
			return config, failure.Usagef("--open is for a loopback address: at %s, anybody could lead the calls of others elsewhere", o.addr)
		}
		config.Admit, config.HolderShare = everything, 100 // there is but one caller
		config.Service.Authorize = func(context.Context, *jacinth.Request) error { return nil }
	case secret == "":
		return config, failure.WithHint(failure.Usagef("nobody could use the registry: there is no token"),
			fmt.Sprintf("Name a file of tokens by --tokens, put one token into %s, or try things out with --open.", registryToken))
	case len(secret) < leastToken:
		return config, failure.Usagef("the token in %s could be guessed: it needs %d characters or more", registryToken, leastToken)
	default:
		config.Admit, config.HolderShare = everything, 100
		config.Service.Authorize = jacinth.Tokens(secret)
	}
	return config, nil
}

// quiet is a log without the calls that went well: every instance beats every five seconds, and every client asks.
type quiet struct{ slog.Handler }

// Handle writes a record, if somebody wants to read it.
func (q quiet) Handle(ctx context.Context, record slog.Record) error {
	isDull := false
	record.Attrs(func(a slog.Attr) bool {
		isDull = isDull || a.Key == "code" && a.Value.String() == "0"
		return !isDull
	})
	if isDull && record.Level <= slog.LevelInfo {
		return nil
	}
	return q.Handler.Handle(ctx, record)
}

// WithAttrs keeps a log with attributes quiet.
func (q quiet) WithAttrs(attributes []slog.Attr) slog.Handler {
	return quiet{q.Handler.WithAttrs(attributes)}
}

// WithGroup keeps a log with a group quiet.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
