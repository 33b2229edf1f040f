package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
)

// The groups of commands in the help. One without commands is not shown.
const (
	groupWrite = "write"
	groupCall  = "call"
	groupCheck = "check"
	groupRun   = "run"
	groupMany  = "many"
)

var groups = []*cobra.Group{
	{ID: groupWrite, Title: "Write a service:"},
	{ID: groupCall, Title: "Talk to a service:"},
	{ID: groupCheck, Title: "Check a service:"},
	{ID: groupRun, Title: "Run a service:"},
	{ID: groupMany, Title: "Run many services:"},
}

// commands makes the commands of the program, in the order of the help. Each is a file of this package.
var commands = []func() *cobra.Command{
	newNewCommand,
	newDevCommand,
	newCallCommand,
	newListCommand,
	newDescribeCommand,
	newGenCommand,
	newDiffCommand,
	newConformCommand,
	newBenchCommand,
	newTokenCommand,
	newRegistryCommand,
	newServicesCommand,
	newVersionCommand,
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "jacinth",
		Short: "Writes JSON-RPC 2.0 services and talks to them",
		Long: `jacinth writes JSON-RPC 2.0 services and talks to them.

It ends with 0 when all is well, with 1 when a service answered with an error or
the work failed, with 2 when the command line cannot be meant, and with 3 when
there was no answer, or none in JSON-RPC.`,
		Example: `  jacinth new hello && cd hello && jacinth dev
  jacinth list :8000
  jacinth call :8000 say_hello name=Ada`,
		Args:          cobra.ArbitraryArgs,
		RunE:          runRoot,
		SilenceErrors: true, // main prints them
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return failure.WithHint(failure.Usagef("%w", withoutValue(err)), seeHelp(cmd))
	})
	cobra.EnableCommandSorting = false // they have an order
	for _, command := range commands {
		root.AddCommand(command())
	}
	root.SetHelpCommand(newHelpCommand(root))
	for _, group := range groups {
		inGroup := func(c *cobra.Command) bool { return c.GroupID == group.ID }
		if slices.ContainsFunc(root.Commands(), inGroup) {
			root.AddGroup(group)
		}
	}
	return root
}

// withoutValue says what is wrong with a flag and not what it was given, which may be what belongs behind another one.
func withoutValue(err error) error {
	if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return fmt.Errorf("--%s cannot be that: %w", bad.GetFlag().Name, bad.Unwrap())
	}
	return err
}

// runRoot is what happens when the first word is no command.
func runRoot(cmd *cobra.Command, words []string) error {
	if len(words) == 0 {
		return cmd.Help()
	}
	hint := seeHelp(cmd)
	if similar := cmd.SuggestionsFor(words[0]); len(similar) > 0 {
		hint = fmt.Sprintf("Did you mean: jacinth %s?", strings.Join(similar, ", or jacinth "))
	}
	return failure.WithHint(failure.Usagef("there is no command %q", words[0]), hint)
}

// newHelpCommand replaces cobra's, which takes a command that is not there for no mistake.
func newHelpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var offers []cobra.Completion
			for _, c := range root.Commands() {
				offers = append(offers, cobra.CompletionWithDesc(c.Name(), c.Short))
			}
			return offers, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, words []string) error {
			cmd, rest, err := root.Find(words)
			if err != nil {
				return err
			}
			if cmd == root && len(rest) > 0 {
				return runRoot(root, rest)
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

// words checks the number of words behind a command and its flags. Most is -1 where there is no end.
func words(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		switch {
		case len(given) < least:
			return failure.WithHint(failure.Usagef("something is missing: %s", cmd.UseLine()), seeHelp(cmd))
		case most >= 0 && len(given) > most:
			return failure.WithHint(failure.Usagef("%q is too much: %s", given[most], cmd.UseLine()), seeHelp(cmd))
		}
		return nil
	}
}

func seeHelp(cmd *cobra.Command) string { return cmd.CommandPath() + " --help has examples." }
