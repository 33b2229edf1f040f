package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// show lists the instances, places orders for a while, and says what became of both.
func show(ctx context.Context, s settings) error {
	conn, registry, err := join(s)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, stop := context.WithCancel(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer stop()
	shop := &shop{changed: make(chan struct{}, 1)}
	watching.Go(func() { shop.watch(ctx, registry) })
	if err := shop.await(ctx, func() bool { return len(shop.list()) >= 6 }); err != nil {
		return fmt.Errorf("the shop is not open, with two instances of each service: %w", err)
	}
	fmt.Println("Instances:")
	shop.print()

	orders := &jacinth.Client{Service: "orders", Registry: registry}
	defer orders.Close()
	placing, enough := context.WithTimeout(ctx, s.lasts)
	defer enough()
	var placed, failed atomic.Int64
	var customers sync.WaitGroup
	for range 4 {
		customers.Go(func() {
			for placing.Err() == nil {
				order := Order{ID: rand.Text(), SKU: "tea", Count: 2}
				receipt, err := place.Call(ctx, orders, order, jacinth.Idempotent())
				switch {
				case err != nil:
					failed.Add(1)
					fmt.Printf("an order failed: %v\n", err)
				case receipt != Receipt{Order: order.ID, Cents: 700}:
					failed.Add(1)
					fmt.Printf("an order came back as %+v\n", receipt)
				}
				placed.Add(1)
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	if s.kill {
		for _, name := range []string{"catalog", "orders", "billing"} {
			time.Sleep(s.lasts / 5)
			if err := shop.kill(ctx, name); err != nil {
				fmt.Printf("no instance of %s was killed: %v\n", name, err)
			}
		}
	}
	customers.Wait()
	fmt.Printf("Orders: %d placed, %d failed.\n", placed.Load(), failed.Load())
	if s.kill {
		if err := shop.await(ctx, func() bool { return len(shop.list()) <= 3 }); err != nil {
			return err
		}
		fmt.Println("Instances that are left:")
		shop.print()
	}
	if failed.Load() > 0 {
		return errors.New("orders failed")
	}
	return nil
}

// shop is what the registry says.
type shop struct {
	mu        sync.Mutex
	instances []jacinth.Instance
	changed   chan struct{}
}

func (s *shop) watch(ctx context.Context, registry jacinth.Registry) {
	for set, err := range registry.Watch(ctx, "*") {
		if err != nil {
			fmt.Println(err)
			continue
		}
		s.mu.Lock()
		s.instances = set
		s.mu.Unlock()
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
}

func (s *shop) list() []jacinth.Instance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.instances)
}

func (s *shop) await(ctx context.Context, isSo func() bool) error {
	late := time.After(time.Minute)
	for !isSo() {
		select {
		case <-s.changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-late:
			return errors.New("it did not come about within a minute")
		}
	}
	return nil
}

func (s *shop) print() {
	for _, i := range s.list() {
		fmt.Printf("  %-8s %s, up for %v\n", i.Service, i.URL, time.Since(i.Since).Round(time.Second))
	}
}

// kill ends the process of an instance as a crash would.
func (s *shop) kill(ctx context.Context, name string) error {
	for _, i := range s.list() {
		if i.Service != name || !isHere(i.URL) {
			continue
		}
		id, err := process.Call(ctx, &jacinth.Client{URL: i.URL}, jacinth.None{})
		if err != nil {
			return err
		}
		victim, err := os.FindProcess(id)
		if err != nil {
			return err
		}
		fmt.Printf("Killing process %d: %s at %s\n", id, name, i.URL)
		return victim.Kill()
	}
	return errors.New("there is none on this machine")
}

// isHere reports whether a URL is of this machine, whose processes have the numbers that they say.
func isHere(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback()
}
