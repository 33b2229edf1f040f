package netname_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/netname"
)

// spellings are hosts that are not plainly written, and why each is none.
var spellings = map[string]struct{ host, why string }{
	"nothing":                           {"", "empty"},
	"loopback in two numbers":           {"127.1", "number"},
	"loopback in three numbers":         {"127.0.1", "number"},
	"loopback in one number":            {"2130706433", "number"},
	"loopback in one octal number":      {"017700000001", "number"},
	"loopback in one hex number":        {"0x7f000001", "number"},
	"loopback in hex and decimal":       {"0x7f.1", "number"},
	"loopback in octal":                 {"0177.0.0.1", "number"},
	"loopback in hex":                   {"0x7f.0x0.0x0.0x1", "number"},
	"loopback in HEX":                   {"0X7F.0X1", "number"},
	"a hex number without digits":       {"127.0.0.0x", "number"},
	"leading zeros":                     {"127.0.0.01", "number"},
	"metadata in one number":            {"2852039166", "number"},
	"metadata in hex":                   {"0xa9fea9fe", "number"},
	"metadata in octal":                 {"0251.0376.0251.0376", "number"},
	"nobody in one number":              {"0", "number"},
	"a part too large":                  {"10.0.0.256", "number"},
	"five parts":                        {"10.0.0.0.1", "number"},
	"a name that ends in a number":      {"billing.1", "number"},
	"a dot behind an address":           {"127.0.0.1.", "dot"},
	"a dot behind a name":               {"billing.example.com.", "dot"},
	"a dot behind metadata":             {"metadata.google.internal.", "dot"},
	"dots alone":                        {"..", "dot"},
	"a dot before":                      {".example.com", "between its dots"},
	"two dots":                          {"a..b", "between its dots"},
	"a long label":                      {strings.Repeat("a", 64) + ".test", "between its dots"},
	"a long name":                       {strings.Repeat("a.", 127) + "test", "longer"},
	"a zone":                            {"fe80::1%eth0", "zone"},
	"a zone behind loopback":            {"::1%lo", "zone"},
	"an escape":                         {"%31%30.0.0.1", "characters"},
	"digits of another script":          {"１０.0.0.1", "characters"},
	"a dot of another script":           {"evil.example。a.test", "characters"},
	"a Kelvin sign":                     {"local.\u212aelvin.test", "characters"},
	"a space":                           {" 127.0.0.1", "characters"},
	"a NUL":                             {"127.0.0.1\x00.test", "characters"},
	"a slash":                           {"a/b", "characters"},
	"an at sign":                        {"10.0.0.7@evil.test", "characters"},
	"a port":                            {"10.0.0.7:80", "characters"},
	"brackets":                          {"[::1]", "characters"},
	"this machine by RFC 6761":          {"a.localhost", "this machine"},
	"this machine by Red Hat":           {"localhost.localdomain", "this machine"},
	"this machine by Debian":            {"ip6-localhost", "this machine"},
	"metadata through NAT64":            {"64:ff9b::a9fe:a9fe", "169.254.169.254"},
	"metadata through NAT64, dotted":    {"64:ff9b::169.254.169.254", "169.254.169.254"},
	"loopback through 6to4":             {"2002:7f00:1::", "127.0.0.1"},
	"a private address in the old form": {"::10.0.0.7", "10.0.0.7"},
	"loopback through SIIT":             {"::ffff:0:127.0.0.1", "127.0.0.1"},
}

func TestParse_refusesSpellings(t *testing.T) {
	for name, test := range spellings {
		t.Run(name, func(t *testing.T) {
			host, err := netname.Parse(test.host)
			if err == nil || !strings.Contains(err.Error(), test.why) {
				t.Errorf("Parse(%q) = %v, %v; want a sentence with %q", test.host, host, err, test.why)
			}
		})
	}
}

