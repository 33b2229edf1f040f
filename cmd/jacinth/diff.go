package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/remote"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
	"github.com/jacinth-rpc/jacinth/openrpc/diff"
)

func newDiffCommand() *cobra.Command {
	var options remote.Options
	var all bool
	cmd := &cobra.Command{
		Use:     "diff OLD NEW",
		Short:   "Say what a new version of a service breaks for its callers",
		GroupID: groupCheck,
		Long: `Compares two OpenRPC documents and says what callers notice of the difference.

OLD and NEW are files, - for standard input, or addresses of services, which are
asked for their documents; a token is sent to both.

breaking    a caller that did everything right fails: a method or a param is
            gone, a param takes less than before, a result can be more
warning     some callers may notice: a limit is lower, an enum has a new value
compatible  nobody needs to know; shown with --all

Each change has the JSON pointer of its place, in the new document or, where the
thing is gone, in the old one. What cannot be proved to be harmless, such as a
changed pattern, counts as breaking for params.

The exit code is 1 if anything breaks: put it into continuous integration.`,
		Example: `  jacinth diff hello.openrpc.json :8000
  jacinth diff https://api.example.com/rpc :8000 --all
  git show main:openrpc.json | jacinth diff - openrpc.json -o json`,
		Args: words(2, 2),
	}
	cmd.Flags().BoolVar(&all, "all", false, "show compatible changes too")
	format := newOutput(cmd, "text", "json")
	options.Flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		older, err := loadDocument(cmd.Context(), &options, given[0], cmd.InOrStdin())
		if err != nil {
			return err
		}
		newer, err := loadDocument(cmd.Context(), &options, given[1], cmd.InOrStdin())
		if err != nil {
			return err
		}
		changes := diff.Documents(older, newer)
		if format.String() == "json" {
			err = printJSON(cmd.OutOrStdout(), append([]diff.Change{}, changes...))
		} else {
			err = printChanges(terminal.NewScreen(cmd.OutOrStdout()), changes, all)
		}
		if breaking := diff.Count(changes, diff.Breaking); breaking > 0 && err == nil {
			return failure.Workf("%s would break callers", counted(breaking, "change"))
		}
		return err
	}
	return cmd
}

// printChanges shows changes to a person.
func printChanges(screen *terminal.Screen, changes []diff.Change, all bool) error {
	var out strings.Builder
	for i := range changes {
		c := &changes[i]
		if c.Level == diff.Compatible && !all {
			continue
		}
		level := c.Level.String()
		switch c.Level {
		case diff.Breaking:
			level = screen.Bad(level)
		case diff.Warning:
			level = screen.Bold(level)
		}
		fmt.Fprintf(&out, "%s  %s\n", level, terminal.Line(c.Text))
		place := c.Document + " " + c.Pointer
		if len(c.Methods) > 0 {
			place += " (" + methodList(c.Methods) + ")"
		}
		out.WriteString("  " + screen.Faint(terminal.Line(place)) + "\n")
	}
	if out.Len() > 0 {
		out.WriteString("\n")
	}
	fmt.Fprintf(&out, "%d breaking, %s, %d compatible\n", diff.Count(changes, diff.Breaking),
		counted(diff.Count(changes, diff.Warning), "warning"), diff.Count(changes, diff.Compatible))
	_, err := io.WriteString(screen, out.String())
	return err
}

// maxMethods is how many methods a line names.
const maxMethods = 4

func methodList(methods []string) string {
	if len(methods) <= maxMethods {
		return strings.Join(methods, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(methods[:maxMethods], ", "), len(methods)-maxMethods)
}

// counted says how many there are of a thing.
func counted(number int, thing string) string {
	if number == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", number, thing)
}

// printJSON prints a value for other programs.
func printJSON(out io.Writer, value any) error {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	screen, content := terminal.NewScreen(out), text.String()
	if screen.Terminal {
		content = terminal.Clean(content)
	}
	_, err := io.WriteString(screen, content)
	return err
}
