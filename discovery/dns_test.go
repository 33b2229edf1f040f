package discovery_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
)

// The types of records, and the codes of answers, of DNS (RFC 1035, RFC 2782, RFC 3596).
const (
	typeA    = 1
	typeAAAA = 28
	typeSRV  = 33

	rcodeFailure = 2
	rcodeNoName  = 3
)

// zone is a server of DNS that knows some names.
type zone struct {
	mu      sync.Mutex
	records map[string][][]byte // by name and type: what is behind the header of each record
	failing bool
	asked   []time.Time
}

func zoneKey(name string, kind uint16) string { return fmt.Sprint(strings.ToLower(name), " ", kind) }

// set replaces what the zone knows of a name.
func (z *zone) set(name string, kind uint16, data ...[]byte) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.records == nil {
		z.records = map[string][][]byte{}
	}
	z.records[zoneKey(name, kind)] = data
}

func (z *zone) fail(failing bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.failing = failing
}

// answer makes the answer to a question.
func (z *zone) answer(query []byte) []byte {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.asked = append(z.asked, time.Now())
	var labels []string
	at := 12
	for query[at] != 0 {
		labels = append(labels, string(query[at+1:at+1+int(query[at])]))
		at += 1 + int(query[at])
	}
	name, kind := strings.Join(labels, "."), binary.BigEndian.Uint16(query[at+1:])
	end := at + 5
	found := z.records[zoneKey(name, kind)]
	rcode := byte(0)
	if found == nil && z.records[zoneKey(name, typeA)] == nil && z.records[zoneKey(name, typeAAAA)] == nil {
		rcode = rcodeNoName
	}
	if z.failing {
		found, rcode = nil, rcodeFailure
	}
	reply := append([]byte{query[0], query[1], 0x84 | query[2]&1, 0x80 | rcode, 0, 1, 0, byte(len(found)), 0, 0, 0, 0}, query[12:end]...)
	for _, data := range found {
		reply = append(reply, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 5) // the name of the question, IN, 5 s
		reply = binary.BigEndian.AppendUint16(reply, uint16(len(data)))
		reply = append(reply, data...)
	}
	return reply
}

func address(text string) []byte { return netip.MustParseAddr(text).AsSlice() }

func srv(priority, weight, port int, target string) []byte {
	data := binary.BigEndian.AppendUint16(nil, uint16(priority))
	data = binary.BigEndian.AppendUint16(data, uint16(weight))
	data = binary.BigEndian.AppendUint16(data, uint16(port))
	for label := range strings.SplitSeq(strings.TrimSuffix(target, "."), ".") {
		if label != "" {
			data = append(append(data, byte(len(label))), label...)
		}
	}
	return append(data, 0)
}

// resolver asks the zone over pipes, which synctest knows how to wait for.
func (z *zone) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			_ = z.serveStream(there)
		}()
		return here, nil // not a net.PacketConn, so that it is spoken to as over TCP
	}}
}

// serveStream answers questions on a connection, each with its length before it (RFC 1035, section 4.2.2).
func (z *zone) serveStream(conn net.Conn) error {
	for {
		var head [2]byte
		if _, err := readFull(conn, head[:]); err != nil {
			return err
		}
		query := make([]byte, binary.BigEndian.Uint16(head[:]))
		if _, err := readFull(conn, query); err != nil {
			return err
		}
		reply := z.answer(query)
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return err
		}
	}
}

func readFull(conn net.Conn, buffer []byte) (int, error) {
	for n := 0; n < len(buffer); {
		more, err := conn.Read(buffer[n:])
		if err != nil {
			return n, err
		}
		n += more
	}
	return len(buffer), nil
}

func TestDNS_addresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zone := &zone{}
		registry := &discovery.DNS{Domain: "shop.test", Port: 8000, Resolver: zone.resolver()}
		watch := follow(t, registry, "Workers.mail_out")
		pass(time.Second)
		if watch.count() != 1 || len(watch.last()) != 0 {
			t.Errorf("a name that is not there: %v and %v, want one empty set", watch.sets, watch.errors())
		}
		zone.set("workers-mail-out.shop.test", typeA, address("10.0.0.8"), address("10.0.0.7"))
		zone.set("workers-mail-out.shop.test", typeAAAA, address("fd00::7"))
		pass(6 * time.Second)
		watch.wants(t, "when there are addresses", "Workers.mail_out/http://10.0.0.7:8000/api "+
			"Workers.mail_out/http://10.0.0.8:8000/api Workers.mail_out/http://[fd00::7]:8000/api")
		count := watch.count()
		zone.set("workers-mail-out.shop.test", typeA, address("10.0.0.7"), address("10.0.0.8"))
		pass(time.Minute)
		if watch.count() != count {
			t.Error("another order of the same addresses was taken for a change")
		}

		zone.fail(true)
		pass(30 * time.Second)
		watch.wants(t, "while DNS is out of reach", show(watch.last()))
		if watch.count() != count || len(watch.errors()) != 1 {
			t.Errorf("while DNS is out of reach, %d sets and the errors %v were seen, want one error", watch.count()-count, watch.errors())
		}
		zone.fail(false)
		pass(6 * time.Second)
		if watch.count() != count+1 {
			t.Error("no set was seen when DNS was in reach again")
		}
	})
}

