package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// run is a run of the benchmark: its settings, its servers and what it has measured.
type run struct {
	peers       []peer
	workloads   []workload
	rounds      int
	slot        time.Duration // of one measurement
	connections int
	pairs       bool
	questions   []growth // that are asked instead, if any
	profile     string   // a directory for CPU profiles of the servers, empty for none

	log     *os.File
	status  io.Writer
	servers map[string]*server
	samples samples
}

// server is a process that serves a peer.
type server struct {
	*process
	address string
	open    map[string][]*connection // by workload
	client  *process                 // nil until it is needed
}

// pairCallers are the numbers of callers that pairs are measured with; slowCallers those with a slow call among them.
var pairCallers = []int{1, 16, 256}

const (
	slowCallers = 64
	oneSlow     = 100
	tablePairs  = "pairs"
	tableSlow   = "slow"
)

// measure runs all rounds. In each, every row is measured once, those to be compared right after each other.
func (r *run) measure(ctx context.Context) error {
	for round := range r.rounds {
		fmt.Fprintf(r.status, "round %d of %d\n", round+1, r.rounds)
		for i := range r.workloads {
			if err := r.serversAlone(ctx, &r.workloads[i], round); err != nil {
				return err
			}
		}
		if !r.pairs {
			continue
		}
		for _, callers := range pairCallers {
			if err := r.callPairs(key{table: tablePairs, callers: callers}, 0); err != nil {
				return err
			}
		}
		if err := r.callPairs(key{table: tableSlow, callers: slowCallers}, oneSlow); err != nil {
			return err
		}
	}
	return nil
}

// serversAlone measures a workload with each peer that has it.
func (r *run) serversAlone(ctx context.Context, w *workload, round int) error {
	for i := range r.peers {
		p := r.peers[(i+round)%len(r.peers)] // nobody is always first
		request, ok := p.request(w)
		if !ok {
			continue
		}
		s, err := r.server(p)
		if err != nil {
			return err
		}
		if s.open[w.name] == nil {
			for range r.connections {
				c, err := open(ctx, s.address, &request, w, largeReply)
				if err != nil {
					return err
				}
				s.open[w.name] = append(s.open[w.name], c)
			}
		}
		got, err := r.loadServer(s, s.open[w.name], p.name()+" "+w.name)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", p.name(), w.name, err)
		}
		k := key{table: w.name, peer: p.name()}
		r.samples[k] = append(r.samples[k], got)
	}
	return nil
}

func (r *run) loadServer(s *server, connections []*connection, name string) (sample, error) {
	if _, err := load(connections, r.slot/4); err != nil { // to warm up
		return sample{}, err
	}
	stop, err := r.startProfile(s, name)
	if err != nil {
		return sample{}, err
	}
	before, err := s.tell(order{Usage: true})
	if err != nil {
		return sample{}, err
	}
	own, begin := ownUsage(), time.Now()
	calls, err := load(connections, r.slot)
	if err != nil {
		return sample{}, err
	}
	got := sample{calls: calls.Calls, wall: time.Since(begin), client: ownUsage().since(own)}
	after, err := s.tell(order{Usage: true})
	if err != nil {
		return sample{}, err
	}
	got.server = after.Usage.since(before.Usage)
	got.p50, got.p99 = calls.quantile(0.5), calls.quantile(0.99)
	return got, stop()
}

// callPairs measures each peer that has a client, from a process to another.
func (r *run) callPairs(k key, oneSlow int) error {
	for _, p := range r.peers {
		if o, ok := p.(ours); ok && o.batch > 0 && oneSlow > 0 {
			continue // one slow call in a batch is all of it
		}
		s, err := r.pair(p)
		if err != nil {
			return err
		}
		if s == nil {
			continue
		}
		k.peer = p.name()
		got, err := r.callPair(s, p, k, oneSlow)
		if err != nil {
			return fmt.Errorf("%s, %d callers: %w", p.name(), k.callers, err)
		}
		r.samples[k] = append(r.samples[k], got)
	}
	return nil
}

func (r *run) callPair(s *server, p peer, k key, oneSlow int) (sample, error) {
	call := callOrder{Callers: k.callers, PerCall: 1, OneSlow: oneSlow, Duration: r.slot / 4}
	if o, ok := p.(ours); ok {
		call.PerCall = max(o.batch, 1)
	}
	if _, err := s.client.tell(order{Call: &call}); err != nil { // to warm up
		return sample{}, err
	}
	stop, err := r.startProfile(s, fmt.Sprintf("%s %s %d", p.name(), k.table, k.callers))
	if err != nil {
		return sample{}, err
	}
	before, err := s.tell(order{Usage: true})
	if err != nil {
		return sample{}, err
	}
	call.Duration = r.slot
	begin := time.Now()
	calls, err := s.client.tell(order{Call: &call})
	if err != nil {
		return sample{}, err
	}
	got := sample{calls: calls.Calls.Calls, wall: time.Since(begin), client: calls.Usage}
	after, err := s.tell(order{Usage: true})
	if err != nil {
		return sample{}, err
	}
	got.server = after.Usage.since(before.Usage)
	got.p50, got.p99 = calls.Calls.quantile(0.5), calls.Calls.quantile(0.99)
	return got, stop()
}

// startProfile has a server, and its client if it has one, write a profile until stop is called.
func (r *run) startProfile(s *server, name string) (stop func() error, err error) {
	if r.profile == "" {
		return func() error { return nil }, nil
	}
	base := filepath.Join(r.profile, strings.NewReplacer(" ", "-", "/", "-", ",", "").Replace(name))
	profiled := map[string]*process{base + ".server.pprof": s.process}
	if s.client != nil {
		profiled[base+".client.pprof"] = s.client
	}
	for file, p := range profiled {
		if _, err := p.tell(order{Profile: file}); err != nil {
			return nil, err
		}
	}
	return func() error {
		for _, p := range profiled {
			if _, err := p.tell(order{}); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// server returns the process that serves p, and starts it at the first time.
func (r *run) server(p peer) (*server, error) {
	if s, ok := r.servers[p.name()]; ok {
		return s, nil
	}
	started, err := start(r.log)
	if err != nil {
		return nil, err
	}
	s := &server{process: started, open: map[string][]*connection{}}
	r.servers[p.name()] = s
	a, err := s.tell(order{Serve: p.name()})
	s.address = a.Address
	return s, err
}

// pair returns the server of p with a client process, nil if p has no client.
func (r *run) pair(p peer) (*server, error) {
	if p.client() == nil {
		return nil, nil
	}
	s, err := r.server(p)
	if err != nil || s.client != nil {
		return s, err
	}
	if s.client, err = start(r.log); err != nil {
		return nil, err
	}
	_, err = s.client.tell(order{Dial: p.name(), Address: s.address})
	return s, err
}

// stop ends all processes.
func (r *run) stop() error {
	var failures []error
	for _, s := range r.servers {
		if s.client != nil {
			failures = append(failures, s.client.stop())
		}
		failures = append(failures, s.stop())
	}
	return errors.Join(failures...)
}
