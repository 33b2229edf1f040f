package netname_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/netname"
)

// FuzzParseURL holds that whatever is accepted is dialled, by the transport and the dialer of Go, at the host that it says
// it is, and that the C library would not take a name for an address.
func FuzzParseURL(f *testing.F) {
	for _, test := range spellings {
		f.Add("http://" + test.host + ":8000/api")
	}
	for _, text := range []string{
		"http://10.0.0.7:8000/api", "https://[fd00::1]/", "http://[::ffff:10.0.0.1]:80", "http://localhost", "http://10.0.0.1\\@evil.test",
		"http://Billing.Example.com:99999", "http://[::1%25lo]/", "http://a.b-c_d/%2f", "https://[::ffff:7f00:1]:443/x", "http://10.0.0.7]/",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, host, err := netname.ParseURL(text)
		if err != nil {
			return
		}
		again, err := netname.Parse(host.String())
		if err != nil || again != host {
			t.Fatalf("ParseURL(%q) is %q, which is %q, %v", text, host, again, err)
		}
		dialled := ""
		stop := errors.New("far enough")
		transport := &http.Transport{DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
			dialled = address
			return nil, stop
		}}
		if response, err := transport.RoundTrip(&http.Request{Method: http.MethodPost, URL: u, Header: http.Header{}}); err == nil {
			_ = response.Body.Close()
		}
		name, port, err := net.SplitHostPort(dialled)
		if err != nil || port == "0" || port == "" {
			t.Fatalf("%q is dialled as %q", text, dialled)
		}
		address, isAddress := host.Address()
		if !isAddress {
			if strings.ToLower(name) != host.String() || asLibC(name) {
				t.Fatalf("%q says it is %q, and is dialled as %q", text, host, dialled)
			}
			return
		}
		if host.Callable() != nil {
			return // Go connects to all addresses by one of its choice
		}
		var connected string
		dialer := &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
			connected = address
			return stop
		}}
		if c, err := dialer.DialContext(t.Context(), "tcp", dialled); err == nil {
			_ = c.Close()
		}
		if connected == "" {
			return // a machine without IPv6
		}
		if got, err := netip.ParseAddrPort(connected); err != nil || got.Addr().Unmap() != address {
			t.Fatalf("%q says it is %v, and is connected to %q", text, address, connected)
		}
	})
}

// asLibC reports whether inet_aton of the C library takes a text for an address: one to four numbers, decimal, octal after
// a 0 or hexadecimal after 0x, of which the last fills the bytes that are left.
func asLibC(text string) bool {
	parts := strings.Split(text, ".")
	if len(parts) > 4 {
		return false
	}
	for i, part := range parts {
		size := 8
		if i == len(parts)-1 {
			size = 8 * (5 - len(parts))
		}
		if strings.ContainsAny(part, "_+-") || strings.HasPrefix(strings.ToLower(part), "0b") || strings.HasPrefix(strings.ToLower(part), "0o") {
			return false
		}
		if _, err := strconv.ParseUint(part, 0, size); err != nil {
			return false
		}
	}
	return true
}

// FuzzClass holds that what an address is agrees with package netip, whatever the address.
func FuzzClass(f *testing.F) {
	for _, text := range []string{"127.0.0.1", "::1", "10.0.0.7", "fd00:ec2::254", "169.254.169.254", "64:ff9b::1", "::", "ff02::1", "8.8.8.8", "100.64.0.1"} {
		b := netip.MustParseAddr(text).As16()
		f.Add(b[:])
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if len(bytes) != 16 {
			return
		}
		a := netip.AddrFrom16([16]byte(bytes))
		host, err := netname.Parse(a.String())
		a = a.Unmap()
		if err != nil {
			if a.Is4() || a.IsLoopback() || a.IsPrivate() || a.IsUnspecified() || a.IsLinkLocalUnicast() || a.IsMulticast() {
				t.Fatalf("Parse(%v) = %v", a, err)
			}
			return
		}
		if got, ok := host.Address(); !ok || got != a || host.String() != a.String() {
			t.Fatalf("%v is %v", a, host)
		}
		class := host.Class()
		for _, agrees := range []struct {
			what     string
			ours, is bool
		}{
			{"loopback", class == netname.Loopback, a.IsLoopback()},
			{"link-local", class == netname.LinkLocal, a.IsLinkLocalUnicast()},
			{"private", class == netname.Private, a.IsPrivate() && class != netname.Metadata},
			{"near", host.Near(), (a.IsLoopback() || a.IsPrivate()) && class != netname.Metadata},
		} {
			if agrees.ours != agrees.is {
				t.Fatalf("%v: %s is %t here, and %t by netip", a, agrees.what, agrees.ours, agrees.is)
			}
		}
		if a.IsUnspecified() && class != netname.Unspecified || a.IsMulticast() && class != netname.Group || class == netname.Named ||
			class == netname.Public && (!a.IsGlobalUnicast() || a.IsPrivate()) {
			t.Fatalf("%v is of class %d", a, class)
		}
		if host.Near() && host.Callable() != nil {
			t.Fatalf("%v is near, and not to be called", a)
		}
	})
}
