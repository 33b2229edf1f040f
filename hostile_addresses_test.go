package jacinth_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// evilHosts are hosts, with ports where those matter, that lead elsewhere than they say, or where nobody is to be sent.
var evilHosts = []string{
	"127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.01", "0", "0xa9fea9fe", "a.localhost", "ip6-localhost",
	"169.254.169.254", "169.254.169.254.", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[::169.254.169.254]",
	"[fd00:ec2::254]", "[fd20:ce::254]", "100.100.100.200", "168.63.129.16", "metadata.google.internal", "METADATA.google.internal",
	"0.0.0.0", "[::]", "[::ffff:0.0.0.0]", "224.0.0.1", "255.255.255.255", "[ff02::1]", "[fe80::1]", "[fe80::1%25lo]", "[fd00::1%25lo]",
	"10.0.0.7:0", "10.0.0.7:99999", "10.0.0.7:", "10.0.0.7:080", "billing.example.com.", "@10.0.0.7",
}

// TestHostile_hostsAtTheCall holds that no client calls such a host, whatever a registry says and however wide its Hosts are.
func TestHostile_hostsAtTheCall(t *testing.T) {
	logTo(t, io.Discard)
	for _, hosts := range [][]string{nil, {"http://*"}, {"http://0.0.0.0/0", "http://::/0"}} {
		for _, host := range evilHosts {
			synctest.Test(t, func(t *testing.T) {
				sent := new(recorder)
				reg := &board{instances: []jacinth.Instance{{ID: "a", Service: "billing", URL: "http://" + host + "/api", Ready: true}}}
				client := &jacinth.Client{
					Service: "billing", Registry: reg, Hosts: hosts, Token: "secret", NoRetry: true, Transport: sent,
				}
				err := client.Call(t.Context(), "who", nil, nil, jacinth.Timeout(time.Minute))
				client.Close()
				if err == nil || len(sent.hosts) > 0 {
					t.Errorf("with Hosts %q, %s was called at %q: %v", hosts, host, sent.hosts, err)
				}
			})
		}
	}
}

// TestHostile_hostsOfAService holds that a service does not tell others of such a host.
func TestHostile_hostsOfAService(t *testing.T) {
	for _, host := range evilHosts {
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, "Config.PublicURL") {
					t.Errorf("PublicURL http://%s: New panics with %q, want a sentence on Config.PublicURL", host, text)
				}
			}()
			jacinth.New(jacinth.Config{Name: "billing", PublicURL: "http://" + host})
		}()
	}
}
