// Command jacinth writes JSON-RPC 2.0 services and talks to them: it makes a new one, runs it while you change it,
// calls its methods, and shows what it can do. docs/command.md in the repository is its manual; --help has the same,
// command by command.
//
// It ends with 0 when all is well, with 1 when a service answered with an error or the work failed, with 2 when the
// command line cannot be meant, and with 3 when there was no answer or none in JSON-RPC.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
)

func main() { os.Exit(run(os.Args[1:])) }

// run does what the words of the command line ask for and returns the exit code.
func run(words []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // so that a second signal has its usual effect
	root := newRoot()
	root.SetArgs(words)
	err := root.ExecuteContext(ctx)
	if err != nil {
		failure.Print(terminal.NewScreen(os.Stderr), err, append(words, os.Getenv(storeVariable))...)
	}
	return failure.ExitCode(err)
}
