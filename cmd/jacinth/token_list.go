package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
	"github.com/jacinth-rpc/jacinth/tokens"
)

func newTokenListCommand() *cobra.Command {
	var store tokenStore
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show the tokens of a store",
		Long: `Shows the tokens of a store, one a line, the oldest first: their ids and what is known
of them. The tokens themselves are nowhere. Times are in UTC.`,
		Example: `  jacinth token list --store file:tokens.json
  jacinth token list --store file:tokens.json -o json | jq -r '.[] | select(.state == "active") | .name'`,
		Args: words(0, 0),
	}
	store.flags(cmd.Flags())
	format := newOutput(cmd, "table", "json")
	cmd.RunE = tokenWork(&store, func(cmd *cobra.Command, keeper tokens.Keeper, _ []string) error {
		list, err := keeper.List(cmd.Context())
		if err != nil {
			return tokenFailure(cmd.Context(), err)
		}
		if format.String() == "json" {
			shown := make([]tokenView, len(list))
			for i := range list {
				shown[i] = viewOf(&list[i])
			}
			return printIndented(cmd.OutOrStdout(), shown)
		}
		table := terminal.Table{Heading: []string{"ID", "NAME", "STATE", "EXPIRES", "LAST USED", "SCOPES"}}
		for i := range list {
			r := &list[i]
			table.Rows = append(table.Rows, []string{
				terminal.Line(r.ID), terminal.Line(r.Name), string(r.State(time.Now())), end(r), moment(r.LastUsed), terminal.Line(strings.Join(r.Scopes, " ")),
			})
		}
		return terminal.NewScreen(cmd.OutOrStdout()).Table(table)
	})
	return cmd
}

func newTokenShowCommand() *cobra.Command {
	var store tokenStore
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "Show what is known of a token",
		Long:    `Shows what the store knows of a token. Times are in UTC.`,
		Example: `  jacinth token show jcn_7Qx2LmZ0 --store file:tokens.json`,
		Args:    oneID,
	}
	store.flags(cmd.Flags())
	format := newOutput(cmd, "table", "json")
	cmd.RunE = tokenWork(&store, func(cmd *cobra.Command, keeper tokens.Keeper, given []string) error {
		record, err := keeper.Lookup(cmd.Context(), given[0])
		if err != nil {
			return tokenFailure(cmd.Context(), err)
		}
		return printRecord(cmd, format, &record)
	})
	return cmd
}

// printRecord prints one record, one member a line.
func printRecord(cmd *cobra.Command, format *output, r *tokens.Record) error {
	if format.String() == "json" {
		return printIndented(cmd.OutOrStdout(), viewOf(r))
	}
	table := terminal.Table{Heading: []string{"TOKEN", r.ID}}
	for _, row := range [][]string{
		{"name", r.Name},
		{"owner", r.Owner},
		{"state", string(r.State(time.Now()))},
		{"scopes", strings.Join(r.Scopes, " ")},
		{"networks", fmt.Sprint(r.Networks)},
		{"created", moment(r.Created)},
		{"not before", moment(r.NotBefore)},
		{"expires", end(r)},
		{"revoked", moment(r.Revoked)},
		{"last used", moment(r.LastUsed)},
		{"per second", limit(r.Limits.PerSecond)},
		{"burst", limit(float64(r.Limits.Burst))},
		{"in flight", limit(float64(r.Limits.InFlight))},
		{"successor", r.Successor},
	} {
		if row[1] != "" && row[1] != "[]" {
			table.Rows = append(table.Rows, []string{row[0], terminal.Line(strings.Trim(row[1], "[]"))})
		}
	}
	return terminal.NewScreen(cmd.OutOrStdout()).Table(table)
}

// tokenView is a record for other programs: without the hash, which is for the store, and with the state.
type tokenView struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Owner     string        `json:"owner,omitzero"`
	State     tokens.State  `json:"state"`
	Scopes    []string      `json:"scopes"`
	Networks  []string      `json:"networks,omitempty"`
	Created   time.Time     `json:"created"`
	NotBefore time.Time     `json:"not_before,omitzero"`
	Expires   time.Time     `json:"expires,omitzero"` // none if it never expires
	Revoked   time.Time     `json:"revoked,omitzero"`
	LastUsed  time.Time     `json:"last_used,omitzero"`
	Limits    tokens.Limits `json:"limits,omitzero"`
	Successor string        `json:"successor,omitzero"`
}

func viewOf(r *tokens.Record) tokenView {
	view := tokenView{
		ID: r.ID, Name: r.Name, Owner: r.Owner, State: r.State(time.Now()), Scopes: append([]string{}, r.Scopes...),
		Created: r.Created, NotBefore: r.NotBefore, Expires: r.Expires, Revoked: r.Revoked, LastUsed: r.LastUsed,
		Limits: r.Limits, Successor: r.Successor,
	}
	for _, network := range r.Networks {
		view.Networks = append(view.Networks, network.String())
	}
	if r.NeverExpires() {
		view.Expires = time.Time{}
	}
	return view
}

func printIndented(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// end is when a token expires.
func end(r *tokens.Record) string {
	if r.NeverExpires() {
		return never
	}
	return moment(r.Expires)
}

// moment is a time as it stands in a table, nothing for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// limit is a limit as it stands in a table, nothing where it is the default of the service.
func limit(value float64) string {
	switch value {
	case 0:
		return ""
	case jacinth.Unlimited:
		return "unlimited"
	}
	return strconv.FormatFloat(value, 'g', -1, 64)
}
