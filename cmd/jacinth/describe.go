package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/remote"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

func newDescribeCommand() *cobra.Command {
	var options remote.Options
	cmd := &cobra.Command{
		Use:     "describe URL [METHOD]",
		Short:   "Explain a service or one of its methods",
		GroupID: groupCall,
		Long: `Explains a method of a service: what it is for, who may call it, its params, its
result, its errors, and a call to try. Without a METHOD, it explains the service
and all of its methods.

-o openrpc prints the OpenRPC document that the service answers rpc.discover with.`,
		Example: `  jacinth describe :8000 say_hello
  jacinth describe :8000 | less
  jacinth describe :8000 -o openrpc > hello.openrpc.json`,
		Args:              words(1, 2),
		ValidArgsFunction: completeMethod(&options),
	}
	options.Flags(cmd.Flags())
	format := newOutput(cmd, "text", "openrpc")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		service, err := options.Service(given[0])
		if err != nil {
			return err
		}
		if format.String() == "openrpc" {
			if len(given) > 1 {
				return failure.Usagef("-o openrpc prints the document of the whole service: leave %s out", given[1])
			}
			return printDocument(cmd, service)
		}
		inventory, err := takeInventory(cmd.Context(), service)
		if err != nil {
			return err
		}
		screen := terminal.NewScreen(cmd.OutOrStdout())
		if len(given) == 1 {
			return inventory.describeAll(screen)
		}
		method := inventory.known.Method(given[1])
		if method == nil {
			return inventory.unknown(given[1])
		}
		return inventory.describe(screen, method)
	}
	return cmd
}

// printDocument prints the OpenRPC document as the service sent it, indented.
func printDocument(cmd *cobra.Command, service *remote.Service) error {
	description, err := service.Describe(cmd.Context())
	if err != nil {
		return err
	}
	if description.Raw == nil {
		return failure.WithHint(failure.Workf("%s has no OpenRPC document: it does not answer rpc.discover", service.URL),
			"jacinth list "+service.URL+" shows what it tells of itself.")
	}
	_, err = io.WriteString(cmd.OutOrStdout(), terminal.NewScreen(cmd.OutOrStdout()).JSON(description.Raw)+"\n")
	return err
}

// unknown is the error for a method that the service does not tell of, with those that are called nearly so.
func (i *inventory) unknown(name string) error {
	err := failure.Workf("%s tells of no method %q", i.service.URL, name)
	hint := "jacinth list " + i.service.URL + " shows those it has."
	near := similar(name, i.methods())
	if len(near) > 0 {
		hint = "Did you mean " + strings.Join(near, " or ") + "?"
	} else if i.added == nil {
		hint += " Some services tell of private methods only to callers with a token."
	}
	return failure.WithHint(err, hint)
}

// describeAll explains the service and each of its methods.
func (i *inventory) describeAll(screen *terminal.Screen) error {
	if err := i.printHead(screen); err != nil {
		return err
	}
	if limits := limitLines(i.known.XJacinth); len(limits) > 0 {
		fmt.Fprintf(screen, "%s\n  %s\n\n", screen.Bold("LIMITS"), strings.Join(limits, "\n  "))
	}
	if extension := i.known.XJacinth; extension != nil && extension.TokenHeader != "" {
		fmt.Fprintf(screen, "Tokens travel in the header %s.\n\n", terminal.Line(extension.TokenHeader))
	}
	for m := range i.methods() {
		if err := i.describe(screen, m); err != nil {
			return err
		}
		fmt.Fprintln(screen)
	}
	_, err := io.WriteString(screen, strings.TrimPrefix(i.tokenSentence(), "\n"))
	return err
}

// limitLines says in words what a service takes from one caller.
func limitLines(extension *openrpc.DocumentExtension) []string {
	if extension == nil {
		return nil
	}
	var lines []string
	add := func(limit, what string, value int) {
		if value > 0 {
			lines = append(lines, limit+" "+what)
		}
	}
	limits := extension.Limits
	add(size(limits.Body), "in a request", limits.Body)
	add(strconv.Itoa(limits.BatchItems)+" calls", "in a batch", limits.BatchItems)
	add(size(limits.Response), "in an answer", limits.Response)
	add(strconv.Itoa(limits.Depth)+" levels", "of nesting in a request", limits.Depth)
	add((time.Duration(limits.CallTimeoutMS) * time.Millisecond).String(), "for a call", int(limits.CallTimeoutMS))
	return lines
}

// size is a number of bytes for people.
func size(bytes int) string {
	switch {
	case bytes >= 1<<20 && bytes%(1<<20) == 0:
		return strconv.Itoa(bytes>>20) + " MiB"
	case bytes >= 1<<10 && bytes%(1<<10) == 0:
		return strconv.Itoa(bytes>>10) + " KiB"
	}
	return strconv.Itoa(bytes) + " bytes"
}
