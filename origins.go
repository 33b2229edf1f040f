package jacinth

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/jacinth-rpc/jacinth/internal/netname"
)

// origins decides which web pages may talk to the service. By default those that it serves itself and no others: a
// page of another site could otherwise use a visitor's browser to reach a service that only the visitor can.
type origins struct {
	protection *http.CrossOriginProtection // nil when every origin is welcome
	allowed    []string
	any        bool
	host       string   // of Config.PublicURL
	names      []string // that requests may come for, where the one of Config.PublicURL is one that anybody can own
	headers    string   // that a page may send
}

// anyOrigin in Config.Origins admits every site.
const anyOrigin = "*"

// newOrigins checks the list at the same time.
func newOrigins(c *Config) (*origins, error) {
	o := &origins{
		protection: http.NewCrossOriginProtection(),
		allowed:    c.Origins,
		any:        slices.Contains(c.Origins, anyOrigin),
		headers:    strings.Join([]string{"Content-Type", "Authorization", c.TokenHeader, timeoutHeader}, ", "),
	}
	if o.any {
		if len(c.Origins) > 1 {
			return nil, errors.New(`Config.Origins has "*" and others: "*" alone admits everybody`)
		}
		o.protection = nil
		return o, nil
	}
	for _, origin := range c.Origins {
		if err := o.protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("Config.Origins %q is not an origin such as https://app.example.com", origin)
		}
		if sent := asSent(origin); sent != origin {
			return nil, fmt.Errorf("Config.Origins %q is written %q by browsers: list it so", origin, sent)
		}
	}
	if public, err := url.Parse(c.PublicURL); err == nil {
		o.host = public.Host
		if name := plainName(public.Host); canBeOwned(name) {
			o.names = []string{name}
			for _, origin := range c.Origins { // other names of the service, perhaps
				if site, err := url.Parse(origin); err == nil {
					o.names = append(o.names, plainName(site.Host))
				}
			}
		}
	}
	return o, nil
}

// asSent returns an origin as browsers send it: in small letters, without the port that the scheme has anyway.
func asSent(origin string) string {
	origin = strings.ToLower(origin)
	for scheme, port := range map[string]string{"http://": ":80", "https://": ":443"} {
		if strings.HasPrefix(origin, scheme) {
			return strings.TrimSuffix(origin, port)
		}
	}
	return origin
}

// admit reports whether a request may go on. What may not, and a preflight, it answers itself.
func (o *origins) admit(w http.ResponseWriter, r *http.Request, refuse func(*Error), endpoint bool) bool {
	if !o.hostIsOurs(r) {
		refuse(errWrongHost)
		return false
	}
	if o.protection != nil {
		if err := o.protection.Check(r); err != nil {
			refuse(errOtherSite)
			return false
		}
	}
	if !endpoint || len(o.allowed) == 0 {
		return true
	}
	header := w.Header()
	header.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || !o.any && !slices.Contains(o.allowed, origin) {
		return true
	}
	if o.any {
		origin = anyOrigin
	}
	header.Set("Access-Control-Allow-Origin", origin)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return true
	}
	header.Set("Access-Control-Allow-Methods", http.MethodPost)
	header.Set("Access-Control-Allow-Headers", o.headers)
	header.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return false
}

// hostIsOurs refuses a request that came for a host that this is not: a web page whose name its owner has pointed at an
// address that only the visitor can reach (DNS rebinding; CVE-2026-34742 is one case of many). Over the loopback interface
// only the names of this machine are right, and over others those that isKnown knows. Who asks how the service is may do
// so by any name.
func (o *origins) hostIsOurs(r *http.Request) bool {
	if r.URL.Path == livePath || r.URL.Path == readyPath {
		return true
	}
	switch local := r.Context().Value(http.LocalAddrContextKey).(type) {
	case *net.TCPAddr: // what it is, but in tests; its text need not be made
		if !local.IP.IsLoopback() {
			return o.isKnown(r.Host)
		}
	case net.Addr:
		if !netname.IsLoopback(local.String()) {
			return o.isKnown(r.Host)
		}
	default:
		return true
	}
	return netname.IsLoopback(r.Host) || o.host != "" && strings.EqualFold(r.Host, o.host)
}

// isKnown reports whether a host, with or without a port, is the one of Config.PublicURL, one of Config.Origins, or one
// that no stranger can have pointed here: an address, none at all, which no browser sends, or a name that the network of
// the service gives. Without a PublicURL that has a name, every name may be right.
func (o *origins) isKnown(hostPort string) bool {
	if len(o.names) == 0 || strings.EqualFold(hostPort, o.host) {
		return true
	}
	name := plainName(hostPort)
	return !canBeOwned(name) || slices.Contains(o.names, name)
}

// notOwned are the ends of names that nobody can register.
var notOwned = []string{".localhost", ".local", ".internal", ".svc", ".home.arpa", ".lan", ".corp", ".test"}

// canBeOwned reports whether a stranger could own a name, and so say where it points.
func canBeOwned(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil || !strings.Contains(name, ".") {
		return false
	}
	return !slices.ContainsFunc(notOwned, func(end string) bool { return strings.HasSuffix(name, end) })
}

// plainName is a host in small letters, without a port and the dot that may end it.
func plainName(hostPort string) string {
	host := hostPort
	if h, _, err := net.SplitHostPort(hostPort); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