func TestClass(t *testing.T) {
	const yes, no = true, false
	for name, test := range map[string]struct {
		host     string
		shown    string // as it is shown; empty for the same
		class    netname.Class
		callable bool
		near     bool
	}{
		"a name":                  {"billing.example.com", "", netname.Named, yes, no},
		"a name in capitals":      {"Billing.EXAMPLE.com", "billing.example.com", netname.Named, yes, no},
		"a name without dots":     {"billing", "", netname.Named, yes, no},
		"a name of Compose":       {"shop_billing-1", "", netname.Named, yes, no},
		"a name with a number":    {"10-0-0-7.default.pod.cluster.local", "", netname.Named, yes, no},
		"a name that looks hex":   {"0x7g", "", netname.Named, yes, no},
		"localhost":               {"localhost", "", netname.Loopback, yes, yes},
		"LOCALHOST":               {"LOCALHOST", "localhost", netname.Loopback, yes, yes},
		"localhost of another":    {"localhost.evil.example", "", netname.Named, yes, no},
		"loopback":                {"127.0.0.1", "", netname.Loopback, yes, yes},
		"another loopback":        {"127.255.255.254", "", netname.Loopback, yes, yes},
		"loopback of IPv6":        {"::1", "", netname.Loopback, yes, yes},
		"loopback, long":          {"0:0:0:0:0:0:0:1", "::1", netname.Loopback, yes, yes},
		"loopback, mapped":        {"::ffff:127.0.0.1", "127.0.0.1", netname.Loopback, yes, yes},
		"loopback, mapped in hex": {"::ffff:7f00:1", "127.0.0.1", netname.Loopback, yes, yes},
		"private 10":              {"10.0.0.7", "", netname.Private, yes, yes},
		"private 172.16":          {"172.16.0.1", "", netname.Private, yes, yes},
		"after private 172.16":    {"172.32.0.1", "", netname.Public, yes, no},
		"private 192.168":         {"192.168.1.1", "", netname.Private, yes, yes},
		"private, mapped":         {"::ffff:10.0.0.7", "10.0.0.7", netname.Private, yes, yes},
		"private of IPv6":         {"fd00::1", "", netname.Private, yes, yes},
		"private, in capitals":    {"FD00::A", "fd00::a", netname.Private, yes, yes},
		"public":                  {"203.0.113.7", "", netname.Public, yes, no},
		"public of IPv6":          {"2001:db8::1", "", netname.Public, yes, no},
		"shared":                  {"100.64.0.1", "", netname.Shared, yes, no},
		"link-local":              {"169.254.1.1", "", netname.LinkLocal, no, no},
		"link-local of IPv6":      {"fe80::1", "", netname.LinkLocal, no, no},
		"all addresses":           {"0.0.0.0", "", netname.Unspecified, no, no},
		"all addresses of IPv6":   {"::", "", netname.Unspecified, no, no},
		"all addresses, mapped":   {"::ffff:0.0.0.0", "0.0.0.0", netname.Unspecified, no, no},
		"this network":            {"0.0.0.1", "", netname.Unspecified, no, no},
		"multicast":               {"224.0.0.1", "", netname.Group, no, no},
		"multicast of IPv6":       {"ff02::1", "", netname.Group, no, no},
		"broadcast":               {"255.255.255.255", "", netname.Group, no, no},
		"reserved":                {"240.0.0.1", "", netname.Group, no, no},
		"site-local":              {"fec0::1", "", netname.Group, no, no},
		"NAT64 of one's own":      {"64:ff9b:1::a9fe:a9fe", "", netname.Group, no, no},
		"metadata of clouds":      {"169.254.169.254", "", netname.LinkLocal, no, no},
		"metadata, mapped":        {"::ffff:169.254.169.254", "169.254.169.254", netname.LinkLocal, no, no},
		"metadata of AWS":         {"fd00:ec2::254", "", netname.Metadata, no, no},
		"metadata of AWS, pods":   {"fd00:ec2::23", "", netname.Metadata, no, no},
		"metadata of Google":      {"fd20:ce::254", "", netname.Metadata, no, no},
		"metadata of Google's":    {"Metadata.Google.Internal", "metadata.google.internal", netname.Metadata, no, no},
		"metadata of Alibaba":     {"100.100.100.200", "", netname.Metadata, no, no},
		"metadata of Oracle":      {"192.0.0.192", "", netname.Metadata, no, no},
		"metadata of Azure":       {"168.63.129.16", "", netname.Metadata, no, no},
	} {
		t.Run(name, func(t *testing.T) {
			host, err := netname.Parse(test.host)
			if err != nil {
				t.Fatalf("Parse(%q) = %v", test.host, err)
			}
			if test.shown == "" {
				test.shown = test.host
			}
			if host.String() != test.shown || host.Class() != test.class || host.Near() != test.near {
				t.Errorf("%q is %q of class %d, near is %t; want %q, %d and %t",
					test.host, host, host.Class(), host.Near(), test.shown, test.class, test.near)
			}
			if err := host.Callable(); (err == nil) != test.callable {
				t.Errorf("Callable of %q = %v, want callable is %t", test.host, err, test.callable)
			}
		})
	}
}

