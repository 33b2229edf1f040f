package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/jacinth-rpc/jacinth/nats/embedded"
)

// runAll runs two instances of each service, and NATS unless it is elsewhere, until ctx ends.
func runAll(ctx context.Context, s settings) error {
	if s.nats == "" {
		engine, err := embedded.Start(embedded.Config{
			Addr: s.listen, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		})
		if err != nil {
			return err
		}
		defer engine.Close() // after all who are connected to it
		s.nats = engine.URL()
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	var instances sync.WaitGroup
	defer instances.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for _, name := range []string{"catalog", "orders", "billing"} {
		for range 2 {
			child, err := start(ctx, program, name, s)
			if err != nil {
				return err
			}
			instances.Go(func() {
				err := child.Wait()
				if ctx.Err() == nil {
					fmt.Printf("an instance of %s, process %d, has ended: %v\n", name, child.Process.Pid, err)
				}
			})
		}
	}
	fmt.Printf("The shop is open, with NATS at %s\n", s.nats)
	<-ctx.Done()
	fmt.Println("The shop closes.")
	return nil
}

// start starts an instance as a process. It is asked to stop when ctx ends, and killed if it does not.
func start(ctx context.Context, program, name string, s settings) (*exec.Cmd, error) {
	child := exec.CommandContext(ctx, program, name, "-nats", s.nats, "-ttl", s.ttl.String()) //nolint:gosec // it is our own program
	child.Cancel = func() error { return child.Process.Signal(syscall.SIGTERM) }
	child.WaitDelay = 30 * time.Second
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	// It ends when this pipe does, however we end.
	if _, err := child.StdinPipe(); err != nil {
		return nil, err
	}
	if err := child.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s cannot be started", name), err)
	}
	return child, nil
}
