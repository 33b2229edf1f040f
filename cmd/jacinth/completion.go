package main

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/remote"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// completionTime is how long a shell waits for a service before there is nothing to complete.
const completionTime = 2 * time.Second

// completeMethod completes the words URL METHOD of a command.
func completeMethod(options *remote.Options) cobra.CompletionFunc {
	return func(cmd *cobra.Command, given []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(given) != 1 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return methodOffers(cmd.Context(), options, given[0]), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeCall completes the words URL METHOD NAME=… of a command, without the names where values go by position.
func completeCall(options *remote.Options, byPosition *bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, given []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(given) < 2 {
			return completeMethod(options)(cmd, given, word)
		}
		if *byPosition {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		offers := paramOffers(cmd.Context(), options, given[0], given[1])
		return offers, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
}

// methodOffers are the methods of the service at an address, none when it cannot be asked.
func methodOffers(ctx context.Context, options *remote.Options, address string) []cobra.Completion {
	var offers []cobra.Completion
	if description := describeForShell(ctx, options, address); description != nil {
		for i := range description.Methods {
			if m := &description.Methods[i]; canBeOffered(m.Name) {
				offers = append(offers, cobra.CompletionWithDesc(m.Name, terminal.Line(m.Summary)))
			}
		}
	}
	return offers
}

// paramOffers are the params of a method.
func paramOffers(ctx context.Context, options *remote.Options, address, method string) []cobra.Completion {
	var m *openrpc.Method
	if description := describeForShell(ctx, options, address); description != nil {
		m = description.Method(method)
	}
	var offers []cobra.Completion
	if m != nil {
		for _, param := range m.Params {
			if canBeOffered(param.Name) {
				offers = append(offers, cobra.CompletionWithDesc(param.Name+"=", terminal.Line(param.Description)))
			}
		}
	}
	return offers
}

// describeForShell asks the service at an address what it can do. It returns nil when that cannot be known soon.
func describeForShell(ctx context.Context, options *remote.Options, address string) *remote.Description {
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	service, err := options.Service(address)
	if err != nil {
		return nil
	}
	description, err := service.Describe(ctx)
	if err != nil {
		return nil
	}
	return description
}

// canBeOffered reports whether a name that a service made up can be put into a command line as it stands: it means
// nothing to a shell, moves no cursor, and is no flag. Shells would put quotes around some others, each in its own way.
func canBeOffered(name string) bool {
	harmless := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-/:", r)
	}
	return name != "" && name[0] != '-' && strings.IndexFunc(name, func(r rune) bool { return !harmless(r) }) < 0
}
