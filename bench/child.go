package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"
)

// childVariable tells the program that it was started by itself, to be a server or a client.
const childVariable = "JACINTH_BENCH_CHILD"

// order is what a child is told, a line of JSON on its standard input.
type order struct {
	Serve   string // name of the peer to serve; answered with the address
	Dial    string // name of the peer to call, at Address
	Address string
	Call    *callOrder // make calls; answered with what came of it
	Profile string     // write a CPU profile to that file from now on, until the next order of this kind
	Usage   bool       // answered with what the process has used so far
}

// callOrder says how a client calls.
type callOrder struct {
	Callers  int
	PerCall  int // calls that a caller makes at once
	OneSlow  int // one call in that many is slow; 0 for none
	Duration time.Duration
}

// answer is what a child says to an order.
type answer struct {
	Address string     `json:",omitzero"`
	Usage   usage      `json:",omitzero"`
	Calls   *latencies `json:",omitzero"`
	Error   string     `json:",omitzero"`
}

// usage is what a process has used since it began.
type usage struct {
	CPU     time.Duration // user and system
	Mallocs uint64        // objects on the heap
}

func (u usage) since(before usage) usage {
	return usage{CPU: u.CPU - before.CPU, Mallocs: u.Mallocs - before.Mallocs}
}

// ownUsage asks the system and the runtime.
func ownUsage() usage {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err) // it has no reason to fail
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return usage{CPU: time.Duration(r.Utime.Nano() + r.Stime.Nano()), Mallocs: memory.Mallocs}
}

// obey is the life of a child: it carries out orders until its input ends, that is, until its parent has gone.
func obey(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	var c child
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return err
		}
		a, err := c.carryOut(&o)
		if err != nil {
			a.Error = err.Error()
		}
		if err := json.NewEncoder(out).Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

type child struct {
	client  caller
	profile *os.File
}

func (c *child) carryOut(o *order) (a answer, err error) {
	switch {
	case o.Serve != "":
		a.Address, err = serve(o.Serve)
	case o.Dial != "":
		p, ok := peerNamed(o.Dial)
		if !ok {
			return a, fmt.Errorf("no peer is called %q", o.Dial)
		}
		dial := p.client()
		if dial == nil {
			return a, fmt.Errorf("%s has no client", o.Dial)
		}
		c.client, err = dial(o.Address)
	case o.Call != nil:
		before := ownUsage()
		a.Calls, err = o.Call.run(context.Background(), c.client)
		a.Usage = ownUsage().since(before)
	case o.Usage:
		a.Usage = ownUsage()
	case o.Profile != "":
		err = c.startProfile(o.Profile)
	default:
		err = c.stopProfile()
	}
	return a, err
}

// serve starts to serve a peer and returns its address.
func serve(name string) (string, error) {
	p, ok := peerNamed(name)
	if !ok {
		return "", fmt.Errorf("no peer is called %q", name)
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	address := listener.Addr().String()
	go func() {
		err := p.serve(listener)
		fmt.Fprintln(os.Stderr, "bench: the server of", name, "ended:", err)
		os.Exit(1)
	}()
	return address, nil
}

func peerNamed(name string) (peer, bool) {
	for _, p := range peers() {
		if p.name() == name {
			return p, true
		}
	}
	for _, g := range growths() {
		for _, size := range g.sizes {
			if p := g.peer(size); p.name() == name {
				return p, true
			}
		}
	}
	return nil, false
}

func (c *child) startProfile(path string) (err error) {
	if c.profile, err = os.Create(path); err != nil { //nolint:gosec // the path is the user's flag
		return err
	}
	return pprof.StartCPUProfile(c.profile)
}

func (c *child) stopProfile() error {
	pprof.StopCPUProfile()
	return c.profile.Close()
}
