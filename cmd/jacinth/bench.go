package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/arguments"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/bench"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/remote"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
)

func newBenchCommand() *cobra.Command {
	var options remote.Options
	var load bench.Config
	var byPlace bool
	cmd := &cobra.Command{
		Use:     "bench URL METHOD [NAME=VALUE... | JSON | @FILE | -]",
		Short:   "Call a method over and over and say how long answers take",
		GroupID: groupCheck,
		Long: fmt.Sprintf(`Calls one method of a service over and over, for a while, and says how long the
answers took. Params are given as for "call".

Without --rate, each connection sends its next request when the last is answered.
With it, requests are due at fixed times, and the time that one waits for a free
connection counts: a service that stalls does not look better for it.

The load ends by itself: at most %d connections, %.0f minutes and %d million
requests. It goes to this machine only, unless --yes-really says that the other
one is meant and may be loaded.`, bench.MaxConnections, bench.MaxDuration.Minutes(), bench.MaxRequests/1_000_000),
		Example: `  jacinth bench :8000 say_hello name=Ada
  jacinth bench :8000 math.add --pos 1 2 -c 50 -d 30s --rate 5000 --warm-up 2s
  jacinth bench :8000 math.add '[1,2]' --batch 20 -n 1000 -o json`,
		Args:              words(2, -1),
		ValidArgsFunction: completeCall(&options, &byPlace),
	}
	flags := cmd.Flags()
	flags.IntVarP(&load.Connections, "connections", "c", 10, "`NUMBER` of connections, each with one request at a time")
	flags.DurationVarP(&load.Duration, "duration", "d", 10*time.Second, "`TIME` to measure")
	flags.IntVarP(&load.Requests, "requests", "n", 0, "end after this `NUMBER` of requests")
	flags.Float64VarP(&load.Rate, "rate", "r", 0, "send this `NUMBER` of requests a second")
	flags.DurationVar(&load.WarmUp, "warm-up", 0, "`TIME` of the same load before, which is not measured")
	flags.IntVar(&load.Batch, "batch", 0, "send batches of this `NUMBER` of calls")
	flags.BoolVar(&byPlace, "pos", false, "take the values by position")
	flags.BoolVar(&load.Anywhere, "yes-really", false, "load another machine, whose owner wants that")
	format := newOutput(cmd, "text", "json")
	options.Flags(flags)
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		service, err := options.Service(given[0])
		if err != nil {
			return err
		}
		load.URL, load.Method, load.Header, load.Timeout = service.URL, given[1], headerOf(service), max(service.Client().Timeout, 0)
		if load.Connections == 0 || load.Duration == 0 { // which the load takes for its defaults
			return failure.Usagef("--connections and --duration are above zero")
		}
		if err := load.Check(); err != nil { // before anything is asked of anybody
			return benchRefusal(err)
		}
		words, err := arguments.Parse(given[2:], byPlace, cmd.InOrStdin())
		if err != nil {
			return err
		}
		var types *arguments.Types
		if words.NeedTypes() {
			if types, err = new(call).types(cmd, service, load.Method); err != nil {
				return err
			}
		}
		if load.Params, err = words.Params(types); err != nil {
			return err
		}
		bar := terminal.NewScreen(os.Stderr).NewBar(0)
		load.Progress = bar.Set
		report, err := bench.Run(cmd.Context(), load)
		if err != nil {
			return benchRefusal(err)
		}
		bar.Clear()
		if format.String() == "json" {
			err = printJSON(cmd.OutOrStdout(), report)
		} else {
			err = printBenchmark(terminal.NewScreen(cmd.OutOrStdout()), report)
		}
		if report.Interrupted && err == nil {
			return cmd.Context().Err()
		}
		if failed := report.Failed(); failed > 0 && err == nil {
			return failure.Workf("%s of %d failed", counted(failed, "request"), report.Requests)
		}
		return err
	}
	return cmd
}

// benchRefusal explains why a load is not made.
func benchRefusal(err error) error {
	refused := failure.Usagef("%w", err)
	if errors.Is(err, bench.ErrNotLoopback) {
		return failure.WithHint(refused, "If you may load it, say --yes-really.")
	}
	return refused
}

// printBenchmark shows a report to a person.
func printBenchmark(screen *terminal.Screen, r *bench.Report) error {
	var out strings.Builder
	what := fmt.Sprintf("%d requests in %.1f s over %s", r.Requests, r.Seconds, counted(r.Connections, "connection"))
	if r.Rate > 0 {
		what += fmt.Sprintf(", %g a second wanted", r.Rate)
	}
	fmt.Fprintf(&out, "%s at %s: %s\n\n", screen.Bold(terminal.Line(r.Method)), terminal.Line(r.URL), what)
	fmt.Fprintf(&out, "requests  %.0f a second\n", r.RequestsPerSecond)
	if r.Batch > 0 {
		fmt.Fprintf(&out, "calls     %.0f a second, %d in a batch\n", r.CallsPerSecond, r.Batch)
	}
	fmt.Fprintf(&out, "bodies    %s sent, %s received\n\n", bytesText(r.Sent), bytesText(r.Received))
	for _, each := range []struct {
		name string
		took float64
	}{
		{"mean", r.Latency.Mean},
		{"50 %", r.Latency.P50},
		{"90 %", r.Latency.P90},
		{"99 %", r.Latency.P99},
		{"99.9 %", r.Latency.P999},
		{"longest", r.Latency.Max},
	} {
		fmt.Fprintf(&out, "%-8s %10.3f ms\n", each.name, each.took)
	}
	if r.Failed() > 0 {
		out.WriteString("\n" + screen.Bad("failed") + "\n")
		kinds := slices.SortedFunc(maps.Keys(r.Failures), func(a, b string) int {
			return cmp.Or(cmp.Compare(r.Failures[b], r.Failures[a]), cmp.Compare(a, b))
		})
		for _, kind := range kinds {
			fmt.Fprintf(&out, "%8d  %s\n", r.Failures[kind], kind)
		}
	}
	if r.Unsent > 0 {
		fmt.Fprintf(&out, "\nDue and not sent: %s. The service does not keep up with the rate over these connections.\n",
			counted(r.Unsent, "request"))
	}
	if r.Interrupted {
		out.WriteString("\nIt was interrupted; these are the figures until then.\n")
	}
	_, err := io.WriteString(screen, out.String())
	return err
}

// bytesText says a number of bytes for people.
func bytesText(bytes int64) string {
	for _, unit := range []struct {
		name string
		of   int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if bytes >= unit.of {
			return fmt.Sprintf("%.1f %s", float64(bytes)/float64(unit.of), unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", bytes)
}
