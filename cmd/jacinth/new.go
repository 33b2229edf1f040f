package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/scaffold"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
)

const checkoutVariable = "JACINTH_CHECKOUT"

func newNewCommand() *cobra.Command {
	var path, checkout string
	var with []string
	cmd := &cobra.Command{
		Use:     "new NAME",
		Short:   "Write the first files of a service",
		GroupID: groupWrite,
		Long: `Writes the first files of a service into a new folder: a program with a public
and a private method, the package that its callers import, tests, a Makefile, a
Dockerfile and a README. What it writes builds, and passes its tests.

NAME is the name of the service, of its folder and of its program: small letters
and digits, with single . _ - between them. A path before it says where the folder
goes. Nothing is ever written over.

jacinth is not published yet. The go.mod of the service takes it from a checkout
on this machine: the folder that --checkout or JACINTH_CHECKOUT names, or else the
one that this command was built from.`,
		Example: `  jacinth new hello
  jacinth new billing --module git.example.com/shop/billing
  jacinth new guestbook --with web`,
		Args: words(1, 1),
	}
	flags := cmd.Flags()
	flags.StringVar(&path, "module", "", "`PATH` of the Go module (example.com/NAME)")
	flags.StringSliceVar(&with, "with", nil, "add a `PART`: web, a page that calls the service from the browser")
	flags.StringVar(&checkout, "checkout", "", "`DIR` with the source of jacinth")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		dir := filepath.Clean(given[0])
		service := &scaffold.Service{Name: filepath.Base(dir)}
		service.Module = cmp.Or(path, "example.com/"+service.Name)
		for _, part := range with {
			if part != "web" {
				return failure.Usagef("there is no part %q: --with knows web", part)
			}
			service.Web = true
		}
		if err := service.Check(); err != nil {
			return failure.Usagef("%w", err)
		}
		from, err := scaffold.FindCheckout(cmp.Or(checkout, os.Getenv(checkoutVariable)))
		if err != nil {
			return failure.WithHint(failure.Usagef("%w", err),
				"Clone github.com/jacinth-rpc/jacinth and name the folder by --checkout or "+checkoutVariable+".")
		}
		service.Checkout = from
		if err := service.Write(dir); err != nil {
			return failure.Workf("%w", err)
		}
		return tellOfNew(terminal.NewScreen(cmd.OutOrStdout()), dir, service)
	}
	return cmd
}

// tellOfNew says what has been written and what to do with it.
func tellOfNew(screen *terminal.Screen, dir string, service *scaffold.Service) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%s is a service with a public and a private method:\n\n", screen.Bold(service.Name))
	widest := 0
	for _, line := range service.Overview() {
		widest = max(widest, len(line[0]))
	}
	for _, line := range service.Overview() {
		fmt.Fprintf(&out, "  %-*s  %s\n", widest, line[0], line[1])
	}
	fmt.Fprintf(&out, "\njacinth is not published yet: go.mod takes it from %s\n", service.Checkout.Dir)
	if workspace := scaffold.Workspace(dir); workspace != "" {
		fmt.Fprintf(&out, "%s holds here and does not know it yet: go work use %s\n", workspace, shellWord(dir))
	}
	fmt.Fprintf(&out, "\nRun it, and call it from a second terminal:\n\n  cd %s && jacinth dev\n  jacinth call :8000 say_hello name=Ada\n", shellWord(dir))
	_, err := fmt.Fprint(screen, out.String())
	return err
}
