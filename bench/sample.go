package main

import (
	"maps"
	"slices"
	"time"
)

// key names a row of the tables: what was called, how, and by how many.
type key struct {
	table   string
	peer    string
	callers int
}

// sample is one measurement of a row in one round.
type sample struct {
	calls    int
	wall     time.Duration
	server   usage
	client   usage // of the other process; of the load generator for servers alone
	p50, p99 time.Duration
}

func (s *sample) perSecond() float64 { return float64(s.calls) / s.wall.Seconds() }

// serverCPU is in microseconds a call, and so are the others.
func (s *sample) serverCPU() float64 { return micros(s.server.CPU) / float64(s.calls) }

func (s *sample) clientCPU() float64 { return micros(s.client.CPU) / float64(s.calls) }

func (s *sample) bothCPU() float64 { return s.serverCPU() + s.clientCPU() }

func (s *sample) mallocs() float64 { return float64(s.server.Mallocs) / float64(s.calls) }

func (s *sample) clientMallocs() float64 { return float64(s.client.Mallocs) / float64(s.calls) }

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// samples are all measurements of a run: those of a row in the order of the rounds.
type samples map[key][]sample

// median returns the middle of what of makes of the samples of a row.
func (all samples) median(k key, of func(*sample) float64) float64 {
	values := make([]float64, 0, len(all[k]))
	for i := range all[k] {
		values = append(values, of(&all[k][i]))
	}
	return median(values)
}

// ratio returns the median over the rounds of the ratio of two rows, each measured in the same round.
func (all samples) ratio(k, to key, of func(*sample) float64) (middle, least, most float64) {
	mine, theirs := all[k], all[to]
	var values []float64
	for i := range min(len(mine), len(theirs)) {
		values = append(values, of(&mine[i])/of(&theirs[i]))
	}
	if len(values) == 0 {
		return 0, 0, 0
	}
	return median(values), slices.Min(values), slices.Max(values)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// generatorShare is how much of a processor the load generator used at most, of how many it could have had.
func (all samples) generatorShare(table string) float64 {
	most := 0.0
	for k := range maps.Keys(all) {
		if k.table != table {
			continue
		}
		for _, s := range all[k] {
			most = max(most, s.client.CPU.Seconds()/s.wall.Seconds())
		}
	}
	return most
}
