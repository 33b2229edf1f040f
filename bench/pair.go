package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// run makes calls from as many goroutines as told, one after another in each, and checks every sum.
func (o *callOrder) run(ctx context.Context, client caller) (*latencies, error) {
	if client == nil {
		return nil, errors.New("there is no client to call with")
	}
	var group sync.WaitGroup
	all := make([]latencies, o.Callers)
	failures := make([]error, o.Callers)
	end := time.Now().Add(o.Duration)
	for i := range o.Callers {
		group.Go(func() { failures[i] = o.one(ctx, client, i, end, &all[i]) })
	}
	group.Wait()
	total := new(latencies)
	for i := range all {
		total.merge(&all[i])
	}
	return total, errors.Join(failures...)
}

// one is a single caller.
func (o *callOrder) one(ctx context.Context, client caller, number int, end time.Time, l *latencies) error {
	pairs, sums := make([]SumParams, o.PerCall), make([]int, o.PerCall)
	for turn := number; ; turn++ {
		begin := time.Now()
		if !begin.Before(end) {
			return nil
		}
		for i := range pairs {
			pairs[i] = SumParams{A: turn, B: number*1000 + i}
		}
		slow := o.OneSlow > 0 && turn%o.OneSlow == 0
		if err := client.call(ctx, pairs, slow, sums); err != nil {
			return err
		}
		l.add(time.Since(begin), o.PerCall)
		for i, p := range pairs {
			if sums[i] != p.A+p.B {
				return fmt.Errorf("the sum of %d and %d is said to be %d", p.A, p.B, sums[i])
			}
		}
	}
}
