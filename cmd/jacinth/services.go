package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/remote"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
	"github.com/jacinth-rpc/jacinth/discovery"
	"github.com/jacinth-rpc/jacinth/nats"
)

const (
	registryVariable = "JACINTH_REGISTRY"
	defaultRegistry  = "http://127.0.0.1:8500/api"
)

func newServicesCommand() *cobra.Command {
	var s serviceList
	cmd := &cobra.Command{
		Use:     "services [NAME]",
		Short:   "Show the instances of services that a registry knows",
		GroupID: groupMany,
		Long: `Shows the instances that a registry knows: of all services, of the one that is
named, or of many by a pattern such as 'workers.*'.

The registry is the URL of a "jacinth registry", of several of them with commas
between, or of another one: nats://HOST:4222 for one on NATS, file:PATH for the
processes of a machine, dns:DOMAIN?port=8000 or dns:DOMAIN?srv=_http._tcp for
what DNS says of a service, static:NAME=URL,... for a list. A token for a
registry is not part of its URL: JACINTH_REGISTRY_TOKEN has it, or
JACINTH_REGISTRY_TOKEN_FILE names a file. For NATS, JACINTH_NATS_CREDENTIALS may
name a file of credentials.

With --watch it goes on and prints what changes, a line each: + for an instance
that came, - for one that is gone, and * for one that changed.`,
		Example: `  jacinth services
  jacinth services billing --registry http://10.0.0.5:8500/api
  jacinth services 'workers.*' --watch
  jacinth services -o json | jq -r '.[].url'
  jacinth services billing --registry 'dns:shop.svc.cluster.local?port=8000'`,
		Args: words(0, 1),
	}
	flags := cmd.Flags()
	flags.StringVar(&s.registry, "registry", "", "`URL` of the registry; without it, "+registryVariable+" has it, or it is "+defaultRegistry)
	flags.BoolVarP(&s.watch, "watch", "w", false, "go on, and print what changes")
	flags.Var(&s.timeout, "timeout", "`TIME` to wait for the registry, such as 500ms or 1m, or unlimited (10s)")
	s.format = newOutput(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		s.name, s.out = "*", cmd.OutOrStdout()
		if len(given) > 0 {
			s.name = given[0]
		}
		return s.run(cmd.Context())
	}
	return cmd
}

// serviceList is what to show of a registry, and how.
type serviceList struct {
	registry, name string
	watch          bool
	timeout        remote.Timeout
	format         *output
	out            io.Writer
}

func (s *serviceList) run(ctx context.Context) error {
	url := s.registry
	if url == "" {
		url = os.Getenv(registryVariable)
	}
	if url == "" {
		url = defaultRegistry
	}
	registry, err := openRegistry(ctx, url)
	if err != nil {
		return failure.Usagef("%w", err)
	}
	if closer, ok := registry.(io.Closer); ok {
		defer func() { _ = closer.Close() }()
	}
	if s.watch {
		return s.follow(ctx, registry)
	}
	set, err := s.first(ctx, registry)
	if err != nil {
		return err
	}
	if s.format.String() == "json" {
		return s.printJSON(set, "  ")
	}
	if err := s.print(set); err != nil {
		return err
	}
	if http, ok := registry.(*discovery.HTTP); ok {
		if frozen, err := http.Frozen(ctx); err == nil && frozen {
			fmt.Fprintln(os.Stderr, "More than half of all instances fell silent at once, so that the registry forgets none for now: some of these may be gone.")
		}
	}
	return nil
}

// openRegistry opens a registry of any kind that this program knows.
func openRegistry(ctx context.Context, url string) (jacinth.Registry, error) {
	if strings.HasPrefix(url, "memory:") {
		return nil, errors.New("memory: is the registry of one process, and in this one no service runs")
	}
	return nats.Open(ctx, url)
}

