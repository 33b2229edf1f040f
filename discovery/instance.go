package discovery

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/netname"
)

// What an instance may be, so that nobody makes others keep and carry much.
const (
	maxID      = 128 // bytes
	maxURL     = 512
	maxVersion = 64
)

var (
	serviceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	printable   = regexp.MustCompile(`^[!-~]*$`)
	oneLine     = regexp.MustCompile(`^[ -~]*$`)
)

// checkInstance says what is wrong with an instance that wants to be known.
func checkInstance(i *jacinth.Instance) error {
	switch {
	case !serviceName.MatchString(i.Service):
		return fmt.Errorf("%q is not the name of a service: it has up to 128 letters, digits and . _ -", clip(i.Service))
	case i.ID == "" || len(i.ID) > maxID || !printable.MatchString(i.ID):
		return fmt.Errorf("%q is not the id of an instance: it has 1 to %d printable characters of ASCII, and no space", clip(i.ID), maxID)
	case len(i.Version) > maxVersion || !oneLine.MatchString(i.Version):
		return fmt.Errorf("%q is not the version of an instance: it has up to %d printable characters of ASCII",
			clip(i.Version), maxVersion)
	}
	return checkURL(i.URL)
}

// checkURL says why nobody could, or should, call an instance at an address.
func checkURL(text string) error {
	if len(text) > maxURL {
		return fmt.Errorf("%q is not the URL of an instance: it has more than %d bytes", clip(text), maxURL)
	}
	if !printable.MatchString(text) {
		return fmt.Errorf("%q is not the URL of an instance, such as http://10.0.0.7:8000/api", clip(text))
	}
	if u, err := url.Parse(text); err == nil && (u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#")) {
		return fmt.Errorf("the URL of an instance at %s has more than host and path: a token or a user never goes into it", clip(u.Hostname()))
	}
	_, host, err := netname.ParseURL(text)
	if err == nil {
		err = host.Callable()
	}
	if err != nil {
		return fmt.Errorf("%q is not the URL of an instance, such as http://10.0.0.7:8000/api: %w", clip(text), err)
	}
	return nil
}

// checkName says what is wrong with what somebody wants to watch.
func checkName(name string) error {
	stem := strings.TrimSuffix(name, ".*")
	if name == "*" || serviceName.MatchString(stem) {
		return nil
	}
	return fmt.Errorf("%q is not the name of a service, nor a pattern such as workers.*, nor *", clip(name))
}

// isPattern reports whether a name may mean several services.
func isPattern(name string) bool { return strings.HasSuffix(name, "*") }

// clip shortens what somebody sent, for the sentence about it.
func clip(text string) string {
	if len(text) > 64 {
		return strings.ToValidUTF8(text[:64], "") + "…"
	}
	return text
}

// byServiceAndID is the order of the instances of a set.
func byServiceAndID(a, b jacinth.Instance) int {
	return cmp.Or(strings.Compare(a.Service, b.Service), strings.Compare(a.ID, b.ID))
}

// sameInstance reports whether two instances are one and say the same of themselves.
func sameInstance(a, b *jacinth.Instance) bool {
	return a.ID == b.ID && a.Service == b.Service && a.URL == b.URL && a.Version == b.Version && a.Ready == b.Ready &&
		a.Since.Equal(b.Since)
}

// sameSet reports whether nothing changed between two sets in their order.
func sameSet(a, b []jacinth.Instance) bool {
	return slices.EqualFunc(a, b, func(x, y jacinth.Instance) bool { return sameInstance(&x, &y) })
}