func TestDNS_servicesWithPorts(t *testing.T) {
	for _, test := range []struct {
		name, srv, zone string
		scheme, want    string
	}{
		{"Kubernetes", "_http._tcp", "_http._tcp.billing.shop.svc.cluster.local", "", "billing/http://10-0-0-7.billing.shop.svc.cluster.local:8000/api"},
		{"Consul", "", "billing.shop.svc.cluster.local", "https", "billing/https://10-0-0-7.billing.shop.svc.cluster.local:8000/api"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				zone := &zone{}
				zone.set(test.zone, typeSRV,
					srv(10, 1, 8000, "10-0-0-7.billing.shop.svc.cluster.local."),
					srv(20, 1, 8000, "spare.shop.svc.cluster.local."))
				watch := follow(t, &discovery.DNS{
					Domain: "shop.svc.cluster.local", SRV: test.srv, Scheme: test.scheme, Resolver: zone.resolver(),
				}, "billing")
				pass(time.Second)
				watch.wants(t, "with two priorities", test.want)
				zone.set(test.zone, typeSRV, srv(0, 0, 0, ".")) // which says that there is none (RFC 2782)
				pass(15 * time.Second)
				watch.wants(t, "when there is decidedly none", "")
			})
		})
	}
}

func TestDNS_isLookedUpTwiceBeforeItHasNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zone := &zone{}
		zone.set("billing.test", typeA, address("10.0.0.7"))
		watch := follow(t, &discovery.DNS{Domain: "test", Port: 8000, Resolver: zone.resolver()}, "billing")
		pass(time.Second)
		for range 10 {
			zone.set("billing.test", typeA)
			pass(3 * time.Second) // between two look-ups, or for one of them
			zone.set("billing.test", typeA, address("10.0.0.7"))
			pass(12 * time.Second)
		}
		if watch.count() != 1 {
			t.Errorf("a name that was gone for one look-up now and then lost its instances: %v", watch.sets)
		}
		zone.set("billing.test", typeA)
		pass(12 * time.Second)
		watch.wants(t, "gone for two look-ups", "")
	})
}

func TestDNS_looksUpEveryIntervalAndNotInStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zone := &zone{}
		zone.set("_http._tcp.billing.test", typeSRV, srv(0, 0, 8000, "a.test"))
		watch := follow(t, &discovery.DNS{Domain: "test", SRV: "_http._tcp", Interval: 10 * time.Second, Resolver: zone.resolver()}, "billing")
		pass(10 * time.Minute)
		watch.end()
		lengths := map[time.Duration]bool{}
		for i := 1; i < len(zone.asked); i++ {
			length := zone.asked[i].Sub(zone.asked[i-1])
			lengths[length] = true
			if length < 8*time.Second || length > 12*time.Second {
				t.Errorf("%v between two look-ups, want 10 s give or take a fifth", length)
			}
		}
		if len(zone.asked) < 50 || len(lengths) < 40 {
			t.Errorf("%d look-ups in 10 minutes, with %d different pauses between them", len(zone.asked), len(lengths))
		}
	})
}

func TestDNS_believesNothingThatNobodyShouldCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zone := &zone{}
		zone.set("billing.test", typeA, address("169.254.169.254"), address("0.0.0.0"), address("10.0.0.7"))
		watch := follow(t, &discovery.DNS{Domain: "test", Port: 8000, Resolver: zone.resolver()}, "billing")
		pass(time.Second)
		watch.wants(t, "with the address of a metadata service", "billing/http://10.0.0.7:8000/api")
	})
}

// TestDNS_overTheNetwork asks a real server with Go's own resolver.
func TestDNS_overTheNetwork(t *testing.T) {
	zone := &zone{}
	zone.set("billing.test", typeA, address("10.0.0.7"))
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		buffer := make([]byte, 1500)
		for {
			n, peer, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(zone.answer(buffer[:n]), peer)
		}
	})
	defer serving.Wait()
	defer server.Close()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	for set, err := range (&discovery.DNS{Domain: "test", Port: 8000, Resolver: resolver}).Watch(t.Context(), "billing") {
		if err != nil || show(set) != "billing/http://10.0.0.7:8000/api" {
			t.Errorf("Watch yields %v, %v", set, err)
		}
		break
	}
}

func TestDNS_cannotBeRegisteredInNorListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := &discovery.DNS{Port: 8000, Resolver: new(zone).resolver()}
		if _, err := registry.Register(t.Context(), instance("billing", "a")); !errors.Is(err, jacinth.ErrReadOnly) {
			t.Errorf("Register = %v, want ErrReadOnly", err)
		}
		for _, name := range []string{"*", "workers.*"} {
			watch := follow(t, registry, name)
			pass(time.Minute)
			if len(watch.errors()) != 1 || watch.count() != 0 {
				t.Errorf("Watch(%q): %v and the errors %v, want one error", name, watch.sets, watch.errors())
			}
		}
	})
}

func TestOpen_dns(t *testing.T) {
	for url, want := range map[string]discovery.DNS{
		"dns:shop.svc.cluster.local?srv=_http._tcp": {Domain: "shop.svc.cluster.local", SRV: "_http._tcp"},
		"dns:?port=8000":                           {Port: 8000},
		"dns:service.consul":                       {Domain: "service.consul"},
		"dns:service.consul.?interval=10s":         {Domain: "service.consul", Interval: 10 * time.Second},
		"dns:test?port=443&scheme=https&path=/rpc": {Domain: "test", Port: 443, Scheme: "https", Path: "/rpc"},
	} {
		registry, err := discovery.Open(t.Context(), url)
		if err != nil {
			t.Errorf("Open(%q) = %v", url, err)
			continue
		}
		if got := registry.(*discovery.DNS); *got != want {
			t.Errorf("Open(%q) = %+v, want %+v", url, *got, want)
		}
	}
}