func TestParseURL(t *testing.T) {
	for name, test := range map[string]struct {
		url, host string // empty if it is to be refused
	}{
		"an address":                {"http://10.0.0.7:8000/api", "10.0.0.7"},
		"without a port":            {"https://billing.example.com/api", "billing.example.com"},
		"of IPv6":                   {"http://[fd00::1]:8000/api", "fd00::1"},
		"of IPv6 without a port":    {"http://[fd00::1]/api", "fd00::1"},
		"mapped":                    {"http://[::ffff:10.0.0.7]/", "10.0.0.7"},
		"the last port":             {"http://10.0.0.7:65535", "10.0.0.7"},
		"port 0":                    {"http://10.0.0.7:0/api", ""},
		"port 65536":                {"http://10.0.0.7:65536/api", ""},
		"port 99999":                {"http://10.0.0.7:99999/api", ""},
		"an empty port":             {"http://10.0.0.7:/api", ""},
		"an empty port of IPv6":     {"http://[::1]:/api", ""},
		"a port with leading zeros": {"http://10.0.0.7:0080/api", ""},
		"no host":                   {"http:///api", ""},
		"a port alone":              {"http://:80/api", ""},
		"no URL":                    {"10.0.0.7:80", ""},
		"opaque":                    {"http:10.0.0.7", ""},
		"another scheme":            {"ftp://10.0.0.7", ""},
		"a user":                    {"http://10.0.0.7@evil.test/", ""},
		"an empty user":             {"http://@10.0.0.7/", ""},
		"a query":                   {"http://10.0.0.7/?x", ""},
		"an empty query":            {"http://10.0.0.7/?", ""},
		"a fragment":                {"http://10.0.0.7/#x", ""},
		"an empty fragment":         {"http://10.0.0.7/#", ""},
		"a backslash":               {`http://10.0.0.7\@evil.test/`, ""},
		"an escaped host":           {"http://%31%30.0.0.7/", ""},
		"an escaped letter":         {"http://%E2%84%AAelvin.test/", ""},
		"a zone":                    {"http://[fe80::1%25eth0]/", ""},
		"IPv4 in brackets":          {"http://[10.0.0.7]/", ""},
		"IPv6 without brackets":     {"http://fd00::1/", ""},
		"a bracket at the end":      {"http://10.0.0.7]/", ""},
		"a bracket behind a name":   {"https://evil.test]:80/", ""},
		"loopback in two numbers":   {"http://127.1:80/", ""},
		"loopback in one number":    {"http://2130706433/", ""},
		"a space":                   {"http://10.0.0.7 /", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, host, err := netname.ParseURL(test.url)
			if (err == nil) != (test.host != "") || err == nil && host.String() != test.host {
				t.Errorf("ParseURL(%q) = %q, %v; want %q", test.url, host, err, test.host)
			}
		})
	}
}

func TestIsLoopback(t *testing.T) {
	for hostPort, want := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:8000": true, "[::1]:8000": true, "[::1]": true, "::1": true, "localhost": true,
		"localhost:80": true, "LocalHost": true, "localhost.": true, "localhost.:80": true, "::ffff:127.0.0.1": true,
		"": false, ":80": false, "0.0.0.0:80": false, "[::]:80": false, "10.0.0.7": false, "127.1": false, "2130706433:80": false,
		"localhost.evil.test": false, "evil.test:80": false, "a.localhost": false, "@": false, "127.0.0.1.evil.test": false,
	} {
		if got := netname.IsLoopback(hostPort); got != want {
			t.Errorf("IsLoopback(%q) = %t, want %t", hostPort, got, want)
		}
	}
}

func TestIsUnspecified(t *testing.T) {
	for hostPort, want := range map[string]bool{
		"": true, ":80": true, "0.0.0.0": true, "0.0.0.0:80": true, "::": true, "[::]:80": true, "::ffff:0.0.0.0": true, "::%eth0": true,
		"127.0.0.1": false, "localhost:80": false, "[::1]:80": false, "10.0.0.7": false, "fe80::1%eth0": false, "billing": false,
	} {
		if got := netname.IsUnspecified(hostPort); got != want {
			t.Errorf("IsUnspecified(%q) = %t, want %t", hostPort, got, want)
		}
	}
}

// TestFromURL_byHand has what url.Parse makes of no text, and a program may all the same.
func TestFromURL_byHand(t *testing.T) {
	for _, host := range []string{"[10.0.0.7]", "[localhost]:80", "fd00::1", "[::1", "::1]", "[::1]x", "[::1]:80:80", "[[::1]]", "a:b:80", "[]", "a%00b"} {
		if got, err := netname.FromURL(&url.URL{Scheme: "http", Host: host}); err == nil {
			t.Errorf("FromURL of the host %q = %v, want an error", host, got)
		}
	}
}
