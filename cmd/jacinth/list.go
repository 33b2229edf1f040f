package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/remote"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/signature"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

func newListCommand() *cobra.Command {
	var options remote.Options
	cmd := &cobra.Command{
		Use:     "list URL",
		Short:   "Show the methods of a service",
		GroupID: groupCall,
		Long: `Shows the methods of a service, one a line, with the names of their params. Those
in brackets are optional.

With a token, the service is asked twice, with it and without, to tell which
methods the token adds.

A service is described by its method rpc.discover, or in fewer words by
get_service_specs, system.listMethods or rpc.serverInfo. One that has none of
them cannot be listed, but its methods can be called.`,
		Example: `  jacinth list :8000
  jacinth list :8000 --token-file ~/.hello-token
  jacinth list https://api.example.com/rpc -o json | jq -r '.[].name'`,
		Args:              words(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	options.Flags(cmd.Flags())
	format := newOutput(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		service, err := options.Service(given[0])
		if err != nil {
			return err
		}
		inventory, err := takeInventory(cmd.Context(), service)
		if err != nil {
			return err
		}
		if format.String() == "json" {
			return inventory.printJSON(cmd.OutOrStdout())
		}
		return inventory.print(terminal.NewScreen(cmd.OutOrStdout()))
	}
	return cmd
}

// widestCell is how many columns the params or the result of a method may take, which "describe" has in full.
const widestCell = 40

// print shows the service and a table of its methods.
func (i *inventory) print(screen *terminal.Screen) error {
	if err := i.printHead(screen); err != nil {
		return err
	}
	table := terminal.Table{Heading: []string{"METHOD"}}
	if i.known.Typed {
		table.Heading = append(table.Heading, "PARAMS", "RESULT")
	}
	if i.hasPrivate() {
		table.Heading = append(table.Heading, "ACCESS")
	}
	table.Heading = append(table.Heading, "ABOUT")
	for m := range i.methods() {
		row := []string{terminal.Line(m.Name)}
		if i.known.Typed {
			row = append(row, terminal.Short(paramNames(m), widestCell), terminal.Short(resultType(m), widestCell))
		}
		if i.hasPrivate() {
			row = append(row, i.access(m))
		}
		table.Rows = append(table.Rows, append(row, terminal.Line(about(m))))
	}
	if err := screen.Table(table); err != nil {
		return err
	}
	_, err := io.WriteString(screen, i.tokenSentence())
	return err
}

// printHead shows what service it is.
func (i *inventory) printHead(screen *terminal.Screen) error {
	info := i.known.Info
	title := terminal.Line(strings.TrimSpace(info.Title + " " + info.Version))
	head := i.service.URL + "\n"
	if title != "" {
		head = screen.Bold(title) + " at " + head
	}
	if info.Description != "" {
		for _, line := range terminal.Wrap(terminal.Clean(info.Description), screen.Width) {
			head += line + "\n"
		}
	}
	_, err := fmt.Fprintf(screen, "%s\n", head)
	return err
}

// printJSON prints a list of the methods for other programs.
func (i *inventory) printJSON(out io.Writer) error {
	type listed struct {
		Name    string   `json:"name"`
		About   string   `json:"about,omitempty"`
		Private bool     `json:"private,omitempty"`
		Params  []string `json:"params,omitempty"`
	}
	list := []listed{}
	for m := range i.methods() {
		entry := listed{Name: m.Name, About: about(m), Private: i.isPrivate(m)}
		for _, param := range m.Params {
			entry.Params = append(entry.Params, param.Name)
		}
		list = append(list, entry)
	}
	return printJSON(out, list)
}

// about is the first line of what a method is for.
func about(m *openrpc.Method) string {
	text := m.Summary
	if text == "" {
		text, _, _ = strings.Cut(strings.TrimSpace(m.Description), "\n")
	}
	if m.Deprecated {
		text = strings.TrimSpace("Deprecated. " + text)
	}
	return text
}

// paramNames lists the params of a method as a manual does: name [age].
func paramNames(m *openrpc.Method) string {
	var names []string
	for _, param := range m.Params {
		if param.Required {
			names = append(names, param.Name)
		} else {
			names = append(names, "["+param.Name+"]")
		}
	}
	if whole := wholeParams(m); whole != nil {
		names = append(names, signature.Type(whole))
	}
	return strings.Join(names, " ")
}

// wholeParams is the schema of params that no list of names can describe, nil where there is such a list.
func wholeParams(m *openrpc.Method) *openrpc.Schema {
	if m.XJacinth == nil {
		return nil
	}
	return m.XJacinth.Params
}

// resultType is what a method answers with.
func resultType(m *openrpc.Method) string {
	if m.Result == nil {
		return "nothing"
	}
	return signature.Type(m.Result.Schema)
}
