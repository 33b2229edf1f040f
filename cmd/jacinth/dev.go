package main

import (
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/develop"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
)

func newDevCommand() *cobra.Command {
	var drain time.Duration
	cmd := &cobra.Command{
		Use:     "dev [PACKAGE] [-- FLAGS...]",
		Short:   "Run a service, and again after each change",
		GroupID: groupWrite,
		Long: `Builds the program in the current folder, or that of PACKAGE, and runs it. When
its source changes, it is built again, and as soon as that has succeeded it takes
the place of the one that runs. While it does not compile, the errors are shown
and the old one goes on.

Watched are the folders of the module, new ones too, what go:embed takes from
them, and packages that a replace or a go.work takes from elsewhere. A build that
makes no other program restarts nothing.

What follows -- goes to the program. The program gets JACINTH_DEVELOPMENT=true,
JACINTH_DRAIN_TIMEOUT and JACINTH_DRAIN_DELAY=1ms, unless the environment has them
already. It is stopped by SIGTERM, and killed if it has not ended some seconds
after its time to drain.`,
		Example: `  jacinth dev
  jacinth dev ./cmd/billing -- -addr :9000
  HELLO_TOKEN=$(pass hello) jacinth dev`,
		Args: func(cmd *cobra.Command, given []string) error {
			before := len(given)
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				before = dash
			}
			return words(0, 1)(cmd, given[:before])
		},
	}
	cmd.Flags().DurationVar(&drain, "drain", 5*time.Second, "`TIME` for calls under way when the program is stopped")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if drain <= 0 {
			return failure.Usagef("--drain must be a time above zero")
		}
		session := &develop.Session{
			Package: ".", Words: given, Drain: drain,
			Out: cmd.OutOrStdout(), Errors: cmd.ErrOrStderr(), Screen: terminal.NewScreen(cmd.ErrOrStderr()),
		}
		if dash := cmd.ArgsLenAtDash(); dash != 0 && len(given) > 0 {
			session.Package, session.Words = given[0], given[1:]
		}
		ctx := cmd.Context()
		if !signal.Ignored(syscall.SIGHUP) { // a terminal that closes; nohup wants to outlive it
			var stop func()
			ctx, stop = signal.NotifyContext(ctx, syscall.SIGHUP)
			defer stop()
		}
		if err := session.Run(ctx); err != nil && ctx.Err() == nil {
			return failure.WithHint(failure.Workf("%w", err), "jacinth new NAME writes the first files of a service.")
		}
		return nil
	}
	return cmd
}
