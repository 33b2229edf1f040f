package jacinth_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// network is a few machines in memory, so that what happens between them runs in synctest bubbles.
type network struct {
	t     *testing.T
	since time.Time
	mu    sync.Mutex
	hosts map[string]*machine // by host:port

	came func(host string) // told of dials and requests, if it is not nil
}

// machine is one of them, with an HTTP server.
type machine struct {
	instance jacinth.Instance
	pipe     *pipes
	server   *http.Server
	dials    atomic.Int32
	calls    atomic.Int32
	state    atomic.Int32
}

// The states of a machine.
const (
	serving  = iota
	refusing // who dials it
	hanging  // like a network that loses everything
)

func newNetwork(t *testing.T) *network {
	return &network{t: t, since: time.Now(), hosts: map[string]*machine{}}
}

// add adds a machine that answers calls of "who" with its host.
func (n *network) add(host string) *machine { return n.addHandler(host, whoService(host)) }

func whoService(host string) *jacinth.Service {
	svc := jacinth.New(jacinth.Config{Name: "billing", Logger: slog.New(slog.DiscardHandler)})
	jacinth.Public(svc, "who", func(context.Context, jacinth.None) (string, error) { return host, nil })
	jacinth.Public(svc, "slow", func(ctx context.Context, _ jacinth.None) (string, error) {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
		return host, nil
	})
	return svc
}

func (n *network) addHandler(host string, handler http.Handler) *machine {
	m := &machine{pipe: newPipes()}
	m.instance = jacinth.Instance{
		ID: host, Service: "billing", URL: "http://" + host + ":80/api", Ready: true, Since: n.since,
	}
	m.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.calls.Add(1)
		n.tell(host)
		handler.ServeHTTP(w, r)
	})}
	go func() { _ = m.server.Serve(m.pipe) }()
	n.t.Cleanup(func() { m.server.Close() })
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[host+":80"] = m
	return m
}

func (n *network) tell(host string) {
	if n.came != nil {
		n.came(host)
	}
}

var errRefused = errors.New("connection refused")

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	m := n.hosts[address]
	n.mu.Unlock()
	if m == nil {
		return nil, fmt.Errorf("nobody is at %s", address)
	}
	m.dials.Add(1)
	n.tell(m.instance.ID)
	switch m.state.Load() {
	case refusing:
		return nil, errRefused
	case hanging:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	here, there := net.Pipe()
	select {
	case m.pipe.connections <- there:
		return here, nil
	case <-m.pipe.closed:
		return nil, errRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// client is a client of the instances of billing in a registry.
func (n *network) client(registry jacinth.Registry) *jacinth.Client {
	transport := jacinth.NewTransport()
	transport.Proxy, transport.DialContext = nil, n.dial
	client := &jacinth.Client{Service: "billing", Registry: registry, Transport: transport}
	n.t.Cleanup(func() {
		client.Close()
		transport.CloseIdleConnections()
	})
	return client
}

// who calls the method of that name.
func who(t *testing.T, client *jacinth.Client, options ...jacinth.CallOption) (host string, err error) {
	return jacinth.Name[jacinth.None, string]("who").Call(t.Context(), client, jacinth.None{}, options...)
}

// whoMany calls it many times, one after the other, and counts the answers of each host. Failures are under "".
func whoMany(t *testing.T, client *jacinth.Client, times int) map[string]int {
	counts := map[string]int{}
	for range times {
		host, _ := who(t, client)
		counts[host]++
	}
	return counts
}
