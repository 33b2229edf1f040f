package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// output is the value of -o: one of a few formats.
type output struct {
	format  string
	formats []string // the first is the default
}

// newOutput adds the flag -o to a command that can print in these formats.
func newOutput(cmd *cobra.Command, formats ...string) *output {
	o := &output{format: formats[0], formats: formats}
	cmd.Flags().VarP(o, "output", "o", "print as `FORMAT`: "+strings.Join(formats, ", "))
	complete := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return formats, cobra.ShellCompDirectiveNoFileComp
	}
	if err := cmd.RegisterFlagCompletionFunc("output", complete); err != nil {
		panic(err) // only when a flag is registered twice
	}
	return o
}

func (o *output) String() string { return o.format }
func (o *output) Type() string   { return "format" }

func (o *output) Set(text string) error {
	if !slices.Contains(o.formats, text) {
		return fmt.Errorf("the formats are %s", strings.Join(o.formats, ", "))
	}
	o.format = text
	return nil
}
