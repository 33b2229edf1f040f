package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/remote"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
	"github.com/jacinth-rpc/jacinth/conform"
)

func newConformCommand() *cobra.Command {
	var options remote.Options
	var verbose, strict bool
	cmd := &cobra.Command{
		Use:     "conform URL",
		Short:   "Check a server against the JSON-RPC 2.0 specification",
		GroupID: groupCheck,
		Long: `Checks whether a server over HTTP, of whatever library and language, answers as
the JSON-RPC 2.0 specification says. The server has the methods of the examples
in the specification: subtract (minuend, subtrahend), sum, update, get_data,
notify_hello, notify_sum. Cases that need one which is not there are skipped.

Each case names the sentence that it proves.

MUST    the specification demands it
SHOULD  the specification recommends it, or it follows from what it demands
advice  the specification is silent, as of HTTP; it is how others do it, and safe

It sends less than 200 requests, one after the other. The exit code is 1 if
anything that MUST be is not, with --strict if anything SHOULD be.`,
		Example: `  jacinth conform :8000
  jacinth conform http://127.0.0.1:8080/rpc --verbose
  jacinth conform :8000 -o json | jq .summary`,
		Args:              words(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show the cases that passed, too")
	cmd.Flags().BoolVar(&strict, "strict", false, "fail for what SHOULD be as well")
	format := newOutput(cmd, "text", "json")
	options.Flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		service, err := options.Service(given[0])
		if err != nil {
			return err
		}
		bar := terminal.NewScreen(os.Stderr).NewBar(len(conform.Cases()))
		report, err := conform.Run(cmd.Context(), conform.Config{
			URL: service.URL, Header: headerOf(service), Timeout: max(service.Client().Timeout, 0),
			Watch: func(int, int) { bar.Add(1) },
		})
		bar.Clear()
		if errors.Is(err, conform.ErrNoService) {
			return &failure.Error{Exit: failure.Transport, Err: err, Hint: "Is the server running there, and is that the path of its endpoint?"}
		}
		if err != nil {
			return err
		}
		if format.String() == "json" {
			err = printJSON(cmd.OutOrStdout(), report)
		} else {
			err = printConformance(terminal.NewScreen(cmd.OutOrStdout()), report, verbose)
		}
		should := report.Of(conform.Should).Failed
		switch {
		case err != nil:
			return err
		case !report.Conforms():
			return failure.Workf("it does not conform: %s of what MUST be failed", counted(report.Of(conform.Must).Failed, "case"))
		case strict && should > 0:
			return failure.Workf("it conforms, and %s of what SHOULD be failed", counted(should, "case"))
		}
		return nil
	}
	return cmd
}

// usualHeader carries the token where nobody says otherwise.
const usualHeader = "X-Api-Token"

// headerOf returns the header that a service's client sends with each request, its token included.
func headerOf(service *remote.Service) http.Header {
	client := service.Client()
	header := client.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if client.Token != "" {
		name := client.TokenHeader
		if name == "" {
			name = usualHeader
		}
		header.Set(name, client.Token)
	}
	return header
}

// printConformance shows a report to a person.
func printConformance(screen *terminal.Screen, report *conform.Report, verbose bool) error {
	var out strings.Builder
	section := ""
	for i := range report.Results {
		r := &report.Results[i]
		if r.Outcome == conform.Passed && !verbose {
			continue
		}
		if r.Section != section {
			section = r.Section
			out.WriteString(screen.Bold(section) + "\n")
		}
		printCase(&out, screen, r)
	}
	if out.Len() > 0 {
		out.WriteString("\n")
	}
	for _, level := range []conform.Level{conform.Must, conform.Should, conform.Advice} {
		count := report.Of(level)
		fmt.Fprintf(&out, "%-7s %3d passed, %d failed", level, count.Passed, count.Failed)
		if count.Skipped > 0 {
			fmt.Fprintf(&out, ", %d skipped", count.Skipped)
		}
		out.WriteString("\n")
	}
	_, err := io.WriteString(screen, out.String())
	return err
}

// printCase shows how one case ended.
func printCase(out *strings.Builder, screen *terminal.Screen, r *conform.Result) {
	switch r.Outcome {
	case conform.Passed:
		fmt.Fprintf(out, "  %s  %s\n", screen.Good("passed"), r.Name)
		return
	case conform.Skipped:
		fmt.Fprintf(out, "  skipped %s: %s\n", r.Name, r.Why)
		return
	}
	fmt.Fprintf(out, "  %s  %s, %s\n", screen.Bad("failed"), r.Name, r.Level)
	for _, text := range terminal.Wrap(r.Sentence, max(screen.Width-10, 0)) {
		out.WriteString("          " + screen.Faint(text) + "\n")
	}
	for _, exchange := range r.Exchanges {
		out.WriteString("    sent  " + terminal.Line(exchange.Sent) + "\n")
		got := "nothing"
		if exchange.Status > 0 {
			got = strings.TrimSpace(fmt.Sprintf("HTTP %d %s", exchange.Status, terminal.Line(exchange.Got)))
		}
		out.WriteString("    got   " + got + "\n")
	}
	out.WriteString("    so    " + terminal.Line(r.Why) + "\n")
}
