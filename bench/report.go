package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// report writes the tables.
func (r *run) report(took time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d rounds of %v a measurement, %d connections, %v in all.\n", machine(), r.rounds, r.slot, r.connections,
		took.Round(time.Second))
	if versions := r.versions(); versions != "" {
		fmt.Fprintf(&b, "Versions: %s.\n", versions)
	}
	fmt.Fprintf(&b, "The log of our server goes to a file, a line a request.\n")
	for _, w := range r.workloads {
		r.reportServers(&b, &w)
	}
	if r.pairs {
		r.reportPairs(&b)
		r.reportSlow(&b)
	}
	return b.String()
}

// machine says what a run was on, and when.
func machine() string {
	return fmt.Sprintf("%s, %s/%s, %d processors (%s), %s.", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(),
		processor(), time.Now().UTC().Format(time.DateOnly))
}

func (r *run) reportServers(b *strings.Builder, w *workload) {
	fmt.Fprintf(b, "\n### Server alone: %s (%s)\n\n", w.name, w.about)
	fmt.Fprintf(b, "| | CPU of the server, µs | to the floor, by CPU | (least – most) | requests/s | p50 | p99 | allocations |\n")
	fmt.Fprintf(b, "|---|---:|---:|---:|---:|---:|---:|---:|\n")
	bottom := key{table: w.name, peer: floor{}.name()}
	for _, p := range r.peers {
		k := key{table: w.name, peer: p.name()}
		if len(r.samples[k]) == 0 {
			continue
		}
		ratio, least, most := r.samples.ratio(k, bottom, (*sample).serverCPU)
		fmt.Fprintf(b, "| %s | %.1f | **%.2f** | %.2f – %.2f | %.0f | %s | %s | %.1f |\n", k.peer,
			r.samples.median(k, (*sample).serverCPU), ratio, least, most, r.samples.median(k, (*sample).perSecond),
			r.quantile(k, 0.5), r.quantile(k, 0.99), r.samples.median(k, (*sample).mallocs))
	}
	fmt.Fprintf(b, "\nThe load generator used at most %.2f of %d processors.\n", r.samples.generatorShare(w.name), runtime.GOMAXPROCS(0))
}

func (r *run) reportPairs(b *strings.Builder) {
	for _, callers := range pairCallers {
		fmt.Fprintf(b, "\n### Client and server, a process each: sum, %d at a time\n\n", callers)
		r.reportTable(b, key{table: tablePairs, callers: callers})
	}
}

func (r *run) reportSlow(b *strings.Builder) {
	fmt.Fprintf(b, "\n### Client and server: %d at a time, one call in %d takes %v\n\n", slowCallers, oneSlow, nap)
	r.reportTable(b, key{table: tableSlow, callers: slowCallers})
}

func (r *run) reportTable(b *strings.Builder, k key) {
	fmt.Fprintf(b, "| | CPU of both, µs a call | to grpc-go, by CPU | (least – most) | to by hand | server · client, µs | calls/s | "+
		"p50 | p99 | allocations, server · client |\n")
	fmt.Fprintf(b, "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	grpc, hand := k, k
	grpc.peer, hand.peer = grpcPeer{}.name(), byHand{}.name()
	for _, p := range r.peers {
		k.peer = p.name()
		if len(r.samples[k]) == 0 {
			continue
		}
		ratio, least, most := r.samples.ratio(k, grpc, (*sample).bothCPU)
		toHand, _, _ := r.samples.ratio(k, hand, (*sample).bothCPU)
		fmt.Fprintf(b, "| %s | %.1f | **%.2f** | %.2f – %.2f | %.2f | %.1f · %.1f | %.0f | %s | %s | %.0f · %.0f |\n", k.peer,
			r.samples.median(k, (*sample).bothCPU), ratio, least, most, toHand,
			r.samples.median(k, (*sample).serverCPU), r.samples.median(k, (*sample).clientCPU),
			r.samples.median(k, (*sample).perSecond), r.quantile(k, 0.5), r.quantile(k, 0.99),
			r.samples.median(k, (*sample).mallocs), r.samples.median(k, (*sample).clientMallocs))
	}
}

// quantile is the median over the rounds of a quantile of the time that a call took.
func (r *run) quantile(k key, share float64) string {
	of := func(s *sample) float64 { return float64(s.p50) }
	if share > 0.5 {
		of = func(s *sample) float64 { return float64(s.p99) }
	}
	d := time.Duration(r.samples.median(k, of))
	if d < time.Millisecond {
		return fmt.Sprintf("%d µs", d.Microseconds())
	}
	return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
}

// versions names the modules of the peers that took part.
func (r *run) versions() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var list []string
	for _, p := range r.peers {
		i := slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return m.Path == p.module() })
		if i >= 0 {
			list = append(list, info.Deps[i].Path+" "+info.Deps[i].Version)
		}
	}
	return strings.Join(list, ", ")
}

// processor is the name of the processor where Linux tells it.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return "of unknown name"
}

// A mark stands before and after the tables in a file that has more than them.
const (
	reportMark = "<!-- bench -->\n"
	growthMark = "<!-- growth -->\n"
)

// writeReport writes the tables to a file, in place of those that are in it.
func writeReport(path, mark, text string) error {
	if path == "" {
		return nil
	}
	old, err := os.ReadFile(path) //nolint:gosec // the path is the user's flag
	if err == nil {
		if parts := strings.SplitN(string(old), mark, 3); len(parts) == 3 {
			text = parts[0] + mark + "\n" + text + "\n" + mark + parts[2]
		}
	}
	return os.WriteFile(path, []byte(text), 0o600) //nolint:gosec // the path is the user's flag
}
