package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/signature"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
	"github.com/jacinth-rpc/jacinth/openrpc"
)

// describe explains a method.
func (i *inventory) describe(screen *terminal.Screen, m *openrpc.Method) error {
	var head strings.Builder
	head.WriteString(screen.Bold(terminal.Line(m.Name)) + "  " + screen.Faint(strings.Join(i.traits(m), ", ")) + "\n")
	summary := m.Summary
	if strings.HasPrefix(m.Description, summary) {
		summary = ""
	}
	for _, text := range []string{summary, m.Description} {
		if text == "" {
			continue
		}
		for _, line := range terminal.Wrap(terminal.Clean(text), screen.Width-2) {
			head.WriteString(strings.TrimRight("  "+line, " ") + "\n")
		}
	}
	if _, err := io.WriteString(screen, head.String()); err != nil {
		return err
	}
	if !i.known.Typed {
		_, err := io.WriteString(screen, "\nThe service does not say what its params and results are.\n")
		return err
	}
	if err := i.params(screen, m); err != nil {
		return err
	}
	if m.Result != nil {
		note := notes(m.Result.Description, m.Result.Schema)
		if note != "" {
			note = "  " + note
		}
		fmt.Fprintf(screen, "\n%s\n%s%s\n", screen.Bold("RESULT"), terminal.Line(resultType(m)), note)
	}
	if err := printErrors(screen, m.Errors); err != nil {
		return err
	}
	if err := i.named(screen, m); err != nil {
		return err
	}
	example := exampleCall(i.service.URL, i.known.Document, m)
	if example == "" {
		return nil
	}
	_, err := fmt.Fprintf(screen, "\n%s\n%s\n", screen.Bold("TRY"), terminal.Clean(example))
	return err
}

// traits says in words who may call a method and what a call of it does.
func (i *inventory) traits(m *openrpc.Method) []string {
	traits := []string{"for everybody"}
	if i.isPrivate(m) {
		traits[0] = "for callers with a token"
		if m.XJacinth != nil && m.XJacinth.Scope != "" && m.XJacinth.Scope != m.Name {
			traits[0] += " that grants " + terminal.Line(m.XJacinth.Scope)
		}
	}
	if m.XJacinth != nil {
		if m.XJacinth.ReadOnly {
			traits = append(traits, "changes nothing")
		} else if m.XJacinth.Idempotent {
			traits = append(traits, "can be repeated")
		}
		if limit := m.XJacinth.TimeoutMS; limit > 0 {
			traits = append(traits, "takes "+(time.Duration(limit)*time.Millisecond).String()+" at most")
		}
	}
	if m.Deprecated {
		traits = append(traits, "deprecated")
	}
	return traits
}

// params shows the params of a method.
func (i *inventory) params(screen *terminal.Screen, m *openrpc.Method) error {
	how := map[openrpc.ParamStructure]string{
		openrpc.ByName: " (by name)", openrpc.ByPosition: " (by position)",
	}[m.ParamStructure]
	if whole := wholeParams(m); whole != nil {
		_, err := fmt.Fprintf(screen, "\n%s\n%s\n", screen.Bold("PARAMS"+how),
			strings.TrimSpace(terminal.Line(signature.Type(whole))+"  "+notes("", whole)))
		return err
	}
	if len(m.Params) == 0 {
		_, err := fmt.Fprintf(screen, "\n%s\nnone\n", screen.Bold("PARAMS"))
		return err
	}
	table := terminal.Table{Heading: []string{"PARAM" + how, "TYPE", "", "ABOUT"}}
	for _, param := range m.Params {
		needed := ""
		if param.Required {
			needed = "required"
		}
		table.Rows = append(table.Rows, []string{
			terminal.Line(param.Name), terminal.Line(signature.Type(param.Schema)), needed,
			notes(param.Description, param.Schema),
		})
	}
	fmt.Fprintln(screen)
	return screen.Table(table)
}

// named shows the types that a method's params and result are made of.
func (i *inventory) named(screen *terminal.Screen, m *openrpc.Method) error {
	var schemas []*openrpc.Schema
	for _, param := range m.Params {
		schemas = append(schemas, param.Schema)
	}
	schemas = append(schemas, wholeParams(m))
	if m.Result != nil {
		schemas = append(schemas, m.Result.Schema)
	}
	for _, component := range signature.Named(i.known.Document, schemas...) {
		fmt.Fprintln(screen)
		if err := printComponent(screen, component.Name, component.Schema); err != nil {
			return err
		}
	}
	return nil
}

func printComponent(screen *terminal.Screen, name string, s *openrpc.Schema) error {
	if len(s.Properties) == 0 {
		_, err := fmt.Fprintf(screen, "%s\n%s  %s\n", screen.Bold(terminal.Line(name)), terminal.Line(signature.Type(s)),
			notes(s.Description, s))
		return err
	}
	table := terminal.Table{Heading: []string{terminal.Line(name), "TYPE", "", "ABOUT"}}
	for _, property := range s.Properties {
		needed := ""
		for _, required := range s.Required {
			if required == property.Name {
				needed = "required"
			}
		}
		table.Rows = append(table.Rows, []string{
			terminal.Line(property.Name), terminal.Line(signature.Type(property.Schema)), needed,
			notes(property.Schema.Description, property.Schema),
		})
	}
	return screen.Table(table)
}

// notes is what there is to say of a value beside its type, in one line.
func notes(description string, s *openrpc.Schema) string {
	if description == "" && s != nil {
		description = s.Description
	}
	rules := strings.Join(signature.Rules(s), ", ")
	if description != "" && rules != "" {
		rules = "(" + rules + ")"
	}
	return terminal.Line(description + " " + rules)
}

func printErrors(screen *terminal.Screen, list []openrpc.Error) error {
	if len(list) == 0 {
		return nil
	}
	table := terminal.Table{Heading: []string{"ERROR", "MESSAGE"}}
	for _, e := range list {
		table.Rows = append(table.Rows, []string{fmt.Sprint(e.Code), terminal.Line(e.Message)})
	}
	fmt.Fprintln(screen)
	return screen.Table(table)
}