// first returns what the registry knows now.
func (s *serviceList) first(ctx context.Context, registry jacinth.Registry) ([]jacinth.Instance, error) {
	limit := s.timeout.Duration()
	if limit == 0 {
		limit = 10 * time.Second
	}
	waiting, cancel := context.WithCancel(ctx)
	if limit != jacinth.Unlimited {
		waiting, cancel = context.WithTimeout(ctx, limit)
	}
	defer cancel()
	for set, err := range registry.Watch(waiting, s.name) {
		return set, explained(err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, &failure.Error{Exit: failure.Transport, Err: fmt.Errorf("the registry did not answer within %v", limit)}
}

// explained adds what to do about an error of a registry.
func explained(err error) error {
	switch {
	case errors.Is(err, jacinth.AccessDenied):
		return failure.WithHint(err, registryToken+" has the token, or JACINTH_REGISTRY_TOKEN_FILE names its file; it needs the scope registry:read.")
	case errors.Is(err, jacinth.MethodNotFound):
		return failure.WithHint(err, "What answers there is a service, but no registry.")
	}
	return err
}

// print shows a set as a table.
func (s *serviceList) print(set []jacinth.Instance) error {
	if len(set) == 0 {
		_, err := fmt.Fprintln(s.out, "There is no instance.")
		return err
	}
	table := terminal.Table{Heading: []string{"SERVICE", "INSTANCE", "VERSION", "READY", "AGE", "URL"}}
	for i := range set {
		table.Rows = append(table.Rows, cells(&set[i]))
	}
	return terminal.NewScreen(s.out).Table(table)
}

func cells(i *jacinth.Instance) []string {
	id := i.ID
	if id == i.URL { // as it is where nobody registers
		id = "-"
	}
	return []string{
		terminal.Line(i.Service), terminal.Line(id), orDash(terminal.Line(i.Version)), yesOrNo(i.Ready), age(i.Since), terminal.Line(i.URL),
	}
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func yesOrNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// age is how long something has been there, in its largest unit that is not nothing.
func age(since time.Time) string {
	if since.IsZero() {
		return "-"
	}
	const day = 24 * time.Hour
	switch d := max(time.Since(since), 0); {
	case d >= day:
		return fmt.Sprintf("%dd", d/day)
	case d >= time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= time.Minute:
		return fmt.Sprintf("%dm", d/time.Minute)
	default:
		return fmt.Sprintf("%ds", d/time.Second)
	}
}

// printJSON prints a set for other programs: a list of instances as they are.
func (s *serviceList) printJSON(set []jacinth.Instance, indent string) error {
	encoder := json.NewEncoder(s.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	return encoder.Encode(set)
}

// follow prints what there is and then what changes, until ctx ends.
func (s *serviceList) follow(ctx context.Context, registry jacinth.Registry) error {
	var last []jacinth.Instance
	begun := false
	for set, err := range registry.Watch(ctx, s.name) {
		switch {
		case err != nil:
			failure.Print(terminal.NewScreen(os.Stderr), explained(err))
			continue
		case s.format.String() == "json":
			err = s.printJSON(set, "")
		case begun:
			err = s.printChanges(last, set)
		default:
			err = s.print(set)
		}
		if err != nil {
			return err
		}
		begun, last = true, set
	}
	return nil
}

// printChanges prints a line for each instance that is not what it was.
func (s *serviceList) printChanges(before, after []jacinth.Instance) error {
	known := map[[2]string]jacinth.Instance{}
	for _, i := range before {
		known[[2]string{i.Service, i.ID}] = i
	}
	var lines strings.Builder
	line := func(mark string, i *jacinth.Instance) {
		ready := "ready"
		if !i.Ready {
			ready = "not ready"
		}
		fmt.Fprintf(&lines, "%s %s %s %s %s %s\n", time.Now().Format(time.TimeOnly), mark,
			terminal.Line(i.Service), terminal.Line(i.ID), terminal.Line(i.URL), ready)
	}
	for i := range after {
		key := [2]string{after[i].Service, after[i].ID}
		old, was := known[key]
		delete(known, key)
		if !was {
			line("+", &after[i])
		} else if old.Ready != after[i].Ready || old.URL != after[i].URL || old.Version != after[i].Version {
			line("*", &after[i])
		}
	}
	for i := range before {
		if _, gone := known[[2]string{before[i].Service, before[i].ID}]; gone {
			line("-", &before[i])
		}
	}
	_, err := io.WriteString(s.out, lines.String())
	return err
}
