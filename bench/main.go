// Command bench compares jacinth with its peers on the same work and prints tables in Markdown:
//
//	go run ./bench
//
// Each peer is served by a process of its own. A light load generator sends it prebuilt requests over keep-alive
// connections and checks every reply; then client processes call it through the peer's own client. What a server costs
// is the processor time of its process, asked from the system, a request; how that compares with a bare net/http
// handler is the median over the rounds of the ratio within a round. Flags choose peers, workloads, rounds and durations.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

func main() {
	err := func() error {
		if os.Getenv(childVariable) != "" {
			return obey(os.Stdin, os.Stdout)
		}
		return compare(context.Background(), os.Args[1:], os.Stdout, os.Stderr)
	}()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// compare runs the comparison that the arguments ask for.
func compare(ctx context.Context, arguments []string, out, status io.Writer) (err error) {
	r := &run{status: status, servers: map[string]*server{}, samples: samples{}}
	var peerList, workList, report, logPath, picture string
	var top bool
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.SetOutput(status)
	set.StringVar(&peerList, "peers", "", "names of `peers` or parts of names, separated by commas; all if empty")
	set.StringVar(&workList, "workloads", "", "sum, echo, batch, nested and pairs, separated by commas; all if empty")
	set.IntVar(&r.rounds, "rounds", 31, "how often everything is measured")
	set.DurationVar(&r.slot, "duration", 100*time.Millisecond, "how long one measurement takes")
	set.IntVar(&r.connections, "connections", 64, "connections of the load generator")
	set.StringVar(&report, "o", "", "also write the tables to that `file`, between its two lines with <!-- bench --> if it has them")
	set.StringVar(&picture, "growth", "", "measure how costs grow instead, a sixth as often and three times as long, and plot that into `file`, an SVG; -o then writes between two lines with <!-- growth -->")
	set.StringVar(&logPath, "log", "", "`file` for the standard error of the servers, where ours logs; a temporary one if empty")
	set.StringVar(&r.profile, "profile", "", "`directory` for CPU profiles, which make everything dearer")
	set.BoolVar(&top, "top", false, "write the dearest functions of each profile in the directory of -profile, instead of tables")
	if err := set.Parse(arguments); err != nil {
		return err
	}
	if r.peers, err = chosenPeers(peerList); err != nil {
		return err
	}
	if r.workloads, r.pairs, err = chosenWorkloads(workList); err != nil {
		return err
	}
	if r.log, err = openLog(logPath); err != nil {
		return err
	}
	if logPath == "" {
		defer func() {
			if err == nil { // otherwise it may say why
				err = os.Remove(r.log.Name())
			}
		}()
	}
	begin := time.Now()
	measure, write, mark := r.measure, r.report, reportMark
	if picture != "" {
		r.questions = growths()
		measure, write, mark = r.measureGrowth, r.growthReport, growthMark
		r.slot, r.rounds = 3*r.slot, max(r.rounds/6, 1) // the largest requests take long
	}
	err = errors.Join(measure(ctx), r.stop(), r.log.Close())
	if err != nil {
		return err
	}
	if picture != "" {
		if err := r.plotGrowth(picture); err != nil {
			return err
		}
	}
	text := write(time.Since(begin))
	if top {
		if text, err = tops(ctx, r.profile); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	return writeReport(report, mark, text)
}

func openLog(path string) (*os.File, error) {
	if path == "" {
		return os.CreateTemp("", "jacinth-bench-*.log")
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // the path is the user's flag
}

// chosenPeers are those named, and the floor, which the others are compared with.
func chosenPeers(list string) ([]peer, error) {
	if list == "" {
		return peers(), nil
	}
	chosen := []peer{floor{}}
	for part := range strings.SplitSeq(list, ",") {
		found := false
		isWhole := slices.ContainsFunc(peers(), func(p peer) bool { return p.name() == part })
		for _, p := range peers() {
			if p.name() != part && (isWhole || !strings.Contains(p.name(), part)) {
				continue
			}
			found = true
			if !slices.Contains(chosen, p) {
				chosen = append(chosen, p)
			}
		}
		if !found {
			return nil, fmt.Errorf("no peer has %q in its name", part)
		}
	}
	return chosen, nil
}

func chosenWorkloads(list string) (chosen []workload, pairs bool, err error) {
	if list == "" {
		return workloads(), true, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		if name == "pairs" {
			pairs = true
			continue
		}
		all := workloads()
		i := slices.IndexFunc(all, func(w workload) bool { return w.name == name })
		if i < 0 {
			return nil, false, fmt.Errorf("no workload is called %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, pairs, nil
}
